"""NAME: the names of metrics, and what becomes of characters that a Graphite path should not hold.

How a target cleans names is its own affair, but for what would break a line of its output, so to do it as the original
does is a SHOULD.
Not tested because no source decides it: how long a name may be; SIZE does what can be said of that.
"""

import re
import string
from dataclasses import replace
from typing import Final

import pytest

from statsd_conformance.flushed import Flushed, about
from statsd_conformance.graphite import GraphiteLine
from statsd_conformance.profile import Profile
from statsd_conformance.requirement import CORE, EXT, MUST, QUIRK, ROBUST, SHOULD, Unsupported, requirement, should
from statsd_conformance.target import Target, sandwich, sentinels

_CLEAN_UP: Final = "stats.js:164-172, sanitizeKeyName"
# Everything of ASCII that the original removes from a name, but for the bar, which LINE-16 tries, and NUL (FRAMING-11).
_REMOVED: Final = "!\"#$%&'()*+,<>?@[\\]^`{}~\x01\x1b\x7f"
# What begins tags in a dialect, where the target reads that.
_TAGS: Final = {"influx": ",", "signalfx": "[", "librato": "#"}
# Values whose counts and rates are told apart from each other's, whatever the interval.
_TELLING: Final = (1009, 2003, 4001)
_BY_FAR_TOO_MANY: Final = 5_000_000


@requirement("NAME-01", CORE, MUST, cites=_CLEAN_UP)
async def test_letters_digits_and_three_marks_are_kept(target: Target) -> None:
    """Letters and digits of ASCII, `_`, `-` and `.` MUST be kept as they are, capitals too."""
    bucket = target.bucket(f"{string.ascii_uppercase}.{string.ascii_lowercase}.{string.digits}_x-y")
    flushed = await sandwich(target, bucket + b":3|c")
    assert flushed.count(bucket) == 3


@pytest.mark.parametrize("blanks", [" ", "  ", "\t", " \t "], ids=["blank", "two-blanks", "tab", "mixed"])
@requirement("NAME-02", CORE, SHOULD, cites=_CLEAN_UP)
async def test_run_of_blanks_becomes_an_underscore(target: Target, blanks: str) -> None:
    """A run of blanks in a name SHOULD become one `_`."""
    flushed = await sandwich(target, target.bucket(f"a{blanks}b") + b":3|c")
    assert flushed.count(target.bucket("a_b")) == 3


@requirement("NAME-03", CORE, SHOULD, cites=_CLEAN_UP)
async def test_slash_becomes_a_hyphen(target: Target) -> None:
    """Every `/` in a name SHOULD become a `-`."""
    flushed = await sandwich(target, target.bucket("a/b") + b":3|c", target.bucket("c//d") + b":5|c")
    assert flushed.count(target.bucket("a-b")) == 3
    assert flushed.count(target.bucket("c--d")) == 5


@requirement("NAME-04", CORE, SHOULD, cites=_CLEAN_UP)
async def test_other_characters_are_removed(target: Target) -> None:
    """Every other character SHOULD be removed from a name, but for `;` and `=`, which Graphite has for tags."""
    tags = "".join(_TAGS.get(extension, "") for extension in target.profile.extensions)
    odd = [character for character in f"{_REMOVED}é漢" if character not in tags]
    names = {character: f"n{number}a" for number, character in enumerate(odd)}
    lines = [target.bucket(f"{name}{character}b") + b":3|c" for character, name in names.items()]
    target.send(b"\n".join(lines[: len(lines) // 2]))
    flushed = await sandwich(target, *lines[len(lines) // 2 :])
    left = [character for character, name in names.items() if sum(flushed.counts(target.bucket(f"{name}b"))) != 3]
    became: dict[str, list[str]] = {}
    for character in left:
        became.setdefault(_became(flushed, names[character], character), []).append(ascii(character)[1:-1])
    assert not left, "; ".join(f"{fate}: {' '.join(characters)}" for fate, characters in became.items())


@requirement("NAME-05", QUIRK, SHOULD, cites="stats.js:164-172, where no dot is touched")
async def test_dots_at_the_ends_and_doubled(target: Target) -> str:
    """Dots SHOULD be kept wherever they stand: in front, at the end, and doubled."""
    names = {"in front": b"." + target.bucket("a"), "doubled": target.bucket(".b"), "at the end": target.bucket("c.")}
    values = dict(zip(names, _TELLING, strict=True))
    flushed = await sandwich(target, *(names[where] + b":%d|c" % value for where, value in values.items()))
    return ", ".join(f"{where} {_fate(flushed, names[where], value)}" for where, value in values.items())


_BREAKING: Final = {
    "blank": b" ",
    "tab": b"\t",
    "vt": b"\v",
    "ff": b"\f",
    "cr": b"\r",
    "nul": b"\0",
    "no-break-space": b"\xc2\xa0",
    "line-separator": b"\xe2\x80\xa8",
    "no-utf-8": b"\xff",
}


@pytest.mark.parametrize("between", list(_BREAKING.values()), ids=list(_BREAKING))
@requirement("NAME-06", ROBUST, MUST, cites="carbon lib/carbon/protocols.py, MetricLineReceiver: str.split()")
async def test_name_leaves_a_line_its_three_fields(target: Target, between: bytes) -> None:
    """Whatever a name holds, its line MUST still have three fields for Graphite, which cuts at any white space of
    Unicode, and hold no control character of ASCII; it SHOULD be UTF-8.
    """
    target.needs_graphite()
    target.send(target.bucket("a") + between + b"b:3|c")
    flushed = await target.after(target.bucket("end") + b":1|c")
    broken = [line for line in flushed.own if not _is_readable(line)]
    assert not broken, f"a line that Graphite cannot read, of the path {_shown(broken[0].path)}"
    with should():
        for line in flushed.own:
            assert _is_utf_8(line.raw), f"a path that is no UTF-8: {_shown(line.path)}"


@pytest.mark.parametrize(
    ("odd", "plain"),
    [
        pytest.param(" ", "_", id="blank"),
        pytest.param("/", "-", id="slash"),
        pytest.param("/", "_", id="slash-as-blank"),
        pytest.param("(", "", id="bracket"),
        pytest.param("(", "_", id="bracket-as-blank"),
    ],
)
@requirement("NAME-07", ROBUST, MUST, cites=_CLEAN_UP)
async def test_names_that_are_cleaned_alike_merge(target: Target, odd: str, plain: str) -> None:
    """Two names that clean-up makes one path MUST come out on one line, which is the merge of both: the sum, the last
    value, the union.
    """
    target.needs("c", "g")
    if "keyNameSanitize" in target.profile.extensions:
        raise Unsupported("names are kept raw until the flush there, and NAME-13 says what becomes of them")
    alone, counter, gauge, members = (
        (target.bucket(f"{leaf}{odd}z"), target.bucket(f"{leaf}{plain}z")) for leaf in ("alone", "c", "g", "s")
    )
    # In a datagram of its own, for which value of one wins is for GAUGE-01 to judge.
    target.send(gauge[1] + b":7|g")
    lines = [alone[0] + b":3|c", counter[0] + b":1|c", counter[1] + b":2|c", gauge[0] + b":5|g"]
    has_sets = "s" in target.profile.types
    if has_sets:
        lines += [members[0] + b":x|s", members[1] + b":x|s", members[0] + b":y|s"]
    flushed = await sandwich(target, *lines)
    for snapshot in flushed.snapshots:
        paths = [(line.path, line.timestamp) for line in snapshot.lines_of(target.token)]
        twice = sorted({path for path, stamp in paths if paths.count((path, stamp)) > 1})
        assert not twice, f"twice in one flush: {_shown(twice[0])}"
    if not flushed.has(counter[1]):
        # The plain name is spelled otherwise in the output, so nothing tells what it should be the merge of.
        return
    merged = flushed.has(alone[1])
    became = "one name" if merged else "two names"
    expected = {"count": 3, "gauge": 5, "set": 2} if merged else {"count": 2, "gauge": 7, "set": 1}
    seen = {"count": flushed.count(counter[1]), "gauge": flushed.gauge(gauge[1])}
    if has_sets:
        seen["set"] = flushed.members(members[1])
    wrong = [f"a {kind} of {value:g}, not {expected[kind]}" for kind, value in seen.items() if value != expected[kind]]
    assert not wrong, f"`c{odd}z` and `c{plain}z` become {became}, which came out with {' and '.join(wrong)}"


@requirement("NAME-08", QUIRK, SHOULD, cites="backends/graphite.js:174-180")
async def test_name_with_tags_of_graphite(target: Target) -> str:
    """A name that holds tags as Graphite spells them (`N;t=v`) SHOULD keep them, behind all that is added to it."""
    lines = [target.bucket("a;t=v") + b":3|c"] + [target.bucket("b;t=v") + b":x|s"] * ("s" in target.profile.types)
    flushed = await sandwich(target, *lines)
    known = [path for bucket in sentinels(target) for _, _, path in flushed.profile.all_paths(bucket)]
    paths = [path for path in flushed.strays(*sentinels(target)) if path not in known]
    shown = ", ".join(_shown(path.replace(target.token, b"K")) for path in paths)
    return f"published as {shown}" if shown else "rejected"


@requirement("NAME-09", ROBUST, SHOULD, cites="stats.js:251-268, where such a name is published as `stats.`")
async def test_name_of_which_nothing_is_left_is_rejected(target: Target) -> None:
    """A name of which clean-up leaves nothing (`é`, `***`) SHOULD be rejected."""
    flushed = await sandwich(target, "é:7|c".encode(), b"***:1000|c")
    # The names cannot carry the case's own prefix, so every line of the flush is looked at.
    counted = sum(replace(flushed, token=b"").counts(b""))
    assert not counted, f"counts of 7 and 1000 for such names came out as {counted:g} under an empty name"


@pytest.mark.parametrize("first", ["_", "1"], ids=["underscore", "digit"])
@requirement("NAME-10", CORE, MUST, cites=_CLEAN_UP)
async def test_name_may_begin_with_an_underscore_or_a_digit(target: Target, first: str) -> None:
    """A name that begins with a digit or with `_` MUST be accepted."""
    bucket = first.encode() + target.bucket()
    flushed = await sandwich(target, bucket + b":%d|c" % _TELLING[0])
    fate = _fate(flushed, bucket, _TELLING[0])
    assert fate != "rejected", f"{first}… was not published"
    with should():
        strays = flushed.strays(bucket, *sentinels(target))
        assert fate == "kept", f"{first}… was published under another name: {flushed.summary(*strays)}"


@requirement("NAME-11", CORE, MUST, cites=_CLEAN_UP)
async def test_repeated_components_are_kept(target: Target) -> None:
    """Components of a name that are repeated (`a.a.b`) MUST be kept."""
    bucket = target.bucket("a.a.b")
    flushed = await sandwich(target, bucket + b":3|c")
    assert flushed.count(bucket) == 3


@requirement("NAME-12", QUIRK, SHOULD, cites="stats.js:16-31, 317-322: own counters are counters like others")
async def test_name_of_a_counter_of_the_server_itself(target: Target) -> str:
    """A sample for one of the server's own counters adds to it in the original, and a server SHOULD do as it does."""
    own = _own_counter(target.profile)
    flushed = await sandwich(target, own + b":%d|c" % _BY_FAR_TOO_MANY)
    paths = [[line.path for line in snapshot.lines] for snapshot in flushed.snapshots]
    if any(each.count(target.profile.errors.encode()) > 1 for each in paths):
        return "is published beside it, under the same path"
    return "adds to it" if (flushed.errors() or 0) >= _BY_FAR_TOO_MANY else "does not add to it"


@requirement("NAME-13", EXT, MUST, cites="exampleConfig.js, keyNameSanitize; backends/graphite.js:163-180")
async def test_raw_names_are_cleaned_at_the_flush(target: Target) -> None:
    """With keyNameSanitize off, names MUST be cleaned at the flush, and those that differ before it stay two series."""
    target.needs_extension("keyNameSanitize")
    flushed = await sandwich(target, target.bucket("a b") + b":3|c", target.bucket("a_b") + b":5|c")
    broken = [line for line in flushed.own if not _is_readable(line)]
    assert not broken, f"a line that Graphite cannot read, of the path {_shown(broken[0].path)}"
    counts = sorted(number for number in flushed.counts(target.bucket("a_b")) if number)
    assert counts == [3, 5], f"3 for `a b` and 5 for `a_b` came out as {flushed.summary()}"


@requirement("NAME-14", CORE, MUST, cites="stats.js:250-253, 277; collectd src/statsd.c:378-388, which takes the last")
async def test_first_colon_ends_the_name(target: Target) -> None:
    """The first `:` MUST end the name; everything behind it belongs to values."""
    counter, members = target.bucket("a"), target.bucket("b")
    lines = [counter + b":1:2|c"] + [members + b":x:y|s"] * ("s" in target.profile.types)
    flushed = await sandwich(target, *lines)
    strays = flushed.strays(counter, members, *sentinels(target))
    assert not strays, f"published under another name: {flushed.summary(*strays)}"


def _became(flushed: Flushed, name: str, odd: str) -> str:
    """Return what became of a character that was sent between `name` and a `b`."""
    sent = re.compile(re.escape(name.encode()) + b"(.*?)b", re.DOTALL)
    behind = (line.key.rpartition(flushed.token)[2] for line in flushed.own)
    found = next((match[1] for key in behind if (match := sent.search(key))), None)
    if found is None:
        cut = any(name.encode() in line.key.rpartition(flushed.token)[2] for line in flushed.own)
        return "the name cut" if cut else "the name refused"
    if found == odd.lower().encode():
        return "kept"
    return f"replaced by {_shown(found)}" if found else "removed, but not counted as sent"


def _fate(flushed: Flushed, bucket: bytes, value: float) -> str:
    """Return whether a counter that was sent as `value` came out under its own name, under another one, or not."""
    if sum(flushed.counts(bucket)) == value:
        return "kept"
    numbers = [about(value, 1e-3), about(value / flushed.interval, 1e-3)]
    return "changed" if any(line.number == number for line in flushed.own for number in numbers) else "rejected"


def _shown(path: bytes) -> str:
    return ascii(path)[2:-1]


def _is_readable(line: GraphiteLine) -> bool:
    """Tell whether carbon finds three fields in a line, and a relay that is strict no control character.

    Of those beyond ASCII, U+0080 to U+009F, carbon takes all for letters but U+0085, which is white space to it.
    """
    text = line.raw.removesuffix(b"\r").decode("utf-8", "replace")
    return len(text.split()) == 3 and not any(ord(character) < 32 or ord(character) == 127 for character in text)


def _is_utf_8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _own_counter(profile: Profile) -> bytes:
    """Return the bucket of the counter in which the target says what it refused.

    Raises:
        Unsupported: its profile knows of none among its counters.
    """
    before, _, behind = profile.paths.get("counter", "").partition("{bucket}")
    own = profile.errors
    if not own or not (own.startswith(before) and own.endswith(behind)):
        raise Unsupported(f"the profile {profile.name!r} names no counter of the target's own")
    return own.removeprefix(before).removesuffix(behind).encode()
