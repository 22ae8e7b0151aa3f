"""A service that is killed between question and answer: the check is lost, said to be lost, and never repeated."""

import json
from collections.abc import Iterator
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
            return [tuple(row) for row in found]  # type: ignore[misc] # two columns

    def reasons(self) -> list[str | None]:
        with self.engine.connect() as connection:
            return list(connection.execute(text("SELECT reason FROM verifications")).scalars())

    def wait_for_question(self) -> str:
        deadline = monotonic() + _PATIENCE
        while monotonic() < deadline:
            if found := self.attempts():
                return found[0][0]
            sleep(0.02)
        raise AssertionError("nobody was asked")


def _add_forum(environment: dict[str, str]) -> Credentials:
    made = json.loads(shiming(environment, "forum", "add", "测试论坛", "--json").stdout)
    return Credentials(ForumId(made["forum_id"]), ClientId(made["client_id"]), Secret(made["client_secret"]))


def _ask(forum: ForumBackend, account_id: str) -> None:
    with suppress(httpx2.TransportError):
        forum.check_document(account_id, NEVER_ANSWERS)


def test_a_kill_between_question_and_answer_ends_as_unknown_and_asks_nobody_again(tmp_path: Path, url: str) -> None:
    record = Record(create_engine(url))
    with service_process(tmp_path, url) as service, ThreadPoolExecutor(1) as pool:
        credentials = _add_forum(dict(service.environment))
        forum = ForumBackend(service.address, credentials)
        account = forum.register("山间清风")["id"]
        asked = pool.submit(_ask, forum, account)
        verification = record.wait_for_question()
        service.process.kill()
        asked.result()
        forum.http.close()
    assert (record.attempts(), record.reasons()) == ([(verification, "sent")], [None])

    later = {"SHIMING_CLOCK_OFFSET_SECONDS": "61"}
    with service_process(tmp_path, url, arguments=("--no-worker",), **later) as service:
        forum = ForumBackend(service.address, credentials)
        read = forum.get(f"/v1/verifications/{verification}").json()
        assert (read["outcome"], read["reason"]) == ("pending", "outcome-unknown")
        assert record.reasons() == [None]  # so far it is only computed
        swept = shiming(service.environment, "worker", "--once")
        assert (swept.returncode, swept.stderr) == (0, "")
        assert "close-lost-checks: 1" in swept.stdout
        assert forum.get(f"/v1/verifications/{verification}").json() == read
        forum.http.close()
    assert (record.attempts(), record.reasons()) == ([(verification, "OutcomeUnknown")], ["outcome-unknown"])
    record.engine.dispose()


def test_the_service_itself_ends_what_a_crash_has_left(tmp_path: Path, url: str) -> None:
    record = Record(create_engine(url))
    with service_process(tmp_path, url) as service, ThreadPoolExecutor(1) as pool:
        forum = ForumBackend(service.address, _add_forum(dict(service.environment)))
        asked = pool.submit(_ask, forum, forum.register("山间清风")["id"])
        record.wait_for_question()
        service.process.kill()
        asked.result()
        forum.http.close()
    with service_process(tmp_path, url, SHIMING_CLOCK_OFFSET_SECONDS="61"):
        deadline = monotonic() + _PATIENCE
        while record.reasons() != ["outcome-unknown"] and monotonic() < deadline:
            sleep(0.02)
    assert record.reasons() == ["outcome-unknown"]
    assert len(record.attempts()) == 1
    record.engine.dispose()
