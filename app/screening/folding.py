"""How texts and terms are folded: two views of the same characters in one pass.

The *written* view gives each character its coarse class (`tables.coarse_table`), the *spoken* view its syllable.
Skipped characters are dropped and runs of one class are one, so that both views have the same length and the text
`written + spoken` is searched in one call. Candidates that are found there are judged on the text as sent.
"""

import codecs
import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.screening import tables

SEPARATOR = "\uffff"
"""Stands in no term and folds to itself: between texts that are searched together."""
EXPANDED = "\ue900"
"""Stands in the views where a form of several characters does (`Ⅲ`); such texts are folded again, spelled out."""
VOWEL, CONSONANT, SILENT = "\ue800", "\ue801", "\ue802"
"""The spoken view of what is no Chinese character."""
_FIRST_SYLLABLE = 0xE000
LETTER_SIGNS = re.compile("(?<=[A-Za-z])[!|](?=[A-Za-z])")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
Codes = NDArray[np.uint32]


class Views(NamedTuple):
    """A folded text. Places count in the views, offsets in the text."""

    joined: str
    """The written view, then the spoken one."""
    codes: NDArray[np.uint64]
    """Both classes of every character of the text, 0 for skipped ones."""
    kept: NDArray[np.uint64]
    changes: NDArray[np.bool_]

    @property
    def length(self) -> int:
        return len(self.joined) // 2

    def offsets(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The offset of every kept character, one too high, and for each place the number of its first one."""
        return self.codes.nonzero()[0][1:], self.changes.nonzero()[0]


def views(text: str) -> Views:
    """Any string whatever; the first character of all is a `SEPARATOR` that the views leave out again."""
    return views_of(code_points(SEPARATOR + text.replace(SEPARATOR, " ")))


def views_of(points: Codes) -> Views:
    """Of code points that begin with a `SEPARATOR`."""
    codes = _table().take(points)
    kept = codes[codes != 0]
    changes = kept[1:] != kept[:-1]
    runs = kept[1:][changes]
    return Views(_text(runs.view(np.uint32).reshape(-1, 2).T.tobytes()), codes, kept, changes)


def views_of_all(texts: Sequence[str]) -> tuple[list[str], list[str], list[int]]:
    """Of each text its written and its spoken view and how many characters it is known to speak, all in one go."""
    if not texts:
        return [], [], []
    joined = SEPARATOR.join(texts)
    if joined.count(SEPARATOR) >= len(texts):
        joined = SEPARATOR.join(text.replace(SEPARATOR, " ") for text in texts)
    codes = _table().take(code_points(SEPARATOR + spell_out(joined)))
    kept = codes[codes != 0]
    apart = kept == mark(SEPARATOR)
    runs = kept[1:][(kept[1:] != kept[:-1]) | apart[1:]].view(np.uint32).reshape(-1, 2)
    written, spoken = (_text(column.tobytes()).split(SEPARATOR) for column in np.ascontiguousarray(runs.T))
    known = np.append(0, np.cumsum((runs[:, 1] >= _FIRST_SYLLABLE) & (runs[:, 1] < ord(VOWEL))))
    ends = np.append(np.flatnonzero(runs[:, 0] == ord(SEPARATOR)), len(runs))
    return written, spoken, np.diff(known[ends], prepend=0).tolist()


def code_points(text: str) -> Codes:
    return np.frombuffer(codecs.utf_32_le_encode(text, "surrogatepass")[0], np.uint32)


def _text(points: bytes) -> str:
    """By the codec itself: a look for it by its name takes as long as its work."""
    return codecs.utf_32_le_decode(points)[0]


def fold_all(texts: list[str]) -> list[str]:
    """The plain characters of each, in one go: how it is written taken away, nothing merged and no run shortened."""
    if not texts:
        return []
    spelled = "\n".join(spell_out(text.replace("\n", " ")) for text in texts)
    points = code_points(spelled)
    plain = tables.plain_table().take(points)
    plain[points == ord("\n")] = ord("\n")
    return _text(plain[plain != 0].tobytes()).split("\n")


def digits_in(text: str) -> int:
    """How many characters may be read as digits."""
    return int(np.count_nonzero(_digits().take(code_points(text))))


@cache
def _digits() -> NDArray[np.uint8]:
    read = np.zeros(tables.SIZE, np.uint8)
    read[[ord(way) for way in tables.digits()] + list(range(ord("0"), ord("9") + 1))] = 1
    return np.maximum(read, read[tables.plain_table()])


def has_latin(text: str) -> bool:
    """Whether a Latin letter stands in it, however it is written."""
    plain = tables.plain_table().take(code_points(text))
    return bool(((plain >= ord("a")) & (plain <= ord("z"))).any())


def has_letter_signs(text: str) -> bool:
    """Whether signs stand between letters that look like letters."""
    return ("!" in text or "|" in text) and LETTER_SIGNS.search(text) is not None


def as_letters(text: str) -> str:
    """With these signs as the letter that they look like; of the same length."""
    return LETTER_SIGNS.sub("i", text)


def spell_out(text: str) -> str:
    """Forms of several characters as these: `Ⅲ` as `iii`."""
    forms = tables.expansions()
    return text if text.isascii() or forms.keys().isdisjoint(text) else "".join(forms.get(c, c) for c in text)


@lru_cache(maxsize=1 << 16)
def plain(character: str) -> str:
    """Its plain character, empty for a skipped one."""
    point = int(tables.plain_table()[ord(character)])
    return chr(point) if point else ""


@cache
def syllable_mark(syllable: str) -> str | None:
    """The character that stands for a syllable in the spoken view."""
    return _syllables().get(syllable)


@cache
def _syllables() -> dict[str, str]:
    known = sorted({syllable for syllables in tables.sounds().values() for syllable in syllables})
    return {syllable: chr(_FIRST_SYLLABLE + number) for number, syllable in enumerate(known)}


@cache
def _table() -> NDArray[np.uint64]:
    coarse = tables.coarse_table()
    both = np.zeros((tables.SIZE, 2), np.uint32)
    both[:, 0] = coarse
    both[:, 1] = _spoken()[tables.plain_table()]
    letters = (coarse < 128) & (both[:, 1] == ord(SILENT))  # noqa: PLR2004 -- ASCII, and no Chinese numbers
    both[letters, 1] = _letters()[coarse[letters]]
    both[coarse == 0] = 0
    both[ord(SEPARATOR)] = ord(SEPARATOR)
    both[[ord(form) for form in tables.expansions()]] = ord(EXPANDED)
    return both.reshape(-1).view(np.uint64)


def _spoken() -> Codes:
    spoken = np.full(tables.SIZE, ord(SILENT), np.uint32)
    for character, syllables in tables.sounds().items():
        spoken[ord(character)] = ord(_syllables()[syllables[0]])
    return spoken


def _letters() -> Codes:
    letters = np.full(128, ord(SILENT), np.uint32)
    for letter in _LETTERS:
        letters[ord(letter)] = ord(VOWEL if letter in "aeiouv" else CONSONANT)
    return letters


def written_mark(character: str) -> str:
    """What stands for it in the written view."""
    return chr(mark(character) & 0xFFFFFFFF)


@cache
def expanded_mark() -> int:
    """The `mark` of all forms of several characters."""
    return mark(next(iter(tables.expansions())))


@lru_cache(maxsize=1 << 16)
def mark(character: str) -> int:
    """Both classes of a character in one number: equal for characters that make one run. 0 for skipped ones."""
    return int(_table()[ord(character)])
