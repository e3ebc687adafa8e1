"""What is handed over to libFuzzer, by a stand-in of Atheris that only listens."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from statsd_fuzz import _driver


def check(data: bytes) -> None:
    """Say nothing of any input."""


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Give the list that the command line of libFuzzer goes into."""
    heard: list[str] = []
    atheris = SimpleNamespace(Setup=lambda arguments, target: heard.extend(arguments), Fuzz=lambda: None)
    monkeypatch.setitem(sys.modules, "atheris", atheris)
    monkeypatch.chdir(tmp_path)
    return heard


def fuzzed(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["target.py", *arguments])
    with pytest.raises(SystemExit):
        _driver.fuzz(check, ["lines/good"])


def test_a_search_has_seeds_dictionary_limit_and_a_folder_of_its_own(
    handed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fuzzed(monkeypatch, "-runs=3")
    assert handed[-1].endswith("statsd_corpora/lines/good")
    assert handed[-3:-1] == ["-runs=3", ".fuzz/test_fuzz_driver"]
    assert "-max_len=128" in handed
    assert any(one.endswith("statsd.dict") for one in handed)


@pytest.mark.parametrize(
    "arguments",
    [
        ["-merge=1", "new", "old"],
        ["-set_cover_merge=1", "new", "old"],
        ["-merge_control_file=f", "-merge_inner=1", "new", "old"],
        ["-runs=1", "input"],
    ],
    ids=" ".join,
)
def test_nothing_is_added_to_a_merge_or_to_files_that_are_tried_again(
    arguments: list[str], handed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("input").write_bytes(b"a:1|c")
    fuzzed(monkeypatch, *arguments)
    assert handed[1:] == arguments
    assert not Path(".fuzz").exists()


def test_a_program_of_one_file_gets_what_it_is_given(handed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    fuzzed(monkeypatch, "-runs=3", "corpus")
    assert handed == ["target.py", "-runs=3", "corpus"]


def test_a_module_is_started_again_by_its_name(handed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    module = SimpleNamespace(__spec__=SimpleNamespace(name="statsd_fuzz.some_target"))
    monkeypatch.setitem(sys.modules, "__main__", module)
    monkeypatch.setattr(sys, "executable", "/a folder/python")
    fuzzed(monkeypatch, "-merge=1", "new", "old")
    assert handed[0] == "'/a folder/python' -m statsd_fuzz.some_target"
