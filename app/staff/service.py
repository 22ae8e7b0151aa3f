"""Use cases around members: add, change, disable, restore, reset, confirm; and steps for the rooms above.

Every change of who may do what is on record where nobody can take it away before it happens: `announce` first, outside
any transaction, then the change, which takes what `announce` gave.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from app import policies
from app.audit import service as audit
from app.audit.details import Detail
from app.audit.domain import Action, AuditObject, ObjectKind
from app.audit.receipts import Act, Receipts
from app.crypto import passwords
from app.crypto.envelope import Records
from app.db.unit_of_work import ConstraintViolated, Transaction, UnitOfWork, hold_key
from app.kernel.actor import Actor, ActorKind
from app.kernel.clock import Clock
from app.kernel.errors import NeedsSecondPerson
from app.kernel.ids import StaffId, new_id
from app.kernel.secret import Secret
from app.staff import repository, session_rows
from app.staff.access import Role
from app.staff.domain import (
    Announced,
    Credentials,
    Handout,
    MadePassword,
    MemberChange,
    NewMember,
    Staff,
    StaffState,
    comes_back,
    read_email,
)
from app.staff.errors import (
    EmailTaken,
    LastAdmin,
    MemberChangedMeanwhile,
    MemberDisabled,
    MemberNotDisabled,
    MemberNotFound,
    NotWaiting,
    OwnReset,
    PrivacyNeedsConfirmation,
    StandingTooShort,
)
from app.staff.seals import Seals
from app.staff.second_factor import SecondFactors

_STANDING = timedelta(days=policies.PRIVACY_STANDING.value)
_FROM_THE_COMMAND_LINE = 2
_MEMBERS = b"shiming members of the staff"
_HANDING_OUT = frozenset({Action.STAFF_ADDED, Action.STAFF_RESET, Action.STAFF_CONFIRMED})


def make_password() -> MadePassword:
    """One to hand out; the caller holds a seat, for it costs some 30 ms and 19 MiB."""
    password = passwords.new_password()
    return MadePassword(password, passwords.hash_password(password))


def get_member(tx: Transaction, staff_id: str) -> Staff:
    """A step. Raises `MemberNotFound`."""
    staff = repository.find(tx.session, staff_id)
    if staff is None:
        raise MemberNotFound
    return staff


def holders_of(tx: Transaction, seals: Seals, role: Role, standing: timedelta = timedelta()) -> list[Staff]:
    """A step: active members who have held this role, and been here, for so long; none whose row was altered."""
    return [one for one in _claiming(tx, role, standing) if seals.whole(one)]


def _claiming(tx: Transaction, role: Role, standing: timedelta = timedelta()) -> list[Staff]:
    """Whoever the rows say that it is."""
    return [staff for staff in repository.holders_of(tx.session, role) if staff.holds(role, tx.now, standing)]


class Members:
    def __init__(
        self,
        unit_of_work: UnitOfWork,
        records: Records,
        receipts: Receipts,
        second_factors: SecondFactors,
        seals: Seals,
        clock: Clock,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._records = records
        self._receipts = receipts
        self._second_factors = second_factors
        self._seals = seals
        self._clock = clock

    def list_all(self) -> list[Staff]:
        """The oldest first; one whose row was altered holds no role."""
        with self._unit_of_work.read() as tx:
            return [self._seals.checked(staff) for staff in repository.all_members(tx.session)]

    def get(self, staff_id: str) -> Staff:
        """Without any role where their row was altered. Raises `MemberNotFound`."""
        with self._unit_of_work.read() as tx:
            return self._seals.checked(get_member(tx, staff_id))

    def find_named(self, name: str) -> Staff:
        """By id or e-mail address. Raises `MemberNotFound`."""
        with self._unit_of_work.read() as tx:
            return repository.find_by_email(tx.session, read_email(name)) or get_member(tx, name)

    def has_admin(self) -> bool:
        with self._unit_of_work.read() as tx:
            return bool(holders_of(tx, self._seals, Role.ADMIN))

    def waiting(self) -> list[Staff]:
        """Who holds `privacy` only once another `privacy` member has confirmed it; the oldest first."""
        with self._unit_of_work.read() as tx:
            found = repository.holders_of(tx.session, Role.PRIVACY)
            return [staff for staff in found if staff.state is StaffState.PENDING and self._seals.whole(staff)]

    def announce(
        self,
        actor: Actor,
        action: Action,
        staff_id: str | None = None,
        made: MadePassword | None = None,
        seen: int | None = None,
    ) -> Announced:
        """Puts on record that this is about to be done to a member, or to a new one; nothing has changed yet.

        Outside any transaction. `seen` is the version that whoever acts has looked at. An act that hands a password
        out takes one that was `made`, or costs a hash of Argon2. Raises `MemberNotFound`, `MemberChangedMeanwhile`,
        `AuditNotPublished`. Source: L8i.
        """
        found = self.get(staff_id) if staff_id is not None else None
        if found is not None and seen not in {None, found.version}:
            raise MemberChangedMeanwhile
        meant = found.id if found else StaffId(new_id("stf", self._clock.now()))
        receipt = self._receipts.fail_closed(actor, Act(action, AuditObject(ObjectKind.STAFF, meant)))
        given = made or make_password() if action in _HANDING_OUT else None
        return Announced(meant, receipt.entry_id, found.version if found else 0, given)

    def add(self, actor: Actor, announced: Announced, new: NewMember) -> Handout:
        """A new member. One with `privacy` waits for a confirmation, except the first two of the command line.

        Raises `EmailTaken`, `PrivacyNeedsConfirmation`.
        """
        try:
            with self._unit_of_work.begin(actor) as tx:
                hold_key(tx, _MEMBERS)
                state, proposed_by = _state_of(tx, actor, new.roles)
                staff = Staff(
                    id=announced.staff_id,
                    email=new.email,
                    state=state,
                    roles=dict.fromkeys(new.roles, tx.now),
                    created_at=tx.now,
                    disabled_at=None,
                    ends_at=new.ends_at,
                    proposed_by=proposed_by,
                    own_password_at=None,
                    version=1,
                    credentials_at=tx.now if state is StaffState.ACTIVE else None,
                )
                repository.add(tx.session, self._seals.sealed(staff))
                audit.record(tx, Action.STAFF_ADDED, ObjectKind.STAFF, staff.id, outcome=state, case=announced.entry_id)
                return self._handed(tx, staff, announced)
        except ConstraintViolated as violated:
            if violated.constraint != "uq_staff_email":
                raise
            raise EmailTaken from None

    def change(self, actor: Actor, announced: Announced, change: MemberChange, reason: str) -> Staff:
        """Other roles, or another end. Whoever is to get `privacy` is out until that is confirmed.

        So is who held it and comes back after their end, or is to stay longer: that is a restoring. Raises
        `MemberNotFound`, `MemberChangedMeanwhile`, `MemberDisabled`, `LastAdmin`, `PrivacyNeedsConfirmation`.
        """
        with self._unit_of_work.begin(actor) as tx:
            before = self._taken(tx, announced)
            if before.version != change.version:
                raise MemberChangedMeanwhile
            if before.state is StaffState.DISABLED:
                raise MemberDisabled
            roles = before.roles if change.roles is None else _granted(before.roles, change.roles, tx.now)
            after = replace(before, roles=roles, ends_at=change.ends_at if change.sets_end else before.ends_at)
            lets_in = comes_back(before, after, tx.now)
            if lets_in:
                session_rows.end_all(tx.session, before.id, tx.now)
                after = replace(after, roles=dict.fromkeys(roles, tx.now))
            if Role.PRIVACY in roles and (lets_in or Role.PRIVACY not in before.roles):
                after = self._waits(tx, actor, after)
            return self._saved(tx, before, after, announced, Action.STAFF_CHANGED, reason)

    def disable(self, actor: Actor, announced: Announced, reason: str) -> Staff:
        """Out at the next request. Raises `MemberNotFound`, `MemberDisabled`, `LastAdmin`."""
        with self._unit_of_work.begin(actor) as tx:
            before = self._taken(tx, announced)
            if before.state is StaffState.DISABLED:
                raise MemberDisabled
            session_rows.end_all(tx.session, before.id, tx.now)
            after = replace(before, state=StaffState.DISABLED, disabled_at=tx.now, proposed_by=None)
            return self._saved(tx, before, after, announced, Action.STAFF_DISABLED, reason)

    def restore(self, actor: Actor, announced: Announced, reason: str) -> Staff:
        """In again, with the credentials of before; their standing in every role begins anew.

        One with `privacy` waits for a confirmation. Raises `MemberNotFound`, `MemberNotDisabled`,
        `PrivacyNeedsConfirmation`.
        """
        with self._unit_of_work.begin(actor) as tx:
            before = self._taken(tx, announced)
            if before.state is not StaffState.DISABLED:
                raise MemberNotDisabled
            anew = dict.fromkeys(before.roles, tx.now)
            after = replace(before, state=StaffState.ACTIVE, disabled_at=None, roles=anew)
            if Role.PRIVACY in before.roles:
                after = self._waits(tx, actor, after)
            return self._saved(tx, before, after, announced, Action.STAFF_RESTORED, reason)

    def reset(self, actor: Actor, announced: Announced, reason: str) -> Handout:
        """Other credentials in the place of all those of before. One with `privacy` waits for a confirmation.

        Raises `MemberNotFound`, `OwnReset`, `MemberDisabled`, `PrivacyNeedsConfirmation`.
        """
        with self._unit_of_work.begin(actor) as tx:
            before = self._taken(tx, announced)
            if actor.id == before.id:
                raise OwnReset
            if before.state is StaffState.DISABLED:
                raise MemberDisabled
            after = _handed_out(replace(before, state=StaffState.ACTIVE), tx.now)
            if Role.PRIVACY in before.roles:
                after = self._waits(tx, actor, after)
            saved = self._saved(tx, before, after, announced, Action.STAFF_RESET, reason)
            return self._handed(tx, saved, announced)

    def confirm(self, actor: Actor, announced: Announced) -> Handout:
        """What an admin proposed about a member with `privacy`, by another member of 7 days' standing.

        It is confirmed as it was when that was announced, and nothing else. Their standing in that role begins now,
        and the credentials go to who confirms. Raises `MemberNotFound`, `NotWaiting`, `NeedsSecondPerson` for oneself
        or who proposed it, `StandingTooShort`, `MemberChangedMeanwhile`.
        """
        with self._unit_of_work.begin(actor) as tx:
            before = self._taken(tx, announced)
            if before.state is not StaffState.PENDING or Role.PRIVACY not in before.roles:
                raise NotWaiting
            if before.version != announced.version:
                raise MemberChangedMeanwhile
            if actor.id in {before.id, before.proposed_by}:
                raise NeedsSecondPerson
            if not self._seals.checked(get_member(tx, actor.id)).holds(Role.PRIVACY, tx.now, _STANDING):
                raise StandingTooShort
            roles = {**before.roles, Role.PRIVACY: tx.now}
            confirmed = replace(before, state=StaffState.ACTIVE, roles=roles, proposed_by=None)
            after = _handed_out(confirmed, tx.now, StaffId(actor.id))
            saved = self._saved(tx, before, after, announced, Action.STAFF_CONFIRMED)
            return self._handed(tx, saved, announced)

    def _taken(self, tx: Transaction, announced: Announced) -> Staff:
        """The member, whom nobody else changes meanwhile. Raises `MemberNotFound`."""
        hold_key(tx, _MEMBERS)
        return self._seals.checked(get_member(tx, announced.staff_id))

    def _waits(self, tx: Transaction, actor: Actor, staff: Staff) -> Staff:
        """Out, and without credentials, until somebody else confirms: whoever handed them out could sign in."""
        state, proposed_by = _state_of(tx, actor, staff.roles.keys())
        if state is StaffState.PENDING:
            session_rows.end_all(tx.session, staff.id, tx.now)
            repository.set_password_hash(tx.session, staff.id, None)
            self._second_factors.remove(tx, staff.id)
        return replace(staff, state=state, proposed_by=proposed_by)

    def _saved(
        self,
        tx: Transaction,
        before: Staff,
        after: Staff,
        announced: Announced,
        action: Action,
        reason: str | None = None,
    ) -> Staff:
        _refuse_without_admin(tx, self._seals, before, after)
        if not repository.save(tx.session, self._seals.sealed(after)):
            raise MemberChangedMeanwhile
        acted_on, case = AuditObject(ObjectKind.STAFF, after.id), announced.entry_id
        if reason is None:
            audit.record(tx, action, acted_on.kind, acted_on.id, outcome=after.state, case=case)
        else:
            audit.record_with(tx, Detail(self._records, Secret(reason)), action, acted_on, case=case)
        return replace(after, version=after.version + 1)

    def _handed(self, tx: Transaction, staff: Staff, announced: Announced) -> Handout:
        """New credentials, for a member who may sign in."""
        if staff.state is not StaffState.ACTIVE:
            return Handout(staff, None)
        if announced.made is None:
            raise RuntimeError("what was announced hands nothing out")
        session_rows.end_all(tx.session, staff.id, tx.now)
        repository.set_password_hash(tx.session, staff.id, announced.made.hashed)
        authenticator = self._second_factors.replace(tx, staff.id, staff.email)
        return Handout(staff, Credentials(announced.made.password, authenticator))


def _state_of(tx: Transaction, actor: Actor, roles: Iterable[Role]) -> tuple[StaffState, StaffId | None]:
    """Whether a member with these roles may begin at once, and who proposed it if not."""
    if Role.PRIVACY not in roles:
        return StaffState.ACTIVE, None
    if actor.kind is ActorKind.STAFF:
        return StaffState.PENDING, StaffId(actor.id)
    if len(_claiming(tx, Role.PRIVACY)) >= _FROM_THE_COMMAND_LINE:  # damaged rows make no room
        raise PrivacyNeedsConfirmation
    return StaffState.ACTIVE, None


def _handed_out(staff: Staff, now: datetime, confirmed_by: StaffId | None = None) -> Staff:
    return replace(staff, own_password_at=None, credentials_at=now, confirmed_by=confirmed_by)


def _granted(before: Mapping[Role, datetime], wanted: Iterable[Role], now: datetime) -> Mapping[Role, datetime]:
    """A role that stays counts since when it did."""
    return {role: before.get(role, now) for role in wanted}


def _refuse_without_admin(tx: Transaction, seals: Seals, before: Staff, after: Staff) -> None:
    """Raises `LastAdmin` where nobody would be left, now or when an end date comes."""
    if not before.holds(Role.ADMIN, tx.now) or (after.holds(Role.ADMIN, tx.now) and after.ends_at == before.ends_at):
        return
    others = [staff for staff in holders_of(tx, seals, Role.ADMIN) if staff.id != before.id]
    if not any(staff.ends_at is None or before.ends_at is not None for staff in others):
        raise LastAdmin
