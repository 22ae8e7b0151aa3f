"""The tracking code: all that whoever complained has to come back with. Stored only as a keyed digest.

19 random characters of Crockford's base 32 (95 bits) and one that checks them: a sum over GF(32) in which every place
has a weight of its own, so that each single wrong character and each swap of two characters is found.
"""

import secrets
import unicodedata

from app.crypto.mac import Mac, MacUse
from app.kernel.secret import Secret
from app.reporting.errors import TrackingCodeMistyped

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_CHARACTERS = 19
LENGTH = RANDOM_CHARACTERS + 1
LONGEST_TYPED = 80
_GROUP = 4
_POLYNOMIAL = 0b100101
"""x^5 + x^2 + 1: primitive, so the powers of x give 31 different weights."""
_READ_AS = str.maketrans("OIL", "011")
_VALUES = {letter: value for value, letter in enumerate(ALPHABET)}
_PASSED_OVER = {"Zs", "Cc", "Cf", "Pd", "Pc"}
"""Blanks, line ends, marks without width, hyphens and dashes."""
_MINUS = "\u2212"


def new_tracking_code() -> Secret[str]:
    """As it is shown: in groups of four."""
    drawn = [secrets.randbelow(len(ALPHABET)) for _ in range(RANDOM_CHARACTERS)]
    letters = "".join(ALPHABET[value] for value in (*drawn, _check_value(drawn)))
    return Secret("-".join(letters[place : place + _GROUP] for place in range(0, LENGTH, _GROUP)))


def read_tracking_code(typed: Secret[str]) -> Secret[str]:
    """The twenty characters that somebody typed, whatever the spelling. Raises `TrackingCodeMistyped`."""
    if len(typed.reveal()) > LONGEST_TYPED:
        raise TrackingCodeMistyped
    spelt = unicodedata.normalize("NFKC", typed.reveal()).upper().translate(_READ_AS)
    letters = "".join(one for one in spelt if one != _MINUS and unicodedata.category(one) not in _PASSED_OVER)
    if len(letters) != LENGTH or not _VALUES.keys() >= set(letters):
        raise TrackingCodeMistyped
    *drawn, check = (_VALUES[letter] for letter in letters)
    if check != _check_value(drawn):
        raise TrackingCodeMistyped
    return Secret(letters)


def digest_of(mac: Mac, code: Secret[str]) -> bytes:
    """What is stored of a code, and looked for."""
    return mac.digest(MacUse.TRACKING_CODE, read_tracking_code(code).reveal())


def _check_value(drawn: list[int]) -> int:
    """Makes the weighted sum of all twenty nothing; the last has the weight 1."""
    total = 0
    for value in drawn:
        total = _times_x(total ^ value)
    return total


def _times_x(value: int) -> int:
    doubled = value << 1
    return doubled ^ _POLYNOMIAL if doubled & len(ALPHABET) else doubled
