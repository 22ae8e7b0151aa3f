"""A moderator's half year in a minute: real processes whose clock is ahead, from the filing to the way back."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep

import pytest

from app.forums.domain import Credentials
from app.kernel.actor import OPERATOR
from app.settings import Settings
from app.wiring import build, initialise
from tests.support.forum import PERSON, ForumBackend, Json, sandbox_number
from tests.support.postgres import start_postgres
from tests.support.process import environment_of, free_address, serving_process, shiming
from tests.support.receiver import Receiver, receiving

_PHONE = "14000000021"
_DAY = timedelta(days=1)
_SOON = timedelta(minutes=10)
_PATIENCE = 60


@dataclass
class Traveller:
    """One installation on which the service is started again and again, each time at another moment."""

    folder: Path
    url: str
    address: str
    credentials: Credentials

    @contextmanager
    def serving(self, moment: datetime, *arguments: str) -> Iterator[ForumBackend]:
        """A forum's backend at `shiming serve`."""
        environment = self._environment(moment)
        with serving_process(environment, self.folder / "output", more=arguments) as service:
            backend = ForumBackend(service.address, self.credentials)
            with closing(backend.http):
                yield backend

    def work_once(self, moment: datetime) -> None:
        worked = shiming(self._environment(moment), "worker", "--once")
        assert worked.returncode == 0, worked.stderr

    def _environment(self, moment: datetime) -> dict[str, str]:
        ahead = int((moment - datetime.now(UTC)).total_seconds())
        return environment_of(
            self.folder,
            self.url,
            SHIMING_ISSUER=self.address,
            SHIMING_SMS_PAUSE_SECONDS="0",
            SHIMING_CLOCK_OFFSET_SECONDS=str(ahead),
        )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """PostgreSQL with `--long`: it has the same code, and starts cost most of the time."""
    databases = ["sqlite", "postgresql"] if metafunc.config.option.long else ["sqlite"]
    metafunc.parametrize("traveller", databases, indirect=True)


@pytest.fixture
def traveller(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Traveller]:
    server = start_postgres() if request.param == "postgresql" else None
    url = server.url("postgres") if server else f"sqlite:///{tmp_path}/shiming.db"
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg] # pydantic-settings takes it, its types do not
        database_url=url,
        keys_dir=tmp_path / "keys",
        data_dir=tmp_path / "var",
    )
    initialise(settings)
    services = build(settings)
    credentials = services.forums.add(OPERATOR, "测试论坛")
    services.engine.dispose()
    yield Traveller(tmp_path, url, free_address(), credentials)
    if server:
        server.stop()


def test_reminders_go_out_once_each_and_a_lapse_takes_the_powers_with_no_worker(traveller: Traveller) -> None:
    with receiving() as receiver:
        moderator = _file(traveller, receiver)
        due_at, suspends_at = (datetime.fromisoformat(moderator[name]) for name in ("due_at", "suspends_at"))
        for days, told in ((30, 1), (30, 1), (7, 2)):
            traveller.work_once(due_at - days * _DAY + _SOON)
            assert _told(receiver)["moderator.reminded"] == told
        with traveller.serving(due_at - _DAY + _SOON) as forum:  # with a worker of its own
            assert forum.moderators()[0]["state"] == "due"
            _wait(lambda: _told(receiver)["moderator.reminded"] > 2)
        with traveller.serving(due_at + timedelta(seconds=1), "--no-worker") as forum:
            assert forum.moderators()[0]["state"] == "overdue"
            assert forum.moderate(moderator["account_id"]).status_code == 201
        with traveller.serving(suspends_at + timedelta(seconds=1), "--no-worker") as forum:
            _come_back(forum, moderator)
        traveller.work_once(suspends_at + _SOON)
        assert _told(receiver) == {"moderator.filed": 1, "moderator.reminded": 3}


def _file(traveller: Traveller, receiver: Receiver) -> Json:
    with traveller.serving(datetime.now(UTC), "--no-worker") as forum:
        founder = forum.moderator_to_be("山间清风", phone=_PHONE)
        asked = {"url": receiver.address, "events": ["moderator.filed", "moderator.reminded"]}
        assert forum.post("/v1/webhook-endpoints", asked).status_code == 201
        forum.board(founder["id"])
        return forum.moderators()[0]


def _wait(until: Callable[[], bool]) -> None:
    deadline = monotonic() + _PATIENCE
    while not until():
        assert monotonic() < deadline
        sleep(0.02)


def _told(receiver: Receiver) -> Counter[str]:
    return Counter(heard.body.decode().partition('"type":"')[2].partition('"')[0] for heard in receiver.heard)


def _come_back(forum: ForumBackend, moderator: Json) -> None:
    """Refused, refused after somebody else's identity, and admitted after the same person's."""
    account_id = moderator["account_id"]
    assert _refused(forum, account_id) == ["moderator-suspended"]
    assert forum.phone_code(account_id, _PHONE)["outcome"] == "verified"
    stranger = forum.check_document(account_id, sandbox_number(77)).json()
    assert (stranger["outcome"], stranger["reason"]) == ("rejected", "not-confirmed")
    assert _refused(forum, account_id) == ["moderator-suspended"]
    assert forum.check_document(account_id, PERSON).json()["outcome"] == "verified"
    assert forum.moderate(account_id).status_code == 201
    history = forum.get(f"/v1/moderators/{moderator['id']}/history").json()["items"]
    assert [one["days_before"] for one in history if one["what"] == "reminded"] == [30, 7, 1]


def _refused(forum: ForumBackend, account_id: str) -> list[str]:
    answer = forum.moderate(account_id)
    assert answer.status_code == 403, answer.text
    return [reason["code"] for reason in answer.json()["reasons"]]
