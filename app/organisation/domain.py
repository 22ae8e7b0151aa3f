"""Words: a responsible officer, a forum's filing, an authority. Source: L2b, L3, L5a."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from app import policies
from app.forums.domain import Forum
from app.kernel.clock import SHANGHAI
from app.kernel.ids import AuthorityId, ForumId, OfficerId
from app.kernel.secret import Secret

_FILING_REVIEW = timedelta(days=policies.FILING_REVIEW.value)
_AUTHORITY_REVIEW = timedelta(days=policies.AUTHORITY_REVIEW.value)


class Duty(StrEnum):
    """What somebody answers for. Source: L5a (Art. 5), N10 for minors."""

    CONTENT_SECURITY = "content_security"
    NETWORK_SECURITY = "network_security"
    PERSONAL_INFORMATION = "personal_information"
    COMPLAINTS = "complaints"
    MINORS = "minors"


class Rank(StrEnum):
    PRINCIPAL = "principal"
    DEPUTY = "deputy"


@dataclass(frozen=True, slots=True)
class Appointed:
    """Whom the operator names: by office or title, as the operator's own paper has it."""

    duty: Duty
    rank: Rank
    title: Secret[str]
    contact: Secret[str]
    paper: Secret[str] | None
    """Where the appointment is written."""
    appointed_on: date


@dataclass(frozen=True, slots=True)
class Officer:
    """Whoever answers for a duty, or stands in, from the day of the appointment until it ends."""

    id: OfficerId
    appointed: Appointed
    ended_at: datetime | None = None
    ended_because: str | None = None


@dataclass(frozen=True, slots=True)
class Vacancy:
    duty: Duty
    rank: Rank


def vacancies(filled: Collection[Vacancy]) -> tuple[Vacancy, ...]:
    """Posts that nobody holds: each duty has a principal and a deputy. Source: L5a."""
    return tuple(post for duty in Duty for rank in Rank if (post := Vacancy(duty, rank)) not in filled)


@dataclass(frozen=True, slots=True)
class FiledForum:
    """A forum's numbers in the registers of the state (ICP 备案, 公安备案); None where it has none. Source: L2b."""

    icp_filing: str | None
    ps_filing: str | None
    responsible_unit: str
    reviewed_on: date

    @property
    def review_due_on(self) -> date:
        return self.reviewed_on + _FILING_REVIEW


@dataclass(frozen=True, slots=True)
class Filing:
    forum_id: ForumId
    filed: FiledForum
    recorded_at: datetime
    recorded_by: str


@dataclass(frozen=True, slots=True)
class RegisteredForum:
    forum: Forum
    filing: Filing | None
    review_due: bool
    """Never filed, or reviewed too long ago."""


class AuthorityKind(StrEnum):
    """Source: L3 (Art. 3), N6 for the police."""

    CAC_NATIONAL = "cac_national"
    CAC_LOCAL = "cac_local"
    PS_LOCAL = "ps_local"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class AuthorityEntry:
    """What the directory says: who they are, where, how they are reached, and when somebody last looked."""

    name: str
    kind: AuthorityKind
    region: str
    channel: str
    reviewed_on: date

    @property
    def review_due_on(self) -> date:
        return self.reviewed_on + _AUTHORITY_REVIEW


@dataclass(frozen=True, slots=True)
class Authority:
    """An entry as it stands since `recorded_at`; an earlier one of the same authority stays in its history."""

    id: AuthorityId
    number: int
    entry: AuthorityEntry
    recorded_at: datetime
    recorded_by: str
    ended_because: str | None = None

    def is_review_due(self, now: datetime) -> bool:
        return self.ended_because is None and day_in_shanghai(now) >= self.entry.review_due_on


@dataclass(frozen=True, slots=True)
class State:
    """Whether the house is in order: what is missing, and what is to be looked at again."""

    vacancies: tuple[Vacancy, ...]
    forums: int
    forums_to_review: int
    authorities: int
    authorities_to_review: int
    kinds_missing: tuple[AuthorityKind, ...]
    """Without any entry; `other` never is."""


def day_in_shanghai(now: datetime) -> date:
    return now.astimezone(SHANGHAI).date()


def is_filing_due(filing: Filing | None, now: datetime) -> bool:
    """Boundary: on the day itself it is due."""
    return filing is None or day_in_shanghai(now) >= filing.filed.review_due_on
