"""What came to something new: in memory for further changes, and in a folder for further searches."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from statsd_fuzz.wire.mutating import Mutator
from statsd_fuzz.wire.scenario import STREAMED, Scenario, adopted, as_file

# What is larger is no start for anything.
_LONGEST: Final = 16_384
_ODD: Final = re.compile(r"[^A-Za-z0-9]+")
_PAIR: Final = 2


class Kept:
    """The inputs of one search; `folder` None keeps them in memory only.

    `number` counts those that are new since the start.
    """

    def __init__(self, mutator: Mutator, folder: Path | None) -> None:
        self._mutator = mutator
        self._folder = folder
        self._shapes: set[frozenset[bytes]] = set()
        self._pieces: set[bytes] = set()
        self.number = 0

    def load(self) -> list[Scenario]:
        """Take what is in the folder, and return it.

        Raises:
            OSError: the folder or a file cannot be read.
        """
        if self._folder is None:
            return []
        self._folder.mkdir(parents=True, exist_ok=True)
        files = sorted(path for path in self._folder.iterdir() if path.is_file() and not path.name.startswith("."))
        found = [adopted(path.read_bytes(), path.name) for path in files if path.stat().st_size <= _LONGEST]
        for scenario in found:
            self._mutator.keep(scenario)
        return found

    def look(self, scenario: Scenario, shape: Iterable[bytes]) -> None:
        """Keep a scenario if something of its shape is new, or a pair: of more there is no end of combinations."""
        whole = frozenset(shape)
        if whole in self._shapes:
            return
        if not whole <= self._pieces or len(whole) == _PAIR:
            self._shapes.add(whole)
            self._pieces |= whole
            self.keep(scenario)

    def keep(self, scenario: Scenario) -> None:
        """Keep a scenario."""
        if scenario.size[1] > _LONGEST:
            return
        self.number += 1
        self._mutator.keep(scenario)
        if self._folder is not None:
            self._file(scenario).write_bytes(as_file(scenario))

    def _file(self, scenario: Scenario) -> Path:
        """Return a path that nothing has yet, named after what the scenario is about."""
        assert self._folder is not None
        # How it is sent stands in front, where nothing is cut off.
        features = sorted(scenario.features, key=lambda one: (one != STREAMED, one))
        stem = _ODD.sub("-", "-".join(features)).strip("-").lower()[:60] or "input"
        number = self.number
        while (path := self._folder / f"{stem}-{number}").exists():
            number += 1
        return path
