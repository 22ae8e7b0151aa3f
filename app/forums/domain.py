"""Words: a forum, its client, the scopes a client may hold, a pause and a drill."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol
from urllib.parse import urlsplit

from app.db.unit_of_work import Transaction
from app.kernel.ids import BoardId, ClientId, ForumId, PauseId
from app.kernel.secret import Secret

EVERYTHING = "all"
"""The place of a pause that stops every forum, also those that are added later."""
REASON_LENGTH = range(1, 401)


class Scope(StrEnum):
    """What a client may do; each opens one part of the contract."""

    ACCOUNTS = "accounts"
    VERIFICATIONS = "verifications"
    BOARDS = "boards"
    TOKENS = "tokens"
    SCREENINGS = "screenings"
    REPORTS = "reports"
    WEBHOOKS = "webhooks"


class ForumStatus(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Forum:
    id: ForumId
    name: str
    status: ForumStatus
    return_urls: tuple[str, ...]
    direct_verification: str | None
    """Why this forum may send documents itself; None where it may not."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LiveSecret:
    """When a secret that still opens was made, and when it ends; None for the newest."""

    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Registration:
    """A forum as its operator sees it."""

    forum: Forum
    client_id: ClientId
    secrets: tuple[LiveSecret, ...]
    """Oldest first."""


@dataclass(frozen=True, slots=True)
class Client:
    """A forum's backend, as it calls: who it is and what it may do."""

    id: ClientId
    forum_id: ForumId
    scopes: frozenset[Scope]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a forum needs to log in; the secret is shown once."""

    forum_id: ForumId
    client_id: ClientId
    client_secret: Secret[str]


@dataclass(frozen=True, slots=True)
class PausedPlace:
    """What a pause stops: a board, a forum with all of its boards, or everything where neither is named."""

    forum_id: ForumId | None = None
    """Of a board the forum that it belongs to."""
    board_id: BoardId | None = None

    @property
    def name(self) -> str:
        return self.board_id or self.forum_id or EVERYTHING


@dataclass(frozen=True, slots=True)
class Pause:
    """Somebody threw the emergency switch; in force until another one lifts it. Source: L5d."""

    id: PauseId
    place: PausedPlace
    reason: str
    began_at: datetime
    began_by: str
    ended_at: datetime | None = None
    ended_by: str | None = None


@dataclass(frozen=True, slots=True)
class Drill:
    """An emergency that was rehearsed: when, what was played, and how it went. Source: L5d."""

    id: str
    held_on: date
    scenario: str
    outcome: str
    recorded_at: datetime
    recorded_by: str


class ForumOfBoard(Protocol):
    """A port: which forum a board belongs to, which only a higher room knows."""

    def __call__(self, tx: Transaction, board_id: BoardId, /) -> ForumId | None: ...


def is_forum_paused(paused: Collection[str], forum_id: ForumId) -> bool:
    """Whether pauses in force at these places stop the whole forum."""
    return EVERYTHING in paused or forum_id in paused


def is_text(text: str, length: range) -> bool:
    """Whether it has so many characters that somebody can see; line breaks and the like are none."""
    return len(text.strip()) in length and not any(unicodedata.category(mark)[0] == "C" for mark in text)


_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_MAX_URL = 2000
_HOST_AND_PORT = re.compile(r"[A-Za-z0-9._:\[\]-]+", re.ASCII)


def is_return_url(url: str, *, plain_http: bool) -> bool:
    """Whether people may be sent back there: absolute, no credentials, no fragment, nothing invisible.

    `http` is for this machine alone, unless `plain_http` allows it (development).
    """
    if len(url) > _MAX_URL or not all("!" <= mark <= "~" and mark not in '"<>\\^`{|}' for mark in url):
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or not _HOST_AND_PORT.fullmatch(parts.netloc) or "#" in url or parts.scheme not in {"http", "https"}:
        return False
    return parts.scheme == "https" or plain_http or host in _LOOPBACK
