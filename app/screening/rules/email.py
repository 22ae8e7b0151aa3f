"""Addresses of mail: with @, or with what is written for it."""

import re
from collections.abc import Iterator

from app.screening.domain import Evasion
from app.screening.rules.address import DOMAIN
from app.screening.rules.contract import Rule, Spot
from app.screening.rules.reading import as_address

_AT = r"(?:\s{0,2}[@#]\s{0,2}|\s{0,2}[\[(（【{]\s?(?:at|@|艾特)\s?[\])）】}]\s{0,2}|\s{1,2}at\s{1,2}|\s?艾特\s?)"
_EMAIL = re.compile(rf"(?<![a-z0-9._%+-])[a-z0-9][a-z0-9._%+-]{{0,63}}{_AT}{DOMAIN}")


def find(text: str) -> Iterator[Spot]:
    read = as_address(text)
    return ((match.start(), match.end(), _hidden(text, match)) for match in _EMAIL.finditer(read))


def _hidden(text: str, match: re.Match[str]) -> frozenset[Evasion]:
    written = text[match.start() : match.end()]
    if re.fullmatch(r"[\w.%+-]+@[\w.-]+", written, re.ASCII):
        return frozenset()
    return (
        frozenset({Evasion.WIDTH})
        if re.fullmatch(r"[\w.%+-]+@[\w.-]+", match.group())
        else frozenset({Evasion.CONTACT})
    )


RULE = Rule(find, marks=("@", "\uff20", "#", "\uff03", "at", "AT", "At", "艾特"))
