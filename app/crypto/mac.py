"""Keyed digests of short-lived or random values, each use under a subkey of its own."""

import hmac
from enum import StrEnum

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.crypto.keyring import KeyPurpose, Keyring


class MacUse(StrEnum):
    CLIENT_SECRET = "client-secret"  # noqa: S105 -- the name of a use
    ONE_TIME_CODE = "one-time-code"
    REMEDY_TICKET = "remedy-ticket"
    ATTEMPT_SUBJECT = "attempt-subject"
    FLOW_LINK = "flow-link"
    FLOW_BROWSER = "flow-browser"
    FLOW_FORM = "flow-form"
    FLOW_HANDOFF = "flow-handoff"
    IDEMPOTENCY_KEY = "idempotency-key"
    IDEMPOTENCY_BODY = "idempotency-body"
    SIGN_IN = "sign-in"
    RISK_DELAY = "risk-delay"
    STAFF_SESSION = "staff-session"
    STAFF_SESSION_ROW = "staff-session-row"
    STAFF_MEMBER = "staff-member"
    STAFF_RECOVERY_CODE = "staff-recovery-code"
    STAFF_FAILURE = "staff-failure"
    DISCLOSURE_APPROVAL = "disclosure-approval"
    DISCLOSURE_REQUEST = "disclosure-request"
    DISCLOSURE_EXECUTION = "disclosure-execution"
    DISCLOSURE_PERSON = "disclosure-person"
    TRACKING_CODE = "tracking-code"
    COMPLAINT_TARGET = "complaint-target"
    DISCLOSURE_PASSPHRASE = "disclosure-passphrase"  # noqa: S105 -- the name of a use


class Mac:
    """HMAC-SHA-256 under subkeys derived from the installation's MAC key."""

    def __init__(self, keyring: Keyring) -> None:
        key = keyring.current(KeyPurpose.MAC)
        self._subkeys = {
            use: HKDF(algorithm=SHA256(), length=32, salt=None, info=f"shiming {use}".encode()).derive(
                key.material.reveal()
            )
            for use in MacUse
        }

    def digest(self, use: MacUse, *parts: str) -> bytes:
        framed = b"".join(len(raw := part.encode()).to_bytes(4) + raw for part in parts)
        return hmac.digest(self._subkeys[use], framed, "sha256")

    @staticmethod
    def same(expected: bytes, given: bytes) -> bool:
        """Compares in a time that tells nothing of where they differ."""
        return hmac.compare_digest(expected, given)

    def matches(self, expected: bytes, use: MacUse, *parts: str) -> bool:
        return self.same(expected, self.digest(use, *parts))
