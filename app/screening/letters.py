"""Whether Latin letters and digits are a word of their own, and a word of Latin letters at all."""

import unicodedata
from functools import lru_cache

from app.screening import folding, masking, relations, tables
from app.screening.domain import Evasion
from app.screening.forms import Form
from app.screening.sightings import Sighting, neighbour

_SHORTEST, _SHORT, _LONG = 3, 4, 5
_ALONE_MARKS = frozenset("@$")
_UNSPACED_SCRIPTS = frozenset({"", "HAN", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN", "JAVANESE", "BALINESE"})
_PREFIXES = {
    "ARABIC": frozenset({"ال", "وال", "بال", "فال", "كال", "لل", "ولل", "و"}),
    "HEBREW": frozenset({"ה", "וה", "בה", "מה", "שה"}),
}
_LONGEST_PREFIX = 4
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO")


def stand_alone(form: Form, sighting: Sighting) -> bool:
    """Whether a term that begins or ends with Latin letters or digits is no part of a longer word or number."""
    if form.is_chinese:
        return True
    text = sighting.text
    first, last = form.plain[0], form.plain[-1]
    long = form.letters >= _LONG
    before = neighbour(text, sighting.start - 1, -1)
    behind = neighbour(text, sighting.end, 1)
    begins = before < 0 or not _has_ends(first, form.written[0][0]) or not _goes_on(first, text[before], long=long)
    if not begins and not _is_prefixed(text, before, form.written[0][0]):
        return False
    if not _has_ends(last, form.written[-1][-1]) or behind < 0 or not _goes_on(last, text[behind], long=long):
        return True
    further = neighbour(text, behind + 1, 1)
    plural = long and relations.is_letter(last) and folding.plain(text[behind]) == "s"
    return plural and (further < 0 or not _goes_on("s", text[further], long=False))


def _has_ends(plain: str, written: str) -> bool:
    """Whether words of its script have spaces between them."""
    return _is_latin(plain) or script_of(written) not in _UNSPACED_SCRIPTS


def _is_prefixed(text: str, offset: int, first: str) -> bool:
    """Whether all that stands before the term in its word, up to `offset`, is an article or the like: ال."""
    prefixes = _PREFIXES.get(script_of(first))
    if prefixes is None:
        return False
    end = offset + 1
    while offset >= 0 and end - offset <= _LONGEST_PREFIX and text[offset].isalpha():
        offset -= 1
    return text[offset + 1 : end] in prefixes


def is_number_that_goes_on(sighting: Sighting) -> bool:
    """Whether a digit at an end of it is a part of a longer number: 快3 in 快30, and in 快3.5."""
    text = sighting.text
    for edge, step in (sighting.start, -1), (sighting.end - 1, 1):
        if not relations.is_digit(folding.plain(text[edge])):
            continue
        beside = neighbour(text, edge + step, step)
        if beside >= 0 and text[beside] in ".,":
            beside = neighbour(text, beside + step, step)
        if beside >= 0 and relations.is_digit(folding.plain(text[beside])):
            return True
    return False


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


def is_word_of_another_script(form: Form, sighting: Sighting) -> bool:
    """Whether all letters of the words that it is seen in are of one script that is not Latin: ветер is not bet.

    A word that spells the whole term is no accident where the text has no other word of that script.
    """
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
    scripts = {script_of(character) for character in set(text[sighting.start : sighting.end])} | beside
    scripts -= {"", "HAN"}
    if len(scripts) > 1 or scripts <= {"LATIN"}:
        return False
    alone = start == sighting.start and end == sighting.end and form.letters >= _ALONE
    return not alone or _stands_elsewhere(text, start, end, *scripts)


def _stands_elsewhere(text: str, start: int, end: int, script: str) -> bool:
    elsewhere = text[max(0, start - _AROUND) : start] + text[end : end + _AROUND]
    return any(script_of(character) == script for character in elsewhere)


_FURTHEST = 40
_LONGEST_WORD = 32
_AROUND = 200
_ALONE = 4


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


def is_marked_as_meant(form: Form, sighting: Sighting) -> bool:
    """Whether marks that are letters are those of the term, where its script has such: कुल is not कल."""
    if not _is_written_with_marks(form.plain) or sighting.backwards:
        return True
    written = sighting.text[sighting.start : masking.behind(sighting.text, sighting.end)]
    return _marks(written) == _marks(form.text)


@lru_cache(maxsize=1 << 12)
def _is_written_with_marks(plain: str) -> bool:
    return not plain.isascii() and any(
        unicodedata.category(letter) == "Lo"
        and unicodedata.bidirectional(letter) == "L"
        and not relations.is_chinese(letter)
        for letter in plain
    )


def _marks(text: str) -> list[str]:
    """Those of a script of their own."""
    return [
        mark
        for mark in unicodedata.normalize("NFD", text)
        if unicodedata.category(mark) == "Mn" and not unicodedata.name(mark, "").startswith(("COMBINING", "VARIATION"))
    ]


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


def are_whole_words(sighting: Sighting) -> bool:
    """Whether no Latin word reaches over its ends, and it is not an English one."""
    text, start, end = sighting.text, sighting.start, sighting.end
    for offset in neighbour(text, start - 1, -1), neighbour(text, end, 1):
        if offset >= 0 and relations.is_letter(folding.plain(text[offset])):
            return False
    written = "".join(folding.plain(text[offset]) for part in sighting.parts for offset in part.offsets)
    return written not in tables.english_words()


def is_another_word(form: Form, sighting: Sighting) -> bool:
    """Whether what is written is an English word of its own, where it differs from the term."""
    if sum(len(part.offsets) for part in sighting.parts) > _LONGEST_WORD:
        return False
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
