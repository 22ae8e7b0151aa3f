"""Clocks of cases: by when one is accepted and decided, when it stands still, and how it stands at a moment.

Source: L11d (Art. 11), which names no period: every number comes from `app.policies`. Boundaries belong to the later
state: exactly at its end a case is late. What was promised when a case came in stays promised.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app import policies
from app.reporting.calendar import add_working, working_between
from app.reporting.domain import Case, Queue, Standing

_WAITS = timedelta(hours=policies.COMPLAINT_WAITS.value)
_NEAR = policies.COMPLAINT_NEAR.value / 100


@dataclass(frozen=True, slots=True)
class Clock:
    """How long a queue may take, in hours; of working time unless it runs round the clock."""

    acknowledge_within: int
    decide_within: int
    round_the_clock: bool = False

    def add(self, start: datetime, passed: timedelta) -> datetime:
        return start + passed if self.round_the_clock else add_working(start, passed.total_seconds() / 3600)

    def between(self, start: datetime, end: datetime) -> timedelta:
        if self.round_the_clock:
            return max(end - start, timedelta())
        return working_between(start, end)

    def acknowledge_by(self, received_at: datetime) -> datetime:
        return self.add(received_at, timedelta(hours=self.acknowledge_within))

    def decide_by(self, received_at: datetime) -> datetime:
        return self.add(received_at, timedelta(hours=self.decide_within))


_URGENT = Clock(policies.URGENT_ACKNOWLEDGED.value, policies.URGENT_DECIDED.value)
CLOCKS = {
    Queue.ORDINARY: Clock(policies.COMPLAINT_ACKNOWLEDGED.value, policies.COMPLAINT_DECIDED.value),
    Queue.MINORS: Clock(policies.MINORS_ACKNOWLEDGED.value, policies.MINORS_DECIDED.value, round_the_clock=True),
    Queue.DOXXING: _URGENT,
    Queue.MISUSE: _URGENT,
    Queue.APPEALS: Clock(policies.APPEAL_ACKNOWLEDGED.value, policies.APPEAL_DECIDED.value),
}


def clock_of(case: Case) -> Clock:
    """Of the stage that a case is in: an appeal against an outcome has the clock of appeals, and nobody accepts it."""
    return CLOCKS[case.queue if case.appealed_at is None else Queue.APPEALS]


def due(case: Case) -> datetime:
    """By when it is decided: what was promised, and while a question waits as much more as it may wait."""
    return case.respond_by if case.asked_at is None else clock_of(case).add(case.respond_by, _pause_left(case))


def next_by(case: Case) -> datetime:
    """The next moment by which something must happen."""
    if case.accepted_at is None:
        return clock_of(case).acknowledge_by(case.received_at)
    return due(case)


def asked(case: Case, now: datetime) -> Case:
    """A question stops the clock, unless time is over already, or it is a clock that stops for nobody."""
    if case.asked_at is not None:
        return case
    return with_next(replace(case, asked_at=now))


def answered(case: Case, now: datetime) -> Case:
    """The clock goes on: the promise moves by the time that the question waited."""
    if case.asked_at is None:
        return case
    clock = clock_of(case)
    waited = min(clock.between(case.asked_at, now), _pause_left(case))
    return with_next(replace(case, respond_by=clock.add(case.respond_by, waited), asked_at=None))


def accepted(case: Case) -> Case:
    return with_next(case)


def appealed(case: Case, now: datetime) -> Case:
    """The clock of appeals begins."""
    begun = replace(case, appealed_at=now, asked_at=None, ended_at=None)
    return with_next(replace(begun, respond_by=clock_of(begun).decide_by(now)))


def standing(case: Case, now: datetime) -> Standing:
    if not case.is_open:
        return Standing.ENDED
    if now >= case.next_by:
        return Standing.LATE
    clock, since = clock_of(case), case.appealed_at or case.received_at
    left, whole = clock.between(now, case.next_by), clock.between(since, case.next_by)
    return Standing.NEAR if left <= whole * _NEAR else Standing.ON_TIME


def _pause_left(case: Case) -> timedelta:
    """How much longer the clock may stand still for whoever complained; none once time is over, or day and night."""
    clock, since = clock_of(case), case.appealed_at or case.received_at
    if clock.round_the_clock or (case.asked_at is not None and case.asked_at >= case.respond_by):
        return timedelta()
    return max(_WAITS - clock.between(clock.decide_by(since), case.respond_by), timedelta())


def with_next(case: Case) -> Case:
    return replace(case, next_by=next_by(case))
