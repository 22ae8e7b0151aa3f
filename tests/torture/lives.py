"""A forum that writes without a pause and keeps what it sent and what it heard, one account's acts in a row."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from random import Random
from threading import Event
from time import monotonic, sleep
from uuid import uuid4

import httpx2

from tests.support.forum import NAME, ForumBackend, Json, sandbox_number

Units = tuple[tuple[str, ...], ...]
_STARTED, _LINKED = ("verification.started",), ("account.linked", "verification.completed")
ENTRIES: dict[str, Units] = {
    "register": (("account.created",),),
    "accept": (("agreement.accepted",),),
    "document": (_STARTED, _LINKED),
    "ask": (_STARTED,),
    "wrong": (("verification.code-refused",),),
    "enter": (_LINKED,),
    "change": (("account.changed",),),
    "suspend": (("account.suspended",),),
    "ban": (("account.banned",),),
    "close": (("account.closed",),),
    "reinstate": (("account.reinstated",),),
    "revoke": (("token.revoked",),),
}
"""What each kind of write leaves in the record, transaction by transaction."""
_COMMITS = {"document": 4}
"""A check commits its start, the question, the answer and its end; everything else commits once."""
_WITHOUT_KEY = {"change", "revoke"}
_PHONES = range(10, 10_000)
_PAUSE, _PATIENCE = 0.05, 60


class CutOff(Exception):
    """Nothing but 503, or nothing at all: whether it took effect is unknown."""


class NoAnswer(CutOff):
    """The service is gone."""


@dataclass
class Act:
    """One write: what was sent, under which names, and what came back."""

    what: str
    path: str
    body: Json
    leaves: Json = field(default_factory=dict)
    """What the account shows from then on."""
    key: str | None = None
    requests: list[str] = field(default_factory=list)
    answer: httpx2.Response | None = None
    took_effect: bool = False
    jti: str = ""
    """The token that a revocation is about."""

    @property
    def said(self) -> Json:
        assert self.answer is not None
        answer: Json = self.answer.json() if self.answer.content else {}
        return answer

    @property
    def units(self) -> Units:
        """What it has left in the record for sure; a check whose answer was lost has only begun."""
        units = ENTRIES[self.what]
        return units[:1] if self.what == "document" and self.said["outcome"] != "verified" else units

    @property
    def commits(self) -> int:
        return _COMMITS.get(self.what, 1) + (self.key is not None)


@dataclass
class Life:
    """One account and what was done to it; of its acts only the last one may have been cut off."""

    number: int
    acts: list[Act] = field(default_factory=list)
    account_id: str = ""

    @property
    def handle(self) -> str:
        return f"用户{self.number}"

    @property
    def document(self) -> str:
        birth = date(1970, 1, 1) + timedelta(days=self.number // 1000)
        return sandbox_number(self.number % 1000, birth=f"{birth:%Y%m%d}")

    @property
    def phone(self) -> str:
        return f"1400000{_PHONES[self.number]:04d}"

    def shows(self) -> Json:
        """What the service must show of the account."""
        shown: Json = {}
        for act in self.acts:
            shown |= act.leaves if act.took_effect else {}
        return shown

    def outcomes(self) -> dict[str, str]:
        """How each of its verifications stands, where that is certain."""
        known: dict[str, str] = {}
        for act in self.acts:
            if act.answer is None:
                known.pop(act.path.split("/")[-2], None)
            elif "outcome" in act.said:
                known[act.said["id"]] = act.said["outcome"]
        return known


def shown(account: Json) -> Json:
    """The part of an account that acts change."""
    return {
        "handle": account["handle"],
        "status": account["status"],
        "name": account["profile"]["display_name"],
        "level": account["identity"]["level"],
        "agreed": account["agreement"]["accepted_version"] is not None,
    }


def send(forum: ForumBackend, act: Act) -> httpx2.Response:
    """Sends a write, for the first time or again. Raises `CutOff`."""
    act.requests.append(str(uuid4()))
    headers = {"x-request-id": act.requests[-1]} | ({"idempotency-key": act.key} if act.key else {})
    if act.what == "revoke":
        basic = (forum.credentials.client_id, forum.credentials.client_secret.reveal())
        answer = heard(lambda: forum.http.post(act.path, data=act.body, auth=basic, headers=headers))
    else:
        method = "PATCH" if act.what == "change" else "POST"
        answer = heard(lambda: forum.http.request(method, act.path, json=act.body, headers=headers))
    if act.answer is None:
        act.answer = answer
        act.took_effect = act.what not in {"document", "enter"} or act.said["outcome"] == "verified"
    return answer


def heard(ask: Callable[[], httpx2.Response]) -> httpx2.Response:
    """An answer that is final. Raises `CutOff`."""
    try:
        answer = ask()
    except httpx2.TransportError:
        raise NoAnswer from None
    if answer.status_code == httpx2.codes.SERVICE_UNAVAILABLE or "idempotency-in-progress" in answer.text:
        assert int(answer.headers["retry-after"]) > 0
        raise CutOff
    assert answer.is_success, answer.text
    return answer


def at_last(ask: Callable[[], httpx2.Response]) -> httpx2.Response:
    """The answer of a service that may be busy, and that stays."""
    deadline = monotonic() + _PATIENCE
    while True:
        try:
            return ask()
        except NoAnswer:
            raise
        except CutOff:
            assert monotonic() < deadline
            sleep(_PAUSE)


def look(forum: ForumBackend, path: str) -> Json:
    answer: Json = at_last(partial(heard, partial(forum.get, path))).json()
    return answer


@dataclass
class Teller:
    """One thread of the forum's backend: account after account, until the service is gone."""

    forum: ForumBackend
    random: Random
    numbers: Iterator[int]
    lives: list[Life]
    acknowledged: list[Act]
    killed: Event

    def tell(self) -> None:
        with closing(self.forum.http):
            self._tell()

    def _tell(self) -> None:
        while True:
            life = Life(next(self.numbers))
            self.lives.append(life)
            try:
                for act in self._acts(life):
                    self._do(life, act)
            except NoAnswer:
                assert self.killed.is_set(), "the service has ended by itself"
                return
            except CutOff:
                sleep(_PAUSE)

    def _do(self, life: Life, act: Act) -> None:
        if act.what not in _WITHOUT_KEY and self.random.random() < 0.5:
            act.key = uuid4().hex
        life.acts.append(act)
        send(self.forum, act)
        life.account_id = life.account_id or act.said["id"]
        self.acknowledged.append(act)

    def _acts(self, life: Life) -> Iterator[Act]:
        yield Act("register", "/v1/accounts", {"handle": life.handle}, fresh(life))
        yield self._accept(life)
        yield from self._prove(life) if self.random.random() < 0.5 else self._enter_code(life)
        for _ in range(self.random.randrange(3, 6)):
            yield from self.random.choice([self._change, self._stop_and_reinstate, self._revoke])(life)

    def _accept(self, life: Life) -> Act:
        version = heard(lambda: self.forum.get("/v1/agreements/current?kind=user")).json()["version"]
        return Act("accept", f"{_path(life)}/agreements", {"kind": "user", "version": version}, {"agreed": True})

    def _prove(self, life: Life) -> Iterator[Act]:
        document = {"type": "resident_id", "number": life.document, "name": NAME}
        body = {"account_id": life.account_id, "method": "id2", "document": document}
        yield Act("document", "/v1/verifications", body, {"level": "document", "status": "active"})

    def _enter_code(self, life: Life) -> Iterator[Act]:
        body = {"account_id": life.account_id, "method": "phone_code", "phone": life.phone}
        yield (asked := Act("ask", "/v1/verifications", body))
        texts = heard(lambda: self.forum.get("/dev/outbox.json")).json()
        code = next(str(text["code"]) for text in texts if text["to"] == life.phone)
        path = f"/v1/verifications/{asked.said['id']}/code"
        if self.random.random() < 0.5:
            yield Act("wrong", path, {"code": f"{(int(code) + 1) % 10**6:06d}"})
        yield Act("enter", path, {"code": code}, {"level": "phone", "status": "active"})

    def _change(self, life: Life) -> Iterator[Act]:
        name = f"名{self.random.randrange(10**9)}"
        yield Act("change", _path(life), {"profile": {"display_name": name}}, {"name": name})

    def _stop_and_reinstate(self, life: Life) -> Iterator[Act]:
        what, status = self.random.choice([("suspend", "suspended"), ("ban", "banned"), ("close", "closed")])
        yield Act(what, f"{_path(life)}/{what}", {"reason": "刷屏"}, {"status": status})
        yield Act("reinstate", f"{_path(life)}/reinstate", {"reason": "误判"}, {"status": "active"})

    def _revoke(self, life: Life) -> Iterator[Act]:
        issued = heard(lambda: self.forum.token(life.account_id)).json()
        yield Act("revoke", "/oauth/revoke", {"token": issued["token"]}, jti=issued["jti"])


def fresh(life: Life) -> Json:
    return {"handle": life.handle, "status": "unverified", "name": None, "level": "none", "agreed": False}


def _path(life: Life) -> str:
    return f"/v1/accounts/{life.account_id}"
