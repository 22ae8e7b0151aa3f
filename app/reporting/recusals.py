"""Use cases: members name the forum accounts that are their own; what concerns those does not exist for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.accounts.service import account_anywhere
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.boards.standings import boards_held_by
from app.db.unit_of_work import ConstraintViolated, Transaction, UnitOfWork
from app.kernel.actor import Actor
from app.kernel.ids import AccountId, StaffId
from app.reporting import recusal_rows
from app.reporting.docket import Recused
from app.reporting.errors import AlreadyRecused, NoSuchRecusal
from app.staff.access import Permission
from app.staff.errors import RoleNotSufficient
from app.staff.service import get_member
from app.staff.standings import find_member


@dataclass(frozen=True, slots=True)
class Recusal:
    staff_id: StaffId
    account_id: AccountId
    declared_at: datetime
    declared_by: StaffId


def recused_from(tx: Transaction, staff_id: str) -> Recused:
    """A step: what a member must not see, as it is at this moment."""
    accounts = recusal_rows.accounts_of(tx.session, staff_id)
    return Recused(frozenset(accounts), boards_held_by(tx, accounts) if accounts else frozenset())


class Recusals:
    def __init__(self, unit_of_work: UnitOfWork) -> None:
        self._unit_of_work = unit_of_work

    def declare(self, actor: Actor, staff_id: str, account_id: str) -> Recusal:
        """By members for themselves, or by who administers members.

        Raises `NoSuchAccount`, `MemberNotFound`, `RoleNotSufficient`, `AlreadyRecused`. Source: L9, L11.
        """
        try:
            return self._declare(actor, staff_id, account_id)
        except ConstraintViolated:
            raise AlreadyRecused from None

    def _declare(self, actor: Actor, staff_id: str, account_id: str) -> Recusal:
        with self._unit_of_work.begin(actor) as tx:
            _refuse_others(tx, staff_id)
            member, account = get_member(tx, staff_id), account_anywhere(tx, account_id)
            recusal_rows.add(tx.session, member.id, account.id, StaffId(actor.id), tx.now)
            audit.record(tx, Action.RECUSAL_DECLARED, ObjectKind.STAFF, member.id, case=account.id)
            return Recusal(member.id, account.id, tx.now, StaffId(actor.id))

    def end(self, actor: Actor, staff_id: str, account_id: str) -> None:
        """By who administers members, and never by a member for themselves.

        Raises `NoSuchRecusal`, `RoleNotSufficient`.
        """
        with self._unit_of_work.begin(actor) as tx:
            if actor.id == staff_id:
                raise RoleNotSufficient
            _refuse_others(tx, staff_id)
            if not recusal_rows.remove(tx.session, staff_id, account_id):
                raise NoSuchRecusal
            audit.record(tx, Action.RECUSAL_ENDED, ObjectKind.STAFF, staff_id, case=account_id)

    def list_seen(self, actor: Actor) -> Sequence[Recusal]:
        """One's own; of everybody for who administers members."""
        with self._unit_of_work.read() as tx:
            reader = find_member(tx, actor.id)
            everybody = reader is not None and reader.may(Permission.MEMBERS, tx.now)
            return [
                Recusal(StaffId(row.staff_id), AccountId(row.account_id), row.declared_at, StaffId(row.declared_by))
                for row in recusal_rows.list_all(tx.session, None if everybody else actor.id)
            ]


def _refuse_others(tx: Transaction, staff_id: str) -> None:
    """Raises `RoleNotSufficient`."""
    acting = find_member(tx, tx.actor.id)
    if tx.actor.id != staff_id and (acting is None or not acting.may(Permission.MEMBERS, tx.now)):
        raise RoleNotSufficient
