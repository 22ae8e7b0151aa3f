"""Fixtures: a service whose demo forum speaks to it at its own address, and browsers that visit it."""

from collections.abc import Callable, Iterator
from functools import partial
from socket import create_server, socket

import pytest

from app.settings import Settings
from app.wiring import Services
from tests.demo.visitor import Visitor
from tests.support.recording import Exchange, Recorder
from tests.support.serving import serving

NewVisitor = Callable[[], Visitor]


@pytest.fixture(params=["sqlite"])
def database_url(database_url: str) -> str:
    """The demo knows no database but its own: one is enough."""
    return database_url


@pytest.fixture
def bound() -> Iterator[socket]:
    with create_server(("127.0.0.1", 0)) as bound:
        yield bound


@pytest.fixture
def settings(settings: Settings, bound: socket) -> Settings:
    return settings.model_copy(update={"issuer": f"http://127.0.0.1:{bound.getsockname()[1]}"})


@pytest.fixture
def exchanges() -> list[Exchange]:
    """Every request that the server answers: of browsers, and of the demo forum."""
    return []


@pytest.fixture
def address(services: Services, bound: socket, exchanges: list[Exchange]) -> Iterator[str]:
    with serving(services, bound=bound, around=partial(Recorder, exchanges)) as address:
        yield address


@pytest.fixture
def new_visitor(address: str) -> Iterator[NewVisitor]:
    visitors: list[Visitor] = []

    def make() -> Visitor:
        visitors.append(Visitor(address))
        return visitors[-1]

    yield make
    for one in visitors:
        one.http.close()
