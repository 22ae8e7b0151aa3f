"""Texts as rules read them: every character replaced by one, so that offsets stay."""

from app.screening import folding, relations, tables
from app.screening.sightings import is_invisible

DIGIT_O, DIGIT_I = "O", "I"
"""Letters that may stand for 0 and 1 where they stand among digits."""
LETTER, OTHER, SPACE, JOINER, HIDDEN = "l", "x", " ", "-", "~"
_ENDS = frozenset("，,、。！？!?；;：:…\n\r\u2028\u2029")
_SIGNS = {
    "。": ".",
    "｡": ".",
    "\uff0e": ".",
    "：": ":",
    "\uff0f": "/",
    "\uff20": "@",
    "\uff03": "#",
    "－": "-",
    "\uff3f": "_",
}
_DIGIT_LETTERS = {"o": DIGIT_O, "i": DIGIT_I, "l": DIGIT_I}


class _AsNumber(dict[int, str]):
    """What each character is where a number is looked for."""

    def __missing__(self, point: int) -> str:
        character = chr(point)
        plain = folding.plain(character)
        if plain:
            digit = tables.digits().get(plain)
            if relations.is_letter(plain):
                read = _DIGIT_LETTERS.get(plain, LETTER)
            else:
                read = digit or (plain if relations.is_digit(plain) else OTHER)
        elif character in tables.digits():
            read = tables.digits()[character]
        elif is_invisible(character):
            read = HIDDEN
        elif character in _ENDS:
            read = OTHER
        else:
            read = SPACE if character.isspace() else JOINER
        self[point] = read
        return read


class _AsAddress(dict[int, str]):
    """What each character is where an address of the web is looked for: letters and digits plain, signs narrow."""

    def __missing__(self, point: int) -> str:
        character = chr(point)
        plain = folding.plain(character)
        latin = relations.is_letter(plain) or relations.is_digit(plain)
        read = plain if latin and character not in "@$" else _SIGNS.get(character, character)
        self[point] = read
        return read


_AS_NUMBER, _AS_ADDRESS = _AsNumber(), _AsAddress()


def as_numbers(text: str) -> str:
    return text.translate(_AS_NUMBER)


def as_address(text: str) -> str:
    return text.translate(_AS_ADDRESS)
