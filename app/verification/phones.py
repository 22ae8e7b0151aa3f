"""Mainland mobile numbers: one spelling for one number."""

import re
import unicodedata

from app.kernel.secret import Secret
from app.verification.errors import PhoneInvalid

_MOBILE = re.compile(r"1[3-9][0-9]{9}", re.ASCII)
_PREFIXES = ("+86", "0086")
_DROPPED = frozenset({"Cc", "Cf", "Zs", "Pd"})
_MAX_TYPED = 40
PHONE_SCHEME = "phone"


def read_phone(typed: Secret[str]) -> Secret[str]:
    """Eleven digits without the country code. Raises `PhoneInvalid`."""
    if len(typed.reveal()) > _MAX_TYPED:
        raise PhoneInvalid("bad-length")
    folded = unicodedata.normalize("NFKC", typed.reveal())
    plain = "".join(mark for mark in folded if unicodedata.category(mark) not in _DROPPED)
    for prefix in _PREFIXES:
        plain = plain.removeprefix(prefix)
    if not _MOBILE.fullmatch(plain):
        raise PhoneInvalid("bad-format")
    return Secret(plain)
