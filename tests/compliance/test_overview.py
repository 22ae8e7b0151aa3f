"""Is everything as it must be today: every check turns with the figure that it rests on."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from app import policies
from app.accounts.domain import AccountStatus
from app.audit.anchor_rows import AnchorState
from app.audit.findings import Outcome as VerifiedOutcome
from app.audit.findings import Verification
from app.audit.watch import AnchorWatched, AuditWatched
from app.boards.domain import ListsCompared
from app.boards.outlook import Outlook
from app.boards.schedules import ModeratorState
from app.compliance import repository
from app.compliance.checks import CHECKS, check_all
from app.compliance.domain import Asked, CheckState, Disclosers, Figures, Posters
from app.compliance.service import Compliance
from app.events.domain import WaitingDeliveries
from app.kernel.actor import OPERATOR
from app.kernel.clock import SHANGHAI
from app.kernel.sentence import Language
from app.organisation.domain import AuthorityKind, Duty, Rank, State, Vacancy
from app.reporting.docket import QueueCount
from app.reporting.domain import Queue
from app.reporting.figures import CaseFigures, ReportingFigures, Stopped, Untold
from app.reporting.offences import ViolationFigures
from app.screening.docket import Waiting
from app.screening.patrol import PatrolState, Progress
from app.screening.watch import Watched
from app.staff.models import StaffRoleRow, StaffRow
from app.upkeep.domain import JobRun
from app.wiring import Services
from tests.support.clock import TODAY, FakeClock
from tests.support.forum import ForumBackend, sandbox_number
from tests.support.staff import make_staff, settle

_STATUS = dict.fromkeys(AccountStatus, 0)
_AGO = timedelta(minutes=1)
_DAY = TODAY.astimezone(SHANGHAI).date()
_ANCHOR = AnchorWatched("file", AnchorState("file", "log", 7, TODAY - _AGO, TODAY - _AGO, None, None))
_VERIFIED = Verification(1, TODAY - _AGO, TODAY - _AGO, VerifiedOutcome.CLEAN, entries=7)
_JOB = JobRun("patrol", 60, TODAY - _AGO / 2, TODAY - _AGO / 2, TODAY - _AGO / 2, 0, None, 1)
_REPORTING = ReportingFigures(
    cases=CaseFigures((QueueCount(Queue.ORDINARY, 1, 0, TODAY - _AGO, TODAY + _AGO),), {_DAY: (1, 0)}),
    violations=ViolationFigures(0, 1, TODAY - _AGO, 0, 0, 0, None, ()),
    untold=(Untold(AuthorityKind.PS_LOCAL, 0, 0, 0, None), Untold(AuthorityKind.CAC_LOCAL, 0, 0, 0, None)),
    stopped=Stopped(1, _AGO),
    calendar_until=_DAY + timedelta(days=policies.CALENDAR_AHEAD.value),
)
WELL = Figures(
    now=TODAY,
    posters=Posters(4, {**_STATUS, AccountStatus.ACTIVE: 4}, 4, 0, TODAY - _AGO, (), TODAY),
    today=Asked(5, 1, 1),
    week_ago=Asked(0, 0, 0),
    month=Asked(5, 1, 1),
    moderators=Outlook({ModeratorState.CURRENT: 3}, ()),
    lists=ListsCompared(boards=2, never=0, late=0, unfiled=0),
    results=(),
    screening=Watched(Waiting(0, None), Progress(1, TODAY - _AGO, PatrolState.COMPLETE, finished_at=TODAY)),
    jobs=[_JOB],
    deliveries=WaitingDeliveries(0, None, 1, 0),
    audit=AuditWatched(7, None, [_ANCHOR]),
    signed_at=TODAY - _AGO,
    verified=_VERIFIED,
    agreements=2,
    disclosers=Disclosers(requesters=3, approvers=2, able=True),
    lifters=2,
    drill=_DAY,
    reporting=_REPORTING,
    house=State((), forums=1, forums_to_review=0, authorities=3, authorities_to_review=0, kinds_missing=()),
)


def _state(figures: Figures, check_id: str) -> CheckState:
    return next(check.state for check in check_all(figures) if check.id == check_id)


def test_every_check_passes_where_all_is_well() -> None:
    assert {check.id: check.state for check in check_all(WELL)} == {check.id: CheckState.OK for check in CHECKS}


_LATE_REVIEW = TODAY - timedelta(hours=policies.REVIEW_WITHIN.value)
_LATE_DELIVERY = TODAY - timedelta(minutes=policies.DELIVERY_WITHIN.value)
_LATE_CASES = CaseFigures((QueueCount(Queue.MINORS, 2, 1, TODAY - _AGO, TODAY),), {})
_UNSTOPPED = ViolationFigures(1, 0, TODAY - timedelta(hours=policies.PS_REPORT_WITHIN.value), 0, 0, 0, None, ())
_UNREACHABLE = ViolationFigures(0, 0, None, 0, 0, 0, None, (AuthorityKind.PS_LOCAL,))
_UNTOLD = (Untold(AuthorityKind.PS_LOCAL, 2, 0, 1, TODAY - _AGO), Untold(AuthorityKind.CAC_LOCAL, 0, 0, 0, None))
_FAILING: list[tuple[str, Figures]] = [
    ("posters-verified", replace(WELL, posters=replace(WELL.posters, unverified=1))),
    ("moderators-overdue", replace(WELL, moderators=Outlook({ModeratorState.OVERDUE: 1}, ()))),
    ("lists-reconciled", replace(WELL, lists=replace(WELL.lists, unfiled=1))),
    ("lists-reconciled", replace(WELL, lists=replace(WELL.lists, late=1))),
    ("lists-reconciled", replace(WELL, lists=replace(WELL.lists, never=1))),
    ("agreements-in-force", replace(WELL, agreements=1)),
    ("reviews-in-time", replace(WELL, screening=replace(WELL.screening, reviews=Waiting(1, _LATE_REVIEW)))),
    ("complaints-in-time", replace(WELL, reporting=replace(_REPORTING, cases=_LATE_CASES))),
    ("violations-stopped", replace(WELL, reporting=replace(_REPORTING, violations=_UNSTOPPED))),
    ("authorities-told", replace(WELL, reporting=replace(_REPORTING, untold=_UNTOLD))),
    ("authorities-reachable", replace(WELL, reporting=replace(_REPORTING, violations=_UNREACHABLE))),
    ("holidays-known", replace(WELL, reporting=replace(_REPORTING, calendar_until=_DAY + timedelta(days=13)))),
    ("patrol-in-time", replace(WELL, screening=Watched(Waiting(0, None), Progress(1, TODAY, PatrolState.FLOODED)))),
    (
        "patrol-in-time",
        replace(WELL, screening=Watched(Waiting(0, None), Progress(1, _LATE_REVIEW, PatrolState.WAITING))),
    ),
    ("log-numbered", replace(WELL, audit=AuditWatched(7, TODAY - timedelta(seconds=60), [_ANCHOR]))),
    ("log-anchored", replace(WELL, audit=AuditWatched(7, None, [_ANCHOR, AnchorWatched("bucket", None)]))),
    ("log-verified", replace(WELL, verified=replace(_VERIFIED, outcome=VerifiedOutcome.TAMPERED))),
    ("log-verified", replace(WELL, verified=replace(_VERIFIED, ended_at=TODAY - timedelta(hours=36)))),
    ("jobs-running", replace(WELL, jobs=[replace(_JOB, last_ok_at=None)])),
    ("jobs-running", replace(WELL, jobs=[replace(_JOB, last_began_at=TODAY - timedelta(hours=1))])),
    ("switch-staffed", replace(WELL, lifters=1)),
    ("disclosure-staffed", replace(WELL, disclosers=Disclosers(requesters=2, approvers=2, able=False))),
    ("drill-held", replace(WELL, drill=_DAY - timedelta(days=policies.DRILL_WITHIN.value))),
    ("officers-appointed", replace(WELL, house=replace(WELL.house, vacancies=(Vacancy(Duty.MINORS, Rank.DEPUTY),)))),
    ("authorities-reviewed", replace(WELL, house=replace(WELL.house, authorities_to_review=1))),
    ("authorities-reviewed", replace(WELL, house=replace(WELL.house, kinds_missing=(AuthorityKind.PS_LOCAL,)))),
    ("forums-filed", replace(WELL, house=replace(WELL.house, forums_to_review=1))),
    ("webhooks-delivered", replace(WELL, deliveries=WaitingDeliveries(1, _LATE_DELIVERY, 1, 0))),
    ("webhooks-delivered", replace(WELL, deliveries=WaitingDeliveries(0, None, 2, 1))),
]
_UNKNOWN: list[tuple[str, Figures]] = [
    ("posters-verified", replace(WELL, posters=replace(WELL.posters, may_post=0))),
    ("moderators-overdue", replace(WELL, moderators=Outlook({}, ()))),
    ("lists-reconciled", replace(WELL, lists=ListsCompared(2, never=2, late=0, unfiled=0))),
    ("patrol-in-time", replace(WELL, screening=Watched(Waiting(0, None), None))),
    ("log-numbered", replace(WELL, audit=AuditWatched(0, None, [_ANCHOR]))),
    ("log-anchored", replace(WELL, audit=AuditWatched(7, None, []))),
    ("log-verified", replace(WELL, verified=None)),
    ("jobs-running", replace(WELL, jobs=[])),
    ("drill-held", replace(WELL, drill=None)),
    ("authorities-reviewed", replace(WELL, house=replace(WELL.house, authorities=0))),
    ("forums-filed", replace(WELL, house=replace(WELL.house, forums=0))),
]


@pytest.mark.parametrize(("check_id", "figures"), _FAILING, ids=[one for one, _ in _FAILING])
def test_a_check_fails_by_its_own_figure_and_comes_first(check_id: str, figures: Figures) -> None:
    first, *others = check_all(figures)
    assert (first.id, first.state) == (check_id, CheckState.FAILING)
    assert {check.state for check in others} == {CheckState.OK}


@pytest.mark.parametrize(("check_id", "figures"), _UNKNOWN, ids=[one for one, _ in _UNKNOWN])
def test_what_nobody_has_measured_does_not_pass(check_id: str, figures: Figures) -> None:
    assert _state(figures, check_id) is CheckState.NO_DATA


def test_every_sentence_is_filled_in_both_languages() -> None:
    for _, figures in [("", WELL), *_FAILING, *_UNKNOWN]:
        for check in check_all(figures):
            for language in Language:
                said = check.sentence.in_language(language)
                assert said, check.id
                assert "{" not in said, check.id
            assert "%" not in check.sentence.zh + check.sentence.en, "no percentage without counts"


def test_the_figures_count_what_happened(services: Services, forum: ForumBackend, clock: FakeClock) -> None:
    verified = forum.moderator_to_be("发起人")
    forum.board(verified["id"])
    forum.register("没有验证的")
    assert forum.token(verified["id"]).status_code == 201
    for _ in range(2):
        assert forum.token(forum.register(f"路人{_}")["id"]).status_code == 403
    services.tally.note()
    found = services.compliance.look().figures
    assert (found.posters.may_post, found.posters.verified, found.posters.accounts) == (1, 1, 4)
    assert found.posters.oldest_verification == clock.now()
    assert (found.today, found.week_ago) == (Asked(1, 2, 2), Asked(0, 0, 0))
    assert found.moderators.by_state[ModeratorState.CURRENT] == found.moderators.in_office == 1
    assert (found.lists.boards, found.lists.never) == (1, 1)
    assert [sum(day.by_outcome.values()) for day in found.results] == [1, *[0] * 29]
    clock.advance(days=7)
    later = services.compliance.look().figures
    assert (later.today, later.week_ago) == (Asked(0, 0, 0), Asked(1, 2, 2))
    assert sum(later.results[7].by_outcome.values()) == 1


def test_a_disclosure_takes_somebody_who_asks_and_two_others_of_a_day_s_standing(
    services: Services, clock: FakeClock
) -> None:
    def able() -> bool:
        return services.compliance.look().figures.disclosers.able

    make_staff(services, "privacy")
    make_staff(services, "privacy", since=clock.now() - timedelta(hours=23))
    make_staff(services, "compliance")
    assert not able()
    clock.advance(hours=1)
    assert able()


def test_nobody_approves_what_they_ask_for(services: Services) -> None:
    for _ in range(2):
        make_staff(services, "privacy")
    assert services.compliance.look().figures.disclosers == Disclosers(requesters=2, approvers=2, able=False)
    make_staff(services, "compliance")
    assert services.compliance.look().figures.disclosers == Disclosers(requesters=3, approvers=2, able=True)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whoever_was_made_something_in_the_database_is_not_counted(services: Services, clock: FakeClock) -> None:
    before, long_ago = services.compliance.look().figures, clock.now() - timedelta(days=30)
    for role in ("privacy", "privacy", "compliance", "admin"):
        login = make_staff(services, "auditor")
        with services.unit_of_work.begin(OPERATOR) as tx:
            tx.session.add(StaffRoleRow(staff_id=login.staff_id, role=role, granted_at=long_ago))
    found = services.compliance.look().figures
    assert (found.disclosers, found.lifters) == (before.disclosers, before.lifters) == (Disclosers(0, 0, able=False), 0)
    members = services.staff.members
    assert not any(one.roles or members.get(one.id).roles for one in members.list_all())
    assert not members.has_admin()


def test_who_confirmed_a_member_and_that_member_do_not_both_count(services: Services, clock: FakeClock) -> None:
    make_staff(services, "compliance")
    first = make_staff(services, "privacy")
    confirmed = make_staff(services, "privacy")
    settle(
        services,
        update(StaffRow)
        .where(StaffRow.id == confirmed.staff_id)
        .values(confirmed_by=first.staff_id, credentials_at=clock.now()),
    )
    assert services.compliance.look().figures.disclosers == Disclosers(requesters=3, approvers=2, able=False)
    clock.advance(days=policies.CONFIRMER_APART.value)
    assert services.compliance.look().figures.disclosers.able


def test_a_count_is_kept_by_the_day_and_many_accounts_are_not_counted_again(
    services: Services, forum: ForumBackend, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    forum.member("山间清风")
    first = clock.now().astimezone(SHANGHAI).date()
    assert services.compliance.look().figures.posters.all_verified_since is None
    assert (services.compliance.keep_count(), services.compliance.keep_count()) == (1, 0)
    clock.advance(days=2)
    assert services.compliance.keep_count() == 1
    forum.log_in()
    forum.register("没有验证的")
    few = services.compliance.look().figures.posters
    assert (few.accounts, few.all_verified_since, few.counted_at) == (2, first, clock.now())
    monkeypatch.setattr("app.compliance.figures._MANY", 1)
    kept = services.compliance.look().figures.posters
    assert (kept.accounts, kept.may_post, kept.by_status[AccountStatus.ACTIVE]) == (1, 1, 1)
    assert kept.all_verified_since == first
    with services.unit_of_work.begin(OPERATOR) as tx:
        repository.keep(tx.session, first.isoformat(), replace(kept, unverified=1))
    assert services.compliance.look().figures.posters.all_verified_since == first + timedelta(days=2)
    clock.advance(minutes=policies.POSTERS_KEPT.value)
    assert services.compliance.look().figures.posters.accounts == 2


def test_the_outlook_says_what_the_list_and_the_forecast_say(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    for number, slug in enumerate(("tea", "coffee", "milk")):
        forum.board(forum.moderator_to_be(f"发起人{number}", sandbox_number(180 + number))["id"], slug)
        clock.advance(days=9)
        forum.log_in()
    seen = set()
    for days in (0, 125, 30, 1, 14, 205):
        clock.advance(days=days)
        forum.log_in()
        outlook = services.compliance.look().figures.moderators
        states = [one["state"] for one in forum.moderators()]
        assert dict(outlook.by_state) == {state: states.count(state) for state in set(outlook.by_state)}, days
        assert outlook.in_office == len(states)
        ahead = services.reverifications.forecast(None, policies.OVERVIEW_WEEKS.value, None)
        assert list(outlook.weeks) == ahead, days
        seen.update(states)
    assert seen == {"current", "due", "overdue", "suspended"}


def test_the_overview_is_as_it_was_half_a_minute_ago_at_most(services: Services, clock: FakeClock) -> None:
    seconds = [0.0]
    policy, watch = services.posting.policy, services.audit.watch
    compliance = Compliance(services.unit_of_work, policy, watch, services.staff.sessions._seals, lambda: seconds[0])
    first = compliance.overview()
    clock.advance(seconds=1)
    seconds[0] = policies.OVERVIEW_CACHED.value - 1
    assert compliance.overview() is first
    seconds[0] = policies.OVERVIEW_CACHED.value
    assert compliance.overview() is first  # it is read anew beside, and nobody waits for that
    with compliance._lock:
        second = compliance.overview()
    assert second.figures.now == clock.now()
    clock.advance(seconds=1)
    seconds[0] += policies.OVERVIEW_OLDEST.value
    assert compliance.overview().figures.now == clock.now()
