"""The staff's own routes over HTTP."""

import json
from functools import partial
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from sqlalchemy import select

from app.audit.models import StagedEntryRow
from app.crypto import totp
from app.idempotency.models import ClaimRow
from app.kernel.secret import Secret
from app.staff.access import Role
from app.wiring import Services
from tests.support.at_once import at_once
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json
from tests.support.staff import PASSWORD, StaffLogin, make_staff

_NEW = {"email": "new@staff.example", "roles": ["reviewer"]}
_KEY = {"idempotency-key": "one-member-and-no-more"}


@pytest.fixture
def admin(services: Services) -> StaffLogin:
    return make_staff(services, Role.ADMIN)


def _codes(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["code"])


def _signs_in(services: Services, address: str, handed: Json) -> httpx2.Response:
    seed = parse_qs(urlsplit(handed["credentials"]["totp_uri"]).query)["secret"][0]
    body = {
        "email": handed["email"],
        "password": handed["credentials"]["password"],
        "code": totp.code_at(Secret(seed), services.clock.now()),
    }
    return httpx2.post(f"{address}/v1/staff/sessions", json=body)


def test_a_member_is_added_once_however_often_it_is_sent(services: Services, admin: StaffLogin, address: str) -> None:
    with admin.http(address) as http:
        made, again = (http.post("/v1/staff/members", json=_NEW, headers=_KEY) for _ in range(2))
        assert made.status_code == 201, made.text
        assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
        assert again.json() == {**made.json(), "credentials": None}
        size, _, root = made.headers["audit-checkpoint"].partition(":")
        assert int(size) > 0
        assert len(root) == 44
        pages = [http.get("/v1/staff/members", params={"limit": 1}).json()]
        pages.append(http.get("/v1/staff/members", params={"limit": 1, "cursor": pages[0]["next_cursor"]}).json())
        assert {page["items"][0]["email"] for page in pages} == {admin.email, "new@staff.example"}
        assert pages[1]["next_cursor"] is None
    assert _signs_in(services, address, made.json()).status_code == 201
    with services.unit_of_work.read() as tx:
        stored = tx.session.scalars(select(ClaimRow.sealed_answer)).one()
    assert stored is not None
    assert made.json()["credentials"]["password"].encode() not in stored


def test_nothing_that_is_told_once_is_told_again(services: Services, admin: StaffLogin, address: str) -> None:
    login = make_staff(services, Role.REVIEWER)
    with admin.http(address) as http:
        at = f"/v1/staff/members/{login.staff_id}/reset"
        reset, again = (http.post(at, json={"reason": "x"}, headers=_KEY) for _ in range(2))
        assert again.json() == {**reset.json(), "credentials": None}
        made = http.post("/v1/staff/forums", json={"name": "山雀"}).json()
        at = f"/v1/staff/forums/{made['forum_id']}/rotate-secret"
        rotated, same = (http.post(at, headers=_KEY).json() for _ in range(2))
        assert rotated["client_secret"] not in {None, made["client_secret"]}
        assert same == {**rotated, "client_secret": None}
    assert _signs_in(services, address, reset.json()).status_code == 201


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_act_on_a_member_is_begun_once_however_often_it_is_sent(
    services: Services, admin: StaffLogin, address: str
) -> None:
    at = f"/v1/staff/members/{make_staff(services, Role.REVIEWER).staff_id}"
    with admin.http(address) as http:
        for act in ("disable", "restore"):
            ask = partial(http.post, f"{at}/{act}", json={"reason": "x"}, headers=_KEY)
            heard = {answer.status_code for answer in at_once([ask, ask])}
            assert heard in ({200}, {200, 409})
            assert ask().headers["idempotency-replayed"] == "true"
    with services.unit_of_work.read() as tx:
        entries = [json.loads(row.entry) for row in tx.session.scalars(select(StagedEntryRow))]
    done = [(entry["action"], entry["outcome"]) for entry in entries if entry["action"].startswith("staff.")]
    assert sorted(done) == [(f"staff.{act}", how) for act in ("disabled", "restored") for how in ("begun", "done")]


def test_what_changes_members_asks_for_a_fresh_second_factor_and_reading_does_not(
    admin: StaffLogin, address: str, clock: FakeClock
) -> None:
    clock.advance(minutes=5)
    at = f"/v1/staff/members/{admin.staff_id}"
    with admin.http(address) as http:
        assert http.get("/v1/staff/members").status_code == 200
        refused = [
            http.post("/v1/staff/members", json=_NEW),
            http.patch(at, json={"version": 1, "reason": "x"}),
            *(http.post(f"{at}/{act}", json={"reason": "x"}) for act in ("disable", "restore", "reset")),
            http.post("/v1/staff/me/password", json={"password": PASSWORD, "new_password": "another one of mine"}),
            http.post("/v1/staff/me/authenticator", json={"password": PASSWORD}),
        ]
        assert {_codes(answer) for answer in refused} == {(403, "second-factor-needed")}
        assert admin.step_up(address).status_code == 200
        assert http.post("/v1/staff/members", json=_NEW).status_code == 201


def test_a_forums_token_opens_nothing_of_the_staff(admin: StaffLogin, forum: ForumBackend) -> None:
    for path in ("/v1/staff/members", "/v1/staff/sessions/current", "/v1/staff/confirmations"):
        assert _codes(forum.get(path)) == (403, "insufficient-scope")
        assert _codes(forum.get(path, headers={"authorization": ""})) == (401, "invalid-token")
    assert _codes(forum.post("/v1/accounts", {"handle": "山间清风"}, headers=admin.headers)) == (401, "invalid-token")


def test_an_admin_and_a_privacy_member_make_another_one_together(
    services: Services, admin: StaffLogin, address: str
) -> None:
    privacy = make_staff(services, Role.PRIVACY)
    with admin.http(address) as first, privacy.http(address) as second:
        made = first.post("/v1/staff/members", json={**_NEW, "roles": ["privacy"]}).json()
        assert (made["state"], made["credentials"], made["proposed_by"]) == ("pending", None, admin.staff_id)
        (waits,) = second.get("/v1/staff/confirmations").json()["items"]
        assert waits["id"] == made["id"]
        at = f"/v1/staff/members/{made['id']}/confirm"
        assert _codes(first.post(at, json={})) == (403, "role-not-sufficient")
        assert _codes(second.post("/v1/staff/members", json=_NEW)) == (403, "role-not-sufficient")
        assert _codes(second.post(at, json={"version": waits["version"] + 1})) == (409, "state-conflict")
        handed = second.post(at, json={"version": waits["version"]})
        assert handed.status_code == 200, handed.text
        assert second.get("/v1/staff/confirmations").json() == {"items": []}
    assert _signs_in(services, address, handed.json()).json()["staff"]["roles"] == ["privacy"]


def test_a_change_and_its_end_over_http(services: Services, admin: StaffLogin, address: str) -> None:
    at = f"/v1/staff/members/{make_staff(services, Role.REVIEWER).staff_id}"
    with admin.http(address) as http:
        ends = {"version": 1, "ends_at": "2026-12-31T16:00:00Z", "reason": "外包到期"}
        changed = http.patch(at, json=ends).json()
        assert (changed["ends_at"], changed["version"], changed["roles"]) == (
            "2026-12-31T16:00:00.000Z",
            2,
            ["reviewer"],
        )
        kept = http.patch(at, json={"version": 2, "roles": ["auditor"], "reason": "轮岗"}).json()
        assert (kept["ends_at"], kept["roles"]) == ("2026-12-31T16:00:00.000Z", ["auditor"])
        assert http.patch(at, json={"version": 3, "ends_at": None, "reason": "留任"}).json()["ends_at"] is None
        assert http.post(f"{at}/disable", json={"reason": "离职"}).json()["state"] == "disabled"
        assert http.post(f"{at}/restore", json={"reason": "回来了"}).json()["state"] == "active"
        assert _codes(http.patch(at, json={"version": 6, "roles": ["admin", "privacy"], "reason": "x"})) == (
            422,
            "validation-failed",
        )


def test_a_member_changes_their_own_password_and_authenticator(
    admin: StaffLogin, address: str, clock: FakeClock
) -> None:
    other = admin.sign_in(address).json()["token"]
    new = "another one of mine"
    with admin.http(address) as http:
        assert _codes(http.post("/v1/staff/me/password", json={"password": "wrong", "new_password": new})) == (
            401,
            "sign-in-failed",
        )
        weak = http.post("/v1/staff/me/password", json={"password": PASSWORD, "new_password": "password1"})
        assert _codes(weak) == (422, "validation-failed")
        assert "password1" not in weak.text
        assert http.post("/v1/staff/me/password", json={"password": PASSWORD, "new_password": new}).status_code == 200
        gone = httpx2.get(f"{address}/v1/staff/sessions/current", headers={"authorization": f"Bearer {other}"})
        assert gone.status_code == 401
        clock.advance(seconds=30)
        assert admin.sign_in(address).status_code == 401
        assert admin.sign_in(address, password=new).status_code == 201
        given, again = (http.post("/v1/staff/me/authenticator", json={"password": new}, headers=_KEY) for _ in range(2))
        assert given.status_code == 201, given.text
        assert again.json() == {"totp_uri": None, "recovery_codes": []}
        clock.advance(seconds=30)
        assert admin.sign_in(address, password=new).status_code == 401
        recovery = given.json()["recovery_codes"][0]
        assert admin.sign_in(address, password=new, code=recovery).status_code == 201
        for _ in range(5):
            http.post("/v1/staff/me/authenticator", json={"password": "wrong"})
        assert http.get("/v1/staff/sessions/current").status_code == 401


def test_no_secret_and_no_address_is_in_the_record(services: Services, admin: StaffLogin, address: str) -> None:
    with admin.http(address) as http:
        made = http.post("/v1/staff/members", json=_NEW).json()
    token = _signs_in(services, address, made).json()["token"]
    with services.unit_of_work.read() as tx:
        record = json.dumps([row.entry.decode() for row in tx.session.scalars(select(StagedEntryRow))])
    given = made["credentials"]
    for secret in (given["password"], given["totp_uri"], *given["recovery_codes"], token, "staff.example"):
        assert secret not in record
