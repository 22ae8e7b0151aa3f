"""Numbers of mobile telephones of China: eleven digits that begin with 13 to 19, with or without the country's 86."""

import re
from collections.abc import Iterator

from app.screening.rules.contract import Rule, Spot
from app.screening.rules.numbers import hidden, numbers
from app.screening.sightings import neighbour

_MOBILE = 11
_SHAPE = re.compile(r"(?=((?:(?:00)?86)?1[3-9]\d{9}))")
_DATE = (4, 2, 2)
_ADDRESS = 4


def find(text: str) -> Iterator[Spot]:
    reached = 0
    for number in numbers(text, _SHAPE):
        if number.offsets[0] < reached:
            continue
        if _is_date_or_address(number.groups):
            continue
        country = len(number.digits) > _MOBILE
        ways = hidden(text, number.offsets)
        start = number.offsets[0]
        if country:
            plus = neighbour(text, start - 1, -1)
            start = plus if plus >= 0 and text[plus] in "+＋" else start
        yield start, number.end, ways
        reached = number.end


def _is_date_or_address(groups: tuple[int, ...]) -> bool:
    """1998-05-12 103, and 192.168.13.138."""
    return groups[:3] == _DATE or (len(groups) == _ADDRESS and max(groups) < _ADDRESS)


RULE = Rule(find, digits=11)
