"""Clocks of cases: what is promised, what a question moves, and when a case is late."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.kernel.clock import SHANGHAI
from app.kernel.ids import ForumId, StaffId
from app.reporting.clocks import CLOCKS, accepted, answered, appealed, asked, due, standing
from app.reporting.domain import (
    Case,
    CaseId,
    CaseKind,
    Category,
    Decided,
    OnBehalf,
    Queue,
    Standing,
    TargetKind,
    queue_of,
)

MINUTE = timedelta(minutes=1)


def at(day: str, clock: str = "09:00") -> datetime:
    return datetime.fromisoformat(f"2026-{day}T{clock}").replace(tzinfo=SHANGHAI)


def received(queue: Queue, now: datetime) -> Case:
    clock = CLOCKS[queue]
    return Case(
        id=CaseId("cmp_1"),
        kind=CaseKind.COMPLAINT,
        forum_id=ForumId("frm_1"),
        queue=queue,
        category=Category.FRAUD,
        target_kind=TargetKind.ACCOUNT,
        target_account_id=None,
        target_board_id=None,
        against=None,
        on_behalf=OnBehalf.PERSON,
        received_at=now,
        respond_by=clock.decide_by(now),
        next_by=clock.acknowledge_by(now),
        asked_at=None,
        accepted_at=None,
        accepted_by=None,
        assigned_at=None,
        assigned_to=None,
        decided=None,
        appealed_at=None,
        appeal_decided=None,
        measures=(),
        agreed_at=None,
        agreed_by=None,
        escalated_at=None,
        appeal_escalated_at=None,
        ended_at=None,
        version=1,
    )


def taken_up(case: Case, now: datetime) -> Case:
    return accepted(replace(case, accepted_at=now, accepted_by=StaffId("stf_1")))


@pytest.mark.parametrize(
    ("queue", "start", "acknowledged", "decided"),
    [
        (Queue.ORDINARY, at("09-30", "15:00"), at("10-08", "15:00"), at("10-10", "15:00")),
        (Queue.DOXXING, at("09-30", "16:00"), at("10-08", "10:00"), at("10-08", "16:00")),
        (Queue.MISUSE, at("11-28", "12:00"), at("11-30", "11:00"), at("11-30", "17:00")),
        (Queue.MINORS, at("10-03", "23:30"), at("10-04", "01:30"), at("10-04", "01:30")),
        (Queue.APPEALS, at("11-27", "13:00"), at("11-30", "13:00"), at("12-04", "13:00")),
    ],
)
def test_each_queue_has_its_own_promise(
    queue: Queue, start: datetime, acknowledged: datetime, decided: datetime
) -> None:
    case = received(queue, start)
    assert (case.next_by, case.respond_by) == (acknowledged, decided)
    assert taken_up(case, start).next_by == decided


def test_what_hurts_a_child_goes_before_everything_else() -> None:
    assert queue_of(Category.MINORS, TargetKind.IDENTITY_MISUSE) is Queue.MINORS
    assert queue_of(Category.IMPERSONATION, TargetKind.ACCOUNT) is Queue.MISUSE
    assert queue_of(Category.OTHER, TargetKind.IDENTITY_MISUSE) is Queue.MISUSE
    assert (
        queue_of(Category.DOXXING, TargetKind.CONTENT) is queue_of(Category.OTHER, TargetKind.PRIVACY) is Queue.DOXXING
    )
    assert queue_of(Category.SPAM, TargetKind.BOARD) is Queue.ORDINARY


def test_a_case_is_late_exactly_at_its_end_and_near_when_a_quarter_is_left() -> None:
    case = received(Queue.ORDINARY, at("11-26"))
    assert standing(case, at("11-26", "14:59")) is Standing.ON_TIME
    assert standing(case, at("11-26", "15:00")) is Standing.NEAR
    assert standing(case, at("11-26", "17:00") - MINUTE) is Standing.NEAR
    assert standing(case, at("11-26", "17:00")) is Standing.LATE
    case = taken_up(case, at("11-26", "17:00"))
    assert standing(case, at("11-26", "17:00")) is Standing.ON_TIME
    assert standing(case, at("11-29", "12:00")) is Standing.ON_TIME  # eight of twenty-four hours are left
    assert standing(case, at("11-30", "11:00")) is Standing.NEAR
    assert standing(case, at("11-30", "17:00")) is Standing.LATE
    assert standing(replace(case, ended_at=at("11-27")), at("12-30")) is Standing.ENDED


def test_the_clock_stands_still_while_a_question_waits_and_the_promise_moves_by_just_that() -> None:
    case = taken_up(received(Queue.ORDINARY, at("11-23")), at("11-23"))
    waiting = asked(case, at("11-24", "10:00"))
    assert due(waiting) == waiting.next_by == at("11-30", "17:00")  # as long as a question may wait, three days
    assert asked(waiting, at("11-24", "12:00")) == waiting
    told = answered(waiting, at("11-25", "12:00"))
    assert told.respond_by == told.next_by == at("11-26", "17:00") + timedelta(hours=18)  # ten working hours later
    assert told.asked_at is None
    assert answered(told, at("11-26")) == told


def test_questions_never_stop_a_clock_for_longer_than_they_may_together() -> None:
    case = taken_up(received(Queue.ORDINARY, at("11-02")), at("11-02"))
    late = answered(asked(case, at("11-03")), at("11-20"))
    assert late.respond_by == at("11-09", "17:00")
    assert answered(asked(case, at("11-03")), at("11-05")).respond_by == at("11-06", "17:00")
    again = asked(answered(asked(case, at("11-03")), at("11-05")), at("11-05"))
    assert due(again) == at("11-09", "17:00")
    late = asked(case, at("11-04", "17:00"))
    assert due(late) == answered(late, at("11-06")).respond_by == case.respond_by  # late is late


def test_a_clock_that_runs_day_and_night_stops_for_no_question() -> None:
    case = taken_up(received(Queue.MINORS, at("10-03", "23:30")), at("10-03", "23:40"))
    waiting = asked(case, at("10-04", "00:00"))
    assert due(waiting) == answered(waiting, at("10-04", "01:00")).respond_by == at("10-04", "01:30")


def test_an_appeal_against_an_outcome_begins_a_clock_of_its_own() -> None:
    case = taken_up(received(Queue.MINORS, at("11-26")), at("11-26"))
    decided = replace(
        case, decided=Decided("upheld", "other", at("11-26"), StaffId("stf_1"), None), ended_at=at("11-26")
    )
    begun = appealed(decided, at("11-27", "13:00"))
    assert begun.respond_by == begun.next_by == at("12-04", "13:00")
    assert standing(begun, at("11-30")) is Standing.ON_TIME
    assert standing(begun, at("12-04", "13:00")) is Standing.LATE
