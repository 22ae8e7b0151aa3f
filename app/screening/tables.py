"""The tables that texts and terms are folded with, read from `data/` when first asked for.

A text is compared twice. The *coarse* table merges whatever may stand for something else, so that one pass finds all
candidates; the *plain* table only takes away how something is written, so that a candidate can be judged.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from app.screening.domain import Evasion

SIZE = 0x110000
"""Code points; the tables are that long."""
_WRITTEN = 0x40000
"""Nothing beyond is ever written: the tables stay zero there, which takes no memory."""
_DATA = files("app.screening") / "data"
_KINDS = (None, Evasion.WIDTH, Evasion.SCRIPT, Evasion.HOMOGLYPH, Evasion.ACCENT, Evasion.NUMERAL)
"""What the sections of `folding.txt` are; their place is the number in the table of kinds."""
_SECTIONS: dict[str, int] = {"case": 0} | {kind: place for place, kind in enumerate(_KINDS) if kind is not None}


@cache
def plain_table() -> NDArray[np.uint32]:
    """Code point to code point, 0 for what is skipped. Folding twice is folding once.

    A form that stands for several characters becomes the first of them; `expansions` has the whole.
    """
    table = np.zeros(SIZE, np.uint32)
    for line in _lines("folding.txt", "kept"):
        first, _, last = line.partition("-")
        table[int(first, 16) : int(last or first, 16) + 1] = np.arange(int(first, 16), int(last or first, 16) + 1)
    sources, targets, _ = _folds()
    table[sources] = targets
    for form, whole in expansions().items():
        table[ord(form)] = ord(whole[0])
    table.setflags(write=False)
    return table


@cache
def coarse_table() -> NDArray[np.uint32]:
    """Code point to the first member of its class, 0 for what is skipped.

    On top of the plain table letters share a class with the digits and signs that stand for them, numbers with their
    other ways to be written, and Chinese characters with those that look alike.
    """
    merged = np.arange(_WRITTEN, dtype=np.uint32)
    for group in _groups():
        merged[[ord(member) for member in group]] = ord(group[0])
    table = np.zeros(SIZE, np.uint32)
    table[:_WRITTEN] = merged[plain_table()[:_WRITTEN]]
    table.setflags(write=False)
    return table


def kind_of(character: str) -> Evasion | None:
    """How a character is written that the plain table changes; None for plain ones, capitals and skipped ones."""
    return _KINDS[_kinds()[ord(character)]]


@cache
def expansions() -> Mapping[str, str]:
    """Forms that stand for several characters (`Ⅲ`, `㎏`, `ß`), and what they stand for, folded. Kind: width."""
    return MappingProxyType({chr(int(form, 16)): whole for form, whole in _pairs("folding.txt", "expand")})


@cache
def classes() -> Mapping[str, str]:
    """Plain character to its whole class in the coarse table, for those that are not alone in theirs."""
    return MappingProxyType({member: group for group in _groups() for member in group})


@cache
def lookalikes() -> Mapping[str, str]:
    """Chinese character to the group of those that look like it."""
    return MappingProxyType({member: group for group in _lines("lookalikes.txt") for member in group})


@cache
def digits() -> Mapping[str, str]:
    """Character to the digit that it is read as where a number is expected: `洞` and `拐` of telephones, `○` too.

    They are plain ones, but for the circles, which the plain table skips.
    """
    return MappingProxyType({way: group[0] for group in _lines("digits.txt") for way in group.replace(" ", "")})


@cache
def splits() -> Mapping[str, tuple[str, ...]]:
    """Character to the ways people write it in two parts: 赌 as 贝者."""
    return MappingProxyType({character: tuple(ways.split()) for character, ways in _pairs("splits.txt")})


@cache
def sounds() -> Mapping[str, tuple[str, ...]]:
    """Plain Chinese character to its syllables without tones, the most common first, `v` for ü.

    People write `lu` for `lv`, too.
    """
    found: dict[str, tuple[str, ...]] = {}
    for section in ("first", "second", "third"):
        for syllable, characters in _pairs("sounds.txt", section):
            found |= {character: (*found.get(character, ()), syllable) for character in characters}
    return MappingProxyType(found)


@cache
def syllables() -> frozenset[str]:
    return frozenset(syllable for ways in sounds().values() for syllable in ways)


@cache
def common_words() -> Mapping[str, int]:
    """Plain Chinese words of one to four characters, and how often they stand in some 60 million of them."""
    return MappingProxyType({word: int(times) for times, words in _pairs("common_words.txt") for word in words.split()})


@cache
def english_words() -> frozenset[str]:
    """Common English words of four letters and more, in small letters."""
    return frozenset(_lines("english_words.txt"))


@cache
def _groups() -> tuple[str, ...]:
    written = (group.replace(" ", "") for group in (*_lines("classes.txt"), *_lines("lookalikes.txt")))
    return tuple(written)


@cache
def _kinds() -> NDArray[np.uint8]:
    kinds = np.zeros(SIZE, np.uint8)
    sources, _, places = _folds()
    kinds[sources] = places
    kinds[[ord(form) for form in expansions()]] = _SECTIONS[Evasion.WIDTH]
    kinds.setflags(write=False)
    return kinds


@cache
def _folds() -> tuple[list[int], list[int], list[int]]:
    """Source, target and kind of every fold of one character to another."""
    sources: list[int] = []
    targets: list[int] = []
    kinds: list[int] = []
    for section, kind in _SECTIONS.items():
        for target, written in _pairs("folding.txt", section):
            found = list(_code_points(written))
            sources += found
            targets += [ord(target)] * len(found)
            kinds += [kind] * len(found)
    return sources, targets, kinds


def _code_points(written: str) -> Iterator[int]:
    """`賭 FF41 FF41-FF5A`: a character, its number, a range of numbers."""
    for part in written.split():
        first, _, last = part.partition("-")
        yield from [ord(part)] if len(part) == 1 else range(int(first, 16), int(last or first, 16) + 1)


def _pairs(name: str, section: str = "") -> Iterator[tuple[str, str]]:
    """The lines `key: value`."""
    for line in _lines(name, section):
        key, _, value = line.partition(": ")
        yield key, value


def _lines(name: str, section: str = "") -> Sequence[str]:
    """The lines of a section, without comments; what stands before the first `[section]` has no name."""
    return _sections(name).get(section, ())


@lru_cache(maxsize=1)
def _sections(name: str) -> Mapping[str, Sequence[str]]:
    here: list[str] = []
    found = {"": here}
    for line in (_DATA / name).read_text("utf-8").splitlines():
        if line.startswith("["):
            here = found.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            here.append(line)
    return found
