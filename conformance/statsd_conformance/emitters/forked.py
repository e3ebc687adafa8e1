"""Processes that a program left behind when it went into the background, found by what stands in their environment."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import psutil

# Seconds between SIGTERM and SIGKILL.
_GRACE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Forked:
    """What was found running; false where nothing was."""

    processes: "tuple[psutil.Process, ...]"

    def __bool__(self) -> bool:
        return bool(self.processes)

    def wait(self, seconds: float) -> None:
        """Wait until all have ended, for at most so long."""
        if self.processes:
            import psutil

            psutil.wait_procs(self.processes, seconds)

    def stop(self) -> None:
        """End them: SIGTERM, and SIGKILL after the grace; harmless when they ended before."""
        import psutil

        for process in self.processes:
            with suppress(psutil.NoSuchProcess):
                process.terminate()
        self.wait(_GRACE)
        for process in self.processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()


def forked(variable: str, value: str, but: Collection[int]) -> Forked:
    """Return the processes in whose environment `variable` has that value, without those of the pids `but`."""
    # Its import costs more than a run without an emitter.
    import psutil

    return Forked(tuple(one for one in psutil.process_iter() if one.pid not in but and _has(one, variable, value)))


def _has(process: "psutil.Process", variable: str, value: str) -> bool:
    import psutil

    try:
        return process.environ().get(variable) == value
    except (psutil.Error, OSError):
        return False
