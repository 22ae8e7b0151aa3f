"""Use cases of a member about their own password and authenticator; faces see to it that the second factor is fresh."""

from dataclasses import dataclass, field
from datetime import datetime

from app import policies
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.crypto import passwords
from app.db.unit_of_work import Transaction, UnitOfWork
from app.kernel.actor import Actor
from app.kernel.ids import StaffId
from app.kernel.secret import Secret
from app.staff import repository, session_rows
from app.staff.domain import Authenticator, StaffSession
from app.staff.errors import PasswordWrong, SessionOver
from app.staff.password_rules import refuse_weak
from app.staff.second_factor import SecondFactors
from app.staff.session_rows import Tries

_TRIES = policies.SECOND_FACTOR_TRIES.value
_PASSWORD, _AUTHENTICATOR = "password", "authenticator"


@dataclass(frozen=True, slots=True)
class ProvedSession:
    """A session whose member has just typed the right password; with the hash that it was compared with."""

    session: StaffSession
    password_hash: str = field(repr=False)


class OwnCredentials:
    """Every change ends the member's other sessions. Argon2 is paid before any transaction; the caller holds a seat."""

    def __init__(self, unit_of_work: UnitOfWork, second_factors: SecondFactors) -> None:
        self._unit_of_work = unit_of_work
        self._second_factors = second_factors

    def prove(self, actor: Actor, session: StaffSession, password: Secret[str]) -> ProvedSession:
        """Raises `PasswordWrong`, which the fifth time in a row ends the session; `SessionOver`."""
        with self._unit_of_work.begin(actor) as tx:
            if not session_rows.charge_try(tx.session, session.id, Tries.PASSWORDS, _TRIES):
                raise SessionOver
            hashed = repository.password_hash(tx.session, session.staff.id) or passwords.NOBODYS_HASH
        right = passwords.matches(hashed, password)
        with self._unit_of_work.begin(actor) as tx:
            if right:
                session_rows.forgive(tx.session, session.id, Tries.PASSWORDS)
                return ProvedSession(session, hashed)
            session_rows.end_if_exhausted(tx.session, session.id, Tries.PASSWORDS, tx.now, _TRIES)
            audit.record(tx, Action.STAFF_STEP_UP_FAILED, ObjectKind.STAFF, session.staff.id, reason=_PASSWORD)
        raise PasswordWrong

    def hash_new(self, proved: ProvedSession, new: Secret[str]) -> str:
        """What is kept of a password that they chose. Raises `PasswordUnusable`."""
        refuse_weak(new, proved.session.staff.email)
        return passwords.hash_password(new)

    def change_password(self, actor: Actor, proved: ProvedSession, new_hash: str) -> datetime:
        """When that was. Raises `SessionOver`."""
        with self._unit_of_work.begin(actor) as tx:
            _refuse_changed(tx, proved)
            repository.set_own_password(tx.session, proved.session.staff.id, new_hash, tx.now)
            _note(tx, proved.session, _PASSWORD)
            return tx.now

    def change_authenticator(self, actor: Actor, proved: ProvedSession) -> Authenticator:
        """Another authenticator and other recovery codes; those before are worth nothing from now on.

        Raises `SessionOver`.
        """
        staff = proved.session.staff
        with self._unit_of_work.begin(actor) as tx:
            _refuse_changed(tx, proved)
            _note(tx, proved.session, _AUTHENTICATOR)
            return self._second_factors.replace(tx, staff.id, staff.email)

    def recovery_codes_left(self, staff_id: StaffId) -> int:
        with self._unit_of_work.read() as tx:
            return session_rows.recovery_codes_left(tx.session, staff_id)


def _refuse_changed(tx: Transaction, proved: ProvedSession) -> None:
    """An admin may have reset them meanwhile, and the session is over."""
    if repository.password_hash(tx.session, proved.session.staff.id) != proved.password_hash:
        raise SessionOver


def _note(tx: Transaction, session: StaffSession, what: str) -> None:
    session_rows.end_all(tx.session, session.staff.id, tx.now, but=session.id)
    audit.record(tx, Action.STAFF_CREDENTIALS_CHANGED, ObjectKind.STAFF, session.staff.id, reason=what)
