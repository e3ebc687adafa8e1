"""What an emitter loses where packets have 576 bytes at most."""

import errno
import socket
from pathlib import Path
from typing import Final

import pytest

from networks import on_narrow_loopback
from statsd_conformance.emitters import narrow as under_test
from statsd_conformance.emitters.emission import Emission
from statsd_conformance.namespaces import NoNamespaces
from statsd_conformance.recording import Datagram, Endpoint
from statsd_conformance.requirement import Unsupported
from statsd_conformance.verdict import Verdict
from statsd_reference.emitter.destination import open_udp
from test_emitter_cases import outcome
from test_emitter_subject import python, subject

TO: Final = Endpoint("127.0.0.1", 8125)
SHORT: Final = (b"a.first:1|c", b"a.second:1|c\na.third:1|c")
LONG: Final = b"\n".join(b"long.%02d:1|c" % number for number in range(60))


def emission(*payloads: bytes, lost: str = "") -> Emission:
    return Emission(tuple(Datagram(one, number, 1.0, TO, TO) for number, one in enumerate(payloads, 1)), lost=lost)


def over(narrow: Emission, *payloads: bytes) -> Emission:
    """Return an emission whose emitter sends another one over a narrow path."""
    sent = emission(*payloads)
    return Emission(sent.datagrams, over_narrow=lambda: narrow)


WIDE: Final = (SHORT[0], LONG, SHORT[1])
ALL_LONG: Final = (
    "of datagrams of more than 548 bytes is lost: 60 of 60 names, long.00, long.01, long.02, long.03, long.04 …"
)


@pytest.mark.parametrize(
    ("id", "sent", "came", "verdict", "said"),
    [
        ("EMTU-01", WIDE, emission(*SHORT), Verdict.PASS, ""),
        ("EMTU-01", WIDE, emission(SHORT[0]), Verdict.FAIL, "are lost: 2 of 3 names, a.second, a.third"),
        ("EMTU-01", WIDE, emission(SHORT[0], lost="gone"), Verdict.INCONCLUSIVE, "gone"),
        ("EMTU-01", WIDE, emission(b"b.8812:1|c"), Verdict.INCONCLUSIVE, "its names are others in each run"),
        ("EMTU-01", SHORT, emission(), Verdict.UNSUPPORTED, "it sent no datagram of more than 548 bytes"),
        ("EMTU-01", (LONG,), emission(), Verdict.UNSUPPORTED, "it sent no datagram of 548 bytes or less"),
        ("EMTU-02", WIDE, emission(*SHORT), Verdict.NON_STRICT, ALL_LONG),
        ("EMTU-02", (LONG,), emission(b"long.00:1|c"), Verdict.NON_STRICT, "59 of 60 names, long.01"),
        ("EMTU-02", (*WIDE, LONG[:11]), emission(*SHORT, LONG[12:]), Verdict.PASS, ""),
        ("EMTU-02", SHORT, emission(), Verdict.UNSUPPORTED, "it sent no datagram of more than 548 bytes"),
    ],
)
def test_names_of_the_first_run_are_looked_for_over_a_narrow_path(
    id: str, sent: tuple[bytes, ...], came: Emission, verdict: Verdict, said: str
) -> None:
    found = outcome(id, over(came, *sent))
    assert found.verdict is verdict
    assert said in found.note


def test_datagram_of_548_bytes_fits() -> None:
    fits = b"a:1|c".ljust(548, b"\n")
    assert "no datagram of more than 548 bytes" in outcome("EMTU-01", over(emission(), fits)).note
    assert "no datagram of 548 bytes or less" in outcome("EMTU-01", over(emission(), fits + b"\n")).note


def test_recording_is_not_run_over_a_narrow_path() -> None:
    found = outcome("EMTU-01", emission(*WIDE))
    assert (found.verdict, found.note) == (
        Verdict.UNSUPPORTED,
        "what was recorded cannot be run once more over a narrow path",
    )


def test_streams_have_no_datagrams_that_are_too_long() -> None:
    sent = Emission(tuple(Datagram(LONG, 1, 1.0, TO, TO, stream=True) for _ in range(2)))
    assert "it sent no datagram of more than 548 bytes" in outcome("EMTU-01", sent).note


# Where Python has no names for it: ip(7) of Linux.
REFUSING: Final = "udp.setsockopt(socket.IPPROTO_IP, 10, 2)\n"
BATCH: Final = f"for datagram in ({SHORT[0]!r}, {LONG!r}, {SHORT[1]!r}):\n"
SEND_ALL: Final = BATCH + "    try:\n        udp.send(datagram)\n    except OSError:\n        "
PROGRAMS: Final = {
    "cut by the kernel": (SEND_ALL + "pass", "PASS", "PASS"),
    "goes on": (REFUSING + SEND_ALL + "pass", "PASS", "NON-STRICT"),
    "gives up": (REFUSING + SEND_ALL + "break", "FAIL", "NON-STRICT"),
    "fails": (REFUSING + SEND_ALL + "raise", "FAIL", "NON-STRICT"),
}


@pytest.mark.parametrize(("program", "short", "long"), PROGRAMS.values(), ids=PROGRAMS)
def test_program_is_run_once_more_over_a_narrow_path(tmp_path: Path, program: str, short: str, long: str) -> None:
    on_narrow_loopback(576, lambda: None)
    one = subject(python(program), tmp_path)
    assert one.examine().problem == ""
    found = [outcome(id, emission_of(one.emission)) for id in ("EMTU-01", "EMTU-02")]
    assert [one.verdict.value for one in found] == [short, long]
    if program.endswith("raise"):
        assert found[0].note.startswith("where packets have 576 bytes at most it ended with exit status 1")


def emission_of(seen: Emission | None) -> Emission:
    assert seen is not None
    return seen


def test_machine_without_such_a_place_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(mtu: int) -> None:
        raise NoNamespaces("no right")

    monkeypatch.setattr(under_test, "narrow_loopback", none)
    with pytest.raises(Unsupported, match="this machine lets the suite make no network: no right"):
        under_test.on_narrow_loopback(lambda: 1)


@pytest.mark.parametrize("refusing", [True, False], ids=["too long is an error", "too long is cut"])
def test_reference_emitter_goes_on_behind_a_datagram_that_is_too_long(refusing: bool) -> None:
    """The next datagram is none the worse, whether the kernel takes the long one or says EMSGSIZE."""

    def work() -> tuple[list[bool], list[bytes], str]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind(("127.0.0.1", 0))
            receiver.settimeout(30)
            destination = open_udp("127.0.0.1", receiver.getsockname()[1])
            if refusing:
                destination._socket.setsockopt(socket.IPPROTO_IP, 10, 2)
            went = [destination.send(one) for one in WIDE]
            came = [receiver.recv(2000) for _ in range(sum(went))]
            destination.close()
            return went, came, destination.error

    went, came, error = on_narrow_loopback(576, work)
    assert went == [True, not refusing, True]
    assert came == [one for one, sent in zip(WIDE, went, strict=True) if sent]
    assert error == (OSError(errno.EMSGSIZE, "Message too long").strerror if refusing else "")


@pytest.mark.parametrize("mtu", [1280, 576])
def test_loopback_is_as_narrow_as_it_was_asked_for(mtu: int) -> None:
    def sending(size: int) -> int:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.setsockopt(socket.IPPROTO_IP, 10, 2)
            return sender.sendto(bytes(size), ("127.0.0.1", 9))

    assert on_narrow_loopback(mtu, lambda: sending(mtu - 28)) == mtu - 28
    with pytest.raises(OSError, match="Message too long"):
        on_narrow_loopback(mtu, lambda: sending(mtu - 27))
