from pathlib import Path

import pytest

from clients import CLIENTS, FOLDER, Client
from statsd_conformance.programs import Found, Missing

NAMES = [client.name for client in CLIENTS]


def made(file: Path, text: str = "") -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)
    return str(file)


@pytest.mark.parametrize("client", CLIENTS, ids=NAMES)
def test_every_client_has_a_program_that_says_what_it_means(client: Client) -> None:
    assert "STATSD_MEANT" in (FOLDER / client.program).read_text(encoding="utf-8")


@pytest.mark.parametrize("client", CLIENTS, ids=NAMES)
def test_a_missing_library_is_named_with_a_hint_of_one_line(client: Client, tmp_path: Path) -> None:
    missing = client.find(peers=[tmp_path], path=str(tmp_path))
    assert isinstance(missing, Missing)
    assert missing.hint.startswith(f"{client.name} is not installed: `make peers`")
    assert "\n" not in missing.hint


def test_a_library_of_python_is_run_by_the_interpreter_beside_it(tmp_path: Path) -> None:
    python = made(tmp_path / "clients/bin/python")
    made(tmp_path / "clients/lib/python3.13/site-packages/statsd/__init__.py")
    assert CLIENTS[0].find(peers=[tmp_path], path="") == Found((python, str(FOLDER / "python_statsd.py")))
    assert isinstance(CLIENTS[1].find(peers=[tmp_path], path=""), Missing)


def test_a_library_of_node_is_run_with_the_modules_beside_it(tmp_path: Path) -> None:
    node = made(tmp_path / "bin/node")
    made(tmp_path / "clients/node_modules/lynx/package.json")
    lynx = CLIENTS[NAMES.index("lynx")]
    modules = f"NODE_PATH={tmp_path / 'clients/node_modules'}"
    found = lynx.find(peers=[tmp_path], path=str(tmp_path / "bin"))
    assert found == Found(("env", modules, node, str(FOLDER / "node_lynx.js")))
    assert isinstance(lynx.find(peers=[tmp_path], path=""), Missing)


def test_a_library_of_the_system_is_there_when_its_interpreter_loads_it(tmp_path: Path) -> None:
    perl = made(tmp_path / "perl", '#!/bin/sh\ntest "$1" = -MNet::Statsd\n')
    client = CLIENTS[NAMES.index("Net::Statsd")]
    assert client.find(path=str(tmp_path)) == Found((perl, str(FOLDER / "perl_net_statsd.pl")))
    made(tmp_path / "perl", "#!/bin/sh\nexit 2\n")
    assert isinstance(client.find(path=str(tmp_path)), Missing)
