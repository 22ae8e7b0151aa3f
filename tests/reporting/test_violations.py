"""Prohibited content over HTTP: what is recorded, what is done, what the forum is told, and what outlives all of it."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from hashlib import sha256

import httpx2
import pytest
import rfc8785
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from app.accounts import repository as account_rows
from app.events.models import EventRow
from app.kernel.actor import OPERATOR
from app.kernel.ids import AccountId
from app.reporting.offence_errors import EvidenceErased
from app.reporting.offences import KEPT
from app.reporting.protection import EVIDENCE
from app.reporting.violation_models import EvidenceRow
from app.staff.access import Role
from app.wiring import Services
from tests.reporting.complaining import CASES, Anybody, act, waiting
from tests.support.clock import FakeClock
from tests.support.forum import NAME, PERSON, ForumBackend, Json
from tests.support.staff import make_staff
from tests.support.unprotected import unprotected

WORDS = '网上赌场\u200b加微信，<script>alert(1)</script>\n=HYPERLINK("http://evil.example")'
CONTENT = {"ref": "p/1", "text": WORDS, "published_at": "2026-11-21T03:00:00Z", "ip": "2001:DB8::1", "port": 51_234}
Opened = Callable[..., httpx2.Client]


@pytest.fixture
def opened(services: Services, address: str) -> Iterator[Opened]:
    """A client of a member with these roles."""
    with ExitStack() as stack:
        yield lambda *roles: stack.enter_context(make_staff(services, *roles).http(address))


def found(account_id: str, **more: object) -> Json:
    return {
        "account_id": account_id,
        "category": "gambling",
        "source": "patrol",
        "discovered_at": "2026-11-21T03:30:00Z",
        "content": CONTENT,
        **more,
    }


def ok(answer: httpx2.Response, status: int = 201) -> Json:
    assert answer.status_code == status, answer.text
    told: Json = answer.json()
    return told


def outcome(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def told(services: Services, kind: str) -> list[Json]:
    with services.unit_of_work.read() as tx:
        rows = tx.session.scalars(select(EventRow).where(EventRow.kind == kind).order_by(EventRow.id))
        return [json.loads(row.body)["data"] for row in rows]


def test_evidence_outlives_the_post_and_the_account_and_names_nobody(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    account = forum.member("山间清风")
    made = ok(forum.post("/v1/violations", found(account["id"])))
    assert made["content"]["sha256"] == sha256(WORDS.encode()).hexdigest()
    assert WORDS not in str(made)
    at = f"/v1/violations/{made['id']}"
    ok(forum.post(f"{at}/measures", {"measure": "delete", "taken_at": "2026-11-21T03:40:00Z", "reason": "赌博"}))
    ok(forum.post(f"/v1/accounts/{account['id']}/close", {"reason": "本人要求"}), 200)
    with services.unit_of_work.begin(OPERATOR) as tx:  # as if nothing of the account were left
        account_rows.free_names(tx.session, AccountId(account["id"]))
    clock.advance(days=150)
    path = f"/v1/staff{at.removeprefix('/v1')}/evidence"
    with make_staff(services, Role.REVIEWER).http(forum.address) as later:
        shown = ok(later.post(path, json={"reason": "公安调取"}), 200)
    evidence = shown["evidence"]
    assert shown["verified"] is True
    assert sha256(rfc8785.dumps(evidence)).hexdigest() == shown["sha256"]
    assert evidence["content"] == {**CONTENT, "ip": "2001:db8::1", "published_at": "2026-11-21T03:00:00.000Z"}
    assert (evidence["handle"], evidence["discovered_at"]) == ("山间清风", "2026-11-21T03:30:00.000Z")
    assert not {NAME, PERSON} & set(map(str, evidence.values()))


def test_nobody_changes_evidence_or_ends_it_before_its_time(services: Services, forum: ForumBackend) -> None:
    made = ok(forum.post("/v1/violations", found(forum.register("静水")["id"])))
    for statement in (update(EvidenceRow).values(sealed=b"other"), delete(EvidenceRow)):
        with pytest.raises(DBAPIError), services.unit_of_work.begin(OPERATOR) as tx:
            tx.session.execute(statement)
    assert services.violations.forget_old() == 0
    assert services.violations.open_evidence(OPERATOR, made["id"], "抽查").verified


def test_bent_evidence_is_not_shown_as_whole(services: Services, forum: ForumBackend, reviewer: httpx2.Client) -> None:
    first, second = (ok(forum.post("/v1/violations", found(forum.register(f"静水{n}号")["id"]))) for n in (1, 2))
    with services.unit_of_work.begin(OPERATOR) as tx, unprotected(tx, EVIDENCE):
        row, other = (tx.session.get_one(EvidenceRow, one["id"]) for one in (first, second))
        row.sealed, row.digest = other.sealed, other.digest
        tx.session.flush()
    shown = ok(reviewer.post(f"/v1/staff/violations/{first['id']}/evidence", json={"reason": "抽查"}), 200)
    assert (shown["evidence"], shown["verified"]) == (None, False)


def test_evidence_goes_when_its_time_is_over_unless_somebody_holds_it(
    services: Services, forum: ForumBackend, opened: Opened, clock: FakeClock
) -> None:
    goes, stays = (ok(forum.post("/v1/violations", found(forum.register(f"静水{n}号")["id"])))["id"] for n in (1, 2))
    hold = opened(Role.COMPLIANCE).post(f"/v1/staff/violations/{stays}/hold", json={"reason": "案件未结"})
    assert ok(hold, 200)["hold"]["reason"] == "案件未结"
    clock.advance(days=KEPT.days, seconds=-1)
    assert services.violations.forget_old() == 0
    clock.advance(seconds=1)
    assert services.violations.forget_old() == 1
    with pytest.raises(EvidenceErased):
        services.violations.open_evidence(OPERATOR, goes, "抽查")
    erased = services.violations.get(None, goes).violation
    assert (erased.content.ref, erased.content.sha256, erased.erased_at) == (None, None, clock.now())
    assert services.violations.open_evidence(OPERATOR, stays, "抽查").verified
    services.violations.hold(OPERATOR, stays, None)
    assert (services.violations.forget_old(), services.violations.forget_old()) == (1, 0)


def test_the_forum_hears_what_is_to_be_taken_down_and_says_when_it_is(
    services: Services, forum: ForumBackend, new_forum: Callable[[str], ForumBackend], reviewer: httpx2.Client
) -> None:
    account = forum.register("静水", "u-1")
    forum.post("/v1/webhook-endpoints", {"url": "https://forum.example/hooks", "events": ["*"]})
    screening = ok(forum.post("/v1/screenings", {"items": [{"field": "post", "text": "你好"}]}), 200)["id"]
    page = {"content_ref": "p/1", "url": "https://forum.example/p/1"}
    ok(forum.post(f"/v1/screenings/{screening}/published", page), 200)
    made = ok(forum.post("/v1/violations", found(account["id"])))
    assert (made["state"], made["measures"], made["reports"]) == ("recorded", [], [])
    at, staff_at = f"/v1/violations/{made['id']}", f"/v1/staff/violations/{made['id']}"
    ordered = ok(reviewer.post(f"{staff_at}/measures", json={"measure": "delete", "reason": "赌博"}))
    assert (ordered["by"]["kind"], ordered["confirmed_at"]) == ("staff", None)
    assert told(services, "violation.takedown") == [
        {
            "violation_id": made["id"],
            "account_id": account["id"],
            "external_id": "u-1",
            "board_id": None,
            "screening_id": screening,
            "content_ref": "p/1",
            "url": "https://forum.example/p/1",
            "measure": "delete",
        }
    ]
    assert ok(forum.get(at), 200)["state"] == "ordered"
    done = {"measure": "delete", "taken_at": "2026-11-21T03:59:00Z", "reason": "已删"}
    confirmed = ok(forum.post(f"{at}/measures", done))
    assert (confirmed["id"], confirmed["by"], confirmed["reason"]) == (ordered["id"], "staff", "赌博")
    seen = ok(forum.get(at), 200)
    assert (seen["state"], seen["stopped_at"]) == ("stopped", "2026-11-21T03:59:00.000Z")
    assert ordered["by"]["id"] not in str(seen)
    assert ok(forum.post(f"{at}/measures", done))["id"] != ordered["id"]
    assert len(told(services, "violation.takedown")) == 2
    (recorded,) = told(services, "violation.recorded")
    assert (recorded["violation_id"], recorded["category"], recorded["source"]) == (made["id"], "gambling", "patrol")
    other = new_forum("水乡")
    assert outcome(other.get(at)) == outcome(other.post(f"{at}/measures", done)) == (404, "not-found")
    assert ok(other.get("/v1/violations"), 200)["items"] == []
    assert [one["id"] for one in ok(forum.get("/v1/violations"), 200)["items"]] == [made["id"]]


def test_what_a_company_wants_deleted_goes_out_once_a_second_member_agrees(
    forum: ForumBackend, anybody: Anybody, reviewer: httpx2.Client, colleague: httpx2.Client
) -> None:
    anybody.code(on_behalf="company")
    (case,) = waiting(reviewer)
    of_the_case = {"forum_id": forum.credentials.forum_id, "case": case["id"]}
    body = found(forum.register("静水")["id"], source="complaint", **of_the_case)
    at = f"/v1/staff/violations/{ok(reviewer.post('/v1/staff/violations', json=body))['id']}"
    delete_it = {"measure": "delete", "reason": "企业投诉"}
    refused = reviewer.post(f"{at}/measures", json=delete_it)
    assert outcome(refused) == (403, "needs-second-person")
    ok(act(reviewer, case["id"], "accept"), 200)
    decided: Json = {"outcome": "upheld", "reason": "content_removed", "measures": ["delete"]}
    decided["version"] = ok(reviewer.get(f"{CASES}/{case['id']}"), 200)["version"]
    ended = ok(act(reviewer, case["id"], "decide", **decided), 200)
    assert (ok(reviewer.get(at), 200)["state"], ended["waits_for_agreement"]) == ("recorded", True)
    ok(act(colleague, case["id"], "agree", version=ended["version"]), 200)
    ordered = ok(reviewer.get(at), 200)
    assert [(one["measure"], one["confirmed_at"]) for one in ordered["measures"]] == [("delete", None)]
    of_no_case = {**body, "source": "patrol", "case": None}
    beside = f"/v1/staff/violations/{ok(reviewer.post('/v1/staff/violations', json=of_no_case))['id']}/measures"
    ok(reviewer.post(beside, json=delete_it))  # the company's case is over
    anybody.code(on_behalf="company", target={"kind": "content", "ref": body["content"]["ref"].upper()})
    assert outcome(reviewer.post(beside, json={**delete_it, "measure": "mask"})) == (403, "needs-second-person")
    ok(reviewer.post(beside, json={**delete_it, "measure": "stop_transmission"}))
    nobodys = {**body, "case": "cmp_" + "0" * 32}
    assert outcome(reviewer.post("/v1/staff/violations", json=nobodys)) == (404, "not-found")


def test_a_case_says_whose_content_it_is_about_once_a_violation_is_recorded_for_it(
    new_forum: Callable[[str], ForumBackend],
    forum: ForumBackend,
    anybody: Anybody,
    reviewer: httpx2.Client,
    colleague: httpx2.Client,
) -> None:
    """And so it is nothing for a member whose own account it is."""
    anybody.code()
    (case,) = waiting(reviewer)
    author, other_forum = forum.register("静水")["id"], new_forum("另一个论坛")
    ok(colleague.post("/v1/staff/recusals", json={"account_id": author}))
    assert len(waiting(colleague)) == 1
    body = found(author, source="complaint", forum_id=forum.credentials.forum_id, case=case["id"])
    elsewhere = {**body, "account_id": other_forum.register("别处")["id"], "forum_id": other_forum.credentials.forum_id}
    assert outcome(reviewer.post("/v1/staff/violations", json=elsewhere)) == (404, "not-found")
    ok(reviewer.post("/v1/staff/violations", json=body))
    assert waiting(reviewer)[0]["target_account_id"] == author
    assert waiting(colleague) == []


def test_acts_on_accounts_and_boards_write_their_measure_by_themselves(forum: ForumBackend, clock: FakeClock) -> None:
    account = forum.moderator_to_be("静水")
    forum.board(account["id"])
    first = ok(forum.post("/v1/violations", found(account["id"], board="tea")))["id"]
    clock.advance(minutes=1)
    second = ok(forum.post("/v1/violations", found(account["id"], board="tea")))["id"]
    for measure, path in (("suspend_account", "/suspend"), ("ban_account", "/ban"), ("freeze_board", "/freeze")):
        refused = forum.post(f"/v1/violations/{first}/measures", {**_now(clock), "measure": measure})
        assert outcome(refused) == (409, "state-conflict")
        assert path in refused.json()["detail"]
    ok(forum.post(f"/v1/accounts/{account['id']}/suspend", {"reason": "赌博"}), 200)
    ok(forum.post("/v1/boards/tea/freeze", {"reason": "整顿", "violation_id": first}), 200)

    def kinds(violation_id: str) -> list[str]:
        return [one["measure"] for one in ok(forum.get(f"/v1/violations/{violation_id}"), 200)["measures"]]

    assert (kinds(first), kinds(second)) == (["freeze_board"], ["suspend_account"])
    known = ok(forum.post(f"/v1/violations/{second}/measures", {**_now(clock), "measure": "suspend_account"}))
    assert (known["by"], known["reason"], kinds(second)) == ("forum", "赌博", ["suspend_account"])
    ok(forum.post(f"/v1/violations/{first}/measures", {**_now(clock), "measure": "suspend_account"}))
    assert kinds(first) == ["freeze_board", "suspend_account"]
    ban = {"reason": "赌博", "violation_id": first}
    other = forum.register("路人")["id"]
    wrong = forum.post(f"/v1/accounts/{other}/ban", ban)
    assert (outcome(wrong), wrong.json()["errors"][0]["reason"]) == ((422, "validation-failed"), "another-account")
    assert outcome(forum.post(f"/v1/accounts/{other}/ban", {**ban, "violation_id": "vio_1"})) == (404, "not-found")
    ok(forum.post(f"/v1/accounts/{account['id']}/ban", ban), 200)
    assert sorted(kinds(first)) == ["ban_account", "freeze_board", "suspend_account"]


def _now(clock: FakeClock) -> Json:
    return {"taken_at": clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"), "reason": "赌博"}


@pytest.mark.parametrize(
    ("more", "pointer", "reason"),
    [
        ({"discovered_at": "2026-11-21T04:00:06Z"}, "/discovered_at", "in-the-future"),
        ({"discovered_at": "2026-11-21T02:59:59Z"}, "/discovered_at", "too-early"),
        ({"content": {**CONTENT, "published_at": "2027-01-01T00:00:00Z"}}, "/content/published_at", "in-the-future"),
        ({"content": {**CONTENT, "ip": "999.1.1.1"}}, "/content/ip", "not-an-address"),
        ({"content": {**CONTENT, "ip": None}}, "/content/port", "missing"),
        ({"content": {**CONTENT, "ref": "p\u202e1"}}, "/content/ref", "bad-character"),
        ({"category": "gossip"}, "/category", "not-allowed"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_cannot_be_is_refused_with_its_place(forum: ForumBackend, more: Json, pointer: str, reason: str) -> None:
    refused = forum.post("/v1/violations", found(forum.register("静水")["id"], **more))
    assert outcome(refused) == (422, "validation-failed")
    assert [(one["pointer"], one["reason"]) for one in refused.json()["errors"]] == [(pointer, reason)]
