"""A database of examples that goes away while tests run."""

import warnings
from collections.abc import Iterable

import pytest
from hypothesis.database import ExampleDatabase, InMemoryExampleDatabase
from hypothesis.errors import HypothesisWarning

from statsd_fuzz.remote_database import DatabaseWarning, RemoteDatabase

KEY, VALUE = b"key", b"value"


class Gone(ExampleDatabase):
    """A database whose server has ended."""

    def fetch(self, key: bytes) -> Iterable[bytes]:
        """Raise when the first example is asked for."""
        raise ConnectionError("nobody listens")
        yield key

    def save(self, key: bytes, value: bytes) -> None:
        """Raise."""
        raise ConnectionError("nobody listens")

    def delete(self, key: bytes, value: bytes) -> None:
        """Raise."""
        raise ConnectionError("nobody listens")

    def move(self, src: bytes, dest: bytes, value: bytes) -> None:
        """Raise."""
        raise ConnectionError("nobody listens")


class Empty(InMemoryExampleDatabase):
    """A database that says of itself that nothing is there yet, as that of GitHub's artifacts does."""

    def fetch(self, key: bytes) -> Iterable[bytes]:
        """Return nothing, with the warning."""
        warnings.warn("there is no artifact", HypothesisWarning, stacklevel=2)
        return super().fetch(key)


@pytest.mark.parametrize(
    ("method", "arguments", "left"),
    [
        ("fetch", (KEY,), {KEY: {b"old"}}),
        ("save", (KEY, VALUE), {KEY: {b"old", VALUE}}),
        ("delete", (KEY, b"old"), {KEY: set()}),
        ("move", (KEY, b"other", b"old"), {KEY: set(), b"other": {b"old"}}),
    ],
)
def test_another_database_stands_in_for_one_that_is_gone(
    method: str, arguments: tuple[bytes, ...], left: dict[bytes, set[bytes]]
) -> None:
    here = InMemoryExampleDatabase()
    here.save(KEY, b"old")
    database = RemoteDatabase("PLACE", Gone(), (ConnectionError,), here, "FOLDER")
    # The filters are those of every test here, which take warnings for errors.
    with warnings.catch_warnings(record=True) as said:
        getattr(database, method)(*arguments)
    assert [(one.category, str(one.message)) for one in said] == [
        (DatabaseWarning, "PLACE: nobody listens; what fails from now on is kept in FOLDER")
    ]
    assert {key: set(here.fetch(key)) for key in left} == left
    with warnings.catch_warnings(record=True) as said:
        assert set(database.fetch(KEY)) == left[KEY]
    assert not said


def test_only_what_says_that_it_is_gone_is_replaced() -> None:
    database = RemoteDatabase("PLACE", Gone(), (TimeoutError,), InMemoryExampleDatabase(), "FOLDER")
    with pytest.raises(ConnectionError):
        database.save(KEY, VALUE)


def test_what_a_database_warns_of_fails_no_test_that_takes_warnings_for_errors() -> None:
    database = RemoteDatabase("PLACE", Empty(), (), InMemoryExampleDatabase(), "FOLDER")
    with warnings.catch_warnings(record=True) as said:
        assert list(database.fetch(KEY)) == []
    assert [(one.category, str(one.message)) for one in said] == [(DatabaseWarning, "PLACE: there is no artifact")]
