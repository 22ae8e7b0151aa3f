"""Many texts in one search: joined by what no term has, about 64 kB at a time."""

from collections.abc import Iterator, Sequence

import numpy as np

from app.screening import folding, searching, views
from app.screening.lexicon import Lexicon

_CHARACTERS = 1 << 14
"""Of a block, about 64 kB folded; a longer text is a block of its own."""


def of(texts: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    """Blocks of texts that follow one another, each with the number of its first."""
    first = length = 0
    for number, text in enumerate(texts):
        if number > first and length + len(text) > _CHARACTERS:
            yield first, texts[first:number]
            first, length = number, 0
        length += len(text) + 1
    if first < len(texts):
        yield first, texts[first:]


def suspects(lexicon: Lexicon, texts: Sequence[str]) -> set[int]:
    """The places of the texts in which a pattern stands, in whatever reading."""
    block, seen = views.views_of_block(texts)
    candidates = _candidates(lexicon, block, seen)
    if len(texts) == 1 and next(candidates, None):
        return {0}
    offsets = [_offset(candidate) for candidate in candidates] + views.expanded_offsets(seen)
    if folding.has_letter_signs(block):
        offsets += [match.start() for match in folding.LETTER_SIGNS.finditer(block)]
    starts = np.cumsum([0] + [len(text) + 1 for text in texts[:-1]])
    return set((np.searchsorted(starts, offsets, "right") - 1).tolist()) if offsets else set()


def _candidates(lexicon: Lexicon, block: str, seen: views.Views) -> Iterator[searching.Candidate]:
    found = lexicon.find(seen)
    if found:
        yield from searching.candidates(lexicon, block, seen, found.all())
    yield from searching.mirrored(lexicon, block, seen)


def _offset(candidate: searching.Candidate) -> int:
    """Of one of its characters, in the block as it was sent."""
    _, places, end = candidate
    offset = places.parts(end - 1, end)[0].offsets[0]
    return len(places.text) - 1 - offset if places.backwards else offset
