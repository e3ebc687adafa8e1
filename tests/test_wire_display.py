"""What is shown of a campaign while it runs."""

import asyncio
import io
import re

from rich.console import Console

from statsd_fuzz.wire.display import Progress, displayed


def told(**more: object) -> str:
    return Progress("statsd", 60, 52_000, begun=10.0, **more).told(15.0)  # type: ignore[arg-type]  # fields by name


def test_one_line_tells_how_far_a_campaign_is() -> None:
    assert told() == "statsd: 5 of 60 s, 10,400 datagrams/s judged, 0 findings, 0 inputs kept"
    assert told(findings=1, known=2, corpus=1, restarts=3, step="shrinking") == (
        "statsd: 5 of 60 s, shrinking, 10,400 datagrams/s judged, 1 finding, 2 known, 1 input kept, 3 restarts"
    )


def test_fence_that_is_late_is_told_and_one_under_way_is_not() -> None:
    assert told(unanswered=lambda: 12.6).startswith("statsd: 5 of 60 s, no answer for 2.4 s, 10,400")
    assert told(unanswered=lambda: 14.5).endswith("kept")


def test_time_beyond_the_end_is_told_as_such() -> None:
    assert Progress("statsd", 60, begun=10.0).told(104.0).startswith("statsd: 60 s and 34 more, 0 datagrams/s")


def test_no_rate_is_told_before_any_time_went_by() -> None:
    assert "0 datagrams/s" in Progress("statsd", 60, begun=10.0).told(10.0)


def test_what_goes_on_before_is_told_until_it_begins() -> None:
    progress = Progress("statsd", 60, before=lambda now: f"starting it at {now:g}")
    assert progress.told(5.0) == "starting it at 5"
    progress.begin(lambda: None)
    assert progress.told(progress.begun + 1.0).startswith("statsd: 1 of 60 s")


def test_command_line_leaves_room_for_the_rest() -> None:
    command = "exec:python3 server.py --port {port} --graphite {graphite_port}"
    assert Progress(command, 60).told(0.0).startswith("exec:python3 server.py --port...: ")


def shown(console: Console, every: float) -> None:
    async def run() -> None:
        progress = Progress("statsd", 60)
        async with displayed(progress, console, every):
            # Until a line was written, however long this machine takes for it.
            while not console.file.getvalue().count("statsd: "):  # type: ignore[attr-defined]  # it is a StringIO
                await asyncio.sleep(0.001)
            console.print("found something")

    asyncio.run(asyncio.wait_for(run(), 20))


def test_piped_lines_are_plain_and_whole() -> None:
    console = Console(file=io.StringIO(), width=20)
    shown(console, every=0.001)
    text = console.file.getvalue()  # type: ignore[attr-defined]  # it is a StringIO
    assert re.fullmatch(r"(statsd: \d of 60 s, .* kept\n)+found something\n", text)


def test_line_on_a_terminal_is_gone_at_the_end_and_what_was_printed_is_left() -> None:
    console = Console(file=io.StringIO(), width=60, force_terminal=True)
    shown(console, every=1000.0)
    text = console.file.getvalue()  # type: ignore[attr-defined]  # it is a StringIO
    assert "found something\n" in text
    # The last thing is to clear the line.
    assert text.rstrip().endswith("\x1b[2K")
