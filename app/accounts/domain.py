"""Words: an account, its handle, its profile and its sanctions; the rules of what a handle may be."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.kernel.errors import FieldError
from app.kernel.ids import AccountId, ForumId
from app.kernel.sentence import Sentence

STATUS_BLOCK = 65_536
"""Places in a forum's status list are given out from one block of this size after another."""
HANDLE_LENGTH = range(2, 21)
_JOINERS = frozenset("_-")
_LETTERS_AND_DIGITS = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nd"})
_MARKS = frozenset({"Mn", "Mc"})
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Default_Ignorable_Code_Point of Unicode: characters that nobody sees. Source: UAX 44."""
_MARKS_IN_A_ROW = 3  # Tibetan and Devanagari stacks need two or three; a pile of accents needs more
_TEXT_BREAKERS = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_JOINING = frozenset("\u200c\u200d")  # needed inside words of several scripts and inside emoji
_VISIBLE_TEXT_RULE = Sentence("不能含控制字符或不可见字符。", "Control and invisible characters are not allowed.")


class AccountStatus(StrEnum):
    """Computed from the account's sanction and its link to a person."""

    UNVERIFIED = "unverified"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    BANNED = "banned"
    CLOSED = "closed"


class SanctionKind(StrEnum):
    SUSPENSION = "suspension"
    BAN = "ban"


@dataclass(frozen=True, slots=True)
class Sanction:
    kind: SanctionKind
    reason: str
    until: datetime | None

    def in_force(self, now: datetime) -> bool:
        """Boundary: exactly at `until` the sanction is over."""
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True)
class Profile:
    display_name: str | None = None
    bio: str | None = None
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    id: AccountId
    forum_id: ForumId
    handle: str
    external_id: str | None
    profile: Profile
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class AccountName:
    """How a body names an account: exactly one of the three is given."""

    account_id: str | None = None
    handle: str | None = None
    external_id: str | None = None


def normalise_handle(typed: str) -> str:
    return unicodedata.normalize("NFKC", typed)


def handle_key(handle: str) -> str:
    """What must be unique in a forum: two handles with one key are the same handle to a reader."""
    folded = unicodedata.normalize("NFKC", normalise_handle(handle).casefold())
    return unicodedata.normalize("NFKC", folded.casefold())


def is_handle(handle: str) -> bool:
    """Whether a normalised handle keeps the rule: 2-20 code points, letters and digits first, no stacks of accents."""
    if len(handle) not in HANDLE_LENGTH or unicodedata.category(handle[0]) not in _LETTERS_AND_DIGITS:
        return False
    marks_in_a_row = 0
    for character in handle:
        if _INVISIBLE.match(character):
            return False
        category = unicodedata.category(character)
        if category in _MARKS and not unicodedata.name(character, "").startswith("COMBINING "):
            marks_in_a_row += 1
            if marks_in_a_row > _MARKS_IN_A_ROW:
                return False
            continue
        marks_in_a_row = 0
        if category not in _LETTERS_AND_DIGITS and character not in _JOINERS:
            return False
    return True


def text_faults(pointer: str, text: str | None, *, lines: bool = False) -> list[FieldError]:
    """What keeps a text from being stored and shown: control and invisible characters."""
    if text is None:
        return []
    allowed = _JOINING | {"\n"} if lines else _JOINING
    if any(unicodedata.category(mark) in _TEXT_BREAKERS and mark not in allowed for mark in text):
        return [FieldError(pointer, "bad-character", _VISIBLE_TEXT_RULE)]
    return []
