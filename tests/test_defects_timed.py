"""Planted defects as a search over the wire finds them: for the right reason, and how that is told."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from defects import DEFECTS, Defect
from defects.curve import draw, steps, within
from defects.fuzzing import PLAIN, STRICT, _keep, main, read_kept, search, summary, table
from defects.timed import Timed, profile_of, shows
from statsd_conformance.profile import load_profile
from statsd_fuzz.wire.relations import RATE_LAST
from statsd_fuzz.wire.scenario import STREAMED, Scenario
from test_defects import STREAMED as IN_CHUNKS
from test_defects import TRIGGERS

DATAGRAMS = [one for one in DEFECTS if one.id not in IN_CHUNKS]
BY_ID = {one.id: one for one in DEFECTS}


def scenario_of(id: str) -> Scenario:
    """Return what makes a defect show, FLUSH between intervals."""
    intervals: list[tuple[bytes, ...]] = [()]
    for step in TRIGGERS[id]:
        if step is None:
            intervals.append(())
        else:
            intervals[-1] = (*intervals[-1], step)
    return Scenario(tuple(intervals))


@pytest.mark.parametrize("defect", DATAGRAMS, ids=lambda one: one.id)
def test_what_makes_a_defect_show_explains_a_finding(defect: Defect) -> None:
    assert shows(defect, scenario_of(defect.id))


def test_mistake_with_streams_explains_what_went_over_one() -> None:
    lines = Scenario((tuple(b"a%d:1|c" % number for number in range(30)),))
    assert shows(BY_ID["A21"], replace(lines, features=frozenset((STREAMED,))))
    assert not shows(BY_ID["A21"], lines)


def test_mistake_that_shows_in_the_other_way_alone_explains_what_is_tried_by_it() -> None:
    tagged = Scenario(((b"a:1|c|@0.5|#k:v",),))
    assert shows(BY_ID["H16"], replace(tagged, features=frozenset((RATE_LAST,))))
    assert not shows(BY_ID["H16"], tagged)


def test_server_that_speaks_a_dialect_says_so(tmp_path: Path) -> None:
    speaks = [load_profile(profile_of(BY_ID[id], tmp_path)).extensions for id in ("A02", "H16")]
    assert ["dogstatsd" in one for one in speaks] == [False, True]


# Those that show whatever is sent.
ALWAYS = ("A01", "A25", "A26", "C01", "C04", "C06", "C42")


@pytest.mark.parametrize("defect", [one for one in DATAGRAMS if one.id not in ALWAYS], ids=lambda one: one.id)
def test_other_traffic_explains_nothing(defect: Defect) -> None:
    assert not shows(defect, Scenario(((b"other:5|c\n",),)))


def test_defect_is_found_over_the_wire_and_named_by_what_it_breaks() -> None:
    found = asyncio.run(search(BY_ID["D35"], [1], 60.0, strict=False))
    assert found.found == "counter-differs-with-a-rate"
    assert found.seconds is not None
    assert found.wrong == ()


RESULTS = [
    Timed(BY_ID["A01"], 1, 0.2, "counter-missing"),
    Timed(BY_ID["A02"], 1, 5.0, "counter-differs", ("gauge-differs",)),
    Timed(BY_ID["A03"], 1, None),
    Timed(BY_ID["A04"], 1, 30.0, "falls-silent"),
]


def test_table_and_closing_lines_tell_what_was_found_and_after_how_long(capsys: pytest.CaptureFixture[str]) -> None:
    Console(width=240).print(table({PLAIN: RESULTS, STRICT: RESULTS}))
    rows = [" ".join(row.split()) for row in capsys.readouterr().out.splitlines()]
    assert rows[0] == "id planted plain lines compared every line compared"
    assert rows[1].startswith("A01 A line without LF behind it is thrown away")
    assert rows[1].endswith("0.2 s counter-missing 0.2 s counter-missing")
    assert "5.0 s counter-differs (beside gauge-differs, which it does not explain)" in " ".join(rows)
    assert "not found not found" in " ".join(rows)
    assert summary(PLAIN, RESULTS) == [
        f"{PLAIN}: of 4 planted in servers 1 within 1 s, 2 within 10 s, 3 within 60 s",
        "  the middle one after 5.0 s",
        "  not found: A03",
    ]


def test_curve_goes_up_with_each_defect_and_ends_below_those_not_found() -> None:
    assert steps(RESULTS) == ([0.3, 0.3, 5.0, 30.0], [0.0, 25.0, 50.0, 75.0])
    assert [within(RESULTS, mark) for mark in (0.1, 0.2, 60.0)] == [0, 1, 3]


def test_curve_drawn_twice_is_the_same_file(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    files = [tmp_path / name for name in ("one.svg", "two.svg")]
    for file in files:
        draw({PLAIN: RESULTS, STRICT: RESULTS}, file)
    assert files[0].read_bytes() == files[1].read_bytes()
    assert b"<svg" in files[0].read_bytes()


def test_results_that_are_kept_come_back(tmp_path: Path) -> None:
    for one in RESULTS:
        _keep(tmp_path / "kept", PLAIN, one)
    assert read_kept(tmp_path / "kept") == {(PLAIN, one.defect.id): one for one in RESULTS}
    assert read_kept(tmp_path / "none") == {}


def test_curve_of_all_is_not_drawn_of_some(tmp_path: Path) -> None:
    kept, svg = tmp_path / "kept", tmp_path / "curve.svg"
    _keep(kept, PLAIN, RESULTS[0])
    ran = CliRunner().invoke(main, ["--only", "A01", "--judged", "plain", "--kept", str(kept), "--svg", str(svg)])
    assert ran.exit_code == 0, ran.output
    assert f"{svg} is left as it is" in ran.output
    assert not svg.exists()
