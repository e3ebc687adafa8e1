"""How an emitter spells what it sends, and when it sends: what a law about it has to know."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

MESSAGE_COUNTERS: Final = (
    *("request_tx", "request_rx", "response_tx", "response_rx"),
    *("event_tx", "event_rx", "keepalive_tx", "keepalive_rx"),
)
# What every aggregator keeps as it is; StatsD takes any other character out of a name or puts another in its place.
PART: Final = re.compile(r"[A-Za-z0-9_-]+")
PATH: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_FIELD: Final = re.compile(r"\{([^{}]*)\}")
_LARGEST: Final = 65_507


class EmitterProfileError(ValueError):
    """A profile that cannot be read; the message names the file and the entry."""


@dataclass(frozen=True, slots=True)
class EmitterProfile:
    """What an emitter of message counters sends, and when.

    Attributes:
        name: of the profile.
        template: of a line's name, with `{counter}`, and `{module}` and `{rank}` where they are part of it.
        counters: names of a module's counters, in the order in which they are sent.
        type: of their lines: "g" and "C" carry totals, "c" what was added since the line before.
        newline_at_end: whether a datagram ends in LF.
        max_payload: bytes of a datagram.
        max_line: bytes of a line, without LF; 0 where only `max_payload` limits it.
        gate: what is sent when something changed: "snapshot", all counters of the module in one datagram; "metric", the
            lines of those that changed.
        trigger: when the gate is asked: "loop-pass", at a pass of the event loop; "period", every `period` seconds;
            "immediate", at each change.
        period: seconds, for the trigger "period".
        switch: "mask" where it sends only while its debug mask has a bit of `mask`; "none" where it always does.
        mask: those bits.
        overflow: lines that do not fit in one datagram: "refuse", none of them is sent; "split", they go out in
            several, cut at line ends. A line that is too long by itself is refused either way.
        sign: a gauge below 0, which an aggregator would take for a difference: "refuse"; "zero-first", a line with 0
            before it, in the same datagram; "plain", as it is.
        quiet: a metric that did not change in a period: "keep", it is not sent and its total is kept; "forget", its
            total starts again from 0; "resend", it is sent again.
        keepalive: the counter that counts the one keepalive a module sends when its loop first waits; empty for none.
    """

    name: str
    template: str = "flux.{module}.{rank}.{counter}"
    counters: tuple[str, ...] = MESSAGE_COUNTERS
    type: str = "g"
    newline_at_end: bool = False
    max_payload: int = 1440
    max_line: int = 0
    gate: str = "snapshot"
    trigger: str = "loop-pass"
    period: float = 1.0
    switch: str = "mask"
    mask: int = 0x1000
    overflow: str = "refuse"
    sign: str = "refuse"
    quiet: str = "keep"
    keepalive: str = ""


def known_emitter_profiles() -> list[str]:
    """Return the names of the profiles that come with the emitter."""
    folder = files("statsd_reference") / "emitter" / "profiles"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_emitter_profile(name_or_path: str) -> EmitterProfile:
    """Return the profile of that name, or the one in the file of that name.

    Raises:
        EmitterProfileError: there is no such profile or file, or it does not read as one.
    """
    if name_or_path in known_emitter_profiles():
        shipped = files("statsd_reference") / "emitter" / "profiles" / f"{name_or_path}.toml"
        return read_emitter_profile(shipped.read_text(encoding="utf-8"), name_or_path)
    path = Path(name_or_path)
    if not path.is_file():
        known = ", ".join(known_emitter_profiles())
        raise EmitterProfileError(f"no emitter profile {name_or_path!r}: neither a file nor one of {known}")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EmitterProfileError(f"emitter profile {name_or_path}: cannot be read: {error}") from None
    return read_emitter_profile(text, name_or_path)


def read_emitter_profile(text: str, source: str) -> EmitterProfile:
    """Return the profile that TOML `text` spells; `source` is what an error calls it.

    Raises:
        EmitterProfileError: it is no TOML, an entry is unknown or missing, has a value that it does not take, or does
            not go with another.
    """
    try:
        entries = tomllib.loads(text)
        made = {name: _taken(name, value) for name, value in entries.items()}
        if "name" not in made:
            raise ValueError("no entry 'name'")
        profile = EmitterProfile(**made)
        _check_together(profile)
    except ValueError as error:
        raise EmitterProfileError(f"emitter profile {source}: {error}") from None
    return profile


def _taken(name: str, value: object) -> Any:
    if name not in _TAKES:
        raise ValueError(f"unknown entry {name!r}; it takes {', '.join(_TAKES)}")
    right, what = _TAKES[name]
    if not right(value):
        raise ValueError(f"{name} is {value!r}, not {what}")
    return tuple(value) if isinstance(value, list) else value


def _check_together(profile: EmitterProfile) -> None:
    """Raise ValueError for entries of which each is right, but not beside the other."""
    if profile.keepalive and profile.keepalive not in profile.counters:
        raise ValueError(f"keepalive is {profile.keepalive!r}, which is none of counters")
    if profile.gate == "metric" and profile.overflow == "refuse":
        raise ValueError("overflow is 'refuse', which goes with the gate 'snapshot' only; give 'split'")
    if profile.quiet != "keep" and (profile.gate, profile.trigger) != ("metric", "period"):
        raise ValueError(f"quiet is {profile.quiet!r}, which needs the gate 'metric' and the trigger 'period'")
    if profile.quiet != "keep" and profile.type == "c":
        raise ValueError(f"quiet is {profile.quiet!r}, which needs totals; type is 'c', and gives differences")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_template(value: object) -> bool:
    """Tell whether `value` has a counter, no unknown field and, each field filled in, is a path."""
    if not isinstance(value, str) or "{counter}" not in value:
        return False
    known = set(_FIELD.findall(value)) <= {"module", "rank", "counter"}
    return known and PATH.fullmatch(_FIELD.sub("x", value)) is not None


def _are_counters(value: object) -> bool:
    if not isinstance(value, list) or not value:
        return False
    right = all(isinstance(one, str) and PART.fullmatch(one) for one in value)
    return right and len(set(value)) == len(value)


def _is_whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")


def _one_of(*choices: str) -> tuple[Callable[[object], bool], str]:
    return (lambda value: value in choices), " or ".join(map(repr, choices))


# What each entry takes: a test, and its words.
_TAKES: Final[Mapping[str, tuple[Callable[[object], bool], str]]] = {
    "name": (_is_text, "a text"),
    "template": (_is_template, "a path with {counter}, and no field but {module} and {rank} beside it"),
    "counters": (_are_counters, "a list of different names of letters, digits, '_' and '-'"),
    "type": _one_of("g", "c", "C"),
    "newline_at_end": (lambda value: isinstance(value, bool), "true or false"),
    "max_payload": (lambda value: _is_whole(value, 1, _LARGEST), f"a whole number from 1 to {_LARGEST}"),
    "max_line": (lambda value: _is_whole(value, 0, _LARGEST), f"a whole number from 0 to {_LARGEST}"),
    "gate": _one_of("snapshot", "metric"),
    "trigger": _one_of("loop-pass", "period", "immediate"),
    "period": (_is_seconds, "a number above 0"),
    "switch": _one_of("mask", "none"),
    "mask": (lambda value: _is_whole(value, 1, 2**32 - 1), "a whole number from 1 to 2**32 - 1"),
    "overflow": _one_of("refuse", "split"),
    "sign": _one_of("refuse", "zero-first", "plain"),
    "quiet": _one_of("keep", "forget", "resend"),
    "keepalive": (lambda value: isinstance(value, str), "the name of a counter, or nothing"),
}
assert set(_TAKES) == {field.name for field in fields(EmitterProfile)}
