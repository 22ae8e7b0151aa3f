"""How the sound of a character is written where sounds are searched: one byte, and a second one that tells all apart.

There are more syllables than bytes, so that some share one. Such never belong to one character, nor to two characters
with a third one between them that has a sound of each: of a like sound is then what has a like byte, and is judged.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import combinations

from app.screening import tables

SILENT, VOWEL, CONSONANT, EXPANDED, DIVIDED = range(5)
"""The sounds of what is no Chinese character; the last two of forms of several characters and between two texts."""
FIRST = 0x100
"""Where the syllables begin."""
_SHARED = range(DIVIDED + 1, 0x100)


def sound_of(syllable: str) -> int:
    """Both bytes, the one that is searched below; `SILENT` where there is no such syllable."""
    return _sounds().get(syllable, SILENT)


def sounds_of(character: str) -> list[int]:
    """Of a plain Chinese character, the most common first."""
    return [sound_of(syllable) for syllable in tables.sounds().get(character, ())]


@cache
def _sounds() -> Mapping[str, int]:
    characters: dict[str, int] = defaultdict(int)
    for syllables in tables.sounds().values():
        characters[syllables[0]] += 1
    often = sorted(tables.syllables(), key=lambda syllable: (-characters[syllable], syllable))
    alone, others = often[: len(_SHARED)], often[len(_SHARED) :]
    near, free = _near(), dict(zip(reversed(alone), reversed(_SHARED), strict=False))
    found = {syllable: FIRST + byte for syllable, byte in free.items()}
    for syllable in others:
        partner = next(other for other in free if other not in near[syllable])
        found[syllable] = 2 * FIRST + free.pop(partner)
    return found


def _near() -> Mapping[str, set[str]]:
    """For each syllable those that must not be taken for it."""
    beside: dict[str, set[str]] = {syllable: {syllable} for syllable in tables.syllables()}
    for one, other in _of_one_character():
        beside[one].add(other)
        beside[other].add(one)
    return {syllable: set().union(*(beside[other] for other in others)) for syllable, others in beside.items()}


def _of_one_character() -> Iterator[tuple[str, str]]:
    for syllables in set(tables.sounds().values()):
        yield from combinations(syllables, 2)
