"""While nothing can be kept outside the database the service goes on, and what must be on record is refused in 5 s."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import pytest
from sqlalchemy import select

from app.audit.models import StagedEntryRow
from app.boards.models import TermsRow
from app.kernel.actor import OPERATOR
from tests.support.forum import ForumBackend
from tests.support.postgres import start_postgres
from tests.support.process import environment_of, shiming
from tests.torture.form import Form
from tests.torture.house import House
from tests.torture.outside import Fault, Outside

_REFUSED = "shiming: The audit log cannot be published now, so nothing was done"
_PATIENCE, _SLACK = 5.0, 1.0
_ACTS = {"key.promoted", "key.destroyed", "terms.changed"}


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    if request.param == "sqlite":
        yield House(tmp_path, f"sqlite:///{tmp_path}/shiming.db")
        return
    server = start_postgres()
    yield House(tmp_path, server.url("postgres"), server)
    server.stop()


@pytest.fixture
def outside(house: House) -> Iterator[Outside]:
    found = Outside(house.folder / "keys", house.folder / "anchors")
    house.more.update(found.settings)
    yield found
    found.syslog.close()


@dataclass
class _Posting:
    """A forum that lets somebody post, again and again, and brings in others."""

    forum: ForumBackend
    account_id: str
    number: int
    ended: Event = field(default_factory=Event)
    permits: int = 0
    slowest: float = 0.0

    def go_on(self) -> None:
        while not self.ended.is_set():
            began = monotonic()
            assert self.forum.token(self.account_id).status_code == 201
            assert self.forum.post("/v1/accounts", {"handle": f"乙{self.number}甲{self.permits}"}).status_code == 201
            self.permits += 1
            self.slowest = max(self.slowest, monotonic() - began)


def test_what_must_be_on_record_is_refused_in_5_seconds_while_posting_goes_on(
    form: Form, house: House, outside: Outside
) -> None:
    faults = outside.faults() if house.is_sqlite else outside.faults()[::-1]
    with house.services() as services:
        credentials = services.forums.add(OPERATOR, "测试论坛")
    environment = environment_of(house.folder, house.url, SHIMING_ISSUER=house.address, **house.more)
    with house.serving() as service, ExitStack() as stack:
        forum = ForumBackend(service.address, credentials)
        stack.callback(forum.http.close)
        account = forum.register("山间清风")
        forum.accept_agreement(account["id"])
        assert forum.check_document(account["id"]).json()["outcome"] == "verified"
        idle = _took(environment, "audit", "search", "--limit", "1")
        for number, fault in enumerate(faults[: form.size(short=1, long=len(faults))]):
            terms = ("forum", "terms", credentials.forum_id, "--source", "design", "--interval-days", str(90 + number))
            posting = _Posting(forum, account["id"], number)
            waits = [wait - idle for wait in _refused_in(house, environment, fault, posting, terms)]
            assert max(waits) < _PATIENCE + _SLACK
            done = shiming(environment, *terms)
            assert (done.returncode, done.stderr) == (0, "")
            assert "On record as number" in done.stdout
            told = (
                f"refused {', '.join(f'{wait:.1f} s' for wait in waits)} after their start, {posting.permits} permits"
            )
            told += f" and as many new accounts meanwhile, the slowest pair in {posting.slowest * 1000:.0f} ms;"
            form.tell(f"audit log: {fault.name}, {house.name}", f"{told} nothing changed")


def _refused_in(
    house: House, environment: dict[str, str], fault: Fault, posting: _Posting, terms: tuple[str, ...]
) -> list[float]:
    """How long each act waited for its refusal, while somebody posts."""
    before, thread = _state(house), Thread(target=posting.go_on)
    with fault.of():
        thread.start()
        try:
            waits = [_refused(environment, fault.told, *act) for act in (("keys", "rotate", "signing"), terms)]
        finally:
            posting.ended.set()
            thread.join()
    assert _state(house) == before
    assert posting.permits > 10
    return waits


def _state(house: House) -> object:
    """All that the acts would have changed."""
    keys = {path.name: path.read_bytes() for path in (house.folder / "keys").glob("*.key")}
    with house.services() as services, services.unit_of_work.read() as tx:
        entries = [json.loads(entry) for entry in tx.session.scalars(select(StagedEntryRow.entry))]
        acts = [(one["action"], one["id"]) for one in entries if one["outcome"] == "done" and one["action"] in _ACTS]
        return keys, tx.session.scalars(select(TermsRow.forum_id)).all(), sorted(acts)


def _refused(environment: dict[str, str], told: str, *act: str) -> float:
    began = monotonic()
    result = shiming(environment, *act)
    took = monotonic() - began
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(_REFUSED)
    assert told in result.stderr  # and what to look at
    return took


def _took(environment: dict[str, str], *command: str) -> float:
    """What it costs to begin a command."""
    began = monotonic()
    assert shiming(environment, *command).returncode == 0
    return monotonic() - began
