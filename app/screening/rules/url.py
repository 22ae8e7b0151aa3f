"""Addresses of the web: with a scheme, with www, or a name that ends like one; a dot may be spelled out."""

import re
from collections.abc import Iterator

from app.screening.domain import Evasion
from app.screening.rules.address import DOMAIN, LABEL, SPELLED_DOT, SURE_TLD
from app.screening.rules.contract import Rule, Spot
from app.screening.rules.reading import as_address

_REST = r"(?:[:/?#][a-z0-9._~:/?#\[\]@!$&'()*+;=%-]{0,500})?"
_URL = re.compile(
    rf"(?<![a-z0-9@])(?:(?:h(?:tt|xx)ps?|ftp)\s?:\s?/\s?/\s?[a-z0-9][^\s\u2e80-\uffef<>\"]{{0,500}}"
    rf"|www(?:\.|{SPELLED_DOT}){LABEL}(?:\.{LABEL}|{SPELLED_DOT}{SURE_TLD}(?![a-z0-9])){{0,5}}{_REST}"
    rf"|(?<![a-z0-9.-])(?!(?:asp|ado|vb)\.net){DOMAIN}{_REST})"
)


def find(text: str) -> Iterator[Spot]:
    read = as_address(text)
    return ((match.start(), match.end(), _hidden(text, read, match)) for match in _URL.finditer(read))


def _hidden(text: str, read: str, match: re.Match[str]) -> frozenset[Evasion]:
    start, end = match.span()
    found: set[Evasion] = set()
    if text[start:end].lower() != read[start:end]:
        found.add(Evasion.WIDTH)
    if re.search(SPELLED_DOT, match.group()) or match.group().startswith("hxx"):
        found.add(Evasion.CONTACT)
    return frozenset(found)


RULE = Rule(find, marks=(".", "。", "\uff0e", "｡", "点", "dot", "DOT", "Dot", ":", "："))
