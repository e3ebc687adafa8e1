"""Where the installed command begins."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec

import pytest

from statsd_conformance import __version__
from statsd_conformance.command_line import main

COMMANDS = "statsd_conformance.__main__"


class _Interrupted:
    """A finder of modules whose user presses Ctrl-C when the commands are looked for."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: object = None) -> ModuleSpec | None:
        if name == COMMANDS:
            raise KeyboardInterrupt
        return None


def test_ctrl_c_while_everything_is_imported_ends_it_without_a_word(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, COMMANDS, raising=False)
    monkeypatch.setattr(sys, "meta_path", [_Interrupted(), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert capfd.readouterr() == ("", "")


def test_command_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["statsd-conformance", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"statsd-conformance, version {__version__}\n"
