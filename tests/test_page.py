"""The page, first as text, then as Chromium shows it."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from browser import chromium, opened
from statsd_conformance.report.page import page
from test_results import RECORD

HOSTILE: Final = "<script>document.title='run'</script></script><!--<img src=x onerror=alert(1)>&amp;\"'`{{7*7}}\u2028"
# One worker starts one browser.
in_browser = pytest.mark.xdist_group("browser")


def record(id: str, verdict: str = "PASS", target: str = "one", **more: Any) -> dict[str, Any]:
    return RECORD | {"id": id, "verdict": verdict, "target": target, "version": "", "case": f"test_a[{target}]"} | more


CRASH: Final = record(
    "RATE-10", "CRASHED", "two",
    sentence="`@+1` MUST NOT crash it.", note="it stopped serving\nlog", required="it serves",
    datagrams=[{
        "size": 5000, "head": "q1.a:1|c\nq1.b:1|c|@+1\n" + "x" * 490, "tail": "y" * 512,
        "refused": [{"start": 18, "stop": 21, "reason": "no valid sample rate"}],
    }],
    datagrams_sent=3, lines=["stats.q1.a 1\xff 100"], lines_published=30, again="printf 'q1.a:1|c' | nc",
    evidence="evidence/RATE-10 [x].txt", **{"class": "ROBUST"},
)  # fmt: skip
RUNS: Final = [
    record("COUNTER-01"),
    record("COUNTER-01", target="two", note="as it should"),
    record("COUNTER-02", "FAIL", note="it came out as 3", observed="it came out as 3\nassert 3 == 1"),
    record("COUNTER-02", "PASS", case="test_a[one-2]"),
    record("COUNTER-02", target="two"),
    record("RATE-10", **{"class": "ROBUST"}),
    CRASH,
    record("GAUGE-05", "INFO", "two", **{"class": "QUIRK"}),
]


def test_rows_stand_in_the_order_of_the_chapters_and_columns_in_that_of_the_runs() -> None:
    written = page([record("ZZZ-01"), record("SET-01", target="two"), *reversed(RUNS)])
    assert re.findall(r'id="([A-Z]+-\d\d)"', written) == [
        "RATE-10", "COUNTER-01", "COUNTER-02", "GAUGE-05", "SET-01", "ZZZ-01",
    ]  # fmt: skip
    assert re.findall(r'title="(\w+)"', written) == ["one", "two"]


def test_everything_that_was_said_is_escaped_and_once_only() -> None:
    names = ("case", "sentence", "cites", "note", "target", "version", "problem", "required", "observed", "again")
    said = dict.fromkeys(names, HOSTILE)
    datagram = {
        "size": 9,
        "head": HOSTILE[:9],
        "tail": HOSTILE,
        "refused": [{"start": 0, "stop": 1, "reason": HOSTILE}],
    }
    [one] = [record("COUNTER-01", "FAIL") | said | {"datagrams": [datagram], "lines": [HOSTILE], "evidence": HOSTILE}]
    written = page([one])
    assert len(re.findall("<script", written)) == len(re.findall("</script", written)) == 2
    assert "<img" not in written
    assert "{{7*7}}" in written
    data = json.loads(written.partition('id="data">')[2].partition("</script>")[0])
    [[kept]] = data["requirements"][0]["cells"]
    assert [kept[name] for name in ("case", "note", "required", "observed", "again")] == [HOSTILE] * 5
    assert kept["datagrams"] == [datagram]


def test_page_lets_nothing_else_run_or_load() -> None:
    [policy] = re.findall('Content-Security-Policy" content="(.*?)"', page(RUNS))
    assert policy.startswith("default-src &#39;none&#39;; script-src &#39;sha256-")
    assert "unsafe" not in policy


def test_program_in_the_version_is_not_named_twice() -> None:
    assert "<title>StatsD conformance of statsd 0.9.0</title>" in page(
        [RECORD | {"target": "statsd", "version": "statsd 0.9.0"}]
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Give a page of two targets."""
    return written(tmp_path, RUNS)


def written(folder: Path, records: Sequence[dict[str, Any]]) -> Path:
    file = folder / "report.html"
    file.write_text(page(records), encoding="utf-8")
    return file


def shown(page: Page) -> list[str]:
    """Return the ids of the requirements that can be seen."""
    return list(page.locator("tr.requirement:visible").evaluate_all("rows => rows.map(row => row.id)"))


def status(page: Page) -> str:
    return page.get_by_role("status").inner_text()


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.closest('tr')?.id + ' ' + document.activeElement.innerText"))


@in_browser
@pytest.mark.parametrize("bypass_csp", [False, True], ids=["with its policy", "by escaping alone"])
def test_hostile_names_are_shown_and_never_run(browser: Browser, tmp_path: Path, bypass_csp: bool) -> None:
    names = ("case", "sentence", "cites", "note", "target", "problem", "required", "observed", "again")
    datagram = {"size": 90, "head": HOSTILE, "tail": "", "refused": [{"start": 0, "stop": 8, "reason": HOSTILE}]}
    said = dict.fromkeys(names, HOSTILE) | {"datagrams": [datagram], "lines": [HOSTILE], "datagrams_sent": 1}
    file = written(tmp_path, [record("COUNTER-01", "FAIL") | said])
    with opened(browser, file, bypass_csp=bypass_csp) as page:
        page.get_by_role("button", name="FAIL").click()
        detail = page.get_by_role("dialog")
        assert "<img src=x onerror=alert(1)>" in detail.inner_text()
        assert page.locator("mark").first.inner_text() == "3c 73 63 72 69 70 74 3e"
        assert page.locator("img").count() == 0
        assert page.title() != "run"


@in_browser
def test_filters_narrow_the_rows_and_say_how_many_are_left(browser: Browser, runs: Path) -> None:
    with opened(browser, runs) as page:
        everything = ["RATE-10", "COUNTER-01", "COUNTER-02", "GAUGE-05"]
        assert (shown(page), status(page)) == (everything, "4 requirements shown")
        page.get_by_label("FAIL").check()
        assert (shown(page), status(page)) == (["COUNTER-02"], "1 of 4 requirements shown")
        page.get_by_label("CRASHED").check()
        assert shown(page) == ["RATE-10", "COUNTER-02"]
        page.get_by_label("ROBUST").check()
        assert shown(page) == ["RATE-10"]
        page.get_by_role("button", name="Show all").click()
        assert shown(page) == everything
        page.get_by_label("only where targets differ").check()
        assert shown(page) == ["RATE-10", "COUNTER-02"]


@in_browser
def test_search_finds_ids_observations_and_cases(browser: Browser, runs: Path) -> None:
    with opened(browser, runs) as page:
        for words, ids in (
            ("counter-02", ["COUNTER-02"]),
            ("CAME out", ["COUNTER-02"]),
            ("out came", ["COUNTER-02"]),
            ("stopped serving log", ["RATE-10"]),
            ("one-2", ["COUNTER-02"]),
            ("nowhere", []),
        ):
            page.get_by_label("Search").fill(words)
            assert shown(page) == ids
            assert status(page) == f"{len(ids)} of 4 requirements shown"


@in_browser
def test_families_fold(browser: Browser, runs: Path) -> None:
    with opened(browser, runs) as page:
        family = page.get_by_role("button", name="COUNTER")
        family.click()
        assert family.get_attribute("aria-expanded") == "false"
        assert shown(page) == ["RATE-10", "GAUGE-05"]
        page.get_by_role("button", name="Families only").click()
        assert shown(page) == []
        page.get_by_role("button", name="Families only").click()
        assert len(shown(page)) == 4


@in_browser
def test_case_shows_what_was_sent_and_what_came_back(browser: Browser, runs: Path) -> None:
    with opened(browser, runs) as page:
        page.get_by_role("button", name="CRASHED").click()
        detail = page.get_by_role("dialog")
        text = detail.inner_text()
        assert detail.get_by_role("heading", level=2).inner_text() == "RATE-10 on two"
        for said in (
            *(
                "it stopped serving",
                "it serves",
                "Sent: 3 datagrams",
                "… and 2 datagrams more",
                r"stats.q1.a 1\xff 100",
            ),
            *("came back: 30", "… and 29 lines more", "printf 'q1.a:1|c' | nc", "Datagram 1 of 3, 5,000 bytes"),
            *("… 3,976 bytes not kept …", "The reference refuses bytes 18 to 20 (@+1): no valid sample rate"),
        ):
            assert said in text
        assert detail.locator("mark").all_inner_texts() == ["40 2b 31", "@+1"]
        rows = detail.locator(".hex tbody tr").all_inner_texts()
        assert rows[:3] == [
            "0\t71 31 2e 61 3a 31 7c 63 0a\tq1.a:1|c·",
            "9\t71 31 2e 62 3a 31 7c 63 7c 40 2b 31 0a\tq1.b:1|c|@+1·",
            "22\t" + " ".join(["78"] * 16) + "\t" + "x" * 16,
        ]
        assert rows[-1].startswith("4984\t")
        links = [link.get_attribute("href") for link in detail.get_by_role("link").all()]
        assert links == [f"evidence/RATE-10%20%5Bx%5D{ending}" for ending in (".txt", ".pcapng", ".sh")]


@in_browser
def test_keys_alone_reach_open_and_leave_a_case(browser: Browser, runs: Path) -> None:
    with opened(browser, runs) as page:
        page.locator("#fold").focus()
        page.keyboard.press("Tab")
        assert focused(page).startswith(" RATE")
        for key, where in (
            *(("ArrowDown", "RATE-10 PASS"), ("ArrowRight", "RATE-10 CRASHED"), ("ArrowRight", "RATE-10 CRASHED")),
            *(("ArrowDown", " COUNTER"), ("ArrowDown", "COUNTER-01 PASS"), ("End", "COUNTER-01 PASS")),
            *(("ArrowDown", "COUNTER-02 PASS"), ("Home", "COUNTER-02 FAIL")),
        ):
            page.keyboard.press(key)
            assert focused(page).startswith(where)
        page.keyboard.press("Enter")
        detail = page.get_by_role("dialog")
        assert page.evaluate("document.activeElement.id") == "detail-title"
        assert "it came out as 3\n\nassert 3 == 1" in detail.inner_text()
        page.get_by_role("button", name="Previous finding").press("Enter")
        assert detail.get_by_role("heading", level=2).inner_text() == "RATE-10 on two"
        assert page.get_by_role("button", name="Previous finding").is_disabled()
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="CRASHED")).to_be_focused()
        assert not detail.is_visible()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('table')") is None


@in_browser
def test_address_opens_a_case_and_targets_can_be_changed(browser: Browser, runs: Path) -> None:
    with opened(browser, runs, "#COUNTER-02/1") as page:
        detail = page.get_by_role("dialog")
        assert detail.get_by_role("heading", level=2).inner_text() == "COUNTER-02 on one"
        assert [one.inner_text().split()[-1] for one in detail.locator("summary").all()] == ["FAIL", "PASS"]
        detail.get_by_role("button", name="two PASS").click()
        assert detail.get_by_role("heading", level=2).inner_text() == "COUNTER-02 on two"
        assert page.evaluate("location.hash") == "#COUNTER-02/2"
        page.get_by_role("button", name="Close").click()
        expect(page).to_have_url(runs.as_uri())
        page.evaluate("location.hash = 'RATE-10/2'")
        expect(detail.get_by_role("heading", level=2)).to_have_text("RATE-10 on two")


@in_browser
def test_page_fits_every_window(browser: Browser, tmp_path: Path) -> None:
    long = "exec:/a/very/long/path/to/a/program --with --many --options " * 3
    third = record(
        "COUNTER-01", "FAIL", long, note="no number was published " * 30, problem="it cannot be started " * 9
    )
    with opened(browser, written(tmp_path, [*RUNS, third])) as page:
        for width in (320, 800, 1280):
            page.set_viewport_size({"width": width, "height": 700})
            assert_within(width, page.locator("header, .block, #filters > *"))
            # On a telephone a table may be wider than the window.
            assert width == 320 or page.evaluate("document.documentElement.scrollWidth") == width
            page.locator("tr.requirement button").first.click()
            assert_within(width, page.get_by_role("dialog"))
            page.keyboard.press("Escape")


def assert_within(width: int, parts: Locator) -> None:
    """Assert that nothing of what can be seen of some parts lies beside a window of that width."""
    boxes = [box for part in parts.all() if (box := part.bounding_box())]
    assert boxes
    assert all(0 <= box["x"] <= box["x"] + box["width"] <= width for box in boxes)


@in_browser
def test_page_follows_the_scheme_of_its_reader(browser: Browser, runs: Path) -> None:
    with opened(browser, runs) as page:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            style = "getComputedStyle(document.documentElement)"
            colours = (str(page.evaluate(f"{style}.{name}")) for name in ("backgroundColor", "color"))
            ground, text = (sum(map(int, re.findall(r"\d+", colour))) for colour in colours)
            assert (ground < text) == (scheme == "dark")


@in_browser
def test_verdicts_are_there_without_a_script(browser: Browser, runs: Path) -> None:
    with opened(browser, runs, java_script_enabled=False) as page:
        assert page.locator("#filters").is_hidden()
        assert "Filters and details need JavaScript" in page.locator("main").inner_text()
        assert len(shown(page)) == 4


@in_browser
def test_page_of_no_case_says_so(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, written(tmp_path, [])) as page:
        assert "No case was run." in page.locator("main").inner_text()


@in_browser
def test_large_run_is_one_page_of_a_few_megabytes(browser: Browser, tmp_path: Path) -> None:
    datagram = {"size": 300, "head": "q1.a:1|c\n" * 30, "tail": "", "refused": []}
    kept = {
        "datagrams": [datagram],
        "datagrams_sent": 1,
        "lines": ["stats.q1.a 1 1700000000"] * 8,
        "lines_published": 8,
    }
    sample = [
        record(f"COUNTER-{number // 3:02}", "FAIL" if number % 10 == 0 else "PASS", f"t{target}", note=f"case {number}")
        | (kept if number % 10 == 0 else {})
        for target in range(10)
        for number in range(700)
    ]
    file = written(tmp_path, sample)
    assert file.stat().st_size < 4_000_000
    with opened(browser, file) as page:
        assert status(page) == "234 requirements shown"
        page.get_by_label("Search").fill("counter-17 699")
        assert status(page) == "0 of 234 requirements shown"
        page.get_by_label("Search").fill("case 699")
        assert shown(page) == ["COUNTER-233"]
