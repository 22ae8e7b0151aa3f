"""How a character stands for another one."""

from functools import lru_cache

from app.screening import folding, tables
from app.screening.domain import Evasion

PLAINLY: frozenset[Evasion] = frozenset()
_LEET_SIGNS = frozenset("@$€£¢")
_SPOKEN_ONLY = frozenset("洞拐勾两")
_NO_SOUND: frozenset[str] = frozenset()


def is_letter(plain: str) -> bool:
    """A Latin letter, of a plain character."""
    return "a" <= plain <= "z"


def is_digit(plain: str) -> bool:
    return "0" <= plain <= "9"


def is_chinese(plain: str) -> bool:
    return plain in tables.sounds() or "\u3400" <= plain <= "\u9fff" or "\U00020000" <= plain <= "\U0003ffff"


@lru_cache(maxsize=1 << 16)
def written_for(written: str, meant: str) -> frozenset[Evasion] | None:
    """How `written`, as it stands in a text, stands for the plain character `meant`; None where it does not."""
    plain = folding.plain(written)
    if plain == meant:
        kind = tables.kind_of(written)
        return PLAINLY if kind is None else frozenset({kind})
    if _number(meant) and _number(plain) == _number(meant):
        return frozenset({Evasion.NUMERAL})
    if meant not in tables.classes().get(plain, ""):
        return None
    if is_letter(meant):
        return _for_a_letter(plain)
    if is_digit(meant):
        return frozenset({Evasion.LEET}) if is_letter(plain) else None
    return frozenset({Evasion.HOMOGLYPH}) if is_chinese(plain) and not is_letter(plain) else None


def sounds_like(written: str, meant: str) -> bool:
    """Whether two Chinese characters share a sound, whatever the tone."""
    sounds = tables.sounds()
    return not _NO_SOUND.union(sounds.get(folding.plain(written), ())).isdisjoint(sounds.get(meant, ()))


def is_spoken(syllable: str, meant: str) -> bool:
    return syllable in tables.sounds().get(meant, ())


def _number(plain: str) -> str:
    """The digit that it is another way to write, of those that any number is written with."""
    return "" if is_letter(plain) or plain in _SPOKEN_ONLY else tables.digits().get(plain, "")


def _for_a_letter(plain: str) -> frozenset[Evasion] | None:
    if is_digit(plain) or plain in _LEET_SIGNS:
        return frozenset({Evasion.LEET})
    return frozenset({Evasion.HOMOGLYPH}) if is_letter(plain) else None
