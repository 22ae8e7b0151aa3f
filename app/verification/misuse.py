"""Use cases of somebody whose identity another person has used: a code to their phone, their document, and the cut.

Who proves it is told that they are who they say, and nothing of anybody else; whether the document is that of the
person behind the account is for the staff who decide the case, and for nobody else. A right code comes before any
provider is asked, so that nobody can try pairs of name and number here without the phone that belongs to them.
Source: N5, `docs/appeals.md`.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app import policies
from app.accounts.service import touch
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.crypto.blind_index import BlindIndex, IndexValue
from app.crypto.mac import Mac, MacUse
from app.db.unit_of_work import Transaction, UnitOfWork, hold_key
from app.kernel.actor import Actor
from app.kernel.clock import SHANGHAI
from app.kernel.errors import Unavailable
from app.kernel.ids import AccountId, VerificationId, new_id
from app.kernel.secret import Secret
from app.vault.service import Vault
from app.verification import misuse_rows, repository
from app.verification.checks import Checks, end_after
from app.verification.documents import Document, read_document
from app.verification.domain import Link, Outcome, Reason
from app.verification.errors import CodeNotAwaited, MisuseNotProved, TooManyAttempts
from app.verification.models import MisuseProofRow
from app.verification.phones import PHONE_SCHEME
from app.verification.providers.contract import CheckKind, CheckResult, ProviderError, Verdict
from app.verification.service import GivenDocument
from app.verification.sign_ins import PhoneToText
from app.verification.sms.contract import SmsError, SmsOutcomeUnknown
from app.verification.texts import Texts, counts, new_code, read_code, refuse_phone

_CODE_LIFETIME = timedelta(minutes=policies.CODE_LIFETIME.value)
_DAY = timedelta(days=1)
_LOST = timedelta(seconds=policies.ATTEMPT_LOST.value)
_TRIES = policies.CODE_TRIES.value


@dataclass(frozen=True, slots=True)
class MisuseCase:
    """A complaint that says so, and the account that it is about; None where there is none of that name."""

    id: str
    account_id: AccountId | None


@dataclass(frozen=True, slots=True)
class AwaitedProof:
    """A code that was sent and may still be entered."""

    ending: str
    """The last digit of the phone, as whoever typed it knows it."""
    expires_at: datetime
    again_at: datetime
    tries_left: int


@dataclass(frozen=True, slots=True)
class BegunProof:
    """What became of a code: a question that may be put to the providers, or the reason why none may."""

    reason: Reason | None = None
    tries_left: int = 0
    proof_id: str = ""
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class AskedProof:
    proof_id: str
    document: Document
    answer: CheckResult | ProviderError

    @property
    def needs_index(self) -> bool:
        """For every verdict about a person alike."""
        return isinstance(self.answer, CheckResult)


@dataclass(frozen=True, slots=True)
class ProofSeen:
    """What staff see of it: whether somebody proved to be the person whose document the account was verified with."""

    proved: bool
    at: datetime
    sandbox: bool


class MisuseProofs:
    def __init__(
        self, unit_of_work: UnitOfWork, vault: Vault, tools: tuple[BlindIndex, Mac], checks: Checks, texts: Texts
    ) -> None:
        self._unit_of_work = unit_of_work
        self._vault = vault
        self._blind_index, self._mac = tools
        self._checks = checks
        self._texts = texts

    # -- the code -----------------------------------------------------------------------------------------------

    def read_phone(self, typed: Secret[str]) -> Secret[str]:
        """The cheap refusals. Raises `PhoneInvalid`."""
        return self._texts.read_phone(typed)

    def index_phone(self, phone: Secret[str]) -> PhoneToText:
        """The slow index; the caller holds a seat for it."""
        return PhoneToText(phone, self._blind_index.of(PHONE_SCHEME, phone))

    def send(self, actor: Actor, case: MisuseCase, to: PhoneToText) -> None:
        """Sends a code to the phone of whoever says that their identity is used; the caller holds a provider seat.

        A form that comes twice sends one text. Raises `TooManyTexts`, `TooManyAttempts`, `PhoneInvalid`, `Unavailable`.
        """
        code = new_code()
        with self._unit_of_work.begin(actor) as tx:
            hold_key(tx, to.index.digest)
            last = misuse_rows.newest_of(tx.session, case.id)
            if last is not None and last.phone_digest == to.index.digest and self._is_on_its_way(last, tx.now):
                return
            _refuse_too_many(tx, case)
            self._texts.refuse_too_many(tx, to.index.digest)
            may_spend = self._texts.may_spend(tx)
            proof_id = self._stage(tx, case, to, code)
        try:
            self._texts.send(to.phone, code, proof_id, may_spend=may_spend)
        except SmsOutcomeUnknown:
            pass  # it may have arrived: the code stays good, and nothing is sent again by itself
        except SmsError as error:
            self._not_sent(actor, proof_id, error)

    def _stage(self, tx: Transaction, case: MisuseCase, to: PhoneToText, code: Secret[str]) -> str:
        proof_id, expires_at = new_id("mis", tx.now), tx.now + _CODE_LIFETIME
        tx.session.add(
            MisuseProofRow(
                id=proof_id,
                case_id=case.id,
                account_id=case.account_id,
                code_digest=self._mac.digest(MacUse.ONE_TIME_CODE, proof_id, code.reveal()),
                phone_digest=to.index.digest,
                sent_at=tx.now,
                expires_at=expires_at,
                tries=0,
                sandbox=self._checks.sandbox,
            )
        )
        self._vault.hold_phone(tx, proof_id, to.phone, to.index, expires_at)
        audit.record(tx, Action.MISUSE_PROOF_STARTED, ObjectKind.MISUSE_PROOF, proof_id, case=case.id)
        return proof_id

    def _not_sent(self, actor: Actor, proof_id: str, error: SmsError) -> None:
        """Raises what `send` raises."""
        with self._unit_of_work.begin(actor) as tx:
            self._vault.drop_held_phone(tx, proof_id)
            row = misuse_rows.get(tx.session, proof_id)
            if row is not None and counts(error):
                row.expires_at = tx.now
            else:
                misuse_rows.drop(tx.session, proof_id)
            _record(tx, proof_id, Outcome.REJECTED, Reason.PROVIDER_UNAVAILABLE)
        refuse_phone(error)
        raise Unavailable(retry_after=policies.SMS_PAUSE.value)

    def awaited(self, case: MisuseCase) -> AwaitedProof | None:
        """The code that may be entered now; None where there is none, or it has served, or is dead."""
        with self._unit_of_work.read() as tx:
            row = misuse_rows.newest_of(tx.session, case.id)
            if row is None or not _waits(row, tx.now):
                return None
            phone = self._vault.held_number(tx, row.id)
            return AwaitedProof(phone.reveal()[-1], row.expires_at, row.sent_at + self._texts.pause, _TRIES - row.tries)

    # -- the document -------------------------------------------------------------------------------------------

    def prepare(self, given: GivenDocument) -> Document:
        """The cheap refusals: nobody is asked, no try is used. Raises `DocumentInvalid`."""
        with self._unit_of_work.read() as tx:
            today = tx.now.astimezone(SHANGHAI).date()
        document = read_document(given.type, given.number, given.name, today, given.country)
        self._checks.refuse(CheckKind.PHONE3, document)
        return document

    def begin(self, actor: Actor, case: MisuseCase, typed: Secret[str], document: Document) -> BegunProof | None:
        """Judges the code; a right one lets the document be checked. None where no code is awaited.

        Boundary: exactly at its expiry a code is too late. Raises `CodeMalformed`, `Unavailable` while a question is on
        its way.
        """
        code = read_code(typed)
        with self._unit_of_work.begin(actor) as tx:
            row = misuse_rows.newest_of(tx.session, case.id, lock=True)
            if row is None or row.ended_at is not None:
                return None
            if tx.now >= row.expires_at:
                return BegunProof(Reason.CODE_EXPIRED)
            if not misuse_rows.charge_try(tx.session, row, _TRIES):
                return BegunProof(Reason.CODE_EXHAUSTED)
            if not self._mac.matches(row.code_digest, MacUse.ONE_TIME_CODE, row.id, code.reveal()):
                return _wrong(tx, row)
            if row.asked_at is not None and tx.now < row.asked_at + _LOST:
                raise Unavailable(retry_after=1)
            row.asked_at = tx.now
            phone = self._vault.held_number(tx, row.id)
            return BegunProof(None, _TRIES - row.tries, row.id, replace(document, phone=phone))

    def ask(self, begun: BegunProof) -> AskedProof:
        """Asks whether name, number and phone belong together; the caller holds a provider seat."""
        if begun.document is None:
            raise CodeNotAwaited
        answer = self._checks.ask(VerificationId(begun.proof_id), CheckKind.PHONE3, begun.document)
        return AskedProof(begun.proof_id, begun.document, answer)

    def index(self, asked: AskedProof) -> IndexValue:
        """The slow index of the document; the caller holds a seat for it."""
        return self._blind_index.of(asked.document.type.value, asked.document.key)

    def settle(self, actor: Actor, asked: AskedProof, index: IndexValue | None) -> Reason | None:
        """Whether name, number and phone were confirmed: None, or the reason why not. Nothing else is told.

        The same statements run whatever is found. An answer about nobody leaves the code good for another question.
        """
        with self._unit_of_work.begin(actor) as tx:
            row = misuse_rows.get(tx.session, asked.proof_id)
            if row is None:
                return Reason.CODE_EXPIRED
            if isinstance(asked.answer, ProviderError) or index is None:
                row.asked_at = None
                failed = end_after(asked.answer) if isinstance(asked.answer, ProviderError) else None
                return (failed.reason if failed else None) or Reason.PROVIDER_UNAVAILABLE
            if row.ended_at is not None:
                return None if row.confirmed else Reason.NOT_CONFIRMED
            confirmed = asked.answer.verdict is Verdict.MATCH
            holder = self._vault.person_with_document(tx, index)
            link = repository.find_link(tx.session, AccountId(row.account_id or ""))
            record = self._vault.record_of(tx, holder)
            theirs = holder if confirmed and link is not None and link.person_id == holder else None
            own_phone = row.phone_digest in record.phones_on_record if theirs else None
            misuse_rows.settle(tx.session, row.id, tx.now, theirs, confirmed=confirmed, own_phone=own_phone)
            self._vault.drop_held_phone(tx, row.id)
            outcome = Outcome.VERIFIED if confirmed else Outcome.REJECTED
            _record(tx, row.id, outcome, None if confirmed else Reason.NOT_CONFIRMED)
            return None if confirmed else Reason.NOT_CONFIRMED

    # -- steps for those who decide the case --------------------------------------------------------------------

    def seen(self, tx: Transaction, case_id: str) -> ProofSeen | None:
        """A step: what came of it, for staff; None as long as nobody has proved to be who they say."""
        row = misuse_rows.newest_ended(tx.session, case_id)
        if row is None or row.ended_at is None:
            return None
        return ProofSeen(self._proved_link(tx, row) is not None, row.ended_at, row.sandbox)

    def cut(self, tx: Transaction, case_id: str, account_id: AccountId) -> bool:
        """A step, with the account held: nobody stands behind it any more, and what was taken is its owner's again.

        The phones by which the other got in prove nothing any more, unless the owner proved one of them. Where no other
        account rests on the document it is free for its owner. Who it was stays on file, sealed. False where it was cut
        before and nobody has come since. Raises `MisuseNotProved`. Source: N5.
        """
        row = misuse_rows.newest_ended(tx.session, case_id)
        link = self._proved_link(tx, row) if row is not None else None
        if row is None or link is None or link.account_id != account_id:
            if misuse_rows.is_cut(tx.session, account_id):
                return False
            raise MisuseNotProved
        self._vault.hold(tx, [link.person_id])
        organisation_id = misuse_rows.cut(tx.session, link, case_id, tx.now)
        if organisation_id is not None:
            self._vault.drop_organisation(tx, organisation_id)
        repository.drop_slots(tx.session, [account_id])
        if not row.own_phone:
            self._vault.freeze_phones(tx, link.person_id)
            if not repository.has_links(tx.session, link.person_id):
                self._vault.drop_documents(tx, link.person_id)
        touch(tx, account_id)
        audit.record(tx, Action.MISUSE_CUT, ObjectKind.ACCOUNT, account_id, case=case_id)
        return True

    def _proved_link(self, tx: Transaction, row: MisuseProofRow) -> Link | None:
        """The account's link, as long as it is still the one that the proof was about."""
        link = repository.find_link(tx.session, AccountId(row.account_id or ""))
        return link if link is not None and link.person_id == row.person_id else None

    def _is_on_its_way(self, row: MisuseProofRow, now: datetime) -> bool:
        return _waits(row, now) and now < row.sent_at + self._texts.pause


def forget_proofs(tx: Transaction, case_ids: list[str]) -> None:
    """A step: once their cases are forgotten."""
    misuse_rows.forget(tx.session, case_ids)


def _refuse_too_many(tx: Transaction, case: MisuseCase) -> None:
    """Raises `TooManyAttempts`."""
    begun = misuse_rows.begun_since(tx.session, case.id, tx.now - _DAY)
    if len(begun) >= policies.MISUSE_PROOFS.value:
        raise TooManyAttempts(retry_after=int((begun[0] + _DAY - tx.now).total_seconds()) + 1)


def _wrong(tx: Transaction, row: MisuseProofRow) -> BegunProof:
    left = _TRIES - row.tries
    reason = Reason.CODE_WRONG if left else Reason.CODE_EXHAUSTED
    audit.record(tx, Action.CODE_REFUSED, ObjectKind.MISUSE_PROOF, row.id, outcome=Outcome.REJECTED, reason=reason)
    return BegunProof(reason, left)


def _record(tx: Transaction, proof_id: str, outcome: Outcome, reason: Reason | None) -> None:
    audit.record(tx, Action.MISUSE_PROOF_ENDED, ObjectKind.MISUSE_PROOF, proof_id, outcome=outcome, reason=reason)


def _waits(row: MisuseProofRow, now: datetime) -> bool:
    """Whether its code can still be entered. Boundary: exactly at its expiry it cannot."""
    return row.ended_at is None and row.tries < _TRIES and now < row.expires_at
