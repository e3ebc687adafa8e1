"""How cases of the console prepare what they ask for."""

import asyncio

from statsd_conformance.profile import load_profile
from statsd_conformance.target import InProcess
from statsd_conformance.test_18_admin import _listed
from statsd_reference import Options, make_server


class Held(InProcess):
    """A target that reads what was sent when it is waited for, and no sooner."""

    held = 0

    def _transmit(self, datagram: bytes, *, elsewhere: bool = False) -> None:
        self.held += 1
        super()._transmit(datagram, elsewhere=elsewhere)

    async def reads(self) -> bool:
        """Read everything."""
        self.held = 0
        return True


def test_nothing_is_on_its_way_when_a_sample_that_a_flush_emptied_is_listed_again() -> None:
    async def run() -> tuple[int, int]:
        target = Held(make_server(Options()), load_profile("statsd"))
        bucket = target.bucket("a")
        async with target.console() as console:
            asked = console.ask
            emptied = iter([b"{ '%b': 0 }\nEND\n\n" % bucket])

            async def ask(command: bytes, end: bytes) -> bytes:
                return next(emptied, None) or await asked(command, end)

            console.ask = ask  # type: ignore[method-assign]  # a flush that comes in between
            await _listed(target, console, "gauges", [bucket])
        return target.held, len(target.trace.datagrams)

    held, sent = asyncio.run(run())
    assert sent > 2
    assert held == 0
