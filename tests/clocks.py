"""Time for tests that do not wait."""


class FakeClock:
    """Time that passes by sleeping, and by nothing else."""

    def __init__(self, now: float = 100.0) -> None:
        self.now = now

    def monotonic(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float, /) -> None:
        """Let time pass."""
        self.now += seconds
