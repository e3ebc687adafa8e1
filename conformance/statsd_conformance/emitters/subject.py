"""The emitters of a run: what a command sends, and what a recording holds."""

import shlex
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Final

from statsd_conformance.address import Address
from statsd_conformance.emitters.emission import Emission, numbered
from statsd_conformance.emitters.judged import judged
from statsd_conformance.emitters.started import EmitterError, Started, start_emitter
from statsd_conformance.lint import Settings
from statsd_conformance.recording import DamagedRecording, Datagram, read_recording
from statsd_conformance.requirement import Requirement
from statsd_conformance.route import Route
from statsd_conformance.session import Examination
from statsd_conformance.verdict import Outcome
from statsd_reference.emitter import EmitterProfile

# Marks of tags that only DogStatsD writes so.
_DOGSTATSD: Final = (b"|#", b"_e{", b"_sc|")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the options say about emitters. An empty `dialect` lets what is sent tell it."""

    folder: Path
    seconds: float
    size: int
    dialect: str = ""
    profile: EmitterProfile | None = None


@dataclass
class EmitterSubject:
    """One emitter under examination: `start` it early where that saves time, then `judge` case by case.

    `told` says that a case has told what keeps it from being examined.
    """

    name: str
    wanted: Wanted
    scratch: Path
    recording: Path | None = None
    begun: float = field(default_factory=monotonic)
    started: Started | None = None
    emission: Emission | None = None
    examination: Examination | None = None
    told: bool = False

    @property
    def command(self) -> str:
        """The command line that starts it; empty for a recording."""
        if self.recording:
            return ""
        return self.name

    def start(self) -> None:
        """Start its program, where it has one; what keeps it from starting is told by `examine`."""
        if self.started is None and self.command and self.examination is None:
            self.begun = monotonic()
            try:
                self.started = start_emitter(
                    self.command, folder=self.wanted.folder, scratch=self.scratch, seconds=self.wanted.seconds
                )
            except EmitterError as error:
                self.examination = self._examined(str(error))

    def examine(self) -> Examination:
        """Return how its run went, which is over then."""
        self.start()
        if self.examination is None:
            try:
                self.emission = self._dialect(self._seen())
                self.examination = self._examined("")
            except (EmitterError, OSError) as error:
                self.examination = self._examined(str(error))
        return self.examination

    def judge(self, requirement: Requirement) -> Outcome:
        """Return the outcome of a case; it has to be examined, and without a problem."""
        assert self.emission is not None
        return judged(requirement, self.emission, self._again(requirement.id))

    def abandon(self) -> None:
        """End its program, if it still runs."""
        if self.started:
            self.started.abandon()

    def _seen(self) -> Emission:
        like = Emission((), profile=self.wanted.profile)
        if self.started:
            return self.started.finish(like)
        assert self.recording is not None
        datagrams, lost = _read(self.recording)
        return replace(like, datagrams=datagrams, lost=lost)

    def _dialect(self, emission: Emission) -> Emission:
        """Return the emission with the settings of the linter that its lines, or the options, ask for."""
        tagged = any(mark in datagram.payload for datagram in emission.datagrams for mark in _DOGSTATSD)
        dialect = self.wanted.dialect or ("dogstatsd" if tagged else "etsy")
        return replace(emission, settings=Settings(dialect, self.wanted.size))

    def _examined(self, problem: str) -> Examination:
        address, route = None, Route()
        if self.emission:
            first = self.emission.datagrams[0]
            to, source = first.destination, first.source
            if to.port:
                address = Address("udp", to.host, to.port)
                route = Route(source.host, source.port, to.host, to.port)
        return Examination(
            self.name, "", {}, monotonic() - self.begun, None, address, problem, route, datetime.now(UTC)
        )

    def _again(self, id: str) -> str:
        if self.recording:
            return f"statsd-conformance run --recording {shlex.quote(str(self.recording))} -k {id}"
        return f"statsd-conformance run --emitter {shlex.quote(self.name)} -k {id}"


def _read(recording: Path) -> tuple[tuple[Datagram, ...], str]:
    """Return the datagrams of a recording, as far as it can be read, and what is wrong with it.

    Raises:
        EmitterError: nothing of it can be read.
    """
    datagrams: list[Datagram] = []
    lost = ""
    try:
        datagrams.extend(read_recording(recording))
    except DamagedRecording as error:
        lost = f"the recording is damaged: {error}"
    except OSError as error:
        raise EmitterError(f"{recording}: {error.strerror}") from None
    if not datagrams:
        raise EmitterError(f"{recording}: {lost or 'there is no datagram in it'}")
    return numbered(datagrams), lost
