"""Reports to authorities over HTTP: who is told, by when, by two people, and never who is behind an account."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import httpx2
import pytest
import rfc8785
from sqlalchemy import select

from app.all_models import METADATA
from app.kernel.actor import OPERATOR
from app.organisation.domain import AuthorityEntry, AuthorityKind
from app.reporting.domain import Category
from app.reporting.measures import belonging
from app.reporting.offence_errors import EvidenceErased
from app.reporting.offences import (
    ADDRESSEES,
    ATTACHED,
    KEPT,
    By,
    NewReport,
    ReportState,
    Source,
    StoredContent,
    Violation,
    ViolationId,
    due_at,
    obligations,
)
from app.staff.access import Role
from app.wiring import Services
from tests.reporting.test_violations import CONTENT, WORDS, found, ok, outcome
from tests.support.canaries import hits
from tests.support.clock import TODAY, FakeClock
from tests.support.forum import NAME, PERSON, ForumBackend, Json
from tests.support.staff import make_staff

Opened = Callable[..., httpx2.Client]
_REPORTS = "/v1/staff/reports"
_REASON = {"reason": "抽查"}


@pytest.fixture
def opened(services: Services, address: str) -> Iterator[Opened]:
    """A client of a member with these roles."""
    with ExitStack() as stack:
        yield lambda *roles: stack.enter_context(make_staff(services, *roles).http(address))


def _directory(services: Services, kind: AuthorityKind, reviewed_on: date = date(2026, 11, 1)) -> str:
    entry = AuthorityEntry(f"沙箱市 {kind}", kind, "沙箱市", "12377", reviewed_on)
    return services.organisation.add_authority(OPERATOR, entry).id


def _violation(forum: ForumBackend, handle: str = "山间清风", **more: object) -> Json:
    return ok(forum.post("/v1/violations", found(forum.member(handle)["id"], **more)))


def test_a_report_goes_from_a_draft_over_a_second_person_to_its_receipt(
    services: Services, forum: ForumBackend, opened: Opened, clock: FakeClock
) -> None:
    first, second = opened(Role.COMPLIANCE), opened(Role.COMPLIANCE)
    police = _directory(services, AuthorityKind.PS_LOCAL)
    made = _violation(forum)
    at = f"/v1/staff/violations/{made['id']}"
    done = {"measure": "mask", "taken_at": "2026-11-21T03:45:00Z", "reason": "赌博"}
    ok(forum.post(f"/v1/violations/{made['id']}/measures", done))
    asked = {"authority": "ps_local", "note": "附件见光盘", "disclosure_id": "dsc_" + "0" * 32}
    draft = ok(first.post(f"{at}/reports", json=asked))
    assert (draft["authority"]["id"], draft["state"], draft["due_at"]) == (police, "draft", "2026-11-22T03:30:00.000Z")
    assert outcome(second.post(f"{at}/reports", json={"authority": police})) == (409, "state-conflict")
    one = f"{_REPORTS}/{draft['id']}"
    assert outcome(first.post(f"{one}/sent", json={})) == (409, "state-conflict")
    assert outcome(first.post(f"{one}/approve")) == (403, "needs-second-person")
    approved = ok(second.post(f"{one}/approve"), 200)
    assert outcome(second.post(f"{one}/approve")) == (409, "state-conflict")
    ok(forum.post(f"/v1/violations/{made['id']}/measures", {**done, "measure": "delete"}))  # the document is frozen
    shown = ok(first.get(one), 200)
    document = shown["document"]
    assert sha256(rfc8785.dumps(document)).hexdigest() == shown["sha256"] == approved["sha256"]
    assert (shown["verified"], document["content"]["text"]) == (True, WORDS)
    assert [step["measure"] for step in document["measures"]] == ["mask"]
    assert (document["account"]["handle"], document["note"]) == ("山间清风", "附件见光盘")
    assert document["disclosure_id"] == asked["disclosure_id"]
    assert not [word for word in (NAME, PERSON) if word in str(shown)]
    clock.advance(minutes=5)
    sent = ok(first.post(f"{one}/sent", json={"sent_at": "2026-11-21T04:01:00Z"}), 200)
    assert (sent["state"], sent["sent"]["at"], sent["receipt_no"]) == ("sent", "2026-11-21T04:01:00.000Z", None)
    assert outcome(first.post(f"{one}/sent", json={})) == (409, "state-conflict")
    received = ok(second.post(f"{one}/sent", json={"receipt_no": "沙公网〔2026〕1号"}), 200)
    assert (received["state"], received["receipt_no"]) == ("received", "沙公网〔2026〕1号")
    assert outcome(first.post(f"{one}/withdraw", json={"reason": "误报"})) == (409, "state-conflict")
    (told,) = ok(forum.get(f"/v1/violations/{made['id']}"), 200)["reports"]
    assert (told["kind"], told["state"], told["receipt_no"]) == ("ps_local", "received", "沙公网〔2026〕1号")
    police_told, cac = ok(first.get(at), 200)["obligations"]
    assert (police_told["met"], police_told["report_id"]) == (True, draft["id"])
    assert (cac["kinds"], cac["met"], cac["report_id"]) == (["cac_local", "cac_national"], False, None)


def test_what_is_withdrawn_makes_room_and_a_directory_without_an_entry_says_so(
    services: Services, forum: ForumBackend, opened: Opened, clock: FakeClock
) -> None:
    compliance, at = opened(Role.COMPLIANCE), f"/v1/staff/violations/{_violation(forum)['id']}/reports"
    assert outcome(compliance.post(at, json={"authority": "cac_local"})) == (409, "no-authority")
    assert outcome(compliance.post(at, json={"authority": "aut_nobody"})) == (404, "not-found")
    local = _directory(services, AuthorityKind.CAC_LOCAL, reviewed_on=date(2020, 1, 1))
    draft = ok(compliance.post(at, json={"authority": local}))
    assert draft["authority"]["review_overdue"] is True
    one = f"{_REPORTS}/{draft['id']}"
    assert ok(compliance.get(one), 200)["document"]["account"]["handle"] == "山间清风"
    withdrawn = ok(compliance.post(f"{one}/withdraw", json={"reason": "误报"}), 200)
    assert (withdrawn["state"], withdrawn["withdrawn_because"]) == ("withdrawn", "误报")
    for act, body in (("withdraw", {"reason": "误报"}), ("sent", {}), ("approve", None)):
        refused = opened(Role.COMPLIANCE).post(f"{one}/{act}", json=body)
        assert outcome(refused) == (409, "state-conflict"), act
    again = ok(compliance.post(at, json={"authority": local}))["id"]
    services.organisation.end_authority(OPERATOR, local, "合并")
    assert outcome(compliance.post(at, json={"authority": local})) == (409, "no-authority")
    clock.advance(days=2)
    compliance = opened(Role.COMPLIANCE)
    late = ok(compliance.get(_REPORTS, params={"state": "draft", "due_before": "2026-11-23T00:00:00Z"}), 200)["items"]
    assert [(one["id"], one["overdue"]) for one in late] == [(again, True)]
    states = ("draft", "approved", "sent", "received", "withdrawn")
    assert [len(ok(compliance.get(_REPORTS, params={"state": one}), 200)["items"]) for one in states] == [1, 0, 0, 0, 1]


def test_the_queue_shows_whom_nobody_has_told_yet(
    services: Services, forum: ForumBackend, opened: Opened, clock: FakeClock
) -> None:
    account = forum.register("静水")["id"]
    spam, gambling = (
        ok(forum.post("/v1/violations", found(account, category=one)))["id"] for one in ("spam", "gambling")
    )
    compliance, second = opened(Role.COMPLIANCE), opened(Role.COMPLIANCE)

    def waits(state: str, **more: str) -> list[str]:
        listed = ok(compliance.get("/v1/staff/violations", params={"state": state, **more}), 200)
        return [one["id"] for one in listed["items"]]

    assert (waits("unreported"), waits("recorded", category="spam")) == ([gambling], [spam])
    figures = services.violations.figures()
    assert (figures.recorded, figures.unreported, figures.near, figures.overdue) == (2, 2, 0, 0)
    assert figures.oldest_due == datetime(2026, 11, 22, 3, 30, tzinfo=UTC)
    assert figures.authorities_missing == (AuthorityKind.PS_LOCAL, AuthorityKind.CAC_LOCAL)
    for kind in (AuthorityKind.PS_LOCAL, AuthorityKind.CAC_NATIONAL):
        _directory(services, kind)
        draft = ok(compliance.post(f"/v1/staff/violations/{gambling}/reports", json={"authority": kind}))["id"]
        ok(second.post(f"{_REPORTS}/{draft}/approve"), 200)
        assert waits("unreported") == [gambling]
        ok(compliance.post(f"{_REPORTS}/{draft}/sent", json={"receipt_no": "1"}), 200)
    assert waits("unreported") == []
    clock.advance(hours=20)
    forum.log_in()
    late = ok(forum.post("/v1/violations", found(account, category="minors")))["id"]
    assert (services.violations.figures().near, services.violations.figures().overdue) == (2, 0)
    clock.advance(hours=4)
    assert services.violations.get(None, late).obligations[0].is_overdue(clock.now())
    figures = services.violations.figures()
    assert (figures.near, figures.overdue, figures.authorities_missing) == (0, 2, ())


def test_what_concerns_a_member_does_not_exist_for_them_and_documents_end_with_their_evidence(
    services: Services, forum: ForumBackend, address: str, clock: FakeClock
) -> None:
    member, other = make_staff(services, Role.COMPLIANCE), make_staff(services, Role.COMPLIANCE)
    account = forum.register("静水")["id"]
    violation = ok(forum.post("/v1/violations", found(account)))["id"]
    entry = NewReport(_directory(services, AuthorityKind.PS_LOCAL))
    report = services.authority_reports.draft(OPERATOR, violation, entry).id
    at, one = f"/v1/staff/violations/{violation}", f"{_REPORTS}/{report}"
    services.complaints.recusals.declare(member.member().as_actor(), member.staff_id, account)
    with member.http(address) as own, other.http(address) as colleague:
        for path in ("/v1/staff/violations", _REPORTS):
            assert ok(own.get(path), 200)["items"] == []
            assert len(ok(colleague.get(path), 200)["items"]) == 1
        for refused in (own.get(at), own.get(one), own.post(f"{one}/approve"), own.post(f"{at}/hold", json=_REASON)):
            assert outcome(refused) == (404, "not-found")
        assert outcome(own.post(f"{at}/evidence", json=_REASON)) == (404, "not-found")
        ok(colleague.post(f"{one}/approve"), 200)
    clock.advance(days=KEPT.days)
    assert services.violations.forget_old() == 1
    seen = services.authority_reports.get(OPERATOR, report)
    assert (seen.document, seen.report.state) == (None, ReportState.APPROVED)
    with pytest.raises(EvidenceErased):
        services.authority_reports.draft(OPERATOR, violation, entry)


def test_no_row_holds_anything_of_what_was_published(
    services: Services, forum: ForumBackend, opened: Opened, reviewer: httpx2.Client
) -> None:
    planted = ("证据里独有的字句", "198.51.100.77", "附言里独有的字句", "调阅独有的理由")
    text, ip, note, why = planted
    forum.post("/v1/webhook-endpoints", {"url": "https://forum.example/hooks", "events": ["*"]})
    made = _violation(forum, content={**CONTENT, "text": text, "ip": ip})
    at = f"/v1/staff/violations/{made['id']}"
    asked = {"authority": _directory(services, AuthorityKind.PS_LOCAL), "note": note}
    key = {"idempotency-key": "a-key-of-this-test"}
    report = ok(opened(Role.COMPLIANCE).post(f"{at}/reports", json=asked, headers=key))["id"]
    compliance = opened(Role.COMPLIANCE)
    ok(compliance.post(f"{_REPORTS}/{report}/approve"), 200)
    assert text in compliance.get(f"{_REPORTS}/{report}").text
    assert ip in reviewer.post(f"{at}/evidence", json={"reason": why}).text
    with services.unit_of_work.read() as tx:
        rows = {
            name: str([tuple(row) for row in tx.session.execute(select(table))]).encode()
            for name, table in METADATA.tables.items()
        }
    assert hits([made["id"]], rows) != []
    assert hits(planted, rows) == []


# -- pure rules


def _of(recorded_at: timedelta, case: str | None = None, category: Category = Category.ILLEGAL) -> Violation:
    at, nobody = TODAY + recorded_at, By("client", "cli_1")
    content = StoredContent("p/1", None, None, TODAY, b"")
    return Violation(
        ViolationId(f"vio_{recorded_at}"),
        forum_id="frm_1",  # type: ignore[arg-type]
        account_id="acc_1",  # type: ignore[arg-type]
        board_id="brd_1",  # type: ignore[arg-type]
        category=category,
        source=Source.PATROL,
        discovered_at=at,
        recorded_at=at,
        recorded_by=nobody,
        content=content,
        case=case,
        kept_until=at,
        hold=None,
        erased_at=None,
    )


def test_an_act_is_for_the_newest_violation_of_the_week_before_or_for_what_it_names() -> None:
    first, second = _of(timedelta()), _of(timedelta(hours=1), case="cmp_1")
    both, end = [first, second], second.recorded_at + ATTACHED
    assert belonging("acc_1", None, first.recorded_at, both) == [first]
    assert belonging("acc_1", None, second.recorded_at, both) == [second]
    assert belonging("brd_1", None, end - timedelta(microseconds=1), both) == [second]
    assert belonging("acc_1", None, end, both) == []
    assert belonging("acc_1", None, first.recorded_at - timedelta(seconds=1), both) == []
    assert belonging("acc_1", first.id, end, both) == [first]
    assert belonging("acc_1", "cmp_1", end, both) == [second]
    assert belonging("acc_2", None, second.recorded_at, both) == []


def test_every_category_says_who_is_to_be_told_and_the_police_within_24_hours() -> None:
    assert set(ADDRESSEES) == set(Category)
    assert due_at(AuthorityKind.PS_LOCAL, TODAY) == TODAY + timedelta(hours=24)
    assert due_at(AuthorityKind.OTHER, TODAY) is None
    (police, cac), none = obligations(_of(timedelta()), ()), obligations(_of(timedelta(), category=Category.SPAM), ())
    assert none == ()
    for one in (police, cac):
        assert not one.is_overdue(one.due_at - timedelta(microseconds=1))
        assert one.is_overdue(one.due_at)
