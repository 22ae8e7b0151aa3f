"""When two handles look alike, and when one handle mixes scripts that imitate each other. Source: UTS 39.

The tables are a file that `tools/confusables.py` makes; they are read when the first handle is looked at.
"""

import unicodedata
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path

from app.accounts.domain import handle_key

_FILE = Path(__file__).parent / "data" / "confusables.txt"
_WRITTEN_TOGETHER = frozenset(
    frozenset(pair)
    for scripts in (("Latn", "Hani", "Hira", "Kana"), ("Latn", "Hani", "Bopo"), ("Latn", "Hani", "Hang"))
    for pair in combinations(scripts, 2)
)
"""Scripts that stand in one word of Chinese, Japanese or Korean. Source: UTS 39 part 5.2."""


@dataclass(frozen=True, slots=True)
class _Tables:
    prototypes: Mapping[str, str]
    starts: list[str]
    ranges: list[tuple[str, str, str]]
    """First and last character and their script, in order."""

    def script_of(self, character: str) -> str | None:
        """The script; None for what all scripts share, such as digits and accents."""
        place = bisect_right(self.starts, character) - 1
        if place < 0 or character > self.ranges[place][1]:
            return None
        return self.ranges[place][2]


def looks(handle: str) -> frozenset[str]:
    """A handle's looks as it was typed, in small letters and in capitals: handles that share one are look-alikes.

    All three are needed: `paypaI` imitates `paypal` as typed, Greek capitals imitate `nine` in capitals only, and small
    Cyrillic letters imitate `MAIL` in small letters only.
    """
    return frozenset({skeleton(_prototype(handle)), skeleton(handle_key(handle)), _prototype(handle.upper())})


def skeleton(text: str) -> str:
    """What a text looks like when case does not count: equal for look-alikes, and its own skeleton."""
    while (folded := _prototype(text.casefold())) != text:
        text = folded
    return text


def mixes_imitating_scripts(handle: str) -> bool:
    """Whether a character has a twin in another script that stands in the handle too: `paypal` with a Cyrillic letter.

    Scripts that are written together in Chinese, Japanese and Korean do not imitate each other.
    """
    tables, twins = _tables(), _twins()
    of_character = {character: tables.script_of(character) for character in unicodedata.normalize("NFD", handle)}
    present = {script for script in of_character.values() if script is not None}
    return len(present) > 1 and any(
        frozenset({script, twin}) not in _WRITTEN_TOGETHER
        for character, script in of_character.items()
        if script is not None
        for twin in twins[_prototype(character)] & present - {script}
    )


def _prototype(text: str) -> str:
    """The skeleton of UTS 39 part 4, in which case counts."""
    prototypes = _tables().prototypes
    decomposed = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFD", "".join(prototypes.get(character, character) for character in decomposed))


@cache
def _tables() -> _Tables:
    _, alike, scripts = _FILE.read_text("ascii").split("\n\n")
    prototypes = {other: _read(name) for name, others in _lines(alike) for other in _read(others)}
    ranges = sorted(
        (_read(first), _read(last or first), script)
        for script, spans in _lines(scripts)
        for first, _, last in (span.partition("-") for span in spans.split())
    )
    return _Tables(prototypes, [first for first, _, _ in ranges], ranges)


@cache
def _twins() -> defaultdict[str, frozenset[str]]:
    """For each prototype the scripts that have a character which looks like it."""
    tables = _tables()
    found: dict[str, set[str | None]] = defaultdict(set)
    for character, prototype in tables.prototypes.items():
        found[prototype].add(tables.script_of(character))
        if len(prototype) == 1:
            found[prototype].add(tables.script_of(prototype))
    known = {prototype: frozenset(script for script in scripts if script) for prototype, scripts in found.items()}
    return defaultdict(frozenset, known)


def _lines(part: str) -> Iterable[tuple[str, str]]:
    for line in part.splitlines():
        name, _, rest = line.partition(": ")
        yield name, rest


def _read(codes: str) -> str:
    return "".join(chr(int(code, 16)) for code in codes.split())
