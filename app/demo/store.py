"""What the demo forum keeps, in a small file of its own: who it is, users, posts, drafts, calls. No person."""

import fcntl
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from app.demo.backend import Call
from app.demo.offline import Json
from app.forums.domain import Credentials
from app.kernel.ids import ClientId, ForumId
from app.kernel.secret import Secret
from app.kernel.sentence import Language

_SHOWN = 50
_BUSY_SECONDS = 2
_TABLE = "CREATE TABLE IF NOT EXISTS kept (kind TEXT, owner TEXT, id TEXT, value TEXT, PRIMARY KEY (kind, id))"
_EVERYBODY = ""
_NEW_VALUE = "UPDATE SET value = excluded.value"


@dataclass(frozen=True, slots=True)
class User:
    """`state` is what the service last said of them."""

    id: str
    handle: str
    state: str


@dataclass(frozen=True, slots=True)
class Post:
    """`form` names the form it was sent with: one form, one post."""

    form: str
    author: str
    title: str
    text: str
    at: str


@dataclass(frozen=True, slots=True)
class Session:
    """One browser: whom it plays, and the draft of a post that was refused."""

    id: str
    user: str = ""
    title: str = ""
    text: str = ""


class Store:
    def __init__(self, file: Path, issuer: str) -> None:
        self._file, self._issuer = file, issuer

    def enrol(self, register: Callable[[], Credentials]) -> Credentials:
        """Who this forum is; made once, by one process, and anew when the service has another address."""
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._file.exists():  # once: to close a file that SQLite has open would take its locks away
            os.close(os.open(self._file, os.O_CREAT, 0o600))
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            row = connection.execute(
                "SELECT value FROM kept WHERE kind = 'forum' AND id = ?", (self._issuer,)
            ).fetchone()
            if row is None:
                made = register()
                said = json.dumps([made.forum_id, made.client_id, made.client_secret.reveal()])
                connection.execute("DELETE FROM kept")
                connection.execute("INSERT INTO kept VALUES ('forum', '', ?, ?)", (self._issuer, said))
                row = (said,)
            connection.execute("COMMIT")
        forum_id, client_id, secret = json.loads(row[0])
        return Credentials(ForumId(forum_id), ClientId(client_id), Secret(secret))

    def forget(self, refused: Credentials) -> None:
        """Everything, unless another process has begun anew already."""
        own = "SELECT 1 FROM kept WHERE kind = 'forum' AND value LIKE ?"
        self._run(f"DELETE FROM kept WHERE EXISTS ({own})", f"%{refused.client_id}%")  # noqa: S608 -- our own words

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Holds every other process off that wants the same."""
        with self._file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def users(self, session: Session) -> list[User]:
        """Whom this browser may play, in the order of their coming."""
        return [User(**user) for user in reversed(self._all("user", _EVERYBODY, session.id))]

    def save_user(self, user: User, session: Session | None = None) -> None:
        """A new one may be played by this browser alone, or by all."""
        self._put("user", session.id if session else _EVERYBODY, user.id, asdict(user), _NEW_VALUE)

    def posts(self, board: str, language: Language) -> list[Post]:
        """Newest first: what people wrote, and what was there in this language."""
        return [Post(**post) for post in self._all("post", board, f"{board}/{language}")]

    def add_post(self, board: str, post: Post, language: Language | None = None) -> None:
        """Sent twice it stands once."""
        self._put("post", f"{board}/{language}" if language else board, post.form, asdict(post), "NOTHING")

    def session(self, secret: Secret[str] | None) -> Session | None:
        """None without a secret, or for one that is not ours."""
        found = self._all("session", _digest(secret)) if secret else []
        return Session(**found[0]) if found else None

    def save_session(self, session: Session) -> None:
        self._put("session", session.id, session.id, asdict(session), _NEW_VALUE)

    def renew_session(self, session: Session, secret: Secret[str]) -> Session:
        """The same session under another secret: whoever knew the old one is outside. Source: session fixation."""
        renewed = replace(session, id=_digest(secret))
        if session.id:
            self._run("DELETE FROM kept WHERE kind = 'session' AND id = ?", session.id)
            self._run("UPDATE kept SET owner = ? WHERE owner = ?", renewed.id, session.id)
        self.save_session(renewed)
        return renewed

    def keep_registration(self, registration_id: str, session: Session, state: str) -> None:
        """A form that was sent twice gives one registration to the browser as it was named last."""
        kept = {"id": registration_id, "state": state}
        self._put("registration", session.id, registration_id, kept, "UPDATE SET owner = excluded.owner")

    def is_own_registration(self, registration_id: str, session: Session, state: str) -> bool:
        """Whether this browser, and no other, began it, and with this state."""
        return {"id": registration_id, "state": state} in self._all("registration", session.id)

    def note(self, session: Session, call: Call) -> None:
        self._put("call", session.id, str(uuid4()), asdict(call), "NOTHING")

    def calls(self, session: Session) -> list[Call]:
        """Newest first."""
        return [Call(**call) for call in self._all("call", session.id)]

    def _put(self, kind: str, owner: str, name: str, value: Json, on_conflict: str) -> None:
        statement = f"INSERT INTO kept VALUES (?, ?, ?, ?) ON CONFLICT DO {on_conflict}"  # noqa: S608 -- our own words
        self._run(statement, kind, owner, name, json.dumps(value))

    def _all(self, kind: str, *owners: str) -> list[Json]:
        """Newest first."""
        places = ", ".join("?" * len(owners))
        asked = f"SELECT value FROM kept WHERE kind = ? AND owner IN ({places}) ORDER BY rowid DESC LIMIT {_SHOWN}"  # noqa: S608 -- our own words
        return [json.loads(value) for (value,) in self._run(asked, kind, *owners)]

    def _run(self, statement: str, *values: str) -> list[tuple[str]]:
        with self._open() as connection:
            return connection.execute(statement, values).fetchall()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._file, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            connection.execute(_TABLE)
            yield connection
        finally:
            connection.close()


def _digest(secret: Secret[str]) -> str:
    return sha256(secret.reveal().encode()).hexdigest()
