"""A day in the life of an aggregator, from a seed: what the services of a shop send it in 24 hours.

    python -m statsd_fuzz.day day.pcap --seed 1

Web servers send several lines a datagram, a payment service one; machines and a queue have gauges, twenty modules their
message counters, and at two in the morning a job counts its way through the stock. All of it is what every aggregator
reads: whole numbers, rates that divide into them, gauges that stay above 0, and nothing that is wrong.

The same seed gives the same bytes on every Python and machine: of `random` only that is used which it promises to keep,
and nothing is reckoned that a library of the system could round in its own way.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Final, TypeVar

import click

from statsd_conformance.recording import Datagram, Endpoint
from statsd_conformance.report.pcap import header, record
from statsd_conformance.report.pcapng import Packet, udp
from statsd_reference.emitter.profile import MESSAGE_COUNTERS
from statsd_reference.emitter.run import module_names

DATAGRAMS: Final = 100_000
# The first second of 2026.
_BEGIN: Final = 1_767_225_600.0
_HOUR: Final = 3600.0
# How much is going on in each hour, beside the others.
_LOAD: Final = (3, 2, 6, 2, 1, 2, 4, 7, 9, 10, 10, 11, 12, 11, 10, 10, 10, 11, 13, 14, 12, 9, 6, 4)
_NIGHT: Final = 2
_TO: Final = Endpoint("127.0.0.1", 8125)
_PORT: Final = 41_000

_ROUTES: Final = ("home", "search", "basket", "checkout", "login", "product", "api-orders", "api-stock")
_RATES: Final = ("0.5", "0.25", "0.2", "0.125", "0.1")
_GAUGES: Final = ("load", "memory-used", "memory-free", "disk-used", "disk-free", "connections", "threads", "files")
# What fits into Ethernet beside all headers that there may be.
_LARGEST: Final = 1432
_Choice = TypeVar("_Choice")


class Dice:
    """Numbers from a seed."""

    def __init__(self, seed: int) -> None:
        # The only method of which Python says that it gives the same for the same seed in every version.
        self.share = Random(seed).random

    def below(self, limit: int) -> int:
        """Return a whole number from 0 up to `limit`, without that."""
        return int(self.share() * limit)

    def one_of(self, choices: tuple[_Choice, ...]) -> _Choice:
        """Return one of several."""
        return choices[self.below(len(choices))]


class Shop:
    """What each service sends next. It remembers what its totals and gauges are."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._totals = {module: [0] * len(MESSAGE_COUNTERS) for module in module_names(20)}
        self._modules = tuple(self._totals)
        self._queue = 0
        self._item = 0

    def web(self, place: int) -> bytes:
        """Return what one of several servers says of one to six requests."""
        lines = [line for _ in range(1 + self._dice.below(6)) for line in self._request(f"shop.web{place}")]
        return "\n".join(lines).encode()

    def payment(self, place: int) -> bytes:
        """Return one line: an attempt, its time, who pays, or a sampled look into a cache."""
        dice = self._dice
        lines = (
            "shop.pay.attempts:1|c",
            f"shop.pay.time:{50 + dice.below(400)}|ms",
            f"shop.pay.customers:c{dice.below(3000)}|s",
            f"shop.pay.cache.hits:1|c|@{dice.one_of(_RATES)}",
        )
        return dice.one_of(lines).encode()

    def machine(self, place: int) -> bytes:
        """Return the gauges of a machine."""
        return "\n".join(f"hosts.host{place}.{gauge}:{self._dice.below(100_000)}|g" for gauge in _GAUGES).encode()

    def queue(self, place: int) -> bytes:
        """Return how the length of a queue changes, or at times what it is, and a change; it is never below 0."""
        dice, before = self._dice, self._queue
        if not before or dice.share() < 0.1:
            length, more = dice.below(200), 1 + dice.below(20)
            self._queue = length + more
            return f"shop.queue.length:{length}|g\nshop.queue.length:+{more}|g\n".encode()
        change = dice.below(20) if dice.share() < 0.5 else -dice.below(min(before, 20))
        self._queue += change
        return f"shop.queue.length:{change:+}|g\n".encode()

    def module(self, place: int) -> bytes:
        """Return the message counters of a module."""
        name = self._dice.one_of(self._modules)
        totals = self._totals[name]
        for counter in range(len(totals)):
            totals[counter] += self._dice.below(9)
        return "\n".join(
            f"flux.{name}.0.{counter}:{total}|g" for counter, total in zip(MESSAGE_COUNTERS, totals, strict=True)
        ).encode()

    def stock(self, place: int) -> bytes:
        """Return a datagram that is as full as it may be, each line with LF: the next items of two thousand."""
        lines, size = [], 0
        while size + len(line := self._item_counted()) <= _LARGEST:
            lines.append(line)
            size += len(line)
            self._item = (self._item + 1) % 2000
        return "".join(lines).encode()

    def _item_counted(self) -> str:
        return f"shop.stock.item{self._item:04}.counted:{1 + self._dice.below(40)}|c\n"

    def _request(self, server: str) -> Iterator[str]:
        dice = self._dice
        route = dice.one_of(_ROUTES)
        slow = 20 if dice.share() < 0.02 else 1
        yield f"{server}.{route}.requests:1|c"
        yield f"{server}.{route}.time:{(3 + dice.below(60)) * slow}|ms"
        if dice.share() < 0.03:
            yield f"{server}.{route}.errors:1|c"
        if dice.share() < 0.3:
            yield f"{server}.cache.hits:{1 + dice.below(3)}|c|@{dice.one_of(_RATES)}"
        if dice.share() < 0.2:
            yield f"shop.visitors:v{dice.below(20_000)}|s"


# How many emitters each service has, and its share of the datagrams by day and in the night's hour of the stock.
_SERVICES: Final[tuple[tuple[Callable[[Shop, int], bytes], int, int, int], ...]] = (
    (Shop.web, 3, 60, 20),
    (Shop.payment, 1, 15, 5),
    (Shop.machine, 8, 10, 10),
    (Shop.queue, 1, 5, 1),
    (Shop.module, 1, 10, 4),
    (Shop.stock, 1, 0, 60),
)


def day(seed: int, number: int = DATAGRAMS) -> Iterator[Datagram]:
    """Yield so many datagrams of a day, spread over its hours as a shop's are; equal seeds give equal days."""
    dice = Dice(seed)
    shop = Shop(dice)
    for place in range(number):
        second = _time(dice, (place + dice.share()) / number)
        service, port, of = _service(dice, second)
        source = Endpoint("127.0.0.1", _PORT + port + of)
        yield Datagram(service(shop, of), place + 1, _BEGIN + second, source, _TO)


def write_day(file: Path, seed: int, number: int = DATAGRAMS) -> int:
    """Write a day as a capture; return its size in bytes.

    Raises:
        OSError: the file cannot be written.
    """
    with file.open("wb") as opened:
        size = opened.write(header())
        for one in day(seed, number):
            size += opened.write(record(Packet(udp(one.source, one.destination, one.payload), one.time)))
    return size


def _time(dice: Dice, share: float) -> float:
    """Return the second of the day before which a share of all datagrams was sent."""
    left = share * sum(_LOAD)
    for hour, load in enumerate(_LOAD):
        if left < load:
            return (hour + left / load) * _HOUR
        left -= load
    return len(_LOAD) * _HOUR


def _service(dice: Dice, second: float) -> tuple[Callable[[Shop, int], bytes], int, int]:
    """Return who sends next, its first port, and which of its emitters it is."""
    night = _NIGHT * _HOUR <= second < (_NIGHT + 1) * _HOUR
    left, port = dice.below(100), 0
    for service, emitters, by_day, by_night in _SERVICES:
        left -= by_night if night else by_day
        if left < 0:
            return service, port, dice.below(emitters)
        port += emitters
    raise AssertionError("the shares are a hundred in all")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--seed", type=int, default=1, show_default=True, help="the same seed gives the same file")
@click.option("--datagrams", type=click.IntRange(1), default=DATAGRAMS, show_default=True, help="how many")
def main(file: Path, seed: int, datagrams: int) -> None:
    """Write a day in the life of an aggregator to FILE, a capture (pcap) for `replay`, `lint`, `trace` and others."""
    try:
        size = write_day(file, seed, datagrams)
    except OSError as error:
        raise click.ClickException(
            f"cannot write {file}: {error.strerror}; name a file in a folder that is there"
        ) from None
    click.echo(f"{datagrams:,} datagrams, {size:,} bytes, in {file}", err=True)


if __name__ == "__main__":
    main()
