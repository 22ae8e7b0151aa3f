"""Permits of the service: one is asked for before each act, and checked here as a forum checks it."""

import json
import time
from dataclasses import dataclass

from app.demo.backend import Backend, Call, identity_in
from app.demo.offline import Json, TokenRefused, check_permit, listed_state
from app.kernel.clock import Clock

_GOOD = 0
_OK, _CREATED, _REFUSED = 200, 201, 403
_KEYS = "/.well-known/jwks.json"


@dataclass(frozen=True, slots=True)
class Act:
    """What a user is about to do: one use (`post`, `moderate`) on one board, by its slug and its id."""

    user: str
    scope: str
    board: str
    board_id: str


class Permits:
    def __init__(self, issuer: str, clock: Clock) -> None:
        self._issuer, self._clock = issuer, clock
        self._published: dict[str, tuple[float, str]] = {}

    def ask(self, backend: Backend, act: Act) -> tuple[Json, list[Json]]:
        """The claims of a permit that was checked and is good, or every reason why there is none.

        Raises `ServiceFailed`, `TokenRefused`.
        """
        body = {"external_id": act.user, "scope": act.scope, "board": act.board}
        status, answer = backend.call("POST", "/v1/tokens", body, expect=(_CREATED, _REFUSED))
        if status == _REFUSED:
            return {}, answer["reasons"]
        return self._check(backend, answer["token"], act), []

    def _check(self, backend: Backend, token: str, act: Act) -> Json:
        """Offline, as a forum does; the service is asked only where the list, up to 15 s old, speaks against it.

        Of somebody whose powers are off, or were lately, the list says no more than "ask".
        """
        keys = json.loads(self._fetch(backend, _KEYS))
        claims = check_permit(
            token,
            keys,
            issuer=self._issuer,
            audience=backend.login.credentials.forum_id,
            scope=act.scope,
            board=act.board_id,
            now=self._clock.now(),
        )
        place = claims["status"]["status_list"]
        listed = self._fetch(backend, place["uri"].removeprefix(self._issuer))
        if listed_state(listed, keys, place) != _GOOD:
            asked = {"token": token, "scope": act.scope, "board": act.board}
            _, verdict = backend.call("POST", "/v1/tokens/verify", asked, expect=(_OK,))
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
