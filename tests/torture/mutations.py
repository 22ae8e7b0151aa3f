"""Small changes of a token: of its characters, and of the bytes that they stand for."""

from collections.abc import Callable
from random import Random

from tests.torture.forge import b64, unb64

_LOOKALIKES = {
    "o": "0",
    "0": "O",
    "l": "1",
    "1": "I",
    "I": "l",
    "-": "_",
    "_": "-",
    ".": "。",
    "e": "е",
    "a": "а",
    "A": "А",
}
_ODD = "\x00\n\r\t =+/%,.:;\"'\u00a0\u200b\ufeffé中😀A0-_"


def mutated(random: Random, token: str, other: str) -> str:
    """One to three changes; `other` is another token, to take pieces from."""
    text = token
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        text = random.choice(_CHANGES)(random, text, other)
    return text


def _flip(random: Random, text: str, _other: str) -> str:
    return _at(random, text, lambda mark: chr(ord(mark) ^ 1 << random.randrange(7)))


def _look_alike(random: Random, text: str, _other: str) -> str:
    return _at(random, text, lambda mark: _LOOKALIKES.get(mark, chr(ord(mark) + 0xFEE0) if mark.isalnum() else mark))


def _case(random: Random, text: str, _other: str) -> str:
    return _at(random, text, str.swapcase)


def _insert(random: Random, text: str, _other: str) -> str:
    place = random.randrange(len(text) + 1)
    return text[:place] + random.choice(_ODD) + text[place:]


def _delete(random: Random, text: str, _other: str) -> str:
    place, length = random.randrange(len(text) or 1), random.choice((1, 1, 2, 4, 40))
    return text[:place] + text[place + length :]


def _swap(random: Random, text: str, _other: str) -> str:
    marks = list(text)
    if marks:
        one, two = random.randrange(len(marks)), random.randrange(len(marks))
        marks[one], marks[two] = marks[two], marks[one]
    return "".join(marks)


def _double(random: Random, text: str, _other: str) -> str:
    place = random.randrange(len(text) or 1)
    end = place + random.choice((1, 2, 4, 64))
    return text[:end] + text[place:end] + text[end:]


def _graft(random: Random, text: str, other: str) -> str:
    place, length = random.randrange(len(other)), random.choice((1, 4, 43, 86))
    return text[:place] + other[place : place + length] + text[place + length :]


def _byte(random: Random, text: str, _other: str) -> str:
    """Changes a byte of what a part stands for, and spells it rightly again."""
    parts = text.split(".")
    place = random.randrange(len(parts))
    try:
        raw = bytearray(unb64(parts[place]))
        raw[random.randrange(len(raw))] ^= 1 << random.randrange(8)
    except (ValueError, IndexError):
        return text
    return ".".join([*parts[:place], b64(bytes(raw)), *parts[place + 1 :]])


def _at(random: Random, text: str, change: Callable[[str], str]) -> str:
    place = random.randrange(len(text) or 1)
    return text[:place] + "".join(map(change, text[place : place + 1])) + text[place + 1 :]


_CHANGES: tuple[Callable[[Random, str, str], str], ...] = (
    *(_flip, _flip, _byte, _byte, _byte),
    *(_look_alike, _case, _insert, _delete, _swap, _double, _graft),
)
