"""A database of examples on another machine, which may go away while tests run: no test fails because of that."""

import warnings
from collections.abc import Callable, Iterable
from typing import TypeVar

from hypothesis.database import ExampleDatabase
from hypothesis.errors import HypothesisWarning

_T = TypeVar("_T")


class DatabaseWarning(UserWarning):
    """Examples are not had from where they were asked for; the message names the place, and what is done instead."""


class RemoteDatabase(ExampleDatabase):
    """A database elsewhere. Once it is gone another one stands in for it; a `DatabaseWarning` says so, once.

    What it warns of itself, as that nothing is there yet, comes as a `DatabaseWarning` too, under which tests go on
    that take warnings for errors.

    Args:
        place: what it is called where it was asked for.
        database: the one elsewhere.
        gone: what it raises when it does not answer.
        instead: takes its place from then on.
        instead_at: what that one is called.
    """

    def __init__(
        self, place: str, database: ExampleDatabase, gone: tuple[type[Exception], ...],
        instead: ExampleDatabase, instead_at: str,
    ) -> None:  # fmt: skip
        super().__init__()
        self.place = place
        self.database = database
        self._gone = gone
        self._instead = instead
        self._instead_at = instead_at

    def fetch(self, key: bytes) -> Iterable[bytes]:
        """Return the examples of a key."""
        return self._ask(lambda database: list(database.fetch(key)))

    def save(self, key: bytes, value: bytes) -> None:
        """Add an example to a key."""
        self._ask(lambda database: database.save(key, value))

    def delete(self, key: bytes, value: bytes) -> None:
        """Remove an example from a key."""
        self._ask(lambda database: database.delete(key, value))

    def move(self, src: bytes, dest: bytes, value: bytes) -> None:
        """Remove an example from one key, and add it to another."""
        self._ask(lambda database: database.move(src, dest, value))

    def _ask(self, question: Callable[[ExampleDatabase], _T]) -> _T:
        lost = []
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", HypothesisWarning)
            try:
                answer = question(self.database)
            except self._gone as error:
                lost = [f"{error}; what fails from now on is kept in {self._instead_at}"]
                self.database = self._instead
                answer = question(self.database)
        reasons = [str(one.message).strip() for one in said] + lost
        if reasons:
            warnings.warn(f"{self.place}: {' '.join(reasons)}", DatabaseWarning, stacklevel=3)
        return answer
