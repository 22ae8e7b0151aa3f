"""Cursors of lists: where the next page begins, to be handed back as it was given."""

import base64
import binascii
import re
from datetime import UTC, datetime

from app.kernel.errors import FieldError, Invalid
from app.kernel.sentence import Sentence

BAD_CURSOR = FieldError(
    "/cursor", "not-a-cursor", Sentence("请原样使用 next_cursor。", "Use next_cursor as it was given.")
)
_PLACE = re.compile(r"([0-9]{1,17}) ([a-z]{3}_[0-9a-f]{32})", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_SECOND = 1_000_000


def write_cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def read_cursor(cursor: str | None, prefix: str) -> str | None:
    """The id that a page ended with. Raises `Invalid`."""
    if cursor is None:
        return None
    text = _decoded(cursor)
    if not text.startswith(prefix) or not text.isascii() or not text.isprintable():
        raise Invalid([BAD_CURSOR])
    return text


def write_place(moment: datetime, row_id: str) -> str:
    return write_cursor(f"{int(moment.timestamp()) * _SECOND + moment.microsecond} {row_id}")


def read_place(cursor: str | None) -> tuple[datetime, str] | None:
    """The moment and the id that a page ended with. Raises `Invalid`."""
    if cursor is None:
        return None
    found = _PLACE.fullmatch(_decoded(cursor))
    if found is None:
        raise Invalid([BAD_CURSOR])
    seconds, microseconds = divmod(int(found[1]), _SECOND)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds), found[2]


def write_number(prefix: str, number: int) -> str:
    return write_cursor(f"{prefix}{number}")


def read_number(cursor: str | None, prefix: str) -> int | None:
    """The number that a page ended with. Raises `Invalid`."""
    text = read_cursor(cursor, prefix)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text.removeprefix(prefix)):
        raise Invalid([BAD_CURSOR])
    return int(text.removeprefix(prefix))


def _decoded(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode()
    except (ValueError, binascii.Error):
        raise Invalid([BAD_CURSOR]) from None
