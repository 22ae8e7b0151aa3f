"""Fixtures: every test that touches the database has SQLite and PostgreSQL, some in turns (`support/turns.py`)."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis.configuration import set_hypothesis_home_dir
from sqlalchemy import create_engine, delete

from app.all_models import METADATA
from app.db.engine import make_engine
from app.kernel.actor import OPERATOR
from app.screening.models import LexiconVersionRow, PublicationRow
from app.settings import Settings
from app.verification.providers.sandbox import SandboxProvider
from app.verification.sms.sandbox import SandboxSender
from app.web.logs import configure_logs
from app.wiring import Services, build, initialise
from tests.support import on_record
from tests.support.clock import FakeClock
from tests.support.disk import in_memory
from tests.support.forum import ForumBackend
from tests.support.postgres import Postgres, start_postgres
from tests.support.quick import quicken, settle
from tests.support.serving import serving
from tests.support.turns import twins_that_rest
from tests.vectors.wycheproof import FOLDER as VECTORS

collect_ignore = [] if VECTORS.is_dir() else ["vectors"]
ISSUER = "http://127.0.0.1:8000"
_KEPT = {"key_names", "agreement_versions"}
_server = pytest.StashKey[Postgres]()
_folder = pytest.StashKey[str]()
_turns = pytest.StashKey[bool]()
"""Whether tests that need not run on both databases take turns."""
_scratch = pytest.StashKey[str]()
"""Where tests put their files: in memory, since a commit waits for the disk. Long forms may use one."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long", action="store_true", help="the long forms of tests/torture; numbers go to docs/torture.md"
    )
    parser.addoption("--screenshots", metavar="FOLDER", help="tests/browser/test_every_page.py puts its pictures there")
    parser.addoption("--both", action="store_true", help="on both databases also what one run has on one of them")
    parser.addoption("--sqlite", action="store_true", help='start no PostgreSQL; goes with -k "not postgresql"')


def pytest_configure(config: pytest.Config) -> None:
    """One PostgreSQL, started by the process that hands out the work."""
    configure_logs("WARNING")
    quicken()
    on_record.watch()
    set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "shiming-hypothesis")  # or it leaves a folder in the project
    hypothesis_settings.register_profile("unhurried", deadline=None)  # a busy machine is no finding
    hypothesis_settings.load_profile("unhurried")
    if hasattr(config, "workerinput"):
        config.stash[_folder], config.stash[_turns] = config.workerinput["postgres"], config.workerinput["turns"]
        return
    config.stash[_turns] = _in_turns(config)
    if config.option.basetemp is None and not config.option.long and (memory := in_memory()):
        config.option.basetemp = config.stash[_scratch] = tempfile.mkdtemp(prefix="shiming-tests-", dir=memory)
    if config.option.collectonly or config.option.sqlite:
        return
    server = start_postgres()
    config.stash[_server], config.stash[_folder] = server, str(server.folder)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Walks in the browser come first: they are the longest, and whoever has nothing left takes of the rest."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/browser/"))
    if not config.stash[_turns]:
        return
    rest = twins_that_rest(items)
    resting = set(map(id, rest))
    items[:] = [item for item in items if id(item) not in resting]
    config.hook.pytest_deselected(items=rest)


def pytest_collection_finish() -> None:
    settle()


def pytest_configure_node(node: object) -> None:
    stash = node.config.stash  # type: ignore[attr-defined] # xdist has no types
    node.workerinput |= {"postgres": stash.get(_folder, ""), "turns": stash[_turns]}  # type: ignore[attr-defined] # likewise


def pytest_unconfigure(config: pytest.Config) -> None:
    if _scratch in config.stash:
        shutil.rmtree(config.stash[_scratch], ignore_errors=True)
    if _server in config.stash:
        config.stash[_server].stop()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if collect_ignore:
        terminalreporter.section("tests/vectors WAS NOT RUN", red=True, bold=True)
        terminalreporter.line(f"No test vectors at {VECTORS}.")
        terminalreporter.line(
            "Put C2SP/wycheproof's testvectors_v1/*.json there (no part of this repository); run again."
        )


@pytest.fixture(autouse=True)
def _every_change_is_on_record() -> Iterator[None]:
    yield
    found = sorted(set(on_record.unrecorded))
    on_record.unrecorded.clear()
    assert found == []


@pytest.fixture(scope="session")
def keys_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="session")
def sqlite_template(keys_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "shiming.db"
    _initialise(_settings(f"sqlite:///{path}", keys_dir))
    return path


@pytest.fixture(scope="session")
def postgres_folder(pytestconfig: pytest.Config) -> str:
    return pytestconfig.stash[_folder]


@pytest.fixture(scope="session")
def new_postgres_database(postgres_folder: str, worker_id: str) -> Callable[[str], str]:
    """Makes an empty database and gives its address."""

    def make(name: str) -> str:
        full = f"{name}_{worker_id}"
        _administer(postgres_folder, f'DROP DATABASE IF EXISTS "{full}"', f'CREATE DATABASE "{full}"')
        return _url(postgres_folder, full)

    return make


@pytest.fixture(scope="session")
def postgres_database(keys_dir: Path, sqlite_template: Path, new_postgres_database: Callable[[str], str]) -> str:
    """This worker's database, brought up to date once."""
    assert sqlite_template.exists()  # it made the keys
    url = new_postgres_database("shiming")
    _initialise(_settings(url, keys_dir))
    return url


@pytest.fixture(scope="session")
def empty_postgres(postgres_database: str) -> Iterator[Callable[[], object]]:
    """Empties this worker's database, in any order of the tables."""
    how = f"{postgres_database.replace('+psycopg', '')}&options=-csession_replication_role%3Dreplica"
    with psycopg.connect(how, autocommit=True) as session:
        yield lambda: session.execute(_EMPTIES)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An initialised database with no forum in it."""
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), tmp_path / "shiming.db")
        yield f"sqlite:///{tmp_path}/shiming.db"
        return
    empty = request.getfixturevalue("empty_postgres")
    yield request.getfixturevalue("postgres_database")
    empty()


@pytest.fixture
def settings(database_url: str, keys_dir: Path, tmp_path: Path) -> Settings:
    return _settings(database_url, keys_dir, data_dir=tmp_path)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def services(settings: Settings, clock: FakeClock) -> Iterator[Services]:
    """The whole service around a clock that stands still and a sandbox that never makes anybody wait."""
    built = build(
        settings,
        clock=clock,
        provider=SandboxProvider(sleep=lambda _seconds: None),
        sender=SandboxSender(clock, sleep=lambda _seconds: None),
    )
    yield built
    built.engine.dispose()


@pytest.fixture
def address(services: Services) -> Iterator[str]:
    with serving(services) as address:
        yield address


@pytest.fixture
def new_forum(services: Services, address: str) -> Iterator[Callable[[str], ForumBackend]]:
    backends: list[ForumBackend] = []

    def make(name: str) -> ForumBackend:
        backends.append(ForumBackend(address, services.forums.add(OPERATOR, name), within=services))
        return backends[-1]

    yield make
    for backend in backends:
        backend.http.close()


@pytest.fixture
def forum(new_forum: Callable[[str], ForumBackend]) -> ForumBackend:
    return new_forum("测试论坛")


def _in_turns(config: pytest.Config) -> bool:
    """Where everything is asked for; whoever names a folder, a test or a database gets both of each."""
    everything = config.args_source is pytest.Config.ArgsSource.TESTPATHS and not config.option.keyword
    return everything and not (config.option.both or config.option.long or config.option.sqlite)


def _settings(database_url: str, keys_dir: Path, data_dir: Path | None = None) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg] # pydantic-settings takes it, its types do not
        database_url=database_url,
        keys_dir=keys_dir,
        data_dir=data_dir or keys_dir,
        audit_dir=data_dir or keys_dir,
        issuer=ISSUER,
        log_level="WARNING",
    )


def _initialise(settings: Settings) -> None:
    """Without the starter lexicon: whoever tests names brings their own."""
    initialise(settings, FakeClock())
    engine = make_engine(settings.database())
    with engine.begin() as connection:
        for row in (PublicationRow, LexiconVersionRow):
            connection.execute(delete(row))
    engine.dispose()


def _url(folder: str, database: str) -> str:
    return f"postgresql+psycopg://postgres@/{database}?host={folder}"


def _administer(folder: str, *statements: str) -> None:
    engine = create_engine(_url(folder, "postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


_DELETES = "; ".join(f'DELETE FROM "{name}"' for name in METADATA.tables if name not in _KEPT)
_EMPTIES = f"BEGIN; {_DELETES}; DELETE FROM agreement_versions WHERE id > 2; COMMIT".encode()
