"""Words: the fields that hold text, and what no text may hold."""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from app.kernel.errors import FieldError
from app.kernel.sentence import Sentence

_TEXT_BREAKERS = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_JOINING = frozenset("\u200c\u200d")  # needed inside words of several scripts and inside emoji
_VISIBLE_TEXT_RULE = Sentence("不能含控制字符或不可见字符。", "Control and invisible characters are not allowed.")
_SAYS_NOTHING = Sentence("不能只有空白。", "It cannot be blank.")


class Field(StrEnum):
    """What a text is for; the contract's names, and those of a forum's own ids and reasons."""

    HANDLE = "handle"
    DISPLAY_NAME = "display_name"
    BIO = "bio"
    SIGNATURE = "signature"
    BOARD_NAME = "board_name"
    BOARD_DESCRIPTION = "board_description"
    EXTERNAL_ID = "external_id"
    REASON = "reason"


_NEVER_BLANK = frozenset({Field.BOARD_NAME, Field.REASON})
_WITH_LINES = frozenset({Field.BIO, Field.SIGNATURE, Field.BOARD_DESCRIPTION, Field.REASON})


@dataclass(frozen=True, slots=True)
class Text:
    """A text as it was sent; `pointer` is where it stands in the body."""

    field: Field
    pointer: str
    text: str

    def faults(self) -> list[FieldError]:
        """What keeps it from being stored and shown: control and invisible characters, and nothing at all.

        Source: L6e, no measure without a reason.
        """
        allowed = _JOINING | {"\n"} if self.field in _WITH_LINES else _JOINING
        if any(unicodedata.category(mark) in _TEXT_BREAKERS and mark not in allowed for mark in self.text):
            return [FieldError(self.pointer, "bad-character", _VISIBLE_TEXT_RULE)]
        if self.field in _NEVER_BLANK and all(
            mark in allowed or unicodedata.category(mark) == "Zs" for mark in self.text
        ):
            return [FieldError(self.pointer, "too-short", _SAYS_NOTHING)]
        return []
