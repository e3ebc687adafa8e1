"""Made-up messages add up as those of the first emitter's tables do."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from statsd_reference.emitter.profile import MESSAGE_COUNTERS
from statsd_reference.emitter.traffic import Counted, Traffic

REQUEST_TX, REQUEST_RX, RESPONSE_TX, RESPONSE_RX, EVENT_TX, EVENT_RX = range(6)


@given(st.integers(1, 8), st.integers(0, 200), st.integers(0, 5), st.integers(0, 2**32))
def test_each_module_answers_all_and_hears_what_it_says_and_every_heartbeat(
    modules: int, messages: int, heartbeats: int, seed: int
) -> None:
    traffic = Traffic(modules, Random(seed))
    counts = [[0] * len(MESSAGE_COUNTERS) for _ in range(modules)]

    def count(*counted: Counted) -> None:
        for module, counter in counted:
            counts[module][counter] += 1

    for _ in range(messages):
        count(*traffic.message())
    for _ in range(heartbeats):
        count(*traffic.heartbeat())
    for answer in traffic.settle():
        count(*answer)
    for module in counts:
        assert module[REQUEST_TX] == module[RESPONSE_RX]
        assert module[REQUEST_RX] == module[RESPONSE_TX]
        assert module[EVENT_RX] - module[EVENT_TX] == heartbeats


def test_message_is_sent_once_and_received_once() -> None:
    traffic = Traffic(3, Random(1))
    for _ in range(100):
        (_, sent), (_, received) = traffic.message()
        assert (sent, received) in {(REQUEST_TX, REQUEST_RX), (RESPONSE_TX, RESPONSE_RX), (EVENT_TX, EVENT_RX)}


def test_requests_are_answered_while_it_goes_on() -> None:
    traffic = Traffic(3, Random(1))
    sent = [traffic.message()[0][1] for _ in range(1000)]
    assert sent.count(REQUEST_TX) - sent.count(RESPONSE_TX) <= 8
    assert sent.count(EVENT_TX) > 0


def test_same_seed_gives_the_same_messages() -> None:
    one, other, third = (Traffic(5, Random(seed)) for seed in (1, 1, 2))
    messages = [[traffic.message() for _ in range(50)] for traffic in (one, other, third)]
    assert messages[0] == messages[1] != messages[2]
