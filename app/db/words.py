"""Reading a closed set's words out of rows: what only another hand can have written there is never believed."""

from enum import StrEnum
from typing import TypeVar

import structlog

_Word = TypeVar("_Word", bound=StrEnum)


class RowAltered(Exception):
    """A row says what this service never wrote there."""


def read_word(words: type[_Word], written: str, of: str, instead: _Word | None = None) -> _Word:
    """The word that stands in the row `of`; where it is none of them the log says so, and `instead` is read.

    `instead` is the word that opens least. Raises `RowAltered` where there is none to give.
    """
    try:
        return words(written)
    except ValueError:
        structlog.get_logger("shiming").error("row-altered", words=words.__name__, id=of)
        if instead is None:
            raise RowAltered(words.__name__) from None
        return instead
