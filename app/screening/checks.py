"""Whether a sighting is the term: each check tells how it was hidden, or refuses."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from itertools import chain

from app.screening import accents, chinese_words, flags, folding, letters, pinyin, relations
from app.screening.domain import Boundary, Evasion
from app.screening.forms import CHATS, Form, FormKind
from app.screening.gaps import gaps_in_pinyin, hidden_by_gaps
from app.screening.sightings import Part, Sighting, neighbour

_DIGITS = frozenset("0123456789")
_IN_CHINESE = str.maketrans("0123456789", "零一二三四五六七八九")
_PLUS = frozenset("+＋\u2795\ufe62十")
_SHORT = 3
_NOTHING: frozenset[Evasion] = frozenset()
_BY_KIND = {
    FormKind.DRAWN: Evasion.HOMOGLYPH,
    FormKind.IN_DIGITS: Evasion.NUMERAL,
    FormKind.IN_CHINESE: Evasion.NUMERAL,
    **dict.fromkeys((FormKind.CONTACT, FormKind.DOT, FormKind.ENGLISH_DOT, *CHATS), Evasion.CONTACT),
}


def judge(form: Form, sighting: Sighting) -> frozenset[Evasion] | None:
    """The ways it was hidden, none for a plain hit; None where it is not the term."""
    if sighting.exact and form.is_chinese and form.kind is FormKind.WRITTEN:
        return None if _torn(form, sighting, _NOTHING) else _NOTHING
    found = set[Evasion]() if sighting.exact else _hidden(form, sighting)
    if found is None or not letters.stand_alone(form, sighting) or not letters.is_marked_as_meant(form, sighting):
        return None
    if Evasion.WIDTH in found and any(flags.is_in_a_flag(sighting.text, part.offsets[0]) for part in sighting.parts):
        return None
    if (way := _BY_KIND.get(form.kind)) is not None:
        found.add(way)
    if form.kind is FormKind.CONTACT and plus_before(sighting) < 0:
        return None
    return None if _torn(form, sighting, found) else frozenset(found)


def judge_spoken(form: Form, sighting: Sighting) -> frozenset[Evasion] | None:
    """The same for what sounds like the term."""
    found: set[Evasion] = set()
    same = 0
    for part, run in zip(sighting.parts, form.runs, strict=True):
        ways = _sounds(sighting.text, part.offsets, part.stands_for, run[0])
        if ways is None or len(run) > (1 if part.stands_for else len(part.offsets)):
            return None
        if len(run) < len(part.offsets) and not part.stands_for:
            found.add(Evasion.REPEAT)
        same += not ways
        found |= ways
    if found.isdisjoint({Evasion.HOMOPHONE, Evasion.PINYIN}):
        return None
    gaps = hidden_by_gaps(form, sighting) if Evasion.PINYIN not in found else gaps_in_pinyin(sighting)
    if gaps is None or not _speaks(form, sighting, found, same):
        return None
    return frozenset(found | gaps)


def _hidden(form: Form, sighting: Sighting) -> set[Evasion] | None:
    found = _characters(form, sighting)
    gaps = None if found is None else hidden_by_gaps(form, sighting)
    if found is None or gaps is None or not _latin_in_order(form, sighting, found | gaps):
        return None
    if Evasion.NUMERAL in found and letters.is_number_that_goes_on(sighting):
        return None
    return found | gaps


def _characters(form: Form, sighting: Sighting) -> set[Evasion] | None:
    found: set[Evasion] = set()
    for part, run, own in zip(sighting.parts, form.runs, form.written, strict=True):
        length = len(part.stands_for or part.offsets)
        if length != len(run):
            if length < len(run) or relations.is_digit(run[0]):
                return None
            found.add(Evasion.REPEAT)
        written = part.stands_for or [sighting.text[offset] for offset in part.offsets[: len(run)]]
        more = _more(sighting, part, run)
        for character, meant, as_meant in chain(
            zip(written, run, own, strict=False), ((character, run[-1], own[-1]) for character in more)
        ):
            if character.lower() == as_meant.lower():
                continue
            ways = relations.written_for(character, meant)
            if ways is None:
                return None
            found |= ways
        if part.by is not None:
            found.add(part.by)
    return found


def _more(sighting: Sighting, part: Part, run: str) -> Iterable[str]:
    """The different characters that stand behind as many as a run has."""
    if part.stands_for or len(part.offsets) == len(run):
        return part.stands_for[len(run) :]
    behind = sighting.text[part.offsets[len(run)] : part.offsets[-1] + 1]
    return filter(folding.plain, set(behind))


def _latin_in_order(form: Form, sighting: Sighting, found: set[Evasion]) -> bool:
    if not found or not any(map(relations.is_letter, form.plain)):
        return True
    if Evasion.LEET in found and letters.is_a_number(form, sighting):
        return False
    only_letters = form.letters == len(form.plain)
    if Evasion.HOMOGLYPH in found and only_letters and letters.is_word_of_another_script(form, sighting):
        return False
    if found & {Evasion.ACCENT, Evasion.SKIP} and accents.is_foreign_word(form, sighting):
        return False
    if Evasion.REPEAT not in found and Evasion.HOMOGLYPH not in found:
        return True
    return letters.repeats_enough(form, sighting, found) and not letters.is_another_word(form, sighting)


def plus_before(sighting: Sighting) -> int:
    """The offset of the plus that stands for 加 before it; -1 where there is none."""
    text, before = sighting.text, neighbour(sighting.text, sighting.start - 1, -1)
    if before >= 0 and text[before] == " ":
        before = neighbour(text, before - 1, -1)
    return before if before >= 0 and text[before] in _PLUS else -1


def _torn(form: Form, sighting: Sighting, found: AbstractSet[Evasion]) -> bool:
    """Whether its ends belong to the words beside it. What was hidden on purpose is no accident."""
    if form.term.boundary is Boundary.SINGLE or sighting.backwards:
        return False
    if not form.is_chinese:
        return False
    if found and (found & {Evasion.WIDTH, Evasion.LEET} or (Evasion.SKIP in found and _is_held_apart(sighting))):
        return False
    plain = form.plain if sighting.exact else _as_chinese(form, sighting)
    before, behind = _beside(sighting)
    if chinese_words.torn(before + plain + behind, len(before), len(before) + len(plain)):
        return True
    if form.term.boundary is Boundary.WORD and found <= {Evasion.SCRIPT}:
        return chinese_words.is_within_a_word(before + plain + behind, len(before), len(before) + len(plain))
    return bool(found) and Evasion.HOMOGLYPH in found and chinese_words.is_word(plain)


def _beside(sighting: Sighting) -> tuple[str, str]:
    """What stands around it, with Chinese numbers for digits."""
    before, behind = sighting.around()
    if _DIGITS.isdisjoint(before) and _DIGITS.isdisjoint(behind):
        return before, behind
    return before.translate(_IN_CHINESE), behind.translate(_IN_CHINESE)


def _is_held_apart(sighting: Sighting) -> bool:
    """Whether there is something in every gap; a space or a line break may be where a word ends."""
    return bool(sighting.gaps) and all(sighting.gaps) and (len(sighting.gaps) > 1 or not sighting.gaps[0].isspace())


def _as_chinese(form: Form, sighting: Sighting) -> str:
    """The plain characters, with Chinese numbers for digits: 1夜 as 一夜."""
    pairs = zip(sighting.plain, form.runs, strict=True)
    return "".join(run if relations.is_digit(plain) else plain * len(run) for plain, run in pairs)


def _sounds(text: str, offsets: tuple[int, ...], syllable: str, meant: str) -> frozenset[Evasion] | None:
    if syllable:
        return frozenset({Evasion.PINYIN}) if relations.is_spoken(syllable, meant) else None
    ways = relations.written_for(text[offsets[0]], meant)
    if ways is not None:
        return ways
    return frozenset({Evasion.HOMOPHONE}) if relations.sounds_like(text[offsets[0]], meant) else None


def _is_english(sighting: Sighting) -> bool:
    """Whether all words are syllables that are English words too."""
    words: list[str] = []
    reached = -1
    for part in sighting.parts:
        if part.by is not Evasion.PINYIN:
            return False
        if part.offsets[0] == reached:
            words[-1] += part.stands_for
        else:
            words.append(part.stands_for)
        reached = part.offsets[-1] + 1
    return pinyin.are_english(words)


def _speaks(form: Form, sighting: Sighting, found: set[Evasion], same: int) -> bool:
    """Whether a like sound is no accident: of other common words, or of the ends of words."""
    if Evasion.PINYIN in found:
        return not _is_english(sighting) and (len(sighting.parts) > _SHORT or letters.are_whole_words(sighting))
    plain = _as_chinese(form, sighting)
    if same == 0 and chinese_words.is_made_of_words(plain):
        return False
    if len(plain) <= _SHORT and chinese_words.reads_well(plain):
        return False
    before, behind = _beside(sighting)
    return not chinese_words.torn(before + plain + behind, len(before), len(before) + len(plain))
