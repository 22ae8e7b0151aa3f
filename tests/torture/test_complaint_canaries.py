"""Whoever complains is planted: contact and words are seen by who handles the case, and by nobody and nowhere else.

Source: L11, reporter protection.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import MetaData, create_engine, func, select

from app.events.models import EventRow
from app.settings import Settings
from app.staff.access import Role
from app.wiring import Services
from tests.reporting.complaining import Anybody, act, decide, ok, waiting
from tests.support.canaries import files_under, hits
from tests.support.clock import FakeClock
from tests.support.person import Person
from tests.support.serving import serving
from tests.support.staff import StaffLogin, make_staff
from tests.torture.everything import Named, about, all_of, every_operation, filled, page, pages
from tests.torture.form import Form
from tests.torture.scenarios import GENEROUS
from tests.torture.world import HOOK, World, new_world

_CASES = "/v1/staff/complaints"
_OPENS_CONTACT = f"POST {_CASES}/{{case_id}}/contact"
_OF_A_CASE = re.compile(r"(?:GET|POST) /v1/staff/complaints/{case_id}(?:$|/(?:assign|accept|reply|decide|agree)$)")
_PAGE_OF_A_CASE = re.compile(r"/console/(?:complaints|appeals)/(?:cmp|apl)_")
_HANDLES = "handles it"
_APPEALS = 2
"""Of three, which one is an appeal."""


@dataclass(frozen=True)
class Planted:
    """One complaint or appeal, and what must not get about."""

    case_id: str
    code: str
    contact: tuple[str, str]
    words: tuple[str, ...]

    @property
    def values(self) -> list[str]:
        bare = self.code.replace("-", "")
        return [*self.contact, *self.words, self.code, bare, bare.lower()]


@dataclass(frozen=True)
class Accused:
    """A moderator of a board, whose phone opens their own page."""

    account_id: str
    board_id: str
    moderator_id: str
    phone: str


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # one file and its WAL, which hold nothing else
def test_whoever_complains_is_seen_by_who_handles_it_and_by_nobody_else(
    services: Services,
    settings: Settings,
    clock: FakeClock,
    form: Form,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with _all_is_logged(), serving(services, GENEROUS) as address, new_world(services, clock, address) as world:
        hook = {"url": HOOK, "events": ["complaint.received", "complaint.decided"]}
        assert world.forum.post("/v1/webhook-endpoints", hook).status_code == httpx2.codes.CREATED
        accused, handler = _accused(world), make_staff(services, *Role)
        moderates = make_staff(services, *Role)
        _declare_own(moderates, address, accused)
        planted = [_plant(world, accused, handler, number) for number in range(form.size(short=3, long=60))]
        everybody = {_HANDLES: handler, "moderates the board": moderates, "forum": None}
        answers = _read_by(everybody, world, accused, planted) | _read_at_me(world, accused)
        places = _places(settings, tmp_path) | {"log": "".join(capfd.readouterr()).encode()}
    assert b'"request"' in places["log"]
    assert any(name.endswith("-wal") for name in places)
    contacts, rest = _split(planted)
    assert hits([*contacts, *rest], places) == []
    assert _where(contacts, answers) == {f"{_HANDLES} {_OPENS_CONTACT}"}
    seen = _where(rest, answers)
    assert {one for one in seen if not _may_show(one)} == set()
    assert f"{_HANDLES} GET {_CASES}/{{case_id}}" in seen
    with services.unit_of_work.read() as tx:
        told = tx.session.scalar(select(func.count()).where(EventRow.kind.like("complaint.%"))) or 0
    assert told >= len(planted)
    size = sum(map(len, places.values())) // 1_000_000
    form.tell(
        "whoever complains among everybody",
        f"{len(planted)} complaints and appeals, {len(answers)} answers to every operation and every page by who"
        f" handles them, by staff who is complained of, by the forum and at /me, {len(places)} places: rows, files, WAL"
        f" and log ({size} MB), {told} events: words in the views of who handles them, contacts where they were opened"
        " for a reason, 0 hits elsewhere",
    )


@contextmanager
def _all_is_logged() -> Iterator[None]:
    log = logging.getLogger("shiming")
    before = log.level
    log.setLevel(logging.DEBUG)
    yield
    log.setLevel(before)


# ---------------------------------------------------------------- planting


def _accused(world: World) -> Accused:
    account, board, phone = world.register()["id"], world.board()["id"], world.phone()
    for kind in ("user", "moderator"):
        world.forum.accept_agreement(account, kind)
    assert world.forum.phone_code(account, phone)["outcome"] == "verified"
    assert world.forum.check_document(account, world.next_person()).json()["outcome"] == "verified"
    office = world.forum.post(f"/v1/boards/{board}/moderators", {"account_id": account, "role": "manager"}).json()
    return Accused(account, board, office["id"], phone)


def _declare_own(login: StaffLogin, address: str, accused: Accused) -> None:
    with login.http(address) as http:
        ok(http.post("/v1/staff/recusals", json={"account_id": accused.account_id}), 201)


def _plant(world: World, accused: Accused, handler: StaffLogin, number: int) -> Planted:
    """A complaint about a moderator, or about a board; or an appeal that somebody sends about the account."""
    world.clock.advance(seconds=1)
    anybody = Anybody(world.forum.http, world.forum.credentials.forum_id)
    contact = (f"1400077{number:04d}", f"whistle{number:04d}@canary.example")
    words = tuple(f"只有办理的人能看见{kind}{number:04d}" for kind in ("正文", "材料", "补充", "理由", "所指"))
    given: dict[str, object] = {"evidence": [words[1]], "contact": {"phone": contact[0], "email": contact[1]}}
    with handler.http(world.forum.address) as staff:
        before = {one["id"] for one in waiting(staff)}
    key = {"idempotency-key": f"canary-of-complaints-{number:04d}", "authorization": ""}
    if number % 3 != _APPEALS:
        target = [
            {"kind": "moderator", "ref": accused.moderator_id},
            {"kind": "content", "ref": words[4], "board": accused.board_id},
        ][number % 3]
        body = {"forum_id": anybody.forum_id, "category": "fraud", "target": target, "description": words[0], **given}
        filed = anybody.http.post("/v1/complaints", json=body, headers=key)
    else:
        against = {"kind": "suspension"}
        body = {"forum_id": anybody.forum_id, "against": against, "grounds": words[0], **given}
        filed = anybody.http.post("/v1/appeals", json={**body, "account_id": accused.account_id}, headers=key)
    code = ok(filed, 201)["tracking_code"]
    with handler.http(world.forum.address) as staff:
        (case_id,) = {one["id"] for one in waiting(staff)} - before
        ok(act(staff, case_id, "accept", take=True))
        ok(act(staff, case_id, "reply", text="哪一天？", question=True))
        ok(anybody.says(code, words[2]))
        if number % 3 != _APPEALS:
            ok(decide(staff, case_id, "not_upheld"))
            ok(anybody.appeals(code, words[3]))
            ok(act(staff, case_id, "reply", text="换人在看。", question=False))
    return Planted(case_id, code, contact, words)


# ---------------------------------------------------------------- everything that can be asked


def _read_by(
    everybody: Mapping[str, StaffLogin | None], world: World, accused: Accused, planted: list[Planted]
) -> dict[str, bytes]:
    cases = [one.case_id for one in planted]
    named: Named = {"case_id": cycle(cases), "account_id": cycle([accused.account_id])}
    asked, found = every_operation(world), {}
    own = {"authorization": world.forum.http.headers["authorization"]}
    for who, login in everybody.items():
        for number, one in enumerate(asked):
            for _ in cases[:3] if "{case_id}" in one.operation else cases[:1]:
                answer = about(one, named).by(world.forum, headers=login.headers if login else own)
                found[f"{number} {next(_COUNTED)}|{who} {one.operation}"] = all_of(answer)
        for pattern in pages():
            path = filled(pattern, world, named)
            found[f"{next(_COUNTED)}|{who} {path}"] = all_of(page(world, login, path))
    return found


_COUNTED = iter(range(1_000_000))


def _read_at_me(world: World, accused: Accused) -> dict[str, bytes]:
    """All pages with the session of who is complained of."""
    at, found = f"?forum={world.forum.credentials.forum_id}", {}
    person = Person(world.forum.address)
    with closing(person.http):
        person.http.headers["sec-fetch-site"] = "same-origin"
        person.open(f"/me{at}")
        world.clock.advance(minutes=2)
        person.http.post(f"/me/phone{at}", data={"phone": accused.phone})
        person.http.post(f"/me/code{at}", data={"code": world.forum.read_code(accused.phone)})
        shown = person.open(f"/me{at}")
        assert shown.status_code == httpx2.codes.OK
        handle = world.forum.account(accused.account_id)["handle"]
        assert handle in shown.text
        named: Named = {"account_id": cycle([accused.account_id])}
        for pattern in pages():
            path = f"{filled(pattern, world, named)}{at}&account={accused.account_id}"
            found[f"{next(_COUNTED)}|at /me {path}"] = all_of(person.http.get(path))
    return found


def _split(planted: list[Planted]) -> tuple[list[str], list[str]]:
    contacts = [value for one in planted for value in one.contact]
    return contacts, [value for one in planted for value in one.values if value not in one.contact]


def _where(values: list[str], answers: Mapping[str, bytes]) -> set[str]:
    """Who was shown one of these, at which operation or page."""
    return {hit.rpartition(": ")[0].partition("|")[2] for hit in hits(values, answers)}


def _may_show(place: str) -> bool:
    """To who handles the case, at a view of it."""
    who = f"{_HANDLES} "
    asked = place.removeprefix(who)
    return place.startswith(who) and bool(_OF_A_CASE.match(asked) or _PAGE_OF_A_CASE.match(asked))


# ---------------------------------------------------------------- everywhere that something is kept


def _places(settings: Settings, folder: Path) -> dict[str, bytes]:
    """Files with their WAL, and every text of every row: a file may hold it in pieces."""
    engine, tables, rows = create_engine(settings.database()), MetaData(), list[bytes]()
    tables.reflect(engine)
    with engine.connect() as connection:
        for table in tables.sorted_tables:
            for row in connection.execute(select(table)):
                rows += [one.encode() if isinstance(one, str) else one for one in row if isinstance(one, str | bytes)]
        files = files_under(folder)
    engine.dispose()
    return {"rows": b"\n".join(rows), **{f"file {name}": content for name, content in files.items()}}
