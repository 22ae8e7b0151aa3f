"""Every query on proofs of misuse, and on the links that were cut for one."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.kernel.ids import AccountId, PersonId
from app.verification.domain import Link
from app.verification.models import CutLinkRow, LinkRow, MisuseProofRow, OrganisationMarkRow


def newest_of(session: Session, case_id: str, *, lock: bool = False) -> MisuseProofRow | None:
    """The last code that was asked for in this case: an earlier one opens nothing any more."""
    query = select(MisuseProofRow).where(MisuseProofRow.case_id == case_id)
    newest = query.order_by(MisuseProofRow.sent_at.desc(), MisuseProofRow.id.desc()).limit(1)
    return session.scalar(newest.with_for_update() if lock else newest)


def get(session: Session, proof_id: str) -> MisuseProofRow | None:
    return session.scalar(select(MisuseProofRow).where(MisuseProofRow.id == proof_id).with_for_update())


def begun_since(session: Session, case_id: str, since: datetime) -> list[datetime]:
    """When proofs were begun in this case since then, oldest first."""
    query = select(MisuseProofRow.sent_at).where(MisuseProofRow.case_id == case_id, MisuseProofRow.sent_at > since)
    return list(session.scalars(query.order_by(MisuseProofRow.sent_at)))


def newest_ended(session: Session, case_id: str) -> MisuseProofRow | None:
    """The last one that the providers confirmed."""
    query = select(MisuseProofRow).where(MisuseProofRow.case_id == case_id, MisuseProofRow.confirmed.is_(True))
    return session.scalar(query.order_by(MisuseProofRow.ended_at.desc(), MisuseProofRow.id.desc()).limit(1))


def charge_try(session: Session, row: MisuseProofRow, limit: int) -> bool:
    """Takes one try before anything is compared, and reads the row again; False when there was none left."""
    charged = session.scalar(
        update(MisuseProofRow)
        .where(MisuseProofRow.id == row.id, MisuseProofRow.tries < limit)
        .values(tries=MisuseProofRow.tries + 1)
        .returning(MisuseProofRow.id)
        .execution_options(synchronize_session=False)
    )
    session.refresh(row)
    return charged is not None


def settle(
    session: Session,
    proof_id: str,
    now: datetime,
    person_id: PersonId | None,
    *,
    confirmed: bool,
    own_phone: bool | None,
) -> None:
    """One statement, whatever was found."""
    session.execute(
        update(MisuseProofRow)
        .where(MisuseProofRow.id == proof_id)
        .values(ended_at=now, confirmed=confirmed, person_id=person_id, own_phone=own_phone)
        .execution_options(synchronize_session=False)
    )


def drop(session: Session, proof_id: str) -> None:
    session.execute(delete(MisuseProofRow).where(MisuseProofRow.id == proof_id))


def forget(session: Session, case_ids: Collection[str]) -> None:
    session.execute(delete(MisuseProofRow).where(MisuseProofRow.case_id.in_(case_ids)))


def cut(session: Session, link: Link, case_id: str, now: datetime) -> str | None:
    """Nobody stands behind the account any more; the organisation that was marked on it, for who sealed it."""
    session.add(CutLinkRow(account_id=link.account_id, person_id=link.person_id, case_id=case_id, cut_at=now))
    session.execute(delete(LinkRow).where(LinkRow.account_id == link.account_id))
    mark = session.get(OrganisationMarkRow, link.account_id)
    organisation_id = mark.organisation_id if mark else None
    if mark is not None:
        session.delete(mark)
    session.flush()
    return organisation_id


def is_cut(session: Session, account_id: AccountId) -> bool:
    """Whether somebody's link to it was cut, and nobody stands behind it since."""
    was = select(CutLinkRow.id).where(CutLinkRow.account_id == account_id).limit(1)
    return session.scalar(was) is not None and session.get(LinkRow, account_id) is None
