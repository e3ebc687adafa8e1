"""The fixture for authors of applications, used as they use it."""

import socket
from collections.abc import Iterator

import pytest

from statsd_conformance.capture import Capture
from statsd_conformance.emitters.listening import Listening


@pytest.fixture
def capture() -> Iterator[Capture]:
    listening = Listening()
    yield Capture(listening, timeout=0.0)
    listening.close()


def send(capture: Capture, *datagrams: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        for datagram in datagrams:
            udp.sendto(datagram, (capture.host, capture.port))


def failure(call: object, *arguments: object, **named: object) -> str:
    assert callable(call)
    with pytest.raises(AssertionError) as caught:
        call(*arguments, **named)
    return str(caught.value)


def test_what_was_sent_before_is_there_when_it_is_asked_for(capture: Capture) -> None:
    send(capture, b"a:1|c\nb:2|g", b"c:3|ms\n")
    assert capture.datagrams == [b"a:1|c\nb:2|g", b"c:3|ms\n"]
    assert capture.lines == [b"a:1|c", b"b:2|g", b"c:3|ms"]
    assert [(one.name, one.value) for one in capture.samples] == [(b"a", 1), (b"b", 2), (b"c", 3)]


def test_an_empty_datagram_is_one_and_holds_no_line(capture: Capture) -> None:
    send(capture, b"")
    assert capture.datagrams == [b""]
    assert capture.lines == []


def test_more_datagrams_than_a_socket_holds_come_all(capture: Capture) -> None:
    send(capture, *[b"a:1|c"] * 2000)
    assert capture.wait(lambda capture: len(capture.datagrams) == 2000, 10.0)


def test_a_line_over_tcp_is_whole_however_it_was_cut(capture: Capture) -> None:
    with (
        socket.create_connection((capture.host, capture.port)) as one,
        socket.create_connection((capture.host, capture.port)) as other,
    ):
        before = b""
        for connection, piece in ((one, b"a:1"), (other, b"b:2|"), (one, b"0|c\n"), (other, b"c\nlast:1|c")):
            connection.sendall(piece)
            before += piece
            assert capture.wait(lambda capture: len(b"".join(capture.datagrams)) == len(before), 10.0)  # noqa: B023  # asked at once
    assert capture.lines == [b"a:10|c", b"b:2|c"]


def test_a_connection_that_is_broken_off_ends(capture: Capture) -> None:
    connection = socket.create_connection((capture.host, capture.port))
    connection.sendall(b"a:1|c\n")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert capture.lines == [b"a:1|c"]
    connection.close()
    send(capture, b"b:1|c")
    assert capture.lines == [b"a:1|c", b"b:1|c"]


def test_datagrams_come_by_a_unix_socket_too(capture: Capture) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as unix:
        unix.sendto(b"a:1|c", str(capture.path))
    assert capture.lines == [b"a:1|c"]


def test_a_sampled_counter_is_summed_by_its_rate(capture: Capture) -> None:
    send(capture, *[b"logins:1|c|@0.3"] * 3, b"logins:-1|c", b"logouts:5|c", b"logins:7|g")
    capture.assert_counter("logins", 9)
    assert "counter logins: 3 required, 9 came" in failure(capture.assert_counter, "logins", 3)


def test_a_counter_that_never_came_is_zero(capture: Capture) -> None:
    capture.assert_counter("logins", 0)
    assert failure(capture.assert_counter, "logins", 1) == "counter logins: 1 required, 0 came\ncame:  nothing"


@pytest.mark.parametrize(
    ("tags", "value"),
    [
        (None, 7),
        ({"env": "prod"}, 1),
        (["env:prod"], 1),
        ({"canary": None, "env": "prod"}, 2),
        ([b"env:prod", "canary"], 2),
        ([], 4),
    ],
)
def test_tags_choose_among_samples_of_a_name(capture: Capture, tags: list[str] | None, value: int) -> None:
    send(capture, b"logins:1|c|#env:prod\nlogins:2|c|#env:prod,canary\nlogins:4|c")
    capture.assert_counter("logins", value, tags=tags)


def test_names_and_tags_are_taken_as_they_were_sent(capture: Capture) -> None:
    send(capture, "log ins/ü:1|c|#a b:c d".encode())
    capture.assert_counter("log ins/ü", 1, tags={"a b": "c d"})
    capture.assert_counter("log_ins-", 0)


def test_a_gauge_is_set_and_changed(capture: Capture) -> None:
    send(capture, b"users:10|g\nusers:-3|g\nusers:+1|g")
    capture.assert_gauge("users", 8)
    assert "gauge users: 1 required, it is at 8\ncame:  users:10|g" in failure(capture.assert_gauge, "users", 1)
    assert "gauge nobody: 0 required, it never came" in failure(capture.assert_gauge, "nobody", 0)


def test_times_are_counted_by_their_rate_and_held_in_bounds(capture: Capture) -> None:
    send(capture, b"query:320|ms|@0.5\nquery:10|h\nquery:20|d")
    capture.assert_timer("query")
    capture.assert_timer("query", 4, at_least=10, at_most=320)
    assert "timer query: 3 required, 4 came" in failure(capture.assert_timer, "query", 3)
    assert "timer query: at least one from 0 to 300 ms required, 4 came" in failure(
        capture.assert_timer, "query", at_most=300
    )
    assert "at least one required, 0 came" in failure(capture.assert_timer, "none")


def test_a_set_has_these_members_or_so_many(capture: Capture) -> None:
    send(capture, b"visitors:alice|s\nvisitors:bob|s\nvisitors:alice|s")
    capture.assert_set("visitors", 2)
    capture.assert_set("visitors", {"bob", b"alice"})
    assert "set visitors: eve required, alice, bob came" in failure(capture.assert_set, "visitors", ["eve"])
    assert "set nobody: 1 members required, no member came" in failure(capture.assert_set, "nobody", 1)


def test_tags_choose_among_samples_of_each_type(capture: Capture) -> None:
    for env, number in ((b"prod", 1), (b"test", 2)):
        send(capture, b"users:%d|g|#env:%b\nquery:%d|ms|#env:%b\nseen:%d|s|#env:%b" % ((number, env) * 3))
    for tags, number in (({"env": "prod"}, 1), ({"env": "test"}, 2)):
        capture.assert_gauge("users", number, tags=tags)
        capture.assert_timer("query", 1, at_least=number, at_most=number, tags=tags)
        capture.assert_set("seen", {str(number)}, tags=tags)
    for failed in (capture.assert_gauge, capture.assert_timer, capture.assert_set):
        assert "with tags env:none" in failure(failed, "users", 1, tags={"env": "none"})


def test_an_assertion_is_woken_by_what_comes_later(capture: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    changed, woken = capture._listening._changed, []
    wait = changed.wait

    def send_and_wait(timeout: float | None = None) -> bool:
        # The condition did not hold when it was asked first; who waits comes here.
        send(capture, b"a:1|c")
        woken.append(wait(timeout))
        return woken[-1]

    monkeypatch.setattr(changed, "wait", send_and_wait)
    capture.timeout = 5.0
    capture.assert_counter("a", 1)
    assert woken == [True]


def test_a_failure_shows_what_came_for_the_name_and_what_nobody_can_read(capture: Capture) -> None:
    send(capture, b"logins:1|c\nlogouts:1|c\nlogins:x|c")
    said = failure(capture.assert_counter, "logins", 2)
    assert said.splitlines() == [
        "counter logins: 2 required, 1 came",
        "came:  logins:1|c",
        "bad:   logins:x|c (no valid number)",
    ]


def test_a_failure_names_what_is_called_nearly_so(capture: Capture) -> None:
    send(capture, *[b"login:1|c"] * 12)
    said = failure(capture.assert_counter, "logins", 2, tags={"env": "prod"})
    assert said.splitlines()[0] == "counter logins with tags env:prod: 2 required, 0 came"
    assert said.splitlines()[-2:] == ["       … and 2 more", "near:  login"]
    assert "logins without tags: 2 required" in failure(capture.assert_counter, "logins", 2, tags=[])


def test_a_failure_tells_of_datagrams_without_a_line(capture: Capture) -> None:
    send(capture, b"", b"\n")
    assert "came:  2 datagrams, and no line in them" in failure(capture.assert_counter, "a", 1)


def test_what_was_cleared_is_forgotten(capture: Capture) -> None:
    send(capture, b"a:1|c")
    capture.clear()
    assert capture.datagrams == []


def test_what_came_stays_when_the_sockets_are_closed(capture: Capture) -> None:
    send(capture, b"a:1|c")
    assert capture.lines == [b"a:1|c"]
    capture._listening.close()
    assert capture.lines == [b"a:1|c"]
    assert not capture.path.exists()


def test_the_environment_tells_a_program_where_to_send(capture: Capture) -> None:
    assert capture.environment == {"STATSD_HOST": "127.0.0.1", "STATSD_PORT": str(capture.port)}


def test_violations_are_what_the_linter_says_in_the_dialect_and_size_that_are_asked_for(capture: Capture) -> None:
    send(capture, b"a:1|c|#b:c", b"a:x|c")
    assert [finding.code for finding in capture.violations()] == ["ETAG-01", "ENUM-01"]
    assert [finding.code for finding in capture.violations("dogstatsd", size=8)] == ["ESIZE-02", "ENUM-01"]
