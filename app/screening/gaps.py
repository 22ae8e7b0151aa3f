"""Whether what stands between the characters of a term was put there to hide it, or divides a text as usual."""

from enum import IntEnum
from functools import lru_cache
from itertools import pairwise

from app.screening import chinese_words, relations
from app.screening.domain import Evasion
from app.screening.forms import Form
from app.screening.sightings import Sighting

_ENDS = frozenset("。！？!?；;…\n\r\u2028\u2029\x0b\x0c\x85")
_DIVIDES = frozenset("，,、：:（(《〈“\u2018\"'「『[【{<—")
_LISTS = frozenset({"、", ", ", "， "})
_LONGEST = 8
_LONGEST_REGULAR = 32
_SHORT_LATIN, _LONG_LATIN = 3, 5


class Gap(IntEnum):
    NONE = 0
    SPACE = 1
    FILLED = 2
    DIVIDED = 3
    """By what ends or divides sentences."""


@lru_cache(maxsize=1 << 12)
def kind_of_gap(seen: str) -> Gap:
    if not seen:
        return Gap.NONE
    if _ENDS.isdisjoint(seen) and _DIVIDES.isdisjoint(seen) and not _is_full_stop(seen):
        return Gap.SPACE if seen.isspace() else Gap.FILLED
    return Gap.DIVIDED


def _is_full_stop(seen: str) -> bool:
    return seen.strip() == "." and seen != "."


def hidden_by_gaps(form: Form, sighting: Sighting) -> frozenset[Evasion] | None:
    """What the gaps hide; None where they divide the text."""
    ends = [kind_of_gap(seen[: _LONGEST_REGULAR + 1]) for seen in sighting.gaps]
    filled = [place for place, kind in enumerate(ends, 1) if kind is not Gap.NONE]
    if not filled:
        return frozenset({Evasion.SKIP}) if _is_interrupted(sighting) else relations.PLAINLY
    if _is_a_list(sighting):
        return None
    odd = [place for place in filled if place not in form.gaps]
    regular = len(filled) == len(ends) > 1
    longest = _LONGEST_REGULAR if regular else _LONGEST
    if any(len(sighting.gaps[place - 1]) > longest for place in filled):
        return None
    if regular and form.letters == len(form.plain) and _goes_on(sighting):
        return None
    if odd and not regular:
        mostly = len(odd) > 1 and len(odd) * 2 > len(ends)
        if not all(_may_stand(form, sighting, place, ends[place - 1], mostly=mostly) for place in odd):
            return None
    return frozenset({Evasion.SKIP}) if odd or _is_interrupted(sighting) else relations.PLAINLY


def gaps_in_pinyin(sighting: Sighting) -> frozenset[Evasion] | None:
    """None where sentences end between the syllables; between all of them nothing does."""
    ends = [kind_of_gap(seen[: _LONGEST + 1]) is Gap.DIVIDED for seen in sighting.gaps]
    return None if any(ends) and not all(ends) else relations.PLAINLY


def _may_stand(form: Form, sighting: Sighting, place: int, kind: Gap, *, mostly: bool) -> bool:
    """Whether a gap is no end of a word: a space says so between Latin letters only."""
    before, behind = form.runs[place - 1][-1], form.runs[place][0]
    latin = [_is_latin(plain) for plain in (before, behind)]
    if not all(latin):
        if mostly or kind is not Gap.DIVIDED:
            return True
        seen = sighting.gaps[place - 1].strip()
        return (seen == "" and _breaks_a_word(form, place)) or (any(latin) and seen in {":", "："})
    if relations.is_letter(before) != relations.is_letter(behind):  # vx: 888
        return kind is not Gap.DIVIDED or sighting.gaps[place - 1].strip() in {":", "："}
    letters = len(form.plain)
    if kind is not Gap.FILLED or letters <= _SHORT_LATIN:
        return False
    return letters >= _LONG_LATIN or sighting.gaps[place - 1].strip("-/\\.") != ""


def _breaks_a_word(form: Form, place: int) -> bool:
    """Whether a line break before a place leaves no word of two characters and more on both sides."""
    halves = "".join(form.runs[:place]), "".join(form.runs[place:])
    return form.is_chinese and not all(map(chinese_words.is_word, halves))


def _is_a_list(sighting: Sighting) -> bool:
    """Of single capital letters: 点 P、O、R、N 共圆."""
    if not all(seen in _LISTS for seen in sighting.gaps):
        return False
    written = [sighting.text[part.offsets[0]] for part in sighting.parts]
    return all(character.isascii() and character.isupper() for character in written)


def _goes_on(sighting: Sighting) -> bool:
    """Whether more letters are spelled out with the same gaps before or behind: a b e t s."""
    text, gap = sighting.text, sighting.gaps[0]
    before, behind = sighting.start - len(gap), sighting.end + len(gap)
    return (before > 0 and text[before : sighting.start] == gap and _is_single_letter(text, before - 1)) or (
        behind < len(text) and text[sighting.end : behind] == gap and _is_single_letter(text, behind)
    )


def _is_single_letter(text: str, offset: int) -> bool:
    beside = text[offset - 1] if offset else " ", text[offset + 1] if offset + 1 < len(text) else " "
    return text[offset].isalpha() and not any(map(str.isalpha, beside))


def _is_interrupted(sighting: Sighting) -> bool:
    """Whether something that cannot be seen, or the same character again, stands between."""
    return any(one.offsets[-1] - one.offsets[0] >= len(one.offsets) for one in sighting.parts) or any(
        other.offsets[0] - one.offsets[-1] > 1 for one, other in pairwise(sighting.parts)
    )


def _is_latin(plain: str) -> bool:
    return relations.is_letter(plain) or relations.is_digit(plain)
