"""What the demo forum keeps, in a small file of its own: who it is, users, posts, drafts, calls. No person."""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

from app.demo.backend import Call
from app.forums.domain import Credentials
from app.kernel.ids import ClientId, ForumId
from app.kernel.secret import Secret

_CALLS_KEPT = 30
_POSTS_SHOWN = 50
_BUSY_SECONDS = 2
_TABLES = {
    "forum": "issuer TEXT PRIMARY KEY, forum_id TEXT, client_id TEXT, client_secret TEXT",
    "users": "id TEXT PRIMARY KEY, session TEXT, handle TEXT, state TEXT",
    "posts": "form TEXT PRIMARY KEY, board TEXT, language TEXT, author TEXT, title TEXT, text TEXT, at TEXT",
    "sessions": "id TEXT PRIMARY KEY, user TEXT, title TEXT, text TEXT",
    "registrations": "id TEXT PRIMARY KEY, session TEXT, state TEXT",
    "calls": "number INTEGER PRIMARY KEY, session TEXT, call TEXT",
}


@dataclass(frozen=True, slots=True)
class User:
    """`session` is None for those whom every visitor may play; `state` is what the service last said of them."""

    id: str
    session: str | None
    handle: str
    state: str


@dataclass(frozen=True, slots=True)
class Post:
    """`form` names the form it was sent with: one form, one post. `language` is None where a person wrote it."""

    form: str
    board: str
    language: str | None
    author: str
    title: str
    text: str
    at: str


@dataclass(frozen=True, slots=True)
class Session:
    """One browser: whom it plays, and the draft of a post that was refused."""

    id: str
    user: str | None = None
    title: str = ""
    text: str = ""


def _id_of(secret: Secret[str]) -> str:
    return sha256(secret.reveal().encode()).hexdigest()


class Store:
    def __init__(self, file: Path, issuer: str) -> None:
        self._file, self._issuer = file, issuer

    def enrol(self, register: Callable[[], Credentials]) -> Credentials:
        """Who this forum is; made once, by one process, and anew when the service has another address."""
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            row = connection.execute("SELECT * FROM forum WHERE issuer = ?", (self._issuer,)).fetchone()
            if row is None:
                _forget(connection)
                made = register()
                row = (self._issuer, made.forum_id, made.client_id, made.client_secret.reveal())
                connection.execute("INSERT INTO forum VALUES (?, ?, ?, ?)", row)
            connection.execute("COMMIT")
        return Credentials(ForumId(row[1]), ClientId(row[2]), Secret(row[3]))

    def forget(self) -> None:
        """Everything: the service does not know this forum any more."""
        with self._open() as connection:
            _forget(connection)

    def users(self, session: Session) -> list[User]:
        """Whom this browser may play."""
        rows = self._run("SELECT * FROM users WHERE session IS NULL OR session = ? ORDER BY rowid", session.id)
        return [User(*row) for row in rows]

    def save_user(self, user: User) -> None:
        """A user of another browser stays that browser's."""
        self._run(
            "INSERT INTO users VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE"
            " SET handle = excluded.handle, state = excluded.state",
            user.id,
            user.session,
            user.handle,
            user.state,
        )

    def posts(self, board: str, language: str) -> list[Post]:
        """Newest first."""
        found = self._run(
            "SELECT * FROM posts WHERE board = ? AND (language IS NULL OR language = ?) ORDER BY rowid DESC LIMIT ?",
            board,
            language,
            _POSTS_SHOWN,
        )
        return [Post(*row) for row in found]

    def add_post(self, post: Post) -> None:
        """Sent twice it stands once."""
        self._run(
            "INSERT OR IGNORE INTO posts VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(post.form, post.board, post.language, post.author, post.title, post.text, post.at),
        )

    def session(self, secret: Secret[str] | None) -> Session | None:
        """None without a secret, or for one that is not ours."""
        rows = secret and self._run("SELECT * FROM sessions WHERE id = ?", _id_of(secret))
        return Session(*rows[0]) if rows else None

    def save_session(self, session: Session) -> None:
        self._run(
            "INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?)",
            *(session.id, session.user, session.title, session.text),
        )

    def renew_session(self, session: Session, secret: Secret[str]) -> Session:
        """The same session under another secret: whoever knew the old one is outside. Source: session fixation."""
        renewed = replace(session, id=_id_of(secret))
        self._run("DELETE FROM sessions WHERE id = ?", session.id)
        for table in ("users", "registrations", "calls"):
            self._run(f"UPDATE {table} SET session = ? WHERE session = ?", renewed.id, session.id)  # noqa: S608 -- ours
        self.save_session(renewed)
        return renewed

    def keep_registration(self, registration_id: str, session: Session, state: str) -> None:
        self._run("INSERT OR REPLACE INTO registrations VALUES (?, ?, ?)", registration_id, session.id, state)

    def is_own_registration(self, registration_id: str, session: Session, state: str) -> bool:
        """Whether this browser, and no other, began it, and with this state."""
        asked = "SELECT 1 FROM registrations WHERE id = ? AND session = ? AND state = ?"
        return bool(self._run(asked, registration_id, session.id, state))

    def note(self, session: Session, call: Call) -> None:
        self._run("INSERT INTO calls (session, call) VALUES (?, ?)", session.id, json.dumps(asdict(call)))
        self._run(
            "DELETE FROM calls WHERE session = ?1 AND number NOT IN"
            " (SELECT number FROM calls WHERE session = ?1 ORDER BY number DESC LIMIT ?2)",
            session.id,
            _CALLS_KEPT,
        )

    def calls(self, session: Session) -> list[Call]:
        """Newest first."""
        rows = self._run("SELECT call FROM calls WHERE session = ? ORDER BY number DESC", session.id)
        return [Call(**json.loads(call)) for (call,) in rows]

    def _run(self, statement: str, *values: object) -> list[tuple[str, ...]]:
        with self._open() as connection:
            return connection.execute(statement, values).fetchall()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        os.close(os.open(self._file, os.O_CREAT, 0o600))
        connection = sqlite3.connect(self._file, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            for name, columns in _TABLES.items():
                connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns})")
            yield connection
        finally:
            connection.close()


def _forget(connection: sqlite3.Connection) -> None:
    for name in _TABLES:
        connection.execute(f"DELETE FROM {name}")  # noqa: S608 -- names of our own tables
