"""Words: an account, its handle, its profile and its sanctions; the rules of what a handle may be."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from app.db.unit_of_work import Transaction
from app.kernel.ids import AccountId, ForumId

STATUS_BLOCK = 65_536
"""Places in a forum's status list are given out from one block of this size after another."""
HANDLE_LENGTH = range(2, 21)
LONGEST_EXTERNAL_ID, LONGEST_DISPLAY_NAME, LONGEST_BIO, LONGEST_SIGNATURE = 200, 50, 500, 200
"""In code points."""
_JOINERS = frozenset("_-")
_LETTERS_AND_DIGITS = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nd"})
_MARKS = frozenset({"Mn", "Mc"})
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Default_Ignorable_Code_Point of Unicode: characters that nobody sees. Source: UAX 44."""
_MARKS_IN_A_ROW = 3  # Tibetan and Devanagari stacks need two or three; a pile of accents needs more


class AccountStatus(StrEnum):
    """Computed from the account's closing, its sanction and its link to a person; of several the last one counts."""

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
    ground: str | None = None
    """The law or clause that it rests on, where it was named."""

    def in_force(self, now: datetime) -> bool:
        """Boundary: exactly at `until` the sanction is over."""
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True)
class ImposedSanction:
    """A suspension or ban on record, whether or not it still stands, and by whom it was imposed."""

    id: str
    sanction: Sanction
    imposed_at: datetime
    imposed_by: tuple[str, str] | None
    """Kind and id of the actor; None for one that was imposed before this was kept."""
    lifted_at: datetime | None
    was_replaced: bool
    """Whether it ended because another one came, and goes on when that one is taken back."""
    overturned_at: datetime | None
    """When it was found to have been wrong; a suspension that it replaced then goes on."""

    def stands(self, now: datetime) -> bool:
        return self.lifted_at is None and self.sanction.in_force(now)


@dataclass(frozen=True, slots=True)
class Profile:
    display_name: str | None = None
    bio: str | None = None
    signature: str | None = None

    def with_fields(self, given: Mapping[str, str | None]) -> "Profile":
        """The fields that are given replace, None clears, the others stay."""
        return Profile(
            display_name=given.get("display_name", self.display_name),
            bio=given.get("bio", self.bio),
            signature=given.get("signature", self.signature),
        )


@dataclass(frozen=True, slots=True)
class Account:
    id: AccountId
    forum_id: ForumId
    handle: str
    external_id: str | None
    profile: Profile
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None = None
    handle_frozen_at: datetime | None = None
    """Since when nobody may change its handle."""


def status_of(account: Account, sanction: Sanction | None, now: datetime, *, person_behind: bool) -> AccountStatus:
    """Computed, so that a late verification never lifts a suspension and a dead worker keeps none alive."""
    if account.closed_at is not None:
        return AccountStatus.CLOSED
    if sanction is not None and sanction.in_force(now):
        return AccountStatus.BANNED if sanction.kind is SanctionKind.BAN else AccountStatus.SUSPENDED
    return AccountStatus.ACTIVE if person_behind else AccountStatus.UNVERIFIED


class PersonBehind(Protocol):
    """A port: whether somebody stands behind an account, which only a higher room knows."""

    def __call__(self, tx: Transaction, account_id: AccountId) -> bool: ...


@dataclass(frozen=True, slots=True)
class AccountChange:
    """What is given replaces; None leaves it as it is. Of the profile only the fields that are named change."""

    handle: str | None
    external_id: str | None
    profile: Mapping[str, str | None]


class ActKind(StrEnum):
    """What is done to an account, by its forum or by the operator."""

    SUSPEND = "suspend"
    BAN = "ban"
    CLOSE = "close"
    REINSTATE = "reinstate"
    BRING_IN = "bring-in"
    """By the operator, from the forum's own list."""


@dataclass(frozen=True, slots=True)
class Act:
    """What was done to an account, when and why."""

    kind: ActKind
    reason: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Basis:
    """What an act rests on beside its reason: a law or clause, and the violation or the case for which it is done."""

    ground: str | None = None
    case_id: str | None = None


@dataclass(frozen=True, slots=True)
class AttributedAct:
    """An act with who did it, to which account, and for which case."""

    id: int
    account_id: AccountId
    kind: ActKind
    actor_kind: str
    actor_id: str
    reason: str | None
    at: datetime
    case_id: str | None


DESTRUCTIVE = frozenset({ActKind.SUSPEND, ActKind.BAN, ActKind.CLOSE})
"""Acts that are capped: one client that is taken over must not empty a forum."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Whether a ban stands on an account, whatever else became of it, and since when it is closed."""

    banned: bool
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Names:
    """By what a forum knows an account."""

    handle: str
    external_id: str | None


@dataclass(frozen=True, slots=True)
class AccountName:
    """How a body names an account: exactly one of the three is given."""

    account_id: str | None = None
    handle: str | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class ExistingUser:
    """A forum's old member, as the forum's own list has them. Source: L13."""

    handle: str
    external_id: str
    profile: Profile


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
