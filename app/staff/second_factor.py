"""The second factor: codes of an authenticator and recovery codes; each serves once."""

import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from app import policies
from app.crypto import totp
from app.crypto.envelope import Place, Records
from app.crypto.mac import Mac, MacUse
from app.db.unit_of_work import Transaction
from app.kernel.clock import Clock
from app.kernel.ids import StaffId
from app.kernel.secret import Secret
from app.staff import repository, session_rows
from app.staff.domain import Authenticator

_DIGITS = 6
_RECOVERY_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_RECOVERY_LENGTH, _GROUP = 16, 4
_KEPT = timedelta(hours=policies.USED_CODE_KEPT.value)


@dataclass(frozen=True, slots=True)
class RightCode:
    """A code that is right and not used yet: the time step of an authenticator, or the digest of a recovery code."""

    step: int | None = None
    recovery_digest: bytes | None = None
    strong: bool = False
    """Whether it is more than six digits: two successive codes, or a recovery code."""


class SecondFactors:
    """Steps that judge and spend codes. `clocks` are those that an authenticator may go by."""

    def __init__(self, records: Records, mac: Mac, clocks: Sequence[Clock]) -> None:
        self._records = records
        self._mac = mac
        self._clocks = clocks
        self._nobodys_seed = self._sealed(StaffId(""), totp.new_seed())

    def judge(self, tx: Transaction, staff_id: StaffId | None, typed: Secret[str]) -> RightCode | None:
        """Whether this is a code of theirs that was not used; the same work for nobody. It spends nothing."""
        code, owner = _read(typed), staff_id or StaffId("")
        digest = self._recovery_digest(owner, code)
        if session_rows.has_recovery_code(tx.session, owner, digest):
            return RightCode(recovery_digest=digest, strong=True)
        sealed = repository.sealed_totp_seed(tx.session, owner)
        seed = self._records.unseal(sealed or self._nobodys_seed, _place(owner if sealed else StaffId("")))
        step = self._step(seed, code)
        used = step is not None and session_rows.is_used(tx.session, owner, step)
        return RightCode(step, strong=len(code) > _DIGITS) if sealed and step is not None and not used else None

    def _step(self, seed: Secret[str], code: str) -> int | None:
        """The step of a code, or of the later one of two that follow each other."""
        moments = [clock.now() for clock in self._clocks]
        if len(code) <= _DIGITS:
            return totp.step_of(seed, code, moments)
        before, last = (totp.step_of(seed, half, moments) for half in (code[:_DIGITS], code[_DIGITS:]))
        return last if before is not None and last == before + 1 else None

    def spend(self, tx: Transaction, staff_id: StaffId, right: RightCode) -> bool:
        """Uses a code up. Of two at once one is True, and the other False or `ConstraintViolated`."""
        if right.recovery_digest is not None:
            return session_rows.use_recovery_code(tx.session, staff_id, right.recovery_digest)
        if right.step is None or session_rows.is_used(tx.session, staff_id, right.step):
            return False
        session_rows.use_step(tx.session, staff_id, right.step, tx.now, tx.now - _KEPT)
        tx.session.flush()
        return True

    def replace(self, tx: Transaction, staff_id: StaffId, email: str) -> Authenticator:
        """A new authenticator and new recovery codes; those before are worth nothing."""
        seed = totp.new_seed()
        repository.set_totp_seed(tx.session, staff_id, self._sealed(staff_id, seed))
        codes = [_new_recovery_code() for _ in range(policies.RECOVERY_CODES.value)]
        digests = [self._recovery_digest(staff_id, _read(code)) for code in codes]
        session_rows.replace_recovery_codes(tx.session, staff_id, digests)
        return Authenticator(totp.provisioning_uri(seed, email), tuple(codes))

    def remove(self, tx: Transaction, staff_id: StaffId) -> None:
        repository.set_totp_seed(tx.session, staff_id, None)
        session_rows.replace_recovery_codes(tx.session, staff_id, [])

    def _sealed(self, staff_id: StaffId, seed: Secret[str]) -> bytes:
        return self._records.seal(seed, _place(staff_id))

    def _recovery_digest(self, staff_id: StaffId, code: str) -> bytes:
        return self._mac.digest(MacUse.STAFF_RECOVERY_CODE, staff_id, code)


def _place(staff_id: StaffId) -> Place:
    return Place("staff", staff_id, "totp_seed")


def _read(typed: Secret[str]) -> str:
    """As it is compared: without the blanks and hyphens that people type between groups."""
    text = unicodedata.normalize("NFKC", typed.reveal()).upper()
    return "".join(letter for letter in text if letter.isascii() and letter.isalnum())


def _new_recovery_code() -> Secret[str]:
    letters = [secrets.choice(_RECOVERY_LETTERS) for _ in range(_RECOVERY_LENGTH)]
    groups = ["".join(letters[start : start + _GROUP]) for start in range(0, _RECOVERY_LENGTH, _GROUP)]
    return Secret("-".join(groups))
