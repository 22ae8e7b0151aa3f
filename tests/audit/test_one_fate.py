"""An act and its entry have one fate: what cannot be recorded has not happened."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import event, select

from app.accounts.domain import Account, AccountChange, AccountName
from app.agreements.domain import AcceptanceChannel, AgreementKind, BindingDates, DraftChange
from app.agreements.service import default_draft
from app.all_models import METADATA
from app.audit.domain import Action
from app.audit.export import RecordedExport
from app.audit.models import StagedEntryRow
from app.audit.search import Question
from app.boards.domain import BoardChange, NewBoard, OrderScope, Role, ScopeKind, Step
from app.boards.term_changes import TermName, WantedChange
from app.boards.terms import WantedTerms, Why
from app.disclosure.domain import Wanted as WantedIdentity
from app.events.domain import Subscription
from app.forums.domain import PausedPlace
from app.installation import inspect
from app.kernel.actor import OPERATOR, Actor, ActorKind
from app.kernel.ids import ForumId
from app.kernel.secret import Secret
from app.organisation.domain import Appointed, AuthorityEntry, AuthorityKind, Duty, FiledForum, Rank
from app.registration.service import Wanted
from app.reporting.desk import NewComplaint
from app.reporting.domain import Against, AgainstKind, CaseKind, Category, Contact, Measure, OnBehalf, Queue, TargetKind
from app.reporting.filing import Filed, NamedTarget, NewCase
from app.reporting.handling import Decision
from app.screening.docket import ReviewFilter
from app.screening.domain import Ruling
from app.screening.review_steps import StepKind
from app.settings import Settings
from app.staff.access import Role as StaffRole
from app.staff.domain import Announced, MemberChange, NewMember
from app.vault.domain import IdentityField
from app.verification.documents import DocumentType
from app.verification.domain import IdentityLevel, Method
from app.verification.forgiving import forgive_attempts
from app.verification.misuse import MisuseCase
from app.verification.service import AskedProvider, GivenDocument
from app.wiring import Services
from tests.reporting.acts import acts_on_violations
from tests.support.clock import TODAY, FakeClock
from tests.support.desk import Desk
from tests.support.disclosing import Office
from tests.support.forum import ORGANISATION, sandbox_number
from tests.support.lexicons import lexicon_file, put_in_force
from tests.support.misuse import Victim
from tests.support.opening import read_identity
from tests.support.staff import PASSWORD, make_staff

MOVING, KNOWN = "14000000042", "14000000043"
_AT_THE_START = {Action.KEY_CREATED, Action.KEY_PROMOTED, Action.KEY_DESTROYED}
"""What happens before anybody is served, or to files."""
_POST = NamedTarget(TargetKind.CONTENT, "post-17")
Acts = Mapping[Action, Callable[[], object]]


class _EntryLost(Exception):
    pass


@contextmanager
def _losing(action: Action) -> Iterator[None]:
    """Whoever writes an entry of this act is broken off."""

    def lose(_mapper: object, _connection: object, row: StagedEntryRow) -> None:
        if json.loads(row.entry)["action"] == action:
            raise _EntryLost

    event.listen(StagedEntryRow, "before_insert", lose)
    try:
        yield
    finally:
        event.remove(StagedEntryRow, "before_insert", lose)


def _rows(services: Services) -> dict[str, list[str]]:
    with services.unit_of_work.read() as tx:
        return {
            name: sorted(str(tuple(row)) for row in tx.session.execute(select(table)))
            for name, table in METADATA.tables.items()
        }


def _organisation(services: Services, desk: Desk, account: Account) -> AskedProvider:
    checks, given = services.verifications, GivenDocument(DocumentType.USCC, Secret(ORGANISATION), Secret("测试公司"))
    request = checks.prepare(desk.forum_id, AccountName(account_id=account.id), Method.ORGANISATION, given)
    return checks.ask(checks.start(OPERATOR, request, lambda _tx, _begun: None))


def _acts_of_the_operator(services: Services, desk: Desk) -> Acts:
    forums, account = services.forums, desk.on_file("在案的人", "14000000044", sandbox_number(104))
    person = services.verifications.person_behind(account.id)
    assert person is not None
    fields = [IdentityField.NAME]
    return {
        Action.FORUM_ADDED: lambda: forums.add(OPERATOR, "另一个论坛"),
        Action.CLIENT_SECRET_ROTATED: lambda: forums.rotate_secret(OPERATOR, desk.forum_id),
        Action.ACTS_CONFIRMED: lambda: forums.confirm_acts(OPERATOR, desk.forum_id),
        Action.FORUM_DISABLED: lambda: forums.disable(OPERATOR, desk.forum_id),
        Action.IDENTITY_READ: lambda: read_identity(services, OPERATOR, person, fields=fields),
    }


def _acts_of_a_forum(services: Services, desk: Desk) -> Acts:
    at, sanctions, account, banned = desk.forum_id, services.sanctions, desk.account("山间清风"), desk.account("静水")
    desk.ban(banned)
    user = services.agreements.current(AgreementKind.USER)
    change = AccountChange(handle="云淡风轻", external_id=None, profile={})
    accept = partial(services.agreements.accept, OPERATOR, account.id, user.kind, user.version)
    return {
        Action.TOKEN_REVOKED: lambda: services.forums.revoke_token(OPERATOR, "jti_1", TODAY),
        Action.ACCOUNT_CREATED: lambda: desk.account("月下独酌"),
        Action.ACCOUNT_CHANGED: lambda: services.accounts.change(OPERATOR, at, account.id, change),
        Action.ACCOUNT_SUSPENDED: lambda: sanctions.suspend(OPERATOR, at, account.id, "刷屏", None),
        Action.ACCOUNT_BANNED: lambda: sanctions.ban(OPERATOR, at, account.id, "刷屏"),
        Action.ACCOUNT_CLOSED: lambda: sanctions.close(OPERATOR, at, account.id, None),
        Action.ACCOUNT_REINSTATED: lambda: sanctions.reinstate(OPERATOR, at, banned.id, "误判"),
        Action.AGREEMENT_ACCEPTED: lambda: accept(AcceptanceChannel.FORUM),
    }


def _acts_on_webhooks(services: Services, desk: Desk) -> Acts:
    webhooks, at, everything = services.webhooks, desk.forum_id, Subscription(None)
    endpoint = webhooks.add(OPERATOR, at, "https://forum.example/hooks", everything).endpoint.id
    return {
        Action.WEBHOOK_ADDED: lambda: webhooks.add(OPERATOR, at, "https://forum.example/more", everything),
        Action.WEBHOOK_SECRET_ROTATED: lambda: webhooks.rotate_secret(OPERATOR, at, endpoint),
        Action.WEBHOOK_REMOVED: lambda: webhooks.remove(OPERATOR, at, endpoint),
    }


def _acts_on_lexicons(services: Services) -> Acts:
    lexicons = services.lexicons
    put_in_force(lexicons, "网上赌场")
    lexicons.import_file(OPERATOR, "more", lexicon_file("线上赌场"))
    return {
        Action.LEXICON_IMPORTED: lambda: lexicons.import_file(OPERATOR, "own", lexicon_file("代开发票")),
        Action.LEXICON_PUBLISHED: lambda: lexicons.publish(OPERATOR, "more"),
        Action.LEXICON_WITHDRAWN: lambda: lexicons.withdraw(OPERATOR, "own"),
    }


def _acts_of_reviewers(services: Services, desk: Desk) -> Acts:
    put_in_force(services.lexicons, "赌场,gambling,review,3,,,", name="reviewed")
    desk.account("赌场老板")
    (review,) = services.reviews.list_open(ReviewFilter())
    decide = partial(services.reviews.decide, OPERATOR, review.id, review.version, Ruling.PASS)
    return {
        Action.REVIEW_DECIDED: lambda: decide("核对过"),
        Action.REVIEW_HANDLED: lambda: services.review_desk.add(OPERATOR, review.id, StepKind.CLAIMED),
    }


def _acts_of_verifications(services: Services, desk: Desk) -> Acts:
    new, first, second, known, again = (desk.account(f"账号{number}") for number in range(1, 6))
    code, asked = desk.text(new, "14000000045"), desk.ask(new, sandbox_number(101))
    desk.prove(first, MOVING)
    desk.prove(second, MOVING)
    moves = desk.ask(second, sandbox_number(102))
    desk.prove(known, KNOWN)
    desk.check(known, sandbox_number(103))
    desk.prove(again, KNOWN)
    joins, marks = desk.ask(again, sandbox_number(103)), _organisation(services, desk, known)
    return {
        Action.VERIFICATION_STARTED: lambda: desk.ask(new, sandbox_number(105)),
        Action.VERIFICATION_COMPLETED: lambda: desk.settle(asked),
        Action.ACCOUNT_LINKED: lambda: desk.settle(asked),
        Action.CODE_REFUSED: lambda: services.codes.confirm(OPERATOR, desk.forum_id, code, Secret("000000")),
        Action.PHONE_FROZEN: lambda: desk.settle(moves),
        Action.PERSON_DISSOLVED: lambda: desk.settle(joins),
        Action.ORGANISATION_MARKED: lambda: services.verifications.settle(OPERATOR, marks, None),
    }


def _acts_after_a_misuse(services: Services, desk: Desk) -> Acts:
    proofs, number = services.complaints.misuse.proofs, sandbox_number(107)
    accused = desk.on_file("冒用的人", "14000000090", number)
    case, other, third = (MisuseCase(f"cmp_{which}", accused.id) for which in ("one", "other", "third"))
    victims = [Victim(services, f"1400000009{last}", number) for last in (1, 2, 3)]
    victims[0].proves(case)
    victims[1].asks_for_a_code(other)
    begun = victims[1].begins(other)
    assert begun is not None
    asked = proofs.ask(begun)

    def forgive() -> None:
        with services.unit_of_work.begin(OPERATOR) as tx:
            forgive_attempts(tx, accused.id)

    def cut() -> None:
        with services.unit_of_work.begin(OPERATOR) as tx:
            proofs.cut(tx, case.id, accused.id)

    return {
        Action.ATTEMPTS_FORGIVEN: forgive,
        Action.MISUSE_PROOF_STARTED: lambda: victims[2].asks_for_a_code(third),
        Action.MISUSE_PROOF_ENDED: lambda: victims[1].is_told(asked),
        Action.MISUSE_CUT: cut,
    }


def _moderators_to_be(services: Services, desk: Desk, tens: int) -> list[AccountName]:
    agreement, found = services.agreements.current(AgreementKind.MODERATOR), []
    for number in range(tens * 10, tens * 10 + 3):
        account = desk.on_file(f"版主{number}号", f"140000000{number}", sandbox_number(100 + number))
        services.agreements.accept(OPERATOR, account.id, agreement.kind, agreement.version, AcceptanceChannel.FORUM)
        found.append(AccountName(account_id=account.id))
    return found


def _board(slug: str) -> NewBoard:
    return NewBoard(slug, "茶馆", "喝茶聊天", WantedTerms(frozenset()), IdentityLevel.PHONE)


def _acts_on_boards(services: Services, desk: Desk) -> Acts:
    boards, moderators, at = services.boards, services.moderators, desk.forum_id
    founder, manager, other = _moderators_to_be(services, desk, 5)
    boards.create(OPERATOR, at, _board("tea"), founder)
    boards.create(OPERATOR, at, _board("frozen"), founder)
    boards.freeze(OPERATOR, at, "frozen", "整顿")
    filed = moderators.file(OPERATOR, at, "tea", manager, Role.MANAGER).standing.appointment.id
    warning = moderators.sanction(OPERATOR, at, filed, Step.WARN, "漏删", "版规一")
    longer = BoardChange(terms=WantedTerms(frozenset({"interval_days"}), interval_days=200))
    order = partial(services.reverifications.order, OPERATOR, at, OrderScope(ScopeKind.ALL), "抽查")
    return {
        Action.BOARD_CREATED: lambda: boards.create(OPERATOR, at, _board("coffee"), founder),
        Action.BOARD_CHANGED: lambda: boards.change(OPERATOR, at, "tea", BoardChange(name="茶楼")),
        Action.BOARD_FROZEN: lambda: boards.freeze(OPERATOR, at, "tea", "整顿"),
        Action.BOARD_REOPENED: lambda: boards.reopen(OPERATOR, at, "frozen", "整顿完毕"),
        Action.BOARD_CLOSED: lambda: boards.close(OPERATOR, at, "tea", "合并"),
        Action.BOARD_RECONCILED: lambda: moderators.reconcile(OPERATOR, at, "tea", ["u-1"]),
        Action.TERMS_CHANGED: lambda: boards.change(OPERATOR, at, "tea", longer),
        Action.MODERATOR_FILED: lambda: moderators.file(OPERATOR, at, "tea", other, Role.MANAGER),
        Action.MODERATOR_SANCTIONED: lambda: moderators.sanction(OPERATOR, at, filed, Step.CANCEL, "漏删", "版规一"),
        Action.SANCTION_LIFTED: lambda: moderators.lift(OPERATOR, at, filed, warning.id, "误判"),
        Action.MODERATOR_ENDED: lambda: moderators.end(OPERATOR, at, filed, "卸任"),
        Action.REVERIFICATION_ORDERED: lambda: order(7),
    }


def _acts_of_the_clock(services: Services, desk: Desk, clock: FakeClock) -> Acts:
    """One look that finds somebody back, somebody overdue and somebody suspended, and writes all of it or nothing."""
    back, overdue, suspended = _moderators_to_be(services, desk, 6)
    services.boards.create(OPERATOR, desk.forum_id, _board("back"), back)
    clock.advance(days=200)
    services.sweeps.look()
    account = services.accounts.get(desk.forum_id, back.account_id or "")
    desk.prove(account, "14000000060")
    assert desk.check(account, sandbox_number(160)).outcome == "verified"
    for slug, founder, grace in (("overdue", overdue, 14), ("suspended", suspended, 0)):
        board = replace(_board(slug), terms=WantedTerms(frozenset({"grace_days"}), grace_days=grace))
        made = services.boards.create(OPERATOR, desk.forum_id, board, founder)
        clock.advance(minutes=5)
        services.reverifications.order(OPERATOR, desk.forum_id, OrderScope(ScopeKind.BOARD, made.board.id), "抽查", 0)
    found = (
        Action.MODERATOR_REVERIFIED,
        Action.MODERATOR_REINSTATED,
        Action.MODERATOR_OVERDUE,
        Action.MODERATOR_SUSPENDED,
    )
    return dict.fromkeys(found, services.sweeps.look)


def _acts_in_an_emergency(services: Services, desk: Desk) -> Acts:
    pauses = services.emergency.pauses
    paused = pauses.pause(Actor(ActorKind.OPERATOR, "another"), PausedPlace(), "演练")
    return {
        Action.POSTING_PAUSED: lambda: pauses.pause(OPERATOR, PausedPlace(desk.forum_id), "违规信息扩散"),
        Action.POSTING_RESUMED: lambda: pauses.resume(OPERATOR, paused.id),
        Action.DRILL_RECORDED: lambda: services.emergency.drills.record(
            OPERATOR, TODAY.date(), "全站暂停", "3 分钟内恢复"
        ),
    }


def _acts_on_the_house(services: Services, forum_id: ForumId) -> Acts:
    """What is published before it is done stands announced here already; only then its own entry is one with it."""
    house, drafts, changes = services.organisation, services.agreement_drafts, services.term_changes
    named = Appointed(Duty.MINORS, Rank.DEPUTY, Secret("主任"), Secret("010-0"), None, TODAY.date())
    officer, _ = house.appoint(OPERATOR, named), house.appoint(OPERATOR, named)
    entry = AuthorityEntry("网信办", AuthorityKind.CAC_LOCAL, "测试市", "12377", TODAY.date())
    authority, filed = house.add_authority(OPERATOR, entry), FiledForum(None, None, "测试单位", TODAY.date())
    draft = default_draft(AgreementKind.USER)
    first, second = (drafts.write(OPERATOR, "协议", replace(draft, version=f"{number}")).written for number in (1, 2))
    dates, wanted = BindingDates(services.clock.now() + timedelta(days=1)), WantedChange(TermName.GRACE, 3, None, None)
    receipt, begun = drafts.announce(OPERATOR, first.id, 1, dates), changes.announce(OPERATOR, wanted, Why("L8d", "严"))
    return {
        Action.OFFICER_APPOINTED: lambda: house.appoint(OPERATOR, named),
        Action.OFFICER_ENDED: lambda: house.end_appointment(OPERATOR, officer.id, "调任"),
        Action.FILING_RECORDED: lambda: house.file_forum(OPERATOR, forum_id, filed),
        Action.AUTHORITY_RECORDED: lambda: house.revise_authority(OPERATOR, authority.id, entry),
        Action.AUTHORITY_ENDED: lambda: house.end_authority(OPERATOR, authority.id, "合并"),
        Action.AGREEMENT_DRAFTED: lambda: drafts.change(OPERATOR, second.id, 1, DraftChange(title="新协议")),
        Action.DRAFT_WITHDRAWN: lambda: drafts.withdraw(OPERATOR, second.id, 1),
        Action.AGREEMENT_PUBLISHED: lambda: drafts.publish(OPERATOR, first.id, 1, dates, receipt),
        Action.TERMS_CHANGED: lambda: changes.make(OPERATOR, wanted, Why("L8d", "严"), begun),
    }


def _acts_of_persons(services: Services) -> Acts:
    forum = services.forums.add(OPERATOR, "有页面的论坛", ["https://forum.example/back"]).forum_id
    given = services.registrations.begin(OPERATOR, forum, Wanted("https://forum.example/back"))
    link, secrets = Secret(given.url.reveal().rpartition("/")[2]), [Secret(letter * 32) for letter in "abc"]
    sign_ins, sandbox = services.sign_ins, services.sandbox_sender
    assert sandbox is not None
    sign_ins.send(OPERATOR, secrets[0], sign_ins.index(Secret("14000000046")))
    code, to = sandbox.outbox()[-1].code or Secret(""), sign_ins.index(Secret("14000000047"))
    return {
        Action.NOTICE_GIVEN: lambda: services.visits.bind(link, secrets[0], secrets[1]),
        Action.SIGN_IN_STARTED: lambda: sign_ins.send(OPERATOR, secrets[2], to),
        Action.SIGN_IN_COMPLETED: lambda: sign_ins.enter(OPERATOR, secrets[0], code, None),
    }


def _acts_of_the_staff(services: Services) -> Acts:
    """Whoever changes members has announced it; only then the act itself is one with its entry."""
    members, sessions, own = services.staff.members, services.staff.sessions, services.staff.own
    logins = {
        name: make_staff(services, StaffRole.REVIEWER) for name in ("changed", "out", "reset", "signs in", "here")
    }
    confirmer, waits = make_staff(services, StaffRole.PRIVACY), make_staff(services, StaffRole.PRIVACY)
    disabled = make_staff(services, StaffRole.REVIEWER).staff_id
    members.disable(OPERATOR, members.announce(OPERATOR, Action.STAFF_DISABLED, disabled), "离职")
    by_staff = make_staff(services, StaffRole.ADMIN).member().as_actor()
    members.reset(by_staff, members.announce(by_staff, Action.STAFF_RESET, waits.staff_id), "丢了手机")

    def announced(action: Action, staff_id: str | None = None) -> Announced:
        return members.announce(OPERATOR, action, staff_id)

    added, changed = announced(Action.STAFF_ADDED), announced(Action.STAFF_CHANGED, logins["changed"].staff_id)
    out, back = announced(Action.STAFF_DISABLED, logins["out"].staff_id), announced(Action.STAFF_RESTORED, disabled)
    reset, confirmed = (
        announced(Action.STAFF_RESET, logins["reset"].staff_id),
        announced(Action.STAFF_CONFIRMED, waits.staff_id),
    )
    confirms, here = confirmer.member().as_actor(), logins["here"].session()
    proved = own.prove(here.staff.as_actor(), here, Secret(PASSWORD))
    right, wrong = (sessions.admit(logins["signs in"].attempt(password)) for password in (PASSWORD, "wrong"))
    return {
        Action.STAFF_ADDED: lambda: members.add(OPERATOR, added, NewMember.of("a@b.example", [StaffRole.ADMIN])),
        Action.STAFF_CHANGED: lambda: members.change(OPERATOR, changed, MemberChange(1, sets_end=True), "交接"),
        Action.STAFF_DISABLED: lambda: members.disable(OPERATOR, out, "离职"),
        Action.STAFF_RESTORED: lambda: members.restore(OPERATOR, back, "回来了"),
        Action.STAFF_RESET: lambda: members.reset(OPERATOR, reset, "丢了手机"),
        Action.STAFF_CONFIRMED: lambda: members.confirm(confirms, confirmed),
        Action.STAFF_SIGNED_IN: lambda: sessions.sign_in(right),
        Action.STAFF_SIGN_IN_FAILED: lambda: sessions.sign_in(wrong),
        Action.STAFF_STEPPED_UP: lambda: sessions.step_up(here, Secret(logins["here"].code())),
        Action.STAFF_STEP_UP_FAILED: lambda: sessions.step_up(here, Secret("wrong")),
        Action.STAFF_CREDENTIALS_CHANGED: lambda: own.change_authenticator(here.staff.as_actor(), proved),
        Action.STAFF_SIGNED_OUT: lambda: sessions.end(here),
    }


def _acts_on_identities(services: Services, desk: Desk) -> Acts:
    requests, openings = services.disclosures.requests, services.disclosures.openings
    sealing = services.disclosures.sealing
    account = desk.on_file("有人过问", "14000000048", sandbox_number(106))
    texts = ("沙箱市法院", "〔2026〕1号", "《刑事诉讼法》第五十四条")
    wanted = WantedIdentity.of(account.id, ["name"], texts, "court_order", None)
    asker, *approvers = (make_staff(services, StaffRole.PRIVACY) for _ in range(4))
    asks, session = asker.member().as_actor(), asker.session()
    found = [requests.request(asks, wanted).disclosure.id for _ in range(3)]
    for one in approvers[:2]:
        for disclosure_id in found[:2]:
            requests.approve(one.member().as_actor(), one.session(), disclosure_id)
    opened, next_one, waits = found
    openings.execute(asks, session, opened)
    Office("", services, asker, ()).opened_before(23, days=100)
    other = approvers[2]
    return {
        Action.DISCLOSURE_REQUESTED: lambda: requests.request(asks, wanted),
        Action.DISCLOSURE_APPROVED: lambda: requests.approve(other.member().as_actor(), other.session(), waits),
        Action.DISCLOSURE_REFUSED: lambda: requests.refuse(other.member().as_actor(), waits),
        Action.DISCLOSURE_WITHDRAWN: lambda: requests.withdraw(asks, waits),
        Action.DISCLOSURE_EXECUTED: lambda: openings.execute(asks, session, opened),
        Action.DISCLOSURE_SEALED: lambda: sealing.note_file(asks, opened, bytes(32)),
        Action.DISCLOSURE_ALARMED: lambda: openings.execute(asks, session, next_one),
    }


def _acts_on_complaints(services: Services, desk: Desk) -> Acts:
    """Before the clock moves on: what came in is late then, and what has ended is old."""
    desks = services.complaints
    public, handling, recusals = desks.public, desks.handling, desks.recusals
    new, reply = NewComplaint(desk.forum_id, Category.FRAUD, _POST, Secret("骗子")), Secret("好")
    with_contact = replace(new, contact=Contact(Secret("14000000049")), on_behalf=OnBehalf.COMPANY)
    first, second, admin = (
        make_staff(services, role).member().as_actor()
        for role in (StaffRole.REVIEWER, StaffRole.COMPLIANCE, StaffRole.ADMIN)
    )

    def accepted(complaint: NewComplaint) -> Filed:
        filed = public.file(complaint)
        handling.accept(first, filed.case.id)
        return filed

    upheld, rejected = Decision(2, "upheld", "other", measures=(Measure.MASK,)), Decision(4, "rejected", "other")
    waits, open_one, ended, appealed = public.file(new), accepted(new), accepted(with_contact), accepted(new)
    for one in (ended, appealed):
        handling.decide(first, one.case.id, upheld)
    public.appeal(appealed.tracking_code, Secret("换人"))
    against = Against(AgainstKind.BAN, "1", None)
    appeal = NewCase(CaseKind.APPEAL, desk.forum_id, Queue.APPEALS, Secret("误封"), against=against)

    def file_appeal() -> Filed:
        with services.unit_of_work.begin(OPERATOR) as tx:
            return services.complaints.filing.file(tx, appeal)

    heard = file_appeal().case.id
    handling.accept(first, heard)
    mine, yours = desk.account("我的号").id, desk.account("他的号").id
    recusals.declare(first, first.id, yours)
    return {
        Action.COMPLAINT_RECEIVED: lambda: public.file(new),
        Action.COMPLAINT_ACCEPTED: lambda: handling.accept(first, waits.case.id),
        Action.COMPLAINT_ASSIGNED: lambda: handling.assign(first, waits.case.id),
        Action.COMPLAINT_TARGET_NAMED: lambda: handling.name_account(first, waits.case.id, mine),
        Action.COMPLAINT_ADDED_TO: lambda: public.say(open_one.tracking_code, reply),
        Action.COMPLAINT_REPLIED: lambda: handling.reply(first, open_one.case.id, reply, asks=True),
        Action.COMPLAINT_NOTED: lambda: handling.note(first, open_one.case.id, reply),
        Action.COMPLAINT_DECIDED: lambda: handling.decide(first, open_one.case.id, upheld),
        Action.COMPLAINT_AGREED: lambda: handling.agree(second, ended.case.id),
        Action.COMPLAINT_APPEALED: lambda: public.appeal(ended.tracking_code, Secret("换人")),
        Action.COMPLAINT_APPEAL_DECIDED: lambda: handling.decide(second, appealed.case.id, rejected),
        Action.COMPLAINT_ESCALATED: services.complaints.escalations.escalate_late,
        Action.COMPLAINT_CONTACT_READ: lambda: handling.read_contact(first, ended.case.id, Secret("回电")),
        Action.COMPLAINT_ERASED: services.complaints.erasure.erase_old,
        Action.APPEAL_RECEIVED: file_appeal,
        Action.APPEAL_DECIDED: lambda: handling.decide(second, heard, replace(rejected, version=2)),
        Action.RECUSAL_DECLARED: lambda: recusals.declare(first, first.id, mine),
        Action.RECUSAL_ENDED: lambda: recusals.end(admin, first.id, yours),
    }


def _acts_on_the_log(services: Services, settings: Settings) -> Acts:
    services.audit.sequencer.catch_up()
    (settings.audit_directory() / "audit-head.note").unlink()
    inspecting, search = inspect(settings, services.unit_of_work), services.audit.search
    export = RecordedExport(services.unit_of_work, services.audit.receipts, inspecting.export)
    return {
        Action.AUDIT_RECOVERED: lambda: services.audit.recovery.recover(OPERATOR),
        Action.AUDIT_EXPORTED: lambda: export.write(OPERATOR, settings.data_dir / "export", inspecting.trust),
        Action.AUDIT_SEARCHED: lambda: search.find_for(OPERATOR, Question(), 1),
    }


def test_an_act_whose_entry_is_lost_has_not_happened(services: Services, settings: Settings, clock: FakeClock) -> None:
    desk = Desk(services, services.forums.add(OPERATOR, "测试论坛").forum_id)
    acts = {
        **_acts_on_complaints(services, desk),
        **acts_on_violations(services, desk, clock),
        **_acts_of_the_clock(services, desk, clock),
        **_acts_on_boards(services, desk),
        **_acts_of_the_operator(services, desk),
        **_acts_of_a_forum(services, desk),
        **_acts_on_webhooks(services, desk),
        **_acts_on_lexicons(services),
        **_acts_of_verifications(services, desk),
        **_acts_after_a_misuse(services, desk),
        **_acts_of_persons(services),
        **_acts_in_an_emergency(services, desk),
        **_acts_of_reviewers(services, desk),
        **_acts_of_the_staff(services),
        **_acts_on_identities(services, desk),
        **_acts_on_the_house(services, desk.forum_id),
        **_acts_on_the_log(services, settings),
    }
    assert acts.keys() == set(Action) - _AT_THE_START
    before = _rows(services)
    for action, act in acts.items():
        with _losing(action), pytest.raises(_EntryLost):
            act()
        assert _rows(services) == before, action
