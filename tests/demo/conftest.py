"""A service whose demo forum speaks to it at its own address: one for all tests, and own ones for who changes much."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from socket import create_server

import pytest

from app.settings import Settings
from app.verification.sms.sandbox import SandboxSender
from app.wiring import Services, build
from tests.demo.visitor import Visitor
from tests.support.clock import FakeClock, TickingClock
from tests.support.recording import Exchange, Recorder
from tests.support.serving import serving


@dataclass
class House:
    services: Services
    clock: FakeClock
    address: str
    exchanges: list[Exchange]
    """Every request that was answered: of browsers, and of the demo forum."""
    visitors: list[Visitor] = field(default_factory=list)

    def visitor(self, address: str = "") -> Visitor:
        """A new browser on the forum's first page. At another address it is visited under its own name."""
        host = self.services.issuer.removeprefix("http://")
        self.visitors.append(Visitor(address or self.address, host=host))
        self.visitors[-1].arrive()
        return self.visitors[-1]

    def kept(self) -> bytes:
        """All that the demo forum stores."""
        return (self.services.data_dir / "demo.db").read_bytes()


@pytest.fixture(scope="session")
def open_house(keys_dir: Path, sqlite_template: Path) -> Callable[[Path], AbstractContextManager[House]]:
    """The demo knows no database but its own: SQLite is enough."""

    @contextmanager
    def opened(folder: Path) -> Iterator[House]:
        shutil.copyfile(sqlite_template, folder / "shiming.db")
        clock, exchanges = TickingClock(), list[Exchange]()
        with create_server(("127.0.0.1", 0)) as bound:
            settings = Settings(
                _env_file=None,  # type: ignore[call-arg] # pydantic-settings takes it, its types do not
                data_dir=folder,
                keys_dir=keys_dir,
                issuer=f"http://127.0.0.1:{bound.getsockname()[1]}",
            )
            services = build(settings, clock=clock, sender=SandboxSender(clock))
            with serving(services, bound=bound, around=partial(Recorder, exchanges)) as address:
                house = House(services, clock, address, exchanges)
                yield house
                for visitor in house.visitors:
                    visitor.http.close()

    return opened


@pytest.fixture(scope="package")
def house(
    open_house: Callable[[Path], AbstractContextManager[House]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    with open_house(tmp_path_factory.mktemp("demo")) as house:
        yield house


@pytest.fixture
def own_house(open_house: Callable[[Path], AbstractContextManager[House]], tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as house:
        yield house
