"""The options: those of the original under the original's names, and the few that only this aggregator has.

One table, the fields of `Options`, serves the TOML file, the command line, the console's `config` and the checks. A
field's name is the option's name in snake case; `option_name` gives the original's spelling, with the table of the
configuration file in front (`graphite.legacyNamespace`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from difflib import get_close_matches
from math import inf
from typing import Any, cast

from statsd_reference.number import write_number

EXTENSIONS = ("h", "d", "C", "m", "kv", "packing", "dogstatsd", "influx", "signalfx", "librato")
TIMER_STATISTICS = (
    *("count", "count_ps", "lower", "upper", "sum", "sum_squares", "mean", "median", "std", "histogram"),
    *("count_percent", "mean_percent", "upper_percent", "lower_percent", "sum_percent", "sum_squares_percent"),
)
# The original drops one run of digits, so `upper_99_9` is chosen by `upper_99_percent` (TIMER-18).
_FRACTION_OF_PERCENT = re.compile(r"(count|mean|upper|lower|sum|sum_squares)_(top)?\d+_percent\Z")

# Options of the original that make no sense here, and what to do in their place.
_LEFT_OUT = {
    "automaticConfigReload": "the file is read once; restart to change it",
    "backends": "output goes to Graphite; set graphiteHost",
    "console": "there is no console backend",
    "keyFlush": "frequent names are not logged",
    "log": "the log goes to standard error",
    "repeater": "datagrams are not repeated",
    "repeaterProtocol": "datagrams are not repeated",
    "server": "set udp, tcp or socket",
    "servers": "set udp, tcp or socket",
}


class OptionError(ValueError):
    """An option that does not exist, or a value that it does not take; the message names it and what it takes."""


@dataclass(frozen=True, slots=True)
class Bins:
    """One entry of the `histogram` option: the part of a name it is for, and the upper limits, ascending, of its bins.

    The last limit may be infinite; `labels` are the limits as they were written.
    """

    metric: bytes
    limits: tuple[float, ...]
    labels: tuple[bytes, ...]


def _option(default: Any, help: str, *, name: str = "", table: str = "", takes: str = "") -> Any:
    return field(default=default, metadata={"help": help, "name": name, "table": table, "takes": takes})


@dataclass(frozen=True, slots=True)
class Options:
    """Every option with its default, which is the original's. Sizes in bytes, times as the field says."""

    port: int = _option(8125, "port for lines", name="port", takes="port")
    address: str = _option("", "address to listen on; empty for all", name="address")
    address_ipv6: bool = _option(False, "listen on IPv6", name="address_ipv6")
    udp: bool = _option(True, "listen for datagrams")
    tcp: bool = _option(False, "listen for lines on TCP, same address and port")
    socket: str = _option("", "path of a Unix datagram socket to listen on", name="socket")
    stream_socket: str = _option("", "path of a Unix stream socket to listen on, for lines as on TCP")
    socket_mod: str = _option("", "permissions of these sockets, in octal", name="socket_mod", takes="octal")
    mgmt_port: int = _option(8126, "port of the management console; 0 for none", name="mgmt_port", takes="port")
    mgmt_address: str = _option("", "address of the management console; empty for all", name="mgmt_address")
    health_status: str = _option("up", "what the console's health says at the start", takes="up|down")
    title: str = _option("", "name of the process in listings; empty leaves it")
    debug: bool = _option(False, "log more")
    dump_messages: bool = _option(False, "log every line received")

    flush_interval: int = _option(10000, "flush interval, in milliseconds", takes="positive")
    percent_threshold: tuple[float, ...] = _option(
        (90.0,), "percentiles; a negative one is of the top", takes="percents"
    )
    histogram: tuple[Bins, ...] = _option((), "bins for timers: [{metric = …, bins = […]}, …]", takes="bins")
    calculated_timer_metrics: tuple[str, ...] = _option(
        (), "timer statistics to publish; none for all", takes="statistics"
    )
    flush_counts: bool = _option(True, "publish counts beside rates", name="flush_counts")
    key_name_sanitize: bool = _option(True, "clean names on arrival, not at the flush")
    delete_idle_stats: bool = _option(False, "default of the four delete options below")
    delete_counters: bool | None = _option(None, "leave idle counters out")
    delete_timers: bool | None = _option(None, "leave idle timers out")
    delete_sets: bool | None = _option(None, "leave idle sets out")
    delete_gauges: bool | None = _option(None, "forget idle gauges")
    gauges_max_ttl: int = _option(
        1, "flushes that a gauge lasts with deleteGauges", name="gaugesMaxTTL", takes="positive"
    )
    prefix_stats: str = _option("statsd", "prefix of the aggregator's own metrics", takes="path")

    graphite_host: str = _option("", "host of Graphite; empty sends nothing")
    graphite_port: int = _option(2003, "port of Graphite for plaintext", takes="port")
    graphite_pickle_port: int = _option(2004, "port of Graphite for pickle", takes="port")
    graphite_protocol: str = _option("text", "text or pickle", takes="text|pickle")
    legacy_namespace: bool = _option(True, "the original's old names", table="graphite")
    global_prefix: str = _option("stats", "first part of every name", table="graphite", takes="path")
    prefix_counter: str = _option("counters", "prefix of counters", table="graphite", takes="path")
    prefix_timer: str = _option("timers", "prefix of timers", table="graphite", takes="path")
    prefix_gauge: str = _option("gauges", "prefix of gauges", table="graphite", takes="path")
    prefix_set: str = _option("sets", "prefix of sets", table="graphite", takes="path")
    global_suffix: str = _option("", "last part of every name", table="graphite", takes="path")

    extensions: tuple[str, ...] = _option((), "dialects to read beside the original's", takes="extensions")
    receive_buffer: int = _option(4 * 2**20, "bytes of socket buffer to ask for; the system caps it", takes="positive")
    max_names: int = _option(1_000_000, "distinct names before new ones are refused", takes="positive")
    max_line: int = _option(65_536, "longest line, in bytes", takes="positive")
    max_connections: int = _option(1000, "TCP connections at a time", takes="positive")
    max_queue: int = _option(64 * 2**20, "bytes kept for a Graphite that does not take them", takes="positive")

    @property
    def interval(self) -> float:
        """The flush interval in seconds."""
        return self.flush_interval / 1000

    def deletes(self, kind: str) -> bool:
        """Tell whether idle series of `kind` (counters, timers, sets, gauges) are left out of the output."""
        chosen = getattr(self, f"delete_{kind}")
        return self.delete_idle_stats if chosen is None else bool(chosen)


def option_name(option: "Field[Any]") -> str:
    """Return the original's name of a field of `Options`, as in `graphite.legacyNamespace`."""
    head, *rest = option.name.split("_")
    name = option.metadata["name"] or head + "".join(map(str.capitalize, rest))
    table = option.metadata["table"]
    return f"{table}.{name}" if table else str(name)


OPTIONS = {option_name(option): option for option in fields(Options)}


def read_options(given: Mapping[str, Any]) -> Options:
    """Return the options that `given` sets, by the original's names; tables may be nested or dotted.

    Raises:
        OptionError: an unknown name or a value that the option does not take.

    >>> read_options({"flushInterval": 1000, "graphite": {"legacyNamespace": False}}).interval
    1.0
    """
    chosen = {}
    for name, value in _flat(given).items():
        if name not in OPTIONS:
            raise OptionError(f"unknown option {name!r}{_remedy(name)}")
        option = OPTIONS[name]
        chosen[option.name] = _read(name, option, value)
    return Options(**chosen)


def _remedy(name: str) -> str:
    if reason := _LEFT_OUT.get(name.partition(".")[0]):
        return f": {reason}"
    near = get_close_matches(name, OPTIONS, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _flat(given: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in given.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{inner}": one for inner, one in value.items()}
        else:
            flat[name] = value
    return flat


def _read(name: str, option: "Field[Any]", value: Any) -> Any:
    """Return `value` in the form that the field holds, or raise OptionError."""
    takes = option.metadata["takes"]
    try:
        if takes in _READERS:
            return _READERS[takes](value)
        return _text(value, takes) if isinstance(option.default, str) else _switch(value)
    except ValueError as error:
        raise OptionError(f"option {name}: {value!r} is not {error}") from None


def _wanted(condition: bool, what: str) -> None:
    if not condition:
        raise ValueError(what)


def _switch(value: object) -> bool:
    words = {"true": True, "false": False}
    chosen = words.get(value.lower()) if isinstance(value, str) else value
    _wanted(isinstance(chosen, bool), "true or false")
    return bool(chosen)


def _text(value: object, takes: str) -> str:
    _wanted(isinstance(value, str), "text")
    choices = takes.split("|") if takes else []
    _wanted(not choices or value in choices, " or ".join(choices))
    return cast(str, value)


def _whole(value: object, low: int, high: int, what: str) -> int:
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    _wanted(isinstance(value, int) and not isinstance(value, bool) and low <= value <= high, what)
    return cast(int, value)


def _matched(value: object, pattern: str, what: str) -> str:
    _wanted(isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None, what)
    return cast(str, value)


def _list(value: object) -> list[Any]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return list(value) if isinstance(value, Sequence) else [value]


def _extensions(value: object) -> tuple[str, ...]:
    parts = _list(value)
    _wanted(all(part in EXTENSIONS for part in parts), "a list out of " + ", ".join(EXTENSIONS))
    return tuple(parts)


def _statistics(value: object) -> tuple[str, ...]:
    parts = _list(value)
    known = all(part in TIMER_STATISTICS or _FRACTION_OF_PERCENT.match(str(part)) for part in parts)
    _wanted(known, "a list out of " + ", ".join(TIMER_STATISTICS))
    return tuple(parts)


def _number(value: object, what: str) -> float:
    """Return `value`, a number or its text, as a float; NaN passes, for a comparison to refuse it."""
    _wanted(isinstance(value, int | float | str) and not isinstance(value, bool), what)
    try:
        return float(cast(float, value))
    except (ValueError, OverflowError):
        raise ValueError(what) from None


def _percents(value: object) -> tuple[float, ...]:
    what = "a percentage between -100 and 100 (not 0), or a list of such"
    percents = [_number(part, what) for part in _list(value)]
    _wanted(all(0 < abs(percent) <= 100 for percent in percents), what)
    # One given twice is published once.
    return tuple(dict.fromkeys(percents))


def _bins(value: object) -> tuple[Bins, ...]:
    what = "a list of tables {metric = 'text', bins = [1, 2.5, 'inf']} with ascending bins"
    _wanted(isinstance(value, list | tuple), what)
    return tuple(_one_bins(entry, what) for entry in cast("list[object]", value))


def _one_bins(entry: object, what: str) -> Bins:
    if isinstance(entry, Bins):
        return entry
    if not isinstance(entry, Mapping) or set(entry) != {"metric", "bins"}:
        raise ValueError(what)
    metric, limits = entry["metric"], entry["bins"]
    _wanted(isinstance(metric, str) and isinstance(limits, list | tuple), what)
    numbers = tuple(_limit(limit, what) for limit in limits)
    _wanted(list(numbers) == sorted(set(numbers)), what)
    return Bins(
        metric.encode(), numbers, tuple(b"inf" if number == inf else write_number(number) for number in numbers)
    )


def _limit(limit: object, what: str) -> float:
    if limit == "inf":
        return inf
    _wanted(not isinstance(limit, str), what)
    number = _number(limit, what)
    _wanted(abs(number) < inf, what)
    return number


_READERS: dict[str, Callable[[object], Any]] = {
    "port": lambda value: _whole(value, 0, 65535, "a port number, 0 to 65535"),
    "positive": lambda value: _whole(value, 1, 2**53, "a whole number above 0"),
    "octal": lambda value: _matched(value, "[0-7]{1,4}", "an octal number in quotes, such as '660'"),
    # It becomes part of every path, and must leave a Graphite line with its three fields (OUT-02).
    "path": lambda value: _matched(value, "[A-Za-z0-9_.-]*", "text of letters, digits, '_', '-' and '.'"),
    "percents": _percents,
    "bins": _bins,
    "statistics": _statistics,
    "extensions": _extensions,
}
