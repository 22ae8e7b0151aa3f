"""Numbers in a text, however they are written and grouped: 138 0013 8000, 一三八零零一三八零零零."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.screening import folding, relations, tables
from app.screening.domain import Evasion
from app.screening.rules.reading import DIGIT_I, DIGIT_O, as_numbers

_NUMBER = re.compile(r"\d(?:~*(?:[ -]~*){0,3}\d)*")
_AMONG_LETTERS = re.compile(r"(?<=l)[OI~]+|(?<![OI~])[OI~]+(?=l)")
_NO_DIGITS = re.compile(r"\D+")
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


def numbers(text: str, *shapes: re.Pattern[str]) -> Iterator[Number]:
    """Every number of a shape, also those that overlap: of whole groups, never a part of one.

    Shapes look ahead and take nothing, so that they are tried at every digit.
    """
    read = _AMONG_LETTERS.sub(lambda match: "l" * len(match.group()), as_numbers(text)).translate(_LETTERS_TOO)
    for match in _NUMBER.finditer(read):
        digits = _NO_DIGITS.sub("", match.group())
        spots = sorted({seen.span(1) for shape in shapes for seen in shape.finditer(digits)})
        if not spots:
            continue
        offsets = [offset for offset in range(*match.span()) if read[offset].isdigit()]
        for first, last in spots:
            if _is_parted(read, offsets, first) and _is_parted(read, offsets, last):
                yield _number(read, offsets[first:last])


def _is_parted(read: str, offsets: list[int], place: int) -> bool:
    """Whether a group of digits ends before a place."""
    return place in {0, len(offsets)} or " " in read[offsets[place - 1] : offsets[place]]


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
