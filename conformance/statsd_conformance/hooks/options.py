"""The options of the suite, a row each."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from statsd_conformance.emitters.reference import SIZE


@dataclass(frozen=True, slots=True)
class Option:
    """One option: what pytest's help says of it, and what it leaves in `config.option`.

    Attributes:
        metavar: stands for its value in the help; empty where it takes none.
        type: makes its value of the text.
        default: its value where it is not given; of a repeated one that is an empty list.
        dest: its name in `config.option`, where that is another one.
    """

    name: str
    metavar: str
    help: str
    type: Callable[[str], object] = str
    default: object = None
    repeated: bool = False
    dest: str = ""

    def keywords(self) -> dict[str, Any]:
        """Return it as `addoption` takes it."""
        named = {"dest": self.dest} if self.dest else {}
        if not self.metavar:
            return {"help": self.help, "action": "store_true"} | named
        takes = {"help": self.help, "metavar": self.metavar, "type": self.type} | named
        if self.repeated:
            return takes | {"action": "append", "default": []}
        return takes | {"default": self.default}


# In the order of the help.
OPTIONS: Final = (
    Option(
        "--target",
        "TARGET",
        "the aggregator to test: host:port, udp://, tcp:// or unix:// address, exec:COMMAND with {port} "
        "{graphite_host} {graphite_port} {interval}, or reference, statsd, collectd, netdata, "
        "brubeck, statsite, gostatsd, statsd_exporter, telegraf, veneur, or, for what they pass on, statsd-repeater, "
        "statsd-repeater-tcp, statsd-proxy, statsd_exporter-relay; may be repeated "
        "(default: reference)",
        repeated=True,
    ),
    Option(
        "--emitter",
        "COMMAND",
        "a program to start, of which all that it sends is judged: it finds the address in STATSD_HOST and "
        "STATSD_PORT, or as {host} and {port} in the command; may be repeated (default: the reference emitter)",
        repeated=True,
    ),
    Option(
        "--emit-seconds",
        "SECONDS",
        "time that an emitter has, which is over when it ends by itself (default: %(default)s)",
        type=float,
        default=5.0,
    ),
    Option(
        "--recording",
        "FILE",
        "judge what was recorded of an emitter, a capture or text as `statsd-conformance lint` reads it; may be "
        "repeated",
        type=Path,
        repeated=True,
    ),
    Option(
        "--emitter-port",
        "PORT",
        "of a recording, the port that lines went to; may be repeated (default: those of StatsD)",
        type=int,
        repeated=True,
    ),
    Option(
        "--emitter-profile",
        "NAME|FILE",
        "which counters an emitter sends, and in which datagrams: snapshot, batch or a file; EPROFILE holds of "
        "those with a profile only",
    ),
    Option(
        "--emitter-dialect",
        "NAME",
        "what an emitter speaks, as for `statsd-conformance lint --dialect` (default: dogstatsd where it sends "
        "tags or events of that form, else etsy)",
    ),
    Option(
        "--emitter-size",
        "BYTES",
        "the largest datagram that an emitter may send (default: %(default)s)",
        type=int,
        default=SIZE,
    ),
    Option(
        "--replay",
        "FILE",
        "play this recording to the targets (pcap, pcapng, gzip of either, or lines of text), and hold what they "
        "make of it against the model and against one another; nothing else is tried then; may be repeated",
        type=Path,
        repeated=True,
    ),
    Option(
        "--replay-port",
        "PORT",
        "of a recording that is played, the port that lines went to; may be repeated (default: those of StatsD)",
        type=int,
        repeated=True,
    ),
    Option(
        "--profile",
        "NAME|FILE",
        "how the target spells its output (default: probed)",
    ),
    Option(
        "--admin",
        "HOST:PORT",
        "management console of a target that the suite did not start (default: it has none)",
    ),
    Option(
        "--also",
        "ADDRESS",
        "where else a target that the suite did not start reads lines: udp://[::1]:PORT, tcp://, unix:///PATH for "
        "datagrams, unixstream:///PATH; may be repeated",
        repeated=True,
    ),
    Option(
        "--behind",
        "ADDRESS",
        "where the suite listens for lines that the target passes on as a repeater, proxy or relay: udp:// "
        "or tcp://HOST:PORT; may be repeated",
        repeated=True,
    ),
    Option(
        "--sink",
        "URL",
        "where a target that the suite did not start shows its output: graphite://HOST:PORT, pickle://HOST:PORT "
        "or statsd://HOST:PORT (lines that it repeats) to listen, prometheus://HOST:PORT/PATH for its page, "
        "file://PATH of Graphite lines, statsite://PATH of its stream, console://HOST:PORT of StatsD's management "
        "console, netdata://HOST:PORT of netdata's API, behind for nothing but lines that it passes on "
        "(default: %(default)s)",
        default="graphite://:2003",
    ),
    Option(
        "--interval",
        "SECONDS",
        "flush interval of the target (default: 1, or measured)",
        type=float,
    ),
    Option(
        "--hostile",
        "",
        "send hostile input also to a target on another machine",
    ),
    Option(
        "--bursts",
        "",
        "send bursts that no buffer holds also to a target that the suite did not start",
    ),
    Option(
        "--report",
        "DIR",
        "write report.html, results.jsonl, summary.md and badge.json into this folder",
        type=Path,
    ),
    Option(
        "--evidence",
        "DIR",
        "write a capture, a text and a shell line of every case that fails into this folder",
        type=Path,
    ),
    Option(
        "--deviations",
        "NAME|FILE",
        "expect what is listed there not to hold, and fail when it does: a file that --write-deviations wrote, or "
        "the name of a known implementation",
    ),
    Option(
        "--write-deviations",
        "FILE",
        "list what did not hold in this file, with room for reasons; reasons that stand there are kept",
        type=Path,
    ),
    Option(
        "--examples",
        "N",
        "generated examples a property (default: %(default)s)",
        type=int,
        default=200,
    ),
    Option(
        "--seed",
        "N",
        "what examples are generated from; equal seeds give equal examples (default: another one each run)",
        type=int,
        dest="statsd_seed",
    ),
    Option(
        "--found",
        "DIR",
        "folder of the examples that broke a property, which are tried first (default: %(default)s)",
        type=Path,
        default=Path(".conformance"),
    ),
    Option(
        "--allow-inconclusive",
        "",
        "skip what is INCONCLUSIVE in place of failing",
    ),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the suite."""
    group = parser.getgroup("statsd", "StatsD conformance")
    for option in OPTIONS:
        group.addoption(option.name, **option.keywords())
