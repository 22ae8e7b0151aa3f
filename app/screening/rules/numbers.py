"""Numbers in a text, however they are written and grouped: 138 0013 8000, 一三八零零一三八零零零."""

import re
from collections.abc import Iterator
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


def numbers(text: str, shortest: int, longest: int) -> Iterator[Number]:
    """Every number of so many digits: of whole groups, never a part of one."""
    read = _AMONG_LETTERS.sub(lambda match: "l" * len(match.group()), as_numbers(text)).translate(_LETTERS_TOO)
    for match in _NUMBER.finditer(read):
        words = [
            [
                offset
                for offset in range(word.start() + match.start(), word.end() + match.start())
                if read[offset].isdigit()
            ]
            for word in _WORD.finditer(match.group())
        ]
        for first in range(len(words)):
            offsets: list[int] = []
            for word in words[first:]:
                offsets += word
                if len(offsets) > longest:
                    break
                if len(offsets) >= shortest:
                    yield _number(read, offsets)


def _number(read: str, offsets: list[int]) -> Number:
    between = re.split("[ -]+", read[offsets[0] : offsets[-1] + 1].replace("~", ""))
    return Number("".join(read[offset] for offset in offsets), tuple(offsets), tuple(map(len, between)))


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
