"""A running installation, and one question of every kind to it at once: what each heard, and how long it took."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx2

from app.forums.domain import Credentials
from app.kernel.actor import OPERATOR
from app.settings import Settings
from app.wiring import build
from tests.support.forum import NAME, ForumBackend, sandbox_number
from tests.support.process import ServiceProcess, service_process

FREE = frozenset({"/.well-known/jwks.json", "/livez", "/", "/metrics"})
"""What needs no database."""
_BACK_SECONDS = 10.0
_NEWCOMERS = 32
Question = tuple[str, str, dict[str, Any], int]


@dataclass(frozen=True)
class Heard:
    method: str
    path: str
    status: int
    """0 for a connection that ended without an answer."""
    seconds: float
    retry_after: str | None
    usual: int
    made: str | None = None
    """The account that this answer acknowledged."""

    @property
    def free(self) -> bool:
        return self.path in FREE


@dataclass
class House:
    """A service with a forum, an account that may post, and a clerk who asks."""

    service: ServiceProcess
    forum: ForumBackend
    account: str
    verification: str
    token: str
    newcomers: list[str] = field(default_factory=list)
    """Accounts of nobody yet: one is taken for each verification."""
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def questions(self) -> list[Question]:
        """One of every kind, with the status that each has on a good day; those that write do it anew each time."""
        number = next(self._numbers)
        document = {
            "type": "resident_id",
            "number": sandbox_number(number % 1000, f"{1980 + number // 1000}0101"),
            "name": NAME,
        }
        newcomer = {"account_id": self.newcomers.pop(), "method": "id2", "document": document}
        basic = (self.forum.credentials.client_id, self.forum.credentials.client_secret.reveal())
        named = {"account_id": self.account}
        reads = ["/readyz", f"/v1/accounts/{self.account}", f"/v1/verifications/{self.verification}"]
        reads += ["/v1/agreements/current?kind=user", *FREE]
        return [
            *(("GET", path, {}, 200) for path in reads),
            ("POST", "/v1/accounts", {"json": {"handle": f"清风{number}"}}, 201),
            ("POST", "/v1/tokens", {"json": {**named, "scope": "post"}}, 201),
            ("POST", "/v1/tokens/verify", {"json": {"token": self.token}}, 200),
            ("POST", "/v1/verifications", {"json": newcomer}, 201),
            ("POST", "/oauth/token", {"data": {"grant_type": "client_credentials"}, "auth": basic}, 200),
        ]

    def ask(self, question: Question) -> Heard:
        method, path, how, usual = question
        began = time.monotonic()
        try:
            answer = self.forum.http.request(method, path, **how)
            while answer.status_code == httpx2.codes.TOO_MANY_REQUESTS:  # a long form asks more than anybody may
                time.sleep(int(answer.headers["retry-after"]))
                began = time.monotonic()
                answer = self.forum.http.request(method, path, **how)
        except httpx2.TransportError:
            return Heard(method, path, 0, time.monotonic() - began, None, usual)
        seconds, retry_after = time.monotonic() - began, answer.headers.get("retry-after")
        made = answer.json()["id"] if (path, answer.status_code) == ("/v1/accounts", 201) else None
        return Heard(method, path, answer.status_code, seconds, retry_after, usual, made)

    def barrage(self, times: int = 2, during: Callable[[], object] = lambda: None) -> list[Heard]:
        """Every kind of question `times` times, all at once; `during` happens while they are under way."""
        asked = [question for _ in range(times) for question in self.questions()]
        with ThreadPoolExecutor(len(asked)) as clerks:
            under_way = [clerks.submit(self.ask, question) for question in asked]
            during()
            return [each.result() for each in under_way]

    def seconds_until_back(self) -> float:
        """How long until every question has its usual answer, by itself; fails after 10 seconds."""
        began, unusual = time.monotonic(), list[Heard]()
        while self.ask(("GET", "/readyz", {}, 200)).status != httpx2.codes.OK or (unusual := self._unusual()):
            assert time.monotonic() - began < _BACK_SECONDS, unusual
            time.sleep(0.2)
        back = time.monotonic() - began
        self.prepare()
        return back

    def _unusual(self) -> list[Heard]:
        return [heard for heard in self.barrage(1) if heard.status != heard.usual]

    def prepare(self) -> None:
        """Accounts for the verifications to come."""
        while len(self.newcomers) < _NEWCOMERS:
            self.newcomers.append(self.forum.register(f"新人{next(self._numbers)}")["id"])


def _added_forum(service: ServiceProcess) -> Credentials:
    """Added in this process: the command would cost a second of its own."""
    prefix, given = "SHIMING_", service.environment
    services = build(
        Settings.model_validate(
            {name.removeprefix(prefix).lower(): given[name] for name in given if name.startswith(prefix)}
        )
    )
    credentials = services.forums.add(OPERATOR, "测试论坛")
    services.engine.dispose()
    return credentials


@contextmanager
def house(folder: Path, database_url: str, **more: str) -> Iterator[House]:
    folder.mkdir(exist_ok=True)
    with service_process(folder, database_url, **more) as service:
        forum = ForumBackend(service.address, _added_forum(service))
        account = forum.member("山间清风")["id"]
        token = forum.token(account).json()
        verification = forum.ask_code(account, "14000000000").json()
        built = House(service, forum, account, verification["id"], token["token"])
        built.prepare()
        yield built
        forum.http.close()
