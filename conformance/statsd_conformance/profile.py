"""How a target spells what it publishes. A profile decides spelling and capabilities, never arithmetic."""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from statsd_conformance.shipped import NoText, shipped, text_of

KINDS = ("counter", "rate", "gauge", "set", "timer", "meter", "kv", "dictionary")
# The original's names for what it publishes about itself. Counters have their rate under the same name with `_rate`.
OWN_COUNTERS = ("packets_received", "metrics_received", "bad_lines_seen")
OWN = (
    *OWN_COUNTERS,
    *(f"{name}_rate" for name in OWN_COUNTERS),
    *("numStats", "timestamp_lag", "processing_time", "calculationtime"),
    *("last_exception", "last_flush", "flush_time", "flush_length"),
)
# Dialects that a target may read, and options that it may have; conformance/README.md says what each claims.
EXTENSIONS = (
    *("multi-sample", "packing", "C", "d", "kv", "dictionary", "typeless"),
    *("dogstatsd", *(f"dogstatsd-1.{number}" for number in range(2, 7))),
    *("influx", "signalfx", "librato", "graphite-tags"),
    *("deleteIdleStats", "deleteGauges", "prefixes", "keyNameSanitize", "calculatedTimerMetrics"),
    *("repeater", "proxy", "relay"),
)
_FOLDER: Final = "profiles"


class ProfileError(ValueError):
    """A profile that cannot be read; the message names the file and the entry."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What the suite has to know of one configured target.

    Attributes:
        name: of the profile.
        paths: kind (see KINDS) to a template with `{bucket}`, for a timer also `{statistic}`; a leading `*` stands for
            any prefix. A kind without a template is not published. A rate is per second, and so are a meter that is
            published apart from counters, and the strings of a dictionary, whose paths go on with a dot and the string.
        statistics: the original's name of a timer statistic to the target's; a missing one is not published.
        timer_unit_ms: what one published unit of a timer is in milliseconds: 1000 where the target prints seconds.
        types: the types of the wire that it reads.
        counters: since when it counts what it publishes of a counter: "flush", the last one, or "start", its own. Cases
            then look at what a count grew by from flush to flush.
        end: how a flush ends on the wire: "close" of its connection; "marker", the line whose path ends in `marker`; or
            "timestamp", before a line that carries another one. Silence of `silence` seconds ends it, too.
        rounds: how many snapshots have to hold a fence before everything sent before it has come out.
        lag: seconds that output may come later than the interval says.
        errors: path of the count of rejected samples in a flush, or empty.
        own: what the target publishes about itself, by the original's name (see OWN), to its path.
        extensions: which of EXTENSIONS it claims to read or to have.
        dot: what stands for a dot of a bucket in its paths.
        one_part: whether buckets without a dot, or with a `_` before the first, have such paths, too; else nobody knows
            theirs.
        tags: how it publishes tags: "graphite", `;key=value` behind a path, which is also how observers of other output
            give labels; "none" where series that differ in their tags have one path.
    """

    name: str
    paths: Mapping[str, str]
    statistics: Mapping[str, str] = field(default_factory=dict)
    timer_unit_ms: float = 1.0
    types: tuple[str, ...] = ("c", "g", "ms", "s")
    counters: str = "flush"
    end: str = "silence"
    marker: str = ""
    silence: float = 0.15
    rounds: int = 1
    lag: float = 0.5
    errors: str = ""
    own: Mapping[str, str] = field(default_factory=dict)
    extensions: tuple[str, ...] = ()
    dot: str = "."
    one_part: bool = True
    tags: str = "graphite"

    def path(self, kind: str, bucket: bytes, statistic: str = "") -> bytes | None:
        """Return the path of a bucket's value, perhaps with a leading `*`; None where it is not published."""
        template = self.paths.get(kind)
        if template is None or (kind == "timer" and statistic not in self.statistics):
            return None
        name, semicolon, tags = bucket.partition(b";")
        path = template.encode().replace(b"{bucket}", name.replace(b".", self.dot.encode()))
        path = path.replace(b"{statistic}", self.statistics.get(statistic, "").encode())
        return path if self.tags == "none" else path + semicolon + tags

    def all_paths(self, bucket: bytes) -> Iterator[tuple[str, str, bytes]]:
        """Yield kind, statistic and path of everything that a bucket may be published as."""
        for kind in self.paths:
            for statistic in self.statistics if kind == "timer" else ("",):
                path = self.path(kind, bucket, statistic)
                if path is not None:
                    yield kind, statistic, path


def same_path(wanted: bytes, path: bytes) -> bool:
    """Tell whether `path` is `wanted`, whose leading `*` stands for any prefix."""
    return path.endswith(wanted[1:]) if wanted.startswith(b"*") else path == wanted


def known_profiles() -> list[str]:
    """Return the names of the profiles that come with the suite."""
    return shipped(_FOLDER)


def load_profile(name: str) -> Profile:
    """Return the profile of that name, or the one in the file of that name.

    Raises:
        ProfileError: there is no such profile or file, or it does not read as one.
    """
    try:
        text = text_of(name, _FOLDER, "profile")
    except NoText as error:
        raise ProfileError(str(error)) from None
    return read_profile(text, name)


def read_profile(text: str, source: str) -> Profile:
    """Return the profile that TOML `text` spells; `source` is what an error calls it.

    Raises:
        ProfileError: it is no TOML, an entry is unknown or missing, or has a value that it does not take.
    """
    try:
        entries: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"profile {source}: {error}") from None
    for name, value in entries.items():
        if name not in _TAKES:
            raise ProfileError(f"profile {source}: unknown entry {name!r}; it takes {', '.join(_TAKES)}")
        right, what = _TAKES[name]
        if not right(value):
            raise ProfileError(f"profile {source}: {name} is {value!r}, not {what}")
    missing = [name for name in ("name", "paths") if name not in entries]
    if missing:
        raise ProfileError(f"profile {source}: no entry {missing[0]!r}")
    _check_paths(source, entries["paths"])
    for extension in entries.get("extensions", []):
        if extension not in EXTENSIONS:
            raise ProfileError(f"profile {source}: unknown extension {extension!r}; it takes {', '.join(EXTENSIONS)}")
    if entries.get("end") == "marker" and not entries.get("marker"):
        raise ProfileError(f"profile {source}: end is 'marker', but there is no entry 'marker'")
    made: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in entries.items()}
    return Profile(**made)


def _check_paths(source: str, paths: Mapping[str, str]) -> None:
    for kind, template in paths.items():
        if kind not in KINDS:
            raise ProfileError(f"profile {source}: unknown kind {kind!r} in paths; it takes {', '.join(KINDS)}")
        needed = ["{bucket}", "{statistic}"] if kind == "timer" else ["{bucket}"]
        for part in needed:
            if part not in template:
                raise ProfileError(f"profile {source}: the path of {kind}, {template!r}, has no {part}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _is_table(value: object, names: Sequence[str] | None = None) -> bool:
    """Tell whether `value` is a table of texts, of no other than these names."""
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        return False
    return names is None or set(value) <= set(names)


# What each entry takes: a test, and its words.
_TAKES: Final[Mapping[str, tuple[Callable[[object], bool], str]]] = {
    "name": (lambda value: isinstance(value, str), "a text"),
    "paths": (_is_table, "a table of texts"),
    "statistics": (_is_table, "a table of texts"),
    "timer_unit_ms": (lambda value: _is_number(value) and value != 0, "a number above 0"),
    "types": (_are_texts, "a list of texts"),
    "counters": (lambda value: value in ("flush", "start"), "'flush' or 'start'"),
    "end": (
        lambda value: value in ("close", "marker", "silence", "timestamp"),
        "'close', 'marker', 'silence' or 'timestamp'",
    ),
    "marker": (lambda value: isinstance(value, str), "a text"),
    "silence": (lambda value: _is_number(value) and value != 0, "a number above 0"),
    "rounds": (lambda value: _is_number(value) and isinstance(value, int) and value > 0, "a whole number above 0"),
    "lag": (_is_number, "a number, 0 or above"),
    "errors": (lambda value: isinstance(value, str), "a text"),
    "own": (lambda value: _is_table(value, OWN), f"a table of texts for {', '.join(OWN)}"),
    "extensions": (_are_texts, "a list of texts"),
    "dot": (lambda value: isinstance(value, str), "a text"),
    "one_part": (lambda value: isinstance(value, bool), "true or false"),
    "tags": (lambda value: value in ("graphite", "none"), "'graphite' or 'none'"),
}
