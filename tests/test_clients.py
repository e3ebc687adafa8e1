"""Real client libraries under the suite: exactly what is wrong with each is found, and nothing else."""

import os
import tomllib
from pathlib import Path

import pytest

from clients import CLIENTS, FOLDER, Client
from clients.judged import found
from needed_programs import command_of
from statsd_fuzz.search import in_ci

FINDINGS = tomllib.loads((FOLDER / "findings.toml").read_text(encoding="utf-8"))


# A library is loaded, and some of them wait before they have sent all.
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_what_is_wrong_with_a_client_library_is_found(client: Client, tmp_path: Path) -> None:
    command = command_of(client.find(), must_be_there=in_ci(os.environ))
    assert found(command, tmp_path) == FINDINGS[client.name]


def test_at_least_six_libraries_of_three_languages_are_judged() -> None:
    assert {client.name for client in CLIENTS} == FINDINGS.keys()
    assert len(CLIENTS) >= 6
    assert len({Path(client.program).suffix for client in CLIENTS}) >= 3
