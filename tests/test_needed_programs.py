from collections.abc import Callable

import pytest

from needed_programs import command_of, tool
from statsd_conformance.programs import Found, Missing


def test_a_program_that_is_there_gives_its_command() -> None:
    assert command_of(Found(("node", "stats.js")), must_be_there=True) == ("node", "stats.js")


def test_a_missing_program_skips_the_test_with_its_hint() -> None:
    with pytest.raises(pytest.skip.Exception, match="netdata is not installed"):
        command_of(Missing("netdata is not installed: …"), must_be_there=False)


def test_a_missing_program_fails_the_test_where_it_must_be_there() -> None:
    with pytest.raises(pytest.fail.Exception, match="netdata is not installed"):
        command_of(Missing("netdata is not installed: …"), must_be_there=True)


def test_the_fixture_finds_programs_by_name(program: Callable[[str], tuple[str, ...]]) -> None:
    with pytest.raises(ValueError, match="no program 'statsx' is known"):
        program("statsx")


@pytest.mark.parametrize(("ci", "ends"), [("true", pytest.fail.Exception), ("false", pytest.skip.Exception)])
def test_a_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch, ci: str, ends: type[BaseException]) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises(ends, match="no-such-tool is not installed: make peers"):
        tool("no-such-tool", "nor-this-one")


def test_a_tool_is_found_by_any_of_its_names() -> None:
    assert tool("no-such-tool", "sh")[0].endswith("/sh")
