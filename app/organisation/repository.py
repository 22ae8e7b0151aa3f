"""Every query on officers, filings and authorities."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.orm import Session, aliased

from app.db.words import read_word
from app.kernel.ids import AuthorityId, ForumId, OfficerId
from app.organisation.domain import Authority, AuthorityEntry, AuthorityKind, Duty, FiledForum, Filing, Rank, Vacancy
from app.organisation.models import AuthorityRow, ForumFilingRow, OfficerRow

# -- officers ---------------------------------------------------------------------------------------------------


def add_officer(session: Session, row: OfficerRow) -> None:
    session.add(row)
    session.flush()


def find_officer(session: Session, officer_id: str) -> OfficerRow | None:
    return session.get(OfficerRow, officer_id) if officer_id.isascii() else None


def list_officers(session: Session, before: str | None, limit: int, *, current: bool) -> list[OfficerRow]:
    """Newest first."""
    query = select(OfficerRow).order_by(OfficerRow.id.desc()).limit(limit)
    if before is not None:
        query = query.where(OfficerRow.id < before)
    if current:
        query = query.where(OfficerRow.ended_at.is_(None))
    return list(session.scalars(query))


def filled_posts(session: Session) -> set[Vacancy]:
    """The posts that somebody holds now."""
    rows = session.execute(select(OfficerRow.duty, OfficerRow.rank).where(OfficerRow.ended_at.is_(None)).distinct())
    return {Vacancy(read_word(Duty, duty, "officers"), read_word(Rank, rank, "officers")) for duty, rank in rows}


def others_of_duty(session: Session, duty: Duty, officer_id: str) -> int:
    """How many beside this one answer for a duty now."""
    holds = (OfficerRow.duty == duty, OfficerRow.ended_at.is_(None), OfficerRow.id != officer_id)
    return session.scalar(select(func.count()).select_from(OfficerRow).where(*holds)) or 0


def end_officer(session: Session, officer_id: OfficerId, because: str, now: datetime) -> None:
    session.execute(update(OfficerRow).where(OfficerRow.id == officer_id).values(ended_at=now, ended_because=because))


# -- filings ----------------------------------------------------------------------------------------------------


def add_filing(session: Session, number: int, filing: Filing) -> None:
    """Raises `ConstraintViolated` when another one was recorded in this very moment."""
    session.add(
        ForumFilingRow(
            forum_id=filing.forum_id,
            number=number,
            icp_filing=filing.filed.icp_filing,
            ps_filing=filing.filed.ps_filing,
            responsible_unit=filing.filed.responsible_unit,
            reviewed_on=filing.filed.reviewed_on,
            recorded_at=filing.recorded_at,
            recorded_by=filing.recorded_by,
        )
    )
    session.flush()


def filings_of(session: Session, forum_id: str) -> list[Filing]:
    """Of one forum, the one that holds first."""
    query = select(ForumFilingRow).where(ForumFilingRow.forum_id == forum_id).order_by(ForumFilingRow.number.desc())
    return [_filing(row) for row in session.scalars(query)]


def filings_in_force(session: Session, forum_ids: Collection[ForumId] | None = None) -> dict[ForumId, Filing]:
    """Of these forums, or of all."""
    query = select(ForumFilingRow).where(_is_newest_filing())
    if forum_ids is not None:
        query = query.where(ForumFilingRow.forum_id.in_(forum_ids))
    return {ForumId(row.forum_id): _filing(row) for row in session.scalars(query)}


def _is_newest_filing() -> ColumnElement[bool]:
    later = aliased(ForumFilingRow)
    same = and_(later.forum_id == ForumFilingRow.forum_id, later.number > ForumFilingRow.number)
    return ~select(later.number).where(same).exists()


def _filing(row: ForumFilingRow) -> Filing:
    filed = FiledForum(row.icp_filing, row.ps_filing, row.responsible_unit, row.reviewed_on)
    return Filing(ForumId(row.forum_id), filed, row.recorded_at, row.recorded_by)


# -- authorities ------------------------------------------------------------------------------------------------


def add_authority(session: Session, authority: Authority) -> None:
    """Raises `ConstraintViolated` when another entry was made in this very moment."""
    entry = authority.entry
    session.add(
        AuthorityRow(
            authority_id=authority.id,
            number=authority.number,
            name=entry.name,
            kind=entry.kind,
            region=entry.region,
            channel=entry.channel,
            reviewed_on=entry.reviewed_on,
            recorded_at=authority.recorded_at,
            recorded_by=authority.recorded_by,
            ended_because=authority.ended_because,
        )
    )
    session.flush()


def entries_of(session: Session, authority_id: str) -> list[Authority]:
    """Of one authority, the one that holds first."""
    if not authority_id.isascii():
        return []
    query = select(AuthorityRow).where(AuthorityRow.authority_id == authority_id).order_by(AuthorityRow.number.desc())
    return [_authority(row) for row in session.scalars(query)]


def list_authorities(
    session: Session, after: str | None = None, limit: int | None = None, *, current: bool
) -> list[Authority]:
    """As each stands now, oldest first."""
    later = aliased(AuthorityRow)
    same = and_(later.authority_id == AuthorityRow.authority_id, later.number > AuthorityRow.number)
    query = select(AuthorityRow).where(~select(later.number).where(same).exists())
    if after is not None:
        query = query.where(AuthorityRow.authority_id > after)
    if current:
        query = query.where(AuthorityRow.ended_because.is_(None))
    return [_authority(row) for row in session.scalars(query.order_by(AuthorityRow.authority_id).limit(limit))]


def _authority(row: AuthorityRow) -> Authority:
    entry = AuthorityEntry(
        row.name, read_word(AuthorityKind, row.kind, row.authority_id), row.region, row.channel, row.reviewed_on
    )
    return Authority(
        AuthorityId(row.authority_id), row.number, entry, row.recorded_at, row.recorded_by, row.ended_because
    )
