"""Time-based one-time codes (RFC 6238): six digits, 30 seconds; the only importer of `pyotp`."""

import hmac
from collections.abc import Iterable
from datetime import datetime

import pyotp

from app.kernel.secret import Secret

_STEP = 30
"""Seconds, as every authenticator assumes. Source: RFC 6238."""
_ISSUER = "Shiming"


def new_seed() -> Secret[str]:
    """160 bits, as authenticators take them: base32."""
    return Secret(pyotp.random_base32())


def provisioning_uri(seed: Secret[str], name: str) -> Secret[str]:
    """What an authenticator reads from a QR code."""
    return Secret(pyotp.TOTP(seed.reveal()).provisioning_uri(name, issuer_name=_ISSUER))


def code_at(seed: Secret[str], moment: datetime) -> str:
    return pyotp.TOTP(seed.reveal()).at(int(moment.timestamp()))


def step_of(seed: Secret[str], code: str, moments: Iterable[datetime]) -> int | None:
    """The time step whose code this is, at one of these moments or one step to either side; None for a wrong one.

    Compares with all of them in any case, so that its time tells nothing.
    """
    totp = pyotp.HOTP(seed.reveal())
    near = {max(0, int(moment.timestamp()) // _STEP + aside) for moment in moments for aside in (-1, 0, 1)}
    found = [step for step in sorted(near) if hmac.compare_digest(totp.at(step), code)]
    return found[0] if found else None
