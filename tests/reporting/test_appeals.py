"""Appeals: taken from anybody, decided by another person, and granted they restore exactly what was."""

from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.accounts.domain import Account, AccountChange, AccountName, AccountStatus, Basis, SanctionKind
from app.accounts.errors import HandleFrozen
from app.accounts.models import ActRow, SanctionRow
from app.accounts.restoring import newest_sanction
from app.boards.domain import Role, Step
from app.kernel.actor import OPERATOR, Actor, ActorKind
from app.kernel.errors import Invalid
from app.kernel.secret import Secret
from app.posting.service import Posting
from app.reporting.appealing import NewAppeal
from app.reporting.desk import NewComplaint
from app.reporting.domain import AgainstKind, CaseKind, Category, TargetKind
from app.reporting.errors import (
    AlreadyAppealed,
    CaseDecided,
    NeedsAnotherPerson,
    NotAboutMisuse,
    NothingToAppeal,
    OutcomeUnfit,
)
from app.reporting.filing import Filed, NamedTarget
from app.reporting.handling import Decision
from app.reporting.models import CaseRow
from app.screening.docket import ReviewFilter
from app.screening.domain import Ruling
from app.verification.documents import DocumentType
from app.verification.domain import Method
from app.verification.errors import MisuseNotProved, TooManyAttempts
from app.verification.service import GivenDocument
from app.wiring import Services
from tests.reporting.complaining import CASES, Anybody, act, ok, refusal, waiting
from tests.reporting.complaining import decide as decide_over_http
from tests.support.at_once import at_once
from tests.support.clock import FakeClock
from tests.support.desk import Desk
from tests.support.forum import ForumBackend, sandbox_number
from tests.support.lexicons import put_in_force
from tests.support.misuse import Victim
from tests.support.staff import make_staff

SUSPENSION, BAN = AgainstKind.SUSPENSION, AgainstKind.BAN


@pytest.fixture
def desk(services: Services) -> Desk:
    return Desk(services, services.forums.add(OPERATOR, "测试论坛").forum_id)


@pytest.fixture
def member(services: Services) -> Actor:
    return make_staff(services, "reviewer").member().as_actor()


@pytest.fixture
def other_member(services: Services) -> Actor:
    return make_staff(services, "compliance").member().as_actor()


def ticket(posting: Posting, account: Account, now: FakeClock) -> str:
    return posting.appeal_url(account.id, now.now()).rpartition("/")[2]


def appeal(desk: Desk, account: Account, kind: AgainstKind, ref: str | None = None) -> Filed:
    """From the person's own page."""
    return desk.services.complaints.appeals.file_own(new(desk, kind, ref=ref), account.id)


def new(desk: Desk, kind: AgainstKind, **more: object) -> NewAppeal:
    return replace(NewAppeal(desk.forum_id, kind, Secret("不是我发的。")), **more)  # type: ignore[arg-type] # its fields


def decide(services: Services, actor: Actor, filed: Filed, outcome: str = "granted", reason: str = "other") -> None:
    handling = services.complaints.handling
    case = handling.show(actor, filed.case.id).view.case
    if case.accepted_at is None:
        case = handling.accept(actor, case.id).view.case
    handling.decide(actor, case.id, Decision(case.version, outcome, reason, Secret("复查过了。")))


def sanctions(desk: Desk, account: Account) -> list[tuple[object, ...]]:
    columns = (SanctionRow.kind, SanctionRow.reason, SanctionRow.ground, SanctionRow.imposed_at, SanctionRow.until)
    with desk.services.unit_of_work.read() as tx:
        query = select(*columns).where(SanctionRow.account_id == account.id, SanctionRow.lifted_at.is_(None))
        return [tuple(row) for row in tx.session.execute(query)]


def status(desk: Desk, account: Account) -> AccountStatus:
    return desk.services.posting.get_account(desk.forum_id, account.id).standing.status(desk.services.clock.now())


def test_a_ban_appealed_with_its_ticket_is_lifted_and_the_suspension_before_it_goes_on(
    services: Services, desk: Desk, member: Actor, clock: FakeClock
) -> None:
    account, acts, appeals = desk.account("山间清风"), services.sanctions, services.complaints.appeals
    acts.suspend(OPERATOR, desk.forum_id, account.id, "刷屏", clock.now() + timedelta(days=20), Basis("版规三"))
    before = sanctions(desk, account)
    clock.advance(days=1)
    acts.ban(OPERATOR, desk.forum_id, account.id, "再犯", Basis("版规四"))
    (notice,) = [one for one in appeals.notices(desk.forum_id, account.id) if one.kind is BAN]
    assert (notice.reason, notice.ground, notice.until, notice.appealed) == ("再犯", "版规四", None, False)
    assert [one.kind for one in appeals.notices(desk.forum_id, account.id)] == [BAN]
    by_ticket = new(desk, BAN, ticket=ticket(services.posting, account, clock))
    filed = appeals.file(by_ticket)
    assert (filed.case.kind, filed.case.queue) == (CaseKind.APPEAL, "appeals")
    assert filed.case.against is not None
    assert filed.case.against.proven
    with pytest.raises(AlreadyAppealed):
        appeals.file(by_ticket)
    assert appeals.notices(desk.forum_id, account.id)[0].appealed
    decide(services, member, filed, "rejected")
    assert status(desk, account) is AccountStatus.BANNED
    again = appeals.file(by_ticket)
    with pytest.raises(NeedsAnotherPerson):
        decide(services, member, again)
    decide(services, make_staff(services, "reviewer").member().as_actor(), again)
    assert sanctions(desk, account) == before
    assert services.complaints.public.track(again.tracking_code).outcome is not None
    with pytest.raises(NothingToAppeal):
        appeals.file(by_ticket)
    for wrong in (new(desk, BAN, ticket="no-ticket"), new(desk, AgainstKind.COMPLAINT_OUTCOME)):
        with pytest.raises(Invalid):
            appeals.file(wrong)
    other = services.forums.add(OPERATOR, "另一个论坛").forum_id
    with pytest.raises(Invalid):
        appeals.file(replace(by_ticket, forum_id=other))


def test_whoever_of_the_staff_imposed_it_does_not_hear_the_appeal(
    services: Services, desk: Desk, member: Actor, other_member: Actor
) -> None:
    account = desk.account("山间清风")
    services.sanctions.suspend(member, desk.forum_id, account.id, "刷屏", None)
    filed = appeal(desk, account, SUSPENSION)
    with pytest.raises(NeedsAnotherPerson):
        decide(services, member, filed)
    by_hand = update(CaseRow).where(CaseRow.id == filed.case.id).values(decided_by=member.id)
    with pytest.raises(IntegrityError), services.engine.begin() as connection:
        connection.execute(by_hand)  # whatever a use case forgets, the database does not
    assert status(desk, account) is AccountStatus.SUSPENDED
    first = services.complaints.appeals.first_decision(filed.case)
    assert first is not None
    assert (first.reason, first.staff_id) == ("刷屏", member.id)
    decide(services, other_member, filed, "partly_granted")
    assert status(desk, account) is AccountStatus.SUSPENDED
    decide(services, member_of(services), appeal(desk, account, SUSPENSION))
    assert status(desk, account) is AccountStatus.UNVERIFIED
    services.audit.sequencer.catch_up()
    (theirs,) = [one for one in services.complaints.integrity.read(member, 30).actors if one.id == member.id]
    assert (theirs.appealed, theirs.reversed) == (2, 2)


def test_what_a_forum_imposed_and_an_appeal_took_back_is_counted_for_that_forum(
    services: Services, desk: Desk, member: Actor
) -> None:
    account = desk.account("山间清风")
    client = Actor(ActorKind.CLIENT, services.forums.show(desk.forum_id).client_id)
    services.sanctions.suspend(client, desk.forum_id, account.id, "刷屏", None)
    decide(services, member, appeal(desk, account, SUSPENSION))
    services.audit.sequencer.catch_up()
    (theirs,) = [one for one in services.complaints.integrity.read(member, 30).actors if one.kind == ActorKind.CLIENT]
    assert (theirs.id, theirs.appealed, theirs.reversed) == (client.id, 1, 1)
    assert theirs.acts


def test_neither_an_appeal_nor_a_stranger_makes_who_imposed_it_their_own_judge(
    services: Services, desk: Desk, member: Actor, other_member: Actor
) -> None:
    account, third = desk.account("山间清风"), member_of(services)
    name = AccountName(account_id=account.id)
    early = services.complaints.appeals.file(new(desk, SUSPENSION, account=name))
    services.sanctions.suspend(member, desk.forum_id, account.id, "刷屏", None)
    with pytest.raises(NeedsAnotherPerson):
        decide(services, member, early)
    stranger = services.complaints.appeals.file(new(desk, SUSPENSION, account=name))
    decide(services, other_member, stranger, "rejected", "account_not_proven")
    own = appeal(desk, account, SUSPENSION)
    with pytest.raises(NeedsAnotherPerson):
        decide(services, member, own, "rejected")
    decide(services, other_member, own, "rejected")  # a stranger's that nobody looked into used up nobody
    again = appeal(desk, account, SUSPENSION)
    for judge in (member, other_member):
        with pytest.raises(NeedsAnotherPerson):
            decide(services, judge, again)
    decide(services, third, again)
    assert status(desk, account) is AccountStatus.UNVERIFIED


def member_of(services: Services) -> Actor:
    return make_staff(services, "reviewer").member().as_actor()


def test_what_a_stranger_sends_is_taken_whatever_stands_behind_the_name(
    services: Services, desk: Desk, member: Actor
) -> None:
    stopped, free = desk.account("被封的人"), desk.account("没事的人")
    services.sanctions.ban(OPERATOR, desk.forum_id, stopped.id, "再犯")
    file = services.complaints.appeals.file
    filed = [
        file(new(desk, BAN, account=AccountName(handle=handle))) for handle in ("被封的人", "没事的人", "没有的人")
    ]
    filed += [file(new(desk, BAN, account=AccountName(account_id=stopped.id))), file(new(desk, BAN))]
    assert all(one.case.against and not one.case.against.proven for one in filed)
    appeal(desk, stopped, BAN)  # a stranger's keeps nobody from their own
    services.sanctions.reinstate(OPERATOR, desk.forum_id, stopped.id, "论坛自己恢复")
    decide(services, member, filed[0])  # was so already
    for nothing in (filed[1], filed[2], filed[4]):
        with pytest.raises(NothingToAppeal):
            decide(services, member, nothing)
        decide(services, member, nothing, "rejected")
    assert [status(desk, one) for one in (stopped, free)] == [AccountStatus.UNVERIFIED] * 2


def test_a_name_that_was_refused_is_shown_and_refused_attempts_are_forgiven(
    services: Services, desk: Desk, member: Actor, other_member: Actor
) -> None:
    put_in_force(services.lexicons, "赌场,gambling,review,3,,,", name="reviewed")
    account = desk.account("赌场老板")
    (review,) = services.reviews.list_open(ReviewFilter())
    services.reviews.decide(member, review.id, review.version, Ruling.BLOCK, "不合适")
    assert services.accounts.get(desk.forum_id, account.id).handle != "赌场老板"
    filed = appeal(desk, account, AgainstKind.SCREENING_DECISION)
    with pytest.raises(NeedsAnotherPerson):
        decide(services, member, filed)
    decide(services, other_member, filed)
    assert services.accounts.get(desk.forum_id, account.id).handle == "赌场老板"
    with pytest.raises(NothingToAppeal):
        appeal(desk, account, AgainstKind.REFUSED_VERIFICATION)
    for _ in range(3):
        assert check(desk, account) == "rejected"
    with pytest.raises(TooManyAttempts):
        check(desk, account)
    filed = appeal(desk, account, AgainstKind.REFUSED_VERIFICATION)
    with pytest.raises(OutcomeUnfit):  # nothing is undone and nobody verified: it says what the person can do next
        decide(services, member, filed, reason="decision_wrong")
    with pytest.raises(OutcomeUnfit):  # it cannot be made milder
        decide(services, member, filed, "partly_granted", reason="too_strict")
    decide(services, member, filed, reason="attempts_forgiven")
    assert check(desk, account) == "rejected"


def check(desk: Desk, account: Account) -> str:
    checks, given = (
        desk.services.verifications,
        GivenDocument(DocumentType.RESIDENT_ID, Secret(sandbox_number(401)), Secret("不一致")),
    )
    request = checks.prepare(desk.forum_id, AccountName(account_id=account.id), Method.ID2, given)
    return desk.settle(checks.ask(checks.start(OPERATOR, request, lambda _tx, _begun: None))).outcome


def test_a_moderator_whose_sanction_was_wrong_is_in_office_with_the_dates_that_they_had(
    services: Services, desk: Desk, member: Actor, clock: FakeClock
) -> None:
    desk.board(desk.moderator_to_be("发起者", sandbox_number(402)), "tea")
    account = desk.moderator_to_be("管理员", sandbox_number(403))
    name = AccountName(account_id=account.id)
    filed = services.moderators.file(OPERATOR, desk.forum_id, "tea", name, Role.MANAGER)
    moderator_id = filed.standing.appointment.id
    before = services.moderators.get(desk.forum_id, moderator_id).standing
    clock.advance(days=1)
    services.moderators.sanction(OPERATOR, desk.forum_id, moderator_id, Step.CANCEL, "漏删", "版规一")
    clock.advance(days=1)
    (notice,) = services.complaints.appeals.notices(desk.forum_id, account.id)
    assert (notice.kind, notice.reason, notice.ground) == (AgainstKind.MODERATOR_SANCTION, "漏删", "版规一")
    decide(services, member, appeal(desk, account, AgainstKind.MODERATOR_SANCTION))
    after = services.moderators.get(desk.forum_id, moderator_id).standing
    assert (after.state, after.deadline, after.appointment) == (before.state, before.deadline, before.appointment)


def test_a_misuse_that_was_proved_by_the_tracking_code_is_cut_and_its_holder_can_appeal(
    services: Services, desk: Desk, member: Actor, other_member: Actor
) -> None:
    number, complaints, forum_id = sandbox_number(404), services.complaints, desk.forum_id
    accused = desk.on_file("冒用的人", "14000000404", number)
    target = NamedTarget(TargetKind.IDENTITY_MISUSE, "冒用的人")
    complaint = NewComplaint(forum_id, Category.IMPERSONATION, target, Secret("有人用了我的身份。"))
    filed, twin = complaints.public.file(complaint), complaints.public.file(complaint)
    with pytest.raises(MisuseNotProved):
        decide(services, member, filed, "upheld")
    flow = complaints.misuse.begin(filed.tracking_code)
    assert flow.awaited is None
    victim = Victim(services, "14000000405", number)
    victim.asks_for_a_code(flow.case)
    assert complaints.misuse.begin(filed.tracking_code).awaited is not None
    assert complaints.misuse.seen(filed.case.id) is None
    assert victim.settles(victim.begins(flow.case)) is None
    seen = complaints.misuse.seen(filed.case.id)
    assert seen is not None
    assert seen.proved
    handling = complaints.handling
    case = handling.show(member, filed.case.id).view.case
    handling.decide(member, case.id, Decision(case.version, "upheld", "identity_misused", also=(twin.case.id,)))
    assert status(desk, accused) is AccountStatus.SUSPENDED
    assert services.verifications.person_behind(accused.id) is None
    with pytest.raises(HandleFrozen):
        services.accounts.change(OPERATOR, forum_id, accused.id, AccountChange("换一个", None, {}))
    with pytest.raises(NotAboutMisuse):
        complaints.misuse.begin(filed.tracking_code)
    (notice,) = complaints.appeals.notices(forum_id, accused.id)
    assert notice.ground is not None
    own = appeal(desk, accused, SUSPENSION)
    with pytest.raises(NeedsAnotherPerson):
        decide(services, member, own)
    decide(services, other_member, own)
    assert status(desk, accused) is AccountStatus.UNVERIFIED
    services.accounts.change(OPERATOR, forum_id, accused.id, AccountChange("换一个", None, {}))


def test_a_misuse_that_is_proved_on_appeal_is_cut_by_the_other_person(
    services: Services, desk: Desk, member: Actor, other_member: Actor
) -> None:
    number, complaints = sandbox_number(406), services.complaints
    accused = desk.on_file("冒用的人", "14000000406", number)
    target = NamedTarget(TargetKind.IDENTITY_MISUSE, accused.id)
    filed = complaints.public.file(
        NewComplaint(desk.forum_id, Category.IMPERSONATION, target, Secret("有人用了我的身份。"))
    )
    decide(services, member, filed, "not_upheld")
    complaints.public.appeal(filed.tracking_code, Secret("我能证明。"))
    assert Victim(services, "14000000407", number).proves(complaints.misuse.begin(filed.tracking_code).case) is None
    with pytest.raises(NeedsAnotherPerson):
        decide(services, member, filed)
    decide(services, other_member, filed)
    assert services.verifications.person_behind(accused.id) is None
    assert status(desk, accused) is AccountStatus.SUSPENDED


def test_two_who_decide_at_once_and_two_who_appeal_at_once_are_one(
    services: Services, desk: Desk, member: Actor, other_member: Actor
) -> None:
    account = desk.account("山间清风")
    services.sanctions.ban(OPERATOR, desk.forum_id, account.id, "再犯")
    with services.unit_of_work.read() as tx:
        ban = newest_sanction(tx, account.id, SanctionKind.BAN)
    assert ban is not None
    heard = at_once([lambda: filed_or_refused(desk, account)] * 4)
    assert sorted(one is None for one in heard) == [False, True, True, True]
    with pytest.raises(NothingToAppeal):
        appeal(desk, account, SUSPENSION, ban.id)
    with services.unit_of_work.read() as tx:
        (row,) = tx.session.scalars(select(CaseRow))
    assert (row.against_kind, row.against_ref, row.account_id, row.proven) == ("ban", ban.id, account.id, True)
    handling = services.complaints.handling
    decision = Decision(handling.accept(member, row.id).view.case.version, "granted", "other")

    def grant(by: Actor) -> bool:
        try:
            handling.decide(by, row.id, decision)
        except CaseDecided:
            return False
        return True

    assert sorted(at_once([lambda: grant(member), lambda: grant(other_member)])) == [False, True]
    assert status(desk, account) is AccountStatus.UNVERIFIED
    with services.unit_of_work.read() as tx:
        kinds = tx.session.scalars(select(ActRow.kind).where(ActRow.account_id == account.id)).all()
    assert kinds == ["ban", "reinstate"]


def filed_or_refused(desk: Desk, account: Account) -> Filed | None:
    try:
        return appeal(desk, account, BAN)
    except AlreadyAppealed:
        return None


def test_a_suspended_account_appeals_over_http_with_the_ticket_of_its_refusal_and_posts_again(
    anybody: Anybody, forum: ForumBackend, reviewer: httpx2.Client
) -> None:
    account = forum.member("山间清风")["id"]
    measure = {"reason": "刷屏", "ground": "版规三"}
    assert forum.post(f"/v1/accounts/{account}/suspend", measure).status_code == 200
    (refused,) = forum.token(account).json()["reasons"]
    ticket = refused["remedy"]["url"].rpartition("/")[2]
    body = {
        "forum_id": anybody.forum_id,
        "against": {"kind": "suspension"},
        "grounds": "只发了一次。",
        "ticket": ticket,
    }

    def send(**changes: object) -> httpx2.Response:
        return anybody.http.post("/v1/appeals", json={**body, **changes})

    filed = ok(send(evidence=["https://forum.example/p/1"], contact={"email": "wo@example.org"}), 201)
    assert set(filed) == {"tracking_code", "received_at", "respond_by"}
    assert ok(anybody.tracks(filed["tracking_code"]))["kind"] == "appeal"
    for changes, status in _UNUSABLE:
        assert send(**changes).status_code == status, changes
    assert set(ok(send(ticket=None, handle="没有的人"), 201)) == set(filed)
    found = {one["against"]["proven"]: one["id"] for one in waiting(reviewer, kind="appeal")}
    background = ok(reviewer.get(f"{CASES}/{found[True]}/background"))
    first = background["first_decision"]
    assert (first["reason"], first["ground"], first["staff_id"], background["proof"]) == ("刷屏", "版规三", None, None)
    assert ok(reviewer.get(f"{CASES}/{found[False]}/background")) == {"first_decision": None, "proof": None}
    assert refusal(reviewer.get(f"{CASES}/apl_none/background")) == (404, "not-found")
    ok(act(reviewer, found[True], "accept"))
    assert refusal(decide_over_http(reviewer, found[True], "upheld")) == (422, "validation-failed")
    ok(decide_over_http(reviewer, found[True], "granted", "decision_wrong"))
    assert forum.token(account).status_code == 201
    told = ok(anybody.tracks(filed["tracking_code"]))
    assert (told["status"], told["outcome"]["result"], told["can_appeal"]) == ("decided", "granted", False)


_UNUSABLE: list[tuple[dict[str, object], int]] = [
    ({}, 409),
    ({"against": {"kind": "ban"}}, 409),
    ({"against": {"kind": "suspension", "ref": "999"}}, 409),
    ({"against": {"kind": "complaint_outcome"}}, 422),
    ({"handle": "山间清风"}, 422),
    ({"ticket": None}, 422),
    ({"ticket": "no-ticket-of-ours"}, 422),
    ({"grounds": " \n "}, 422),
    ({"evidence": ["x"] * 11}, 422),
    ({"forum_id": "frm_nobody", "ticket": None, "handle": "谁"}, 404),
]
