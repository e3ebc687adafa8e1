"""Networks of the suite's own in tests: what lacks the right to them skips, and says why."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

from statsd_conformance.namespaces import Namespaces, NoNamespaces, narrow_loopback, within

T = TypeVar("T")


def in_namespaces(work: Callable[[Namespaces], Coroutine[Any, Any, T]]) -> T:
    """Return what `work` returns, which runs in the far one of two namespaces; skip where they cannot be made."""
    try:
        return asyncio.run(within(work))
    except NoNamespaces as error:
        pytest.skip(str(error))


def on_narrow_loopback(mtu: int, work: Callable[[], T]) -> T:
    """Return what `work` returns, called where loopback has that MTU; skip where there can be no such place."""

    def there() -> T:
        with narrow_loopback(mtu):
            return work()

    with ThreadPoolExecutor(1) as thread:
        try:
            return thread.submit(there).result()
        except NoNamespaces as error:
            pytest.skip(str(error))
