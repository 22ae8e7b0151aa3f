"""What a rule is: a way to find something in a text that no list of words holds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.screening.domain import Evasion

Spot = tuple[int, int, frozenset[Evasion]]
"""Start, end (exclusive) and how it was hidden, in code points of the text."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`find` is only asked where there are so many `digits` in a text, or one of `marks`."""

    find: Callable[[str], Iterator[Spot]]
    digits: int = 0
    marks: tuple[str, ...] = ()

    def may_hit(self, text: str, digits: int) -> bool:
        return digits >= self.digits and (not self.marks or any(mark in text for mark in self.marks))
