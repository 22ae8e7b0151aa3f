"""Use cases of the documents: prepare, check with a provider, read the outcome."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from app import policies
from app.accounts.domain import Account, AccountName
from app.accounts.service import find_named, find_open
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.crypto.blind_index import BlindIndex, IndexValue
from app.crypto.mac import Mac, MacUse
from app.db.unit_of_work import ConstraintViolated, Transaction, UnitOfWork, again_on_collision
from app.forums.service import get_forum, hold_forum
from app.kernel.actor import SYSTEM, Actor
from app.kernel.clock import SHANGHAI
from app.kernel.errors import Unavailable
from app.kernel.ids import AccountId, ForumId, PersonId, VerificationId, new_id
from app.kernel.secret import Secret
from app.vault.domain import DocumentRecord
from app.vault.service import Vault
from app.verification import attempts, repository
from app.verification.announcements import announce, announce_lost
from app.verification.checks import Checks, end_after
from app.verification.documents import Document, DocumentType, age_on, read_document
from app.verification.domain import Ending, IdentityLevel, InnerReason, Method, Outcome, Reason, Verification, ending
from app.verification.errors import (
    DirectVerificationOff,
    MinorNotAllowed,
    NoResponsiblePerson,
    PossessionRequired,
    TooManyAttempts,
)
from app.verification.forgiving import begin_by_hand
from app.verification.links import DocumentProof, Links, person_behind
from app.verification.organisations import Organisations
from app.verification.phones import read_phone
from app.verification.providers.contract import CheckKind, CheckResult, ProviderError, ProviderUnavailable, Verdict

NoteAttempt = Callable[[Transaction, VerificationId], None]
_DAY = timedelta(days=1)
_LOST = timedelta(seconds=policies.ATTEMPT_LOST.value)
_POSSESSION = timedelta(minutes=policies.POSSESSION_WINDOW.value)


@dataclass(frozen=True, slots=True)
class GivenDocument:
    """A document as it was typed in."""

    type: DocumentType
    number: Secret[str]
    name: Secret[str]
    country: str | None = None
    phone: Secret[str] | None = None


@dataclass(frozen=True, slots=True)
class DocumentRequest:
    """A well-formed document that may be checked, and the account it is for."""

    forum_id: ForumId
    account_id: AccountId
    method: Method
    document: Document
    subject_digest: bytes


@dataclass(frozen=True, slots=True)
class StartedCheck:
    """An attempt that stands in the database and has asked nobody yet."""

    request: DocumentRequest
    verification_id: VerificationId
    started_at: datetime
    ended: Verification | None
    """Where nobody can be asked, it has ended with that already."""


@dataclass(frozen=True, slots=True)
class AskedProvider:
    """An attempt whose question has been asked: a verdict about the person, or an error about anything else."""

    request: DocumentRequest
    verification_id: VerificationId
    started_at: datetime
    answer: CheckResult | ProviderError

    @property
    def needs_index(self) -> bool:
        """For every verdict about a person alike; an organisation is never looked for."""
        return isinstance(self.answer, CheckResult) and self.request.method is not Method.ORGANISATION


class Verifications:
    def __init__(
        self,
        unit_of_work: UnitOfWork,
        vault: Vault,
        blind_index: BlindIndex,
        mac: Mac,
        checks: Checks,
        *,
        direct_by_default: bool,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._links = Links(vault)
        self._organisations = Organisations(vault)
        self._blind_index = blind_index
        self._mac = mac
        self._checks = checks
        self._direct_by_default = direct_by_default

    def prepare(
        self, forum_id: ForumId, name: AccountName, method: Method, given: GivenDocument, *, direct: bool = True
    ) -> DocumentRequest:
        """The cheap refusals: nothing is written, nobody is asked, no attempt is counted.

        `direct` is for a document that a forum's backend sends, and not its person at our own pages.

        Raises `DirectVerificationOff`, `DocumentInvalid`, `PhoneInvalid`, `MinorNotAllowed`, `AccountNotFound`,
        `AccountIsClosed`, `NoResponsiblePerson`, `PossessionRequired`, `TooManyAttempts`.
        """
        with self._unit_of_work.read() as tx:
            if direct and not self._direct_by_default and get_forum(tx, forum_id).direct_verification is None:
                raise DirectVerificationOff
            document = self._read(method, given, tx.now)
            account = find_open(tx, forum_id, name)
            subject = self._mac.digest(MacUse.ATTEMPT_SUBJECT, account.id, document.type.value, document.key.reveal())
            link = repository.find_link(tx.session, account.id)
            if method is Method.ORGANISATION and (link is None or link.level is not IdentityLevel.DOCUMENT):
                raise NoResponsiblePerson
            if link is not None and not self._links.possession_proved(tx, link, tx.now - _POSSESSION):
                raise PossessionRequired
            _refuse_too_many(tx, account.id, subject)
        return DocumentRequest(forum_id, account.id, method, document, subject)

    def _read(self, method: Method, given: GivenDocument, now: datetime) -> Document:
        today = now.astimezone(SHANGHAI).date()
        document = read_document(given.type, given.number, given.name, today, given.country)
        if given.phone is not None:
            document = replace(document, phone=read_phone(given.phone))
        self._checks.refuse(CheckKind(method), document)
        if document.birth is not None and age_on(document.birth, today) < policies.MINIMUM_AGE.value:
            raise MinorNotAllowed
        return document

    def start(self, actor: Actor, request: DocumentRequest, note: NoteAttempt) -> StartedCheck:
        """Writes the attempt down before anybody is asked, so that a crash cannot hide that they were.

        `note` is a step that joins the transaction, for a caller who must know of the attempt as surely.
        Raises `AccountIsClosed`, `TooManyAttempts`, `Unavailable` while other checks of this account, or one of this
        document on it, are in flight.
        """
        try:
            with self._unit_of_work.begin(actor) as tx:
                account = find_open(tx, request.forum_id, AccountName(account_id=request.account_id), lock=True)
                _close_lost(tx, request.account_id)
                _refuse_too_many(tx, request.account_id, request.subject_digest)
                started = self._start(tx, account, request)
                note(tx, started.verification_id)
                return started
        except ConstraintViolated:
            raise Unavailable(retry_after=1) from None

    def _start(self, tx: Transaction, account: Account, request: DocumentRequest) -> StartedCheck:
        verification_id = VerificationId(new_id("vrf", tx.now))
        attempt = repository.Attempt(
            id=verification_id,
            forum_id=request.forum_id,
            account_id=request.account_id,
            method=request.method,
            provider=self._checks.name,
            sandbox=self._checks.sandbox,
            document_type=request.document.type,
            subject_digest=request.subject_digest,
        )
        repository.add_attempt(tx.session, attempt, tx.now)
        audit.record(tx, Action.VERIFICATION_STARTED, ObjectKind.VERIFICATION, verification_id, reason=request.method)
        ended = None
        if not self._checks.can_ask(CheckKind(request.method), request.document):
            ended = _end(
                tx, account, verification_id, request.method, end_after(ProviderUnavailable(self._checks.name))
            )
        return StartedCheck(request, verification_id, tx.now, ended)

    def ask_by_hand(self, actor: Actor, forum_id: ForumId, account_id: AccountId, note: NoteAttempt) -> None:
        """Has a person look at what no record can confirm: a rare character, no phone of one's own. Nothing is decided.

        Asking again changes nothing. Raises `AccountIsClosed`.
        """
        with self._unit_of_work.begin(actor) as tx:
            find_open(tx, forum_id, AccountName(account_id=account_id), lock=True)
            note(tx, begin_by_hand(tx, forum_id, account_id))

    def ask(self, started: StartedCheck) -> AskedProvider:
        """Asks the providers, without a transaction around it; the caller holds a provider seat."""
        request = started.request
        answer = self._checks.ask(started.verification_id, CheckKind(request.method), request.document)
        return AskedProvider(request, started.verification_id, started.started_at, answer)

    def close_lost(self) -> int:
        """A use case of the background: ends checks whose answer a crash has lost; never asks anybody again."""
        with self._unit_of_work.begin(SYSTEM) as tx:
            return _close_lost(tx)

    def index(self, asked: AskedProvider) -> IndexValue:
        """The slow index, paid for every verdict alike; the caller holds a seat for it."""
        return self._blind_index.of(asked.request.document.type.value, asked.request.document.key)

    def settle(self, actor: Actor, asked: AskedProvider, index: IndexValue | None) -> Verification:
        """Makes of the answer what it is worth: only a match with its index can verify anybody."""
        return again_on_collision(lambda: self._settle(actor, asked, index))

    def get(self, forum_id: ForumId, verification_id: str) -> Verification:
        """Raises `VerificationNotFound`, also for another forum's."""
        with self._unit_of_work.read() as tx:
            return repository.get(tx.session, forum_id, verification_id, tx.now)

    def person_behind(self, account_id: AccountId) -> PersonId | None:
        """Who stands behind an account, for those who may open the vault; nothing outside learns it."""
        with self._unit_of_work.read() as tx:
            return person_behind(tx, account_id)

    def is_adult(self, tx: Transaction, account_id: AccountId) -> bool:
        """A step: whether the person behind an account is known to be 18; never where the age is unknown.

        Only a year is kept: in the year in which they turn 18 nobody counts as adult yet. Source: N10.
        """
        link = repository.find_link(tx.session, account_id)
        return link is not None and self._links.is_adult(tx, link.person_id)

    def _settle(self, actor: Actor, asked: AskedProvider, index: IndexValue | None) -> Verification:
        """One transaction in a forum at a time, and the same statements in it for every verdict and every person."""
        request, answer, verification_id = asked.request, asked.answer, asked.verification_id
        with self._unit_of_work.begin(actor) as tx:
            hold_forum(tx, request.forum_id)
            account = find_named(tx, request.forum_id, AccountName(account_id=request.account_id), lock=True)
            if not attempts.is_open(tx.session, verification_id, tx.now - _LOST):  # the answer came too late
                return repository.get(tx.session, request.forum_id, verification_id, tx.now)
            end = self._judge(tx, account, asked, index)
            if isinstance(answer, CheckResult):
                repository.note_answer(
                    tx.session, verification_id, answer.raw_code, answer.request_id, billable=answer.billable
                )
            else:
                repository.note_answer(tx.session, verification_id, type(answer).__name__)
            ended = _end(tx, account, verification_id, request.method, end)
        if end.inner_reason is InnerReason.DIFFERENT_PERSON:
            _alert(account, verification_id)
        return ended

    def _judge(self, tx: Transaction, account: Account, asked: AskedProvider, index: IndexValue | None) -> Ending:
        if isinstance(asked.answer, ProviderError):
            return end_after(asked.answer)
        if account.closed_at is not None:  # meanwhile; nobody is put behind an account that has ended
            return Ending(Outcome.REJECTED, Reason.NOT_CONFIRMED)
        matched = asked.answer.verdict is Verdict.MATCH
        if asked.request.method is Method.ORGANISATION:
            return self._judge_organisation(tx, account, asked.request.document, matched=matched)
        if index is None:  # without it nobody can be found again, so nobody is verified
            return Ending(Outcome.PENDING, Reason.PROVIDER_UNAVAILABLE)
        proof = DocumentProof(
            asked.request.method,
            _record(asked.request.document, index),
            matched=matched,
            proved_since=asked.started_at - _POSSESSION,
            sandbox=self._checks.sandbox,
        )
        return ending(self._links.confirm_document(tx, account, proof))

    def _judge_organisation(self, tx: Transaction, account: Account, document: Document, *, matched: bool) -> Ending:
        link = repository.find_link(tx.session, account.id)
        if not matched or link is None or link.level is not IdentityLevel.DOCUMENT:
            return Ending(Outcome.REJECTED, Reason.NOT_CONFIRMED)
        self._organisations.mark(tx, account.id, document, sandbox=self._checks.sandbox)
        return Ending(Outcome.VERIFIED, level=link.level)


def _alert(account: Account, verification_id: VerificationId) -> None:
    """Tells whoever watches the log; the record has the reason too. Source: L8d, `docs/api.md` part 5."""
    said = {"forum": account.forum_id, "account": account.id, "verification": verification_id}
    structlog.get_logger("shiming").warning("another-persons-identity", **said)


def _end(
    tx: Transaction, account: Account, verification_id: VerificationId, method: Method, end: Ending
) -> Verification:
    repository.settle(tx.session, verification_id, end, tx.now)
    audit.record(
        tx,
        Action.VERIFICATION_COMPLETED,
        ObjectKind.VERIFICATION,
        verification_id,
        outcome=end.outcome,
        reason=end.inner_reason or end.reason,
    )
    announce(tx, account, verification_id, method, end)
    return repository.get(tx.session, account.forum_id, verification_id, tx.now)


def _close_lost(tx: Transaction, account_id: AccountId | None = None) -> int:
    ended = attempts.close_lost(tx.session, tx.now - _LOST, tx.now, account_id)
    for verification_id in ended:
        audit.record(
            tx,
            Action.VERIFICATION_COMPLETED,
            ObjectKind.VERIFICATION,
            verification_id,
            outcome=Outcome.PENDING,
            reason=Reason.OUTCOME_UNKNOWN,
        )
        announce_lost(tx, verification_id)
    return len(ended)


def _record(document: Document, index: IndexValue) -> DocumentRecord:
    return DocumentRecord(
        scheme=document.type.value,
        number=document.on_record,
        name=document.name,
        index=index,
        adult_from=document.birth.year + policies.ADULT_AGE.value if document.birth else None,
    )


def _refuse_too_many(tx: Transaction, account_id: AccountId, subject: bytes) -> None:
    """Raises `TooManyAttempts`; `Unavailable` while checks in flight could still use up what is left."""
    limits = (
        (None, policies.REJECTIONS_PER_ACCOUNT.value),
        (subject, policies.REJECTIONS_PER_ACCOUNT_AND_DOCUMENT.value),
    )
    for digest, limit in limits:
        used = repository.rejections(tx.session, account_id, digest, tx.now - _DAY)
        if used.settled >= limit and used.first is not None:
            raise TooManyAttempts(retry_after=math.ceil((used.first + _DAY - tx.now).total_seconds()))
        in_flight = repository.in_flight(tx.session, account_id, digest, tx.now - _LOST)
        if used.settled + in_flight >= limit:
            raise Unavailable(retry_after=1)
