"""The management console: a command line and the state of a daemon to a reply. No socket.

Source: stats.js:337-442, lib/mgmt_server.js, lib/mgmt_console.js and lib/helpers.js (writeConfig) of the original. The
replies are its, byte for byte, but for accidents (ADMIN-09, ADMIN-11) and for `config`, which shows every option.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeVar

from statsd_reference.inspect import inspect
from statsd_reference.model import Window
from statsd_reference.number import strip, write_number
from statsd_reference.options import OPTIONS, Bins, Options

V = TypeVar("V")
Group = Literal["counters", "timers", "gauges"]
Health = Literal["up", "down"]

Answer = Callable[[bytes, "State"], "Reply"]

_END: Final = b"END\n\n"
_HELP: Final = b"Commands: stats, counters, timers, gauges, delcounters, deltimers, delgauges, health, config, quit\n\n"
_ERROR: Final = b"ERROR\n"


@dataclass(frozen=True, slots=True)
class GraphiteState:
    """How the output to Graphite does.

    Ages are in whole seconds, that of the exception counted from 1970 where there was none. `flush_time` is in ms,
    `flush_length` in bytes; both are of the last flush.
    """

    flush_age: int
    exception_age: int
    flush_time: float = 0.0
    flush_length: float = 0.0


@dataclass(frozen=True, slots=True)
class State:
    """What the console shows.

    `window` is the running interval. `uptime` and `message_age`, the age of the last datagram, are in whole seconds;
    `bad_lines` counts since the start. `graphite` is None where nothing is sent there.
    """

    options: Options
    window: Window
    uptime: int
    message_age: int
    bad_lines: float = 0.0
    graphite: GraphiteState | None = None
    health: str = "up"


@dataclass(frozen=True, slots=True)
class Deletion:
    """Buckets to forget, all of which the window has in that group; `without` forgets them."""

    group: Group
    buckets: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command answers, and what is to be done besides.

    `health` is what to answer from now on, None for no change.
    """

    text: bytes
    health: Health | None = None
    delete: Deletion | None = None
    close: bool = False


def split_commands(chunk: bytes) -> list[bytes]:
    r"""Return the commands of what was read at a time, at least one: one a line, the last one with or without its LF.

    The original takes all of it for one command, so that two in one segment are an ERROR (ADMIN-09). As there, blank
    lines around a command are nothing, and a chunk of nothing else is the empty command.

    >>> split_commands(b"health down\nstats")
    [b'health down', b'stats']
    """
    return [line for line in chunk.split(b"\n") if strip(line)] or [b""]


def answer(command_line: bytes, state: State) -> Reply:
    r"""Return the reply to one command line (ADMIN-01 to ADMIN-08).

    >>> answer(b"health\n", State(Options(), Window(), uptime=0, message_age=0)).text
    b'health: up\n'
    """
    # As in the original, only a space separates, and each one does.
    command, *parameters = strip(command_line).split(b" ")
    answerer = _COMMANDS.get(command)
    return answerer(state, parameters) if answerer else Reply(_ERROR)


def without(window: Window, deletion: Deletion) -> Window:
    """Return `window` without what `deletion` names, and without what is kept beside it."""
    if deletion.group == "counters":
        return replace(window, counters=_left(window.counters, deletion))
    if deletion.group == "gauges":
        return replace(window, gauges=_left(window.gauges, deletion), gauge_ages=_left(window.gauge_ages, deletion))
    return replace(window, timers=_left(window.timers, deletion), timer_counts=_left(window.timer_counts, deletion))


def _left(table: Mapping[bytes, V], deletion: Deletion) -> dict[bytes, V]:
    left = dict(table)
    for bucket in deletion.buckets:
        left.pop(bucket, None)
    return left


def _help(state: State, parameters: Sequence[bytes]) -> Reply:
    return Reply(_HELP)


def _stats(state: State, parameters: Sequence[bytes]) -> Reply:
    # Every `last_…` is an age, not a time (ADMIN-02).
    rows: dict[str, float] = {
        "uptime": state.uptime,
        "messages.last_msg_seen": state.message_age,
        "messages.bad_lines_seen": state.bad_lines,
    }
    if state.graphite:
        rows |= {
            "graphite.last_flush": state.graphite.flush_age,
            "graphite.last_exception": state.graphite.exception_age,
            "graphite.flush_time": state.graphite.flush_time,
            "graphite.flush_length": state.graphite.flush_length,
        }
    lines = [b"%b: %b\n" % (name.encode(), write_number(float(value))) for name, value in rows.items()]
    return Reply(b"".join(lines) + _END)


def _counters(state: State, parameters: Sequence[bytes]) -> Reply:
    return _shown(inspect(state.window.counters))


def _timers(state: State, parameters: Sequence[bytes]) -> Reply:
    return _shown(inspect(state.window.timers))


def _gauges(state: State, parameters: Sequence[bytes]) -> Reply:
    return _shown(inspect(state.window.gauges))


def _shown(table: str) -> Reply:
    return Reply(table.encode() + b"\n" + _END)


def _delete_counters(state: State, parameters: Sequence[bytes]) -> Reply:
    return _deleted("counters", state.window.counters, parameters)


def _delete_timers(state: State, parameters: Sequence[bytes]) -> Reply:
    return _deleted("timers", state.window.timers, parameters)


def _delete_gauges(state: State, parameters: Sequence[bytes]) -> Reply:
    return _deleted("gauges", state.window.gauges, parameters)


def _deleted(group: Group, table: Mapping[bytes, object], parameters: Sequence[bytes]) -> Reply:
    """Delete buckets by name or by `folder.*`, the parameters one after the other (ADMIN-04)."""
    # A dict for its order. What one parameter deleted is not there for the next.
    gone: dict[bytes, None] = {}
    text = []
    for parameter in parameters:
        found = [bucket for bucket in _matches(parameter, table) if bucket not in gone]
        gone |= dict.fromkeys(found)
        text += [b"deleted: %b\n" % bucket for bucket in found] or [b"metric %b not found\n" % parameter]
    return Reply(b"".join(text) + _END, delete=Deletion(group, tuple(gone)) if gone else None)


def _matches(parameter: bytes, table: Mapping[bytes, object]) -> Iterator[bytes]:
    # Only buckets: the original's `in` also finds what every JavaScript object inherits (ADMIN-11).
    if parameter in table:
        yield parameter
    if parameter.endswith(b".*"):
        folder = parameter[:-1]
        yield from (bucket for bucket in table if bucket.startswith(folder) and bucket != parameter)


def _health(state: State, parameters: Sequence[bytes]) -> Reply:
    health = _WORDS.get(parameters[0].lower()) if parameters else None
    return Reply(f"health: {health or state.health}\n".encode(), health=health)


def _config(state: State, parameters: Sequence[bytes]) -> Reply:
    """Show every option, also those that nobody set (ADMIN-06)."""
    rows = [row for name, value in _settings(state.options) for row in _rows(name.replace(".", " > "), value)]
    return Reply(("\n" + "".join(rows)).encode())


def _settings(options: Options) -> Iterator[tuple[str, object]]:
    for name, option in OPTIONS.items():
        value = getattr(options, option.name)
        # One that follows deleteIdleStats shows what it comes to, as in the original.
        yield name, options.deletes(option.name.removeprefix("delete_")) if value is None else value


def _rows(name: str, value: object) -> Iterator[str]:
    """Yield `name: value`, and a row for each item of a list, as the original shows arrays."""
    if isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _rows(f"{name} > {index}", item)
    elif isinstance(value, Bins):
        yield f"{name} > metric: {value.metric.decode()}\n"
        yield f"{name} > bins: {','.join(label.decode() for label in value.labels)}\n"
    else:
        yield f"{name}: {_spelled(value)}\n"


def _spelled(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return write_number(value).decode() if isinstance(value, float) else str(value)


def _quit(state: State, parameters: Sequence[bytes]) -> Reply:
    return Reply(b"", close=True)


_WORDS: Final[Mapping[bytes, Health]] = {b"up": "up", b"down": "down"}
_COMMANDS: Final[Mapping[bytes, Callable[[State, Sequence[bytes]], Reply]]] = {
    b"help": _help,
    b"stats": _stats,
    b"counters": _counters,
    b"timers": _timers,
    b"gauges": _gauges,
    b"delcounters": _delete_counters,
    b"deltimers": _delete_timers,
    b"delgauges": _delete_gauges,
    b"health": _health,
    b"config": _config,
    b"quit": _quit,
}
