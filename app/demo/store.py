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
_IS_PINNED = "EXISTS (SELECT 1 FROM kept AS pin WHERE pin.kind = 'pin' AND pin.id = post.id)"
_POSTS = f"""SELECT value FROM kept AS post WHERE kind = 'post' AND owner IN (?, ?)
ORDER BY {_IS_PINNED} DESC, rowid DESC LIMIT {_SHOWN}"""  # noqa: S608 -- our own words
_UNPIN = "DELETE FROM kept WHERE kind = 'pin' AND owner = ? AND id = ?"


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
    pinned: bool = False
    """Read, never written: a moderator's act stands by itself."""


@dataclass(frozen=True, slots=True)
class Office:
    """One line of a board's list of moderators: the user, and `state` as the service said it."""

    user: str
    handle: str
    role: str
    state: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Roll:
    """A board by its id in the service, and its list of moderators as it was heard at `asked_at`, under that `etag`."""

    board: str
    board_id: str
    etag: str
    asked_at: str
    offices: tuple[Office, ...]

    def office_of(self, user: str) -> Office | None:
        return next((office for office in self.offices if office.user == user), None)


@dataclass(frozen=True, slots=True)
class Session:
    """One browser: whom it plays, the draft of a post that was refused, and the board where it was refused last."""

    id: str
    user: str = ""
    title: str = ""
    text: str = ""
    board: str = ""


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
        """What is pinned first, then the newest: what people wrote, and what was there in this language."""
        pinned = {post for (post,) in self._run("SELECT id FROM kept WHERE kind = 'pin' AND owner = ?", board)}
        found = [Post(**json.loads(value)) for (value,) in self._run(_POSTS, board, f"{board}/{language}")]
        return [replace(post, pinned=post.form in pinned) for post in found]

    def has_post(self, board: str, form: str) -> bool:
        owners = (board, *(f"{board}/{language}" for language in Language))
        asked = "SELECT id FROM kept WHERE kind = 'post' AND id = ? AND owner IN (?, ?, ?)"
        return bool(self._run(asked, form, *owners))

    def pin(self, form: str, board: str, post: str, *, up: bool) -> None:
        """Puts a post at the top of its board or takes it down, in every language that it stands in.

        A form does it once: an old one that is sent again changes nothing.
        """
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            done = "INSERT INTO kept VALUES ('done', ?, ?, '') ON CONFLICT DO NOTHING"
            if connection.execute(done, (board, form)).rowcount:
                act = "INSERT INTO kept VALUES ('pin', ?, ?, '') ON CONFLICT DO NOTHING" if up else _UNPIN
                connection.executemany(act, [(board, twin) for twin in _twins(post)])
            connection.execute("COMMIT")

    def save_roll(self, roll: Roll) -> None:
        self._put("roll", _EVERYBODY, roll.board, asdict(roll), _NEW_VALUE)

    def roll(self, board: str) -> Roll | None:
        """None before the board is there in the service, as this forum knows."""
        found = self._run("SELECT value FROM kept WHERE kind = 'roll' AND id = ?", board)
        if not found:
            return None
        kept = json.loads(found[0][0])
        return Roll(**kept | {"offices": tuple(Office(**office) for office in kept["offices"])})

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


def _twins(post: str) -> list[str]:
    """The same post in each language that it stands in: what was there first is named `seed-<number>-<language>`."""
    subject, _, language = post.rpartition("-")
    return [f"{subject}-{one}" for one in Language] if language in list(Language) else [post]


def _digest(secret: Secret[str]) -> str:
    return sha256(secret.reveal().encode()).hexdigest()
