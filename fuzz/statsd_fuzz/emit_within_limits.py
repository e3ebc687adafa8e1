"""An emitter, whatever it is told, sends no datagram beyond its limit, and whole lines that the reference reads.

The first byte of an input chooses the emitter, the second the length of its module's name; then each call is three
bytes: what, which, and how much.
"""

from collections.abc import Callable
from dataclasses import replace

from statsd_fuzz._driver import fuzz, instrumented
from statsd_fuzz.inputs import dice

with instrumented(__name__):
    from statsd_reference import BadLine, Options, make_server
    from statsd_reference.emitter import BatchEmitter, Emitter, EmitterProfile, load_emitter_profile, make_emitter

SEEDS = ("calls",)
_SNAPSHOT, _BATCH = load_emitter_profile("snapshot"), load_emitter_profile("batch")
PROFILES = (
    _SNAPSHOT,
    _BATCH,
    replace(_SNAPSHOT, max_payload=200, newline_at_end=True, overflow="split", sign="zero-first"),
    replace(_SNAPSHOT, type="c", max_payload=150, max_line=40),
    replace(_BATCH, max_payload=64, newline_at_end=True, quiet="resend"),
    replace(_BATCH, type="g", max_payload=90, max_line=0, trigger="immediate", quiet="keep"),
)
# `C`, running totals, is a dialect.
_READ = make_server(Options(extensions=("C",)))
_NAMES = ("total", "gauge", "deep.gauge", "n" * 60, "time")


def check(data: bytes) -> None:
    """Make the calls, with an other end that takes most datagrams, and look at each datagram."""
    if len(data) < 2:
        return
    profile = PROFILES[data[0] % len(PROFILES)]
    random = dice(data)

    def send(payload: bytes) -> bool:
        _assert_sound(payload, profile)
        return random.random() < 0.9

    emitter = make_emitter(profile, "m" * (1 + data[1] % 140), data[1] << 24, send)
    emitter.set_mask(profile.mask)
    for place in range(2, len(data) - 2, 3):
        what, which, amount = data[place : place + 3]
        _CALLS[what % len(_CALLS)](emitter, which, amount)
    emitter.close()


def _assert_sound(payload: bytes, profile: EmitterProfile) -> None:
    assert 0 < len(payload) <= profile.max_payload, f"{len(payload)} bytes: {payload!r}"
    assert payload.endswith(b"\n") == profile.newline_at_end, payload
    lines = payload.removesuffix(b"\n").split(b"\n")
    assert all(lines), payload
    assert not profile.max_line or max(map(len, lines)) <= profile.max_line, payload
    for line in lines:
        outcomes = _READ.parse(line)
        assert len(outcomes) == 1, line
        assert not isinstance(outcomes[0], BadLine), outcomes


def _number(amount: int) -> int:
    """Return a number of any width up to 25 digits from a byte; two in three are below 100."""
    return amount if amount < 170 else int(10 ** ((amount - 170) / 3.4))


def _add(emitter: Emitter, which: int, amount: int) -> None:
    emitter.add(which % len(emitter.profile.counters), _number(amount))


def _look(emitter: Emitter, which: int, amount: int) -> None:
    emitter.look()


def _clear(emitter: Emitter, which: int, amount: int) -> None:
    emitter.clear()


def _wait(emitter: Emitter, which: int, amount: int) -> None:
    emitter.wait()


def _set_mask(emitter: Emitter, which: int, amount: int) -> None:
    emitter.set_mask(0 if amount % 2 else emitter.profile.mask)


def _set_period(emitter: Emitter, which: int, amount: int) -> None:
    emitter.set_period(amount % 3)


def _give(emitter: Emitter, which: int, amount: int) -> None:
    """Give a metric by name, where the emitter takes any."""
    if not isinstance(emitter, BatchEmitter):
        return
    name, number = _NAMES[which % len(_NAMES)], _number(amount)
    match which // len(_NAMES) % 5:
        case 0:
            emitter.count(name, number)
        case 1:
            emitter.set(name, -number)
        case 2:
            emitter.set(name, number)
        case 3:
            emitter.increase(name, -number)
        case _:
            emitter.timing(name, number / 7)


_CALLS: tuple[Callable[[Emitter, int, int], None], ...] = (
    _add, _look, _give, _give, _clear, _wait, _set_mask, _set_period,
)  # fmt: skip

if __name__ == "__main__":
    fuzz(check, SEEDS)
