from pathlib import Path

import pytest

from statsd_conformance.found import Found, FoundError, file_name, read, written
from statsd_conformance.traffic import Line

LINES = (Line("a", "1"), Line("b", "+2", "g", "", 1), Line("bad", ":x|c", "bad"))


def test_example_comes_back_from_its_file(tmp_path: Path) -> None:
    path = Found(tmp_path / "new").add("PROPERTY-02", LINES)
    assert path == tmp_path / "new" / file_name("PROPERTY-02", LINES)
    assert Found(tmp_path / "new").examples("PROPERTY-02") == [LINES]
    assert Found(tmp_path / "new").examples("PROPERTY-01") == []


def test_same_example_is_kept_once(tmp_path: Path) -> None:
    found = Found(tmp_path)
    assert found.add("PROPERTY-02", LINES) == found.add("PROPERTY-02", LINES)
    assert found.examples("PROPERTY-02") == [LINES]
    assert found.add("PROPERTY-02", LINES[:1]) != found.add("PROPERTY-01", LINES[:1])


def test_without_a_folder_examples_last_as_long_as_the_run() -> None:
    found = Found()
    assert found.add("PROPERTY-02", LINES) is None
    assert found.examples("PROPERTY-02") == [LINES]
    assert Found().examples("PROPERTY-02") == []


def test_folder_that_cannot_be_written_loses_no_example(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = Found(tmp_path / "file" / "below")
    assert found.add("PROPERTY-02", LINES) is None
    assert found.examples("PROPERTY-02") == [LINES]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Expecting value"),
        ("[]", "format 1"),
        (written("PROPERTY-02", LINES).replace('"format": 1', '"format": 2'), "format 1"),
        (written("PROPERTY-03", LINES), "PROPERTY-03, not of PROPERTY-02"),
        ('{"format": 1, "property": "PROPERTY-02"}', "no lines"),
        ('{"format": 1, "property": "PROPERTY-02", "lines": []}', "no lines"),
        ('{"format": 1, "property": "PROPERTY-02", "lines": [{"nam": "a"}]}', "no lines"),
        ('{"format": 1, "property": "PROPERTY-02", "lines": [{"name": "a", "value": 1}]}', "neither text nor"),
    ],
)
def test_file_that_holds_no_example_is_named(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "PROPERTY-02-1.json"
    path.write_text(text)
    with pytest.raises(FoundError, match=says) as refused:
        Found(tmp_path).check()
    assert str(path) in str(refused.value)
    assert "delete it" in str(refused.value)


def test_text_has_a_row_for_each_line() -> None:
    text = written("PROPERTY-02", LINES)
    assert text.splitlines()[1] == '  {"name": "a", "value": "1", "type": "c", "rate": "", "mark": 0},'
    assert read(text, "PROPERTY-02") == LINES
