"""Steps after an appeal: a sanction that was wrong is taken back exactly, and a handle is frozen or let go."""

from dataclasses import dataclass

from app.accounts import act_rows, repository
from app.accounts.announcements import announce
from app.accounts.domain import Act, ActKind, ImposedSanction, PersonBehind, SanctionKind
from app.accounts.errors import NoSuchSanction, NothingToLift
from app.accounts.service import get_account, touch
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.db.unit_of_work import Transaction
from app.events.catalogue import EventType
from app.forums.service import hold_forum
from app.kernel.ids import AccountId, ForumId


@dataclass(frozen=True, slots=True)
class Why:
    """Why something is taken back, and the case in which that was decided."""

    reason: str
    case: str | None = None


def newest_sanction(tx: Transaction, account_id: AccountId, kind: SanctionKind) -> ImposedSanction | None:
    """A step: the suspension or ban that was imposed last, whether or not it still stands."""
    return repository.newest_sanction(tx.session, account_id, kind)


def find_sanction(tx: Transaction, account_id: AccountId, sanction_id: str) -> ImposedSanction | None:
    """A step."""
    return repository.get_sanction(tx.session, account_id, sanction_id)


def overturn_sanction(
    tx: Transaction, forum_id: ForumId, account_id: AccountId, sanction_id: str, why: Why, person_behind: PersonBehind
) -> None:
    """A step: takes exactly this sanction back; one that it replaced and that would still run goes on as it was.

    One that stands no more is marked as wrong, and nothing else changes. Raises `NoSuchAccount`, `NoSuchSanction`,
    `NothingToLift` for one that was overturned before. Source: N15.
    """
    hold_forum(tx, forum_id)
    account = get_account(tx, forum_id, account_id, lock=True)
    found = repository.get_sanction(tx.session, account.id, sanction_id)
    if found is None:
        raise NoSuchSanction
    if found.overturned_at is not None:
        raise NothingToLift
    repository.overturn_sanction(tx.session, account.id, sanction_id, why.reason, tx.now)
    act_rows.add_act(tx.session, account.id, tx.actor, Act(ActKind.REINSTATE, why.reason, tx.now), why.case)
    touch(tx, account.id)
    audit.record(
        tx, Action.ACCOUNT_REINSTATED, ObjectKind.ACCOUNT, account.id, reason=found.sanction.kind, case=why.case
    )
    if found.stands(tx.now):
        left = repository.find_sanction(tx.session, account.id, tx.now)
        kind = EventType.ACCOUNT_SUSPENDED if left else EventType.ACCOUNT_REINSTATED
        behind = person_behind(tx, account.id)
        announce(tx, account, kind, closed_at=account.closed_at, person_behind=behind)


def freeze_handle(tx: Transaction, account_id: AccountId, case: str | None = None) -> None:
    """A step: nobody changes the handle of this account, and so nobody else gets it, until it is let go."""
    repository.freeze_handle(tx.session, account_id, tx.now)
    touch(tx, account_id)
    audit.record(tx, Action.ACCOUNT_CHANGED, ObjectKind.ACCOUNT, account_id, reason="handle-frozen", case=case)


def release_handle(tx: Transaction, account_id: AccountId, case: str | None = None) -> None:
    """A step. Of a handle that is not frozen nothing changes."""
    repository.freeze_handle(tx.session, account_id, None)
    touch(tx, account_id)
    audit.record(tx, Action.ACCOUNT_CHANGED, ObjectKind.ACCOUNT, account_id, reason="handle-released", case=case)
