"""Words: the fields that hold text, what a lexicon says of a term, and what is found in a text."""

import dataclasses
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple, NewType, Protocol

from app.db.unit_of_work import Transaction
from app.kernel.errors import FieldError
from app.kernel.ids import AccountId, ForumId
from app.kernel.sentence import Sentence

_TEXT_BREAKERS = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_JOINING = frozenset("\u200c\u200d")  # needed inside words of several scripts and inside emoji
_VISIBLE_TEXT_RULE = Sentence("不能含控制字符或不可见字符。", "Control and invisible characters are not allowed.")
_SAYS_NOTHING = Sentence("不能只有空白。", "It cannot be blank.")


class _Word(StrEnum):
    """Looked up as quickly as its text is: the hash of an enumeration is worked out anew each time."""

    __hash__ = str.__hash__


class Field(_Word):
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
    text: str = dataclasses.field(repr=False)

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
NAMES = frozenset({Field.HANDLE, Field.DISPLAY_NAME})
"""Of persons: looked through for what hides in short texts only."""
NEVER_MASKED = frozenset({Field.HANDLE, Field.BOARD_NAME})
"""A name with something covered is of no use: it waits."""
Category = NewType("Category", str)
"""The operator's own word, such as `gambling`: small letters, digits and `_`."""


class Action(_Word):
    """What a lexicon asks for where a term stands."""

    ALLOW = "allow"
    MASK = "mask"
    REVIEW = "review"
    BLOCK = "block"


class Decision(_Word):
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


class Evasion(_Word):
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


class Hit(NamedTuple):
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

    def __repr__(self) -> str:
        return f"Hit({self.start}, {self.end}, {self.category!r}, {self.severity}, {self.action}, {self.evasions})"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`masked` is the text with every hit covered, of the same length; None where nothing is hit."""

    decision: Decision
    hits: tuple[Hit, ...] = ()
    masked: str | None = dataclasses.field(default=None, repr=False)


class SubjectKind(StrEnum):
    """Whose field a name is."""

    ACCOUNT = "account"
    BOARD = "board"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose names are screened."""

    kind: SubjectKind
    id: str
    forum_id: ForumId
    account_id: AccountId | None
    """Who answers for them: the account itself, a board's founder where there is one."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A text and what was found in it."""

    field: Field
    text: str = dataclasses.field(repr=False)
    verdict: Verdict

    @property
    def digest(self) -> bytes:
        return sha256(self.text.encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What may be shown of some names, under one publication: a text, or None where it waits for a review."""

    lexicon_version: int
    judged: tuple[Judged, ...]
    shown: Mapping[Field, str | None]

    @property
    def held(self) -> tuple[Judged, ...]:
        return tuple(one for one in self.judged if self.shown[one.field] is None)


class Origin(StrEnum):
    """How a text came before a reviewer."""

    NAME = "name"
    CONTENT = "content"
    PATROL = "patrol"


class Ruling(StrEnum):
    """How a review ends."""

    PASS = "pass"  # noqa: S105 -- a word of the contract
    MASK = "mask"
    BLOCK = "block"
    WITHDRAWN = "withdrawn"
    """The field was changed again before anybody decided."""


class SettleField(Protocol):
    """A port: what becomes of a name when its review ends, which only a higher room can write.

    `text` is what may be shown from now on; None where the name was refused. `instead_of` is what was shown while it
    waited: where something else is shown by now nothing changes; None where a placeholder was.
    """

    def __call__(
        self, tx: Transaction, subject: Subject, field: Field, text: str | None, *, instead_of: str | None
    ) -> None: ...


class RestoreField(Protocol):
    """A port: shows again what a reviewer had refused or masked, where only a higher room can write it.

    `instead_of` is what their decision has left there, None for a placeholder: where something else is shown by now, or
    the name is somebody else's, nothing changes. Whether the text is shown now.
    """

    def __call__(
        self, tx: Transaction, subject: Subject, field: Field, text: str, *, instead_of: str | None
    ) -> bool: ...


@dataclass(frozen=True, slots=True)
class PublicText:
    """A text that is shown, or was kept: what a patrol reads again."""

    key: str
    """Its place in the order of its source."""
    field: Field
    text: str = dataclasses.field(repr=False)
    forum_id: ForumId
    subject: Subject | None
    """None for a kept text, which is nobody's field."""


class TextSource(Protocol):
    """A port: texts that a higher room shows."""

    def page(self, tx: Transaction, after: str, limit: int) -> list[PublicText]:
        """Some behind `after`, in the order of keys; those of one key are never parted. Empty at the end alone."""

    def recent(self, tx: Transaction, limit: int) -> list[PublicText]:
        """The newest."""
