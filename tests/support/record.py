"""A moment in which nothing can be published: whatever fails closed is refused."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.wiring import Services


@contextmanager
def unpublished(services: Services) -> Iterator[None]:
    """What is signed cannot be kept outside the database."""
    in_the_way = services.data_dir / "audit-head.tmp"
    in_the_way.mkdir()
    try:
        yield
    finally:
        in_the_way.rmdir()
