"""The catalogue as people read it: entries by filter, one entry explained, and the whole of it as Markdown."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from difflib import get_close_matches
from importlib import import_module
from itertools import groupby

from statsd_conformance import chapters
from statsd_conformance.emitters.requirement import EMITTER_REQUIREMENTS
from statsd_conformance.graphite import Snapshot
from statsd_conformance.lint import RULES
from statsd_conformance.printable import escaped
from statsd_conformance.profile import load_profile
from statsd_conformance.requirement import UNTESTABLE, Requirement, Untestable
from statsd_conformance.survey import findings
from statsd_conformance.target import Target, token
from statsd_conformance.wave import Case

Entry = Requirement | Untestable
_WIDTH = 320


class UnknownId(ValueError):
    """An id that the catalogue does not have; the message names the nearest ones."""


def entries() -> list[Entry]:
    """Return every entry of the catalogue in the order of its chapters, numbers rising within a family."""
    tested = {case.requirement.id: case.requirement for case in chapters.all_cases()}
    order = list(dict.fromkeys(requirement.family for requirement in tested.values()))
    found: list[Entry] = [*tested.values(), *UNTESTABLE.values()]
    of_aggregators = sorted(found, key=lambda entry: (_place(entry.family, order), entry.family, entry.id))
    return [*of_aggregators, *emitter_entries()]


def emitter_entries() -> list[Entry]:
    """Return the requirements on emitters, by family and number; their families begin with an E."""
    # They are declared where they are tested.
    for name in chapters.chapter_names():
        import_module(name)
    return sorted(EMITTER_REQUIREMENTS.values(), key=lambda entry: entry.id)


def _place(family: str, order: Sequence[str]) -> int:
    return order.index(family) if family in order else len(order)


def chosen(families: Sequence[str] = (), classes: Sequence[str] = (), levels: Sequence[str] = ()) -> list[Entry]:
    """Return the entries that pass every filter; a filter without values lets all pass."""
    return [
        entry
        for entry in entries()
        if (not families or entry.family in families)
        and (not classes or entry.category.value in classes)
        and (not levels or entry.level.value in levels)
    ]


def entry_of(id: str) -> Entry:
    """Return one entry by its id, in any case of letters.

    Raises:
        UnknownId: there is none.
    """
    known = {entry.id: entry for entry in entries()}
    if found := known.get(id.upper()):
        return found
    family, dash, number = id.upper().partition("-")
    near = get_close_matches(f"{family}{dash}{number:0>2}", known, n=3, cutoff=0.5)
    hint = f"; the nearest are {', '.join(near)}" if near else "; `statsd-conformance list` prints all"
    raise UnknownId(f"the catalogue has no {id!r}{hint}")


def explained(entry: Entry) -> str:
    """Return one entry as text: sentence, citation, example datagrams, what known implementations do."""
    parts = [f"{entry.id} ({entry.category.value}, {entry.level.value})", entry.sentence, f"source:  {entry.cites}"]
    if isinstance(entry, Untestable):
        parts.append(f"no case: {entry.reason}")
    elif rule := RULES.get(entry.id):
        parts.append(f"why:     {rule.why}")
        parts += [f"good:    {_shortened(datagram)}" for datagram in rule.good]
        parts += [f"bad:     {_shortened(datagram)}" for datagram in rule.bad]
        if rule.aggregators:
            parts.append("survey:  what aggregators do with the bad one")
        parts += [f"    {name:<16} {effect}" for name, effect in rule.aggregators.items()]
    elif entry.id not in EMITTER_REQUIREMENTS:
        parts += [f"example: {_shortened(datagram)}" for datagram in example(entry)]
    for finding in findings(entry.id):
        parts.append(f"survey:  {finding.probe}")
        parts += [f"    {name:<16} {effect}" for name, effect in finding.effects.items()]
    return "\n".join(parts)


def _shortened(datagram: bytes) -> str:
    text = escaped(datagram)
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]} … ({len(datagram)} bytes)"


def example(entry: Requirement) -> list[bytes]:
    """Return the datagrams that the first case of a requirement sends before it waits; none when it sends none."""
    case = next(case for case in chapters.all_cases() if case.requirement is entry)
    return asyncio.run(_sent_first(case))


async def _sent_first(case: Case) -> list[bytes]:
    target = _Recorder()
    # A case may also end because it needs what this stand-in has not, a console for example: then what it sent so far
    # is the example.
    with suppress(Exception):
        await case.function(target=target, **case.parameters)
    return [datagram.replace(target.token + b".", b"") for datagram in target.trace.datagrams[:2]]


class _Enough(Exception):
    """The case waits for its first flush."""


class _Recorder(Target):
    """A target that keeps what is sent to it, and never flushes."""

    def __init__(self) -> None:
        super().__init__("example", load_profile("reference"), token("00000", 0))

    @property
    def interval(self) -> float:
        return 1.0

    def _transmit(self, datagram: bytes, *, elsewhere: bool = False) -> None:
        """Do nothing: the trace has it."""

    def needs_extension(self, name: str) -> None:
        """Pass for a target that has every extension."""

    def needs_paths(self, *kinds: str) -> None:
        """Pass for a target that publishes every kind."""

    async def _snapshots(self) -> Sequence[Snapshot]:
        raise _Enough


def markdown() -> str:
    """Return the whole catalogue as Markdown, with a LF at its end."""
    every, of_emitters = entries(), emitter_entries()
    parts = [
        "# The catalogue",
        "",
        f"Made from the cases by `make spec`; edit the cases, not this file. {_counted(every)}, "
        f"{len(every) - len(of_emitters)} on aggregators and {len(of_emitters)} on emitters.",
        "",
        "Classes: CORE is what clients depend on, ROBUST what no server may do, SPEC where the two norms differ, QUIRK "
        "what the original happens to do, EXT an extension.",
        *_families(every[: len(every) - len(of_emitters)]),
        "",
        "# Emitters",
        "",
        "What is sent, judged by `pytest conformance --emitter` and, as far as lines show it, by `statsd-conformance "
        "lint`. EPROFILE holds where a profile says what an emitter has to send (`--emitter-profile`).",
        *_families(of_emitters),
    ]
    return "\n".join(parts) + "\n"


def _counted(every: Sequence[Entry]) -> str:
    without = sum(isinstance(entry, Untestable) for entry in every)
    return f"{len(every)} requirements, {without} of them without a case, each with the reason"


def _families(every: Sequence[Entry]) -> Iterator[str]:
    for family, members in groupby(every, key=lambda entry: entry.family):
        yield from ("", f"## {family}", "", *_table(members))


def _table(members: Iterator[Entry]) -> Iterator[str]:
    yield "| id | class | level | requirement | source |"
    yield "|---|---|---|---|---|"
    for entry in members:
        sentence = _cell(entry.sentence)
        if isinstance(entry, Untestable):
            sentence += f"<br>*No case:* {_cell(entry.reason)}"
        yield f"| {entry.id} | {entry.category.value} | {entry.level.value} | {sentence} | {_cell(entry.cites)} |"


def _cell(text: str) -> str:
    # In a table of GitHub's Markdown a bar ends the cell even between backticks, unless it is escaped.
    return text.replace("|", "\\|").replace("\n", " ")
