"""Whoever tries to open an identity otherwise than four eyes allow is refused, and is on record."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import httpx2
import pytest
from sqlalchemy import delete, insert, select, update

from app.audit.domain import Action
from app.disclosure.models import DisclosureApprovalRow, DisclosureExecutionRow, DisclosureRow
from app.kernel.actor import OPERATOR
from app.kernel.ids import StaffId
from app.settings import Settings
from app.staff.access import Role
from app.staff.domain import Face, StaffState
from app.staff.models import StaffRoleRow, StaffRow, StaffSessionRow
from app.vault.models import PersonRow
from app.verification.models import LinkRow
from app.wiring import Services
from tests.audit.test_receipts import receipts_over, unpublished
from tests.support.at_once import at_once
from tests.support.clock import FakeClock
from tests.support.disclosing import MADE_UP, WANTED, Office, open_office
from tests.support.forum import NAME, PERSON, ForumBackend, sandbox_number
from tests.support.staff import StaffLogin, make_staff, open_session, settle

APPROVED, EXECUTED, REQUESTED = "disclosure.approved", "disclosure.executed", "disclosure.requested"
DAY = timedelta(days=1)
OPENED = {"name": NAME, "document_number": PERSON}


@pytest.fixture
def office(services: Services, address: str) -> Office:
    return open_office(services, address)


@pytest.fixture
def account(forum: ForumBackend) -> str:
    return str(forum.member("山间清风")["id"])


@pytest.fixture(autouse=True)
def _nothing_was_opened(services: Services) -> Iterator[None]:
    """But what was executed: as many readings as executions that ended, and an entry for each."""
    yield
    with services.unit_of_work.read() as tx:
        executions = tx.session.scalars(
            select(DisclosureExecutionRow).where(DisclosureExecutionRow.entry_id != MADE_UP)
        ).all()
    office = open_office(services, "", 0)
    read = {one["id"]: one["case"] for one in office.on_record("identity.read")}
    assert read == {one.entry_id: one.disclosure_id for one in executions}
    shown = [one["object"]["id"] for one in office.on_record(EXECUTED) if one["outcome"] == "done"]
    assert sorted(shown) == sorted(one.disclosure_id for one in executions if one.finished_at)


def refused(answer: httpx2.Response, status: int, code: str) -> None:
    said = answer.json()
    assert (answer.status_code, said.get("code")) == (status, code), answer.text
    assert PERSON not in answer.text
    assert NAME not in answer.text


def change(services: Services, *statements: object) -> None:
    """As whoever has the database."""
    with services.unit_of_work.begin(OPERATOR) as tx:
        for statement in statements:
            tx.session.execute(statement)  # type: ignore[call-overload] # any statement


def demote(services: Services, staff_id: StaffId) -> None:
    settle(services, delete(StaffRoleRow).where(StaffRoleRow.staff_id == staff_id, StaffRoleRow.role == Role.PRIVACY))


def give_back(services: Services, clock: FakeClock, staff_id: StaffId) -> None:
    settle(services, insert(StaffRoleRow).values(staff_id=staff_id, role=Role.PRIVACY, granted_at=clock.now()))


def test_nobody_approves_or_refuses_their_own_request(office: Office, services: Services, account: str) -> None:
    own = replace(office, asker=make_staff(services, "compliance", "privacy"))
    disclosure_id = own.ask(account)
    refused(own.post(own.asker, f"/{disclosure_id}/approve"), 403, "needs-second-person")
    refused(own.post(own.asker, f"/{disclosure_id}/refuse"), 403, "needs-second-person")
    own.approve(disclosure_id)
    refused(own.execute(disclosure_id), 409, "state-conflict")
    grounds = [(APPROVED, "self-approval"), ("disclosure.refused", "self-approval"), (EXECUTED, "not-approved")]
    assert own.refusals() == Counter(grounds)


def test_whoever_is_younger_than_24_hours_here_or_in_the_role_does_not_approve(
    office: Office, services: Services, clock: FakeClock, account: str
) -> None:
    almost = clock.now() - timedelta(hours=24) + timedelta(milliseconds=1)
    newcomer, promoted = make_staff(services, "privacy", since=almost), make_staff(services, "privacy")
    settle(services, update(StaffRoleRow).where(StaffRoleRow.staff_id == promoted.staff_id).values(granted_at=almost))
    disclosure_id = office.ask(account)
    for one in (newcomer, promoted):
        refused(office.post(one, f"/{disclosure_id}/approve"), 403, "needs-second-person")
    clock.advance(milliseconds=1)
    for one in (newcomer, promoted):
        assert office.post(one, f"/{disclosure_id}/approve").status_code == 200
    assert office.execute(disclosure_id).json()["fields"] == OPENED
    assert office.refusals() == Counter([(APPROVED, "approver-too-new")] * 2)


def test_other_roles_forums_and_strangers_open_nothing(
    office: Office, services: Services, forum: ForumBackend, account: str
) -> None:
    disclosure_id = office.approved(account)
    others = [make_staff(services, role) for role in ("admin", "reviewer", "auditor")]
    for one in others:
        refused(office.post(one, "", {**WANTED, "account_id": account}), 403, "role-not-sufficient")
        for act in ("approve", "refuse", "withdraw", "execute"):
            refused(office.post(one, f"/{disclosure_id}/{act}"), 403, "role-not-sufficient")
        refused(office.get(one), 403, "role-not-sufficient")
    assert office.refusals().total() == len(others) * 5
    assert {ground for _, ground in office.refusals()} == {"role-not-sufficient"}
    colleague = make_staff(services, "compliance")
    for act in ("withdraw", "execute"):
        refused(office.post(colleague, f"/{disclosure_id}/{act}"), 404, "not-found")
    refused(office.post(colleague, f"/{disclosure_id}/approve"), 403, "role-not-sufficient")
    refused(office.get(colleague, f"/{disclosure_id}"), 404, "not-found")
    assert office.get(colleague).json()["items"] == []
    for act in ("withdraw", "execute"):
        refused(office.post(office.approvers[0], f"/{disclosure_id}/{act}"), 403, "role-not-sufficient")
    assert office.refusals()[EXECUTED, "not-the-requester"] == 1
    refused(forum.post(f"/v1/staff/disclosures/{disclosure_id}/execute", {}), 403, "insufficient-scope")
    refused(httpx2.post(f"{office.address}/v1/staff/disclosures/{disclosure_id}/execute"), 401, "invalid-token")


def test_a_request_ends_after_24_hours_by_its_withdrawal_and_by_a_refusal(
    office: Office, clock: FakeClock, account: str
) -> None:
    withdrawn, turned_down, expires = office.approved(account), office.approved(account), office.ask(account)
    assert office.post(office.asker, f"/{withdrawn}/withdraw").json()["state"] == "withdrawn"
    assert office.post(office.approvers[0], f"/{turned_down}/refuse").json()["state"] == "refused"
    for ended in (withdrawn, turned_down):
        refused(office.approve(ended, by=2), 409, "state-conflict")
        refused(office.execute(ended), 409, "state-conflict")
    office.approve(expires)
    clock.advance(hours=24)
    later = office.again()
    refused(later.approve(expires, by=1), 409, "state-conflict")
    refused(later.execute(expires), 409, "state-conflict")
    for act, who in (("withdraw", later.asker), ("refuse", later.approvers[0])):
        refused(later.post(who, f"/{expires}/{act}"), 409, "state-conflict")
    closed, ran_out = [(APPROVED, "closed"), (EXECUTED, "closed")], [(APPROVED, "expired"), (EXECUTED, "expired")]
    ended_before = [("disclosure.withdrawn", "expired"), ("disclosure.refused", "expired")]
    assert later.refusals() == Counter([*closed * 2, *ran_out, *ended_before])


def test_an_approver_who_was_demoted_or_disabled_counts_no_more_and_not_at_once_again(
    office: Office, services: Services, clock: FakeClock, account: str
) -> None:
    first = office.approvers[0].staff_id
    disclosure_id = office.approved(account)
    demote(services, first)
    refused(office.execute(disclosure_id), 409, "state-conflict")
    give_back(services, clock, first)
    refused(office.execute(disclosure_id), 409, "state-conflict")
    assert [one["counts"] for one in office.get(office.asker, f"/{disclosure_id}").json()["approvals"]].count(True) == 1
    assert office.approve(disclosure_id, by=2).status_code == 200
    for state in (StaffState.DISABLED, StaffState.PENDING):
        settle(services, update(StaffRow).where(StaffRow.id == office.approvers[1].staff_id).values(state=state))
        refused(office.execute(disclosure_id), 409, "state-conflict")
    assert office.refusals() == Counter([(EXECUTED, "not-approved")] * 4)
    settle(services, update(StaffRoleRow).where(StaffRoleRow.staff_id == office.asker.staff_id).values(role="reviewer"))
    refused(office.execute(disclosure_id), 403, "role-not-sufficient")


def test_an_admin_alone_makes_nobody_who_approves_and_takes_over_nobody_who_did(
    office: Office, services: Services, clock: FakeClock, account: str
) -> None:
    admin, disclosure_id = make_staff(services, "admin"), office.approved(account)

    def act(who: StaffLogin, path: str, body: object) -> httpx2.Response:
        with who.http(office.address) as http:
            return http.post(f"/v1/staff/members{path}", json=body)

    made = act(admin, "", {"email": "puppet@staff.example", "roles": ["privacy"]})
    reset = act(admin, f"/{office.approvers[0].staff_id}/reset", {"reason": "丢了手机"})
    for answer, status in ((made, 201), (reset, 200)):
        assert (answer.status_code, answer.json()["state"], answer.json()["credentials"]) == (status, "pending", None)
    refused(office.execute(disclosure_id), 409, "state-conflict")
    refused(office.approve(disclosure_id), 401, "invalid-token")
    for pending in (made, reset):
        confirm = f"/{pending.json()['id']}/confirm"
        refused(act(admin, confirm, {}), 403, "role-not-sufficient")
        for short in (make_staff(services, "privacy", since=clock.now() - timedelta(days=6, hours=23)), admin):
            refused(act(short, confirm, {}), 403, "role-not-sufficient" if short is admin else "needs-second-person")
        assert act(office.approvers[2], confirm, {}).json()["state"] == "active"
    refused(office.execute(disclosure_id), 409, "state-conflict")
    anew = office.anew(office.approvers[0])
    refused(office.post(anew, f"/{disclosure_id}/approve"), 403, "needs-second-person")
    assert office.refusals() == Counter([*[(EXECUTED, "not-approved")] * 2, (APPROVED, "approver-too-new")])


def test_an_admin_who_resets_who_asked_reads_nothing_that_was_approved_before(
    office: Office, services: Services, clock: FakeClock, account: str
) -> None:
    approved, executed = office.approved(account), office.approved(account)
    assert office.execute(executed).status_code == 200
    clock.advance(seconds=1)
    members, admin = services.staff.members, make_staff(services, "admin").member().as_actor()
    members.reset(admin, members.announce(admin, Action.STAFF_RESET, office.asker.staff_id), "丢了手机")
    with services.unit_of_work.begin(OPERATOR) as tx:
        token = open_session(services, tx, office.asker.staff_id, Face.API)
    taken_over = replace(office, asker=replace(office.asker, token=token))
    for one in (approved, executed):
        refused(taken_over.execute(one), 409, "state-conflict")
    assert office.refusals() == Counter([(EXECUTED, "credentials-handed-out")] * 2)


def test_one_persons_approval_is_one_however_often_it_is_sent(office: Office, account: str) -> None:
    disclosure_id, key = office.ask(account), {"idempotency-key": "approved-0000000001"}
    path, approver = f"/{disclosure_id}/approve", office.approvers[0]
    first, again = (office.post(approver, path, headers=key) for _ in "12")
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"
    refused(office.post(approver, path), 409, "state-conflict")
    both = at_once([partial(office.post, office.approvers[1], path) for _ in range(5)])
    assert sorted(one.status_code for one in both) == [200, 409, 409, 409, 409]
    assert len(office.get(office.asker, f"/{disclosure_id}").json()["approvals"]) == 2
    assert office.refusals() == Counter([(APPROVED, "approved-before")] * 5)


def test_without_a_fresh_second_factor_nothing_is_approved_and_nothing_opened(
    office: Office, clock: FakeClock, account: str
) -> None:
    disclosure_id, approved = office.ask(account), office.approved(account)
    clock.advance(minutes=5)
    refused(office.approve(disclosure_id), 403, "second-factor-needed")
    refused(office.execute(approved), 403, "second-factor-needed")
    assert office.refusals() == Counter([(APPROVED, "second-factor-needed"), (EXECUTED, "second-factor-needed")])
    assert office.again().execute(approved).json()["fields"] == OPENED


def test_what_a_body_may_not_hold_is_refused_and_on_record(office: Office, account: str) -> None:
    good = {**WANTED, "account_id": account}
    bad: list[object] = [
        {**good, "status": "approved"},
        {**good, "state": "executed", "approvals": [office.asker.staff_id] * 2},
        {**good, "requester_id": office.approvers[0].staff_id},
        {**good, "account_id": [account] * 21},
        {**good, "account_ids": [account] * 21},
        {**good, "account_id": "*"[:0]},
        {**good, "purpose": "curiosity"},
        {**good, "fields": []},
        {**good, "fields": ["name", "birthday"]},
        {**good, "authority": " \n"},
        {**good, "legal_basis": "第二十八条\u202e"},
        {**good, "notify_after": "2020-01-01T00:00:00Z"},
        {**good, "notify_after": "2030-01-01T00:00:00Z"},
        {**good, "purpose": "subject_request", "notify_after": "2026-12-01T00:00:00Z"},
        {**{name: value for name, value in good.items() if name != "instrument_no"}},
        [good] * 21,
    ]
    for body in bad:
        refused(office.post(office.asker, "", body), 422, "validation-failed")
    assert office.refusals() == Counter([(REQUESTED, "validation-failed")] * len(bad))
    disclosure_id = office.ask(account)
    for body in ({"status": "approved"}, {"request_digest": "0" * 63}, [disclosure_id] * 21):
        refused(office.post(office.approvers[0], f"/{disclosure_id}/approve", body), 422, "validation-failed")
    assert office.refusals()[APPROVED, "validation-failed"] == 3


def test_whose_account_is_none_and_who_is_nobody_is_not_asked_for(
    office: Office, forum: ForumBackend, account: str
) -> None:
    unknown = f"acc_{'0' * 32}"
    for named in (unknown, "*", "%", "山间清风", PERSON):
        refused(office.post(office.asker, "", {**WANTED, "account_id": named}), 404, "not-found")
    nobody = forum.register("没验证的人")["id"]
    refused(office.post(office.asker, "", {**WANTED, "account_id": nobody}), 409, "state-conflict")
    for named in ("dsc_1", PERSON, "%", "*"):
        refused(office.execute(named), 404, "not-found")
    entries = office.on_record()
    assert {one["object"]["id"] for one in entries} == {"none"}
    assert {one["reason"] for one in entries} == {"account-unknown", "nobody-behind", "unknown"}
    assert account not in json.dumps(entries)


def test_an_installation_with_too_few_people_cannot_disclose(
    services: Services, address: str, clock: FakeClock, account: str
) -> None:
    office = open_office(services, address, approvers=1)
    asked = {**WANTED, "account_id": account}
    assert not services.disclosures.tellings.figures().readiness.is_ready
    refused(office.post(office.asker, "", asked), 409, "too-few-staff")
    own = replace(office, asker=make_staff(services, "privacy"))
    refused(own.post(own.asker, "", asked), 409, "too-few-staff")
    make_staff(services, "privacy", since=clock.now() - timedelta(hours=23))
    refused(own.post(own.asker, "", asked), 409, "too-few-staff")
    clock.advance(hours=1)
    assert services.disclosures.tellings.figures().readiness.is_ready
    later = own.again()
    assert later.post(later.asker, "", asked).status_code == 201
    assert own.refusals() == Counter([(REQUESTED, "too-few-staff")] * 3)


def test_a_minor_and_whoever_may_be_one_takes_a_third_approval(
    office: Office, services: Services, forum: ForumBackend
) -> None:
    young, unknown = forum.register("小同学"), forum.register("只有手机")
    forum.check_document(young["id"], sandbox_number(7, birth="20091230"))
    forum.phone_code(unknown["id"], "14000001234")
    for one in (young, unknown):
        disclosure_id = office.approved(one["id"], fields=["phone", "document_type"])
        refused(office.execute(disclosure_id), 409, "state-conflict")
        assert office.get(office.asker, f"/{disclosure_id}").json()["approvals_needed"] == 3
        office.approve(disclosure_id, by=2)
        opened = office.execute(disclosure_id).json()["fields"]
        assert opened == ({"document_type": "resident_id"} if one is young else {"phone": "14000001234"})
    fewer = open_office(services, office.address, approvers=0)
    settle(services, update(StaffRow).where(StaffRow.id == office.approvers[2].staff_id).values(state="disabled"))
    refused(fewer.post(fewer.asker, "", {**WANTED, "account_id": young["id"]}), 409, "too-few-staff")


def _changes_of(services: Services, disclosure_id: str, other: str, second: str) -> dict[str, tuple[object, ...]]:
    """What somebody with the database writes, by its name. `other` is another request, approved as well."""
    row, approval = DisclosureRow, DisclosureApprovalRow
    this = update(row).where(row.id == disclosure_id)
    its = update(approval).where(approval.disclosure_id == disclosure_id)
    with services.unit_of_work.read() as tx:
        foreign = tx.session.get_one(row, other)
        mine = tx.session.get_one(row, disclosure_id)
    everything = sorted(["name", "document_type", "document_number", "phone"])
    return {
        "more fields": (this.values(fields=everything),),
        "fields that are none": (this.values(fields=["birthday"]),),
        "no list": (this.values(fields=7),),
        "another account": (this.values(account_id=second),),
        "another purpose": (this.values(purpose="breach_notice"),),
        "a purpose that is none": (this.values(purpose="curiosity"),),
        "more time": (this.values(requested_at=mine.requested_at + timedelta(hours=1)),),
        "another requester": (this.values(requester_id=foreign.requester_id, closed_by=None),),
        "the text of another": (this.values(sealed_authority=foreign.sealed_authority),),
        "no seal": (this.values(sealed_legal_basis=b"plain"),),
        "told earlier": (this.values(notify_after=mine.requested_at),),
        "another person": (this.values(person_digest=foreign.person_digest),),
        "the handle of another": (this.values(sealed_handle=foreign.sealed_handle),),
        "an end that nobody gave it": (this.values(closed_as="withdrawn"),),
        "another digest": (this.values(digest=foreign.digest),),
        "approvals of another": (its.values(digest=foreign.digest),),
        "approvals earlier": (its.values(approved_at=mine.requested_at - timedelta(hours=1)),),
    }


@pytest.mark.parametrize("what", sorted(["approvals earlier", "approvals of another"]))
def test_an_approval_that_was_written_into_the_database_counts_nothing(
    office: Office, services: Services, account: str, what: str
) -> None:
    disclosure_id, other = office.approved(account), office.approved(account, authority="另一个机关")
    change(services, *_changes_of(services, disclosure_id, other, account)[what])
    refused(office.execute(disclosure_id), 409, "state-conflict")
    assert office.refusals() == Counter([(EXECUTED, "not-approved")])


def test_approvals_that_nobody_gave_count_nothing(office: Office, services: Services, account: str) -> None:
    """Copied from another request, made up, or from somebody else."""
    approved, bare = office.approved(account), office.ask(account)
    with services.unit_of_work.begin(OPERATOR) as tx:
        request = tx.session.get_one(DisclosureRow, bare)
        for one in tx.session.scalars(
            select(DisclosureApprovalRow).where(DisclosureApprovalRow.disclosure_id == approved)
        ):
            made_up = DisclosureApprovalRow(
                disclosure_id=bare,
                approver_id=one.approver_id,
                requester_id=one.requester_id,
                digest=request.digest,
                approved_at=one.approved_at,
                seal=one.seal,
            )
            tx.session.add(made_up)
    refused(office.execute(bare), 409, "state-conflict")
    shown = office.get(office.asker, f"/{bare}").json()
    assert [one["counts"] for one in shown["approvals"]] == [False, False]
    assert shown["state"] == "requested"
    assert office.refusals() == Counter([(EXECUTED, "not-approved")])


def test_a_request_that_was_edited_in_the_database_is_good_for_nothing(
    office: Office, services: Services, forum: ForumBackend, account: str
) -> None:
    second = forum.member("静水", sandbox_number(108))["id"]
    stranger = replace(office, asker=make_staff(services, "compliance"))
    disclosure_id, other = office.approved(account), stranger.approved(second)
    with services.unit_of_work.read() as tx:
        before = {
            column.key: getattr(tx.session.get_one(DisclosureRow, disclosure_id), column.key)
            for column in DisclosureRow.__table__.columns
        }
    changes = _changes_of(services, disclosure_id, other, second)
    edits = {what: done for what, done in changes.items() if not what.startswith("approvals")}
    for what, done in edits.items():
        change(services, *done)
        whose = stranger if what == "another requester" else office
        answer = whose.execute(disclosure_id)
        refused(answer, 409, "state-conflict")
        shown = office.get(office.approvers[0], f"/{disclosure_id}").json()
        assert (shown["state"], shown["purpose"], shown["fields"]) == ("altered", None, []), what
        refused(office.approve(disclosure_id, by=2), 409, "state-conflict")
        change(services, update(DisclosureRow).where(DisclosureRow.id == disclosure_id).values(**before))
    assert office.refusals() == Counter([(EXECUTED, "altered"), (APPROVED, "altered")] * len(edits))
    assert office.execute(disclosure_id).json()["fields"] == OPENED


def _planted(services: Services, disclosure_id: str, of: str) -> DisclosureExecutionRow:
    """The execution of another request, as if it were this one's."""
    with services.unit_of_work.read() as tx:
        old = tx.session.get_one(DisclosureExecutionRow, of)
        columns = {column.key: getattr(old, column.key) for column in DisclosureExecutionRow.__table__.columns}
    return DisclosureExecutionRow(**{**columns, "disclosure_id": disclosure_id})


@pytest.mark.parametrize("approved", [True, False])
def test_under_the_entry_of_another_request_nothing_is_opened(
    office: Office, services: Services, forum: ForumBackend, account: str, *, approved: bool
) -> None:
    """By whoever has the database: an old execution under a new request, and the person renamed in the log."""
    second = forum.member("静水", sandbox_number(108))["id"]
    old = office.approved(account)
    assert office.execute(old).json()["fields"] == OPENED
    disclosure_id = office.approved(second) if approved else office.ask(second)
    planted = _planted(services, disclosure_id, old)
    with services.unit_of_work.begin(OPERATOR) as tx:
        mine, other = (
            tx.session.get_one(PersonRow, tx.session.get_one(LinkRow, one).person_id) for one in (account, second)
        )
        name, mine.audit_ref = mine.audit_ref, "prf_nobody"
        tx.session.flush()
        other.audit_ref = name
        tx.session.add(planted)
    refused(office.execute(disclosure_id), 409, "state-conflict")
    assert office.refusals() == Counter([(EXECUTED, "altered")])
    change(services, delete(DisclosureExecutionRow).where(DisclosureExecutionRow.disclosure_id == disclosure_id))
    refused(office.execute(disclosure_id), 409, "state-conflict")
    grounds = Counter([(EXECUTED, "altered"), (EXECUTED, "unreadable" if approved else "not-approved")])
    assert office.refusals() == grounds


def test_whoever_was_made_an_approver_in_the_database_approves_nothing(
    office: Office, services: Services, clock: FakeClock, account: str
) -> None:
    """Neither with a role that somebody wrote there, nor in the session of somebody else."""
    disclosure_id, clerk, long_ago = office.ask(account), make_staff(services, "reviewer"), clock.now() - DAY * 30
    theirs, approver = StaffSessionRow.staff_id == clerk.staff_id, office.approvers[0].staff_id
    change(services, update(StaffSessionRow).where(theirs).values(staff_id=approver))
    refused(office.post(clerk, f"/{disclosure_id}/approve"), 401, "invalid-token")
    approved, second = office.approved(account), office.approvers[1].staff_id
    assert office.approve(disclosure_id, by=2).status_code == 200
    change(services, update(StaffRoleRow).where(StaffRoleRow.staff_id == second).values(granted_at=long_ago - DAY))
    refused(office.approve(disclosure_id, by=1), 401, "invalid-token")
    refused(office.execute(approved), 409, "state-conflict")
    assert office.refusals() == Counter([(EXECUTED, "not-approved")])


def test_whom_an_account_was_moved_to_before_it_was_opened_is_not_opened(
    office: Office, services: Services, forum: ForumBackend, account: str
) -> None:
    other, disclosure_id = forum.member("静水", sandbox_number(108))["id"], office.approved(account)
    with services.unit_of_work.begin(OPERATOR) as tx:
        tx.session.get_one(LinkRow, account).person_id = tx.session.get_one(LinkRow, other).person_id
    refused(office.execute(disclosure_id), 409, "state-conflict")
    assert office.refusals() == Counter([(EXECUTED, "person-changed")])


def test_a_refusal_that_was_taken_out_of_the_database_stands(office: Office, services: Services, account: str) -> None:
    disclosure_id = office.approved(account)
    assert office.post(office.approvers[2], f"/{disclosure_id}/refuse").status_code == 200
    this = update(DisclosureRow).where(DisclosureRow.id == disclosure_id)
    change(services, this.values(closed_as=None, closed_by=None, closed_at=None))
    refused(office.execute(disclosure_id), 409, "state-conflict")
    assert office.refusals() == Counter([(EXECUTED, "altered")])


def test_what_was_opened_is_shown_again_only_while_its_approvals_count(
    office: Office, services: Services, account: str
) -> None:
    disclosure_id = office.approved(account)
    assert office.execute(disclosure_id).json()["fields"] == OPENED
    demote(services, office.approvers[0].staff_id)
    refused(office.execute(disclosure_id), 409, "state-conflict")
    assert office.refusals() == Counter([(EXECUTED, "not-approved")])


def test_who_approves_something_else_than_they_saw_is_told(office: Office, account: str) -> None:
    disclosure_id = office.ask(account)
    digest = office.get(office.approvers[0], f"/{disclosure_id}").json()["request_digest"]
    path = f"/{disclosure_id}/approve"
    refused(office.post(office.approvers[0], path, {"request_digest": "0" * 64}), 409, "state-conflict")
    assert office.post(office.approvers[0], path, {"request_digest": digest}).status_code == 200
    assert office.refusals() == Counter([(APPROVED, "another-digest")])


def test_while_the_log_cannot_be_kept_outside_nothing_is_approved_and_nothing_shown(
    office: Office, services: Services, settings: Settings, account: str
) -> None:
    asked, approved = office.ask(account), office.approved(account)
    desk, usual = services.disclosures, services.audit.receipts
    desk.requests._receipts = desk.openings._receipts = receipts_over(services, services.audit.anchors, patience=0.2)
    with unpublished(settings):
        refused(office.approve(asked), 503, "unavailable")
        for _ in range(3):
            refused(office.execute(approved), 503, "unavailable")
    desk.requests._receipts = desk.openings._receipts = usual
    shown = office.get(office.asker, f"/{approved}").json()
    assert (shown["state"], shown["executed_at"]) == ("executing", None)
    assert office.get(office.asker, f"/{asked}").json()["approvals"] == []
    assert office.refusals() == Counter([(APPROVED, "unavailable"), *[(EXECUTED, "unavailable")] * 3])
    opened = office.execute(approved)
    assert opened.json()["fields"] == OPENED
    assert len(office.on_record("identity.read")) == 1


def test_whoever_refuses_while_it_is_executing_is_heard(
    office: Office, services: Services, settings: Settings, account: str
) -> None:
    disclosure_id, desk = office.approved(account), services.disclosures
    usual = desk.openings._receipts
    desk.openings._receipts = receipts_over(services, services.audit.anchors, patience=0.2)
    with unpublished(settings):
        refused(office.execute(disclosure_id), 503, "unavailable")
    desk.openings._receipts = usual
    assert office.post(office.approvers[2], f"/{disclosure_id}/refuse").json()["state"] == "refused"
    refused(office.execute(disclosure_id), 409, "state-conflict")


def test_who_became_somebody_else_after_it_was_begun_is_not_opened(
    office: Office, services: Services, settings: Settings, forum: ForumBackend, account: str
) -> None:
    other, disclosure_id, desk = (
        forum.member("静水", sandbox_number(108))["id"],
        office.approved(account),
        services.disclosures,
    )
    usual, desk.openings._receipts = desk.openings._receipts, receipts_over(services, services.audit.anchors, 0.2)
    with unpublished(settings):
        refused(office.execute(disclosure_id), 503, "unavailable")
    desk.openings._receipts = usual
    with services.unit_of_work.begin(OPERATOR) as tx:
        tx.session.get_one(LinkRow, account).person_id = tx.session.get_one(LinkRow, other).person_id
    refused(office.execute(disclosure_id), 409, "state-conflict")
    assert office.refusals()[EXECUTED, "person-changed"] == 1


def test_the_same_execution_again_is_the_same_one(office: Office, account: str) -> None:
    disclosure_id = office.approved(account)
    first, again = (office.execute(disclosure_id).json() for _ in "12")
    assert first["fields"] == again["fields"] == OPENED
    assert [first["receipt"][what] for what in ("entry", "index")] == [
        again["receipt"][what] for what in ("entry", "index")
    ]
    assert len(office.on_record("identity.read")) == 1
    assert sorted(one["outcome"] for one in office.on_record(EXECUTED)) == ["done", "repeated"]


def test_one_reader_opens_5_identities_in_an_hour(office: Office, clock: FakeClock, account: str) -> None:
    first, late = office.approved(account), office.approved(account)
    office.opened_before(4, minutes=59)
    assert office.execute(first).status_code == 200
    answer = office.execute(late)
    refused(answer, 429, "rate-limited")
    assert answer.headers["retry-after"] == "60"
    assert office.execute(first).status_code == 200  # the same again is no other
    clock.advance(minutes=1)
    assert office.execute(late).status_code == 200
    assert office.refusals() == Counter([(EXECUTED, "too-many-opened")])


def test_who_has_opened_25_in_all_is_on_record_and_on_the_overview(
    office: Office, services: Services, account: str
) -> None:
    disclosure_id = office.approved(account)
    office.opened_before(24, days=100)
    assert services.disclosures.tellings.figures().alarms == ()
    assert office.execute(disclosure_id).status_code == 200
    (alarm,) = services.disclosures.tellings.figures().alarms
    assert (alarm.reader_id, alarm.opened, alarm.threshold) == (office.asker.staff_id, 25, 25)
    (entry,) = office.on_record("disclosure.alarmed")
    assert (entry["object"]["id"], entry["reason"], entry["case"]) == (office.asker.staff_id, "25", disclosure_id)
    assert 'shiming_disclosure_alarms_total{opened="25"} 1.0' in httpx2.get(f"{office.address}/metrics").text
