"""The experiment of the watchers: its arithmetic, its order, and what its page may say."""

import importlib.util
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner

from statsd_conformance.__main__ import main
from statsd_conformance.watchers import emitting, loading, receiving, working
from statsd_conformance.watchers.experiment import (
    BURSTS,
    FLOOD,
    LOADS,
    NOTHING,
    QUICK,
    WATCHERS,
    Scale,
    experiment,
    plan,
)
from statsd_conformance.watchers.figure import draw
from statsd_conformance.watchers.measure import Emitted, Load, Spread, Trial, curve, part, spread, staleness
from statsd_conformance.watchers.page import explained, page
from statsd_conformance.watchers.summary import count, order, overlap, per_change, rows, seconds, share
from statsd_conformance.watchers.trial import TrialFailed, try_watcher

NEEDS_GEVENT = pytest.mark.skipif(
    importlib.util.find_spec("gevent") is None,
    reason="gevent is not installed: pip install 'statsd-conformance[watchers]'",
)


def made_up(watcher: str, load: Load, length: float, slower: float = 1.0) -> Trial:
    """Return a trial as it might come out, in figures that can be reckoned by hand."""
    idle, tail = watcher == "idle", 0.25 if watcher == "check" else 1e-4
    datagrams = round(load.rate * length * (0.01 if watcher in ("idle", "timer") else 1) * slower)
    emitted = Emitted(
        changes=round(load.rate * length),
        datagrams=datagrams,
        looks=500_000 if idle else 10,
        processor=0.5 if idle else 0.0,
        median=1e-5,
        late=tail,
        longest=tail,
    )
    beside = (3e6 if idle else 6e6) if load == NOTHING else 0.0
    return Trial(watcher, load.name, length, emitted.changes, emitted, (datagrams,), beside)


TRIALS = experiment(Scale(), tried=made_up)


def test_change_waits_for_the_first_datagram_that_tells_of_it() -> None:
    assert staleness([1.0, 2.0, 3.0], [(1.5, 1), (1.75, 1), (5.0, 3)]) == [0.5, 3.0, 2.0]


def test_datagram_that_tells_of_nothing_new_is_no_matter() -> None:
    assert staleness([], [(1.0, 0), (2.0, 0)]) == []


@pytest.mark.parametrize(("share", "figure"), [(0.0, 1.0), (0.5, 3.0), (0.99, 4.0), (1.0, 4.0)])
def test_part_of_figures_is_below_another(share: float, figure: float) -> None:
    assert part([1.0, 2.0, 3.0, 4.0], share) == figure
    assert part([], share) == 0


def test_curve_counts_arrivals_in_tenths_of_a_second_and_none_behind_the_end() -> None:
    assert curve([0.0, 0.05, 0.11, 0.29, 0.31, 9.0, -1.0], 0.3) == (2, 1, 1)


def test_spread_is_the_middle_and_both_ends() -> None:
    trials = [made_up("prepare", FLOOD, 2.0, slower) for slower in (1.0, 0.5, 0.25)]
    assert spread(trials, lambda trial: trial.metrics) == Spread(400_000, 200_000, 800_000, 3)


def test_every_watcher_meets_every_load_as_often_and_the_first_turn_changes() -> None:
    tried = list(plan(Scale()))
    assert Counter(tried) == dict.fromkeys([(watcher, load) for watcher in WATCHERS for load in LOADS], 3)
    assert len(tried) == Scale().trials
    size = len(WATCHERS) * len(LOADS)
    assert [tried[repeat * size][0] for repeat in range(3)] == list(WATCHERS[:3])
    assert {load for _, load in tried[: len(WATCHERS)]} == {LOADS[0]}


def test_quick_scale_still_has_what_the_sentences_need() -> None:
    assert {NOTHING, BURSTS, FLOOD} == set(QUICK.loads)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Spread(5, 4, 6, 3), Spread(7, 6, 8, 3), True),
        (Spread(5, 4, 6, 3), Spread(8, 7, 9, 3), False),
        (Spread(8, 7, 9, 3), Spread(5, 4, 6, 3), False),
        (Spread(8, 7, 9, 3), Spread(5, 5, 5, 1), True),
    ],
)
def test_neither_is_ahead_where_trials_overlap_or_are_few(one: Spread, other: Spread, same: bool) -> None:
    assert overlap(one, other) == same


def test_order_has_the_watchers_of_the_notes_by_their_peak() -> None:
    assert order(rows(TRIALS), lambda row: row.peak) == "prepare = check > idle"
    assert order(rows(TRIALS[:25]), lambda row: row.peak) == "prepare = check = idle"
    assert order([], lambda row: row.peak) == ""


def test_neighbours_work_is_a_share_of_the_most_that_was_left() -> None:
    left = {row.watcher: row.beside.middle for row in rows(TRIALS) if row.beside}
    assert left == {"prepare": 1, "check": 1, "check-after-io": 1, "idle": 0.5, "timer": 1}


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (count(12345.6), "12,346"),
        (count(3.14159), "3.14"),
        (seconds(1.5), "1.5 s"),
        (seconds(0.25), "250 ms"),
        (seconds(1.23e-5), "12 µs"),
        (share(0.5), "50 %"),
        (share(0.0123), "1.2 %"),
        (share(0.0), "0 %"),
        (per_change(1.0), "1"),
        (per_change(0.01), "1 for 100"),
        (per_change(0.0), "0"),
    ],
)
def test_figures_are_written_as_people_read_them(written: str, text: str) -> None:
    assert written == text


def test_page_has_each_watcher_beside_what_was_reported() -> None:
    text = page(TRIALS, Scale())
    flood, noted, rest = (f"{one} ({one} to {one})" for one in ("800,000", "27,000", "192"))
    assert f"| prepare | {flood} | 29.6 | {noted} | 27,000 | {rest} | 192 |" in text
    assert "| timer, 1 s | 8,000 (8,000 to 8,000) |  | 272 (272 to 272) |  |" in text
    assert "| check | 10 µs | 250 ms | 250 ms | 1 |" in text


def test_sentences_speak_of_what_came_out() -> None:
    said = " ".join(explained(rows(TRIALS)))
    assert "Of prepare and check neither sends more often" in said
    assert "up to 250 ms later, where prepare takes 100 µs" in said
    assert "looks 250,000 times a second and takes 50 % of a processor" in said
    assert "one datagram tells of 100 changes" in said
    assert "idle sends 1.0 % of what prepare sends; in the notes it is 78 %" in said


def test_sentences_are_others_where_something_else_came_out() -> None:
    trials = [
        made_up(trial.watcher, load, trial.seconds, 0.5 if trial.watcher == "check" else 1.0)
        for trial in TRIALS
        for load in LOADS
        if load.name == trial.load
    ]
    trials = [replace(trial, emitted=replace(trial.emitted, longest=1e-4)) for trial in trials]
    said = " ".join(explained(rows(trials)))
    assert "Check sends 50 % of what prepare sends" in said
    assert "Check has a tail" not in said


def test_page_of_few_loads_leaves_their_cells_empty() -> None:
    scale = replace(QUICK, loads=(FLOOD,))
    text = page(experiment(scale, tried=made_up), scale)
    assert "| prepare | 800,000 (800,000 to 800,000) | 29.6 |  | 27,000 |  | 192 |" in text
    assert "| prepare |  |  |  | 1 |  |  |  |" in text


def test_figure_is_drawn_alike_from_the_same_trials(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install 'statsd-conformance[watchers]'")
    trials = experiment(QUICK, tried=made_up)
    files = [tmp_path / "a.svg", tmp_path / "b.svg"]
    draw(trials, files)
    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[0].read_text().count("<path") > 30


@pytest.fixture
def bound() -> Iterator[socket.socket]:
    """Give a UDP socket on a free port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        made.setblocking(False)
        yield made


def test_load_comes_in_whole_bursts_and_not_faster_than_it_was_asked_for(bound: socket.socket) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connected:
        connected.connect(bound.getsockname())
        sent = loading.offer(connected, 1000, 10, 0.03)
    assert sent % 10 == 0
    assert sent <= 30
    assert sum(1 for _ in iter(lambda: waiting(bound), b"")) == sent


def test_load_that_was_held_up_does_not_make_up_for_all_of_it(bound: socket.socket) -> None:
    class Late:
        """Sends, and takes its time over the first message."""

        def __init__(self) -> None:
            self.sent = 0

        def send(self, message: bytes) -> None:
            self.sent += 1
            if self.sent == 1:
                time.sleep(0.15)  # this is what holds it up

    late = Late()
    sent = loading.offer(cast(socket.socket, late), 1000, 10, 0.2)
    assert sent == late.sent
    assert sent < 100


def waiting(bound: socket.socket) -> bytes:
    """Return a datagram that waits, or nothing."""
    try:
        return bound.recv(100)
    except BlockingIOError:
        return b""


def test_receiver_notes_each_datagram_and_which_is_no_snapshot(bound: socket.socket) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for payload in (b"\n".join([b"a:1|g"] * 8), b"\n".join([b"a:1|g"] * 7)):
            sender.sendto(payload, bound.getsockname())
    arrivals, wrong = receiving.received(bound, 0.001, late=0.0)
    assert (len(arrivals), wrong) == (2, 1)
    assert curve(arrivals, 0.1) == (2,)


def test_neighbour_counts_its_turns() -> None:
    assert working.work(0.001) > 0


@NEEDS_GEVENT
@pytest.mark.parametrize("watcher", WATCHERS)
def test_reactor_tells_of_each_message_by_itself_but_not_by_a_timer(bound: socket.socket, watcher: str) -> None:
    reactor = emitting.Reactor(watcher, bound.getsockname()[1], 0.05)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(3):
            sender.sendto(b"message", reactor.socket.getsockname())
    emitted = reactor.run()
    reactor.close()
    assert emitted.changes <= 3
    if watcher in ("timer", "idle"):
        assert emitted.datagrams <= 2
    else:
        # The keepalive is told of in the first pass, and where that has a message before the look, with it.
        assert emitted.datagrams in (emitted.changes, emitted.changes + 1)
    assert emitted.median <= emitted.late <= emitted.longest


@NEEDS_GEVENT
def test_trial_of_processes_counts_what_was_offered() -> None:
    trial = try_watcher("prepare", Load("some", 200, 10), 0.1)
    assert trial.offered % 10 == 0
    assert trial.emitted.changes <= trial.offered
    assert 1 <= trial.emitted.datagrams <= trial.emitted.changes + 1
    assert sum(trial.curve) <= trial.emitted.datagrams


@NEEDS_GEVENT
def test_trial_in_which_nothing_comes_has_a_neighbour() -> None:
    trial = try_watcher("idle", NOTHING, 0.1)
    assert (trial.offered, trial.emitted.changes, trial.metrics >= 0) == (0, 0, True)
    assert trial.emitted.looks > 0
    assert trial.beside > 0


@NEEDS_GEVENT
def test_process_that_fails_is_named_with_its_last_words() -> None:
    with pytest.raises(TrialFailed, match="the process emitting ended: KeyError: 'sleepy'"):
        try_watcher("sleepy", FLOOD, 0.1)


@pytest.mark.parametrize(("module", "words"), [("gevent.libev", "gevent"), ("matplotlib.figure", "matplotlib")])
def test_what_is_missing_is_named_before_anything_is_measured(
    monkeypatch: pytest.MonkeyPatch, module: str, words: str
) -> None:
    if module != "gevent.libev":
        pytest.importorskip("gevent", reason="gevent is not installed: pip install 'statsd-conformance[watchers]'")
    monkeypatch.setitem(sys.modules, module, None)
    result = CliRunner().invoke(main, ["watchers", "--quick"])
    assert result.exit_code == 1
    assert f"{words}, which" in result.output or f"with {words}, which" in result.output
    assert "pip install 'statsd-conformance[watchers]'" in result.output


def test_command_writes_page_and_figures_and_prints_tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for module in ("gevent", "matplotlib"):
        pytest.importorskip(module, reason=f"{module} is not installed: pip install 'statsd-conformance[watchers]'")
    monkeypatch.setattr("statsd_conformance.watchers.experiment.try_watcher", made_up)
    result = CliRunner().invoke(main, ["watchers", "--quick", "--output", str(tmp_path / "w")])
    assert result.exit_code == 0, result.output
    assert {file.name for file in tmp_path.iterdir()} == {"w.md", "w.png", "w.svg"}
    assert "(w.svg)" in (tmp_path / "w.md").read_text()
    assert (tmp_path / "w.png").read_bytes().startswith(b"\x89PNG")
    assert "800,000" in result.output


def test_folder_that_is_not_there_is_named_before_anything_is_measured(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["watchers", "--output", str(tmp_path / "none" / "w")])
    assert result.exit_code == 2
    assert f"there is no folder {tmp_path}/none" in "".join(result.output.split("\n"))
