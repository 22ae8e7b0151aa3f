"""Everything in a text that may be a term: in its views, and in what they become when they are read otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from app.screening import folding, pinyin
from app.screening.domain import Evasion
from app.screening.forms import Lead
from app.screening.lexicon import Found, Lexicon
from app.screening.sightings import Part

_READINGS = 2
"""Ways to read the Latin letters of a text, where a word has several."""


class Places(Protocol):
    """A searched view: what stands at its places."""

    text: str
    backwards: bool

    def parts(self, start: int, end: int) -> tuple[Part, ...]: ...


Candidate = tuple[int, Places, int]
"""A pattern, where it was seen, and the place behind its last."""


class Searched:
    """A text and its views."""

    def __init__(self, text: str, seen: folding.Views) -> None:
        self.text = text
        self.seen = seen
        self.backwards = False

    @cached_property
    def _offsets(self) -> tuple[list[int], list[int]]:
        kept, firsts = self.seen.offsets()
        return kept.tolist(), firsts.tolist()

    def parts(self, start: int, end: int) -> tuple[Part, ...]:
        kept, firsts = self._offsets
        return tuple(Part(tuple(kept[firsts[place] : firsts[place + 1]])) for place in range(start, end))

    def place_of(self) -> dict[int, int]:
        """Offsets of kept characters to their places."""
        kept, firsts = self._offsets
        return {kept[number]: place for place in range(len(firsts) - 1) for number in range(*firsts[place : place + 2])}


@dataclass(slots=True)
class Reading:
    """Places put together anew."""

    text: str
    places: list[Part]
    backwards: bool = False

    def parts(self, start: int, end: int) -> tuple[Part, ...]:
        return tuple(self.places[start:end])


class Mirrored:
    """A text read from its end."""

    def __init__(self, searched: Searched) -> None:
        self.text = searched.text[::-1]
        self.backwards = True
        self._searched = searched

    def parts(self, start: int, end: int) -> tuple[Part, ...]:
        last, length = len(self.text) - 1, self._searched.seen.length
        parts = self._searched.parts(length - end, length - start)
        return tuple(Part(tuple(last - offset for offset in reversed(part.offsets))) for part in reversed(parts))


def candidates(lexicon: Lexicon, text: str, seen: folding.Views, found: Found) -> Iterator[Candidate]:
    """What was `found` in the views, and what is found when split characters are joined and pinyin is read."""
    searched, length = Searched(text, seen), seen.length
    leads = lexicon.leads
    splits: list[tuple[int, int, str]] = []
    latin = False
    for _, end, pattern in found:
        lead = leads[pattern]
        if lead & Lead.FORMS:
            yield pattern, searched, end if end <= length else end - length
        if lead & Lead.SPLIT:
            splits += [(end - places, end, character) for places, character in lexicon.splits(pattern)]
        latin = latin or bool(lead & Lead.LATIN)
    if splits:
        yield from _put_together(lexicon, searched, splits)
    if latin:
        yield from _read_aloud(lexicon, searched)


def mirrored(lexicon: Lexicon, text: str, seen: folding.Views) -> Iterator[Candidate]:
    """What is found from the end of the text to its beginning."""
    found = lexicon.find(seen.joined[seen.length - 1 :: -1] if seen.length else "")
    if found:
        places = Mirrored(Searched(text, seen))
        yield from ((pattern, places, end) for _, end, pattern in found if lexicon.leads[pattern] & Lead.FORMS)


def _put_together(lexicon: Lexicon, searched: Searched, splits: list[tuple[int, int, str]]) -> Iterator[Candidate]:
    view: list[str] = []
    places: list[Part] = []
    reached = 0
    written = searched.seen.joined[: searched.seen.length]
    for start, end, character in sorted(splits):
        if start < reached:
            continue
        view += [written[reached:start], chr(folding.mark(character) & 0xFFFFFFFF)]
        offsets = tuple(offset for part in searched.parts(start, end) for offset in part.offsets)
        places += [*searched.parts(reached, start), Part(offsets, character, Evasion.SPLIT)]
        reached = end
    view.append(written[reached:])
    places += searched.parts(reached, len(written))
    return _of_reading(lexicon, "".join(view), Reading(searched.text, places))


def _read_aloud(lexicon: Lexicon, searched: Searched) -> Iterator[Candidate]:
    words = pinyin.words(searched.text)
    ambiguous = any(len(ways) > 1 for _, ways in words)
    for reading in range(_READINGS if ambiguous else 1 if words else 0):
        yield from _of_reading(lexicon, *_spoken(searched, words, reading))


def _spoken(
    searched: Searched, words: list[tuple[tuple[int, ...], tuple[tuple[str, ...], ...]]], reading: int
) -> tuple[str, Reading]:
    """The spoken view with the syllables of each word in place of its letters."""
    view: list[str] = []
    places: list[Part] = []
    reached = 0
    length = searched.seen.length
    spoken = searched.seen.joined[length:]
    place_of = searched.place_of()
    for offsets, ways in words:
        syllables = ways[min(reading, len(ways) - 1)]
        start = max(reached, place_of[offsets[0]])  # two words may share a place: the o of `shao ou`
        end = max(start, place_of[offsets[-1]] + 1)
        view += [spoken[reached:start], pinyin.marks(syllables)]
        places += searched.parts(reached, start)
        first = 0
        for syllable in syllables:
            places.append(Part(offsets[first : first + len(syllable)], syllable, Evasion.PINYIN))
            first += len(syllable)
        reached = end
    view.append(spoken[reached:])
    places += searched.parts(reached, length)
    return "".join(view), Reading(searched.text, places)


def _of_reading(lexicon: Lexicon, view: str, places: Reading) -> Iterator[Candidate]:
    """Only where something put together stands: all else was found before."""
    for start, end, pattern in lexicon.find(view):
        if lexicon.leads[pattern] & Lead.FORMS and any(part.stands_for for part in places.places[start:end]):
            yield pattern, places, end
