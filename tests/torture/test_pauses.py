"""The emergency switch under load: whoever asks for a permit after it was answered gets none, at any process."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from threading import Event
from time import perf_counter

import httpx2
import pytest

from app.kernel.ids import BoardId
from app.settings import Settings
from app.staff.access import Role
from app.wiring import Services, build
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json
from tests.support.serving import serving
from tests.support.staff import make_staff
from tests.torture.form import Form

_A_SECOND = 110
_THREADS = 8
_PACE = _THREADS / _A_SECOND
_SAID = ("given", "good")
Door = Callable[[ForumBackend], str]


@dataclass
class Load:
    """Requests, with the moment at which each was sent and what became of it; half ask for a permit, half show one."""

    doors: list[Door]
    heard: list[tuple[float, str]] = field(default_factory=list)
    over: Event = field(default_factory=Event)

    def run(self, which: int, backend: ForumBackend) -> None:
        """On a schedule: what was late is caught up with. No two begin at the same moment, or at the same door."""
        due = perf_counter() + which / _A_SECOND
        for number in count(which):
            if self.over.wait(max(0.0, due - perf_counter())):
                return
            sent, due = perf_counter(), due + _PACE
            self.heard.append((sent, self.doors[number % len(self.doors)](backend)))

    def sent_since(self, moment: float) -> list[str]:
        return [what for sent, what in list(self.heard) if sent > moment]

    def wait_for(self, requests: int, since: float) -> None:
        while len(self.sent_since(since)) < requests:
            self.over.wait(_PACE / 4)


@contextmanager
def under_load(backends: list[ForumBackend], doors: list[Door]) -> Iterator[Load]:
    load = Load(doors)
    with ThreadPoolExecutor(len(backends)) as pool:
        running = [pool.submit(load.run, which, backend) for which, backend in enumerate(backends)]
        try:
            yield load
        finally:
            load.over.set()
        for one in running:
            one.result()


@pytest.fixture
def both(settings: Settings, clock: FakeClock, address: str) -> Iterator[tuple[str, str]]:
    """Two servers on one database."""
    other = build(settings, clock=clock)
    with serving(other) as another:
        yield address, another
    other.engine.dispose()


def asks(body: Json) -> Door:
    def ask(backend: ForumBackend) -> str:
        answer = backend.post("/v1/tokens", body)
        return "given" if answer.status_code == 201 else _only(answer.json()["reasons"])

    return ask


def shows(token: str) -> Door:
    def show(backend: ForumBackend) -> str:
        answer = backend.verify_token(token)
        return "good" if answer["active"] else str(answer["reason"])

    return show


def _only(reasons: list[Json]) -> str:
    return " ".join(reason["code"] for reason in reasons)


def test_no_permit_is_given_or_good_to_who_asks_after_the_switch_was_answered(
    services: Services, forum: ForumBackend, both: tuple[str, str], form: Form
) -> None:
    account = forum.moderator_to_be("山间清风")["id"]
    board = BoardId(forum.board(account)["id"])
    body = {"account_id": account, "scope": "post", "board": "tea"}
    doors = [asks(body), shows(forum.post("/v1/tokens", body).json()["token"])]
    scopes: list[Json] = [{"forum_id": forum.credentials.forum_id}, {"board_id": board}, {"all": True}]
    asked, seconds = Counter[str](), 0.0
    with ExitStack() as stack:
        backends = [ForumBackend(both[number % 2], forum.credentials) for number in range(_THREADS)]
        for backend in backends:
            stack.enter_context(closing(backend.http))
        first, second = (stack.enter_context(make_staff(services, Role.COMPLIANCE).http(server)) for server in both)
        load = stack.enter_context(under_load(backends, doors))
        for turn in range(form.size(short=3, long=120)):
            began = perf_counter()
            load.wait_for(16, began)
            assert set(load.sent_since(began)) == set(_SAID)
            stopped = _thrown(first, scopes[turn % len(scopes)])
            load.wait_for(25, stopped.answered)
            after = load.sent_since(stopped.answered)
            assert set(after) == {"posting-paused"}
            asked.update(after)
            assert second.delete(f"/v1/staff/pauses/{stopped.pause_id}").status_code == httpx2.codes.NO_CONTENT
            resumed = perf_counter()
            load.wait_for(16, resumed)
            assert set(load.sent_since(resumed)) == set(_SAID)
            seconds += perf_counter() - began
    rate = len(load.heard) / seconds
    form.tell(
        f"emergency switch, {services.engine.dialect.name}",
        f"{turn + 1} times under {rate:.0f} requests a second to two servers: {asked.total()} asked after the answer,"
        " none got or kept a permit",
    )


@dataclass(frozen=True)
class Stopped:
    pause_id: str
    answered: float


def _thrown(staff: httpx2.Client, scope: Json) -> Stopped:
    answer = staff.post("/v1/staff/pauses", json={"scope": scope, "reason": "违规信息扩散"})
    answered = perf_counter()
    assert answer.status_code == httpx2.codes.CREATED, answer.text
    return Stopped(answer.json()["id"], answered)
