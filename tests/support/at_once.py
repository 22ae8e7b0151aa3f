"""The same moment for several requests."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

T = TypeVar("T")


def at_once(asks: Sequence[Callable[[], T]]) -> list[T]:
    """What each heard, in their order; all begin together."""
    ready = Barrier(len(asks))

    def ask(one: Callable[[], T]) -> T:
        ready.wait()
        return one()

    with ThreadPoolExecutor(len(asks)) as pool:
        return list(pool.map(ask, asks))
