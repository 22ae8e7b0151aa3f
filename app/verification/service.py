"""Use cases of the documents: prepare, check with a provider, read the outcome."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app import policies
from app.accounts.domain import Account, AccountName
from app.accounts.service import find_named
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.crypto.blind_index import BlindIndex, IndexValue
from app.crypto.mac import Mac, MacUse
from app.db.unit_of_work import Transaction, UnitOfWork, again_on_collision
from app.forums.service import get_forum, hold_forum
from app.kernel.actor import Actor
from app.kernel.clock import SHANGHAI
from app.kernel.errors import Unavailable
from app.kernel.ids import AccountId, ForumId, PersonId, VerificationId, new_id
from app.kernel.secret import Secret
from app.vault.domain import DocumentRecord
from app.vault.service import Vault
from app.verification import repository
from app.verification.documents import Document, DocumentType, age_on, read_document
from app.verification.domain import Ending, Method, Outcome, Reason, Verification, ending
from app.verification.errors import (
    DirectVerificationOff,
    DocumentInvalid,
    MinorNotAllowed,
    PossessionRequired,
    TooManyAttempts,
)
from app.verification.links import DocumentProof, Links
from app.verification.providers.contract import (
    CheckKind,
    CheckResult,
    OutcomeUnknown,
    ProviderError,
    RecordCheckProvider,
    Verdict,
)

NoteAttempt = Callable[[Transaction, VerificationId], None]
_DAY = timedelta(days=1)
_IN_FLIGHT = timedelta(minutes=1)
_POSSESSION = timedelta(minutes=policies.POSSESSION_WINDOW.value)


@dataclass(frozen=True, slots=True)
class DocumentRequest:
    """A well-formed document that may be checked, and the account it is for."""

    forum_id: ForumId
    account_id: AccountId
    document: Document
    subject_digest: bytes


@dataclass(frozen=True, slots=True)
class StartedCheck:
    """An attempt that stands in the database and has asked nobody yet."""

    request: DocumentRequest
    verification_id: VerificationId
    started_at: datetime


@dataclass(frozen=True, slots=True)
class AskedProvider:
    """An attempt whose question has been asked: a verdict about the person, or an error about anything else."""

    request: DocumentRequest
    verification_id: VerificationId
    started_at: datetime
    answer: CheckResult | ProviderError

    @property
    def has_verdict(self) -> bool:
        return isinstance(self.answer, CheckResult)


class Verifications:
    def __init__(
        self,
        unit_of_work: UnitOfWork,
        vault: Vault,
        blind_index: BlindIndex,
        mac: Mac,
        provider: RecordCheckProvider,
        *,
        direct_by_default: bool,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._links = Links(vault)
        self._blind_index = blind_index
        self._mac = mac
        self._provider = provider
        self._direct_by_default = direct_by_default

    def prepare(
        self,
        forum_id: ForumId,
        name: AccountName,
        document_type: DocumentType,
        number: Secret[str],
        holder: Secret[str],
    ) -> DocumentRequest:
        """The cheap refusals: nothing is written, nobody is asked, no attempt is counted.

        Raises `DirectVerificationOff`, `DocumentInvalid`, `MinorNotAllowed`, `AccountNotFound`,
        `PossessionRequired`, `TooManyAttempts`.
        """
        with self._unit_of_work.read() as tx:
            if not self._direct_by_default and get_forum(tx, forum_id).direct_verification is None:
                raise DirectVerificationOff
            today = tx.now.astimezone(SHANGHAI).date()
            document = read_document(document_type, number, holder, today)
            fault = self._provider.refuses(document)
            if fault is not None:
                raise DocumentInvalid("/document/number", fault)
            if document.birth is not None and age_on(document.birth, today) < policies.MINIMUM_AGE.value:
                raise MinorNotAllowed
            account = find_named(tx, forum_id, name)
            subject = self._mac.digest(MacUse.ATTEMPT_SUBJECT, account.id, document.type.value, document.key.reveal())
            link = repository.find_link(tx.session, account.id)
            if link is not None and not self._links.possession_proved(tx, link, tx.now - _POSSESSION):
                raise PossessionRequired
            _refuse_too_many(tx, account.id, subject)
        return DocumentRequest(forum_id, account.id, document, subject)

    def start(self, actor: Actor, request: DocumentRequest, note: NoteAttempt) -> StartedCheck:
        """Writes the attempt down before anybody is asked, so that a crash cannot hide that they were.

        `note` is a step that joins the transaction, for a caller who must know of the attempt as surely.
        Raises `TooManyAttempts`, `Unavailable` while other checks of this account are in flight.
        """
        with self._unit_of_work.begin(actor) as tx:
            find_named(tx, request.forum_id, AccountName(account_id=request.account_id), lock=True)
            _refuse_too_many(tx, request.account_id, request.subject_digest)
            verification_id = VerificationId(new_id("vrf", tx.now))
            attempt = repository.Attempt(
                id=verification_id,
                forum_id=request.forum_id,
                account_id=request.account_id,
                method=Method.ID2,
                provider=self._provider.name,
                sandbox=self._provider.sandbox,
                document_type=request.document.type,
                subject_digest=request.subject_digest,
            )
            repository.add_attempt(tx.session, attempt, tx.now)
            audit.record(tx, Action.VERIFICATION_STARTED, ObjectKind.VERIFICATION, verification_id, reason=Method.ID2)
            note(tx, verification_id)
            return StartedCheck(request, verification_id, tx.now)

    def ask(self, started: StartedCheck) -> AskedProvider:
        """Asks the provider once, without a transaction; the caller holds a provider seat."""
        try:
            answer: CheckResult | ProviderError = self._provider.check(
                CheckKind.ID2,
                started.request.document,
                attempt_id=started.verification_id,
                timeout=float(policies.PROVIDER_READ.value),
            )
        except ProviderError as error:
            answer = error
        except Exception:  # noqa: BLE001 -- whatever a provider does, the question may have left: nobody is verified by it
            answer = OutcomeUnknown(self._provider.name, "defect")
        return AskedProvider(started.request, started.verification_id, started.started_at, answer)

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
            link = repository.find_link(tx.session, account_id)
        return link.person_id if link else None

    def _settle(self, actor: Actor, asked: AskedProvider, index: IndexValue | None) -> Verification:
        """One transaction in a forum at a time, and the same statements in it for every verdict and every person."""
        request, answer, verification_id = asked.request, asked.answer, asked.verification_id
        with self._unit_of_work.begin(actor) as tx:
            hold_forum(tx, request.forum_id)
            account = find_named(tx, request.forum_id, AccountName(account_id=request.account_id), lock=True)
            end = self._judge(tx, account, asked, index)
            if isinstance(answer, CheckResult):
                repository.note_answer(
                    tx.session, verification_id, answer.raw_code, answer.request_id, billable=answer.billable
                )
            else:
                repository.note_answer(tx.session, verification_id, type(answer).__name__)
            repository.settle(tx.session, verification_id, end, tx.now)
            audit.record(
                tx,
                Action.VERIFICATION_COMPLETED,
                ObjectKind.VERIFICATION,
                verification_id,
                outcome=end.outcome,
                reason=end.inner_reason or end.reason,
            )
            return repository.get(tx.session, request.forum_id, verification_id, tx.now)

    def _judge(self, tx: Transaction, account: Account, asked: AskedProvider, index: IndexValue | None) -> Ending:
        if isinstance(asked.answer, OutcomeUnknown):
            return Ending(Outcome.PENDING, Reason.OUTCOME_UNKNOWN)
        if isinstance(asked.answer, ProviderError) or index is None:
            return Ending(Outcome.PENDING, Reason.PROVIDER_UNAVAILABLE)
        proof = DocumentProof(
            Method.ID2,
            _record(asked.request.document, index),
            matched=asked.answer.verdict is Verdict.MATCH,
            proved_since=asked.started_at - _POSSESSION,
            sandbox=self._provider.sandbox,
        )
        return ending(self._links.confirm_document(tx, account, proof))


def _record(document: Document, index: IndexValue) -> DocumentRecord:
    return DocumentRecord(
        scheme=document.type.value,
        number=document.number,
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
        in_flight = repository.in_flight(tx.session, account_id, digest, tx.now - _IN_FLIGHT)
        if used.settled + in_flight >= limit:
            raise Unavailable(retry_after=1)
