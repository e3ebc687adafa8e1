"""A mapping that holds so many keys and no more: memory stays constant, however long the traffic."""

from typing import TypeVar

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Latest(dict[_Key, _Value]):
    """A dict of which `keep` forgets the key that came first, once there are more than `limit`."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    def keep(self, key: _Key, value: _Value) -> None:
        """Set the value of a key."""
        self[key] = value
        if len(self) > self._limit:
            del self[next(iter(self))]
