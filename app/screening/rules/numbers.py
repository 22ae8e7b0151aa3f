"""Numbers in a text, however they are written and grouped: 138 0013 8000, 一三八零零一三八零零零."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.screening import folding, relations, tables
from app.screening.domain import Evasion
from app.screening.rules.reading import DIGIT_I, DIGIT_O, as_numbers

_NUMBER = re.compile(r"\d(?:~*(?:[ -]~*){0,3}\d)*")
_AMONG_LETTERS = re.compile(r"l~*[OI~]+|[OI~]+l")
_WORD = re.compile(r"\d(?:[~-]*\d)*")
_FOR_DIGITS = frozenset("oil")
_LETTERS_TOO = str.maketrans({DIGIT_O: "0", DIGIT_I: "1"})


@dataclass(frozen=True, slots=True)
class Number:
    """Digits that stand together, one or more groups of them between spaces."""

    digits: str
    offsets: tuple[int, ...]
    groups: tuple[int, ...]
    """Digits between spaces or signs."""

    @property
    def end(self) -> int:
        return self.offsets[-1] + 1


def numbers(text: str, shapes: Sequence[re.Pattern[str]]) -> Iterator[Number]:
    """Every number of one of these shapes: of whole groups between spaces, never a part of one."""
    read = _AMONG_LETTERS.sub(lambda match: "l" * len(match.group()), as_numbers(text)).translate(_LETTERS_TOO)
    for match in _NUMBER.finditer(read):
        offsets = [offset for offset in range(*match.span()) if read[offset].isdigit()]
        digits = "".join([read[offset] for offset in offsets])
        edges = _edges([sum(map(str.isdigit, word)) for word in _WORD.findall(match.group())])
        for start in edges:
            for shape in shapes:
                found = shape.match(digits, start)
                if found and found.end() in edges:
                    yield _number(read, found.group(), offsets[start : found.end()])


def _edges(words: Sequence[int]) -> dict[int, None]:
    """Where a number may begin or end, in digits; digits spelled out one by one are one group."""
    edges, reached = {0: None}, 0
    for word, behind in zip(words, (*words[1:], 0), strict=True):
        reached += word
        if (word, behind) != (1, 1):
            edges[reached] = None
    return edges


def _number(read: str, digits: str, offsets: Sequence[int]) -> Number:
    between = re.split("[ -]+", read[offsets[0] : offsets[-1] + 1].replace("~", ""))
    return Number(digits, tuple(offsets), tuple(map(len, between)))


def hidden(text: str, offsets: tuple[int, ...]) -> frozenset[Evasion]:
    """How a number is hidden that stands at these offsets."""
    found: set[Evasion] = set()
    for offset in offsets:
        character = text[offset]
        kind = tables.kind_of(character)
        plain = folding.plain(character)
        if kind is not None:
            found.add(kind)
        if plain in _FOR_DIGITS:
            found.add(Evasion.LEET)
        elif not relations.is_digit(plain) and not relations.is_letter(plain):
            found.add(Evasion.NUMERAL)
    if offsets[-1] - offsets[0] >= len(offsets):
        found.add(Evasion.SKIP)
    return frozenset(found)
