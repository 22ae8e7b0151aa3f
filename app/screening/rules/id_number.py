"""Numbers of Chinese identity cards: a region, a day of birth and a checksum that is right. Source: GB 11643."""

import re
from collections.abc import Iterator
from datetime import date

from app.screening import folding, masking
from app.screening.rules.contract import Rule, Spot
from app.screening.rules.numbers import hidden, numbers
from app.screening.sightings import neighbour

_REGION = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])\d{4}"
_SHAPE = re.compile(rf"{_REGION}((?:19|20)\d\d)(\d\d)(\d\d)\d{{3}}")
_SEEN = tuple(re.compile(rf"(?=({_REGION}(?:19|20)\d{{{behind}}}))") for behind in (9, 10))
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10x98765432"


def find(text: str) -> Iterator[Spot]:
    for number in numbers(text, *_SEEN):
        offsets = number.offsets
        if len(offsets) == 17:  # noqa: PLR2004 -- the last one is X
            last = neighbour(text, number.end, 1)
            if last < 0 or folding.plain(text[last]) != "x" or _goes_on(text, last):
                continue
            offsets = (*offsets, last)
        if _is_right(number.digits[:17], number.digits[17:] or "x"):
            yield offsets[0], masking.behind(text, offsets[-1] + 1), hidden(text, offsets)


def _goes_on(text: str, offset: int) -> bool:
    behind = neighbour(text, offset + 1, 1)
    return behind >= 0 and folding.plain(text[behind]).isascii() and folding.plain(text[behind]).isalnum()


def _is_right(digits: str, check: str) -> bool:
    shape = _SHAPE.fullmatch(digits)
    if shape is None:
        return False
    try:
        date(int(shape[1]), int(shape[2]), int(shape[3]))
    except ValueError:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True))
    return _CHECKS[total % 11] == check


RULE = Rule(find, digits=17)
