"""Every query on forums, clients and their secrets."""

from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from app.db.words import read_word
from app.forums.domain import Client, Forum, ForumStatus, LiveSecret, Registration, Scope
from app.forums.models import ClientRow, ClientSecretRow, ForumRow, RevokedTokenRow
from app.kernel.ids import ClientId, ForumId

_BATCH = 500
_CLIENTS, _FORUMS, _REVOKED = ClientRow.__table__, ForumRow.__table__, RevokedTokenRow.__table__
_ACTIVE_CLIENT = (
    select(_CLIENTS.c.id, _CLIENTS.c.forum_id, _CLIENTS.c.scopes)
    .join(_FORUMS, _FORUMS.c.id == _CLIENTS.c.forum_id)
    .where(
        _CLIENTS.c.id == bindparam("client_id"),
        _FORUMS.c.status == ForumStatus.ACTIVE,
        ~exists().where(_REVOKED.c.jti == bindparam("jti")),
    )
)
"""Every request asks this: on the bare tables and put together once, it costs a third."""


def add(session: Session, forum: Forum, client: Client) -> None:
    session.add(
        ForumRow(
            id=forum.id,
            name=forum.name,
            status=forum.status,
            return_urls=list(forum.return_urls),
            direct_verification=forum.direct_verification,
            created_at=forum.created_at,
            acts_confirmed_until=None,
        )
    )
    session.flush()
    session.add(ClientRow(id=client.id, forum_id=forum.id, scopes=sorted(client.scopes)))
    session.flush()


def all_forums(
    session: Session, now: datetime, after: str | None = None, limit: int | None = None, only: str | None = None
) -> list[Registration]:
    """Forums with their clients and the secrets that are live at `now`."""
    secrets: dict[str, list[LiveSecret]] = {}
    for row in session.scalars(select(ClientSecretRow).where(_live_at(now)).order_by(ClientSecretRow.created_at)):
        secrets.setdefault(row.client_id, []).append(LiveSecret(row.created_at, row.expires_at))
    query = select(ForumRow, ClientRow.id).join(ClientRow, ClientRow.forum_id == ForumRow.id)
    query = query.where(ForumRow.id > (after or "") if only is None else ForumRow.id == only)
    return [
        Registration(_forum(row), ClientId(client_id), tuple(secrets.get(client_id, ())))
        for row, client_id in session.execute(query.order_by(ForumRow.id).limit(limit))
    ]


def list_forums(session: Session, after: str | None = None, limit: int | None = None) -> list[Forum]:
    """Oldest first."""
    query = select(ForumRow).where(ForumRow.id > (after or "")).order_by(ForumRow.id).limit(limit)
    return [_forum(row) for row in session.scalars(query)]


def find_forum(session: Session, forum_id: str, *, lock: bool = False) -> Forum | None:
    if not forum_id.isascii():
        return None
    query = select(ForumRow).where(ForumRow.id == forum_id)
    row = session.scalar(query.with_for_update() if lock else query)
    return _forum(row) if row else None


def set_status(session: Session, forum_id: ForumId, status: ForumStatus) -> None:
    session.execute(update(ForumRow).where(ForumRow.id == forum_id).values(status=status))


def confirm_acts(session: Session, forum_id: ForumId, until: datetime) -> None:
    session.execute(update(ForumRow).where(ForumRow.id == forum_id).values(acts_confirmed_until=until))


def acts_confirmed_until(session: Session, forum_id: ForumId) -> datetime | None:
    return session.scalar(select(ForumRow.acts_confirmed_until).where(ForumRow.id == forum_id))


def client_of(session: Session, forum_id: ForumId) -> ClientId:
    """A forum is added with its client, in one transaction."""
    return ClientId(session.scalars(select(ClientRow.id).where(ClientRow.forum_id == forum_id)).one())


def find_active_client(session: Session, client_id: str, jti: str = "") -> Client | None:
    """A client whose forum is active; none for an access token that was revoked."""
    row = session.execute(_ACTIVE_CLIENT, {"client_id": client_id, "jti": jti}).one_or_none()
    if row is None:
        return None
    return Client(ClientId(row.id), ForumId(row.forum_id), frozenset(Scope(scope) for scope in row.scopes))


def is_revoked(session: Session, jti: str) -> bool:
    return bool(session.scalar(select(_revoked(jti))))


def add_revoked(session: Session, jti: str, expires_at: datetime) -> bool:
    """False when it was revoked before."""
    if is_revoked(session, jti):
        return False
    session.add(RevokedTokenRow(jti=jti, expires_at=expires_at))
    return True


def drop_expired_revocations(session: Session, now: datetime) -> int:
    """A batch of those that expired by then; nobody waits for a row that another one drops."""
    expired = session.scalars(
        select(RevokedTokenRow.jti)
        .where(RevokedTokenRow.expires_at <= now)
        .order_by(RevokedTokenRow.expires_at)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    jtis = expired.all()  # a subquery with a limit may be run more than once, and would drop more
    if jtis:
        session.execute(delete(RevokedTokenRow).where(RevokedTokenRow.jti.in_(jtis)))
    return len(jtis)


def live_secrets(session: Session, client_id: str, now: datetime) -> list[bytes]:
    return list(
        session.scalars(select(ClientSecretRow.digest).where(ClientSecretRow.client_id == client_id, _live_at(now)))
    )


def _live_at(now: datetime) -> ColumnElement[bool]:
    return or_(ClientSecretRow.expires_at.is_(None), ClientSecretRow.expires_at > now)


def add_secret(session: Session, client_id: ClientId, digest: bytes, now: datetime) -> None:
    session.add(ClientSecretRow(digest=digest, client_id=client_id, created_at=now, expires_at=None))


def expire_secrets(session: Session, client_id: ClientId, at: datetime) -> None:
    """The newest secret lives on until `at`; older ones are gone, so that never more than two are live."""
    current = ClientSecretRow.client_id == client_id
    session.execute(delete(ClientSecretRow).where(current, ClientSecretRow.expires_at.is_not(None)))
    session.execute(update(ClientSecretRow).where(current).values(expires_at=at))


def _revoked(jti: str) -> ColumnElement[bool]:
    return exists().where(RevokedTokenRow.jti == jti)


def _forum(row: ForumRow) -> Forum:
    return Forum(
        id=ForumId(row.id),
        name=row.name,
        status=read_word(ForumStatus, row.status, row.id, ForumStatus.DISABLED),
        return_urls=tuple(row.return_urls),
        direct_verification=row.direct_verification,
        created_at=row.created_at,
    )
