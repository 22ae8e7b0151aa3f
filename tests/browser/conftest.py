"""Fixtures: one Chromium for this folder, and visitors for each test, who must not see anything go wrong."""

from collections.abc import Callable, Iterator
from functools import partial
from socket import create_server, socket

import pytest
from playwright.sync_api import Browser

from app.kernel.actor import OPERATOR
from app.settings import Settings
from app.wiring import Services
from tests.browser.chromium import Visitor, chromium, visitor
from tests.browser.looks import share_judged
from tests.browser.pages import FORUMS, Walker
from tests.support.clock import FakeClock, TickingClock
from tests.support.forum import ForumBackend
from tests.support.recording import Exchange, Recorder
from tests.support.serving import serving

NewVisitor = Callable[..., Visitor]
NewWalker = Callable[..., Walker]


@pytest.fixture(scope="session", autouse=True)
def _judged_by_all(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each process of a run has its folder in the one of the run."""
    if hasattr(pytestconfig, "workerinput"):
        share_judged(tmp_path_factory.getbasetemp().parent / "judged")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Ends with this folder: its event loop stands in the way of every test that runs one of its own."""
    with chromium() as browser:
        yield browser


@pytest.fixture(params=["sqlite"])
def database_url(database_url: str) -> str:
    """Pages do not know databases: one is enough."""
    return database_url


@pytest.fixture
def clock() -> FakeClock:
    """The demo forum has somebody re-verify who has just verified: that is another moment."""
    return TickingClock()


@pytest.fixture
def bound() -> Iterator[socket]:
    with create_server(("127.0.0.1", 0)) as bound:
        yield bound


@pytest.fixture
def settings(settings: Settings, bound: socket) -> Settings:
    """The issuer is where it is served: what the API tells a forum leads there."""
    return settings.model_copy(update={"issuer": f"http://127.0.0.1:{bound.getsockname()[1]}"})


@pytest.fixture
def exchanges() -> list[Exchange]:
    """Every request that the server answers."""
    return []


@pytest.fixture
def address(services: Services, bound: socket, exchanges: list[Exchange]) -> Iterator[str]:
    with serving(services, bound=bound, around=partial(Recorder, exchanges)) as address:
        yield address


@pytest.fixture
def new_visitor(browser: Browser, address: str) -> Iterator[NewVisitor]:
    visitors: list[Visitor] = []

    def make(**options: str | int | bool) -> Visitor:
        visitors.append(visitor(browser, address, **options))  # type: ignore[arg-type] # passed on as they are
        return visitors[-1]

    yield make
    for one in visitors:
        one.context.close()
    assert [fault for one in visitors for fault in one.faults] == []


@pytest.fixture
def new_walker(services: Services, clock: FakeClock, address: str, new_visitor: NewVisitor) -> Iterator[NewWalker]:
    """Each in a browser of its own; those who read the same language come from one forum."""
    forums: dict[str, ForumBackend] = {}

    def make(*, language: str = "zh", **options: str | int | bool) -> Walker:
        if language not in forums:
            credentials = services.forums.add(OPERATOR, FORUMS[language], [f"{address}/problems"])
            forums[language] = ForumBackend(address, credentials, within=services)
        visitor = new_visitor(language=language, **options)
        return Walker(visitor.tab(), visitor, services, clock, forums[language])

    yield make
    for forum in forums.values():
        forum.http.close()
