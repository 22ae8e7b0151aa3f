"""People are planted; whoever of the staff asks for whatever there is, only an executed disclosure shows one of them.

Source: L5h, L8h.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import cycle
from urllib.parse import quote

import httpx2
import pytest

from app.main import _ROUTERS
from app.staff.access import Role
from app.wiring import Services
from tests.support.canaries import hits
from tests.support.clock import FakeClock
from tests.support.disclosing import PATH, Office
from tests.support.planting import Person, person
from tests.support.serving import serving
from tests.support.staff import StaffLogin, make_staff
from tests.torture.asked import Asked
from tests.torture.form import Form
from tests.torture.scenarios import GENEROUS, good
from tests.torture.world import World, new_world

_OPENINGS_OF_ONE = 5
_FIELDS = ("name", "document_type", "document_number", "phone")
_ENDS_A_SESSION = ("DELETE /v1/staff/sessions/current", "POST /v1/staff/me/")
_MAY_SHOW = re.compile("/(?:dev|demo)(?:/|$)")
"""What was texted, in development, by contract."""
Everybody = Mapping[str, StaffLogin | None]
Named = Mapping[str, Iterator[str]]
"""Of those who are planted, one after the other, by the name of a field."""
_PLACE = re.compile(r"{(\w+)(?::\w+)?}")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # the same code answers on the other one
def test_a_person_is_seen_in_an_executed_disclosure_and_nowhere_else(
    services: Services, clock: FakeClock, form: Form
) -> None:
    people = [person(n) for n in range(form.size(short=5, long=200))]
    with serving(services, GENEROUS) as address, new_world(services, clock, address) as world:
        accounts = {_plant(world, one): one for one in people}
        canaries = [value for one in people for value in (one.number, one.name, one.phone)]
        everybody = _everybody(world, form)
        before = _read_by(everybody, world, list(accounts), []) if form.long else {}
        opened = dict(_opened_by_turns(world, accounts))
        after = _read_by(everybody, world, list(accounts), list(opened))
        assert hits(canaries, before | after) == []
        assert len(after) >= 100 * len(everybody)
        _assert_the_search_finds(people, after)
        clerk = Office(address, services, world.staff["all"], ())
        read = {one["case"]: one["object"]["id"] for one in clerk.on_record("identity.read")}
        assert set(opened) <= read.keys()
        assert len({read[one] for one in opened}) == len(people)
        shown = [one["object"]["id"] for one in clerk.on_record("disclosure.executed") if one["outcome"] == "done"]
        assert sorted(shown) == sorted(read)
        assert len(clerk.on_record("identity.read")) == len(read)
    form.tell(
        "people among the staff",
        f"{len(people)} people, {len(before) + len(after)} answers to every operation and every page by every role:"
        f" 0 hits; {len(opened)} disclosures, each with its own entry, showed what was asked for and no more",
    )


def _plant(world: World, one: Person) -> str:
    forum = world.forum
    account = forum.register(one.handle, one.external_id)["id"]
    assert forum.phone_code(account, one.phone)["outcome"] == "verified"
    assert forum.check_document(account, one.number, one.name).json()["outcome"] == "verified"
    forum.accept_agreement(account)
    return str(account)


def _opened_by_turns(world: World, accounts: dict[str, Person]) -> Iterator[tuple[str, str]]:
    """Everybody once, in turns of as many as one member of the staff opens; each shows its fields and nothing else."""
    offices = [_office(world) for _ in range(-(-len(accounts) // _OPENINGS_OF_ONE))]
    for turn, (account, one) in zip(cycle(range(len(offices))), accounts.items(), strict=False):
        fields = [field for at, field in enumerate(_FIELDS) if (len(account) + turn + at) % 3 or field == "name"]
        disclosure_id = offices[turn].approved(account, fields=fields)
        answer = offices[turn].execute(disclosure_id)
        all_of_it = dict(zip(_FIELDS, (one.name, "resident_id", one.number, one.phone), strict=True))
        assert answer.json()["fields"] == {field: all_of_it[field] for field in fields}, answer.text
        yield disclosure_id, account


def _office(world: World) -> Office:
    approvers = tuple(make_staff(world.services, Role.PRIVACY) for _ in range(2))
    return Office(world.forum.address, world.services, make_staff(world.services, Role.COMPLIANCE), approvers)


# ---------------------------------------------------------------- everything that can be asked


def _read_by(everybody: Everybody, world: World, accounts: list[str], disclosures: list[str]) -> dict[str, bytes]:
    """Head and body of each answer to each operation and each page, about the people who are planted."""
    named: Named = {"account_id": cycle(accounts), "disclosure_id": cycle(disclosures or world.known["disclosure_id"])}
    asked = sorted(good(world), key=lambda one: one.operation.startswith(_ENDS_A_SESSION))
    document = world.forum.get("/openapi.json").json()
    operations = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert operations <= {one.operation for one in asked}
    found = {}
    for who, login in everybody.items():
        for number, one in enumerate(asked):
            answer = _about(one, named).by(world.forum, headers=login.headers if login else {})
            found[f"{who} {number} {one.operation} {len(disclosures)}"] = _all_of(answer)
        for path in _pages():
            found[f"{who} {path} {len(disclosures)}"] = _all_of(_page(world, login, _filled(path, world, named)))
    return found


def _everybody(world: World, form: Form) -> Everybody:
    """A member of each role, and a forum's client, who at the staff's routes is somebody with every role.

    In the short form one member has every role, and is shown what each of them is shown.
    """
    roles = {role.value: (role,) for role in Role} if form.long else {"all": tuple(Role)}
    return {**{name: make_staff(world.services, *held) for name, held in roles.items()}, "forum": None}


def _about(asked: Asked, named: Named) -> Asked:
    """The same request about somebody who was planted; what executes is left to those who asked."""
    path = {name: next(named[name]) if name in named else value for name, value in asked.path.items()}
    body = asked.options.get("json")
    if not isinstance(body, dict) or "account_id" not in body:
        return replace(asked, path=path)
    return replace(
        asked, path=path, options={**asked.options, "json": {**body, "account_id": next(named["account_id"])}}
    )


def _pages() -> list[str]:
    """Every page that there is, of whichever face."""
    routes = (route for router in _ROUTERS for route in getattr(router, "routes", []))
    found = [route.path for route in routes if "GET" in route.methods and not route.include_in_schema]
    assert len(found) > 10
    return sorted({path for path in found if not _MAY_SHOW.match(path)})


def _filled(path: str, world: World, named: Named) -> str:
    def value(place: re.Match[str]) -> str:
        name = place[1]
        return quote(next(named[name]) if name in named else world.known.get(name, [name])[0], safe="")

    return _PLACE.sub(value, path)


def _page(world: World, login: StaffLogin | None, path: str) -> httpx2.Response:
    cookie = {"cookie": f"staff={login.cookie}"} if login else {}
    return world.forum.http.get(path, headers={"accept": "text/html", "authorization": "", **cookie})


def _all_of(answer: httpx2.Response) -> bytes:
    assert answer.status_code < httpx2.codes.INTERNAL_SERVER_ERROR, answer.text
    return repr(answer.headers.multi_items()).encode() + b"\n" + answer.content


def _assert_the_search_finds(people: list[Person], answers: dict[str, bytes]) -> None:
    """What was searched does hold what such requests are answered with, and would show a person."""
    together = b"\n".join(answers.values())
    assert sum(one.handle.encode() in together for one in people) >= _OPENINGS_OF_ONE
    for said in (PATH, "approvals_needed", "moderators"):
        assert said.encode() in together
    assert hits([people[0].number], {"together": together + people[0].number.encode()}) != []
