"""The same moment for several requests."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx2


def at_once(asks: Sequence[Callable[[], httpx2.Response]]) -> list[httpx2.Response]:
    """What each heard, in their order; all begin together."""
    ready = Barrier(len(asks))

    def ask(one: Callable[[], httpx2.Response]) -> httpx2.Response:
        ready.wait()
        return one()

    with ThreadPoolExecutor(len(asks)) as pool:
        return list(pool.map(ask, asks))
