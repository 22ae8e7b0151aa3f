"""Which pieces of texts an allow list could hold, by what reviewers have let pass."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from app import policies
from app.kernel.secret import Secret
from app.screening.docket import Suggestion
from app.screening.domain import Category, Hit

_REACH = policies.SUGGESTION_REACH.value
_LONGEST_WORD = 4


@dataclass(frozen=True, slots=True)
class Ruled:
    """A text on which a person has decided; `passed` where they overturned the lexicon."""

    text: str
    hits: tuple[Hit, ...]
    passed: bool


def suggest(ruled: Iterable[Ruled], words: Collection[str]) -> list[Suggestion]:
    """The likeliest first. `words` are common ones: where one reaches over the end of a hit, the piece holds it whole.

    A hit that stands alone suggests nothing: to allow it would be to strike the term from the list.
    """
    given = list(ruled)
    passed = {one.text: one for one in given if one.passed}
    upheld = Counter(term for one in given if not one.passed for term in {hit.term for hit in one.hits})
    grown = Counter(piece for one in passed.values() for piece in {*_all_grown(one)})
    counted: Counter[tuple[str, str, Category]] = Counter()
    for one in passed.values():
        counted.update({*_pieces(one, words, grown)})
    found = [
        Suggestion(Secret(piece), term, category, times, upheld[term])
        for (piece, term, category), times in counted.items()
    ]
    return sorted(found, key=lambda one: (-one.overturned, one.upheld, one.term, one.piece.reveal()))


def _all_grown(one: Ruled) -> Iterator[tuple[str, str]]:
    for hit in one.hits:
        for piece in _grown(one.text, hit):
            yield hit.term, piece


def _pieces(one: Ruled, words: Collection[str], grown: Counter[tuple[str, str]]) -> Iterator[tuple[str, str, Category]]:
    for hit in one.hits:
        piece = _with_words(one.text, hit, words) or max(
            _grown(one.text, hit), key=lambda piece: (grown[hit.term, piece], -len(piece)), default=None
        )
        if piece is not None:
            yield piece, hit.term, hit.category


def _grown(text: str, hit: Hit) -> list[str]:
    """The hit with up to `SUGGESTION_REACH` letters more on either side, in the order of preference among equals."""
    reach = range(_REACH + 1)
    sizes = sorted(((left, right) for left in reach for right in reach if left or right), key=sum)
    return [
        text[hit.start - left : hit.end + right]
        for left, right in sizes
        if left <= hit.start
        and hit.end + right <= len(text)
        and (text[hit.start - left : hit.start] + text[hit.end : hit.end + right]).isalnum()
    ]


def _with_words(text: str, hit: Hit, words: Collection[str]) -> str | None:
    """The hit with the common words that reach over its ends, or that hold it whole."""
    spans = [
        (begin, begin + length)
        for length in range(2, _LONGEST_WORD + 1)
        for begin in range(max(0, hit.start - length + 1), min(hit.end, len(text) - length + 1))
        if (begin < hit.start or begin + length > hit.end) and text[begin : begin + length] in words
    ]
    if not spans:
        return None
    return text[min(hit.start, *(begin for begin, _ in spans)) : max(hit.end, *(end for _, end in spans))]
