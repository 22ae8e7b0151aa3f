"""Words: a version of an agreement, an acceptance, and the clauses a version must hold."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from app.kernel.ids import AccountId, DraftId


class AgreementKind(StrEnum):
    USER = "user"
    MODERATOR = "moderator"


class AcceptanceChannel(StrEnum):
    PAGE = "page"
    FORUM = "forum"


_FOR_EVERY_MODERATOR = frozenset(
    {
        "filing",
        "prohibited-information",
        "fair-use",
        "personal-powers",
        "periodic-verification",
        "moderator-sanctions",
        "end-of-office",
    }
)
CLAUSES_OF_ROLE: Mapping[str, frozenset[str]] = {
    "founder": _FOR_EVERY_MODERATOR | {"founder-duties"},
    "manager": _FOR_EVERY_MODERATOR | {"manager-duties"},
}
"""What binds a moderator of each role: duties that match their rights. Source: L6d, L6e, L8c, L8d, L9."""

REQUIRED_CLAUSES: Mapping[AgreementKind, frozenset[str]] = {
    AgreementKind.USER: frozenset(
        {"prohibited-information", "ban-or-close", "moderator-duties", "moderator-sanctions"}
    ),
    AgreementKind.MODERATOR: frozenset().union(*CLAUSES_OF_ROLE.values()),
}
"""Source: L6c, L6d, L6e (Art. 6)."""

_CLAUSE_MARK = re.compile(r"^<!-- clause: ([a-z-]+) -->\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class AgreementVersion:
    """A version that binds from `effective_at`; who accepted an earlier one has until `accept_by`."""

    kind: AgreementKind
    version: str
    title: str
    text_zh: str
    text_en: str
    effective_at: datetime
    accept_by: datetime

    @property
    def sha256(self) -> str:
        """Hex digest of the Chinese text, which decides."""
        return sha256(self.text_zh.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Acceptance:
    account_id: AccountId
    kind: AgreementKind
    version: str
    accepted_at: datetime
    channel: AcceptanceChannel


@dataclass(frozen=True, slots=True)
class Draft:
    """A text with its clause marks, as it is written."""

    kind: AgreementKind
    version: str
    zh: str
    en: str

    def missing_clauses(self) -> frozenset[str]:
        """Required clauses that the Chinese or the English text does not mark. Source: L6c."""
        held = set(_CLAUSE_MARK.findall(self.zh)) & set(_CLAUSE_MARK.findall(self.en))
        return REQUIRED_CLAUSES[self.kind] - held

    def title(self) -> str:
        return self.zh.splitlines()[0].removeprefix("#").strip()

    def without_marks(self) -> tuple[str, str]:
        """The Chinese and the English text as people read them."""
        return _CLAUSE_MARK.sub("", self.zh), _CLAUSE_MARK.sub("", self.en)


@dataclass(frozen=True, slots=True)
class Binding:
    """The version in force, beside what one account made of it."""

    version: str
    accepted: bool


class DraftStatus(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class WrittenDraft:
    """A text that staff write: nobody is bound by it until it is published. `revision` goes up with every change."""

    id: DraftId
    title: str
    draft: Draft
    revision: int
    status: DraftStatus
    created_at: datetime
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True, slots=True)
class DraftChange:
    """What is given replaces; None leaves it as it is."""

    version: str | None = None
    title: str | None = None
    zh: str | None = None
    en: str | None = None


@dataclass(frozen=True, slots=True)
class BindingDates:
    """From when a version binds, and until when an earlier acceptance still counts; None for the shortest time."""

    effective_at: datetime
    accept_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    number: int
    version: AgreementVersion
    in_force: bool
