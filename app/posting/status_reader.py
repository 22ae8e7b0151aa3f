"""What the status list, a ticket and the campaign need of other features' tables: plain columns, many rows at a time.

Read only. A test holds the states equal to `decide`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.accounts.domain import STATUS_BLOCK, AccountStatus, ActKind, SanctionKind
from app.accounts.models import AccountRow, ActRow, SanctionRow
from app.agreements.domain import AgreementKind
from app.agreements.models import AcceptanceRow, AgreementVersionRow
from app.boards.models import ModeratorRow
from app.forums.domain import ForumStatus, is_forum_paused
from app.forums.models import ForumRow
from app.forums.pause_rows import PAUSED_PLACES
from app.kernel.ids import AccountId, ForumId
from app.posting.decision import PostingPolicy
from app.posting.domain import Poster, PosterFilter
from app.posting.standing_reader import statuses
from app.verification.domain import IdentityLevel, Outcome
from app.verification.models import LinkRow, VerificationRow

_USER = AgreementKind.USER.value
_NAMED_AT_ONCE = 5000
"""As many as a statement of either database takes, and some to spare."""
Place = tuple[int, int]
"""An account's place in the list, and its state there."""


class ListedState(IntEnum):
    """The two bits of an account. Source: IETF Token Status List, part 7."""

    VALID = 0
    REVOKED = 1
    SUSPENDED = 2
    ASK = 3
    """May post; whether a permit to moderate is good is told at `/v1/tokens/verify`."""


@dataclass(frozen=True, slots=True)
class AgreementGate:
    """The user agreement in force, and whether an earlier acceptance still counts; when it changes, all may change."""

    version_id: int | None
    earlier_counts: bool


@dataclass(frozen=True, slots=True)
class Counted:
    """How many accounts of a forum are alike in what a campaign looks at."""

    forum_id: str
    status: AccountStatus
    may_post: bool
    verified: bool
    brought_in: bool
    accounts: int


def is_forum_open(session: Session, forum_id: ForumId) -> bool | None:
    """Whether it is active, and neither it nor everything is paused; None for a forum that does not exist."""
    query = select(ForumRow.status, PAUSED_PLACES).where(ForumRow.id == forum_id)
    found = session.execute(query, {"paused_in": forum_id}).one_or_none()
    if found is None:
        return None
    status, paused = found
    return status == ForumStatus.ACTIVE and not is_forum_paused((paused or "").split(), forum_id)


def agreement_gate(session: Session, now: datetime) -> AgreementGate:
    found = session.execute(
        select(AgreementVersionRow.id, AgreementVersionRow.accept_by)
        .where(AgreementVersionRow.kind == _USER, AgreementVersionRow.effective_at <= now)
        .order_by(AgreementVersionRow.effective_at.desc(), AgreementVersionRow.id.desc())
        .limit(1)
    ).one_or_none()
    return AgreementGate(found.id, now < found.accept_by) if found else AgreementGate(None, earlier_counts=False)


def blocks_in_use(session: Session, forum_id: str) -> int:
    newest = session.scalar(select(func.max(AccountRow.status_index)).where(AccountRow.forum_id == forum_id))
    return 0 if newest is None else newest // STATUS_BLOCK + 1


def read_block(
    session: Session, forum_id: str, block: int, gate: AgreementGate, policy: PostingPolicy, now: datetime
) -> list[Place]:
    """The places of a block that are not valid; a place that nobody has reads valid."""
    begin = block * STATUS_BLOCK
    state = _state(gate, policy, now)
    query = _places(forum_id, state).where(
        AccountRow.status_index >= begin, AccountRow.status_index < begin + STATUS_BLOCK, state != ListedState.VALID
    )
    return [(place, listed) for place, listed in session.execute(query)]


def read_changed(
    session: Session, forum_id: str, since: datetime, gate: AgreementGate, policy: PostingPolicy, now: datetime
) -> list[Place]:
    """The places that something was done to since then, and those whose time ran out since then."""
    lifetime = policy.phone_level_lifetime
    touched = (
        select(AccountRow.id).where(AccountRow.forum_id == forum_id, AccountRow.updated_at >= since),
        select(SanctionRow.account_id).where(
            or_(
                SanctionRow.imposed_at >= since,
                SanctionRow.lifted_at >= since,
                and_(SanctionRow.until >= since, SanctionRow.until <= now),
            )
        ),
        select(LinkRow.account_id).where(
            or_(LinkRow.verified_at >= since, LinkRow.verified_at.between(since - lifetime, now - lifetime))
        ),
        select(AcceptanceRow.account_id).where(AcceptanceRow.accepted_at >= since),
    )
    first, *others = touched
    query = _places(forum_id, _state(gate, policy, now)).where(AccountRow.id.in_(first.union(*others)))
    return [(place, listed) for place, listed in session.execute(query)]


def places_to_ask(session: Session, forum_id: str, since: datetime, now: datetime) -> list[int]:
    """Of accounts with an office whose powers may be off by now, or that ended since then.

    By dates that are never too late: whoever has powers and is among these is asked about once more than needed.
    """
    query = select(AccountRow.status_index).join(ModeratorRow, ModeratorRow.account_id == AccountRow.id)
    lapsed = query.where(
        ModeratorRow.forum_id == forum_id,
        ModeratorRow.ended_at.is_(None),
        ModeratorRow.due_at <= now,  # narrows by an index; nobody loses powers before that
        ModeratorRow.suspends_at <= now,
    )
    ended = query.where(ModeratorRow.forum_id == forum_id, ModeratorRow.ended_at >= since)
    return list(session.scalars(lapsed.union_all(ended)))


def places_of(session: Session, forum_id: str, account_ids: Collection[AccountId]) -> list[int]:
    wanted, found = list(account_ids), list[int]()
    for begin in range(0, len(wanted), _NAMED_AT_ONCE):
        some = AccountRow.id.in_(wanted[begin : begin + _NAMED_AT_ONCE])
        found += session.scalars(select(AccountRow.status_index).where(AccountRow.forum_id == forum_id, some))
    return found


def read_open_account(session: Session, account_id: str) -> tuple[ForumId, str] | None:
    """Forum and handle of an account that is not closed."""
    query = select(AccountRow.forum_id, AccountRow.handle)
    found = session.execute(query.where(AccountRow.id == account_id, AccountRow.closed_at.is_(None))).one_or_none()
    return (ForumId(found[0]), found[1]) if found else None


def forum_names(session: Session, forum_id: str | None) -> list[tuple[ForumId, str]]:
    """This forum, or all of them, oldest first."""
    query = select(ForumRow.id, ForumRow.name).order_by(ForumRow.id)
    found = session.execute(query if forum_id is None else query.where(ForumRow.id == forum_id))
    return [(ForumId(number), name) for number, name in found]


def count_standings(
    session: Session, forum_ids: Sequence[str], gate: AgreementGate, policy: PostingPolicy, now: datetime
) -> list[Counted]:
    """By the rules of the status list whether they may post, and by those of the accounts' list their status."""
    brought_in = select(ActRow.id).where(ActRow.account_id == AccountRow.id, ActRow.kind == ActKind.BRING_IN).exists()
    each = (
        select(
            AccountRow.forum_id,
            case(*((rule, literal(status.value)) for status, rule in statuses(now).items())).label("status"),
            (_state(gate, policy, now) == ListedState.VALID).label("may_post"),
            and_(LinkRow.account_id.is_not(None), LinkRow.level != IdentityLevel.NONE).label("verified"),
            brought_in.label("brought_in"),
        )
        .outerjoin(SanctionRow, and_(SanctionRow.account_id == AccountRow.id, SanctionRow.lifted_at.is_(None)))
        .outerjoin(LinkRow, LinkRow.account_id == AccountRow.id)
        .where(AccountRow.forum_id.in_(forum_ids))
        .subquery()
    )
    counted = session.execute(select(*each.c, func.count().label("accounts")).group_by(*each.c))
    return [
        Counted(
            row.forum_id,
            AccountStatus(row.status),
            bool(row.may_post),
            bool(row.verified),
            bool(row.brought_in),
            row.accounts,
        )
        for row in counted
    ]


def list_posters(session: Session, wanted: PosterFilter, policy: PostingPolicy, now: datetime) -> list[Poster]:
    """Those who may post in the order of their verifications, or those nobody stands behind in the order of age."""
    query = (
        select(AccountRow.id, AccountRow.forum_id, AccountRow.handle, LinkRow.level, LinkRow.verified_at)
        .outerjoin(SanctionRow, and_(SanctionRow.account_id == AccountRow.id, SanctionRow.lifted_at.is_(None)))
        .limit(wanted.limit)
    )
    if wanted.forum_id is not None:
        query = query.where(AccountRow.forum_id == wanted.forum_id)
    columns: Sequence[InstrumentedAttribute[Any]] = [AccountRow.id]
    if wanted.verified:
        state = _state(agreement_gate(session, now), policy, now)
        query = query.join(LinkRow, LinkRow.account_id == AccountRow.id).where(state == ListedState.VALID)
        columns = [LinkRow.verified_at, LinkRow.account_id]
    else:
        query = query.outerjoin(LinkRow, LinkRow.account_id == AccountRow.id)
        query = query.where(LinkRow.account_id.is_(None), AccountRow.closed_at.is_(None))
    ordered = [column.desc() if wanted.newest_first else column.asc() for column in columns]
    query = query.where(*_behind(wanted, columns)).order_by(*ordered)
    return [
        Poster(AccountId(row[0]), ForumId(row[1]), row[2], IdentityLevel(row[3]) if row[3] else None, row[4])
        for row in session.execute(query)
    ]


def _behind(wanted: PosterFilter, columns: Sequence[InstrumentedAttribute[Any]]) -> list[ColumnElement[bool]]:
    """Behind `after`, which is as many values."""
    if wanted.after is None:
        return []
    here = tuple_(*columns)
    place = tuple_(*(literal(value, column.type) for value, column in zip(wanted.after, columns, strict=True)))
    return [here < place if wanted.newest_first else here > place]


def count_first_verified(
    session: Session, forum_ids: Sequence[str], begins: Sequence[datetime]
) -> dict[tuple[str, int], int]:
    """By forum and place in `begins`, the latest first: accounts whose first verification is not before it.

    An account counts for the latest beginning only; one that nobody stands behind any more does not count.
    """
    first = (
        select(VerificationRow.account_id, func.min(VerificationRow.verified_at).label("at"))
        .join(LinkRow, LinkRow.account_id == VerificationRow.account_id)
        .where(VerificationRow.forum_id.in_(forum_ids), VerificationRow.outcome == Outcome.VERIFIED)
        .group_by(VerificationRow.account_id)
        .subquery()
    )
    period = case(*((first.c.at >= begin, literal(place)) for place, begin in enumerate(begins)))
    each = (
        select(AccountRow.forum_id, period.label("period"))
        .join(first, first.c.account_id == AccountRow.id)
        .where(first.c.at >= begins[-1])
        .subquery()
    )
    counted = session.execute(select(each.c.forum_id, each.c.period, func.count()).group_by(*each.c))
    return {(forum_id, place): accounts for forum_id, place, accounts in counted}


def _places(forum_id: str, state: ColumnElement[int]) -> Select[int, int]:
    return (
        select(AccountRow.status_index, state)
        .outerjoin(SanctionRow, and_(SanctionRow.account_id == AccountRow.id, SanctionRow.lifted_at.is_(None)))
        .outerjoin(LinkRow, LinkRow.account_id == AccountRow.id)
        .where(AccountRow.forum_id == forum_id)
    )


def _state(gate: AgreementGate, policy: PostingPolicy, now: datetime) -> ColumnElement[int]:
    """`decide` in the database's words. Boundaries as there: exactly at its end a sanction or a level is over."""
    sanctioned = and_(SanctionRow.id.is_not(None), or_(SanctionRow.until.is_(None), SanctionRow.until > now))
    verified = and_(
        LinkRow.account_id.is_not(None),
        LinkRow.level != IdentityLevel.NONE,
        or_(LinkRow.level != IdentityLevel.PHONE, LinkRow.verified_at > now - policy.phone_level_lifetime),
    )
    revoked = or_(AccountRow.closed_at.is_not(None), and_(sanctioned, SanctionRow.kind == SanctionKind.BAN))
    return case(
        (revoked, literal(int(ListedState.REVOKED))),
        (and_(~sanctioned, verified, _accepted(gate)), literal(int(ListedState.VALID))),
        else_=literal(int(ListedState.SUSPENDED)),
    )


def _accepted(gate: AgreementGate) -> ColumnElement[bool]:
    which = AcceptanceRow.version_id == gate.version_id
    if gate.earlier_counts:
        which = AcceptanceRow.version_id.in_(select(AgreementVersionRow.id).where(AgreementVersionRow.kind == _USER))
    return select(AcceptanceRow.account_id).where(AcceptanceRow.account_id == AccountRow.id, which).exists()
