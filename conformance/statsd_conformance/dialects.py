"""Which dialects a target reads, found by canaries of each whose effect shows that it was understood.

That a line came back does not show it: a server may drop the tags of a sample, or read the last of several values. An
effect is a type, a name, a tag, or a count in proportion to that of a plain sample, so that a server which counts
wrongly is told nothing but the dialects that it tries to read. What cannot be told is not claimed.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from statsd_conformance.flushed import Flushed
from statsd_conformance.profile import Profile
from statsd_conformance.statement import Statement

# A plain sample, for comparison; and one with a field that no dialect has.
_PLAIN: Final = b"plain"
# What DogStatsD sets aside, and others reject.
EVENT: Final = b"_e{5,4}:title|text"
_INVENTED: Final = b"invented"


@dataclass(frozen=True, slots=True)
class Finding:
    """What the canary of one dialect shows: understood or not, None where nothing tells; and paths of its own kinds."""

    understood: bool | None
    why: str
    paths: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dialect:
    """A dialect by its name in `extensions`, the lines of its canary with N for the bucket, and what judges them."""

    name: str
    lines: Sequence[bytes]
    judge: Callable[[Flushed, bytes], Finding]

    def bucket(self, own: bytes) -> bytes:
        """Return the bucket of the canary, for the prefix `own`."""
        return b"%b.dialect%b" % (own, re.sub(rb"\W", b"", self.name.encode()))


def _finding(understood: bool, effect: str) -> Finding:
    return Finding(understood, effect if understood else "its canary had no such effect")


def _proportion(flushed: Flushed, bucket: bytes) -> float:
    """Return the count of a bucket by that of a plain sample of 1; 0 where either was not published."""
    plain = flushed.token + b"." + _PLAIN
    if not {"counter", "rate"} & flushed.kinds(plain) or not {"counter", "rate"} & flushed.kinds(bucket):
        return 0.0
    one = flushed.count(plain)
    return flushed.count(bucket) / one if one else 0.0


def _sums(low: float, high: float, effect: str) -> Callable[[Flushed, bytes], Finding]:
    def judge(flushed: Flushed, bucket: bytes) -> Finding:
        return _finding(low < _proportion(flushed, bucket) < high, effect)

    return judge


def _is_timer(flushed: Flushed, bucket: bytes) -> Finding:
    return _finding(flushed.kinds(bucket) == {"timer"}, "its canary came back as a timer")


def _tags_apart(flushed: Flushed, bucket: bytes) -> Finding:
    """Tell whether two samples of other tags came back as two series, with their tags behind the path."""
    behind = flushed.tags(bucket)
    if all(any(tag in tags.split(b";") for tags in behind) for tag in (b"k=v", b"k=w")):
        return Finding(True, "two tags came back as two series")
    if behind:
        return Finding(None, "its canary came back without its tags: read, or dropped")
    return Finding(False, "its canary did not come back under its name")


def _tags_and_rate(flushed: Flushed, bucket: bytes) -> Finding:
    """Tell whether tags are a field among others: the original reads whatever is behind `|#` as tags."""
    found = _tags_apart(flushed, bucket)
    if found.understood and not any(b"k=x" in tags.split(b";") for tags in flushed.tags(bucket)):
        return Finding(None, "tags came back, but a rate behind them did not leave them alone")
    return found


def _tags_at_the_end(flushed: Flushed, bucket: bytes) -> Finding:
    """Tell whether tags in Graphite's style went behind what is put behind a name, where anything is."""
    telling = [
        kind
        for kind, template in flushed.profile.paths.items()
        if kind in ("counter", "gauge", "timer") and not template.endswith("{bucket}")
    ]
    if not telling:
        return Finding(None, "nothing stands behind a name that would tell a tag from a part of it")
    moved = [kind for kind in telling if b";k=v" in flushed.tags(bucket + kind.encode(), kind)]
    return _finding(bool(moved), "its tag came back at the end of the path")


def _field_is_known(flushed: Flushed, bucket: bytes) -> Finding:
    if not flushed.has(bucket):
        return Finding(False, "a sample with its field did not come back")
    if flushed.has(flushed.token + b"." + _INVENTED):
        return Finding(None, "a sample with its field came back, and so did one with an invented field")
    return Finding(True, "a sample with its field came back, one with an invented field did not")


def _spelled(flushed: Flushed, bucket: bytes) -> bytes:
    return bucket.replace(b".", flushed.profile.dot.encode())


def _template(path: bytes, name: bytes) -> str:
    return path.replace(name, b"{bucket}").decode("utf-8", "replace")


def _one_by_one(flushed: Flushed, bucket: bytes) -> Finding:
    name = _spelled(flushed, bucket)
    for snapshot in flushed.snapshots:
        lines = [line for line in snapshot.lines if name in line.path]
        for path in {line.path for line in lines}:
            if sorted(line.number or 0.0 for line in lines if line.path == path) == [7, 9]:
                return Finding(True, "each sample came back as a line of its own", {"kv": _template(path, name)})
    return Finding(False, "its samples did not come back one by one")


def _by_string(flushed: Flushed, bucket: bytes) -> Finding:
    name = _spelled(flushed, bucket)
    paths = {line.path for line in flushed.own if name in line.path}
    for path in sorted(paths):
        stem, _, string = path.rpartition(b".")
        if string == b"ada" and stem + b".bob" in paths:
            return Finding(True, "each string came back at the end of a path", {"dictionary": _template(stem, name)})
    return Finding(False, "its strings did not come back")


def _as_meter(flushed: Flushed, bucket: bytes) -> Finding:
    bare, typed = _spelled(flushed, bucket), _spelled(flushed, bucket + b"seven")
    templates = [
        {_template(line.path, name) for line in flushed.own if _holds(line.path, name)} for name in (bare, typed)
    ]
    if not templates[0] or templates[0] != templates[1]:
        return Finding(False, "a bare name and one without a type did not both come back")
    if flushed.kinds(bucket) & {"counter", "rate"}:
        return Finding(True, "a bare name came back as a counter")
    if len(templates[0]) > 1:
        return Finding(None, "a bare name came back, under several paths")
    return Finding(True, "a bare name came back as a kind of its own", {"meter": templates[0].pop()})


def _holds(path: bytes, name: bytes) -> bool:
    return re.search(re.escape(name) + rb"(?![0-9a-z])", path) is not None


def _style(style: bytes) -> Sequence[bytes]:
    return [style % b"k=v" + b":3|c", style % b"k=w" + b":4|c"]


_TIMELY: Final = "its values were added up"
DIALECTS: Final = (
    Dialect("multi-sample", [b"N:1|c:2|c:4|c"], _sums(6, 8, _TIMELY)),
    Dialect("packing", [b"N:1:2:4|c"], _sums(6, 8, _TIMELY)),
    Dialect("C", [b"N:5|C", b"N:9|C"], _sums(3, 5, "the growth of a running total was counted")),
    Dialect("d", [b"N:320|d"], _is_timer),
    Dialect("kv", [b"N:7|kv", b"N:9|kv"], _one_by_one),
    Dialect("dictionary", [b"N:ada|d", b"N:bob|d"], _by_string),
    Dialect("typeless", [b"N", b"Nseven:7"], _as_meter),
    Dialect("dogstatsd", [b"N:3|c|#k:v", b"N:4|c|#k:w", b"N:1|c|#k:x|@0.5"], _tags_and_rate),
    Dialect("dogstatsd-1.2", [b"N:3|c|c:83c0a99c0a54"], _field_is_known),
    Dialect("dogstatsd-1.3", [b"N:3|c|T1656581400"], _field_is_known),
    Dialect("dogstatsd-1.4", [b"N:3|c|c:ci-83c0a99c0a54"], _field_is_known),
    Dialect("dogstatsd-1.5", [b"N:3|c|e:it-false"], _field_is_known),
    Dialect("dogstatsd-1.6", [b"N:3|c|card:low"], _field_is_known),
    Dialect("influx", _style(b"N,%b"), _tags_apart),
    Dialect("signalfx", _style(b"N[%b]"), _tags_apart),
    Dialect("librato", _style(b"N#%b"), _tags_apart),
    Dialect("graphite-tags", [b"Ncounter;k=v:3|c", b"Ngauge;k=v:3|g", b"Ntimer;k=v:3|ms"], _tags_at_the_end),
)  # fmt: skip


def lines_of(own: bytes) -> Iterator[bytes]:
    """Yield the lines of every canary, for the prefix `own`, each a datagram."""
    yield b"%b.%b:1|c" % (own, _PLAIN)
    yield b"%b.%b:3|c|zz:1" % (own, _INVENTED)
    for dialect in DIALECTS:
        yield from (line.replace(b"N", dialect.bucket(own), 1) for line in dialect.lines)


def with_dialects(profile: Profile, flushed: Flushed, rejected: float | None = None) -> tuple[Profile, list[Statement]]:
    """Return the profile with the dialects that `flushed`, what came of the canaries, shows to be read; and why.

    `rejected` is how many samples the target said that it rejected when EVENT came, None where it does not say.
    """
    findings = {dialect.name: dialect.judge(flushed, dialect.bucket(flushed.token)) for dialect in DIALECTS}
    if rejected and findings["dogstatsd"].understood:
        findings["dogstatsd"] = Finding(None, "tags came back, but an event was counted as a rejected line")
    paths = dict(profile.paths)
    for finding in findings.values():
        paths |= finding.paths
    claimed = tuple(name for name, finding in findings.items() if finding.understood)
    return replace(profile, paths=paths, extensions=claimed), [
        Statement(f"dialect {name}", _WORDS[finding.understood], finding.understood is not None, finding.why)
        for name, finding in findings.items()
    ]


_WORDS: Final = {True: "read", False: "not read", None: "not claimed"}
