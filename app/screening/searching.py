"""Everything in a text that may be a term: in its views, and in what they become when they are read otherwise."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from app.screening import pinyin, views
from app.screening.domain import Evasion
from app.screening.forms import Lead
from app.screening.lexicon import Found, Lexicon, Match
from app.screening.sightings import Part, Places
from app.screening.views import SPOKEN_WIDTH, WRITTEN_WIDTH

_READINGS = 2
"""Ways to read the Latin letters of a text, where a word has several."""


Candidate = tuple[int, Places, int]
"""A pattern, where it was seen, and the place behind its last."""


class Searched:
    """A text and its views."""

    def __init__(self, text: str, seen: views.Views) -> None:
        self.text = text
        self.seen = seen
        self.backwards = False
        self._numbers: tuple[NDArray[np.intp], NDArray[np.intp]] | None = None
        self._last: tuple[int, int, tuple[Part, ...]] = (-1, -1, ())

    @property
    def _offsets(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        if self._numbers is None:
            self._numbers = self.seen.offsets()
        return self._numbers

    def bounds(self, start: int, end: int) -> tuple[int, int]:
        kept, firsts = self._offsets
        last = firsts.item(end) - 1 if end < len(firsts) else -1
        return kept.item(firsts.item(start)) - 1, kept.item(last)

    def parts(self, start: int, end: int) -> tuple[Part, ...]:
        """The last answer is kept: many terms may be runs of one character, and a run may be long."""
        if self._last[:2] != (start, end):
            self._last = start, end, self._parts(start, end)
        return self._last[2]

    def _parts(self, start: int, end: int) -> tuple[Part, ...]:
        kept, firsts = self._offsets
        numbers = firsts[start : end + 1].tolist()
        if end == len(firsts):
            numbers.append(len(kept))
        first = numbers[0]
        offsets = [offset - 1 for offset in kept[first : numbers[-1]].tolist()]
        if len(offsets) == end - start:
            return tuple([Part((offset,)) for offset in offsets])
        return tuple(Part(tuple(offsets[one - first : other - first])) for one, other in pairwise(numbers))

    def places_of(self, offsets: Sequence[int]) -> list[int]:
        """Of characters that are kept, at these offsets."""
        kept, firsts = self._offsets
        numbers = np.searchsorted(kept, np.array(offsets) + 1)
        found: list[int] = (np.searchsorted(firsts, numbers, "right") - 1).tolist()
        return found


class Reading:
    """A view in which some places are put together anew, and the rest is as it was."""

    def __init__(self, searched: Searched, view: bytes, width: int) -> None:
        """`width` is that of a place, in bytes."""
        self.text = searched.text
        self.backwards = False
        self._searched = searched
        self._view = view
        self._width = width
        self._pieces: list[bytes] = []
        self._anew: list[Callable[[], Part]] = []
        """Most are never seen."""
        self._starts: list[int] = []
        """Where each new part stands in the new view."""
        self._behind: list[int] = []
        """The place of the old view behind it."""
        self._reached = self._length = 0

    def put(self, start: int, end: int, marks: bytes, parts: Sequence[Callable[[], Part]]) -> None:
        """`parts` in place of what stands from `start` to `end`, from left to right."""
        self._pieces += [self._view[self._reached * self._width : start * self._width], marks]
        self._length += start - self._reached
        for number, part in enumerate(parts):
            self._anew.append(part)
            self._starts.append(self._length + number)
            self._behind.append(end)
        self._length += len(parts)
        self._reached = end

    def pieces(self, reach: int) -> Iterator[tuple[int, bytes]]:
        """What of the new view lies within `reach` of something put together, and where each piece begins."""
        width = self._width
        view = b"".join([*self._pieces, self._view[self._reached * width :]])
        first = last = 0
        for start in self._starts:
            if start - reach > last:
                yield first, view[first * width : last * width]
                first = start - reach
            last = start + reach + 1
        yield first, view[first * width : last * width]

    def is_anew(self, start: int, end: int) -> bool:
        """Whether something put together stands there: all else was found before."""
        first = bisect_left(self._starts, start)
        return first < len(self._starts) and self._starts[first] < end

    def bounds(self, _start: int, _end: int) -> None:
        return None

    def parts(self, start: int, end: int) -> tuple[Part, ...]:
        return tuple(self._part(place) for place in range(start, end))

    def _part(self, place: int) -> Part:
        before = bisect_right(self._starts, place) - 1
        if before < 0:
            return self._searched.parts(place, place + 1)[0]
        if self._starts[before] == place:
            return self._anew[before]()
        old = self._behind[before] + place - self._starts[before] - 1
        return self._searched.parts(old, old + 1)[0]


class Mirrored:
    """A text read from its end."""

    def __init__(self, searched: Searched) -> None:
        self.text = searched.text[::-1]
        self.backwards = True
        self._searched = searched

    def bounds(self, _start: int, _end: int) -> None:
        return None

    def parts(self, start: int, end: int) -> tuple[Part, ...]:
        last, length = len(self.text) - 1, self._searched.seen.length
        parts = self._searched.parts(length - end, length - start)
        return tuple(Part(tuple(last - offset for offset in reversed(part.offsets))) for part in reversed(parts))


def candidates(lexicon: Lexicon, text: str, seen: views.Views, found: Iterable[Match]) -> Iterator[Candidate]:
    """What was `found` in the views, and what is found when split characters are joined and pinyin is read."""
    searched = Searched(text, seen)
    leads = lexicon.leads
    splits: list[tuple[int, int, str]] = []
    latin = False
    for _, end, pattern in found:
        lead = leads[pattern]
        if lead & Lead.FORMS:
            yield pattern, searched, end
        if lead & Lead.SPLIT:
            splits += [(end - places, end, character) for places, character in lexicon.splits(pattern)]
        latin = latin or bool(lead & Lead.LATIN)
    if splits:
        yield from _put_together(lexicon, searched, splits)
    if latin:
        yield from _read_aloud(lexicon, searched)


def gravest_first(lexicon: Lexicon, found: Found) -> Iterator[Match]:
    """In the order in which they are judged where not all can be; one of those that only tell of Latin letters."""
    leads = lexicon.leads
    yield from (one for one in found.all() if leads[one[2]] & Lead.FIRST)
    yield from (one for one in found.all() if not leads[one[2]] & Lead.FIRST and leads[one[2]] & ~Lead.LATIN)
    yield from islice((one for one in found.all() if leads[one[2]] == Lead.LATIN), 1)


def mirrored(lexicon: Lexicon, text: str, seen: views.Views) -> Iterator[Candidate]:
    """What is found from the end of the text to its beginning."""
    places = Mirrored(Searched(text, seen))
    found = lexicon.find_written(seen.backwards())
    yield from ((pattern, places, end) for _, end, pattern in found if lexicon.leads[pattern] & Lead.FORMS)


def _put_together(lexicon: Lexicon, searched: Searched, splits: list[tuple[int, int, str]]) -> Iterator[Candidate]:
    reading, reached = Reading(searched, searched.seen.written, WRITTEN_WIDTH), 0
    for start, end, character in sorted(splits):
        if start >= reached:
            reading.put(start, end, views.written_mark(character), [partial(_whole, searched, start, end, character)])
            reached = end
    return _of_reading(lexicon, reading, lexicon.find_written)


def _whole(searched: Searched, start: int, end: int, character: str) -> Part:
    offsets = tuple(offset for part in searched.parts(start, end) for offset in part.offsets)
    return Part(offsets, character, Evasion.SPLIT)


def _read_aloud(lexicon: Lexicon, searched: Searched) -> Iterator[Candidate]:
    words = pinyin.words(searched.text)
    ambiguous = any(len(word.ways) > 1 for word in words)
    for number in range(_READINGS if ambiguous else 1 if words else 0):
        yield from _of_reading(lexicon, _spoken(searched, words, number), lexicon.find_spoken)


def _spoken(searched: Searched, words: Sequence[pinyin.Word], number: int) -> Reading:
    """The spoken view with the syllables of each word in place of its letters."""
    reading, reached = Reading(searched, searched.seen.spoken, SPOKEN_WIDTH), 0
    places = searched.places_of([offset for word in words for offset in (word.offsets[0], word.offsets[-1])])
    for word, first, last in zip(words, places[::2], places[1::2], strict=True):
        syllables = word.ways[min(number, len(word.ways) - 1)]
        start = max(reached, first)  # two words may share a place: the o of `shao ou`
        reached = max(start, last + 1)
        reading.put(
            start, reached, views.spoken_marks(syllables), [partial(_itself, part) for part in word.parts(syllables)]
        )
    return reading


def _itself(part: Part) -> Part:
    return part


def _of_reading(lexicon: Lexicon, reading: Reading, find: Callable[[bytes], Iterable[Match]]) -> Iterator[Candidate]:
    for first, piece in reading.pieces(lexicon.longest):
        for start, end, pattern in find(piece):
            if lexicon.leads[pattern] & Lead.FORMS and reading.is_anew(first + start, first + end):
                yield pattern, reading, first + end
