"""Words: a forum, its client, and the scopes a client may hold."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

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
