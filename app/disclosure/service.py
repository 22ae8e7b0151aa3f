"""Use cases: ask for an identity, approve, refuse, withdraw, and see how requests stand. Source: L1, L5h."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from app import policies
from app.accounts.domain import Account
from app.accounts.service import find_anywhere
from app.audit import service as audit
from app.audit.domain import Action, AuditObject, ObjectKind
from app.audit.receipts import Act, Receipts
from app.audit.search import FoundEntry, entries_about
from app.db.unit_of_work import ConstraintViolated, Transaction, UnitOfWork
from app.disclosure import rules
from app.disclosure.docket import Docket
from app.disclosure.domain import Approver, Closing, DisclosureRequest, DisclosureView, Happened, Wanted
from app.disclosure.errors import (
    BLANK,
    NOTIFY_IN_TIME,
    UNPRINTABLE,
    AlreadyApproved,
    ApproverTooNew,
    NobodyBehind,
    NoSuchAccountAnywhere,
    RequestChangedUnderEyes,
    unusable,
)
from app.disclosure.refusals import on_record
from app.kernel.actor import Actor
from app.kernel.errors import ShimingError
from app.kernel.ids import DisclosureId, PersonId, StaffId, new_id
from app.staff.access import Permission, Role
from app.staff.domain import Staff, StaffSession
from app.staff.errors import RoleNotSufficient, SecondFactorNeeded
from app.vault.domain import ReadPurpose
from app.verification.links import person_behind

Note = Callable[[Transaction, str], None]
"""A step of the caller's, in the transaction of the effect; it is told the id."""
_MOST_TOLD = 100
_BY_AN_INSTRUMENT = frozenset({ReadPurpose.LAWFUL_REQUEST, ReadPurpose.COURT_ORDER})
_LONGEST_DELAY = timedelta(days=policies.DISCLOSURE_NOTICE_DELAY.value)
_ACTS = {Closing.REFUSED: Action.DISCLOSURE_REFUSED, Closing.WITHDRAWN: Action.DISCLOSURE_WITHDRAWN}


def _nothing(_tx: Transaction, _disclosure_id: str) -> None:
    pass


class Disclosures:
    """The actor is a member of the staff; who they are now is read anew in every transaction.

    Every refusal is on record. None of this opens an identity: `openings` does.
    """

    def __init__(self, unit_of_work: UnitOfWork, docket: Docket, receipts: Receipts) -> None:
        self._unit_of_work = unit_of_work
        self._docket = docket
        self._receipts = receipts

    def request(self, actor: Actor, wanted: Wanted, note: Note = _nothing) -> DisclosureView:
        """Asks for fields of one person, by an account; good for 24 hours.

        Raises `RoleNotSufficient`, `WantedUnusable`, `NoSuchAccountAnywhere`, `NobodyBehind`, `TooFewStaff`.
        Source: L1, L5h.
        """
        with on_record(self._unit_of_work, actor, Action.DISCLOSURE_REQUESTED), self._unit_of_work.begin(actor) as tx:
            requester = self._docket.member_acting(tx)
            if not requester.may(Permission.DISCLOSURE_REQUEST, tx.now):
                raise RoleNotSufficient
            _refuse_unusable(wanted, tx.now)
            account = find_anywhere(tx, wanted.account_id)
            if account is None:
                raise NoSuchAccountAnywhere
            person_id = person_behind(tx, account.id)
            if person_id is None:
                raise NobodyBehind
            needed = self._docket.needed(tx, account.id)
            rules.refuse_too_few(self._docket.members(tx), requester, needed, tx.now)
            made = self._made(tx, requester, account, person_id, wanted)
            seen = self._docket.add(tx, made)
            _record(tx, Action.DISCLOSURE_REQUESTED, made, reason=wanted.purpose)
            note(tx, made.id)
            return seen

    def _made(
        self, tx: Transaction, requester: Staff, account: Account, person_id: PersonId, wanted: Wanted
    ) -> DisclosureRequest:
        disclosure_id = DisclosureId(new_id("dsc", tx.now))
        person_digest = self._docket.person_digest(disclosure_id, person_id)
        return DisclosureRequest(
            disclosure_id, requester.id, account.forum_id, wanted, tx.now, account.handle, person_digest
        )

    def approve(
        self,
        actor: Actor,
        session: StaffSession,
        disclosure_id: str,
        seen_digest: bytes | None = None,
        note: Note = _nothing,
    ) -> DisclosureView:
        """Approves exactly what stands there, once that is on record for good.

        `seen_digest` is that of the request as the approver saw it, where they say so. Raises `SecondFactorNeeded`,
        `NoSuchDisclosure`, `RoleNotSufficient`, `OwnRequest`, `ApproverTooNew`, what `rules.refuse_ended` raises,
        `AlreadyExecuted`, `AlreadyApproved`, `RequestChangedUnderEyes`, `AuditNotPublished`. Source: L5h.
        """
        with on_record(self._unit_of_work, actor, Action.DISCLOSURE_APPROVED, disclosure_id):
            with self._unit_of_work.read() as tx:
                request = self._approvable(replace(tx, actor=actor), session, disclosure_id)
                if seen_digest not in {None, request.digest()}:
                    raise RequestChangedUnderEyes
            acted_on, digest = AuditObject(ObjectKind.DISCLOSURE, request.id), request.digest()
            act = Act(Action.DISCLOSURE_APPROVED, acted_on, request.wanted.purpose, digest.hex())
            receipt = self._receipts.fail_closed(actor, act)
            try:
                return self._approve(actor, session, request, receipt.entry_id, note)
            except ConstraintViolated:  # the same person, in this very moment
                raise AlreadyApproved from None

    def _approve(
        self, actor: Actor, session: StaffSession, published: DisclosureRequest, entry_id: str, note: Note
    ) -> DisclosureView:
        with self._unit_of_work.begin(actor) as tx:
            request = self._approvable(tx, session, published.id, lock=True)
            if request.digest() != published.digest():
                raise RequestChangedUnderEyes
            self._docket.approve(tx, request, StaffId(actor.id))
            audit.record(tx, Action.DISCLOSURE_APPROVED, ObjectKind.DISCLOSURE, request.id, case=entry_id)
            note(tx, request.id)
            return self._docket.seen(tx, request.id)

    def _approvable(
        self, tx: Transaction, session: StaffSession, disclosure_id: str, *, lock: bool = False
    ) -> DisclosureRequest:
        """Raises what speaks against an approval by whoever acts."""
        if session.staff.id != tx.actor.id or not session.is_fresh(tx.now):
            raise SecondFactorNeeded
        seen = self._docket.seen(tx, disclosure_id, lock=lock)
        rules.judge_approval(seen, self._docket.member_acting(tx), tx.now)
        return seen.disclosure.request

    def refuse(self, actor: Actor, disclosure_id: str, note: Note = _nothing) -> DisclosureView:
        """Ends a request for good. Raises what `rules.judge_closing` raises, `NoSuchDisclosure`."""
        return self._close(actor, disclosure_id, Closing.REFUSED, note)

    def withdraw(self, actor: Actor, disclosure_id: str, note: Note = _nothing) -> DisclosureView:
        """Takes a request of one's own back. Raises what `rules.judge_closing` raises, `NoSuchDisclosure`."""
        return self._close(actor, disclosure_id, Closing.WITHDRAWN, note)

    def _close(self, actor: Actor, disclosure_id: str, closing: Closing, note: Note) -> DisclosureView:
        action = _ACTS[closing]
        with on_record(self._unit_of_work, actor, action, disclosure_id), self._unit_of_work.begin(actor) as tx:
            seen, member = self._docket.seen(tx, disclosure_id, lock=True), self._docket.member_acting(tx)
            rules.judge_closing(seen, member, closing, tx.now)
            self._docket.close(tx, seen.disclosure.request, closing, member.id)
            audit.record(tx, action, ObjectKind.DISCLOSURE, disclosure_id)
            note(tx, disclosure_id)
            tx.session.flush()
            return self._docket.seen(tx, disclosure_id)

    def get(self, actor: Actor, disclosure_id: str) -> DisclosureView:
        """For who asked and who may approve. Raises `NoSuchDisclosure`."""
        with self._unit_of_work.read() as tx:
            return self._docket.seen(replace(tx, actor=actor), disclosure_id)

    def approvers(self, actor: Actor, disclosure_id: str) -> list[Approver]:
        """Everybody with the role that approves, and why who may not may not; the oldest member first.

        Raises `NoSuchDisclosure`.
        """
        with self._unit_of_work.begin(actor) as tx:
            seen = self._docket.seen(tx, disclosure_id)
            return [_judged(seen, one, tx.now) for one in self._docket.members(tx) if Role.PRIVACY in one.roles]

    def approvers_beside(self, actor: Actor) -> list[Approver]:
        """Everybody else who may be asked for an approval, before anything is asked for; the oldest member first."""
        with self._unit_of_work.read() as tx:
            others = [one for one in self._docket.members(tx) if one.id != actor.id]
            return [_beside(one, tx.now) for one in others if one.may(Permission.DISCLOSURE_APPROVE, tx.now)]

    def history(self, actor: Actor, disclosure_id: str) -> list[Happened]:
        """What the log says of a request, the newest first: attempts too. Raises `NoSuchDisclosure`."""
        with self._unit_of_work.begin(actor) as tx:
            found = entries_about(tx, [self._docket.seen(tx, disclosure_id).disclosure.id], _MOST_TOLD)
            return [one for one in map(_happened, found) if one is not None]

    def waiting(self, actor: Actor) -> int:
        """How many requests wait for this member: for an approval of theirs, or, approved, to be opened by them."""
        with self._unit_of_work.read() as tx:
            reader = self._docket.member_acting(replace(tx, actor=actor))
            return sum(rules.waits_for(one, reader, tx.now) for one in self._docket.open_ones(tx))

    def list_all(self, actor: Actor, before: str | None, limit: int) -> list[DisclosureView]:
        """Newest first: all of them for who may approve, their own for who may ask. Raises `RoleNotSufficient`."""
        with self._unit_of_work.read() as tx:
            reader = self._docket.member_acting(replace(tx, actor=actor))
            if not reader.may(Permission.DISCLOSURE_REQUEST, tx.now):
                raise RoleNotSufficient
            return self._docket.list_seen(tx, reader, before, limit)


def _record(tx: Transaction, action: Action, request: DisclosureRequest, reason: str) -> None:
    audit.record(tx, action, ObjectKind.DISCLOSURE, request.id, reason=reason, case=request.digest().hex())


def _judged(seen: DisclosureView, member: Staff, now: datetime) -> Approver:
    refusal: ShimingError | None = None
    try:
        rules.judge_approval(seen, member, now)
    except ShimingError as found:
        refusal = found
    waits = isinstance(refusal, ApproverTooNew)
    return Approver(member.id, member.email, refusal, rules.able_from(member) if waits else None)


def _beside(member: Staff, now: datetime) -> Approver:
    waits = not rules.may_approve(member, now, now)
    return Approver(
        member.id, member.email, ApproverTooNew() if waits else None, rules.able_from(member) if waits else None
    )


def _happened(found: FoundEntry) -> Happened | None:
    """None for one whose bytes are gone, which `audit verify` tells."""
    if found.entry is None:
        return None
    said = {name: str(found.entry[name] or "") for name in ("ts", "action", "outcome", "reason", "case")}
    actor = found.entry["actor"]
    return Happened(
        entry_id=found.entry_id,
        at=datetime.fromisoformat(said["ts"]),
        action=said["action"],
        actor_id=str(actor["id"]) if isinstance(actor, dict) else "",
        outcome=said["outcome"],
        reason=said["reason"],
        case=said["case"],
    )


def _refuse_unusable(wanted: Wanted, now: datetime) -> None:
    """Raises `WantedUnusable`."""
    for pointer, said in (
        ("/authority", wanted.authority),
        ("/instrument_no", wanted.instrument_no),
        ("/legal_basis", wanted.legal_basis),
    ):
        if not said.strip():
            raise unusable(pointer, "blank", BLANK)
        if not said.replace("\n", "").isprintable():
            raise unusable(pointer, "bad-character", UNPRINTABLE)
    if not wanted.fields:
        raise unusable("/fields", "blank", BLANK)
    until = wanted.notify_after
    if until is not None and not (wanted.purpose in _BY_AN_INSTRUMENT and now < until <= now + _LONGEST_DELAY):
        raise unusable("/notify_after", "not-allowed", NOTIFY_IN_TIME)
