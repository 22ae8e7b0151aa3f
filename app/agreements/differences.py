"""What a draft changes in the text that is in force, line by line."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum


class Change(StrEnum):
    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Line:
    change: Change
    text: str


def difference(before: str, after: str) -> tuple[Line, ...]:
    """Every line of both that is not blank, in order; where lines changed, what goes stands before what comes."""
    return tuple(_lines(_written(before), _written(after)))


def _written(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _lines(before: list[str], after: list[str]) -> Iterator[Line]:
    for tag, first, end, new_first, new_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from (Line(Change.SAME, text) for text in before[first:end])
            continue
        yield from (Line(Change.REMOVED, text) for text in before[first:end])
        yield from (Line(Change.ADDED, text) for text in after[new_first:new_end])
