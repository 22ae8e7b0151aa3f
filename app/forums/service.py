"""Use cases of the operator (add, rotate, disable) and of the forum's backend (log in)."""

import secrets
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from app import policies
from app.audit import service as audit
from app.audit.details import Detail
from app.audit.domain import Action, AuditObject, ObjectKind
from app.crypto.envelope import Records
from app.crypto.mac import Mac, MacUse
from app.db.unit_of_work import ConstraintViolated, Transaction, UnitOfWork, hold_key, hold_keys
from app.events.service import stop_listening
from app.forums import repository
from app.forums.domain import (
    REASON_LENGTH,
    Client,
    Credentials,
    Forum,
    ForumStatus,
    Registration,
    Scope,
    is_return_url,
    is_text,
)
from app.forums.errors import (
    ClientRefused,
    ForumDisabled,
    ForumNameUnusable,
    ForumNotFound,
    ReasonUnusable,
    ReturnUrlUnusable,
)
from app.kernel.actor import SYSTEM, Actor
from app.kernel.ids import ClientId, ForumId, new_id
from app.kernel.secret import Secret

_NAME_LENGTH = range(1, 81)
_SECRET_BYTES = 32
_LIVE_SECRETS = 2
_NOBODYS_SECRET = bytes(32)


class Forums:
    def __init__(self, unit_of_work: UnitOfWork, mac: Mac, records: Records, *, plain_http: bool) -> None:
        """`plain_http` lets people be sent back to addresses without TLS: development only."""
        self._unit_of_work = unit_of_work
        self._mac = mac
        self._records = records
        self._plain_http = plain_http

    def add(
        self, actor: Actor, name: str, return_urls: Sequence[str] = (), direct_verification: str | None = None
    ) -> Credentials:
        """Registers a forum and the one client that speaks for it.

        Raises `ForumNameUnusable`, `ReasonUnusable`, `ReturnUrlUnusable`. Source: L2b.
        """
        name = unicodedata.normalize("NFC", name).strip()
        if not is_text(name, _NAME_LENGTH):
            raise ForumNameUnusable
        if direct_verification is not None and not is_text(direct_verification, REASON_LENGTH):
            raise ReasonUnusable
        if not all(is_return_url(url, plain_http=self._plain_http) for url in return_urls):
            raise ReturnUrlUnusable
        secret = _new_secret()
        with self._unit_of_work.begin(actor) as tx:
            forum = Forum(
                id=ForumId(new_id("frm", tx.now)),
                name=name,
                status=ForumStatus.ACTIVE,
                return_urls=tuple(return_urls),
                direct_verification=direct_verification,
                created_at=tx.now,
            )
            client = Client(ClientId(new_id("cli", tx.now)), forum.id, frozenset(Scope))
            repository.add(tx.session, forum, client)
            repository.add_secret(tx.session, client.id, self._digest(secret), tx.now)
            audit.record(tx, Action.FORUM_ADDED, ObjectKind.FORUM, forum.id)
        return Credentials(forum.id, client.id, secret)

    def find(self, forum_id: str) -> Forum | None:
        """The forum that a person came from, active or not."""
        with self._unit_of_work.read() as tx:
            return repository.find_forum(tx.session, forum_id)

    def get(self, forum_id: str) -> Forum:
        """The forum that a command names, active or not. Raises `ForumNotFound`."""
        with self._unit_of_work.read() as tx:
            return get_forum(tx, ForumId(forum_id))

    def list_all(self, after: str | None = None, limit: int | None = None) -> list[Registration]:
        """Oldest first."""
        with self._unit_of_work.read() as tx:
            return repository.all_forums(tx.session, tx.now, after, limit)

    def show(self, forum_id: str) -> Registration:
        """One as the operator sees it. Raises `ForumNotFound`."""
        with self._unit_of_work.read() as tx:
            get_forum(tx, ForumId(forum_id))
            return repository.all_forums(tx.session, tx.now, only=forum_id)[0]

    def rotate_secret(self, actor: Actor, forum_id: str, reason: str | None = None) -> Credentials:
        """A new secret; the last one still opens for `CLIENT_SECRET_OVERLAP`. `reason` is sealed beside the entry.

        Raises `ForumNotFound`, `ForumDisabled`.
        """
        secret = _new_secret()
        with self._unit_of_work.begin(actor) as tx:
            forum = _active(tx, forum_id)
            client_id = repository.client_of(tx.session, forum.id)
            overlap = timedelta(hours=policies.CLIENT_SECRET_OVERLAP.value)
            repository.expire_secrets(tx.session, client_id, tx.now + overlap)
            repository.add_secret(tx.session, client_id, self._digest(secret), tx.now)
            self._note(tx, Action.CLIENT_SECRET_ROTATED, AuditObject(ObjectKind.CLIENT, client_id), reason)
        return Credentials(forum.id, client_id, secret)

    def disable(self, actor: Actor, forum_id: str, reason: str | None = None) -> Forum:
        """Cuts the forum's client off at its next call; its webhook endpoints hear nothing more.

        Disabling twice changes nothing. Raises `ForumNotFound`.
        """
        with self._unit_of_work.begin(actor) as tx:
            forum = _found(tx, forum_id)
            if forum.status is ForumStatus.ACTIVE:
                repository.set_status(tx.session, forum.id, ForumStatus.DISABLED)
                stop_listening(tx, forum.id)
                self._note(tx, Action.FORUM_DISABLED, AuditObject(ObjectKind.FORUM, forum.id), reason)
        return replace(forum, status=ForumStatus.DISABLED)

    def confirm_acts(self, actor: Actor, forum_id: str, reason: str | None = None) -> datetime:
        """Lifts the cap on suspensions, bans and closings until the moment it gives.

        Raises `ForumNotFound`, `ForumDisabled`.
        """
        with self._unit_of_work.begin(actor) as tx:
            forum = _active(tx, forum_id)
            until = tx.now + timedelta(hours=policies.CONFIRMATION_LIFETIME.value)
            repository.confirm_acts(tx.session, forum.id, until)
            self._note(tx, Action.ACTS_CONFIRMED, AuditObject(ObjectKind.FORUM, forum.id), reason)
        return until

    def authenticate(self, client_id: str, secret: Secret[str]) -> Client:
        """The client these credentials belong to. Raises `ClientRefused`, one answer for every cause.

        An unknown client costs the same queries and comparisons as a known one: time does not tell them apart.
        """
        with self._unit_of_work.read() as tx:
            client = repository.find_active_client(tx.session, client_id)
            live = repository.live_secrets(tx.session, client_id, tx.now)
        live += [_NOBODYS_SECRET] * (_LIVE_SECRETS - len(live))
        presented = [self._mac.matches(digest, MacUse.CLIENT_SECRET, secret.reveal()) for digest in live]
        if client is None or not any(presented):
            raise ClientRefused
        return client

    def find_client(self, client_id: str, jti: str) -> Client:
        """The client of an access token, as it stands now.

        Raises `ClientRefused` when its forum was disabled or the token with this `jti` revoked.
        """
        with self._unit_of_work.read() as tx:
            client = repository.find_active_client(tx.session, client_id, jti)
        if client is None:
            raise ClientRefused
        return client

    def revoke_token(self, actor: Actor, jti: str, expires_at: datetime) -> None:
        """Ends an access or posting token before `expires_at`. Twice, or two at once, is once. Source: RFC 7009."""
        with suppress(ConstraintViolated), self._unit_of_work.begin(actor) as tx:
            purge_revoked_tokens(tx)
            if repository.add_revoked(tx.session, jti, expires_at):
                audit.record(tx, Action.TOKEN_REVOKED, ObjectKind.TOKEN, jti)

    def forget_revocations(self) -> int:
        """A use case of the background: tokens that nobody could use any more anyway; how many they were."""
        with self._unit_of_work.begin(SYSTEM) as tx:
            return purge_revoked_tokens(tx)

    def _note(self, tx: Transaction, action: Action, acted_on: AuditObject, reason: str | None) -> None:
        if reason is None:
            audit.record(tx, action, acted_on.kind, acted_on.id)
        else:
            audit.record_with(tx, Detail(self._records, Secret(reason)), action, acted_on)

    def _digest(self, secret: Secret[str]) -> bytes:
        return self._mac.digest(MacUse.CLIENT_SECRET, secret.reveal())


def get_forum(tx: Transaction, forum_id: ForumId) -> Forum:
    """A step. Raises `ForumNotFound`."""
    forum = repository.find_forum(tx.session, forum_id)
    if forum is None:
        raise ForumNotFound
    return forum


def client_of(tx: Transaction, forum_id: ForumId) -> ClientId:
    """A step: through whom a forum acts."""
    return repository.client_of(tx.session, forum_id)


def acts_confirmed(tx: Transaction, forum_id: ForumId) -> bool:
    """A step: whether the operator lifted the cap. Boundary: exactly at the end of its hour it is back."""
    until = repository.acts_confirmed_until(tx.session, forum_id)
    return until is not None and tx.now < until


def is_token_revoked(tx: Transaction, jti: str) -> bool:
    """A step."""
    return repository.is_revoked(tx.session, jti)


def purge_revoked_tokens(tx: Transaction) -> int:
    """A step: forgets some revoked tokens that expired long ago; how many. Each revocation does it on its way."""
    kept = timedelta(hours=policies.REVOCATION_KEPT.value)
    return repository.drop_expired_revocations(tx.session, tx.now - kept)


def hold_forum(tx: Transaction, forum_id: ForumId) -> None:
    """A step: until this transaction ends, no other one that holds the same forum runs beside it.

    Bans, closures and the end of a verification hold it, so that each sees what the one before it decided. It is held
    for the forum and not for the person: who waits for whom must not tell a forum which accounts are one person's.
    """
    hold_key(tx, sha256(forum_id.encode()).digest())


def hold_every_forum(tx: Transaction) -> None:
    """A step: likewise for all of them, in one order whoever asks."""
    hold_keys(tx, sorted(sha256(forum.id.encode()).digest() for forum in repository.list_forums(tx.session)))


def list_forums(tx: Transaction, after: str | None = None, limit: int | None = None) -> list[Forum]:
    """A step: active ones and others, oldest first."""
    return repository.list_forums(tx.session, after, limit)


def _found(tx: Transaction, forum_id: str) -> Forum:
    forum = repository.find_forum(tx.session, forum_id, lock=True)
    if forum is None:
        raise ForumNotFound
    return forum


def _active(tx: Transaction, forum_id: str) -> Forum:
    forum = _found(tx, forum_id)
    if forum.status is not ForumStatus.ACTIVE:
        raise ForumDisabled
    return forum


def _new_secret() -> Secret[str]:
    """256 random bits: a keyed SHA-256 suffices to store it, and keeps the hot path cheap."""
    return Secret(secrets.token_urlsafe(_SECRET_BYTES))
