"""Whether a sighting is the term: each check tells how it was hidden, or refuses."""

from collections.abc import Sequence

from app.screening import chinese_words, letters, pinyin, relations
from app.screening.domain import Boundary, Evasion
from app.screening.forms import Form, FormKind
from app.screening.gaps import hidden_by_gaps
from app.screening.sightings import Sighting, neighbour

_SHORT_PINYIN = 3
_REPEATS = 8
_PLUS = frozenset("+＋\u2795\ufe62十")


def judge(form: Form, sighting: Sighting) -> frozenset[Evasion] | None:
    """The ways it was hidden, none for a plain hit; None where it is not the term."""
    found = set[Evasion]() if sighting.exact else _hidden(form, sighting)
    if found is None or not letters.stand_alone(form, sighting):
        return None
    if form.kind in {FormKind.CONTACT, FormKind.DOT}:
        found.add(Evasion.CONTACT)
    if form.kind is FormKind.CONTACT and plus_before(sighting) < 0:
        return None
    return None if _torn(form, sighting, found) else frozenset(found)


def judge_spoken(form: Form, sighting: Sighting) -> frozenset[Evasion] | None:
    """The same for what sounds like the term."""
    found: set[Evasion] = set()
    same = 0
    for part, run in zip(sighting.parts, form.runs, strict=True):
        ways = _sounds(sighting.text, part.offsets, part.stands_for, run[0])
        if ways is None:
            return None
        same += not ways
        found |= ways
    if found.isdisjoint({Evasion.HOMOPHONE, Evasion.PINYIN}):
        return None
    gaps = hidden_by_gaps(form, sighting) if Evasion.PINYIN not in found else relations.PLAINLY
    if gaps is None or not _speaks(sighting, found, same):
        return None
    return frozenset(found | gaps)


def _hidden(form: Form, sighting: Sighting) -> set[Evasion] | None:
    found = _characters(form, sighting)
    gaps = None if found is None else hidden_by_gaps(form, sighting)
    if found is None or gaps is None or not _latin_in_order(form, sighting, found | gaps):
        return None
    return found | gaps


def _characters(form: Form, sighting: Sighting) -> set[Evasion] | None:
    found: set[Evasion] = set()
    for part, run in zip(sighting.parts, form.runs, strict=True):
        written = part.stands_for or [sighting.text[offset] for offset in part.offsets]
        if len(written) != len(run):
            if len(written) < len(run) or relations.is_digit(run[0]):
                return None
            found.add(Evasion.REPEAT)
        for number, character in enumerate(_each_once(written, len(run))):
            ways = relations.written_for(character, run[min(number, len(run) - 1)])
            if ways is None:
                return None
            found |= ways
        if part.by is not None:
            found.add(part.by)
    return found


def _each_once(written: Sequence[str], run: int) -> Sequence[str]:
    """A run that repeats: the characters of the term, and of all others each kind once."""
    return written if len(written) <= run + _REPEATS else [*written[:run], *sorted(set(written[run:]))]


def _latin_in_order(form: Form, sighting: Sighting, found: set[Evasion]) -> bool:
    if not found or not any(map(relations.is_letter, form.plain)):
        return True
    if Evasion.LEET in found and letters.is_a_number(form, sighting):
        return False
    only_letters = form.letters == len(form.plain)
    if Evasion.HOMOGLYPH in found and only_letters and letters.is_word_of_another_script(sighting):
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


def _torn(form: Form, sighting: Sighting, found: set[Evasion]) -> bool:
    """Whether its ends belong to the words beside it. What was hidden on purpose is no accident."""
    if form.term.boundary is Boundary.SINGLE or sighting.backwards:
        return False
    if not form.is_chinese:
        return False
    if found & {Evasion.WIDTH, Evasion.LEET} or (
        Evasion.SKIP in found and len(sighting.gaps) > 1 and all(sighting.gaps)
    ):
        return False
    plain = form.plain if sighting.exact else sighting.plain
    before, behind = sighting.around()
    if chinese_words.torn(before + plain + behind, len(before), len(before) + len(plain)):
        return True
    if form.term.boundary is Boundary.WORD and found <= {Evasion.SCRIPT}:
        return chinese_words.is_within_a_word(before + plain + behind, len(before), len(before) + len(plain))
    return Evasion.HOMOGLYPH in found and chinese_words.is_word(plain)


def _sounds(text: str, offsets: tuple[int, ...], syllable: str, meant: str) -> frozenset[Evasion] | None:
    if syllable:
        return frozenset({Evasion.PINYIN}) if relations.is_spoken(syllable, meant) else None
    ways = relations.written_for(text[offsets[0]], meant)
    if ways is not None:
        return ways
    return frozenset({Evasion.HOMOPHONE}) if relations.sounds_like(text[offsets[0]], meant) else None


def _is_pinyin(sighting: Sighting) -> bool:
    """Whether syllables are no English words, and a short term is no part of a longer word."""
    words: list[str] = []
    reached = -1
    for part in sighting.parts:
        if part.by is not Evasion.PINYIN:
            return True
        if part.offsets[0] == reached:
            words[-1] += part.stands_for
        else:
            words.append(part.stands_for)
        reached = part.offsets[-1] + 1
    return not pinyin.is_english(words) and (len(sighting.parts) > _SHORT_PINYIN or letters.is_whole(sighting))


def _speaks(sighting: Sighting, found: set[Evasion], same: int) -> bool:
    """Whether a like sound is no accident: of other common words, or of the ends of words."""
    if Evasion.PINYIN in found:
        return _is_pinyin(sighting)
    plain = sighting.plain
    if same == 0 and chinese_words.is_made_of_words(plain):
        return False
    before, behind = sighting.around()
    return not chinese_words.torn(before + plain + behind, len(before), len(before) + len(plain))
