"""Numbers of mobile telephones of China: eleven digits that begin with 13 to 19, with or without the country's 86."""

import re

from app.screening.rules.contract import Rule, Spot
from app.screening.rules.numbers import hidden, numbers
from app.screening.sightings import neighbour

_MOBILE = re.compile(r"1[3-9]\d{9}")
_WITH_COUNTRY = re.compile(r"(?:00)?861[3-9]\d{9}")
_DIGITS = 11
_DATE = (4, 2, 2)
_ADDRESS = 4


def find(text: str) -> list[Spot]:
    found: list[Spot] = []
    reached = 0
    for number in numbers(text, (_MOBILE, _WITH_COUNTRY)):
        start = number.offsets[0]
        if start < reached or _is_date_or_address(number.groups):
            continue
        if len(number.digits) > _DIGITS:
            plus = neighbour(text, start - 1, -1)
            start = plus if plus >= 0 and text[plus] in "+＋" else start
        found.append((start, number.end, hidden(text, number.offsets)))
        reached = number.end
    return found


def _is_date_or_address(groups: tuple[int, ...]) -> bool:
    """1998-05-12 103, and 192.168.13.138."""
    return groups[:3] == _DATE or (len(groups) == _ADDRESS and max(groups) < _ADDRESS)


RULE = Rule(find, digits=11)
