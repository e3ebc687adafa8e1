"""One emitter, started or recorded, and what is known of it then."""

import shlex
import sys
from pathlib import Path
from typing import Final

import pytest

from statsd_conformance.emitters.forked import forked
from statsd_conformance.emitters.reference import REFERENCE, reference_command
from statsd_conformance.emitters.subject import EmitterSubject, Wanted
from statsd_conformance.session import Examination
from test_emitter_cases import requirement

SEND: Final = """
import os, socket
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.connect((os.environ["STATSD_HOST"], int(os.environ["STATSD_PORT"])))
"""


def python(program: str, *arguments: str) -> str:
    """Return the command line of a program that has a socket `udp` to where it shall send."""
    return shlex.join([sys.executable, "-c", SEND + program, *arguments])


def subject(name: str, folder: Path, seconds: float = 30.0, recording: Path | None = None) -> EmitterSubject:
    return EmitterSubject(name, Wanted(folder, seconds, 1432), folder, recording)


def examined(name: str, folder: Path, seconds: float = 30.0) -> tuple[EmitterSubject, Examination]:
    one = subject(name, folder, seconds)
    return one, one.examine()


def lines(one: EmitterSubject) -> tuple[bytes, ...]:
    assert one.emission is not None
    return one.emission.lines


def test_a_program_finds_the_address_in_its_environment_and_is_judged_when_it_ends(tmp_path: Path) -> None:
    one, found = examined(python("udp.send(b'a:1|c'); udp.send(b'b:2|g')"), tmp_path)
    assert found.problem == ""
    assert lines(one) == (b"a:1|c", b"b:2|g")
    assert found.address is not None
    assert (found.address.host, found.route.target_port) == ("127.0.0.1", found.address.port)


def test_host_and_port_are_filled_into_the_command_and_other_braces_are_left(tmp_path: Path) -> None:
    program = "import sys; udp.send(f'{sys.argv[1]}:1|c'.encode() + b'{x}' * 0)"
    one, _ = examined(python(program, "{host}.{port}"), tmp_path)
    (line,) = lines(one)
    host, _, port = line.partition(b":")[0].rpartition(b".")
    assert host == b"127.0.0.1"
    assert port.isdigit()


def test_a_program_that_goes_on_is_told_to_end_and_heard_to_its_end(tmp_path: Path) -> None:
    program = """
import signal, sys
def end(*_):
    udp.send(b"last:1|c")
    sys.exit(3)
signal.signal(signal.SIGTERM, end)
udp.send(b"first:1|c")
signal.pause()
"""
    one = subject(python(program), tmp_path, seconds=0.0)
    one.start()
    assert one.started is not None
    assert one.started.listening.wait(lambda: bool(one.started and one.started.listening.datagrams()), 30.0)
    assert one.examine().problem == ""
    assert lines(one) == (b"first:1|c", b"last:1|c")


DAEMON: Final = """
import signal, sys
if os.fork():
    os._exit(0)
os.setsid()
def end(*_):
    udp.send(b"last:1|c")
    os._exit(0)
signal.signal(signal.SIGTERM, end)
udp.send(b"first:1|c")
"""


def test_a_program_that_goes_into_the_background_is_heard_to_its_end(tmp_path: Path) -> None:
    one, found = examined(python(DAEMON + "udp.send(b'second:1|c')"), tmp_path)
    assert found.problem == ""
    assert lines(one) == (b"first:1|c", b"second:1|c")


def test_a_program_that_stays_in_the_background_is_told_to_end_when_its_time_is_over(tmp_path: Path) -> None:
    one = subject(python(DAEMON + "signal.pause()"), tmp_path, seconds=0.0)
    one.start()
    assert one.started is not None
    assert one.started.listening.wait(lambda: bool(one.started and one.started.listening.datagrams()), 30.0)
    assert one.started.process.exit_status(30.0) == 0
    assert one.examine().problem == ""
    assert lines(one) == (b"first:1|c", b"last:1|c")


def test_a_program_in_the_background_ends_with_a_run_that_does_not_ask_for_it(tmp_path: Path) -> None:
    one = subject(python(DAEMON + "signal.pause()"), tmp_path)
    one.start()
    assert one.started is not None
    assert one.started.listening.wait(lambda: bool(one.started and one.started.listening.datagrams()), 30.0)
    meant = str(one.started.meant)
    assert forked("STATSD_MEANT", meant, but=one.started.process.family())
    one.abandon()
    assert not forked("STATSD_MEANT", meant, but=())


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (python(""), "sent nothing to 127.0.0.1:"),
        (python("udp.send(b'a:1|c'); raise SystemExit('out of ink')"), "ended with exit status 1, so what it sent"),
        (python("import os; os.kill(os.getpid(), 9)"), "ended by signal 9"),
        ("no-such-emitter --to {host}:{port}", "no such program: no-such-emitter"),
        ("", "no such program: the command is empty"),
        ("emit 'oh", "No closing quotation"),
    ],
)
def test_what_cannot_be_judged_is_said_with_the_command(command: str, problem: str, tmp_path: Path) -> None:
    one, found = examined(command, tmp_path)
    assert found.problem.startswith(f"{command}: ")
    assert problem in found.problem
    assert one.emission is None


def test_a_program_that_cannot_be_executed_is_said_with_the_command(tmp_path: Path) -> None:
    program = tmp_path / "emit"
    program.write_text("#!/no/such/interpreter\n")
    program.chmod(0o755)
    _, found = examined(str(program), tmp_path)
    assert found.problem.startswith(f"{program}: ")


def test_what_shows_it_again_has_the_options_that_it_depends_on(tmp_path: Path) -> None:
    (tmp_path / "a b").write_bytes(b"a:x|c\n")
    wanted = Wanted(tmp_path, 1.0, 512, "dogstatsd", "batch", [18125])
    one = EmitterSubject("a b", wanted, tmp_path, tmp_path / "a b")
    one.examine()
    trace = one.judge(requirement("ENUM-01")).trace
    assert trace is not None
    assert trace.again == (
        "statsd-conformance run --recording 'a b' --emitter-profile batch --emitter-dialect dogstatsd "
        "--emitter-size 512 --emitter-port 18125 -k ENUM-01"
    )


def test_the_end_of_the_log_of_a_program_that_failed_is_shown(tmp_path: Path) -> None:
    _, found = examined(python("raise SystemExit('out of ink')"), tmp_path)
    assert found.problem.endswith("out of ink")


def test_what_it_means_to_send_is_read_when_it_has_ended(tmp_path: Path) -> None:
    one, _ = examined(
        python("udp.send(b'a:1|c'); open(os.environ['STATSD_MEANT'], 'wb').write(b'a:1|c\\nb:1|c\\n')"), tmp_path
    )
    assert one.emission is not None
    assert one.emission.meant == (b"a:1|c", b"b:1|c")


@pytest.mark.parametrize(
    ("line", "dialect"), [("a:1|c", "etsy"), ("a:1|c|#b:c", "dogstatsd"), ("_sc|a|0", "dogstatsd")]
)
def test_the_dialect_is_that_of_the_tags_that_are_sent(line: str, dialect: str, tmp_path: Path) -> None:
    one, _ = examined(python(f"udp.send({line.encode()!r})"), tmp_path)
    assert one.emission is not None
    assert one.emission.settings.dialect == dialect


def test_an_emitter_that_nobody_asks_for_ends_with_the_run(tmp_path: Path) -> None:
    one = subject(python("import signal; signal.pause()"), tmp_path)
    one.start()
    assert one.started is not None
    one.abandon()
    assert not one.started.process.alive()


def test_a_recording_is_judged_as_what_is_sent(tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_bytes(b"a:1|c\nb:x|c\n")
    one = subject("lines.txt", tmp_path, recording=tmp_path / "lines.txt")
    assert one.examine().problem == ""
    assert lines(one) == (b"a:1|c", b"b:x|c")


@pytest.mark.parametrize(("content", "problem"), [(None, "No such file"), (b"", "it is empty")])
def test_a_recording_that_holds_nothing_is_said_to(content: bytes | None, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    if content is not None:
        file.write_bytes(content)
    found = subject("file", tmp_path, recording=file).examine()
    assert problem in found.problem


def test_a_damaged_recording_is_judged_as_far_as_it_goes(tmp_path: Path) -> None:
    file = tmp_path / "cut.pcap"
    whole = bytes.fromhex("d4c3b2a1020004000000000000000000ffff000065000000")
    packet = bytes.fromhex("4500002100000000401100007f0000017f00000100011fbd000d0000613a317c63")
    header = (0).to_bytes(8, "little") + len(packet).to_bytes(4, "little") * 2
    file.write_bytes(whole + header + packet + header + packet[:9])
    one = subject("cut.pcap", tmp_path, recording=file)
    assert one.examine().problem == ""
    assert one.emission is not None
    assert one.emission.lines == (b"a:1|c",)
    assert one.emission.lost.startswith("the recording is damaged: ")


def test_the_reference_emitter_runs_for_as_long_as_its_profile_shows() -> None:
    assert "--seconds 0.4" in reference_command("snapshot")
    assert "--seconds 2.5" in reference_command("batch")


def test_the_reference_emitter_is_the_one_that_comes_with_the_suite(tmp_path: Path) -> None:
    one, found = examined(REFERENCE, tmp_path)
    assert found.problem == ""
    assert all(line.startswith(b"flux.") for line in lines(one))
