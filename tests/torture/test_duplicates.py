"""One person who comes many times at once, in every spelling and on every way, is one person."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import func, select

from app import policies
from app.kernel.actor import OPERATOR
from app.vault.models import DocumentRow, PersonRow
from app.verification.models import LinkRow, SlotRow
from app.wiring import Services
from tests.oracle.world import QuickIndex
from tests.support.desk import Desk
from tests.support.forum import ForumBackend
from tests.support.invariants import broken_rules
from tests.support.process import ServiceProcess
from tests.torture.crowd import Crowd, numbers_with_x
from tests.torture.form import Form
from tests.torture.house import House

_FORUMS, _WAYS, _PATIENCE = 3, 4, 120
_LIMIT = policies.ACCOUNTS_PER_PERSON.value * _FORUMS


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> House:
    if request.param == "sqlite":
        return House(tmp_path, f"sqlite:///{tmp_path}/shiming.db")
    return House(tmp_path, request.getfixturevalue("new_postgres_database")("duplicates"), workers=2)


def test_one_person_who_comes_many_times_at_once_is_one_person(form: Form, house: House) -> None:
    size = form.size(short=12, long=100 if house.is_sqlite else 500)
    rounds = form.size(short=_WAYS, long=20 if house.is_sqlite else 50)
    with house.serving() as service, house.services() as services, _crowd(house, service, services, size) as crowd:
        numbers = numbers_with_x()
        for person in range(rounds):
            for forum in crowd.forums:
                forum.log_in()
            _ROUNDS[person % _WAYS](crowd, services, person, next(numbers))
            assert broken_rules(services) == []
    heard = Counter(crowd.statuses)
    answered = ", ".join(f"{heard[status]:,} times {status}" for status in sorted(heard))
    form.tell(f"one person at once, {house.name}", f"{rounds} x {size} requests: {answered}; one person each")


@contextmanager
def _crowd(house: House, service: ServiceProcess, services: Services, size: int) -> Iterator[Crowd]:
    credentials = [services.forums.add(OPERATOR, f"论坛{number}") for number in range(_FORUMS)]
    index = QuickIndex(house.folder / "keys").of
    forums = [ForumBackend(service.address, each) for each in credentials]
    for forum in forums:
        forum.http.timeout = httpx2.Timeout(_PATIENCE)
    yield Crowd(forums, [Desk(services, each.forum_id, index) for each in credentials], size)
    for forum in forums:
        forum.http.close()


def _many_accounts(crowd: Crowd, services: Services, person: int, number: str) -> None:
    before = _rows(services)
    ends = crowd.from_many_accounts(person, number)
    assert ends == {"verified": 1, "rejected": crowd.size - 1}, "on file already, it counts only after a code"
    assert _rows(services) - before == Counter(persons=1, documents=1, links=1, slots=1, answerers=1)


def _one_account(crowd: Crowd, services: Services, person: int, number: str) -> None:
    before = _rows(services)
    ends = crowd.from_one_account(person, number)
    assert ends["verified"] == 1, "once a person is behind an account, their document needs a code like any other"
    assert ends.keys() <= {"verified", "rejected", "possession-required"}
    assert _rows(services) - before == Counter(persons=1, documents=1, links=1, slots=1, answerers=1)


def _codes(crowd: Crowd, services: Services, person: int, _number: str) -> None:
    before = _rows(services)
    ends = crowd.by_codes(person, _phone(person))
    assert ends == {"verified": _LIMIT, "rejected": crowd.size - _LIMIT}
    assert (_rows(services) - before)["slots"] == _LIMIT, "one of them answers for as many as may be"
    assert (_rows(services) - before)["answerers"] == 1


def _after_codes(crowd: Crowd, services: Services, person: int, number: str) -> None:
    before = _rows(services)
    assert crowd.after_codes(person, number, _phone(person)) == {"verified": crowd.size}
    assert _rows(services) - before == Counter(persons=1, documents=1, links=_LIMIT, slots=_LIMIT, answerers=1)


_ROUNDS: tuple[Callable[[Crowd, Services, int, str], None], ...] = (_many_accounts, _one_account, _codes, _after_codes)


def _phone(person: int) -> str:
    return f"1400000{1000 + person}"


def _rows(services: Services) -> Counter[str]:
    """How many persons there are, by every way to count them."""
    with services.unit_of_work.read() as tx:
        return Counter(
            {
                "persons": tx.session.scalar(select(func.count()).select_from(PersonRow)) or 0,
                "documents": tx.session.scalar(select(func.count()).select_from(DocumentRow)) or 0,
                "links": tx.session.scalar(select(func.count()).select_from(LinkRow)) or 0,
                "slots": tx.session.scalar(select(func.count()).select_from(SlotRow)) or 0,
                "answerers": tx.session.scalar(select(func.count(SlotRow.person_id.distinct()))) or 0,
            }
        )
