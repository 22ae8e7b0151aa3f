"""Due dates: every boundary, and 500 random histories against a model that goes day after day."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from app import policies
from app.boards.schedules import Deadline, ModeratorState, Ordered, Schedule, Terms, day_of, end_of
from app.boards.terms import DEFAULT, EVERYWHERE, FORUM, TermsChange, TermsHistory, TermsLevel, WantedTerms
from app.kernel.clock import SHANGHAI
from tests.support.obligations import Asked, Obligations, Placed, end_of_day_after

FILED = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_BOARD = "brd_1"


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def schedule(filed_at: datetime = FILED, interval: int = 180, grace: int = 14) -> Schedule:
    return Schedule(day_of(filed_at), Terms(interval, grace))


def test_each_boundary_belongs_to_the_later_state() -> None:
    deadline = schedule().deadline(FILED)
    assert deadline.due_at == shanghai("2027-05-21")  # the end of the 180th day
    assert (deadline.due_at - deadline.opens_at, deadline.suspends_at - deadline.due_at) == (
        timedelta(days=30),
        timedelta(days=14),
    )
    for moment, before, after in (
        (deadline.opens_at, ModeratorState.CURRENT, ModeratorState.DUE),
        (deadline.due_at, ModeratorState.DUE, ModeratorState.OVERDUE),
        (deadline.suspends_at, ModeratorState.OVERDUE, ModeratorState.SUSPENDED),
    ):
        assert (deadline.state(moment - _TICK), deadline.state(moment)) == (before, after)


def test_without_grace_a_due_date_takes_the_powers_at_once() -> None:
    deadline = schedule(grace=0).deadline(FILED)
    assert deadline.state(deadline.due_at) is ModeratorState.SUSPENDED


def test_a_reminder_belongs_to_the_stage_that_began_last_and_to_none_outside_the_window() -> None:
    deadline = schedule().deadline(FILED)
    begins = {days: deadline.due_at - timedelta(days=days) for days in (30, 7, 1)}
    assert deadline.stage(begins[30] - _TICK) is None
    assert [deadline.stage(begins[days]) for days in (30, 7, 1)] == [30, 7, 1]
    assert [deadline.stage(begins[days] - _TICK) for days in (7, 1)] == [30, 7]
    assert (deadline.stage(deadline.due_at - _TICK), deadline.stage(deadline.due_at)) == (1, None)
    moments = [deadline.opens_at - _TICK]
    while (moment := deadline.next_boundary(moments[-1])) is not None:
        moments.append(moment)
    assert moments[1:] == [*begins.values(), deadline.due_at, deadline.suspends_at]


@pytest.mark.parametrize(
    ("interval", "window", "stages"),
    [(30, 15, [15, 7, 1]), (31, 15, [15, 7, 1]), (59, 29, [29, 7, 1]), (60, 30, [30, 7, 1]), (365, 30, [30, 7, 1])],
)
def test_the_window_is_thirty_days_or_half_the_interval(interval: int, window: int, stages: list[int]) -> None:
    deadline = schedule(interval=interval).deadline(FILED)
    assert deadline.due_at - deadline.opens_at == timedelta(days=window)
    days = (deadline.due_at - timedelta(hours=hour, minutes=30) for hour in range(24 * window))
    assert sorted({deadline.stage(moment) or 0 for moment in days}, reverse=True) == stages


def test_who_proves_in_each_window_is_due_once_an_interval_and_who_is_a_moment_early_is_not_done() -> None:
    for interval in range(policies.REVERIFICATION_SHORTEST.value, policies.REVERIFICATION_LONGEST.value + 1):
        plan, verified_at, due_at = schedule(interval=interval), FILED, end_of(day_of(FILED) + interval)
        for _ in range(3):
            deadline = plan.deadline(verified_at)
            assert deadline.due_at == due_at
            assert plan.deadline(deadline.opens_at - _TICK) == deadline
            assert plan.deadline(deadline.opens_at).due_at == due_at + timedelta(days=interval)
            verified_at, due_at = deadline.due_at - _TICK, due_at + timedelta(days=interval)


def test_a_day_is_one_of_shanghai_whatever_day_it_is_in_utc() -> None:
    last, first = shanghai("2026-12-31T23:59:59.999999"), shanghai("2027-01-01T00:00")
    assert (last.day, first.day) == (31, 31)  # 16:00 UTC is in the middle of a day there
    assert schedule(last, 30).deadline(last).due_at == shanghai("2027-01-31")
    assert schedule(first, 30).deadline(first).due_at == shanghai("2027-02-01")


def test_leap_days_and_ends_of_years_are_days_like_any_other() -> None:
    assert schedule(shanghai("2028-02-28T12:00"), 30).deadline(None).due_at == shanghai("2028-03-30")
    assert schedule(shanghai("2027-02-28T12:00"), 30).deadline(None).due_at == shanghai("2027-03-31")
    assert schedule(shanghai("2028-02-29T12:00"), 365).deadline(None).due_at == shanghai("2029-03-01")
    assert schedule(shanghai("2026-12-31T12:00"), 365).deadline(None).due_at == shanghai("2028-01-01")


def test_one_proof_satisfies_every_date_that_is_past() -> None:
    late = FILED + timedelta(days=800)
    assert schedule().deadline(late).due_at == shanghai("2029-05-10")  # the fifth; the fourth was past


def test_who_has_no_proof_any_more_owes_the_first_date() -> None:
    assert schedule().deadline(None).due_at == schedule().deadline(FILED).due_at


def test_an_order_brings_the_date_forward_until_it_is_done_and_never_back() -> None:
    plan, at = schedule(), FILED + timedelta(days=40)
    ordered = Schedule(plan.anchor_day, plan.terms, order=Ordered(at, end_of(day_of(at) + 7)))
    deadline = ordered.deadline(FILED)
    assert (deadline.opens_at, deadline.due_at) == (at, shanghai("2027-01-08"))
    assert deadline.suspends_at == shanghai("2027-01-22")
    assert ordered.deadline(at - _TICK) == deadline
    assert ordered.deadline(at) == plan.deadline(at)  # outside the window the date of the grid stays
    late = Schedule(plan.anchor_day, plan.terms, order=Ordered(at, at + timedelta(days=400)))
    assert late.deadline(FILED) == plan.deadline(FILED)
    at_once = Schedule(plan.anchor_day, plan.terms, order=Ordered(at, at))
    assert at_once.deadline(FILED).state(at) is ModeratorState.OVERDUE
    assert at_once.deadline(FILED).stage(at) is None


def history(*changes: tuple[int, str | None, int | None, int | None]) -> TermsHistory:
    """Days after the filing, board or None for the forum, interval, grace."""
    return TermsHistory(
        [TermsChange(FILED + timedelta(days=days), board, interval, grace) for days, board, interval, grace in changes]
    )


def deadline_at(terms: TermsHistory, days: float, verified_at: datetime | None = FILED) -> Deadline:
    now = FILED + timedelta(days=days)
    return terms.applied(schedule(), _BOARD, FILED, verified_at, now).deadline(verified_at)


def test_a_shorter_interval_gives_thirty_days() -> None:
    terms = history((100, None, 30, None))
    assert deadline_at(terms, 100).due_at == end_of(day_of(FILED) + 130)
    later = FILED + timedelta(days=129)
    assert deadline_at(terms, 129, later).due_at == end_of(day_of(FILED) + 150)


def test_a_longer_interval_lets_the_date_go_and_takes_nothing_back_that_is_past() -> None:
    longer = history((100, None, 365, None))
    assert deadline_at(longer, 100).due_at == end_of(day_of(FILED) + 365)
    after_due = history((181, None, 365, None))
    assert deadline_at(after_due, 185).due_at == end_of(day_of(FILED) + 180)
    assert deadline_at(after_due, 185, FILED + timedelta(days=185)).due_at == end_of(day_of(FILED) + 365)


def test_terms_that_change_twice_hold_from_their_days_on_and_a_change_ahead_does_not_hold_yet() -> None:
    terms = history((10, None, 365, None), (20, None, 60, None))
    assert deadline_at(terms, 9).due_at == end_of(day_of(FILED) + 180)
    assert deadline_at(terms, 10).due_at == end_of(day_of(FILED) + 365)
    assert deadline_at(terms, 20).due_at == end_of(day_of(FILED) + 60)
    assert terms.next_change(_BOARD, FILED + timedelta(days=10)) == FILED + timedelta(days=20)


def test_what_a_board_asks_goes_before_what_its_forum_asks() -> None:
    terms = history((0, _BOARD, 90, None), (5, None, 30, 3), (5, "brd_2", 40, 4))
    assert terms.of_board(_BOARD, FILED + timedelta(days=5)) == Terms(90, 3)
    assert terms.of_board("brd_2", FILED + timedelta(days=5)) == Terms(40, 4)
    assert terms.of_board("brd_3", FILED + timedelta(days=5)) == Terms(30, 3)
    assert terms.of_board("brd_3", FILED + timedelta(days=5) - _TICK) == DEFAULT


def test_of_two_changes_for_the_same_moment_the_later_made_one_holds() -> None:
    terms = history((5, None, 60, 7), (5, None, 90, 9))
    assert terms.of_board(_BOARD, FILED + timedelta(days=5)) == Terms(90, 9)


def test_what_the_operator_asks_everywhere_counts_where_neither_forum_nor_board_says_more() -> None:
    everywhere = TermsChange(FILED + timedelta(days=2), None, 60, 7, everywhere=True)
    terms = TermsHistory([everywhere, *history((5, None, 90, None), (6, _BOARD, None, 3)).changes])
    told = [terms.of_board(_BOARD, FILED + timedelta(days=days)) for days in (1, 2, 5, 6)]
    assert told == [DEFAULT, Terms(60, 7), Terms(90, 7), Terms(90, 3)]
    assert TermsHistory([everywhere]).of_board(None, FILED + timedelta(days=2)) == Terms(60, 7)


def test_a_change_now_does_not_end_with_one_of_something_else_that_was_announced_before() -> None:
    for level in (FORUM, EVERYWHERE, TermsLevel(_BOARD)):
        interval = WantedTerms(frozenset({"interval_days"}), interval_days=90)
        grace = WantedTerms(frozenset({"grace_days"}), grace_days=3)
        ahead = TermsHistory([TermsHistory([]).with_wanted(level, interval, FILED + timedelta(days=30))])
        (carried,) = ahead.carried_on(level, grace, FILED)
        now = ahead.with_wanted(level, grace, FILED)
        terms = TermsHistory([now, *ahead.changes, carried])
        assert terms.of_board(_BOARD, FILED) == Terms(180, 3)
        assert terms.of_board(_BOARD, FILED + timedelta(days=30)) == Terms(90, 3)
        assert list(terms.carried_on(level, interval, FILED)) == []  # an interval is what was announced
        assert list(terms.carried_on(level, grace, FILED + timedelta(days=30))) == []


def test_what_was_announced_last_for_a_moment_is_what_is_carried_on() -> None:
    moment, grace = FILED + timedelta(days=30), WantedTerms(frozenset({"grace_days"}), grace_days=3)
    both = [
        TermsChange(moment, None, 60, None, named=frozenset({"interval_days"})),
        TermsChange(moment, None, 90, None, named=frozenset({"interval_days"})),
    ]
    assert list(TermsHistory(both).carried_on(FORUM, grace, FILED)) == [TermsChange(moment, None, 90, 3)]


def test_a_shorter_grace_takes_no_day_from_what_is_due_or_ordered() -> None:
    terms = history((185, None, None, 0))
    assert deadline_at(terms, 185).suspends_at == end_of(day_of(FILED) + 180) + timedelta(days=14)
    terms, now = history((45, None, None, 0)), FILED + timedelta(days=45)
    order = Ordered(FILED + timedelta(days=40), FILED + timedelta(days=41))
    plan = Schedule(day_of(FILED), DEFAULT, order=order)
    applied = terms.applied(plan, _BOARD, FILED, FILED, now).deadline(FILED)
    assert applied.suspends_at == order.due_at + timedelta(days=14)


def test_the_powers_go_off_as_soon_as_any_date_that_is_owed_takes_them() -> None:
    """A generous date of before does not put off a strict one of now."""
    terms = history((151, None, 30, 0))
    deadline = deadline_at(terms, 151)
    assert deadline.due_at == end_of(day_of(FILED) + 180)
    assert deadline.suspends_at == end_of(day_of(FILED) + 181)


def test_days_due_are_those_of_who_proves_on_each_day() -> None:
    plan, first = schedule(interval=30), day_of(FILED)
    assert list(plan.days_due(first, first + 100, FILED)) == [first + 30, first + 60, first + 90]
    assert list(plan.days_due(first + 31, first + 61, FILED)) == [first + 60]
    ordered = Schedule(plan.anchor_day, plan.terms, order=Ordered(FILED, end_of(first + 5)))
    assert list(ordered.days_due(first, first + 40, FILED - _TICK)) == [first + 5, first + 30]


_HISTORIES, _STEPS = 500, 14


def test_500_random_histories_are_judged_as_by_the_model() -> None:
    for seed in range(_HISTORIES):
        _live(Random(seed))  # noqa: S311 -- a history to be found again


def _live(random: Random) -> None:
    """Pure rules against the model, asked after every step, also about moments near each boundary."""
    changes: list[TermsChange] = []
    life = Obligations(FILED + timedelta(seconds=random.randrange(86_400)), [FILED])
    now, order = life.filed_at, None
    plan = Schedule(day_of(life.filed_at), DEFAULT)
    for _ in range(_STEPS):
        now += timedelta(seconds=random.choice((0, 3_600, 86_400, 20 * 86_400, 90 * 86_400)) * random.random())
        what = random.choice(("prove", "order", "terms", "terms", "wait"))
        if what == "prove":
            life.proofs.append(now)
        if what == "order":
            placed = Placed(now, end_of_day_after(now, random.randrange(40)), len(life.proofs))
            if order is None or life.proofs[-1] >= order.ordered_at:
                order = Ordered(now, placed.due)
            else:
                order = Ordered(order.ordered_at, min(order.due_at, placed.due))
            life.orders.append(placed)
        if what == "terms":
            since = now + timedelta(days=random.choice((0, 0, 1, 40)))
            level, interval = random.choice(("board", "forum", "all")), random.choice((None, 30, 31, 60, 90, 180, 365))
            grace, on_board, everywhere = random.choice((None, 0, 3, 14, 90)), level == "board", level == "all"
            board = _BOARD if on_board else None
            changes.append(TermsChange(since, board, interval, grace, everywhere=everywhere))
            life.asked.append(Asked(since, on_board, interval, grace, everywhere))
        terms = TermsHistory(sorted(changes, key=lambda change: change.effective_at))
        begun = Schedule(plan.anchor_day, plan.terms, order=order)
        deadline = terms.applied(begun, _BOARD, life.filed_at, life.proofs[-1], now).deadline(life.proofs[-1])
        judged = life.judge(now)
        assert (deadline.state(now), deadline.due_at, deadline.suspends_at) == judged, (life, now)
