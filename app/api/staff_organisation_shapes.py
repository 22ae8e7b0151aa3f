"""Shapes of the operator's own house: officers, the register of forums, the directory of authorities."""

from typing import Annotated

from pydantic import Field

from app.api.shapes import Answer, CalendarDay, Request, Stamp
from app.forums.domain import ForumStatus
from app.kernel.ids import ForumId
from app.kernel.secret import Secret
from app.organisation.domain import (
    Appointed,
    Authority,
    AuthorityEntry,
    AuthorityKind,
    Duty,
    FiledForum,
    Filing,
    Officer,
    Rank,
    RegisteredForum,
    State,
)

_ById = Annotated[str, Field(min_length=1, max_length=40)]
_FilingNumber = Annotated[str, Field(min_length=1, max_length=60)]
StaffReason = Annotated[str, Field(min_length=1, max_length=400)]


class NewOfficer(Request):
    """Whom the operator names; `title` as the operator's own paper has it."""

    duty: Annotated[Duty, Field(strict=False)]
    rank: Annotated[Rank, Field(strict=False)]
    title: Annotated[str, Field(min_length=1, max_length=80)]
    contact: Annotated[str, Field(min_length=1, max_length=120)]
    paper: (
        Annotated[str, Field(min_length=1, max_length=120, description="Where the appointment is written.")] | None
    ) = None
    appointed_on: CalendarDay

    def as_appointed(self) -> Appointed:
        paper = Secret(self.paper) if self.paper is not None else None
        title, contact = Secret(self.title), Secret(self.contact)
        return Appointed(self.duty, self.rank, title, contact, paper, self.appointed_on)


class OfficerShown(Answer):
    id: str
    duty: Duty
    rank: Rank
    title: str
    contact: str
    paper: str | None
    appointed_on: str
    ended_at: Stamp | None
    ended_because: str | None

    @classmethod
    def of(cls, officer: Officer) -> "OfficerShown":
        named = officer.appointed
        return cls(
            id=officer.id,
            duty=named.duty,
            rank=named.rank,
            title=named.title.reveal(),
            contact=named.contact.reveal(),
            paper=named.paper.reveal() if named.paper else None,
            appointed_on=named.appointed_on.isoformat(),
            ended_at=officer.ended_at,
            ended_because=officer.ended_because,
        )


class OfficerPage(Answer):
    items: list[OfficerShown]
    next_cursor: str | None


class WithReason(Request):
    reason: StaffReason


class NewFiling(Request):
    """What is recorded of a forum; null for a number that it has not got."""

    forum_id: _ById
    icp_filing: _FilingNumber | None
    ps_filing: _FilingNumber | None
    responsible_unit: Annotated[str, Field(min_length=1, max_length=120)]
    reviewed_on: CalendarDay

    @property
    def forum(self) -> ForumId:
        return ForumId(self.forum_id)

    def as_filed(self) -> FiledForum:
        return FiledForum(self.icp_filing, self.ps_filing, self.responsible_unit, self.reviewed_on)


class FilingShown(Answer):
    icp_filing: str | None
    ps_filing: str | None
    responsible_unit: str
    reviewed_on: str
    review_due_on: str
    recorded_at: Stamp
    recorded_by: str

    @classmethod
    def of(cls, filing: Filing) -> "FilingShown":
        filed = filing.filed
        return cls(
            icp_filing=filed.icp_filing,
            ps_filing=filed.ps_filing,
            responsible_unit=filed.responsible_unit,
            reviewed_on=filed.reviewed_on.isoformat(),
            review_due_on=filed.review_due_on.isoformat(),
            recorded_at=filing.recorded_at,
            recorded_by=filing.recorded_by,
        )


class RegisteredForumShown(Answer):
    forum_id: str
    name: str
    status: ForumStatus
    filing: FilingShown | None
    review_due: bool
    """Never filed, or reviewed too long ago."""

    @classmethod
    def of(cls, registered: RegisteredForum) -> "RegisteredForumShown":
        forum, filing = registered.forum, registered.filing
        return cls(
            forum_id=forum.id,
            name=forum.name,
            status=forum.status,
            filing=FilingShown.of(filing) if filing else None,
            review_due=registered.review_due,
        )


class RegisterPage(Answer):
    items: list[RegisteredForumShown]
    next_cursor: str | None


class FilingHistory(Answer):
    """All that was recorded of a forum; what holds stands first."""

    items: list[FilingShown]


class NewAuthority(Request):
    name: Annotated[str, Field(min_length=1, max_length=120)]
    kind: Annotated[AuthorityKind, Field(strict=False)]
    region: Annotated[str, Field(min_length=1, max_length=80)]
    channel: Annotated[str, Field(min_length=1, max_length=400, description="How they are reached.")]
    reviewed_on: CalendarDay

    def as_entry(self) -> AuthorityEntry:
        return AuthorityEntry(self.name, self.kind, self.region, self.channel, self.reviewed_on)


class AuthorityShown(Answer):
    id: str
    name: str
    kind: AuthorityKind
    region: str
    channel: str
    reviewed_on: str
    review_due_on: str
    recorded_at: Stamp
    recorded_by: str
    ended_because: str | None

    @classmethod
    def of(cls, authority: Authority) -> "AuthorityShown":
        entry = authority.entry
        return cls(
            id=authority.id,
            name=entry.name,
            kind=entry.kind,
            region=entry.region,
            channel=entry.channel,
            reviewed_on=entry.reviewed_on.isoformat(),
            review_due_on=entry.review_due_on.isoformat(),
            recorded_at=authority.recorded_at,
            recorded_by=authority.recorded_by,
            ended_because=authority.ended_because,
        )


class AuthorityPage(Answer):
    items: list[AuthorityShown]
    next_cursor: str | None


class AuthorityHistory(Answer):
    """All that the directory said of an authority; what holds stands first."""

    items: list[AuthorityShown]


class VacancyShown(Answer):
    duty: Duty
    rank: Rank


class StateShown(Answer):
    """Whether the house is in order: what is missing, and what is to be looked at again."""

    vacancies: list[VacancyShown]
    forums: int
    forums_to_review: int
    authorities: int
    authorities_to_review: int
    kinds_missing: list[AuthorityKind]

    @classmethod
    def of(cls, state: State) -> "StateShown":
        return cls(
            vacancies=[VacancyShown(duty=post.duty, rank=post.rank) for post in state.vacancies],
            forums=state.forums,
            forums_to_review=state.forums_to_review,
            authorities=state.authorities,
            authorities_to_review=state.authorities_to_review,
            kinds_missing=list(state.kinds_missing),
        )
