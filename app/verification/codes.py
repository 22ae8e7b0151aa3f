"""Use cases of the phone code: send one, and judge the one that comes back."""

from dataclasses import dataclass, replace
from datetime import timedelta

from app import policies
from app.accounts.domain import Account, AccountName
from app.accounts.service import find_named, find_open
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.crypto.blind_index import BlindIndex, IndexValue
from app.crypto.mac import Mac, MacUse
from app.db.unit_of_work import Transaction, UnitOfWork, again_on_collision, hold_key
from app.forums.service import hold_forum
from app.kernel.actor import Actor
from app.kernel.ids import AccountId, ForumId, VerificationId, new_id
from app.kernel.secret import Secret
from app.vault.errors import HeldPhoneGone
from app.vault.service import Vault
from app.verification import repository, text_rows
from app.verification.announcements import announce
from app.verification.domain import Ending, Method, Outcome, Reason, Verification, ending
from app.verification.errors import CodeAlreadyUsed, NoCodeToEnter, TooManyTexts
from app.verification.links import Links
from app.verification.phones import PHONE_SCHEME
from app.verification.service import NoteAttempt
from app.verification.sms.contract import SmsError, SmsOutcomeUnknown
from app.verification.texts import Texts, counts, new_code, read_code, refuse_phone

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PhoneRequest:
    """A phone that may be written to, and the account it is for."""

    forum_id: ForumId
    account_id: AccountId
    phone: Secret[str]


class PhoneCodes:
    def __init__(self, unit_of_work: UnitOfWork, vault: Vault, blind_index: BlindIndex, mac: Mac, texts: Texts) -> None:
        self._unit_of_work = unit_of_work
        self._vault = vault
        self._links = Links(vault)
        self._blind_index = blind_index
        self._mac = mac
        self._texts = texts
        self._sender = texts.sender

    @property
    def pause(self) -> timedelta:
        """Between two texts to one phone."""
        return self._texts.pause

    def prepare(self, forum_id: ForumId, name: AccountName, phone: Secret[str]) -> PhoneRequest:
        """The cheap refusals. Raises `PhoneInvalid`, `AccountNotFound`, `AccountIsClosed`."""
        phone = self._texts.read_phone(phone)
        with self._unit_of_work.read() as tx:
            return PhoneRequest(forum_id, find_open(tx, forum_id, name).id, phone)

    def index(self, request: PhoneRequest) -> IndexValue:
        """The slow index; the caller holds a seat for it."""
        return self._blind_index.of(PHONE_SCHEME, request.phone)

    def send(self, actor: Actor, request: PhoneRequest, index: IndexValue, note: NoteAttempt) -> Verification:
        """Sends a code and answers alike for known and unknown numbers; the caller holds a provider seat.

        `note` is a step that joins the transaction before the text, for a caller who must know of it as surely.
        Raises `TooManyTexts`, `PhoneInvalid` when the sender says that there is no such number.
        """
        code = new_code()
        with self._unit_of_work.begin(actor) as tx:
            hold_key(tx, index.digest)
            self._texts.refuse_too_many(tx, index.digest)
            _refuse_pumping(tx, request.account_id)
            may_spend = self._texts.may_spend(tx)
            verification_id = self._stage(tx, request, index, code)
            note(tx, verification_id)
        try:
            self._texts.send(request.phone, code, verification_id, may_spend=may_spend)
        except SmsOutcomeUnknown:
            pass  # it may have arrived: the code stays good, and nothing is sent again by itself
        except SmsError as error:
            return self._not_sent(actor, request, verification_id, error)
        return self._read(request.forum_id, verification_id)

    def confirm(self, actor: Actor, forum_id: ForumId, verification_id: str, typed: Secret[str]) -> Verification:
        """Judges a code. Boundary: exactly at its expiry a code is too late.

        Raises `VerificationNotFound`, `AccountIsClosed`, `CodeMalformed`, `CodeAlreadyUsed`, `NoCodeToEnter`.
        """
        code = read_code(typed)
        return again_on_collision(lambda: self._confirm(actor, forum_id, verification_id, code))

    def _confirm(self, actor: Actor, forum_id: ForumId, verification_id: str, typed: Secret[str]) -> Verification:
        with self._unit_of_work.begin(actor) as tx:
            hold_forum(tx, forum_id)
            verification = repository.get(tx.session, forum_id, verification_id, tx.now)
            account = find_open(tx, forum_id, AccountName(account_id=verification.account_id), lock=True)
            code = repository.get_code(tx.session, verification.id)
            if verification.method is not Method.PHONE_CODE:
                raise NoCodeToEnter
            if code is None:
                return verification  # the text never left; nothing can be entered
            if verification.outcome is Outcome.VERIFIED:
                raise CodeAlreadyUsed
            if verification.reason is Reason.CODE_EXPIRED and not repository.has_ended(tx.session, verification.id):
                return self._settle(tx, account, verification, Ending(Outcome.REJECTED, Reason.CODE_EXPIRED))
            if verification.outcome is Outcome.REJECTED or verification.reason is Reason.PROVIDER_UNAVAILABLE:
                return verification
            return self._settle(tx, account, verification, self._judge(tx, account, verification, code, typed))

    def _judge(
        self, tx: Transaction, account: Account, verification: Verification, code: repository.Code, typed: Secret[str]
    ) -> Ending:
        limit = policies.CODE_TRIES.value
        tries = repository.charge_try(tx.session, verification.id, limit)
        if tries is None:
            return Ending(Outcome.REJECTED, Reason.CODE_EXHAUSTED)
        if not self._mac.matches(code.digest, MacUse.ONE_TIME_CODE, verification.id, typed.reveal()):
            if tries >= limit:
                return Ending(Outcome.REJECTED, Reason.CODE_EXHAUSTED)
            return Ending(Outcome.PENDING, Reason.CODE_WRONG)
        try:
            return ending(self._links.confirm_phone(tx, account, verification.id, sandbox=self._sender.sandbox))
        except HeldPhoneGone:  # its time ran out while this request waited for its turn
            return Ending(Outcome.REJECTED, Reason.CODE_EXPIRED)

    def _settle(self, tx: Transaction, account: Account, verification: Verification, end: Ending) -> Verification:
        repository.settle(tx.session, verification.id, end, tx.now)
        if end.outcome is Outcome.REJECTED:
            self._vault.drop_held_phone(tx, verification.id)
        audit.record(
            tx,
            Action.VERIFICATION_COMPLETED if end.outcome is not Outcome.PENDING else Action.CODE_REFUSED,
            ObjectKind.VERIFICATION,
            verification.id,
            outcome=end.outcome,
            reason=end.inner_reason or end.reason,
        )
        if end.outcome is not Outcome.PENDING:
            announce(tx, account, verification.id, verification.method, end)
        return replace(
            verification,
            outcome=end.outcome,
            reason=end.reason,
            level=end.level,
            verified_at=tx.now if end.outcome is Outcome.VERIFIED else None,
        )

    def _stage(self, tx: Transaction, request: PhoneRequest, index: IndexValue, code: Secret[str]) -> VerificationId:
        verification_id = VerificationId(new_id("vrf", tx.now))
        expires_at = tx.now + timedelta(minutes=policies.CODE_LIFETIME.value)
        attempt = repository.Attempt(
            id=verification_id,
            forum_id=request.forum_id,
            account_id=request.account_id,
            method=Method.PHONE_CODE,
            provider=self._sender.name,
            sandbox=self._sender.sandbox,
        )
        repository.add_attempt(tx.session, attempt, tx.now)
        digest = self._mac.digest(MacUse.ONE_TIME_CODE, verification_id, code.reveal())
        repository.add_code(tx.session, verification_id, repository.Code(digest, index.digest, expires_at), tx.now)
        self._vault.hold_phone(tx, verification_id, request.phone, index, expires_at)
        audit.record(
            tx, Action.VERIFICATION_STARTED, ObjectKind.VERIFICATION, verification_id, reason=Method.PHONE_CODE
        )
        return verification_id

    def _not_sent(
        self, actor: Actor, request: PhoneRequest, verification_id: VerificationId, error: SmsError
    ) -> Verification:
        refused = counts(error)
        end = (
            Ending(Outcome.REJECTED, Reason.NOT_CONFIRMED)
            if refused
            else Ending(Outcome.PENDING, Reason.PROVIDER_UNAVAILABLE)
        )
        with self._unit_of_work.begin(actor) as tx:
            repository.note_answer(tx.session, verification_id, type(error).__name__)
            repository.settle(tx.session, verification_id, end, tx.now)
            if not refused:
                repository.drop_code(tx.session, verification_id)  # it never left, so it counts against no limit
            self._vault.drop_held_phone(tx, verification_id)
            audit.record(
                tx,
                Action.VERIFICATION_COMPLETED,
                ObjectKind.VERIFICATION,
                verification_id,
                outcome=end.outcome,
                reason=end.reason,
            )
            account = find_named(tx, request.forum_id, AccountName(account_id=request.account_id))
            announce(tx, account, verification_id, Method.PHONE_CODE, end)
        refuse_phone(error)
        return self._read(request.forum_id, verification_id)

    def _read(self, forum_id: ForumId, verification_id: VerificationId) -> Verification:
        with self._unit_of_work.read() as tx:
            return repository.get(tx.session, forum_id, verification_id, tx.now)


def _refuse_pumping(tx: Transaction, account_id: AccountId) -> None:
    """One account has one owner, who needs few codes; whoever pumps texts needs many. Raises `TooManyTexts`."""
    if text_rows.texts_for_account(tx.session, account_id, tx.now - _DAY) >= policies.TEXTS_PER_ACCOUNT.value:
        raise TooManyTexts(retry_after=int(_HOUR.total_seconds()))
