"""The lines that a proxy passes on, for a target that publishes nothing itself: each is shown as Graphite's."""

from collections.abc import Callable
from dataclasses import dataclass, field

from statsd_conformance.behind import Behind, Passed
from statsd_conformance.graphite import Snapshot
from statsd_conformance.observers.observer import MakeObserver
from statsd_conformance.observers.repeated import RepeatObserver
from statsd_conformance.profile import Profile


@dataclass
class PassedObserver(RepeatObserver):
    """Looks at what is passed on to `behind`; silence ends what is taken for a flush."""

    output: str = "passed on"
    behind: Behind = field(default_factory=Behind)

    async def open(self) -> int:
        """Begin to look; return 0, for `behind` listens by itself."""
        self.behind.on_passed = self._look
        return 0

    def heard(self) -> str:
        """Return what there was to hear, where that was no flush, and what to do about it."""
        places = ", ".join(map(str, self.behind.addresses))
        came = f"{len(self.behind.passed)} datagrams were passed on to {places}"
        return f"{came}. Point the target at these, choose others with --behind"

    def _look(self, passed: Passed) -> None:
        self._take(passed.data.removesuffix(b"\n").split(b"\n"))


def passed_on(behind: Behind) -> MakeObserver:
    """Return what makes an observer of what is passed on there."""

    def make(profile: Profile, on_snapshot: Callable[[Snapshot], None], silence: Callable[[], float]) -> PassedObserver:
        return PassedObserver(profile, on_snapshot, silence, behind=behind)

    return make
