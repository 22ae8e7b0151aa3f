"""Two views of a text: how it is written, and how it sounds. Both are searched as bytes.

The *written* view has two bytes a place, the coarse class of a character (`tables.coarse_table`); the *spoken* view has
one, its sound. Skipped characters are dropped and runs of one class and sound are one place, so that both views have
the same places. Candidates that are found there are judged on the text as sent.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.screening import folding, sounds, tables

WRITTEN_WIDTH, SPOKEN_WIDTH = 2, 1
"""Bytes of a place."""
_BASIC = 0x10000
_AHEAD = "\0"
"""Skipped; so that every place has one before it."""
_DIVIDES = 0xFF00FFFF | sounds.DIVIDED << 16
"""Between texts, and before the first: no character has it."""
DIVIDED_WRITTEN, DIVIDED_SPOKEN = b"\xff\xff", bytes([sounds.DIVIDED])
"""The same in the views."""
_EXPANDED = 0xE9E5
"""The class of forms of several characters (`Ⅲ`); texts with such are folded again, spelled out. Its lower byte is the
upper one of no class, so that it is never seen across two places."""
EXPANDED = _EXPANDED.to_bytes(WRITTEN_WIDTH, "little")
_RARE, _RARE_CLASSES = 0xD800, 1024
"""Where classes beyond 16 bits go, several to one: a look at the characters tells them apart."""
_SOUND = 16
SPOKEN_BYTE = slice(2, None, 4)
"""Of the bytes of a run."""
_made = tuple.__new__
"""What the constructor of a named tuple does with its names takes as long again."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_VOWELS = frozenset("aeiouv")
_PLACE, _KEPT, _CLASSES = np.dtype(np.intp), np.dtype(np.bool_), np.dtype(np.uint16)
Codes = NDArray[np.uint32]


class Views(NamedTuple):
    """A folded text. Places count in the views, offsets in the text."""

    written: bytes
    runs: Codes
    """Class and sound of every place."""
    codes: Codes
    """Those of every character of the text, after one more; 0 for skipped ones."""
    kept: NDArray[np.bool_]
    """Which of these are not skipped."""
    changes: NDArray[np.bool_]

    @property
    def spoken(self) -> bytes:
        return self.runs.tobytes()[SPOKEN_BYTE]

    @property
    def length(self) -> int:
        return len(self.runs)

    def offsets(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The offset of every kept character, one too high, and for each place the number of its first one."""
        return self.kept.nonzero()[0][1:], self.changes.nonzero()[0]

    def backwards(self) -> bytes:
        """The written view from its end."""
        return self.runs[::-1].astype(_CLASSES).tobytes()


def views(text: str, starts: "int | NDArray[np.intp]" = 0) -> Views:
    """Of any string whatever. `starts` are the places before those at which texts begin that stand by themselves.

    No code point is beyond the table: not to be asked whether one is saves time.
    """
    codes = _table().take(folding.code_points(_AHEAD + text).astype(_PLACE), None, None, "clip")
    codes[starts] = _DIVIDES
    kept = codes.astype(_KEPT)
    places = codes[kept]
    behind = places[1:]
    changes = behind != places[:-1]
    runs = behind[changes]
    return _made(Views, (runs.astype(_CLASSES).tobytes(), runs, codes, kept, changes))


def views_of_block(texts: Sequence[str]) -> tuple[str, Views]:
    """Texts joined by a character, and the views of the whole: nothing is found across two texts."""
    block = _AHEAD.join(texts)
    return block, views(block, _starts(texts))


class Many(NamedTuple):
    """The views of several texts one after another."""

    runs: Codes
    ends: NDArray[np.intp]
    """Behind the last place of each."""


def views_of_many(texts: Sequence[str]) -> Many:
    """In one go, with forms of several characters spelled out."""
    spelled = folding.spell_out_all(texts)
    codes = _table()[folding.code_points(_AHEAD + _AHEAD.join(spelled))]
    codes[_starts(spelled)] = _DIVIDES
    kept = codes[codes.astype(_KEPT)]
    apart = kept == _DIVIDES
    begins = (kept[1:] != kept[:-1]) & ~apart[1:]
    places = np.append(0, np.cumsum(begins))
    ends = places[np.append(np.flatnonzero(apart)[1:], len(kept)) - 1] if texts else np.zeros(0, np.intp)
    return Many(kept[1:][begins], ends)


def _starts(texts: Sequence[str]) -> NDArray[np.intp]:
    """The places of what stands before each text of a block."""
    return np.cumsum([0, *(len(text) + 1 for text in texts[:-1])])


def heard(runs: Codes) -> bytes:
    """The sounds of places."""
    return runs.tobytes()[SPOKEN_BYTE]


def is_syllable(runs: Codes) -> NDArray[np.bool_]:
    return (runs >> _SOUND) >= sounds.FIRST


@lru_cache(maxsize=1 << 16)
def mark(character: str) -> int:
    """Class and sound of a character in one number: equal for characters that make one run. 0 for skipped ones."""
    return int(_table()[ord(character)])


def written_mark(character: str) -> bytes:
    """What stands for it in the written view."""
    return (mark(character) & (_BASIC - 1)).to_bytes(WRITTEN_WIDTH, "little")


def spoken_marks(syllables: Sequence[str]) -> bytes:
    """What stands for them in the spoken view."""
    return bytes(sounds.sound_of(syllable) & 0xFF for syllable in syllables)


def expanded_offsets(seen: Views) -> list[int]:
    """Where forms of several characters stand in a text."""
    found: list[int] = (np.flatnonzero((seen.codes & (_BASIC - 1)) == _EXPANDED) - 1).tolist()
    return found


@cache
def _table() -> Codes:
    """Code point to its class, and 16 bits higher its sound."""
    written = _written()
    spoken = _spoken()[tables.plain_table()]
    letters = (written < 128) & (spoken == sounds.SILENT)  # noqa: PLR2004 -- ASCII, and no Chinese numbers
    spoken[letters] = _letters()[written[letters]]
    codes: Codes = np.bitwise_or(written, spoken << _SOUND)
    codes[written == 0] = 0
    codes[[ord(form) for form in tables.expansions()]] = _EXPANDED | sounds.EXPANDED << _SOUND
    return codes


def _written() -> Codes:
    """Classes in 16 bits: one that goes beyond is known by one of its characters that does not."""
    written = tables.coarse_table().copy()
    within = _RARE + np.arange(tables.SIZE, dtype=np.uint32) % _RARE_CLASSES
    members = np.flatnonzero(written[:_BASIC] >= _BASIC)
    within[written[members]] = members
    beyond = written >= _BASIC
    written[beyond] = within[written[beyond]]
    return written


def _spoken() -> Codes:
    spoken = np.full(tables.SIZE, sounds.SILENT, np.uint32)
    for character in tables.sounds():
        spoken[ord(character)] = sounds.sounds_of(character)[0]
    return spoken


def _letters() -> Codes:
    letters = np.full(128, sounds.SILENT, np.uint32)
    for letter in _LETTERS:
        letters[ord(letter)] = sounds.VOWEL if letter in _VOWELS else sounds.CONSONANT
    return letters
