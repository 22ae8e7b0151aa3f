"""Numbers of mobile telephones of China: eleven digits that begin with 13 to 19, with or without the country's 86."""

import re
from collections.abc import Iterator
from itertools import pairwise

from app.screening import masking
from app.screening.rules.contract import Rule, Spot
from app.screening.rules.numbers import Number, hidden, numbers
from app.screening.sightings import neighbour, seen_between

_MOBILE = 11
_SHAPE = re.compile(r"(?=((?:(?:00)?86)?1[3-9]\d{9}))")
_DATE = (4, 2, 2)
_GROUPS = 3
_DOTS = frozenset({".", "\uff0e"})


def find(text: str) -> Iterator[Spot]:
    reached = 0
    for number in numbers(text, _SHAPE):
        if number.offsets[0] < reached:
            continue
        if _is_date_or_version(text, number):
            continue
        country = len(number.digits) > _MOBILE
        ways = hidden(text, number.offsets)
        start = number.offsets[0]
        if country:
            plus = neighbour(text, start - 1, -1)
            start = plus if plus >= 0 and text[plus] in "+＋" else start
        yield start, masking.behind(text, number.end), ways
        reached = number.end


def _is_date_or_version(text: str, number: Number) -> bool:
    """1998-05-12 103, 192.168.13.138 and 13.9.1200.3456; dots part a telephone number behind its first three digits."""
    groups = number.groups
    between = {seen_between(text, one, other) for one, other in pairwise(number.offsets)} - {""}
    dotted = bool(between) and between <= _DOTS
    return groups[:3] == _DATE or (dotted and max(groups) > 1 and (groups[0] != _GROUPS or len(groups) > _GROUPS))


RULE = Rule(find, digits=11)
