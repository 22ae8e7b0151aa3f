"""People are planted; whoever of the staff asks for whatever there is, only an executed disclosure shows one of them.

Source: L5h, L8h.
"""

from collections.abc import Iterator, Mapping
from itertools import cycle

import pytest

from app.staff.access import Role
from app.wiring import Services
from tests.support.canaries import hits
from tests.support.clock import FakeClock
from tests.support.disclosing import PATH, Office
from tests.support.planting import Person, person
from tests.support.serving import serving
from tests.support.staff import StaffLogin, make_staff
from tests.torture.everything import Named, about, all_of, every_operation, filled, page, pages
from tests.torture.form import Form
from tests.torture.scenarios import GENEROUS
from tests.torture.world import World, new_world

_OPENINGS_OF_ONE = 5
_FIELDS = ("name", "document_type", "document_number", "phone")
Everybody = Mapping[str, StaffLogin | None]


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
    asked = every_operation(world)
    found = {}
    for who, login in everybody.items():
        for number, one in enumerate(asked):
            answer = about(one, named).by(world.forum, headers=login.headers if login else {})
            found[f"{who} {number} {one.operation} {len(disclosures)}"] = all_of(answer)
        for path in pages():
            found[f"{who} {path} {len(disclosures)}"] = all_of(page(world, login, filled(path, world, named)))
    return found


def _everybody(world: World, form: Form) -> Everybody:
    """A member of each role, and a forum's client, who at the staff's routes is somebody with every role.

    In the short form one member has every role, and is shown what each of them is shown.
    """
    roles = {role.value: (role,) for role in Role} if form.long else {"all": tuple(Role)}
    return {**{name: make_staff(world.services, *held) for name, held in roles.items()}, "forum": None}


def _assert_the_search_finds(people: list[Person], answers: dict[str, bytes]) -> None:
    """What was searched does hold what such requests are answered with, and would show a person."""
    together = b"\n".join(answers.values())
    assert sum(one.handle.encode() in together for one in people) >= _OPENINGS_OF_ONE
    for said in (PATH, "approvals_needed", "moderators"):
        assert said.encode() in together
    assert hits([people[0].number], {"together": together + people[0].number.encode()}) != []
