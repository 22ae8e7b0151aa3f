"""Where many places each would be given much: in a short run each gets a share, another one from place to place."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def share(things: Sequence[T], place: int, size: int) -> list[T]:
    """The next `size` of the things for the place of this number; with places enough all of them are given."""
    return [things[(place * size + number) % len(things)] for number in range(min(size, len(things)))]
