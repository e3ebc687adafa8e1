"""What properties found: one small file an example, replayed first by later runs.

A file is JSON, named after the property and what it holds, so that the same example never lies there twice:

    {"format": 1, "property": "PROPERTY-02", "lines": [{"name": "a", "value": "1", "type": "c", "rate": "", "mark": 0}]}

The parts of a line are those of `traffic.Line`. Delete a file to have it forgotten.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from statsd_conformance.traffic import Line, Lines

FORMAT: Final = 1


class FoundError(ValueError):
    """A file that holds no example; the message names it and says what to do."""


@dataclass
class Found:
    """The examples of a folder, or of this run only where there is none (`folder` is None)."""

    folder: Path | None = None
    _known: dict[str, list[Lines]] = field(default_factory=dict)

    def examples(self, id: str) -> list[Lines]:
        """Return the examples of one property, in the order of their names, then those of this run.

        Raises:
            FoundError: a file of that property cannot be read.
        """
        return list(dict.fromkeys([*self._read(id), *self._known.get(id, [])]))

    def check(self) -> None:
        """Read every file of the folder.

        Raises:
            FoundError: one of them cannot be read.
        """
        for path in self.folder.glob("*-*.json") if self.folder else ():
            list(self._read(path.stem.rpartition("-")[0]))

    def add(self, id: str, lines: Lines) -> Path | None:
        """Keep an example; return the file that holds it, None when it could not be written."""
        kept = self._known.setdefault(id, [])
        if lines not in kept:
            kept.append(lines)
        if self.folder is None:
            return None
        path = self.folder / file_name(id, lines)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            path.write_text(written(id, lines), encoding="utf-8")
        except OSError:
            # It is in the report, too.
            return None
        return path

    def _read(self, id: str) -> Iterator[Lines]:
        for path in sorted(self.folder.glob(f"{id}-*.json")) if self.folder else ():
            try:
                yield read(path.read_text("utf-8"), id)
            except (OSError, ValueError) as error:
                raise FoundError(f"{path}: {error}; delete it, or write it again") from None


def file_name(id: str, lines: Lines) -> str:
    """Return the name of the file of an example: its property and a hash of what it holds."""
    return f"{id}-{digest(id, lines)}.json"


def digest(id: str, lines: Lines) -> str:
    """Return twelve hexadecimal digits that stand for an example."""
    return sha256(written(id, lines).encode()).hexdigest()[:12]


def written(id: str, lines: Lines) -> str:
    """Return the text of a file, a line of text for each line of the example."""
    rows = ",\n".join(f"  {json.dumps(asdict(line))}" for line in lines)
    return f'{{"format": {FORMAT}, "property": {json.dumps(id)}, "lines": [\n{rows}\n]}}\n'


def read(text: str, id: str) -> Lines:
    """Return the example that a file's text holds.

    Raises:
        ValueError: it is no such text, or is for another property.
    """
    entries = json.loads(text)
    if not isinstance(entries, dict) or entries.get("format") != FORMAT:
        raise ValueError(f"not an example of format {FORMAT}")
    if entries.get("property") != id:
        raise ValueError(f"an example of {entries.get('property')}, not of {id}")
    try:
        lines = tuple(Line(**row) for row in entries["lines"])
        wrong = [line for line in lines for part, value in asdict(line).items() if type(value) is not _TYPES[part]]
    except (KeyError, TypeError) as error:
        raise ValueError(f"no lines in it ({error})") from None
    if wrong or not lines:
        raise ValueError("no lines in it, or a part of one is neither text nor a whole number")
    return lines


_TYPES: Final = {"name": str, "value": str, "type": str, "rate": str, "mark": int}
