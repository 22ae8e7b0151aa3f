"""The demo forum: what it does for a browser, all of it through the service's public API."""

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from threading import Lock

from app.demo import seed
from app.demo.backend import Backend, Login, ServiceFailed
from app.demo.offline import Json
from app.demo.permits import Act, Permits
from app.demo.store import Office, Post, Roll, Session, Store, User
from app.kernel.actor import OPERATOR
from app.kernel.sentence import Language
from app.wiring import Services

NAME = "山间论坛"
BOARDS = tuple(board.slug for board in seed.SEEDED_BOARDS)
_FRESH = timedelta(seconds=15)
"""As the service says of a list of moderators (`max-age`)."""
_WORSE = ("current", "due", "overdue", "suspended", "ended")
_THREADS = 8
_PATIENCE_SECONDS = 1.5
_OK, _CREATED = 200, 201


class NotYours(Exception):
    """A registration that another browser began, or nobody."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """One browser, the language it reads, and where its calls are noted."""

    session: Session
    language: Language


@dataclass(frozen=True, slots=True)
class Pinning:
    """A post to be pinned (`up`) or taken down; `form` names the form it was sent with: one form, one act."""

    form: str
    board: str
    post: str
    up: bool


class DemoForum:
    def __init__(self, services: Services) -> None:
        """Of the services it takes the address, the clock and the one act of an operator: to register a forum."""
        self.issuer, self.clock = services.issuer, services.clock
        self.store = Store(services.data_dir / "demo.db", self.issuer)
        self.threads = ThreadPoolExecutor(_THREADS, "demo")
        """Its own, since it waits for the service, which must never wait for it."""
        return_url = f"{self.issuer}/demo/return"
        self._register = partial(services.forums.add, OPERATOR, NAME, (return_url,))
        self._maker = ThreadPoolExecutor(1, "demo-maker")
        self._permits = Permits(self.issuer, self.clock)
        self._lock, self._signing = Lock(), Lock()
        self._ready: Future[None] | None = None
        self._login: Login | None = None

    @property
    def id(self) -> str | None:
        """None before the forum is registered."""
        return self._login.credentials.forum_id if self._login else None

    def prepare(self) -> None:
        """Registers the forum and makes its first users and posts, once. Raises `ServiceFailed`, `TimeoutError`."""
        with self._lock:
            if self._ready is None or (self._ready.done() and self._ready.exception()):
                self._ready = self._maker.submit(self._make_ready)
            ready = self._ready
        ready.result(_PATIENCE_SECONDS)

    def forget(self) -> None:
        """The service does not know this forum any more: the next visit makes a new one."""
        if self._login is not None:
            self.store.forget(self._login.credentials)
        self._login = self._ready = None

    def _make_ready(self) -> None:
        self._login = Login(self.store.enrol(self._register))
        with self.store.alone():
            if not all(self.store.roll(board) for board in BOARDS):
                self._seed()

    def sign_up(self, visitor: Visitor, form: str) -> str:
        """Where the browser goes to register; the same form gives the same registration. Raises `ServiceFailed`."""
        user, state = (sha256(f"{what}:{form}".encode()).hexdigest()[:24] for what in ("user", "state"))
        body = {
            "return_url": f"{self.issuer}/demo/return",
            "state": state,
            "external_id": f"u-{user}",
            "locale": visitor.language.value,
        }
        with self._signing, self._backend(visitor) as backend:
            _, begun = backend.call("POST", "/v1/registrations", body, key=f"sign-up-{user}", expect=(_CREATED,))
        self.store.keep_registration(begun["id"], visitor.session, state)
        return str(begun["url"])

    def come_back(self, visitor: Visitor, registration_id: str, state: str) -> User | None:
        """The user whom this browser has become; None when it gave up. Raises `NotYours`, `ServiceFailed`."""
        if not self.store.is_own_registration(registration_id, visitor.session, state):
            raise NotYours
        with self._backend(visitor) as backend:
            _, found = backend.call("GET", f"/v1/registrations/{registration_id}", expect=(_OK,))
        if found["status"] != "completed":
            return None
        account = found["account"]
        user = User(account["external_id"], account["handle"], state_of(account))
        self.store.save_user(user, visitor.session)
        return user

    def look_again(self, visitor: Visitor, user: User) -> bool:
        """Asks how this user stands now, and says whether a re-verification has been made good by it.

        Raises `ServiceFailed`.
        """
        before = self.office_of(user)
        with self._backend(visitor) as backend:
            _, found = backend.call("GET", f"/v1/accounts?external_id={user.id}", expect=(_OK,))
            self.store.save_user(replace(user, state=state_of(found["items"][0])))
            if before is None:
                return False
            for board in BOARDS:
                self._renew(backend, board)
        after = self.office_of(user)
        return after is not None and before.state != after.state == _WORSE[0]

    def publish(self, visitor: Visitor, user: User, board: str, post: Post) -> list[Json]:
        """Puts the post up if the service permits it, else gives every reason why not.

        Raises `ServiceFailed`, `TokenRefused`.
        """
        with self._backend(visitor) as backend:
            reasons = self._permit(backend, user, board)
        if not reasons:
            self.store.add_post(board, post)
        return reasons

    def pin(self, visitor: Visitor, user: User, pinning: Pinning) -> list[Json]:
        """Pins a post, or takes it down, if the service permits this user to moderate; else gives every reason.

        Raises `ServiceFailed`, `TokenRefused`.
        """
        board = pinning.board
        with self._backend(visitor) as backend:
            _, reasons = self._permits.ask(backend, self._act(user, "moderate", board))
            if reasons:
                self._renew(backend, board)  # what is shown beside the refusal is not older than it
        if not reasons:
            self.store.pin(pinning.form, board, pinning.post, up=pinning.up)
        return reasons

    def order(self, visitor: Visitor, board: str, office: Office, form: str) -> None:
        """Has a moderator re-verify at once; the same form gives the same order. Raises `ServiceFailed`."""
        body = seed.order(office.id)
        with self._backend(visitor) as backend:
            backend.call("POST", "/v1/reverifications", body, key=f"order-{form}", expect=(_CREATED,))
            self._renew(backend, board)

    def roll(self, visitor: Visitor, board: str) -> Roll | None:
        """A board's list of moderators, asked for anew when it is 15 s old; as it is kept where nothing is answered."""
        kept = self.store.roll(board)
        if kept and self.clock.now() - datetime.fromisoformat(kept.asked_at) >= _FRESH:
            with suppress(ServiceFailed), self._backend(visitor if visitor.session.id else None) as backend:
                return self._renew(backend, board)
        return kept

    def office_of(self, user: User) -> Office | None:
        """The office that this user holds, of several the one that is worst off."""
        rolls = [roll for board in BOARDS if (roll := self.store.roll(board))]
        held = [office for roll in rolls if (office := roll.office_of(user.id))]
        return max(held, key=lambda office: _WORSE.index(office.state), default=None)

    def _renew(self, backend: Backend, board: str) -> Roll | None:
        """What the service says of a board's moderators now; it sends the list only where that is another."""
        kept = self.store.roll(board)
        if kept is None:
            return None
        found = backend.renew(f"/v1/boards/{board}/moderators", kept.etag)
        roll = replace(kept, asked_at=self.now())
        if found:
            etag, said = found
            roll = replace(roll, etag=etag, offices=tuple(_office(one) for one in said["items"]))
        self.store.save_roll(roll)
        return roll

    def _permit(self, backend: Backend, user: User, board: str) -> list[Json]:
        """Every reason why this user may not post now; none when the permit was checked and is good."""
        claims, reasons = self._permits.ask(backend, self._act(user, "post", board))
        if reasons:
            self.store.save_user(replace(user, state=reasons[0]["code"]))
        else:
            self.store.save_user(replace(user, handle=claims["handle"], state=claims["level"]))
        return reasons

    def _act(self, user: User, scope: str, board: str) -> Act:
        """Raises `ServiceFailed` before the board is there."""
        roll = self.store.roll(board)
        if roll is None:
            raise ServiceFailed("the board is not prepared")
        return Act(user.id, scope, board, roll.board_id)

    def _backend(self, visitor: Visitor | None) -> Backend:
        """For one browser; for None, to seed. Raises `ServiceFailed` before the forum is prepared."""
        if self._login is None:
            raise ServiceFailed("the forum is not prepared")
        if visitor is None:
            return Backend(self.issuer, self._login, Language.CHINESE, lambda _call: None)
        return Backend(self.issuer, self._login, visitor.language, lambda call: self.store.note(visitor.session, call))

    def _seed(self) -> None:
        """All users at once, their posts, and last the boards: so that it begins again where it broke off."""
        with ThreadPoolExecutor(len(seed.SEEDS)) as threads:
            users = {user.id: user for user in threads.map(self._make, seed.SEEDS)}
        for user in users.values():
            self.store.save_user(user)
        for number, (author, board, title, text) in enumerate(seed.SEEDED_POSTS):
            for language in Language:
                said = (title.in_language(language), text.in_language(language))
                post = Post(f"seed-{number}-{language}", users[author].handle, *said, self.now())
                self.store.add_post(board, post, language)
        with self._backend(None) as backend:
            made = {wanted.slug: seed.make_board(backend, wanted)["id"] for wanted in seed.SEEDED_BOARDS}
            for board, board_id in made.items():
                self.store.save_roll(Roll(board, board_id, "", self.now(), ()))
                self._renew(backend, board)
            for author, board in {(author, board) for author, board, *_ in seed.SEEDED_POSTS}:
                self._permit(backend, users[author], board)

    def _make(self, wanted: seed.Seed) -> User:
        with self._backend(None) as backend:
            account = seed.make(backend, wanted)
        return User(wanted.id, account["handle"], state_of(account))

    def now(self) -> str:
        return self.clock.now().isoformat()


def state_of(account: Json) -> str:
    """The first reason why an account may not post, else the level of the person behind it."""
    reasons: list[str] = account["posting"]["reasons"]
    return reasons[0] if reasons else str(account["identity"]["level"])


def _office(said: Json) -> Office:
    return Office(said["external_id"] or "", said["handle"], said["role"], said["state"], said["id"])
