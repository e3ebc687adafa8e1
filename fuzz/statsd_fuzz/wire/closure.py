"""Paths that nobody asked for: under a token, a name that no line of its scenario has; under none, a new one."""

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from functools import cache
from typing import Final

from statsd_conformance.graphite import GraphiteLine
from statsd_conformance.profile import Profile
from statsd_fuzz.comparing import shown
from statsd_fuzz.fault import Fault
from statsd_fuzz.wire.scenario import Scenario
from statsd_fuzz.wire.tokens import LENGTH

_OTHER: Final = re.compile(rb"[^0-9a-z]+")
_TAGGING: Final = (b";", b",", b"[", b"#")
_TAGS: Final = re.compile(rb"[;,#\[\]=]")
# Words for what went wrong, in the names of counters that targets have for themselves.
_ERRORS: Final = re.compile(
    rb"(?i)(?<![a-z])(bad|err|errors?)(?![a-z])|invalid|malformed|unparse?able|unknown|reject|refus|drop|discard|fail|overflow"
)
_FIRST_WORD: Final = re.compile(rb"[^0-9a-z]?([0-9a-z]+)")


def stray_names(profile: Profile, scenario: Scenario, paths: Iterable[bytes]) -> Iterator[Fault]:
    """Yield a fault for each path whose name goes on behind the token as nothing does that was sent.

    Only of scenarios that are ASCII throughout: what else becomes of a name's bytes nobody can tell.
    """
    sent = b"\n".join(one for datagrams in scenario.intervals for one in datagrams)
    if not sent.isascii():
        return
    bare = re.search(scenario.token + rb"[^0-9A-Za-z]*(?:[:|,;\[#\n]|\Z)", sent)
    words = _OTHER.sub(b"", sent.lower())
    spelling = _spelling(tuple(profile.paths.values()), tuple(profile.statistics.values()))
    for path in paths:
        at = path.find(scenario.token) + LENGTH
        behind = _FIRST_WORD.match(path[at:].lower())
        if behind is None or behind[1] in spelling:
            continue
        # Behind a name that is nothing but its token a tag of the line may stand, or a word of the target's own.
        tagged = path[at : at + 1] in _TAGGING
        if bare and not tagged:
            continue
        said = behind[1] if tagged else scenario.token + behind[1]
        if said not in words:
            yield Fault("path-nobody-asked-for", f"the flush has {shown(path)}, and no line has such a name")


@cache
def _spelling(*texts: tuple[str, ...]) -> frozenset[bytes]:
    """Return the words that a target itself puts into paths."""
    return frozenset(re.findall(rb"[0-9a-z]+", "\n".join(one for some in texts for one in some).lower().encode()))


def unexplained(profile: Profile, paths: Iterable[bytes], scenarios: Iterable[Scenario]) -> list[bytes]:
    """Return paths whose names no line has that begins without a token; a path without a name is no news."""
    bare = (
        line
        for one in scenarios
        for datagrams in one.intervals
        for datagram in datagrams
        for line in datagram.split(b"\n")
        if not line.startswith(one.token)
    )
    words = _OTHER.sub(b"", b"".join(bare).lower())
    return [path for path in paths if not _is_made_of(words, *_bucket(profile, path))]


def own_errors(profile: Profile, lines: Iterable[GraphiteLine]) -> dict[bytes, float]:
    """Return what a target publishes of errors of its own, by path, of lines under no token; what is 0 is left out."""
    return {
        line.path: line.number
        for line in lines
        if line.number and (line.path == profile.errors.encode() or _ERRORS.search(line.path))
    }


def _bucket(profile: Profile, path: bytes) -> tuple[str, bytes]:
    """Return the kind of output that a path likely is, and what of it a bucket made."""
    heads = [(template.partition("{")[0].encode(), kind) for kind, template in profile.paths.items()]
    head, kind = max((one for one in heads if path.startswith(one[0])), key=lambda one: len(one[0]), default=(b"", ""))
    return kind, path[len(head) :]


def _is_made_of(words: bytes, kind: str, bucket: bytes) -> bool:
    """Tell whether a name and its tags are among words; a statistic may stand at the end of one of these."""
    endings = (b"", b".") if kind in ("timer", "set") else (b"",)
    return all(
        any(_OTHER.sub(b"", (part.rpartition(ending)[0] if ending else part).lower()) in words for ending in endings)
        for part in _TAGS.split(bucket)
    )


def unasked(profile: Profile, lines: Sequence[GraphiteLine], known: set[bytes]) -> Iterator[bytes]:
    """Yield paths that nobody `known` has, of lines under no token that are spelled as a bucket's; 0 may be idle."""
    heads = [template.encode().partition(b"{") for template in profile.paths.values()]
    begin = tuple(head for head, _, _ in heads if head and not head.startswith(b"*"))
    for line in lines:
        new = line.number and line.path not in known and begin and line.path.startswith(begin)
        if new and not _is_another_error(line.path, known, begin):
            yield line.path


def _is_another_error(path: bytes, known: Set[bytes], heads: Sequence[bytes]) -> bool:
    """Tell whether a path counts errors beside other counts of the target's own: it comes up with the first of them."""
    group = _group(path)
    return bool(_ERRORS.search(path)) and group not in heads and any(_group(one) == group for one in known)


def _group(path: bytes) -> bytes:
    """Return a path without its tags and its last part."""
    return b"".join(path.partition(b";")[0].rpartition(b".")[:2])
