"""A service that is killed between question and answer: the check is lost, said to be lost, and never repeated."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import httpx2
import pytest
from sqlalchemy import Engine, create_engine, text

from app.forums.domain import Credentials
from app.kernel.ids import ClientId, ForumId
from app.kernel.secret import Secret
from tests.support.forum import ForumBackend
from tests.support.process import service_process, shiming

NEVER_ANSWERS = "110199199003070105"
_PATIENCE = 30


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/shiming.db"
    else:
        yield request.getfixturevalue("new_postgres_database")("crash")


@dataclass(frozen=True)
class Record:
    """What stands in the database, read past the service."""

    engine: Engine

    def attempts(self) -> list[tuple[str, str]]:
        with self.engine.connect() as connection:
            found = connection.execute(text("SELECT verification_id, answer FROM provider_attempts"))
            return [(verification, answer) for verification, answer in found]

    def reasons(self) -> list[str | None]:
        with self.engine.connect() as connection:
            return list(connection.execute(text("SELECT reason FROM verifications")).scalars())

    def wait_for_question(self) -> str:
        _wait(lambda: bool(self.attempts()))
        return self.attempts()[0][0]

    def wait_for_end(self) -> None:
        _wait(lambda: self.reasons() != [None])


def _wait(until: Callable[[], bool]) -> None:
    deadline = monotonic() + _PATIENCE
    while not until():
        assert monotonic() < deadline
        sleep(0.02)


def _add_forum(environment: dict[str, str]) -> Credentials:
    made = json.loads(shiming(environment, "forum", "add", "测试论坛", "--json").stdout)
    return Credentials(ForumId(made["forum_id"]), ClientId(made["client_id"]), Secret(made["client_secret"]))


def _ask(forum: ForumBackend, account_id: str) -> None:
    with suppress(httpx2.TransportError):
        forum.check_document(account_id, NEVER_ANSWERS)


def test_a_kill_between_question_and_answer_ends_as_unknown_and_asks_nobody_again(tmp_path: Path, url: str) -> None:
    """On SQLite the service that is started again finds what is lost, on PostgreSQL a worker of its own does."""
    record = Record(create_engine(url))
    with service_process(tmp_path, url) as service, ThreadPoolExecutor(1) as pool:
        forum = ForumBackend(service.address, _add_forum(dict(service.environment)))
        asked = pool.submit(_ask, forum, forum.register("山间清风")["id"])
        verification = record.wait_for_question()
        service.process.kill()
        asked.result()
        forum.http.close()
    assert (record.attempts(), record.reasons()) == ([(verification, "sent")], [None])

    later = {"SHIMING_CLOCK_OFFSET_SECONDS": "61"}
    if url.startswith("sqlite"):
        with service_process(tmp_path, url, **later):
            record.wait_for_end()
    else:
        swept = shiming({**service.environment, **later}, "worker", "--once")
        assert (swept.returncode, swept.stderr) == (0, "")
        assert "close-lost-checks: 1" in swept.stdout
    assert (record.attempts(), record.reasons()) == ([(verification, "OutcomeUnknown")], ["outcome-unknown"])
    record.engine.dispose()
