"""The demo forum: what it does for a browser, all of it through the service's public API."""

import json
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from threading import Lock

from app.demo import seed
from app.demo.backend import Backend, Call, Login, ServiceFailed, identity_in
from app.demo.offline import Json, TokenRefused, check_permit, listed_state
from app.demo.store import Post, Session, Store, User
from app.kernel.actor import OPERATOR
from app.kernel.sentence import Language
from app.wiring import Services

NAME = "山间论坛"
BOARDS = ("square", "market")
_GOOD = 0
_THREADS = 8
_PATIENCE_SECONDS = 1.5
_OK, _CREATED, _REFUSED = 200, 201, 403
_KEYS = "/.well-known/jwks.json"


class NotYours(Exception):
    """A registration that another browser began, or nobody."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """One browser, the language it reads, and where its calls are noted."""

    session: Session
    language: Language


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
        self._lock, self._signing = Lock(), Lock()
        self._ready: Future[None] | None = None
        self._login: Login | None = None
        self._published: dict[str, tuple[float, str]] = {}

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
            if not self.store.posts(BOARDS[0], Language.CHINESE):
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

    def look_again(self, visitor: Visitor, user: User) -> None:
        """Asks how this user stands now. Raises `ServiceFailed`."""
        with self._backend(visitor) as backend:
            _, found = backend.call("GET", f"/v1/accounts?external_id={user.id}", expect=(_OK,))
        self.store.save_user(replace(user, state=state_of(found["items"][0])))

    def publish(self, visitor: Visitor, user: User, board: str, post: Post) -> list[Json]:
        """Puts the post up if the service permits it, else gives every reason why not.

        Raises `ServiceFailed`, `TokenRefused`.
        """
        with self._backend(visitor) as backend:
            reasons = self._permit(backend, user)
        if not reasons:
            self.store.add_post(board, post)
        return reasons

    def _permit(self, backend: Backend, user: User) -> list[Json]:
        """Every reason why this user may not post now; none when the permit was checked and is good."""
        body = {"external_id": user.id, "scope": "post"}
        status, answer = backend.call("POST", "/v1/tokens", body, expect=(_CREATED, _REFUSED))
        if status == _REFUSED:
            self.store.save_user(replace(user, state=answer["reasons"][0]["code"]))
            reasons: list[Json] = answer["reasons"]
            return reasons
        claims = self._check(backend, answer["token"])
        self.store.save_user(replace(user, handle=claims["handle"], state=claims["level"]))
        return []

    def _check(self, backend: Backend, token: str) -> Json:
        """Offline, as a forum does; the service is asked only where the list, up to 15 s old, speaks against it."""
        keys = json.loads(self._fetch(backend, _KEYS))
        now, audience = self.clock.now(), backend.login.credentials.forum_id
        claims = check_permit(token, keys, issuer=self.issuer, audience=audience, scope="post", now=now)
        place = claims["status"]["status_list"]
        listed = self._fetch(backend, place["uri"].removeprefix(self.issuer))
        if listed_state(listed, keys, place) != _GOOD:
            _, verdict = backend.call("POST", "/v1/tokens/verify", {"token": token, "scope": "post"}, expect=(_OK,))
            if not verdict["active"]:
                raise TokenRefused(verdict["reason"])
        backend.note(Call("", "", 0, 0, None, None, claims, sum(1 for _ in identity_in(claims))))
        return claims

    def _fetch(self, backend: Backend, path: str) -> str:
        """What the service publishes, kept as long as it says."""
        until, kept = self._published.get(path, (0.0, ""))
        if time.monotonic() < until:
            return kept
        response = backend.fetch(path)
        seconds = response.headers.get("cache-control", "").partition("max-age=")[2].partition(",")[0]
        self._published[path] = (time.monotonic() + float(seconds or 0), response.text)
        return response.text

    def _backend(self, visitor: Visitor | None) -> Backend:
        """For one browser; for None, to seed. Raises `ServiceFailed` before the forum is prepared."""
        if self._login is None:
            raise ServiceFailed("the forum is not prepared")
        if visitor is None:
            return Backend(self.issuer, self._login, Language.CHINESE, lambda _call: None)
        return Backend(self.issuer, self._login, visitor.language, lambda call: self.store.note(visitor.session, call))

    def _seed(self) -> None:
        """All users at once, and then their posts: last, so that it begins again where it broke off."""
        with ThreadPoolExecutor(len(seed.SEEDS)) as threads:
            users = {user.id: user for user in threads.map(self._make, seed.SEEDS)}
        for user in users.values():
            self.store.save_user(user)
        for author in {author for author, *_ in seed.SEEDED_POSTS}:
            with self._backend(None) as backend:
                self._permit(backend, users[author])
        for number, (author, board, title, text) in enumerate(seed.SEEDED_POSTS):
            for language in Language:
                said = (title.in_language(language), text.in_language(language))
                post = Post(f"seed-{number}-{language}", users[author].handle, *said, self.now())
                self.store.add_post(board, post, language)

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
