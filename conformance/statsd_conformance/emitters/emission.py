"""What an emitter has sent, as its cases see it, and what they find wrong with it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from statsd_conformance.emitters.said import Said, lines_of, said
from statsd_conformance.lint import Finding, Settings, lint
from statsd_conformance.recording import Datagram
from statsd_conformance.requirement import Inconclusive, Unsupported
from statsd_reference.emitter import EmitterProfile


@dataclass(frozen=True, slots=True)
class Fault:
    """Bytes `start` to `stop` of a datagram, and what is wrong with them; the whole datagram where both are 0."""

    datagram: Datagram
    message: str
    start: int = 0
    stop: int = 0


class Broken(AssertionError):
    """A requirement that does not hold of what was sent; `faults` say where, one at least."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = faults
        datagrams = len({fault.datagram.number for fault in faults})
        more = f" (and in {datagrams - 1} datagrams more)" if datagrams > 1 else ""
        super().__init__(f"{_told(faults[0])}{more}")


def _told(fault: Fault) -> str:
    where = f"datagram {fault.datagram.number}"
    return f"{where}, byte {fault.start}: {fault.message}" if fault.stop else f"{where}: {fault.message}"


def refuse(faults: Iterable[Fault]) -> None:
    """Pass when there is no fault.

    Raises:
        Broken: there is one.
    """
    if found := list(faults):
        raise Broken(found)


# A cached property keeps what it has found in the instance.
@dataclass(frozen=True)
class Emission:
    """All datagrams of one emitter, in order, none missing unless `lost`.

    Attributes:
        datagrams: what came; of TCP the pieces that were read.
        settings: dialect, datagram size and rules, for the linter.
        profile: how it spells its counters, None where nobody said.
        meant: the lines that it means to have sent, None where it does not tell.
        ended: whether the emitter was seen to end, after which nothing more could come.
        lost: why something may be missing, empty when nothing is.
        over_narrow: runs it once more where packets have 576 bytes at most, see `need_narrow`; None where nobody can.
    """

    datagrams: tuple[Datagram, ...]
    settings: Settings = field(default_factory=Settings)
    profile: EmitterProfile | None = None
    meant: tuple[bytes, ...] | None = None
    ended: bool = True
    lost: str = ""
    over_narrow: "Callable[[], Emission] | None" = field(default=None, compare=False)

    @cached_property
    def findings(self) -> dict[str, list[Finding]]:
        """What the linter says, by the code of the rule."""
        found: dict[str, list[Finding]] = {}
        for one in lint(self.datagrams, self.settings):
            found.setdefault(one.code, []).append(one)
        return found

    @cached_property
    def lines(self) -> tuple[bytes, ...]:
        """The lines that came, without LF."""
        return tuple(lines_of(self.datagrams))

    @cached_property
    def samples(self) -> tuple[Said, ...]:
        """The samples of these lines, without what cannot be read."""
        return tuple(one for line in self.lines for one in said(line) if isinstance(one, Said))

    def faults(self, code: str) -> Iterator[Fault]:
        """Yield where a rule of the linter does not hold."""
        by_number = {datagram.number: datagram for datagram in self.datagrams}
        for finding in self.findings.get(code, ()):
            yield _fault(finding, by_number[finding.number])

    def need(self, sent: Callable[["Emission"], bool], what: str) -> None:
        """Pass where something of that sort was sent.

        Raises:
            Unsupported: nothing was.
        """
        if not sent(self):
            raise Unsupported(f"it sent no {what}")

    def need_profile(self, gate: str = "") -> EmitterProfile:
        """Return the profile, where there is one that has this gate, if one is asked for.

        Raises:
            Unsupported: there is none.
        """
        if self.profile is None:
            raise Unsupported("nobody said what it has to send: --emitter-profile snapshot, batch or FILE does")
        if gate and self.profile.gate != gate:
            raise Unsupported(f"its profile {self.profile.name} has the gate {self.profile.gate!r}, not {gate!r}")
        return self.profile

    def need_narrow(self) -> "Emission":
        """Return what it sends where a packet has 576 bytes at most.

        Raises:
            Unsupported: nobody can run it there.
            AssertionError: it fails there.
        """
        if self.over_narrow is None:
            raise Unsupported("what was recorded cannot be run once more over a narrow path")
        return self.over_narrow()

    def need_all(self) -> None:
        """Pass where nothing can be missing.

        Raises:
            Inconclusive: something may be.
        """
        if self.lost:
            raise Inconclusive(self.lost)


def _fault(finding: Finding, datagram: Datagram) -> Fault:
    if finding.line == 0:
        return Fault(datagram, finding.message)
    if datagram.stream:
        # The line may have begun in a piece before.
        datagram = replace(datagram, payload=finding.text)
        return Fault(datagram, finding.message, max(finding.column - 1, 0), max(finding.column, 1))
    before = datagram.payload.split(b"\n")[: finding.line - 1]
    start = sum(len(line) + 1 for line in before) + max(finding.column - 1, 0)
    # What is missing has no byte: then the one before it stands for it.
    start = max(min(start, len(datagram.payload) - 1), 0)
    return Fault(datagram, finding.message, start, start + 1)


def numbered(datagrams: Iterable[Datagram]) -> tuple[Datagram, ...]:
    """Return datagrams with numbers of their own, from 1: several packets of a recording may bear the same."""
    return tuple(replace(one, number=number) for number, one in enumerate(datagrams, 1))
