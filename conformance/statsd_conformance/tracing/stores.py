"""Ways to ask Graphite what it holds: whisper's files, carbon's cache, a render URL. One interface, plain values."""

import json
import os
import pickle
import re
import socket
import struct
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

from statsd_conformance.observers.pickled import LONGEST, BadPickle, read_plain
from statsd_conformance.tracing.seen import Store, Stored

_SECONDS: Final = 10.0
_DROPPED: Final = re.compile(rb"[^.]+\.agents\.[^.]+\.droppedCreates")
_REJECTED: Final = re.compile(rb"[^.]+\.agents\.[^.]+\.(blacklistMatches|whitelistRejects)")
_DICTIONARY: Final = frozenset({"EMPTY_DICT", "DICT", "SETITEM", "SETITEMS"})
# Names in one question: a URL may be some thousand bytes long.
_TARGETS: Final = 20


class StoreError(Exception):
    """Graphite cannot be asked; the message says where, why, and what to do."""


class Asks(Protocol):
    """Asks Graphite for series."""

    def read(self, paths: Sequence[bytes], since: float) -> Store:
        """Return what it holds of these paths, and of others where it can list them, since a time.

        Raises:
            StoreError: it cannot be asked.
        """


@dataclass(frozen=True, slots=True)
class WhisperFiles:
    """A tree of whisper's files, LOCAL_DATA_DIR of carbon. Names of tagged series are hashed there, and not found."""

    root: Path

    def read(self, paths: Sequence[bytes], since: float) -> Store:
        """Return what the files hold; every file has its name, byte for byte."""
        fetch = _whisper()
        found = {path: _of_file(fetch, path, file, since) for path, file in self._files() if _matters(path)}
        return _with_own_counts(found, f"the files below {self.root}")

    def _files(self) -> Iterator[tuple[bytes, str]]:
        for folder, _, names in os.walk(self.root, followlinks=True):
            below = os.path.relpath(folder, self.root)
            for name in names:
                if name.endswith(".wsp"):
                    relative = name if below == "." else f"{below}/{name}"
                    yield os.fsencode(relative.removesuffix(".wsp").replace("/", ".")), os.path.join(folder, name)  # noqa: PTH118  # names need not be text


def _whisper() -> Any:
    try:
        import whisper
    except ImportError:
        raise StoreError(
            "reading whisper's files needs the package whisper: pip install 'statsd-conformance[trace]', "
            "or ask carbon itself with --carbon-query, or graphite-web with --render"
        ) from None
    return whisper


def _matters(path: bytes) -> bool:
    """Tell whether a series is worth reading: of carbon's own there are many."""
    return b".agents." not in path or bool(_DROPPED.fullmatch(path) or _REJECTED.fullmatch(path))


def _of_file(whisper: Any, path: bytes, file: str, since: float) -> Stored:
    try:
        finest = whisper.info(file)["archives"][0]
        points = _points(whisper, file, time.time() - finest["retention"]) or _points(whisper, file, 0)
    except (OSError, TypeError, KeyError, struct.error, whisper.WhisperException):
        # A file that is being made, or a damaged one: it is there, with nothing in it.
        return Stored(path, 0)
    return _stored(path, points, since, float(finest["secondsPerPoint"]))


def _points(whisper: Any, file: str, start: float) -> list[tuple[float, float]]:
    """Return the points since then, of the finest archive that goes back so far."""
    (first, _, step), values = whisper.fetch(file, int(start))
    return [(first + step * number, value) for number, value in enumerate(values) if value is not None]


def _stored(path: bytes, points: Iterable[tuple[float, float | None]], since: float, step: float) -> Stored:
    """Return a series of its points: the time since which counts begins with the slot that holds it."""
    known = sorted((stamp, value) for stamp, value in points if value is not None)
    begin = since - since % step if step else since
    fresh = [value for stamp, value in known if stamp >= begin]
    stamp, value = known[-1] if known else (0.0, None)
    return Stored(path, len(fresh), value, sum(fresh), stamp, step)


def _with_own_counts(found: dict[bytes, Stored], source: str) -> Store:
    """Return a store, with what carbon counts of itself where that is among the series."""
    dropped = [one.total for path, one in found.items() if _DROPPED.fullmatch(path)]
    rejected = [one.total for path, one in found.items() if _REJECTED.fullmatch(path)]
    series = {path: one for path, one in found.items() if b".agents." not in path}
    return Store(series, source, sum(dropped) if dropped else None, sum(rejected) if rejected else None)


@dataclass(frozen=True, slots=True)
class CarbonCache:
    """The query port of carbon-cache (CACHE_QUERY_PORT): it knows what is not written to files yet, by exact name."""

    host: str
    port: int

    def read(self, paths: Sequence[bytes], since: float) -> Store:
        """Return what is in the cache of each path, and of the path without blanks around it."""
        wanted = [path for path in dict.fromkeys(two for one in paths for two in (one, one.strip())) if _is_text(path)]
        source = f"the cache of carbon at {self.host}:{self.port}"
        try:
            with socket.create_connection((self.host, self.port), _SECONDS) as connection:
                found = {path: _stored(path, self._points(connection, path), since, 0.0) for path in wanted}
        except (OSError, BadPickle, struct.error) as error:
            raise StoreError(f"cannot ask {source}: {error}; give its CACHE_QUERY_PORT with --carbon-query") from None
        return Store({path: one for path, one in found.items() if one.points or one.last}, source)

    def _points(self, connection: socket.socket, path: bytes) -> Iterator[tuple[float, float]]:
        question = pickle.dumps({"type": "cache-query", "metric": path.decode()}, protocol=2)
        connection.sendall(struct.pack(">L", len(question)) + question)
        (length,) = struct.unpack(">L", _exactly(connection, 4))
        if length > LONGEST:
            raise BadPickle(f"is {length} bytes long")
        answer = read_plain(_exactly(connection, length), _DICTIONARY)
        points = answer.get("datapoints") if isinstance(answer, dict) else None
        if not isinstance(points, list):
            raise BadPickle("is no answer to a cache-query")
        for point in points:
            match point:
                case ((int() | float()) as stamp, (int() | float()) as value):
                    yield float(stamp), float(value)


def _is_text(path: bytes) -> bool:
    try:
        path.decode()
    except UnicodeDecodeError:
        return False
    return True


def _exactly(connection: socket.socket, size: int) -> bytes:
    """Return so many bytes.

    Raises:
        OSError: the connection ends before.
    """
    received = b""
    while len(received) < size:
        chunk = connection.recv(size - len(received))
        if not chunk:
            raise OSError("it closed the connection")
        received += chunk
    return received


@dataclass(frozen=True, slots=True)
class Render:
    """The render URL of graphite-web, or of what speaks as it does: `url` is what stands before `/render`."""

    url: str

    def read(self, paths: Sequence[bytes], since: float) -> Store:
        """Return what it renders of each path, and the roots of trees that begin with white space."""
        start = int(since) - 1 if since else int(time.time()) - 86_400
        wanted = list(dict.fromkeys(two for one in paths for two in (one, one.strip())))
        own = [b"*.agents.*.droppedCreates", b"*.agents.*.blacklistMatches", b"*.agents.*.whitelistRejects"]
        found: dict[bytes, Stored] = {}
        for first in range(0, len(wanted) + len(own), _TARGETS):
            for target, points in self._rendered([*wanted, *own][first : first + _TARGETS], start):
                found[target] = _stored(target, points, since, _step(points))
        return _with_own_counts({path: one for path, one in found.items() if one.points or one.last}, self.url)

    def _rendered(self, targets: Sequence[bytes], start: int) -> Iterator[tuple[bytes, list[tuple[float, Any]]]]:
        asked = "&".join(f"target={quote(target)}" for target in targets)
        address = f"{self.url.rstrip('/')}/render?format=json&from={start}&{asked}"
        try:
            with urlopen(address, timeout=_SECONDS) as answer:
                series = json.load(answer)
            for one in series:
                yield one["target"].encode(), [(float(stamp), value) for value, stamp in one["datapoints"]]
        except (URLError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreError(f"cannot ask {self.url}: {error}; give with --render what stands before /render") from None


def _step(points: Sequence[tuple[float, object]]) -> float:
    return points[1][0] - points[0][0] if len(points) > 1 else 0.0


@dataclass(frozen=True, slots=True)
class Several:
    """Several ways to ask at once: a series is there where one of them has it; the latest point counts."""

    ways: Sequence[Asks]

    def read(self, paths: Sequence[bytes], since: float) -> Store:
        """Return what all of them hold together."""
        stores = [way.read(paths, since) for way in self.ways]
        together: dict[bytes, Stored] = {}
        for one in (one for store in stores for one in store.stored.values()):
            before = together.get(one.path)
            together[one.path] = (
                one if before is None or (one.last, one.points) > (before.last, before.points) else before
            )
        dropped = [store.dropped for store in stores if store.dropped is not None]
        rejected = [store.rejected for store in stores if store.rejected is not None]
        return Store(
            together,
            " and ".join(store.source for store in stores),
            sum(dropped) if dropped else None,
            sum(rejected) if rejected else None,
        )
