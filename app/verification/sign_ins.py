"""Use cases of `/me`: a code to a phone, the session that it opens, and what a person may do in it.

Whoever has a mainland phone gets a code and, for a right one, a session: until then nothing is looked up by the phone,
so that nothing can tell whether it is known here. A sign-in verifies no account.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app import policies
from app.accounts.errors import NoSuchAccount
from app.accounts.sanctions import close_account
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.crypto.blind_index import BlindIndex, IndexValue
from app.crypto.mac import Mac, MacUse
from app.db.unit_of_work import Transaction, UnitOfWork, again_on_collision, hold_key
from app.forums.service import hold_forum
from app.kernel.actor import SYSTEM, Actor, ActorKind
from app.kernel.errors import Unavailable
from app.kernel.ids import AccountId, ForumId, new_id
from app.kernel.secret import Secret
from app.vault.domain import HeldPhone
from app.vault.errors import HeldPhoneGone
from app.vault.service import Vault
from app.verification import repository, sign_in_rows
from app.verification.domain import Outcome, Reason
from app.verification.errors import PossessionRequired, SignInEnded
from app.verification.models import SignInRow
from app.verification.phones import PHONE_SCHEME
from app.verification.sms.contract import SmsError, SmsOutcomeUnknown
from app.verification.texts import Texts, counts, new_code, read_code, refuse_phone

_CODE_LIFETIME = timedelta(minutes=policies.CODE_LIFETIME.value)
_FRESH = timedelta(minutes=policies.POSSESSION_WINDOW.value)
_IDLE = timedelta(minutes=policies.SESSION_IDLE.value)
_LONGEST = timedelta(minutes=policies.SESSION_LONGEST.value)
_KEPT = timedelta(days=1)
_TRIES = policies.CODE_TRIES.value


@dataclass(frozen=True, slots=True)
class PhoneToText:
    """A phone that may be written to, and its slow index."""

    phone: Secret[str]
    index: IndexValue


@dataclass(frozen=True, slots=True)
class AwaitedCode:
    """A code that a browser asked for and may still enter."""

    ending: str
    """The last digit of the phone, as whoever typed it knows it."""
    expires_at: datetime
    again_at: datetime
    """When another text may be asked for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of a code that was typed in: the secret of a session, or the reason why there is none."""

    session: Secret[str] | None = None
    reason: Reason | None = None
    tries_left: int = 0


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who proved a phone: the accounts in one forum that it stands for, none for a stranger."""

    account_ids: tuple[AccountId, ...]
    fresh: bool
    """Whether the code is recent enough for what cannot be taken back."""


class SignIns:
    def __init__(self, unit_of_work: UnitOfWork, vault: Vault, blind_index: BlindIndex, mac: Mac, texts: Texts) -> None:
        self._unit_of_work = unit_of_work
        self._vault = vault
        self._blind_index = blind_index
        self._mac = mac
        self._texts = texts

    def prepare(self, typed: Secret[str]) -> Secret[str]:
        """The cheap refusals. Raises `PhoneInvalid`."""
        return self._texts.read_phone(typed)

    def index(self, phone: Secret[str]) -> PhoneToText:
        """Computes the slow index; the caller holds a seat for it."""
        return PhoneToText(phone, self._blind_index.of(PHONE_SCHEME, phone))

    def phone_again(self, browser: Secret[str]) -> PhoneToText | None:
        """The phone that this browser named for its last code, as long as it is held: for another text."""
        with self._unit_of_work.read() as tx:
            row = sign_in_rows.newest_of(tx.session, self._digest("browser", browser))
            phone = self._held(tx, row) if row else None
        if row is None or phone is None:
            return None
        return PhoneToText(phone, IndexValue(PHONE_SCHEME, row.phone_version, row.phone_digest))

    def send(self, actor: Actor, browser: Secret[str], to: PhoneToText) -> None:
        """Sends a code that only this browser can enter; the caller holds a provider seat.

        A form that comes twice sends one text: within the pause the code that is on its way serves. Raises
        `TooManyTexts`, `PhoneInvalid`, `Unavailable`.
        """
        code, browser_digest = new_code(), self._digest("browser", browser)
        with self._unit_of_work.begin(actor) as tx:
            hold_key(tx, to.index.digest)
            last = sign_in_rows.newest_of(tx.session, browser_digest)
            if last is not None and last.phone_digest == to.index.digest and self._is_on_its_way(last, tx.now):
                return
            self._texts.refuse_too_many(tx, to.index.digest)
            may_spend = self._texts.may_spend(tx)
            sign_in_id = self._stage(tx, browser_digest, to, code)
        try:
            self._texts.send(to.phone, code, sign_in_id, may_spend=may_spend)
        except SmsOutcomeUnknown:
            pass  # it may have arrived: the code stays good, and nothing is sent again by itself
        except SmsError as error:
            self._not_sent(actor, sign_in_id, error)

    def _stage(self, tx: Transaction, browser_digest: bytes, to: PhoneToText, code: Secret[str]) -> str:
        sign_in_id, expires_at = new_id("sin", tx.now), tx.now + _CODE_LIFETIME
        tx.session.add(
            SignInRow(
                id=sign_in_id,
                browser_digest=browser_digest,
                code_digest=self._mac.digest(MacUse.ONE_TIME_CODE, sign_in_id, code.reveal()),
                phone_version=to.index.version,
                phone_digest=to.index.digest,
                sent_at=tx.now,
                expires_at=expires_at,
                tries=0,
            )
        )
        self._vault.hold_phone(tx, sign_in_id, to.phone, to.index, expires_at)
        audit.record(tx, Action.SIGN_IN_STARTED, ObjectKind.SIGN_IN, sign_in_id)
        return sign_in_id

    def _not_sent(self, actor: Actor, sign_in_id: str, error: SmsError) -> None:
        """Raises what `send` raises."""
        with self._unit_of_work.begin(actor) as tx:
            if counts(error):
                sign_in_rows.expire(tx.session, sign_in_id, tx.now)
            else:
                sign_in_rows.drop(tx.session, sign_in_id)
            self._vault.drop_held_phone(tx, sign_in_id)
            audit.record(
                tx,
                Action.SIGN_IN_COMPLETED,
                ObjectKind.SIGN_IN,
                sign_in_id,
                outcome=Outcome.REJECTED,
                reason=Reason.PROVIDER_UNAVAILABLE,
            )
        refuse_phone(error)
        raise Unavailable(retry_after=policies.SMS_PAUSE.value)

    def awaited(self, browser: Secret[str]) -> AwaitedCode | None:
        """The code that this browser may enter now; None where there is none, or it was used, or is dead."""
        with self._unit_of_work.read() as tx:
            row = sign_in_rows.newest_of(tx.session, self._digest("browser", browser))
            phone = self._held(tx, row) if row and _waits(row, tx.now) else None
            if row is None or phone is None:
                return None
            return AwaitedCode(phone.reveal()[-1], row.expires_at, self._again_at(row))

    def enter(self, actor: Actor, browser: Secret[str], typed: Secret[str], before: Secret[str] | None) -> Entry | None:
        """Judges a code that this browser asked for; None where it awaits none. Ends its session of `before`.

        A form that comes twice gives the same session again, as long as that lives. Boundary: exactly at its expiry a
        code is too late. Raises `CodeMalformed`.
        """
        code = read_code(typed)
        return again_on_collision(lambda: self._enter(actor, browser, code, before))

    def _enter(self, actor: Actor, browser: Secret[str], code: Secret[str], before: Secret[str] | None) -> Entry | None:
        with self._unit_of_work.begin(actor) as tx:
            row = sign_in_rows.newest_of(tx.session, self._digest("browser", browser))
            if row is None:
                return None
            if tx.now >= row.expires_at:
                return Entry(reason=Reason.CODE_EXPIRED)
            if not sign_in_rows.charge_try(tx.session, row, _TRIES):
                return Entry(reason=Reason.CODE_EXHAUSTED)
            if not self._mac.matches(row.code_digest, MacUse.ONE_TIME_CODE, row.id, code.reveal()):
                return _wrong(tx, row)
            secret = Secret(self._digest("secret", browser, row.id).hex())
            if row.session_digest is not None:
                return Entry(secret) if self._live(tx, secret) else None
            self._open(tx, row, secret, before)
            return Entry(secret)

    def _open(self, tx: Transaction, row: SignInRow, secret: Secret[str], before: Secret[str] | None) -> None:
        if before is not None:
            sign_in_rows.end(tx.session, self._digest("session", before), tx.now)
        row.session_digest = self._digest("session", secret)
        row.person_id = self._vault.person_with_phone(tx, _phone(row))
        row.entered_at = row.seen_at = tx.now
        self._vault.drop_held_phone(tx, row.id)
        audit.record(tx, Action.SIGN_IN_COMPLETED, ObjectKind.SIGN_IN, row.id)

    def session(self, secret: Secret[str], forum_id: ForumId) -> Session | None:
        """Who is signed in, as far as one forum is concerned; None for nobody. Being asked keeps a session awake."""
        with self._unit_of_work.read() as tx:
            row = self._live(tx, secret)
            if row is None:
                return None
            session = Session(tuple(self._accounts(tx, row, forum_id)), fresh=_is_fresh(row, tx.now))
        with self._unit_of_work.begin(SYSTEM) as tx:
            sign_in_rows.touch(tx.session, row.id, tx.now)
        return session

    def end(self, actor: Actor, secret: Secret[str]) -> None:
        """Signs out. Twice changes nothing."""
        with self._unit_of_work.begin(actor) as tx:
            sign_in_rows.end(tx.session, self._digest("session", secret), tx.now)

    def close(self, actor: Actor, secret: Secret[str], forum_id: ForumId, account_id: str) -> None:
        """Closes an account of whoever is signed in, for good and at once. Closing twice changes nothing.

        Raises `SignInEnded`, `NoSuchAccount` also for somebody else's, `PossessionRequired` when the code was entered
        too long ago. Source: L6c.
        """
        with self._unit_of_work.begin(actor) as tx:
            hold_forum(tx, forum_id)
            row = self._live(tx, secret)
            if row is None:
                raise SignInEnded
            link = repository.find_link(tx.session, AccountId(account_id))
            if link is None or link.account_id not in self._accounts(tx, row, forum_id):
                raise NoSuchAccount
            if not _is_fresh(row, tx.now):
                raise PossessionRequired
            person = Actor(ActorKind.PERSON, self._vault.audit_ref(tx, link.person_id), actor.request_id)
            close_account(replace(tx, actor=person), forum_id, account_id)

    def purge(self) -> int:
        """A use case of the background: forgets sign-ins that count against no limit any more; how many they were."""
        with self._unit_of_work.begin(SYSTEM) as tx:
            return sign_in_rows.drop_old(tx.session, tx.now - _KEPT)

    def _live(self, tx: Transaction, secret: Secret[str]) -> SignInRow | None:
        """The session of this secret. It is over when the phone is no longer whose it was. Boundaries: over."""
        row = sign_in_rows.of_session(tx.session, self._digest("session", secret))
        if row is None or row.ended_at is not None or row.entered_at is None or row.seen_at is None:
            return None
        if tx.now >= min(row.entered_at + _LONGEST, row.seen_at + _IDLE):
            return None
        return row if self._vault.person_with_phone(tx, _phone(row)) == row.person_id else None

    def _accounts(self, tx: Transaction, row: SignInRow, forum_id: ForumId) -> list[AccountId]:
        """What this phone stands for: accounts of its person, and those that claim it until a document is confirmed."""
        persons = self._vault.persons_with_phone(tx, _phone(row))
        return repository.accounts_of(tx.session, persons, forum_id)

    def _held(self, tx: Transaction, row: SignInRow) -> Secret[str] | None:
        try:
            return self._vault.held_number(tx, row.id)
        except HeldPhoneGone:
            return None

    def _is_on_its_way(self, row: SignInRow, now: datetime) -> bool:
        return _waits(row, now) and now < self._again_at(row)

    def _again_at(self, row: SignInRow) -> datetime:
        return row.sent_at + self._texts.pause

    def _digest(self, of: str, secret: Secret[str], *more: str) -> bytes:
        return self._mac.digest(MacUse.SIGN_IN, of, secret.reveal(), *more)


def _wrong(tx: Transaction, row: SignInRow) -> Entry:
    left = _TRIES - row.tries
    reason = Reason.CODE_WRONG if left else Reason.CODE_EXHAUSTED
    audit.record(tx, Action.CODE_REFUSED, ObjectKind.SIGN_IN, row.id, outcome=Outcome.REJECTED, reason=reason)
    return Entry(reason=reason, tries_left=left)


def _waits(row: SignInRow, now: datetime) -> bool:
    """Whether its code can still be entered. Boundary: exactly at its expiry it cannot."""
    return row.session_digest is None and row.tries < _TRIES and now < row.expires_at


def _is_fresh(row: SignInRow, now: datetime) -> bool:
    """Boundary: exactly at the end of the window it is not."""
    return row.entered_at is not None and now < row.entered_at + _FRESH


def _phone(row: SignInRow) -> HeldPhone:
    return HeldPhone(row.phone_version, row.phone_digest)
