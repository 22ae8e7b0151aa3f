"""A forum to which people are sent back, and people without a script."""

from collections.abc import Callable, Iterator

import pytest

from app.kernel.actor import OPERATOR
from app.wiring import Services
from tests.support.forum import ForumBackend
from tests.support.person import Person

BACK = "https://forum.example/back"


@pytest.fixture
def forum(services: Services, address: str) -> Iterator[ForumBackend]:
    backend = ForumBackend(address, services.forums.add(OPERATOR, "测试论坛", [BACK]), within=services)
    yield backend
    backend.http.close()


@pytest.fixture
def new_person(address: str) -> Iterator[Callable[[], Person]]:
    persons: list[Person] = []

    def make() -> Person:
        persons.append(Person(address))
        return persons[-1]

    yield make
    for person in persons:
        person.http.close()


@pytest.fixture
def person(new_person: Callable[[], Person]) -> Person:
    return new_person()
