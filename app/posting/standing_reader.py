"""Reads other features' tables, as only `status_reader` does besides: everything a decision needs, in one statement.

Read only. A test holds its answer equal to the one put together from the features' own services.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.accounts.domain import Account, AccountStatus, Profile, SanctionKind, handle_key
from app.accounts.models import AccountRow, SanctionRow
from app.agreements.domain import AgreementKind
from app.agreements.models import AcceptanceRow, AgreementVersionRow
from app.boards.models import ModeratorRow
from app.db.types import UtcDateTime
from app.db.words import read_word
from app.forums.pause_rows import PAUSED_PLACES
from app.kernel.ids import AccountId, ForumId
from app.posting.domain import AcceptedAgreement, AgreementInForce, Identity, Standing, StandingFilter
from app.screening.domain import Field
from app.screening.models import ReviewRow
from app.verification.models import LinkRow, OrganisationMarkRow

_USER = AgreementKind.USER.value
_IN_FORCE, _ACCEPTED = aliased(AgreementVersionRow), aliased(AgreementVersionRow)
_NOW = bindparam("now", type_=UtcDateTime)
_NEWEST_VERSION = (
    select(AgreementVersionRow.id)
    .where(AgreementVersionRow.kind == _USER, AgreementVersionRow.effective_at <= _NOW)
    .order_by(AgreementVersionRow.effective_at.desc(), AgreementVersionRow.id.desc())
    .limit(1)
    .scalar_subquery()
)
"""The user agreement in force."""
_LATEST_ACCEPTANCE = (
    select(AcceptanceRow.version_id)
    .join(AgreementVersionRow, AgreementVersionRow.id == AcceptanceRow.version_id)
    .where(AcceptanceRow.account_id == AccountRow.id, AgreementVersionRow.kind == _USER)
    .order_by(AgreementVersionRow.effective_at.desc(), AgreementVersionRow.id.desc())
    .limit(1)
    .correlate(AccountRow)
    .scalar_subquery()
)
"""The newest user agreement that the account accepted."""
_PERHAPS_LAPSED = (
    select(ModeratorRow.id)
    .where(ModeratorRow.account_id == AccountRow.id, ModeratorRow.ended_at.is_(None), ModeratorRow.suspends_at <= _NOW)
    .exists()
)
"""By dates that are never too late: who is not among these has all the powers of every office."""
_HELD = (
    select(func.aggregate_strings(ReviewRow.field, " "))
    .where(ReviewRow.subject_id == AccountRow.id, ReviewRow.decided_at.is_(None), ReviewRow.held)
    .scalar_subquery()
)
"""The fields that wait for a review, with blanks between."""
_STANDINGS = (
    select(AccountRow, SanctionRow, LinkRow, _IN_FORCE, AcceptanceRow, _ACCEPTED.version, OrganisationMarkRow)
    .add_columns(_PERHAPS_LAPSED, _HELD, PAUSED_PLACES)
    .outerjoin(SanctionRow, and_(SanctionRow.account_id == AccountRow.id, SanctionRow.lifted_at.is_(None)))
    .outerjoin(LinkRow, LinkRow.account_id == AccountRow.id)
    .outerjoin(OrganisationMarkRow, OrganisationMarkRow.account_id == AccountRow.id)
    .outerjoin(_IN_FORCE, _IN_FORCE.id == _NEWEST_VERSION)
    .outerjoin(
        AcceptanceRow, and_(AcceptanceRow.account_id == AccountRow.id, AcceptanceRow.version_id == _LATEST_ACCEPTANCE)
    )
    .outerjoin(_ACCEPTED, _ACCEPTED.id == AcceptanceRow.version_id)
    .order_by(AccountRow.id)
)
"""Every permit asks this: put together once, it costs half."""


def read_standings(session: Session, wanted: StandingFilter, now: datetime) -> list[Standing]:
    """The standings of a forum's accounts, oldest account first."""
    query = _STANDINGS.where(*_conditions(wanted, now)).limit(wanted.limit)
    rows = session.execute(query, {"now": now, "paused_in": wanted.forum_id})
    return [_completed(_standing(*row[:-3]), *row[-3:]) for row in rows]


def _completed(standing: Standing, perhaps_lapsed: object, held: str | None, paused: str | None) -> Standing:
    return replace(standing, perhaps_lapsed=bool(perhaps_lapsed), held=_fields(held), paused=_places(paused))


def _fields(written: str | None) -> tuple[Field, ...]:
    """What is no field holds back the handle, without which nobody posts."""
    return tuple(sorted({read_word(Field, one, "reviews", Field.HANDLE) for one in written.split()})) if written else ()


def _places(written: str | None) -> tuple[str, ...]:
    return tuple(sorted(written.split())) if written else ()


def _conditions(wanted: StandingFilter, now: datetime) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [AccountRow.forum_id == wanted.forum_id]
    if wanted.account_id is not None:
        conditions.append(AccountRow.id == wanted.account_id)
    if wanted.handle is not None:
        conditions.append(AccountRow.handle_key == handle_key(wanted.handle))
    if wanted.external_id is not None:
        conditions.append(AccountRow.external_id == wanted.external_id)
    if wanted.after is not None:
        conditions.append(AccountRow.id > wanted.after)
    if wanted.status is not None:
        conditions.append(statuses(now)[wanted.status])
    return conditions


def statuses(now: datetime) -> dict[AccountStatus, ColumnElement[bool]]:
    """`Standing.status` in the database's words."""
    open_account = AccountRow.closed_at.is_(None)
    in_effect = and_(SanctionRow.id.is_not(None), or_(SanctionRow.until.is_(None), SanctionRow.until > now))
    banned = SanctionRow.kind == SanctionKind.BAN
    return {
        AccountStatus.CLOSED: ~open_account,
        AccountStatus.BANNED: and_(open_account, in_effect, banned),
        AccountStatus.SUSPENDED: and_(open_account, in_effect, ~banned),
        AccountStatus.ACTIVE: and_(open_account, ~in_effect, LinkRow.account_id.is_not(None)),
        AccountStatus.UNVERIFIED: and_(open_account, ~in_effect, LinkRow.account_id.is_(None)),
    }


def _standing(
    account: AccountRow,
    sanction: SanctionRow | None,
    link: LinkRow | None,
    in_force: AgreementVersionRow | None,
    acceptance: AcceptanceRow | None,
    accepted_version: str | None,
    mark: OrganisationMarkRow | None,
) -> Standing:
    return Standing(
        account=Account(
            id=AccountId(account.id),
            forum_id=ForumId(account.forum_id),
            handle=account.handle,
            external_id=account.external_id,
            profile=Profile(account.display_name, account.bio, account.signature),
            created_at=account.created_at,
            updated_at=account.updated_at,
            closed_at=account.closed_at,
            handle_frozen_at=account.handle_frozen_at,
        ),
        sanction=sanction.sanction() if sanction else None,
        identity=Identity(*link.proof(), link.verified_at, link.sandbox) if link else None,
        agreement=AgreementInForce(in_force.version, in_force.accept_by) if in_force else None,
        accepted=AcceptedAgreement(accepted_version, acceptance.accepted_at)
        if acceptance and accepted_version
        else None,
        organisation_verified=mark is not None,
        status_index=account.status_index,
    )
