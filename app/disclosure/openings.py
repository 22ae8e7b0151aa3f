"""The use case that opens an identity: what was approved, once, for who asked. Source: L5h, L8h."""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from app import policies
from app.audit import service as audit
from app.audit.desk import AuditDesk
from app.audit.domain import Action, ObjectKind
from app.audit.proofs import Receipt
from app.crypto.errors import SealBroken
from app.db.unit_of_work import Transaction, UnitOfWork, hold_key
from app.disclosure import repository, rules
from app.disclosure.docket import Docket
from app.disclosure.domain import DisclosureRequest, DisclosureView, OpenedIdentity
from app.disclosure.errors import NobodyBehind, PersonChanged, RecordUnreadable
from app.disclosure.refusals import on_record
from app.kernel.actor import Actor
from app.kernel.ids import PersonId, StaffId
from app.staff.domain import StaffSession
from app.staff.errors import SecondFactorNeeded
from app.vault.errors import PersonUnknown, ReadingNotOnRecord
from app.vault.service import Vault
from app.verification.links import person_behind

_DAY = timedelta(days=1)
_REPEATED = "repeated"
ALARMS = tuple(policy.value for policy in policies.DISCLOSURE_ALARMS)


@dataclass(frozen=True, slots=True)
class _Begun:
    """An execution that stands in the database: its entry, and whether its fields were shown before."""

    entry_id: str
    shown_before: bool
    alarm: int | None = None


class Openings:
    def __init__(self, unit_of_work: UnitOfWork, docket: Docket, vault: Vault, desk: AuditDesk) -> None:
        self._unit_of_work = unit_of_work
        self._docket = docket
        self._vault = vault
        self._receipts = desk.receipts
        self._proofs = desk.proofs

    def execute(self, actor: Actor, session: StaffSession, disclosure_id: str) -> OpenedIdentity:
        """Opens what was approved, once the entry that says so is published; for who asked, and nobody else.

        However often and by however many at once it is asked within its 24 hours, it is one execution with one such
        entry; that the fields are shown again is on record as well. What was opened is stored nowhere. Raises
        `SecondFactorNeeded`, `NoSuchDisclosure`, `OnlyTheRequester`, `RoleNotSufficient`, what `rules.refuse_ended`
        raises, `CredentialsHandedOut`, `NotApproved`, `NobodyBehind`, `PersonChanged`, `RecordUnreadable`,
        `TooManyOpened`, `AuditNotPublished`.

        Source: L5h, L8h.
        """
        with on_record(self._unit_of_work, actor, Action.DISCLOSURE_EXECUTED, disclosure_id):
            try:
                begun = self._begin(actor, session, disclosure_id)
                receipt = self._receipt(begun)
                return self._open(actor, session, disclosure_id, receipt, begun.alarm)
            except (PersonUnknown, ReadingNotOnRecord):  # dissolved, erased, or somebody else by now
                raise PersonChanged from None
            except SealBroken:
                raise RecordUnreadable from None

    def _begin(self, actor: Actor, session: StaffSession, disclosure_id: str) -> _Begun:
        with self._unit_of_work.begin(actor) as tx:
            seen = self._executable(tx, session, disclosure_id)
            execution = seen.disclosure.execution
            hold_key(tx, sha256(f"disclosures of {actor.id}".encode()).digest())
            others = repository.openings_of(tx.session, actor.id, tx.now - _DAY, but=seen.disclosure.id)
            rules.refuse_too_many(others, tx.now)
            if execution is None:
                return self._announce(tx, seen)
            return _Begun(execution.entry_id, shown_before=execution.finished_at is not None)

    def _announce(self, tx: Transaction, seen: DisclosureView) -> _Begun:
        """Puts the reading on record. Raises `NobodyBehind`, `PersonChanged`."""
        request, reader = seen.disclosure.request, StaffId(tx.actor.id)
        person_id = self._person(tx, request)
        entry_id = self._vault.begin_reading(tx, person_id, request.wanted.purpose, request.wanted.fields, request.id)
        self._docket.begin(tx, request, reader, entry_id)
        opened = repository.count_openings(tx.session, reader)
        if opened not in ALARMS:
            return _Begun(entry_id, shown_before=False)
        audit.record(tx, Action.DISCLOSURE_ALARMED, ObjectKind.STAFF, reader, reason=str(opened), case=request.id)
        return _Begun(entry_id, shown_before=False, alarm=opened)

    def _receipt(self, begun: _Begun) -> Receipt:
        """Of the entry that announced the opening: waited for once, and proved anew whenever it is asked again."""
        return (
            self._proofs.inclusion(begun.entry_id) if begun.shown_before else self._receipts.published(begun.entry_id)
        )

    def _open(
        self, actor: Actor, session: StaffSession, disclosure_id: str, receipt: Receipt, alarm: int | None
    ) -> OpenedIdentity:
        """Judges once more, since somebody may have refused or lost a role meanwhile."""
        with self._unit_of_work.begin(actor) as tx:
            seen = self._executable(tx, session, disclosure_id)
            request, execution = seen.disclosure.request, seen.disclosure.execution
            if execution is None or execution.entry_id != receipt.entry_id:
                raise PersonChanged
            person_id = self._person(tx, request)
            fields = self._vault.open_read(tx, person_id, request.wanted.fields, receipt, request.id)
            shown_before = execution.finished_at is not None
            if not shown_before:
                self._docket.finish(tx, request)
            outcome = _REPEATED if shown_before else "done"
            audit.record(
                tx,
                Action.DISCLOSURE_EXECUTED,
                ObjectKind.DISCLOSURE,
                request.id,
                outcome=outcome,
                case=receipt.entry_id,
            )
            return OpenedIdentity(fields, receipt, shown_before, alarm)

    def _person(self, tx: Transaction, request: DisclosureRequest) -> PersonId:
        """Who stands behind the account, and did when it was asked. Raises `NobodyBehind`, `PersonChanged`."""
        person_id = person_behind(tx, request.wanted.account_id)
        if person_id is None:
            raise NobodyBehind
        if self._docket.person_digest(request.id, person_id) != request.person_digest:
            raise PersonChanged
        return person_id

    def _executable(self, tx: Transaction, session: StaffSession, disclosure_id: str) -> DisclosureView:
        """Raises what speaks against it."""
        if session.staff.id != tx.actor.id or not session.is_fresh(tx.now):
            raise SecondFactorNeeded
        seen = self._docket.seen(tx, disclosure_id, lock=True)
        rules.judge_execution(seen, self._docket.member_acting(tx), tx.now)
        return seen
