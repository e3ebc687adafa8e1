"""The message counters of twenty modules, from the reference emitter on a loop in libev's order."""

from recorded.said import Said
from recorded.simulated import SimulatedLoop
from statsd_reference.emitter import load_emitter_profile
from statsd_reference.emitter.run import Plan, Run, module_names

MODULES = module_names(20)
_SECONDS = 2.5
_MESSAGES = 40.0
# What it takes to make a datagram and hand it to the kernel: 17 µs were measured of Python.
_SENDING = 0.00002
# From when to when something else keeps the loop busy, in every pass, and how long that takes in each.
BUSY = (1.0, 1.3)
_WORK = 0.002


def message_counters(watcher: str) -> tuple[Said, ...]:
    """Return what the emitters of all modules send when a watcher, one of `emit --watcher`, looks at their counters."""
    loop = SimulatedLoop()
    said: list[Said] = []

    def send(payload: bytes) -> bool:
        said.append(Said(payload, loop.now))
        loop.work(_SENDING)
        return True

    _keep_busy(loop)
    plan = Plan(
        load_emitter_profile("snapshot"), modules=MODULES, watcher=watcher, rate=_MESSAGES, seconds=_SECONDS, seed=1
    )
    Run(plan, loop, send, lambda: loop.now).run()
    return tuple(said)


def _keep_busy(loop: SimulatedLoop) -> None:
    """Let the loop have something else to do in each pass for some time, so that it is never quiet then."""
    begin, end = BUSY

    def work() -> None:
        loop.work(_WORK)
        if loop.now >= end:
            busy.stop()

    def turn() -> None:
        waking.stop()
        busy.start()

    busy, waking = loop.timer(_WORK, work), loop.timer(begin, turn)
    waking.start()
