"""Which password a member may choose: long enough, and none that is tried first; nothing is asked of its letters."""

import re
from functools import cache
from pathlib import Path

from app import policies
from app.crypto.passwords import normalised
from app.kernel.secret import Secret
from app.staff.errors import PasswordUnusable

_SHORTEST, _LONGEST = policies.PASSWORD_SHORTEST.value, policies.PASSWORD_LONGEST.value
_FILE = Path(__file__).parent / "data" / "common_passwords.txt"
_OUR_NAME = "shiming"
_FEWEST_LETTERS = 3
_SHORTEST_WORD = 4


def refuse_weak(password: Secret[str], email: str) -> None:
    """Raises `PasswordUnusable`: too short or long, common, of fewer than three letters, or with the address in it."""
    text = normalised(password).reveal()
    known = text.lower()
    too_long = not _SHORTEST <= len(text) <= _LONGEST
    named = any(word in known for word in (*_words_of(email), _OUR_NAME))
    if too_long or named or known in _common() or len(set(known)) < _FEWEST_LETTERS:
        raise PasswordUnusable


def _words_of(email: str) -> list[str]:
    return [word for word in re.split(r"[^\w]+", email.lower()) if len(word) >= _SHORTEST_WORD]


@cache
def _common() -> frozenset[str]:
    lines = _FILE.read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
