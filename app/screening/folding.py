"""How texts and terms are folded to plain characters."""

import codecs
import re
from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from app.screening import tables

LETTER_SIGNS = re.compile("(?<=[A-Za-z])[!|](?=[A-Za-z])")
_BASIC_WIDTH = 2
_BASIC = np.dtype(np.uint16)
_encode, _from = codecs.utf_16_le_encode, np.frombuffer
CodePoints = NDArray[np.uint16] | NDArray[np.uint32]


def code_points(text: str) -> CodePoints:
    """Of any string whatever; in 16 bits where they all fit, which is quicker."""
    try:
        units = _encode(text)[0]
        if len(units) == _BASIC_WIDTH * len(text):
            return _from(units, _BASIC)
    except UnicodeEncodeError:  # a surrogate that stands alone
        pass
    return np.frombuffer(codecs.utf_32_le_encode(text, "surrogatepass")[0], np.uint32)


def _text(points: bytes) -> str:
    """By the codec itself: a look for it by its name takes as long as its work."""
    return codecs.utf_32_le_decode(points)[0]


def fold_all(texts: list[str]) -> list[str]:
    """The plain characters of each, in one go: how it is written taken away, nothing merged and no run shortened."""
    if not texts:
        return []
    spelled = "\n".join(spell_out(text.replace("\n", " ")) for text in texts)
    points = code_points(spelled)
    plain = tables.plain_table().take(points)
    plain[points == ord("\n")] = ord("\n")
    return _text(plain[plain != 0].tobytes()).split("\n")


def digits_in(text: str) -> int:
    """How many characters may be read as digits."""
    return int(np.count_nonzero(_digits().take(code_points(text))))


@cache
def _digits() -> NDArray[np.uint8]:
    read = np.zeros(tables.SIZE, np.uint8)
    read[[ord(way) for way in tables.digits()] + list(range(ord("0"), ord("9") + 1))] = 1
    return np.maximum(read, read[tables.plain_table()])


def latin_letters(text: str) -> list[int]:
    """The offsets of Latin letters, however they are written."""
    plain = tables.plain_table().take(code_points(text))
    found: list[int] = np.flatnonzero((plain >= ord("a")) & (plain <= ord("z"))).tolist()
    return found


def has_letter_signs(text: str) -> bool:
    """Whether signs stand between letters that look like letters."""
    return ("!" in text or "|" in text) and LETTER_SIGNS.search(text) is not None


def as_letters(text: str) -> str:
    """With these signs as the letter that they look like; of the same length."""
    return LETTER_SIGNS.sub("i", text)


def spell_out(text: str) -> str:
    """Forms of several characters as these: `Ⅲ` as `iii`."""
    return text if text.isascii() else _expanding().sub(lambda form: tables.expansions()[form.group()], text)


@cache
def _expanding() -> re.Pattern[str]:
    return re.compile("[" + "".join(tables.expansions()) + "]")


def spell_out_all(texts: Sequence[str]) -> Sequence[str]:
    return [*map(spell_out, texts)] if _expanding().search("".join(texts)) else texts


@lru_cache(maxsize=1 << 16)
def plain(character: str) -> str:
    """Its plain character, empty for a skipped one."""
    point = int(tables.plain_table()[ord(character)])
    return chr(point) if point else ""
