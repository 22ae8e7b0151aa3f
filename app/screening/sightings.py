"""Where something was seen in a text that may be a term: its characters place by place, and what is between them."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, Protocol

from app.screening import chinese_words, folding, masking
from app.screening.domain import Evasion
from app.screening.forms import Form

_INVISIBLE = frozenset({"Cf", "Mn", "Me", "Cs", "Co", "Cn"})
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u180e")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_CONTEXT = 4
_FAR = 64
"""Characters that are looked through for a neighbour beyond what cannot be seen."""

_LONGEST_RUN = 256
"""Characters of a run at an end of what is seen, where something is between them."""


@lru_cache(maxsize=1 << 14)
def is_invisible(character: str) -> bool:
    """Whether nothing of it is seen, or only a mark on the character before it."""
    return (
        unicodedata.category(character) in _INVISIBLE or character in _BLANK or _CONTROLS.match(character) is not None
    )


class Part(NamedTuple):
    """One place of a view: the offsets of its characters. `stands_for` where they are put together to another one."""

    offsets: tuple[int, ...]
    stands_for: str = ""
    by: Evasion | None = None


class Places(Protocol):
    """A searched view: what stands at its places."""

    @property
    def text(self) -> str: ...

    @property
    def backwards(self) -> bool: ...

    def bounds(self, start: int, end: int) -> tuple[int, int] | None:
        """The offsets of the first character and behind the last one, where that is quickly known."""

    def parts(self, start: int, end: int) -> tuple[Part, ...]: ...


class Given(NamedTuple):
    """Places that are all known."""

    text: str
    all_parts: tuple[Part, ...]
    backwards: bool = False

    def bounds(self, _start: int, _end: int) -> None:
        """None: they are in `parts`."""

    def parts(self, start: int, end: int) -> tuple[Part, ...]:
        return self.all_parts[start:end]


class Sighting:
    """What stands from one place of a view to another. `exact` where the characters are those of the form itself.

    The parts are looked at only where it is not exact, since most hits are.
    """

    __slots__ = ("_gaps", "_parts", "backwards", "end", "exact", "form", "place", "places", "start", "text")

    def __init__(self, places: Places, place: int, form: Form) -> None:
        """`place` is where it begins in the view."""
        self.text = text = places.text
        self.backwards = places.backwards
        self.places, self.place, self.form = places, place, form
        self._parts: tuple[Part, ...] | None = None
        self._gaps: tuple[str, ...] | None = None
        bounds = places.bounds(place, place + len(form.runs))
        if bounds is None or text[bounds[0] : bounds[1]] != form.text:
            parts = self.parts
            bounds = parts[0].offsets[0], parts[-1].offsets[-1] + 1
        self.start, self.end = bounds
        self.exact = text[self.start : self.end] == form.text

    @property
    def parts(self) -> tuple[Part, ...]:
        if self._parts is None:
            parts = self.places.parts(self.place, self.place + len(self.form.runs))
            self._parts = trimmed(self.text, parts, self.form.runs)
        return self._parts

    def without_repeats(self) -> "Sighting | None":
        """The same without what is more than the term at its two ends; None where nothing is."""
        if self.exact or len(self.form.runs) == 1:
            return None
        runs, parts = self.form.runs, self.parts
        first, last = parts[0], parts[-1]
        spare = len(first.offsets) - len(runs[0]), len(last.offsets) - len(runs[-1])
        if max(spare) <= 0 or min(spare) < 0 or first.stands_for or last.stands_for:
            return None
        first, last = (
            first._replace(offsets=first.offsets[spare[0] :]),
            last._replace(offsets=last.offsets[: len(runs[-1])]),
        )
        return Sighting(Given(self.text, (first, *parts[1:-1], last), self.backwards), 0, self.form)

    def span(self) -> tuple[int, int]:
        """Where it stands in the text that was sent, with the marks and invisible characters behind its last one."""
        if not self.backwards:
            return self.start, masking.behind(self.text, self.end)
        length = len(self.text)
        return length - self.end, length - self.start

    @property
    def gaps(self) -> tuple[str, ...]:
        """What is seen before each place but the first, empty where nothing is."""
        if self._gaps is None:
            pairs = pairwise(self.parts)
            self._gaps = tuple(seen_between(self.text, one.offsets[-1], other.offsets[0]) for one, other in pairs)
        return self._gaps

    @property
    def plain(self) -> str:
        """The plain characters as they are written, or what they are put together to."""
        return "".join([part.stands_for or folding.plain(self.text[part.offsets[0]]) for part in self.parts])

    def around(self) -> tuple[str, str]:
        """A few plain characters directly before and behind, up to where something is skipped."""
        text, start, end = self.text, self.start, self.end
        before, behind = text[max(0, start - _CONTEXT) : start], text[end : end + _CONTEXT]
        plain = "".join(map(folding.plain, before + behind))
        if len(plain) == len(before) + len(behind):
            return plain[: len(before)], plain[len(before) :]
        return _directly(text, start - 1, -1)[::-1], _directly(text, end, 1)


def seen_between(text: str, left: int, right: int) -> str:
    """What is seen between two offsets."""
    if right - left <= 1:
        return ""
    between = text[left + 1 : right]
    hidden = {character for character in set(between) if is_invisible(character)}
    return between.translate(dict.fromkeys(map(ord, hidden))) if hidden else between


def neighbour(text: str, offset: int, step: int) -> int:
    """The offset of the next character that is seen, from `offset` on in a direction; -1 at an end of the text."""
    for _ in range(_FAR):
        if not 0 <= offset < len(text):
            return -1
        if not is_invisible(text[offset]):
            return offset
        offset += step
    return -1


def _directly(text: str, offset: int, step: int) -> str:
    """From near to far."""
    found: list[str] = []
    while len(found) < _CONTEXT and 0 <= offset < len(text):
        plain = folding.plain(text[offset])
        if plain:
            found.append(plain)
        elif not is_invisible(text[offset]) or (offset := neighbour(text, offset, step) - step) < 0:
            break
        offset += step
    return "".join(found)


def trimmed(text: str, parts: tuple[Part, ...], runs: Sequence[str]) -> tuple[Part, ...]:
    """Without those characters of the first and last run that stand apart from the rest: the o of `casino online`.

    As many stay as the `runs` of the term have: 时 时 彩. No more do where two of them are a word: 小姐 in 小姐姐.
    """
    if len(parts) == 1:
        return parts
    first, last = parts[0], parts[-1]
    repeated = [place for place, part in enumerate(parts) if len(part.offsets) > len(runs[place])]
    if len(repeated) == 1 and chinese_words.is_word(folding.plain(text[parts[repeated[0]].offsets[0]]) * 2):
        return _cut(parts, runs)
    if len(first.offsets) > 1 and not first.stands_for:
        first = Part(_joined(text, first.offsets[::-1], len(runs[0]))[::-1])
    if len(last.offsets) > 1 and not last.stands_for:
        last = Part(_joined(text, last.offsets, len(runs[-1])))
    return (first, *parts[1:-1], last)


def _cut(parts: tuple[Part, ...], runs: Sequence[str]) -> tuple[Part, ...]:
    """With no more of the first and last run than the term has."""
    first, last = parts[0], parts[-1]
    first = first if first.stands_for else Part(first.offsets[-len(runs[0]) :])
    last = last if last.stands_for else Part(last.offsets[: len(runs[-1])])
    return (first, *parts[1:-1], last)


def _joined(text: str, offsets: tuple[int, ...], least: int) -> tuple[int, ...]:
    if abs(offsets[-1] - offsets[0]) < len(offsets):
        return offsets
    offsets = offsets[:_LONGEST_RUN]
    for number, (one, other) in enumerate(pairwise(offsets), 1):
        if number >= least and seen_between(text, min(one, other), max(one, other)):
            return offsets[:number]
    return offsets
