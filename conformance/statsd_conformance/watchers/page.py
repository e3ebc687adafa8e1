"""The page: tables beside the reported figures, and sentences that only say what was measured."""

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from importlib.resources import files
from os import cpu_count

from statsd_conformance.watchers.experiment import BURSTS, FLOOD, NOTED, REST, Scale
from statsd_conformance.watchers.measure import Spread, Trial
from statsd_conformance.watchers.summary import (
    REPORTED,
    WORDS,
    Row,
    count,
    order,
    overlap,
    per_change,
    rows,
    seconds,
    share,
)

_REPORTED_ORDER = " > ".join(sorted(REPORTED, key=lambda watcher: -REPORTED[watcher][0]))


def page(trials: Sequence[Trial], scale: Scale) -> str:
    """Return what came out as Markdown."""
    import jinja2

    environment = jinja2.Environment(keep_trailing_newline=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string((files(__package__) / "page.md.jinja").read_text(encoding="utf-8"))
    made = rows(trials)
    return template.render(
        made_with=made_with(),
        repeats=scale.repeats,
        trial_seconds=scale.seconds,
        rows=made,
        words=WORDS,
        flood=FLOOD,
        noted=NOTED,
        rest=REST,
        bursts=BURSTS,
        explained=list(explained(made)),
        ranged=ranged,
        middle=middle,
        reported=reported,
        times=times,
        count=count,
        per_change=per_change,
        seconds=seconds,
        share=share,
    )


def made_with() -> str:
    """Return what measured: processors, Python, gevent."""
    return (
        f"Measured on {cpu_count()} processors with Python {platform.python_version()} and gevent {version('gevent')}"
    )


def ranged(found: Spread | None, written: Callable[[float], str]) -> str:
    """Return a figure with the lowest and the highest."""
    return f"{written(found.middle)} ({written(found.low)} to {written(found.high)})" if found else ""


def middle(found: Spread | None, written: Callable[[float], str]) -> str:
    """Return a figure by its middle."""
    return written(found.middle) if found else ""


def reported(row: Row, which: int) -> str:
    """Return the figure of the notes, at the peak or at rest; empty for what they did not try."""
    return count(REPORTED[row.watcher][which]) if row.watcher in REPORTED else ""


def times(row: Row) -> str:
    """Return how many times the reported peak was reached."""
    return f"{row.peak.middle / REPORTED[row.watcher][0]:.1f}" if row.peak and row.watcher in REPORTED else ""


def explained(made: Sequence[Row]) -> Iterator[str]:
    """Yield sentences about the order of the watchers, each of which rests on figures of the trials."""
    by = {row.watcher: row for row in made}
    yield (
        f"By metrics/s the notes have {_REPORTED_ORDER}. Here it is {order(made, lambda row: row.peak)} under the flood"
        + (f", and {noted} under the load of the notes' peak" if (noted := order(made, lambda row: row.noted)) else "")
        + "; `=` means that trials of the two overlap, or are too few to tell."
    )
    yield from _prepare_and_check(by)
    yield from _idle(by)
    yield from _at_rest(by)
    yield from _redundancy(by)


def _prepare_and_check(by: Mapping[str, Row]) -> Iterator[str]:
    prepare, check, late = by["prepare"], by["check"], by["check-after-io"]
    if prepare.peak and check.peak:
        part = share(check.peak.middle / prepare.peak.middle)
        yield (
            "Of prepare and check neither sends more often: each looks once a pass, and a pass handles one message."
            if overlap(prepare.peak, check.peak)
            else f"Check sends {part} of what prepare sends, though each looks once a pass."
        )
    if prepare.longest and check.longest and late.longest and check.longest.low > prepare.longest.high:
        yield (
            "Check has a tail. libev calls it before what came is handled, so the last message of a burst is told of "
            f"when something else wakes the loop: up to {seconds(check.longest.middle)} later, where prepare takes "
            f"{seconds(prepare.longest.middle)}. At a priority below that of I/O, check comes after what is handled, "
            f"and the tail is gone: {seconds(late.longest.middle)}."
        )


def _idle(by: Mapping[str, Row]) -> Iterator[str]:
    idle, prepare = by["idle"], by["prepare"]
    if idle.processor and idle.looks and prepare.processor:
        left = f" It leaves a neighbour there {share(idle.beside.middle)} of its work." if idle.beside else ""
        yield (
            f"Idle never lets the loop wait. With nothing to do it looks {count(idle.looks.middle)} times a second and "
            f"takes {share(idle.processor.middle)} of a processor that it shares with another program, where prepare "
            f"takes {share(prepare.processor.middle)}.{left} Where several modules do so on few processors, all work "
            "takes longer, and fewer messages a second are there to be counted."
        )
    if idle.peak and prepare.peak and idle.per_change and idle.peak.high < prepare.peak.low:
        yield (
            "libev calls idle only when nothing is left to handle, so under load one datagram tells of "
            f"{count(1 / idle.per_change.middle)} changes, and by metrics/s it is behind prepare."
        )
    if idle.noted and prepare.noted:
        yield (
            f"Under the load of the notes' peak idle sends {share(idle.noted.middle / prepare.noted.middle)} of what "
            f"prepare sends; in the notes it is {share(REPORTED['idle'][0] / REPORTED['prepare'][0])}."
        )


def _at_rest(by: Mapping[str, Row]) -> Iterator[str]:
    prepare, check, idle = by["prepare"].rest, by["check"].rest, by["idle"].rest
    if prepare and check and idle:
        figures = f"{count(prepare.middle)}, {count(check.middle)} and {count(idle.middle)}"
        yield (
            f"At rest prepare, check and idle send {figures} metrics/s: a datagram a message. The notes have "
            f"{REPORTED['prepare'][1]}, {REPORTED['check'][1]} and {REPORTED['idle'][1]}, each from a run with other "
            "messages; what check lacks there comes of messages that one pass of that loop handled together, of which "
            "there are none here."
            if overlap(prepare, check)
            else f"At rest prepare, check and idle send {figures} metrics/s: what check has not told of when the time "
            "is over is missing."
        )


def _redundancy(by: Mapping[str, Row]) -> Iterator[str]:
    prepare, timer = by["prepare"], by["timer"]
    if prepare.per_change and timer.median and timer.peak:
        yield (
            "Metrics/s measure how often the same is said again. Of datagrams prepare sends "
            f"{per_change(prepare.per_change.middle)} for each change. A timer of one second sends "
            f"{count(timer.peak.middle)} metrics/s under the same load, its totals are as right in the end, and the "
            f"price is staleness: {seconds(timer.median.middle)} in the middle."
        )
    yield "So an emitter is better judged by staleness, by datagrams for a change and by its cost at rest."
