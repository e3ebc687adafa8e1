"""Where Hypothesis keeps failing examples, so that other machines try them first: `HYPOTHESIS_DATABASE`.

It names one place or several, with blanks between them; what is found goes into all that are not read only.

    redis://HOST:PORT/NUMBER        a Redis server; also rediss:// and unix://
    github:OWNER/REPOSITORY         its newest artifact `hypothesis-example-db`, read only; a token in GITHUB_TOKEN
    read-only:PLACE                 of any place, nothing but what is there
    anything else                   a folder; one with a colon in its name begins with ./
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from hypothesis.database import (
    DirectoryBasedExampleDatabase,
    ExampleDatabase,
    GitHubArtifactDatabase,
    MultiplexedDatabase,
    ReadOnlyDatabase,
)

from statsd_fuzz.remote_database import RemoteDatabase

if TYPE_CHECKING:
    from redis import Redis

VARIABLE: Final = "HYPOTHESIS_DATABASE"
_LOCAL: Final = ".hypothesis/examples"
_FETCHED: Final = ".hypothesis/github-artifacts"
_REDIS: Final = ("redis://", "rediss://", "unix://")
_GITHUB: Final = "github:"
_READ_ONLY: Final = "read-only:"
# What looks like a place of another kind is a slip of the pen, and no folder.
_OTHER: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
# Other projects may use the same server.
_PREFIX: Final = b"statsd-conformance:"
_PATIENCE: Final = 5.0


class DatabaseError(ValueError):
    """A database that cannot be had was asked for; the message names it and the remedy."""


def choose_database(environment: Mapping[str, str]) -> ExampleDatabase | None:
    """Return the database that `HYPOTHESIS_DATABASE` names; None without it, so that the profile decides.

    Where all that is named is read only, what is found goes into the local folder that Hypothesis has by itself.

    Raises:
        DatabaseError: it names none, or one that does not answer.
    """
    places = environment.get(VARIABLE, "").split()
    if not places:
        return None
    databases = [_database(place) for place in places]
    if all(isinstance(one, ReadOnlyDatabase) for one in databases):
        databases.insert(0, DirectoryBasedExampleDatabase(_LOCAL))
    return databases[0] if len(databases) == 1 else MultiplexedDatabase(*databases)


def _database(place: str) -> ExampleDatabase:
    if place.startswith(_READ_ONLY):
        return ReadOnlyDatabase(_readable(place.removeprefix(_READ_ONLY)))
    if place.startswith(_GITHUB):
        owner, _, repository = place.removeprefix(_GITHUB).partition("/")
        if not owner or not repository or "/" in repository:
            raise DatabaseError(f"{VARIABLE}={place} names no repository; say github:OWNER/REPOSITORY")
        # By itself it keeps what it fetched by the name of the artifact alone, which all repositories here share.
        artifacts = GitHubArtifactDatabase(owner, repository, path=Path(_FETCHED, owner, repository))
        return ReadOnlyDatabase(_remote(place, artifacts))
    if place.startswith(_REDIS):
        return _redis(place)
    if _OTHER.match(place):
        raise DatabaseError(f"{VARIABLE}={place} is none that is known; say redis://HOST:PORT, github:… or a folder")
    return _folder(place)


def _readable(place: str) -> ExampleDatabase:
    """Return a place that is only read: of a folder that is not there yet, nothing."""
    if not place:
        raise DatabaseError(f"{VARIABLE}={_READ_ONLY} names no place; say read-only:PLACE")
    if not _OTHER.match(place) and not Path(place).exists():
        return DirectoryBasedExampleDatabase(place)
    return _database(place)


def _folder(place: str) -> ExampleDatabase:
    try:
        Path(place).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(f"{VARIABLE}={place}: {error.strerror}; name a folder, or one that can be made") from None
    return DirectoryBasedExampleDatabase(place)


def _remote(place: str, database: ExampleDatabase, *gone: type[Exception]) -> ExampleDatabase:
    return RemoteDatabase(f"{VARIABLE}={place}", database, gone, DirectoryBasedExampleDatabase(_LOCAL), _LOCAL)


def _redis(url: str) -> ExampleDatabase:
    try:
        from hypothesis.extra.redis import RedisExampleDatabase
        from redis import RedisError
    except ImportError:
        raise DatabaseError(f"{VARIABLE}={url} needs a client: pip install 'statsd-conformance[redis]'") from None
    try:
        number = "" if url.startswith("unix:") else urlsplit(url).path.strip("/")
    except ValueError as error:
        raise DatabaseError(f"{VARIABLE}={url}: {error}; say redis://HOST:PORT/NUMBER") from None
    if number and not number.isdecimal():
        # The client would take database 0.
        raise DatabaseError(f"{VARIABLE}={url}: {number!r} is no number of a database; say redis://HOST:PORT/NUMBER")
    try:
        server = _connected(url)
        server.ping()
    except (RedisError, ValueError) as error:
        raise DatabaseError(f"{VARIABLE}={url}: {error}; start that server, or name another place") from None
    return _remote(url, RedisExampleDatabase(server, key_prefix=_PREFIX), RedisError)


def _connected(url: str) -> "Redis":
    from redis import Redis

    return Redis.from_url(url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE)
