"""Words: a forum, its client, and the scopes a client may hold."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from app.kernel.ids import ClientId, ForumId
from app.kernel.secret import Secret


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
