"""A matcher that is slow and obviously right: every term is tried at every place of a text.

It shares with the engine the tables, the reading of pinyin (`pinyin.words`), the rules, and the checks that judge what
was seen (`settle`). Everything else is done again here, and in the simplest way: folding, the forms of a
term, the search and what is put together for it, offsets, what is allowed, what is told of overlapping hits, masking.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from app.screening import pinyin, tables
from app.screening.categories import is_sounded
from app.screening.domain import Action, Decision, Evasion, Field, Hit, Term, Verdict
from app.screening.forms import SPOKEN, Form, FormKind, form_of, in_form, kinds_of
from app.screening.judging import settle
from app.screening.rules import RULES
from app.screening.sightings import Given, Part, Sighting
from tests.screening.clusters import clusters

VOWEL, CONSONANT, SILENT = "vowel", "consonant", "silent"
_NAMES = {Field.HANDLE, Field.DISPLAY_NAME}
_MOST_PARTS = 4
_ORDER = list(Evasion)
_STRICTEST = [Action.MASK, Action.REVIEW, Action.BLOCK]


@cache
def plain(character: str) -> str:
    """Empty where it is skipped."""
    point = int(tables.plain_table()[ord(character)])
    return chr(point) if point else ""


@cache
def written(character: str) -> str:
    """The first of the characters that may stand for one another, empty where it is skipped."""
    folded = plain(character)
    return tables.classes().get(folded, folded)[:1]


@cache
def spoken(character: str) -> str:
    """Its syllable; of letters, and of what may stand for one, only what kind of letter it is."""
    letter = written(character)
    if letter.isascii() and plain(character) not in tables.sounds():
        return (VOWEL if letter in "aeiouv" else CONSONANT) if "a" <= letter <= "z" else SILENT
    return tables.sounds().get(plain(character), (SILENT,))[0]


@dataclass
class Place:
    """A character of a text, or several of one kind that follow one another."""

    written: str
    spoken: str
    part: Part


def places_of(text: str) -> list[Place]:
    places: list[Place] = []
    for offset, character in enumerate(text):
        if not written(character):
            continue
        here = written(character), spoken(character)
        if places and here == (places[-1].written, places[-1].spoken):
            places[-1].part = Part((*places[-1].part.offsets, offset))
        else:
            places.append(Place(*here, Part((offset,))))
    return places


def spelled_out(text: str) -> tuple[str, list[int]]:
    """With `Ⅲ` as `iii`, and for each character of that the offset it comes from."""
    pieces = [tables.expansions().get(character, character) for character in text]
    return "".join(pieces), [offset for offset, piece in enumerate(pieces) for _ in piece]


@dataclass
class Sought:
    """A term in one form: `view` is what is looked for, in the written or the spoken view of a text."""

    form: Form
    view: list[str]
    by_sound: bool


def all_sought(terms: Sequence[Term]) -> Iterator[Sought]:
    for term in terms:
        text = term.term
        if text.startswith("@"):
            continue
        yield from _sought(term, FormKind.WRITTEN, text)
        if term.action is Action.ALLOW:
            continue
        for kind in kinds_of(text):
            yield from (sought for sought in _sought(term, kind, in_form(text, kind)) if len(sought.view) > 1)


def _sought(term: Term, kind: FormKind, text: str) -> Iterator[Sought]:
    spelled, _ = spelled_out(text)
    places = places_of(spelled)
    if not places:
        return
    runs = tuple("".join(plain(spelled[offset]) for offset in place.part.offsets) for place in places)
    gaps, before = set(), places[0].part.offsets[0] - 1
    for number, place in enumerate(places):
        for offset in place.part.offsets:
            if offset != before + 1:
                gaps.add(number)
            before = offset
    own = ["".join(spelled[offset] for offset in place.part.offsets) for place in places]
    form = form_of(term, kind, text, runs, own, gaps)
    yield Sought(form, [place.written for place in places], by_sound=False)
    syllables = [place for place in places if _is_spoken(place)]
    if (
        kind is FormKind.WRITTEN
        and term.action is not Action.ALLOW
        and is_sounded(term.category)
        and (len(syllables) > 2 or (len(syllables) > 1 and re.search(r"(.)\1", text)))
    ):
        apart = [place for character in spelled for place in places_of(character)]
        if re.search(r"(.)\1", text) and len(apart) > 2 and all(_is_spoken(place) for place in apart):
            single = [plain(character) for character in spelled if plain(character)]
            own_apart = [character for character in spelled if plain(character)]
            gaps_apart = {n for n, at in enumerate(_kept(spelled)) if n and at != _kept(spelled)[n - 1] + 1}
            form_apart = form_of(term, FormKind.APART, text, single, own_apart, gaps_apart)
            yield Sought(form_apart, [place.spoken for place in apart], by_sound=True)
        elif len(syllables) < 3:
            return
        form = form_of(term, FormKind.SPOKEN, text, runs, own, gaps)
        yield from (Sought(form, sounds, by_sound=True) for sounds in _ways_to_speak(places))


def _is_spoken(place: Place) -> bool:
    return place.spoken not in {VOWEL, CONSONANT, SILENT}


def _kept(text: str) -> list[int]:
    return [offset for offset, character in enumerate(text) if plain(character)]


def _ways_to_speak(places: list[Place]) -> Iterator[list[str]]:
    """As it is mostly spoken; and with the first character that has a second sound spoken so, and the next one."""
    usual = [place.spoken for place in places]
    yield usual
    several = [number for number, place in enumerate(places) if len(tables.sounds().get(place.written, ())) > 1]
    for number in several[:2]:
        yield [*usual[:number], tables.sounds()[places[number].written][1], *usual[number + 1 :]]


class SlowMatcher:
    def __init__(self, terms: Sequence[Term]) -> None:
        self._terms = terms
        self._sought = list(all_sought(terms))

    def screen(self, text: str, field: Field) -> Verdict:
        spelled, origin = spelled_out(text)
        hits: list[Hit] = list(self._by_rules(text, field))
        allowed: list[tuple[int, int]] = []
        for first, behind, ways, term, by_sound in self._seen(
            spelled, field, backwards=field in _NAMES or len(text) < 64
        ):
            start, end = origin[first], origin[behind - 1] + 1
            if term.action is Action.ALLOW:
                allowed.append((start, end))
                continue
            if any(character in tables.expansions() for character in text[start:end]):
                ways |= {Evasion.WIDTH}
            hits.append(hit_of(term, start, end, ways, at_most_review=by_sound))
        return verdict_of(text, hits, allowed)

    def _seen(
        self, text: str, field: Field, *, backwards: bool
    ) -> Iterator[tuple[int, int, frozenset[Evasion], Term, bool]]:
        for sought, sighting in self._sightings(text, field, backwards=backwards):
            if (judged := settle(sought.form, sighting)) is not None:
                yield *judged[0], judged[1], sought.form.term, sought.form.kind in SPOKEN
        signs = "(?<=[A-Za-z])[!|](?=[A-Za-z])"
        lettered = re.sub(signs, "i", text)
        if lettered == text:
            return
        for sought, sighting in self._sightings(lettered, field, backwards=backwards):
            judged = settle(sought.form, sighting)
            if judged is None or sought.form.term.action is Action.ALLOW:
                continue
            (start, end), ways = judged
            if re.search(signs, text[max(0, start - 1) : end + 1]):
                yield start, end, ways | {Evasion.LEET}, sought.form.term, sought.form.kind in SPOKEN

    def _by_rules(self, text: str, field: Field) -> Iterator[Hit]:
        for term in self._terms:
            if term.term in RULES and field in (term.fields or Field):
                for start, end, ways in RULES[term.term].find(text):
                    yield hit_of(term, start, end, ways, at_most_review=False)

    def _sightings(self, text: str, field: Field, *, backwards: bool) -> Iterator[tuple[Sought, Sighting]]:
        """Wherever the places of a text, or of what it becomes when it is read otherwise, are those of a term."""
        here = [sought for sought in self._sought if field in (sought.form.term.fields or Field)]
        places = places_of(text)
        names = field in _NAMES
        yield from _seen(here, text, places, names=names)
        used = {place for sought in self._sought if not sought.by_sound for place in sought.view}
        yield from _only_with_what_is_put_together(_seen(here, text, joined(places, used), names=names))
        if any(sought.by_sound for sought in self._sought):
            for reading in range(2):
                aloud = read_aloud(text, places, reading)
                yield from _only_with_what_is_put_together(_seen(here, text, aloud, names=names))
        if backwards:
            yield from _seen_backwards(here, text, field)


def _seen(
    here: list[Sought], text: str, places: list[Place], *, names: bool, backwards: bool = False
) -> Iterator[tuple[Sought, Sighting]]:
    views = {False: [place.written for place in places], True: [place.spoken for place in places]}
    for start in range(len(places)):
        for sought in here:
            end = start + len(sought.view)
            if views[sought.by_sound][start:end] == sought.view and (names or sought.form.kind is not FormKind.DRAWN):
                parts = tuple(place.part for place in places[start:end])
                yield sought, Sighting(Given(text, parts, backwards), 0, sought.form)


def _only_with_what_is_put_together(seen: Iterator[tuple[Sought, Sighting]]) -> Iterator[tuple[Sought, Sighting]]:
    return ((sought, sighting) for sought, sighting in seen if any(part.stands_for for part in sighting.parts))


def _seen_backwards(here: list[Sought], text: str, field: Field) -> Iterator[tuple[Sought, Sighting]]:
    shortest = 3 if field in _NAMES else 4
    readable = [
        sought
        for sought in here
        if sought.form.kind is FormKind.WRITTEN
        and len(sought.form.plain) >= shortest
        and (not sought.form.letters or (field in _NAMES and sought.form.letters > 5))
        and sought.form.plain[::-1] not in tables.english_words()
        and sought.form.plain != sought.form.plain[::-1]
    ]
    return _seen(readable, text[::-1], places_of(text[::-1]), names=field in _NAMES, backwards=True)


@cache
def halves() -> dict[tuple[str, ...], list[str]]:
    """What characters in two parts look like, and the characters."""
    found = defaultdict(list)
    for character, ways in sorted(tables.splits().items()):
        for half in ways:
            found[tuple(place.written for place in places_of(half))].append(character)
    return found


def joined(places: list[Place], used: set[str]) -> list[Place]:
    """With one place for the parts of a character that is `used`, the first that is met, and of those the shortest."""
    result, number = [], 0
    while number < len(places):
        for length in range(2, _MOST_PARTS + 1):
            whole = places[number : number + length]
            view = tuple(place.written for place in whole)
            whole_characters = [one for one in halves().get(view, []) if len(view) == length and written(one) in used]
            if whole_characters:
                offsets = tuple(offset for place in whole for offset in place.part.offsets)
                character = whole_characters[-1]
                result.append(Place(written(character), "", Part(offsets, character, Evasion.SPLIT)))
                number += length
                break
        else:
            result.append(places[number])
            number += 1
    return result


def read_aloud(text: str, places: list[Place], reading: int) -> list[Place]:
    """With the syllables of words of Latin letters in place of these."""
    place_of = {offset: number for number, place in enumerate(places) for offset in place.part.offsets}
    result, reached = [], 0
    for word in pinyin.words(text):
        start = max(reached, place_of[word.offsets[0]])
        result += places[reached:start]
        left = list(word.offsets)
        for syllable in word.ways[min(reading, len(word.ways) - 1)]:
            letters = tuple(left.pop(0) for _ in syllable)
            result.append(Place("", syllable, Part(letters, syllable, Evasion.PINYIN)))
        assert not left, "the syllables of a word are all of its letters"
        reached = max(start, place_of[word.offsets[-1]] + 1)
    return result + places[reached:]


def hit_of(term: Term, start: int, end: int, ways: frozenset[Evasion], *, at_most_review: bool) -> Hit:
    action = Action.REVIEW if at_most_review and term.action is Action.BLOCK else term.action
    shown = tuple(sorted(ways, key=_ORDER.index))
    return Hit(start, end, term.category, term.severity, action, shown, term.term)


def verdict_of(text: str, hits: list[Hit], allowed: list[tuple[int, int]]) -> Verdict:
    """The strictest of those that no allowed term holds."""
    allowed = allowed + [(hit.start, hit.end) for hit in hits if hit.action is Action.ALLOW]
    counted = [hit for hit in hits if not any(start <= hit.start and hit.end <= end for start, end in allowed)]
    if not counted:
        return Verdict(Decision.PASS)
    action = max((hit.action for hit in counted), key=_STRICTEST.index)
    return Verdict(Decision(action.value), told(counted), covered(text, counted))


def told(hits: list[Hit]) -> tuple[Hit, ...]:
    """Of hits of one category that lie within one another the outermost; of those in one place the gravest."""

    def weight(hit: Hit) -> tuple[int, int, int, int, str, tuple[str, ...]]:
        return (
            hit.start - hit.end,
            -_STRICTEST.index(hit.action),
            -hit.severity,
            len(hit.evasions),
            hit.term,
            hit.evasions,
        )

    kept: list[Hit] = []
    for hit in sorted(hits, key=weight):
        if not any(
            other.category == hit.category and other.start <= hit.start and hit.end <= other.end for other in kept
        ):
            kept.append(hit)
    return tuple(sorted(kept, key=lambda hit: (hit.start, weight(hit))))


def covered(text: str, hits: list[Hit]) -> str:
    return "".join(
        "*" * (end - start) if any(hit.start < end and start < hit.end for hit in hits) else text[start:end]
        for start, end in clusters(text)
    )
