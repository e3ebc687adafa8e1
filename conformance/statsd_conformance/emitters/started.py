"""An emitter under a command: started with the address in its environment, and all that it sends."""

import shlex
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from statsd_conformance.emitters.emission import Emission
from statsd_conformance.emitters.forked import Forked, forked
from statsd_conformance.emitters.listening import Listening
from statsd_conformance.process import Process, StartError, start

# A variable whose value no other emitter has.
_MEANT: Final = "STATSD_MEANT"


class EmitterError(Exception):
    """An emitter of which nothing can be said; the message says why, and what to do about it."""


@dataclass
class Started:
    """An emitter that runs, and the place where it is listened to.

    It began at `begun` of the monotonic clock, `began_at` in seconds since 1970, and has `seconds`.
    """

    command: str
    process: Process
    listening: Listening
    meant: Path
    seconds: float
    begun: float
    began_at: float

    def finish(self, like: Emission) -> Emission:
        """Wait until it has ended or its time is over, and end it then; return what it sent, judged as `like` is.

        Raises:
            EmitterError: it failed, or sent nothing.
        """
        try:
            status = self.process.exit_status(self._left())
            if status == 0 and (daemons := self._daemons()):
                # It went into the background, where it goes on to send.
                daemons.wait(self._left())
                daemons.stop()
            elif status is None:
                # Who is told to end may have something left to send.
                self.process.stop()
            elif status != 0:
                ended = f"with exit status {status}" if status > 0 else f"by signal {-status}"
                raise EmitterError(
                    f"{self.command}: ended {ended}, so what it sent is not judged; the end of its log:\n"
                    f"{self.process.log_tail()}"
                )
            return self._emission(like)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """End it, if it still runs, and listen no more; harmless when that was done."""
        self.process.stop()
        self._daemons().stop()
        self.listening.close()

    def _left(self) -> float:
        return max(self.begun + self.seconds - time.monotonic(), 0.0)

    def _daemons(self) -> Forked:
        return forked(_MEANT, str(self.meant), but=self.process.family())

    def _emission(self, like: Emission) -> Emission:
        datagrams = self.listening.datagrams()
        if not datagrams:
            raise EmitterError(
                f"{self.command}: sent nothing to {self.listening.host}:{self.listening.port} in "
                f"{time.monotonic() - self.begun:.1f} s; it finds the address in STATSD_HOST and STATSD_PORT, or where "
                "{host} and {port} stand in its command, and --emit-seconds gives it more time"
            )
        drops = self.listening.dropped()
        lost = f"the kernel dropped {drops} datagrams that came too fast" if drops else ""
        return replace(like, datagrams=datagrams, meant=_meant(self.meant), lost=lost)


def _meant(file: Path) -> tuple[bytes, ...] | None:
    if not file.exists():
        return None
    return tuple(line for line in file.read_bytes().split(b"\n") if line)


def start_emitter(
    command: str, *, folder: Path, scratch: Path, seconds: float, environment: Mapping[str, str] | None = None
) -> Started:
    """Start an emitter in `folder`; `{host}` and `{port}` in its command are filled in, no shell reads it.

    Its output goes into a file of the folder `scratch`; `environment` is added to ours.

    Raises:
        EmitterError: there is no such program.
    """
    words = _words(command)
    listening = Listening()
    meant = scratch / "meant"
    told = {
        "STATSD_HOST": listening.host,
        "STATSD_PORT": str(listening.port),
        _MEANT: str(meant),
    }
    filled = [word.replace("{host}", listening.host).replace("{port}", str(listening.port)) for word in words]
    try:
        process = start(filled, directory=folder, log=scratch / "log.txt", environment={**(environment or {}), **told})
    except StartError as error:
        listening.close()
        raise EmitterError(f"{command}: {error}") from None
    return Started(command, process, listening, meant, seconds, time.monotonic(), time.time())


def _words(command: str) -> Sequence[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise EmitterError(f"{command}: {error}") from None
    if not words or shutil.which(words[0]) is None:
        raise EmitterError(f"{command}: no such program: {words[0] if words else 'the command is empty'}")
    return words
