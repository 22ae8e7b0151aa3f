"""The way of a person through the pages, without a script: every step, every way back, every stop."""

from collections.abc import Callable, Iterator

import pytest

from app.kernel.actor import OPERATOR
from app.wiring import Services
from tests.support.forum import ForumBackend, Json
from tests.support.person import Person

BACK = "https://forum.example/back"
PHONE = "14000005678"


@pytest.fixture
def forum(services: Services, address: str) -> Iterator[ForumBackend]:
    backend = ForumBackend(address, services.forums.add(OPERATOR, "测试论坛", [BACK]))
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


def register(forum: ForumBackend, **more: str) -> Json:
    response = forum.post("/v1/registrations", {"return_url": BACK, "state": "s 1", **more})
    assert response.status_code == 201, response.text
    begun: Json = response.json()
    return begun


def test_a_person_registers_with_a_phone_and_the_forum_learns_a_handle(forum: ForumBackend, person: Person) -> None:
    begun = register(forum, external_id="42")
    assert (begun["status"], begun["account"]) == ("open", None)
    person.open(begun["url"])
    assert person.heading() == "发帖前需要验证真实身份"
    person.act("start")
    assert person.heading() == "取一个昵称"
    person.act("handle", handle="山间清风")
    person.act("agreement", accept="yes")
    person.act("way", way="phone")
    person.act("phone", phone=PHONE)
    assert "尾号 8" in person.page.text
    person.act("code", code=forum.read_code(PHONE))
    assert person.heading() == "验证完成", person.page.text
    assert f"{BACK}?registration={begun['id']}&amp;state=s+1&amp;status=completed" in person.page.text
    ended = forum.get(f"/v1/registrations/{begun['id']}").json()
    assert ended["status"] == "completed"
    assert (ended["account"]["handle"], ended["account"]["external_id"]) == ("山间清风", "42")
    assert ended["account"]["identity"]["level"] == "phone"
    assert forum.token(ended["account"]["id"]).status_code == 201
