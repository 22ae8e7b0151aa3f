"""Use cases of the person at the pages: begin, choose, agree, prove, leave; each is a step from a known version."""

import hmac
import secrets
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from app import policies
from app.accounts.domain import HANDLE_LENGTH, Account, AccountChange, AccountName, Profile
from app.accounts.naming import Naming
from app.accounts.service import find_open, names_told
from app.agreements.domain import AcceptanceChannel, AgreementKind
from app.agreements.service import accept
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.crypto.mac import Mac, MacUse
from app.db.unit_of_work import ConstraintViolated, Transaction, UnitOfWork, again_on_collision
from app.forums.domain import ForumStatus
from app.forums.service import get_forum
from app.kernel.actor import Actor, ActorKind
from app.kernel.errors import ShimingError
from app.kernel.ids import AccountId, VerificationId
from app.kernel.secret import Secret
from app.registration import repository
from app.registration.domain import NOTICE_VERSION, Flow, FlowStatus, Stand, Step, Way
from app.registration.errors import BoundElsewhere, LinkDead, StepPassed
from app.registration.service import LIFETIME, close, end_flow, link_digest, read_stand
from app.verification.domain import Outcome, Verification
from app.verification.progress import Progress, read_progress
from app.verification.service import NoteAttempt

_LONGEST = timedelta(hours=policies.FLOW_LONGEST.value)
_HANDOFF = timedelta(minutes=policies.HANDOFF_LIFETIME.value)
_SECOND_CLICK = timedelta(seconds=10)
_TAG_BYTES = 16
_SUFFIXES = tuple(str(number) for number in range(2, 100))
_SUFFIX_LENGTH, _TRIED, _SUGGESTED = 2, 6, 3
_ROUNDS = 3
_MINUTE = 60
_ANYBODY = Actor(ActorKind.PERSON, "link")


@dataclass(frozen=True, slots=True)
class Visit:
    """A person at the one step where they are, in the browser that the flow is bound to."""

    link: Secret[str]
    secret: Secret[str]
    """What this browser keeps."""
    stand: Stand
    form_tag: str
    """Goes into every form and comes back with it: names the version and shows that the form is this browser's."""

    @property
    def flow(self) -> Flow:
        return self.stand.flow

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind.PERSON, self.flow.id)


class Visits:
    def __init__(self, unit_of_work: UnitOfWork, mac: Mac, naming: Naming) -> None:
        self._unit_of_work = unit_of_work
        self._mac = mac
        self._naming = naming

    def look(self, link: Secret[str]) -> Stand:
        """What anybody with the link may know: the forum, and whether it still works. Raises `LinkDead`."""
        with self._unit_of_work.read() as tx:
            return read_stand(tx, self._find(tx, link))

    def visit(self, link: Secret[str], secret: Secret[str] | None, *, tag: str | None = None) -> Visit:
        """The person's own view. `tag` is what their form brought.

        Raises `LinkDead`, `BoundElsewhere` in any other browser, `StepPassed` for a form of an earlier step.
        """
        stand = self.look(link)
        if secret is None or not self._is_bound(stand.flow, secret):
            raise BoundElsewhere
        visit = Visit(link, secret, stand, self._tag(stand.flow, secret))
        if tag is not None and not hmac.compare_digest(tag.encode(), visit.form_tag.encode()):
            raise StepPassed
        return visit

    def bind(self, link: Secret[str], entry: Secret[str], fresh: Secret[str], handoff: str | None = None) -> None:
        """Gives an unbound flow, or one whose browser handed it on, to the browser that holds `fresh` from now on.

        `entry` is what that browser held when it asked: a second click within 10 s, which may have lost the answer to
        the first, is let in again as long as nothing else was done. Raises `LinkDead`, `BoundElsewhere`.
        """
        for _ in range(_ROUNDS):
            with suppress(StepPassed):  # another click was quicker: then this one is the second
                return self._bind(link, entry, fresh, handoff)
        raise BoundElsewhere

    def _bind(self, link: Secret[str], entry: Secret[str], fresh: Secret[str], handoff: str | None) -> None:
        with self._unit_of_work.begin(_ANYBODY) as tx:
            flow = self._find(tx, link)
            held = self._browser(flow, entry)
            again = self._is_second_click(flow, held, tx.now)
            handed_on = handoff is not None and self._is_handed_on(flow, handoff, tx.now)
            if not (flow.bound_digest is None or again or handed_on):
                raise BoundElsewhere
            entries = (flow.entry_digest or b"") + (flow.bound_digest or b"") if again else held
            self._rebind(tx, flow, fresh, entries)
            if flow.bound_digest is None:
                audit.record(tx, Action.NOTICE_GIVEN, ObjectKind.FLOW, flow.id, reason=NOTICE_VERSION)

    def find_again(self, link: Secret[str], fresh: Secret[str], proof: Verification) -> None:
        """Gives the flow to a browser whose person has just entered a code to a phone on record.

        Raises `LinkDead`, `BoundElsewhere`.
        """
        with self._unit_of_work.begin(_ANYBODY) as tx:
            flow = self._find(tx, link)
            if proof.outcome is not Outcome.VERIFIED or proof.account_id != flow.account_id:
                raise BoundElsewhere
            self._rebind(tx, flow, fresh, self._browser(flow, fresh))

    def progress(self, flow: Flow, attempt: VerificationId) -> Progress:
        """How an attempt to find a flow again stands. Raises `VerificationNotFound`."""
        with self._unit_of_work.read() as tx:
            return read_progress(tx, flow.forum_id, attempt)

    def handoff(self, visit: Visit) -> str:
        """A ticket for one other browser, good for `HANDOFF_LIFETIME`, to the minute, until the flow is bound anew."""
        expires = (int((visit.stand.now + _HANDOFF).timestamp()) // _MINUTE + 1) * _MINUTE  # one drawing a minute
        return f"{expires}.{self._handoff_tag(visit.flow, expires)}"

    def try_handle(self, visit: Visit, typed: str) -> bool:
        """Whether the handle, which could be taken now, would wait for a review. Raises as `choose_handle`."""
        with self._unit_of_work.read() as tx:
            return self._naming.would_wait(tx, _applicant(visit.stand, tx.now), typed.strip())

    def suggest(self, visit: Visit, typed: str) -> list[str]:
        """Free handles that resemble one which is not, and that others would see at once."""
        stem = unicodedata.normalize("NFKC", typed).strip()[: HANDLE_LENGTH.stop - 1 - _SUFFIX_LENGTH]
        found = []
        with self._unit_of_work.read() as tx:
            for suffix in secrets.SystemRandom().sample(_SUFFIXES, _TRIED):
                with suppress(ShimingError):
                    if not self._naming.would_wait(tx, _applicant(visit.stand, tx.now), stem + suffix):
                        found.append(stem + suffix)
        return found[:_SUGGESTED]

    def choose_handle(self, visit: Visit, typed: str) -> None:
        """Registers the account, or renames the one that this flow made or was begun for.

        Raises `HandleInvalid`, `HandleTaken`, `ExternalIdTaken`, `Invalid`, `ScreeningBlocked`, `StepPassed`.
        """
        flow, handle = visit.flow, unicodedata.normalize("NFKC", typed).strip()
        again_on_collision(lambda: self._choose_handle(visit, flow, handle))

    def _choose_handle(self, visit: Visit, flow: Flow, handle: str) -> None:
        with (
            names_told(self._unit_of_work, flow.forum_id, None if flow.account_id else flow.external_id),
            self._unit_of_work.begin(visit.actor) as tx,
        ):
            if flow.handle_only:
                self._naming.change(tx, self._account(tx, flow), AccountChange(handle, None, {}))
                repository.change(tx.session, flow)
                close(tx, visit.stand, FlowStatus.COMPLETED)
            elif visit.stand.account is not None and visit.stand.may_return_to(Step.HANDLE):
                self._naming.rename(tx, self._account(tx, flow), handle)
                repository.change(tx.session, flow)
            elif visit.stand.account is None:
                account = self._naming.add(tx, flow.forum_id, handle, flow.external_id, Profile())
                repository.change(tx.session, flow, account_id=account.id, wanted_handle=None)
            else:
                raise StepPassed

    def accept_agreement(self, visit: Visit, version: str) -> None:
        """Records it by the page. Raises `NoAgreementInForce`, `UnknownAgreementVersion`, `StepPassed`. Source: L6b."""
        flow = visit.flow
        try:
            with self._unit_of_work.begin(visit.actor) as tx:
                accept(tx, self._account(tx, flow).id, AgreementKind.USER, version, AcceptanceChannel.PAGE)
                repository.change(tx.session, flow, agreed=True)
        except ConstraintViolated:
            raise StepPassed from None

    def choose_way(self, visit: Visit, way: Way) -> None:
        """Raises `StepPassed`. What was proved stays proved; what was refused may be tried in another way."""
        if way is Way.PHONE and visit.stand.needs_document:
            raise StepPassed
        kept = {
            step: attempt
            for step, attempt in visit.flow.attempts.items()
            if visit.stand.progress[step].verification.outcome is Outcome.VERIFIED
        }
        self._change(visit, way=way, without_phone=False, attempts=kept)

    def go_without_phone(self, visit: Visit) -> None:
        """For who has no mainland phone and a document to show. Raises `StepPassed`."""
        if visit.flow.way in {None, Way.PHONE}:
            raise StepPassed
        attempts = {step: attempt for step, attempt in visit.flow.attempts.items() if step is not Step.PHONE}
        self._change(visit, without_phone=True, attempts=attempts)

    def ask_phone_again(self, visit: Visit) -> None:
        """Another number, another code, or a new proof that the phone is still theirs. Raises `StepPassed`."""
        attempts = {step: attempt for step, attempt in visit.flow.attempts.items() if step is not Step.PHONE}
        self._change(visit, without_phone=False, attempts=attempts, phone_ending=None)

    def ask_again(self, visit: Visit, proof: Step) -> None:
        """Takes back an attempt at a document that has come to no end. Raises `StepPassed`."""
        attempts = {step: attempt for step, attempt in visit.flow.attempts.items() if step is not proof}
        self._change(visit, attempts=attempts)

    def noting(self, visit: Visit, proof: Step, *, phone_ending: str | None = None) -> NoteAttempt:
        """The step that joins the beginning of an attempt, so that the flow knows of it, and of one at a time."""
        values = {} if phone_ending is None else {"phone_ending": phone_ending}
        return _note(visit.flow, proof, values)

    def noting_by_hand(self, visit: Visit) -> NoteAttempt:
        """The same for what a person of the staff is to look at: no phone has to be proved any more.

        Raises `StepPassed` where nothing but a phone was to be proved.
        """
        if visit.flow.way in {None, Way.PHONE}:
            raise StepPassed
        return _note(visit.flow, Step.DOCUMENT, {} if visit.stand.step is Step.DOCUMENT else {"without_phone": True})

    def finish(self, link: Secret[str]) -> None:
        """Writes down that a flow is done, when it is. Changes nothing otherwise."""
        with self._unit_of_work.begin(_ANYBODY) as tx:
            flow = self._find(tx, link)
            if flow.ended is None and (stand := read_stand(tx, flow)).status is FlowStatus.COMPLETED:
                close(tx, stand, FlowStatus.COMPLETED)

    def extend(self, visit: Visit) -> None:
        """From now on as long as a new link, at most `FLOW_LONGEST` in all. It is no step."""
        with self._unit_of_work.begin(visit.actor) as tx:
            until = min(tx.now + LIFETIME, visit.flow.created_at + _LONGEST)
            repository.extend(tx.session, visit.flow, max(until, visit.flow.expires_at))

    def leave(self, visit: Visit) -> FlowStatus:
        """Gives up; what was entered is erased. A person who is verified already has completed."""
        with self._unit_of_work.begin(visit.actor) as tx:
            return end_flow(tx, visit.flow)

    def _change(self, visit: Visit, **values: object) -> None:
        with self._unit_of_work.begin(visit.actor) as tx:
            repository.change(tx.session, visit.flow, **values)

    def _find(self, tx: Transaction, link: Secret[str]) -> Flow:
        """Raises `LinkDead`, also for a forum that the operator has cut off."""
        flow = repository.find_by_link(tx.session, link_digest(self._mac, link))
        if flow is None or get_forum(tx, flow.forum_id).status is not ForumStatus.ACTIVE:
            raise LinkDead
        return flow

    def _account(self, tx: Transaction, flow: Flow) -> Account:
        """Held. Raises `AccountIsClosed`."""
        return find_open(tx, flow.forum_id, AccountName(account_id=flow.account_id), lock=True)

    def _rebind(self, tx: Transaction, flow: Flow, fresh: Secret[str], entry_digest: bytes) -> None:
        repository.change(
            tx.session,
            flow,
            bound_digest=self._browser(flow, fresh),
            entry_digest=entry_digest,
            bound_at=tx.now,
            bound_version=flow.version + 1,
        )

    def may_click_again(self, link: Secret[str], entry: Secret[str]) -> bool:
        """Whether a browser that is not let in began this flow a moment ago, and lost the answer."""
        with self._unit_of_work.read() as tx:
            flow = self._find(tx, link)
            return self._is_second_click(flow, self._browser(flow, entry), tx.now)

    def _is_bound(self, flow: Flow, secret: Secret[str]) -> bool:
        return flow.bound_digest is not None and self._mac.same(flow.bound_digest, self._browser(flow, secret))

    def _is_second_click(self, flow: Flow, entry_digest: bytes, now: datetime) -> bool:
        if flow.version != flow.bound_version or flow.bound_at is None or now >= flow.bound_at + _SECOND_CLICK:
            return False
        entries = flow.entry_digest or b""
        known = (entries[begin : begin + len(entry_digest)] for begin in range(0, len(entries), len(entry_digest)))
        return any(self._mac.same(one, entry_digest) for one in known)

    def _is_handed_on(self, flow: Flow, ticket: str, now: datetime) -> bool:
        expires, _, tag = ticket.partition(".")
        if not (expires.isascii() and expires.isdigit() and len(expires) <= _TAG_BYTES):
            return False
        expected = self._handoff_tag(flow, int(expires))
        return now.timestamp() < int(expires) and hmac.compare_digest(expected.encode(), tag.encode())

    def _handoff_tag(self, flow: Flow, expires: int) -> str:
        """Dies with the binding that it was made under."""
        bound = (flow.bound_digest or b"").hex()
        return self._mac.digest(MacUse.FLOW_HANDOFF, flow.id, bound, str(expires))[:_TAG_BYTES].hex()

    def _browser(self, flow: Flow, secret: Secret[str]) -> bytes:
        return self._mac.digest(MacUse.FLOW_BROWSER, flow.id, secret.reveal())

    def _tag(self, flow: Flow, secret: Secret[str]) -> str:
        tag = self._mac.digest(MacUse.FLOW_FORM, flow.id, secret.reveal(), str(flow.version))
        return tag[:_TAG_BYTES].hex()


def _note(flow: Flow, proof: Step, values: Mapping[str, object]) -> NoteAttempt:
    def note(tx: Transaction, attempt: VerificationId) -> None:
        attempts = {step.value: known for step, known in flow.attempts.items()} | {proof.value: attempt}
        repository.change(tx.session, flow, attempts=attempts, **values)

    return note


def _applicant(stand: Stand, now: datetime) -> Account:
    """The account of the flow, or the one that it is about to make."""
    nobody = Account(AccountId(""), stand.flow.forum_id, "", None, Profile(), now, now)
    return stand.account or nobody
