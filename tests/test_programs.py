from pathlib import Path

import pytest

from statsd_conformance.programs import PROGRAMS, Found, Missing, find, peers_folders, search_path


def program(file: Path) -> str:
    """Make an empty program and return its path."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o755)
    return str(file)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_on_path_is_found(name: str, tmp_path: Path) -> None:
    executable = program(tmp_path / PROGRAMS[name].names[-1])
    assert find(name, path=str(tmp_path), peers=()) == Found((executable,))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_missing_program_is_named_with_a_hint_of_one_line(name: str, tmp_path: Path) -> None:
    missing = find(name, path=str(tmp_path), peers=[tmp_path])
    assert isinstance(missing, Missing)
    assert missing.hint.startswith(f"{name} is not installed: ")
    assert "\n" not in missing.hint


def test_a_peer_is_run_by_the_interpreter_on_path(tmp_path: Path) -> None:
    node = program(tmp_path / "bin/node")
    script = program(tmp_path / "node_modules/statsd/stats.js")
    assert find("statsd", path=str(tmp_path / "bin"), peers=[tmp_path]) == Found((node, script))


def test_a_peer_is_run_by_the_interpreter_beside_it(tmp_path: Path) -> None:
    python = program(tmp_path / "carbon/bin/python")
    script = program(tmp_path / "carbon/bin/carbon-cache.py")
    assert find("carbon-cache", path="", peers=[tmp_path]) == Found((python, script))


def test_a_peer_without_its_interpreter_is_missing(tmp_path: Path) -> None:
    program(tmp_path / "node_modules/statsd/stats.js")
    assert isinstance(find("statsd", path=str(tmp_path / "bin"), peers=[tmp_path]), Missing)


def test_an_interpreter_without_its_peer_is_nothing(tmp_path: Path) -> None:
    program(tmp_path / "bin/node")
    assert isinstance(find("statsd", path=str(tmp_path / "bin"), peers=[tmp_path]), Missing)


def test_daemons_are_found_where_an_ordinary_path_does_not_lead() -> None:
    first, *others = search_path({"PATH": "/home/me/bin"}).split(":")
    assert first == "/home/me/bin"
    assert "/usr/sbin" in others


def test_a_peer_without_an_interpreter_runs_by_itself(tmp_path: Path) -> None:
    executable = program(tmp_path / "go/telegraf")
    assert find("telegraf", path="", peers=[tmp_path]) == Found((executable,))


def test_a_peer_that_cannot_be_run_is_missing(tmp_path: Path) -> None:
    Path(program(tmp_path / "go/telegraf")).chmod(0o644)
    assert isinstance(find("telegraf", path="", peers=[tmp_path]), Missing)


def test_path_goes_before_peers(tmp_path: Path) -> None:
    for name in ("bin/node", "node_modules/statsd/stats.js"):
        program(tmp_path / name)
    executable = program(tmp_path / "bin/statsd")
    assert find("statsd", path=str(tmp_path / "bin"), peers=[tmp_path]) == Found((executable,))


def test_peers_are_looked_for_here_and_in_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert peers_folders() == (tmp_path / ".peers", Path(__file__).resolve().parents[1] / ".peers")


def test_an_unknown_name_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ValueError, match="no program 'statd' is known; there are statsd, statsd-proxy, collectd"):
        find("statd")
