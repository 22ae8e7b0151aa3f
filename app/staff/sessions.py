"""Use cases of whoever signs in: admit an attempt, judge it, find a session, renew its second factor, end it.

Every refusal of a sign-in is one answer after the same work, so that nobody learns who works here.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta

from app import policies
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.crypto import passwords
from app.crypto.mac import Mac, MacUse
from app.db.unit_of_work import ConstraintViolated, Transaction, UnitOfWork, again_on_collision
from app.kernel.actor import SYSTEM, Actor
from app.kernel.ids import StaffId, new_id
from app.kernel.secret import Secret
from app.staff import repository, session_rows
from app.staff.domain import Face, SignedIn, SignInAttempt, Staff, StaffSession, SteppedUp, read_email, session_is_live
from app.staff.errors import CodeNotRight, SessionOver, SignInFailed
from app.staff.models import StaffSessionRow
from app.staff.seals import Seals
from app.staff.second_factor import RightCode, SecondFactors
from app.staff.session_rows import Tries
from app.staff.throttle import Subjects, Throttle

_SEEN_EVERY = timedelta(seconds=policies.STAFF_SESSION_SEEN_EVERY.value)
_KEPT = timedelta(days=policies.STAFF_SESSION_KEPT.value)
_TRIES = policies.SECOND_FACTOR_TRIES.value
_TOKEN_BYTES = 16
_LONGEST_TOKEN = 64
NOBODY = "unknown"
"""What failed sign-ins under an unknown address are recorded about."""


@dataclass(frozen=True, slots=True)
class AdmittedAttempt:
    """An attempt that passed the cheap refusals. `charged` counts against nobody if it turns out to be right."""

    attempt: SignInAttempt
    staff_id: StaffId | None
    password_hash: str | None
    charged: Subjects
    code_spent: bool


class Sessions:
    def __init__(self, unit_of_work: UnitOfWork, mac: Mac, second_factors: SecondFactors) -> None:
        self._unit_of_work = unit_of_work
        self._mac = mac
        self._second_factors = second_factors
        self._throttle = Throttle(mac)
        self._seals = Seals(mac)

    def admit(self, attempt: SignInAttempt) -> AdmittedAttempt:
        """The cheap refusals, before anybody takes a seat for `sign_in`. Raises `TooManyFailures`."""
        return again_on_collision(lambda: self._admit(replace(attempt, email=read_email(attempt.email))))

    def _admit(self, attempt: SignInAttempt) -> AdmittedAttempt:
        subjects = self._throttle.subjects(attempt.email, attempt.address)
        with self._unit_of_work.read() as tx:
            over = self._throttle.is_over(tx, subjects)
            staff = repository.find_by_email(tx.session, attempt.email)
            staff_id = staff.id if staff else None
            hashed = repository.password_hash(tx.session, staff_id or StaffId(""))  # the same work for nobody
            right = self._second_factors.judge(tx, staff_id, attempt.code) if over else None
            weak = over and not (right and right.strong) and self._throttle.asks_for_two_codes(tx, attempt.email)
        with self._unit_of_work.begin(SYSTEM) as tx:
            if not over and not self._throttle.charge(tx, subjects):
                raise ConstraintViolated("too many meanwhile")  # judged again, as one that is over
            admitted = not over or (not weak and self._spend_admitted(tx, staff_id, right))
            if not admitted:
                self._throttle.charge_guess(tx, attempt.email)
                refusal = self._throttle.refusal(tx, attempt.email, subjects)
        if not admitted:
            raise refusal
        return AdmittedAttempt(attempt, staff_id, hashed, () if over else subjects, code_spent=over)

    def _spend_admitted(self, tx: Transaction, staff_id: StaffId | None, right: RightCode | None) -> bool:
        return staff_id is not None and right is not None and self._second_factors.spend(tx, staff_id, right)

    def sign_in(self, admitted: AdmittedAttempt) -> SignedIn:
        """Judges an attempt; the caller holds a seat, for it costs some 30 ms and 19 MiB.

        Raises `SignInFailed`; `TooManyFailures` instead where there were too many before. Source: L8i.
        """
        password = admitted.attempt.password
        matches = passwords.matches(admitted.password_hash or passwords.NOBODYS_HASH, password)
        rehashed = _rehashed(admitted, password) if matches else None
        try:
            signed_in = again_on_collision(lambda: self._enter(admitted, matches=matches, rehashed=rehashed))
        except SignInFailed:
            self._note_failure(admitted)
            raise
        return signed_in

    def _enter(self, admitted: AdmittedAttempt, *, matches: bool, rehashed: str | None) -> SignedIn:
        attempt = admitted.attempt
        with self._unit_of_work.begin(SYSTEM) as tx:
            staff = self._seals.whole(repository.find(tx.session, admitted.staff_id or ""))
            hashed = repository.password_hash(tx.session, staff.id if staff else StaffId(""))  # the same for nobody
            unchanged = staff is not None and hashed == admitted.password_hash
            right = admitted.code_spent or self._spend(tx, admitted)
            if not (staff and unchanged and matches and right and staff.is_active(tx.now)):
                raise SignInFailed
            self._throttle.uncharge(tx, admitted.charged)
            if rehashed is not None:
                repository.set_password_hash(tx.session, staff.id, rehashed)
            signed_in = self._open(tx, staff, attempt.face)
            _record(tx, staff, Action.STAFF_SIGNED_IN, attempt.request_id, reason=attempt.face)
            return signed_in

    def _spend(self, tx: Transaction, admitted: AdmittedAttempt) -> bool:
        """In the end rolled back when the password is wrong: the code is still good then."""
        right = self._second_factors.judge(tx, admitted.staff_id, admitted.attempt.code)
        return right is not None and self._second_factors.spend(tx, admitted.staff_id or StaffId(""), right)

    def _note_failure(self, admitted: AdmittedAttempt) -> None:
        """An entry whoever was meant, for the same work; no address. Raises `TooManyFailures` over the limit."""
        attempt = admitted.attempt
        with self._unit_of_work.begin(replace(SYSTEM, request_id=attempt.request_id)) as tx:
            audit.record(tx, Action.STAFF_SIGN_IN_FAILED, ObjectKind.STAFF, admitted.staff_id or NOBODY)
            subjects = self._throttle.subjects(attempt.email, attempt.address)
            refusal = self._throttle.refusal(tx, attempt.email, subjects)
        if admitted.code_spent:
            raise refusal

    def _open(self, tx: Transaction, staff: Staff, face: Face) -> SignedIn:
        token = Secret(secrets.token_urlsafe(_TOKEN_BYTES))
        session = StaffSession(new_id("sst", tx.now), face, staff, tx.now, tx.now, tx.now)
        session_rows.drop_old(tx.session, staff.id, tx.now - _KEPT)
        row = StaffSessionRow(
            digest=self._digest(face, token),
            id=session.id,
            staff_id=staff.id,
            face=face,
            created_at=tx.now,
            seen_at=tx.now,
            second_factor_at=tx.now,
            wrong_codes=0,
        )
        self._seals.seal_session(row)
        tx.session.add(row)
        return SignedIn(session, token)

    def find(self, token: Secret[str], face: Face) -> StaffSession | None:
        """Whose live session of this face this is, with their roles as they are now; None for nobody's.

        Being asked keeps a session awake. Boundaries: exactly at an end it is over.
        """
        if not token or len(token.reveal()) > _LONGEST_TOKEN:
            return None
        with self._unit_of_work.read() as tx:
            row = session_rows.find(tx.session, self._digest(face, token))
            if row is None or row.face != face or row.ended_at is not None or not self._seals.is_session(row):
                return None
            staff = self._seals.whole(repository.find(tx.session, row.staff_id))
            if staff is None or not staff.is_active(tx.now) or not session_is_live(row.created_at, row.seen_at, tx.now):
                return None
            found = StaffSession(row.id, face, staff, row.created_at, row.seen_at, row.second_factor_at)
            worn = tx.now - row.seen_at >= _SEEN_EVERY
        if worn:
            with self._unit_of_work.begin(SYSTEM) as tx:
                session_rows.touch(tx.session, found.id, tx.now)
        return found

    def step_up(self, session: StaffSession, code: Secret[str], request_id: str | None = None) -> SteppedUp:
        """Renews the second factor for five minutes; at the console under a new token, and the old one is dead.

        Raises `CodeNotRight`, which the fifth time in a row ends the session; `SessionOver`.
        """
        renewed = again_on_collision(lambda: self._renew(session.staff.as_actor(request_id), session, code))
        if renewed is None:
            raise CodeNotRight
        return renewed

    def _renew(self, actor: Actor, session: StaffSession, code: Secret[str]) -> SteppedUp | None:
        """None for a wrong code. It is counted before it is judged: others wait for that row meanwhile."""
        with self._unit_of_work.begin(actor) as tx:
            if not session_rows.charge_try(tx.session, session.id, Tries.CODES, _TRIES):
                raise SessionOver
            right = self._second_factors.judge(tx, session.staff.id, code)
            if right is None or not self._second_factors.spend(tx, session.staff.id, right):
                session_rows.end_if_exhausted(tx.session, session.id, Tries.CODES, tx.now, _TRIES)
                audit.record(tx, Action.STAFF_STEP_UP_FAILED, ObjectKind.STAFF, session.staff.id)
                return None
            token = Secret(secrets.token_urlsafe(_TOKEN_BYTES)) if session.face is Face.CONSOLE else None
            self._save_renewed(tx, session, token)
            audit.record(tx, Action.STAFF_STEPPED_UP, ObjectKind.STAFF, session.staff.id)
            return SteppedUp(replace(session, seen_at=tx.now, second_factor_at=tx.now), token)

    def _save_renewed(self, tx: Transaction, session: StaffSession, token: Secret[str] | None) -> None:
        """The second factor counts from now on, under another token if there is one. Raises `SessionOver`."""
        row = session_rows.live(tx.session, session.id)
        if row is None or not self._seals.is_session(row):
            raise SessionOver
        row.second_factor_at, row.seen_at, row.wrong_codes = tx.now, tx.now, 0
        if token is not None:
            row.digest = self._digest(session.face, token)
        self._seals.seal_session(row)

    def end(self, session: StaffSession, request_id: str | None = None) -> None:
        """Signs out, at once and everywhere that this token is used. Twice changes nothing."""
        with self._unit_of_work.begin(session.staff.as_actor(request_id)) as tx:
            if session_rows.end(tx.session, session.id, tx.now):
                audit.record(tx, Action.STAFF_SIGNED_OUT, ObjectKind.STAFF, session.staff.id)

    def _digest(self, face: Face, token: Secret[str]) -> bytes:
        return self._mac.digest(MacUse.STAFF_SESSION, face, token.reveal())


def _rehashed(admitted: AdmittedAttempt, password: Secret[str]) -> str | None:
    outdated = admitted.password_hash is not None and passwords.is_outdated(admitted.password_hash)
    return passwords.hash_password(password) if outdated else None


def _record(tx: Transaction, staff: Staff, action: Action, request_id: str | None, reason: str | None = None) -> None:
    acting = replace(tx, actor=staff.as_actor(request_id))
    audit.record(acting, action, ObjectKind.STAFF, staff.id, reason=reason)
