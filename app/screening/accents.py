"""Marks on Latin letters: put there to hide a word, or the spelling of a language."""

import unicodedata
from functools import lru_cache

from app.screening import folding, relations
from app.screening.forms import Form
from app.screening.sightings import Sighting

_SHORT = 3
_AROUND = 100
_MARKS = 4


def is_foreign_word(form: Form, sighting: Sighting) -> bool:
    """Whether the marks are those of a word of another language: été, and a lone mark among words that have some.

    Marks that the term itself has are letters: they may be left out, and no others stand for them.
    """
    strange = 0
    for part, written in zip(sighting.parts, form.written, strict=True):
        here = "" if part.stands_for else marked_letter(sighting.text, part.offsets[0])
        meant = marked_letter(written, 0)
        if here and meant and here != meant:
            return True
        strange += bool(here) and not meant
    if not strange:
        return False
    return (strange < form.letters <= _SHORT) or (strange * 2 <= form.letters and _among_marked(sighting))


def marked_letter(text: str, offset: int) -> str:
    """The letter with its marks in one small character, as languages write it; empty for one without."""
    end = offset + 1
    while end < len(text) and end <= offset + _MARKS and unicodedata.combining(text[end]):
        end += 1
    return _composed(text[offset:end])


@lru_cache(maxsize=1 << 12)
def _composed(letter: str) -> str:
    first = unicodedata.normalize("NFC", letter)[0]
    apart = unicodedata.normalize("NFD", first)
    if len(apart) == 1 or not unicodedata.combining(apart[1]) or not relations.is_letter(folding.plain(first)):
        return ""
    return first.lower()


def _among_marked(sighting: Sighting) -> bool:
    text, start, end = sighting.text, sighting.start, sighting.end
    around = text[max(0, start - _AROUND) : start] + " " + text[end : end + _AROUND]
    return any(marked_letter(around, offset) for offset, letter in enumerate(around) if letter.isalpha())
