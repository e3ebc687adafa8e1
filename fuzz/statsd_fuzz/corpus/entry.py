"""One input of a corpus, and what makes it the same as another one: its bytes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class CorpusError(Exception):
    """A corpus that cannot be read or written; the message names the folder or file, and the remedy."""


@dataclass(frozen=True, slots=True)
class Input:
    """An input, and what its file is called: after what it shows, or empty where nobody has named it."""

    name: str
    data: bytes


def distinct(inputs: Iterable[Input]) -> list[Input]:
    """Return each content once, in the order of the first; of several names the first that is not empty.

    >>> distinct([Input("", b"a:1|c"), Input("counter", b"a:1|c"), Input("same", b"a:1|c")])
    [Input(name='counter', data=b'a:1|c')]
    """
    names: dict[bytes, str] = {}
    for one in inputs:
        names[one.data] = names.get(one.data) or one.name
    return [Input(name, data) for data, name in names.items()]


def without(inputs: Iterable[Input], there: Sequence[Input]) -> list[Input]:
    """Return the inputs whose content is not there yet."""
    contents = {one.data for one in there}
    return [one for one in inputs if one.data not in contents]
