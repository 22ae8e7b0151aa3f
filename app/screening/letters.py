"""Whether Latin letters and digits are a word of their own, and a word of Latin letters at all."""

import unicodedata
from functools import lru_cache

from app.screening import folding, relations, tables
from app.screening.domain import Evasion
from app.screening.forms import Form
from app.screening.sightings import Sighting, neighbour

_SHORTEST, _SHORT, _LONG = 3, 4, 5
_ALONE_MARKS = frozenset("@$")
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO")


def stand_alone(form: Form, sighting: Sighting) -> bool:
    """Whether a term that begins or ends with Latin letters or digits is no part of a longer word or number."""
    text = sighting.text
    first, last = form.plain[0], form.plain[-1]
    long = form.letters >= _LONG
    before = neighbour(text, sighting.start - 1, -1)
    behind = neighbour(text, sighting.end, 1)
    if _is_latin(first) and before >= 0 and _goes_on(first, text[before], long=long):
        return False
    if not _is_latin(last) or behind < 0 or not _goes_on(last, text[behind], long=long):
        return True
    further = neighbour(text, behind + 1, 1)
    plural = long and relations.is_letter(last) and folding.plain(text[behind]) == "s"
    return plural and (further < 0 or not _goes_on("s", text[further], long=False))


def _goes_on(edge: str, beside: str, *, long: bool) -> bool:
    """Whether a word or number that has `edge` at its end goes on with `beside`."""
    if beside in _ALONE_MARKS:
        return False
    plain = folding.plain(beside)
    if relations.is_digit(edge):
        return relations.is_digit(plain)
    if relations.is_digit(plain):
        return not long and beside.isascii()
    return relations.is_letter(plain) or script_of(beside) not in {"", "HAN"}


def is_whole(sighting: Sighting) -> bool:
    """Whether no Latin letters stand directly beside it."""
    beside = sighting.text[max(0, sighting.start - 1) : sighting.start], sighting.text[sighting.end : sighting.end + 1]
    return not any(relations.is_letter(folding.plain(character)) for character in beside if character)


def is_word_of_another_script(sighting: Sighting) -> bool:
    """Whether all letters of the words that it is seen in are of one script that is not Latin: ветер is not bet."""
    text = sighting.text
    start, end = sighting.start, sighting.end
    while (before := neighbour(text, start - 1, -1)) >= 0 and script_of(text[before]) not in {"", "HAN"}:
        start = before
        if sighting.start - start > _FURTHEST:
            break
    while (behind := neighbour(text, end, 1)) >= 0 and script_of(text[behind]) not in {"", "HAN"}:
        end = behind + 1
        if end - sighting.end > _FURTHEST:
            break
    beside = {script_of(character) for character in text[start : sighting.start] + text[sighting.end : end]}
    scripts = {script_of(text[offset]) for part in sighting.parts for offset in part.offsets} | beside
    scripts -= {"", "HAN"}
    return len(scripts) == 1 and scripts != {"LATIN"}


_FURTHEST = 40


@lru_cache(maxsize=1 << 14)
def script_of(character: str) -> str:
    """The script of a letter, `HAN` for those that are written without spaces; empty for what is no letter."""
    if not character.isalpha():
        return ""
    ordinary = unicodedata.normalize("NFKD", character)[0]
    name = unicodedata.name(ordinary, "")
    if name.startswith(_UNSPACED):
        return "HAN"
    return "LATIN" if relations.is_letter(folding.plain(character)) and name.startswith("LATIN") else name.split(" ")[0]


def is_a_number(form: Form, sighting: Sighting) -> bool:
    """Whether digits are just digits: fewer than half of the letters are letters, or a short one ends in them (BE7)."""
    written = [
        folding.plain(sighting.text[part.offsets[0]])
        for part, run in zip(sighting.parts, form.runs, strict=True)
        if relations.is_letter(run[0])
    ]
    letters = sum(map(relations.is_letter, written))
    if letters * 2 < len(written):
        return True
    at_ends = [written[-1]] if len(written) > _SHORTEST else [written[0], written[-1]]
    return len(written) <= _SHORT and any(map(relations.is_digit, at_ends)) and form.letters == len(form.plain)


def is_another_word(form: Form, sighting: Sighting) -> bool:
    """Whether what is written is an English word of its own, where it differs from the term."""
    written = "".join(folding.plain(sighting.text[offset]) for part in sighting.parts for offset in part.offsets)
    return written != form.plain and written in tables.english_words()


def repeats_enough(form: Form, sighting: Sighting, found: set[Evasion]) -> bool:
    """Whether letters that stand twice are meant as one: `beet` is not bet."""
    twice = [
        len(part.offsets)
        for part, run in zip(sighting.parts, form.runs, strict=True)
        if relations.is_letter(run[0]) and len(part.offsets) > len(run)
    ]
    if not twice or max(twice) > 2 or found - {Evasion.REPEAT}:  # noqa: PLR2004 -- twice
        return True
    return form.letters > _LONG


def _is_latin(plain: str) -> bool:
    return relations.is_letter(plain) or relations.is_digit(plain)
