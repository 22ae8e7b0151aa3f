"""Words: the fields that hold text, what a lexicon says of a term, and what is found in a text."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

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
    TITLE = "title"
    POST = "post"
    REPLY = "reply"
    MESSAGE = "message"
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


SCREENED = tuple(field for field in Field if field not in {Field.EXTERNAL_ID, Field.REASON})
"""What others read: matched against the lexicons. Ids and reasons are only checked to be readable."""
Category = NewType("Category", str)
"""The operator's own word, such as `gambling`: small letters, digits and `_`."""


class Action(StrEnum):
    """What a lexicon asks for where a term stands."""

    ALLOW = "allow"
    MASK = "mask"
    REVIEW = "review"
    BLOCK = "block"


class Decision(StrEnum):
    """What becomes of a text, from the mildest to the strictest."""

    PASS = "pass"  # noqa: S105 -- a word of the contract
    MASK = "mask"
    REVIEW = "review"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {decision: rank for rank, decision in enumerate(Decision)}


def strictest(decisions: Iterable[Decision]) -> Decision:
    """`pass` for none."""
    return max(decisions, key=lambda decision: decision.rank, default=Decision.PASS)


class Boundary(StrEnum):
    """What must stand beside a term."""

    NONE = ""
    """What the checks ask for by themselves."""
    WORD = "word"
    """Nothing of a word, on either side."""
    SINGLE = "single"
    """A term of one character, which stands anywhere."""


@dataclass(frozen=True, slots=True)
class Term:
    """One line of a lexicon. A term that begins with `@` names a rule."""

    term: str
    category: Category
    action: Action
    severity: int
    """1 to 5."""
    fields: frozenset[Field] = frozenset()
    """Empty for all."""
    boundary: Boundary = Boundary.NONE
    note: str = ""


class Evasion(StrEnum):
    """How a term was hidden."""

    WIDTH = "width"
    """Full-width, half-width and other compatibility forms, styled and enclosed letters."""
    SCRIPT = "script"
    """Traditional and variant characters, radicals."""
    SKIP = "skip"
    """Something stands between: spaces, punctuation, emoji, invisible characters, line breaks."""
    LEET = "leet"
    HOMOGLYPH = "homoglyph"
    """A letter of another script, or a character that looks alike."""
    ACCENT = "accent"
    REPEAT = "repeat"
    NUMERAL = "numeral"
    """Another way to write a number."""
    PINYIN = "pinyin"
    HOMOPHONE = "homophone"
    SPLIT = "split"
    """A character in two parts."""
    REVERSED = "reversed"
    CONTACT = "contact"
    """`+V` for 加V, 点 for a dot."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A verified hit: `start` and `end` count code points of the text as sent, `end` exclusive.

    `term` is the lexicon's and never leaves the house.
    """

    start: int
    end: int
    category: Category
    severity: int
    action: Action
    evasions: tuple[Evasion, ...]
    term: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`masked` is the text with every hit covered, of the same length; None where nothing is hit."""

    decision: Decision
    hits: tuple[Hit, ...] = ()
    masked: str | None = None
