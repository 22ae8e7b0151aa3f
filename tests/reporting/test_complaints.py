"""A complaint from its code to its end over HTTP, and what nobody outside learns of it."""

import json
from dataclasses import replace
from functools import partial

import httpx2
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from app.all_models import METADATA
from app.events.models import EventRow
from app.kernel.actor import OPERATOR
from app.kernel.secret import Secret
from app.reporting.errors import NoSuchTrackingCode
from app.reporting.models import CaseNoteRow, CaseRow
from app.reporting.tracking import new_tracking_code
from app.wiring import Services
from tests.forums.test_clients import statements
from tests.reporting.complaining import CASES, Anybody, act, decide, ok, refusal, waiting
from tests.support.at_once import at_once
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json
from tests.support.staff import make_staff


def happened(answer: httpx2.Response) -> list[tuple[str, str | None]]:
    return [(one["what"], one["text"]) for one in ok(answer)["timeline"]]


def test_a_complaint_is_followed_answered_decided_and_appealed_with_a_code_alone(
    anybody: Anybody, reviewer: httpx2.Client, colleague: httpx2.Client, clock: FakeClock
) -> None:
    filed = ok(
        anybody.files(evidence=["https://example.org/1", "截图里的话"], contact={"email": "wo@example.org"}), 201
    )
    assert set(filed) == {"tracking_code", "received_at", "respond_by"}
    code = filed["tracking_code"].lower().replace("-", " ")
    assert ok(anybody.tracks(code)) | {"respond_by": ""} == {
        "kind": "complaint",
        "status": "received",
        "timeline": [{"at": filed["received_at"], "what": "received", "text": None}],
        "outcome": None,
        "can_appeal": False,
        "respond_by": "",
        "question": False,
        "contact_channels": ["email"],
    }
    (case,) = waiting(reviewer)
    assert "wo@example.org" not in json.dumps(case)
    assert (case["queue"], case["state"], case["target_kind"]) == ("ordinary", "received", "content")
    case_id = case["id"]
    assert refusal(act(reviewer, case_id, "reply", text="好", question=False)) == (409, "state-conflict")
    assert refusal(decide(reviewer, case_id, "upheld")) == (409, "state-conflict")
    ok(act(reviewer, case_id, "accept"))
    assert anybody.status(code) == "accepted"
    whole = ok(act(reviewer, case_id, "assign"))
    assert whole["evidence"] == ["https://example.org/1", "截图里的话"]
    assert (whole["description"], whole["target_ref"]) == ("楼主让我先付款。", "post-17")
    ok(act(reviewer, case_id, "reply", text="哪一天付的？", question=True))
    asked = ok(anybody.tracks(code))
    assert asked["question"]
    assert asked["respond_by"] > filed["respond_by"]
    clock.advance(hours=1)
    ok(anybody.says(code, "周一\r\n上午"))
    clock.advance(hours=1)
    assert not ok(anybody.tracks(code))["question"]
    assert refusal(decide(reviewer, case_id, "granted")) == (422, "validation-failed")
    assert refusal(decide(reviewer, case_id, "upheld", "no_violation")) == (422, "validation-failed")
    version = ok(reviewer.get(f"{CASES}/{case_id}"))["version"]
    assert refusal(decide(reviewer, case_id, "upheld", version=version - 1)) == (409, "already-decided")
    ended = ok(decide(reviewer, case_id, "not_upheld", "no_violation", text="没有查到付款。"))
    assert ended["decided"]["by"].startswith("stf_")
    assert refusal(anybody.says(code, "再说一句")) == (409, "state-conflict")
    told = ok(anybody.tracks(code))
    assert (told["status"], told["can_appeal"]) == ("decided", True)
    assert (told["outcome"]["result"], told["outcome"]["reason"]) == ("not_upheld", "no_violation")
    assert told["outcome"]["detail"] == "未发现违规。"
    clock.advance(days=3)
    appealed = ok(anybody.appeals(code))
    assert (appealed["status"], appealed["can_appeal"]) == ("appealed", False)
    assert refusal(anybody.appeals(code)) == (409, "state-conflict")
    assert refusal(decide(reviewer, case_id, "granted", "decision_wrong")) == (403, "needs-another-person")
    ok(decide(colleague, case_id, "granted", "decision_wrong"))
    assert happened(anybody.tracks(code)) == [
        ("received", None),
        ("accepted", None),
        ("in_progress", None),
        ("question", "哪一天付的？"),
        ("answer", "周一\n上午"),
        ("decided", "没有查到付款。"),
        ("appealed", "请换人再看。"),
        ("appeal_decided", None),
    ]
    assert "stf_" not in anybody.tracks(code).text
    assert waiting(reviewer) == []
    assert [one["id"] for one in waiting(reviewer, state="decided")] == [case_id]


def test_the_same_key_gives_the_same_code_and_files_once(anybody: Anybody, reviewer: httpx2.Client) -> None:
    anybody.http.headers["Idempotency-Key"] = "a-key-of-my-own-1"
    first, second = anybody.files(), anybody.files()
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert second.headers["idempotency-replayed"] == "true"
    assert len(waiting(reviewer)) == 1
    assert refusal(anybody.files(description="另一件事")) == (422, "idempotency-key-reused")
    elsewhere = httpx2.Client(  # the same words from elsewhere are a stranger's too: no code of another's is told
        base_url=anybody.http.base_url,
        headers=anybody.http.headers,
        transport=httpx2.HTTPTransport(local_address="127.0.0.2"),
    )
    with elsewhere:
        assert replace(anybody, http=elsewhere).files().json()["tracking_code"] != first.json()["tracking_code"]
    assert len(waiting(reviewer)) == 2


_UNUSABLE: list[tuple[Json, int]] = [
    ({"forum_id": "frm_nobody"}, 404),
    ({"category": "boring"}, 422),
    ({"description": " \n "}, 422),
    ({"description": "翻\u202e转"}, 422),
    ({"description": "长" * 5001}, 422),
    ({"evidence": ["x"] * 11}, 422),
    ({"target": {"kind": "content"}}, 422),
    ({"contact": {"email": "nobody"}}, 422),
    ({"contact": {"phone": "打给我"}}, 422),
    ({"tracking_code": "mine"}, 422),
]


def test_what_cannot_be_taken_is_refused_and_nothing_is_kept(anybody: Anybody, reviewer: httpx2.Client) -> None:
    for changes, status in _UNUSABLE:
        assert anybody.files(**changes).status_code == status, changes
    assert waiting(reviewer) == []


def test_wrong_erased_and_mistyped_codes(
    services: Services, anybody: Anybody, reviewer: httpx2.Client, clock: FakeClock
) -> None:
    code = anybody.code(contact={"phone": "14000000001"})
    (case,) = waiting(reviewer)
    ok(act(reviewer, case["id"], "accept"))
    ok(decide(reviewer, case["id"], "not_upheld", "no_violation", text="没有。"))
    services.complaints.handling.note(make_staff(services, "reviewer").member().as_actor(), case["id"], Secret("查过"))
    other = "0" if code[0] != "0" else "1"
    assert refusal(anybody.tracks(other + code[1:])) == (422, "validation-failed")
    assert anybody.tracks(other + code[1:]).json()["errors"][0]["reason"] == "bad-checksum"
    wrong = anybody.tracks(new_tracking_code().reveal())
    clock.advance(days=183)
    assert services.complaints.erasure.erase_old() == 1
    assert ok(anybody.tracks(code))["contact_channels"] == []
    clock.advance(days=1095 - 183)
    assert services.complaints.erasure.erase_old() == 1
    assert services.complaints.erasure.erase_old() == 0
    with services.unit_of_work.read() as tx:
        assert tx.session.scalar(select(func.count()).select_from(CaseNoteRow)) == 0
    seen = []
    for guess in (code, new_tracking_code().reveal()):
        with statements(services) as said, pytest.raises(NoSuchTrackingCode):
            services.complaints.public.track(Secret(guess))
        seen.append(said)
    assert seen[0] == seen[1] != []
    erased = anybody.tracks(code)
    assert erased.status_code == wrong.status_code == 404
    alike = {"type", "title", "status", "detail", "code"}
    assert {name: erased.json()[name] for name in alike} == {name: wrong.json()[name] for name in alike}
    for answer in (anybody.says(code, "还在吗"), anybody.appeals(code)):
        assert refusal(answer) == (404, "not-found")


def test_guessing_finds_nothing(services: Services, anybody: Anybody) -> None:
    """The short form: 95 random bits, and a check that lets one guess in 32 reach the database at all."""
    anybody.code()
    for _ in range(2000):
        with pytest.raises(NoSuchTrackingCode):
            services.complaints.public.track(new_tracking_code())


def test_the_forum_is_told_that_somebody_complained_and_never_of_whom(
    services: Services, anybody: Anybody, forum: ForumBackend, reviewer: httpx2.Client
) -> None:
    added = forum.http.post(
        "/v1/webhook-endpoints",
        json={"url": "http://127.0.0.1:9/", "events": ["complaint.received", "complaint.decided"]},
    )
    endpoint = ok(added, 201)["id"]
    anybody.code(
        target={"kind": "moderator", "ref": "坏版主"}, description="他删了我的帖", contact={"phone": "14000000001"}
    )
    (case,) = waiting(reviewer)
    ok(act(reviewer, case["id"], "accept"))
    ok(decide(reviewer, case["id"], "upheld", "moderator_sanctioned"))
    with services.unit_of_work.read() as tx:
        bodies = list(tx.session.scalars(select(EventRow.body)))
    assert endpoint
    assert sorted(json.loads(body)["type"] for body in bodies) == ["complaint.decided", "complaint.received"]
    for body in bodies:
        assert set(json.loads(body)["data"]) <= {
            *("complaint_id", "category", "queue", "status", "respond_by", "outcome")
        }
        assert not any(told in body for told in ("moderator", "坏版主", "他删了", "14000000001"))


def test_what_concerns_a_member_does_not_exist_for_them(
    services: Services, address: str, anybody: Anybody, forum: ForumBackend, reviewer: httpx2.Client
) -> None:
    founder = forum.moderator_to_be("茶馆版主")
    board = forum.board(founder["id"])
    member = make_staff(services, "reviewer")
    with member.http(address) as own, make_staff(services, "admin").http(address) as admin:
        ok(own.post("/v1/staff/recusals", json={"account_id": founder["id"]}), 201)
        assert refusal(own.post("/v1/staff/recusals", json={"account_id": founder["id"]})) == (409, "state-conflict")
        for target in (
            {"kind": "moderator", "ref": "茶馆版主"},
            {"kind": "account", "ref": founder["id"]},
            {"kind": "board", "ref": board["slug"]},
            {"kind": "content", "ref": "post-1", "account": "茶馆版主"},
            {"kind": "content", "ref": "post-2", "board": board["id"]},
        ):
            anybody.code(target=target)
        anybody.code(target={"kind": "account", "ref": "别人"})
        everything = waiting(reviewer)
        assert len(everything) == 6
        theirs = [case["id"] for case in everything if case["target_account_id"] or case["target_board_id"]]
        assert len(theirs) == 5
        assert [case["id"] for case in waiting(own)] == [case["id"] for case in everything if case["id"] not in theirs]
        for case_id in theirs:
            assert refusal(own.get(f"{CASES}/{case_id}")) == (404, "not-found")
            assert refusal(act(own, case_id, "accept")) == (404, "not-found")
            assert refusal(act(own, case_id, "contact", reason="想看")) == (404, "not-found")
            assert refusal(act(reviewer, case_id, "assign", staff_id=member.staff_id)) == (404, "not-found")
        assert refusal(own.delete(f"/v1/staff/recusals/{member.staff_id}/{founder['id']}")) == (
            403,
            "role-not-sufficient",
        )
        assert len(ok(admin.get("/v1/staff/recusals"))["items"]) == 1
        assert admin.delete(f"/v1/staff/recusals/{member.staff_id}/{founder['id']}").status_code == 204
        assert len(waiting(own)) == 6


def test_the_database_itself_lets_nobody_judge_their_own_decision(
    services: Services, anybody: Anybody, reviewer: httpx2.Client
) -> None:
    anybody.code()
    (case,) = waiting(reviewer)
    ok(act(reviewer, case["id"], "accept"))
    ok(decide(reviewer, case["id"], "not_upheld", "no_violation"))
    for column in (CaseRow.appeal_decided_by, CaseRow.agreed_by, CaseRow.against_decided_by):
        with pytest.raises(IntegrityError), services.unit_of_work.begin(OPERATOR) as tx:
            tx.session.execute(update(CaseRow).values({column: CaseRow.decided_by}))


def test_what_a_company_wants_deleted_takes_a_second_member(
    anybody: Anybody, forum: ForumBackend, reviewer: httpx2.Client, colleague: httpx2.Client
) -> None:
    anybody.code(on_behalf="company")
    (case,) = waiting(reviewer)
    ok(act(reviewer, case["id"], "accept"))
    at = case["received_at"]
    violation = {
        "forum_id": anybody.forum_id,
        "account_id": forum.member("被投诉的人")["id"],
        "category": "defamation",
        "source": "complaint",
        "discovered_at": at,
        "content": {"ref": "post-17", "text": "假货", "published_at": at},
        "case": case["id"],
    }
    measures = f"/v1/staff/violations/{ok(reviewer.post('/v1/staff/violations', json=violation), 201)['id']}/measures"

    def orders(measure: str) -> httpx2.Response:
        return reviewer.post(measures, json={"measure": measure, "reason": "侵权"})

    beyond = decide(reviewer, case["id"], "not_upheld", "no_violation", measures=["delete"])
    assert refusal(beyond) == (422, "validation-failed")
    ended = ok(decide(reviewer, case["id"], "upheld", "content_removed", measures=["delete"]))
    assert ended["waits_for_agreement"]
    version = ended["version"]
    assert refusal(act(reviewer, case["id"], "agree", version=version)) == (403, "needs-another-person")
    assert refusal(act(colleague, case["id"], "agree", version=version - 1)) == (409, "already-decided")
    assert refusal(orders("delete")) == (403, "needs-second-person")
    agreed = ok(act(colleague, case["id"], "agree", version=version))
    assert not agreed["waits_for_agreement"]
    assert refusal(orders("mask")) == (403, "needs-second-person")  # that is not what was agreed to
    for measure in ("delete", "stop_transmission"):
        assert orders(measure).status_code == httpx2.codes.CREATED
    assert refusal(act(colleague, case["id"], "agree", version=version)) == (409, "state-conflict")


def test_complaints_about_the_same_end_together_and_each_is_told(
    anybody: Anybody, reviewer: httpx2.Client, clock: FakeClock
) -> None:
    codes = []
    for ref in ("post-17", " POST-17", "post-18"):
        codes.append(anybody.code(target={"kind": "content", "ref": ref}))
        clock.advance(seconds=1)
    first, second, other = waiting(reviewer)
    ok(act(reviewer, first["id"], "accept"))
    assert [one["id"] for one in ok(reviewer.get(f"{CASES}/{first['id']}"))["also"]] == [second["id"]]
    beyond = decide(reviewer, first["id"], "upheld", "content_removed", also=[other["id"]])
    assert refusal(beyond) == (422, "validation-failed")
    ok(decide(reviewer, first["id"], "upheld", "content_removed", also=[second["id"]]))
    assert [anybody.status(code) for code in codes] == ["decided", "decided", "received"]


def test_a_contact_is_opened_for_a_reason_and_that_is_on_record(anybody: Anybody, reviewer: httpx2.Client) -> None:
    anybody.code(contact={"phone": "14000000001", "email": "wo@example.org"})
    anybody.code()
    with_contact, without = sorted(waiting(reviewer), key=lambda case: not case["contact_channels"])
    assert ok(act(reviewer, with_contact["id"], "contact", reason="要回电话")) == {
        "phone": "14000000001",
        "email": "wo@example.org",
    }
    assert refusal(act(reviewer, without["id"], "contact", reason="要回电话")) == (404, "not-found")


def test_a_late_case_is_escalated_once_in_each_stage_however_many_workers_run(
    services: Services, anybody: Anybody, reviewer: httpx2.Client, clock: FakeClock
) -> None:
    code = anybody.code(category="minors")
    (case,) = waiting(reviewer)
    escalations = services.complaints.escalations
    clock.advance(hours=2, milliseconds=-1)
    assert escalations.escalate_late() == 0
    clock.advance(milliseconds=1)
    found = at_once([escalations.escalate_late] * 4)
    assert sorted(found) == [0, 0, 0, 1]
    assert [(one["standing"], one["escalated"]) for one in waiting(reviewer, late="true")] == [("late", True)]
    clock.advance(days=30)
    assert escalations.escalate_late() == 0
    ok(act(reviewer, case["id"], "accept"))
    ok(decide(reviewer, case["id"], "not_upheld", "no_violation"))
    ok(anybody.appeals(code))
    assert escalations.escalate_late() == 0
    clock.advance(days=30)
    assert (escalations.escalate_late(), escalations.escalate_late()) == (1, 0)


def test_of_two_who_do_the_same_at_once_one_is_heard_and_the_other_told(
    anybody: Anybody, reviewer: httpx2.Client, colleague: httpx2.Client
) -> None:
    code = anybody.code()
    (case,) = waiting(reviewer)
    staff = (reviewer, colleague)
    accepted = at_once([partial(act, one, case["id"], "accept") for one in staff])
    assert sorted(answer.status_code for answer in accepted) == [200, 409]
    said = at_once([partial(anybody.says, code, f"第 {number} 句") for number in range(4)])
    assert [answer.status_code for answer in said] == [200] * 4
    assert len(happened(anybody.tracks(code))) == 2 + 4
    ruling = {"version": ok(reviewer.get(f"{CASES}/{case['id']}"))["version"], "outcome": "upheld", "reason": "other"}
    decided = at_once([partial(act, one, case["id"], "decide", **ruling) for one in staff])
    assert sorted(answer.status_code for answer in decided) == [200, 409]
    appealed = at_once([partial(anybody.appeals, code)] * 3)
    assert sorted(answer.status_code for answer in appealed) == [200, 409, 409]


def test_lists_page_and_what_must_be_done_first_stands_first(
    anybody: Anybody, reviewer: httpx2.Client, clock: FakeClock
) -> None:
    for category in ("spam", "fraud", "doxxing", "minors"):
        anybody.code(category=category)
        clock.advance(minutes=1)
    everything = waiting(reviewer)
    assert everything[0]["queue"] == "minors"
    assert [case["next_by"] for case in everything] == sorted(case["next_by"] for case in everything)
    paged, cursor = list[str](), None
    while True:
        page = ok(reviewer.get(CASES, params={"limit": 3} | ({"cursor": cursor} if cursor else {})))
        paged += [case["id"] for case in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert paged == [case["id"] for case in everything]
    assert [case["queue"] for case in waiting(reviewer, queue="doxxing")] == ["doxxing"]
    assert (
        waiting(reviewer, kind="appeal") == waiting(reviewer, state="accepted") == waiting(reviewer, late="true") == []
    )
    assert refusal(reviewer.get(CASES, params={"colour": "red"})) == (422, "validation-failed")


def test_nothing_that_somebody_wrote_stands_readable_in_the_database(services: Services, anybody: Anybody) -> None:
    canaries = ["金丝雀一号", "金丝雀二号", "canary@example.org", "14000000099", "金丝雀五号"]
    anybody.code(
        description=canaries[0],
        evidence=[canaries[1]],
        contact={"email": canaries[2], "phone": canaries[3]},
        target={"kind": "other", "ref": canaries[4]},
    )
    with services.unit_of_work.read() as tx:
        everything = str([tx.session.execute(select(table)).all() for table in METADATA.tables.values()])
    assert [canary for canary in canaries if canary in everything] == []
