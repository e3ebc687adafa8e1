"""The emitters of a run: what a command or the reference emitter sends, and what a recording holds."""

import shlex
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Final

from statsd_conformance.address import Address
from statsd_conformance.emitters.emission import Emission, numbered
from statsd_conformance.emitters.judged import judged
from statsd_conformance.emitters.narrow import NARROW, on_narrow_loopback
from statsd_conformance.emitters.reference import PROFILE, REFERENCE, SIZE, reference_command, reference_environment
from statsd_conformance.emitters.started import EmitterError, Started, start_emitter
from statsd_conformance.lint import Settings
from statsd_conformance.recording import DamagedRecording, Datagram, NoDatagrams, read_recording
from statsd_conformance.requirement import Requirement
from statsd_conformance.route import Route
from statsd_conformance.session import Examination
from statsd_conformance.verdict import Outcome
from statsd_reference.emitter import load_emitter_profile

# Marks of tags that only DogStatsD writes so.
_DOGSTATSD: Final = (b"|#", b"_e{", b"_sc|")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the options say about emitters: an empty `dialect` lets what is sent tell it, no `profile` is for any.

    `ports` are those of a capture to which lines went, by default those of StatsD.
    """

    folder: Path
    seconds: float
    size: int
    dialect: str = ""
    profile: str = ""
    ports: Sequence[int] = ()


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
    narrow: Emission | EmitterError | None = None
    told: bool = False

    @property
    def command(self) -> str:
        """The command line that starts it, where it is no recording."""
        return reference_command(self.profile) if self.name == REFERENCE else self.name

    @property
    def profile(self) -> str:
        """How it spells its counters, by name or file, empty where nobody knows; the reference does as it is told."""
        return self.wanted.profile or (PROFILE if self.name == REFERENCE else "")

    def start(self) -> None:
        """Start its program, where it has one; what keeps it from starting is told by `examine`."""
        if self.started is None and self.recording is None and self.examination is None:
            self.begun = monotonic()
            try:
                self.started = self._start(self.scratch)
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

    def _start(self, scratch: Path) -> Started:
        return start_emitter(
            self.command,
            folder=self.wanted.folder,
            scratch=scratch,
            seconds=self.wanted.seconds,
            environment=reference_environment() if self.name == REFERENCE else None,
        )

    def _over_narrow(self) -> Emission:
        """Return what it sends over a narrow path; it is run there once.

        Raises:
            Unsupported: this machine has no such place.
            AssertionError: it fails there.
        """
        if self.narrow is None:
            try:
                scratch = Path(tempfile.mkdtemp(prefix="narrow-", dir=self.scratch))
                self.narrow = on_narrow_loopback(lambda: self._start(scratch)).finish(Emission(()))
            except EmitterError as error:
                self.narrow = error
        if isinstance(self.narrow, EmitterError):
            failed = str(self.narrow).removeprefix(f"{self.command}: ")
            raise AssertionError(f"where packets have {NARROW} bytes at most it {failed}")
        return self.narrow

    def _seen(self) -> Emission:
        like = Emission((), profile=load_emitter_profile(self.profile) if self.profile else None)
        if self.started:
            return replace(self.started.finish(like), over_narrow=self._over_narrow)
        assert self.recording is not None
        datagrams, lost = _read(self.recording, self.wanted.ports)
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
        seconds = monotonic() - self.begun
        if self.started and self.emission:
            # Nobody looks at it while the cases of aggregators run: it lasts as long as it sends.
            seconds = self.emission.datagrams[-1].time - self.started.began_at
        return Examination(self.name, "", {}, seconds, None, address, problem, route, datetime.now(UTC))

    def _again(self, id: str) -> str:
        if self.recording:
            return f"statsd-conformance run --recording {shlex.quote(self.name)}{self._told()} -k {id}"
        named = "" if self.name == REFERENCE else f" --emitter {shlex.quote(self.name)}"
        return f"statsd-conformance run{named}{self._told()} -k {id}"

    def _told(self) -> str:
        """Return the options that what is judged depends on."""
        options = {
            "--emitter-profile": self.wanted.profile,
            "--emitter-dialect": self.wanted.dialect,
            "--emitter-size": "" if self.wanted.size == SIZE else f"{self.wanted.size}",
        }
        told = "".join(f" {name} {shlex.quote(value)}" for name, value in options.items() if value)
        return told + "".join(f" --emitter-port {port}" for port in self.wanted.ports)


def _read(recording: Path, ports: Sequence[int]) -> tuple[tuple[Datagram, ...], str]:
    """Return the datagrams of a recording, as far as it can be read, and what is wrong with it.

    Raises:
        EmitterError: nothing of it can be read.
    """
    datagrams: list[Datagram] = []
    lost = ""
    try:
        datagrams.extend(read_recording(recording, ports=ports))
    except NoDatagrams as error:
        raise EmitterError(f"{recording}: {error}") from None
    except DamagedRecording as error:
        lost = f"the recording is damaged: {error}"
    except OSError as error:
        raise EmitterError(f"{recording}: {error.strerror}") from None
    if not datagrams:
        raise EmitterError(f"{recording}: {lost or 'there is no datagram in it'}")
    return numbered(datagrams), lost
