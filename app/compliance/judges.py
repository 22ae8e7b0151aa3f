"""What each check of the overview looks at: a state, and the numbers that it rests on.

What nobody has measured counts as failing.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from app import policies
from app.audit.findings import Outcome
from app.boards.schedules import ModeratorState
from app.compliance.domain import CheckState, Figures, Queue
from app.kernel.clock import SHANGHAI
from app.organisation.domain import AuthorityKind
from app.screening.patrol import PatrolState
from app.upkeep.domain import JobRun

_LATEST_REVIEW = timedelta(hours=policies.REVIEW_WITHIN.value)
_LATEST_DELIVERY = timedelta(minutes=policies.DELIVERY_WITHIN.value)
_LATEST_PATROL = timedelta(hours=policies.PATROL_WITHIN.value)
_LATEST_VERIFICATION = timedelta(hours=policies.AUDIT_VERIFICATION_LATE.value)
_AGREEMENT_KINDS = 2
_TWO = 2
Found = tuple[CheckState, Mapping[str, int]]
_NOTHING: Found = (CheckState.NO_DATA, {})


def _well_if(well: bool, /, **numbers: int) -> Found:  # noqa: FBT001 -- the answer itself
    return (CheckState.OK if well else CheckState.FAILING), numbers


def posters(figures: Figures) -> Found:
    posters = figures.posters
    if posters.may_post == 0:
        return _NOTHING
    return _well_if(
        posters.unverified == 0, unverified=posters.unverified, verified=posters.verified, may_post=posters.may_post
    )


def overdue(figures: Figures) -> Found:
    moderators = figures.moderators
    if moderators.in_office == 0:
        return _NOTHING
    overdue = moderators.by_state.get(ModeratorState.OVERDUE, 0)
    stopped = moderators.by_state.get(ModeratorState.SUSPENDED, 0)
    return _well_if(overdue == stopped == 0, overdue=overdue, stopped=stopped, in_office=moderators.in_office)


def lists(figures: Figures) -> Found:
    lists = figures.lists
    if lists.boards == lists.never:
        return CheckState.NO_DATA, {"boards": lists.boards, "never": lists.never}
    wrong = lists.unfiled + lists.late + lists.never
    return _well_if(wrong == 0, boards=lists.boards, unfiled=lists.unfiled, late=lists.late + lists.never)


def agreements(figures: Figures) -> Found:
    return _well_if(figures.agreements == _AGREEMENT_KINDS, in_force=figures.agreements, kinds=_AGREEMENT_KINDS)


def queues_of(figures: Figures) -> tuple[Queue, ...]:
    """What waits for somebody, each with its clock."""
    waiting, deliveries = figures.screening.reviews, figures.deliveries
    return (
        Queue("reviews", waiting.open, waiting.oldest, _LATEST_REVIEW, figures.now),
        Queue("webhook-deliveries", deliveries.waiting, deliveries.oldest, _LATEST_DELIVERY, figures.now),
    )


def is_late(job: JobRun, now: datetime) -> bool:
    return job.lag(now) >= policies.JOB_BEHIND.value


def reviews(figures: Figures) -> Found:
    queue, _ = queues_of(figures)
    return _well_if(not queue.late, open=queue.waiting, hours=_hours(queue.age), limit_hours=_hours(_LATEST_REVIEW))


def patrol(figures: Figures) -> Found:
    patrol = figures.screening.patrol
    if patrol is None:
        return _NOTHING
    lag = patrol.lag(figures.now)
    return _well_if(
        patrol.state is not PatrolState.FLOODED and lag < _LATEST_PATROL, read=patrol.read, hours=_hours(lag)
    )


def numbered(figures: Figures) -> Found:
    if figures.audit.size == 0:
        return _NOTHING
    lag = figures.audit.lag(figures.now)
    late = lag >= timedelta(seconds=policies.AUDIT_LATE.value)
    return _well_if(not late, entries=figures.audit.size, seconds=int(lag.total_seconds()))


def anchored(figures: Figures) -> Found:
    anchors = figures.audit.anchors
    if not anchors:
        return _NOTHING
    late = timedelta(seconds=policies.AUDIT_ANCHOR_LATE.value)
    well = sum(not one.is_failing() and (age := one.age(figures.now)) is not None and age < late for one in anchors)
    return _well_if(well == len(anchors), well=well, anchors=len(anchors))


def log_verified(figures: Figures) -> Found:
    last = figures.verified
    if last is None or last.ended_at is None:
        return _NOTHING
    age = max(figures.now - last.ended_at, timedelta())
    well = last.outcome is Outcome.CLEAN and age < _LATEST_VERIFICATION
    return _well_if(well, entries=last.entries, findings=last.findings, hours=_hours(age))


def jobs(figures: Figures) -> Found:
    if not figures.jobs:
        return _NOTHING
    failing = sum(job.is_failing for job in figures.jobs)
    late = sum(is_late(job, figures.now) for job in figures.jobs)
    return _well_if(failing == late == 0, jobs=len(figures.jobs), failing=failing, late=late)


def deliveries(figures: Figures) -> Found:
    _, queue = queues_of(figures)
    failing = figures.deliveries.endpoints_failing
    well, minutes = not queue.late and failing == 0, int(queue.age.total_seconds()) // 60
    return _well_if(well, waiting=queue.waiting, minutes=minutes, endpoints_failing=failing)


def disclosers(figures: Figures) -> Found:
    found = figures.disclosers
    return _well_if(found.able, requesters=found.requesters, approvers=found.approvers)


def lifters(figures: Figures) -> Found:
    return _well_if(figures.lifters >= _TWO, members=figures.lifters)


def drilled(figures: Figures) -> Found:
    if figures.drill is None:
        return _NOTHING
    days = (figures.now.astimezone(SHANGHAI).date() - figures.drill).days
    return _well_if(days < policies.DRILL_WITHIN.value, days=days, limit_days=policies.DRILL_WITHIN.value)


def officers(figures: Figures) -> Found:
    return _well_if(not figures.house.vacancies, vacancies=len(figures.house.vacancies))


def authorities(figures: Figures) -> Found:
    house = figures.house
    if house.authorities == 0:
        return _NOTHING
    missing, to_review = len(house.kinds_missing), house.authorities_to_review
    return _well_if(missing == to_review == 0, authorities=house.authorities, missing=missing, to_review=to_review)


def filings(figures: Figures) -> Found:
    house = figures.house
    if house.forums == 0:
        return _NOTHING
    return _well_if(house.forums_to_review == 0, forums=house.forums, to_review=house.forums_to_review)


def complaints(figures: Figures) -> Found:
    cases = figures.reporting.cases
    return _well_if(cases.late == 0, open=cases.open, late=cases.late)


def told(figures: Figures) -> Found:
    """Boundary: exactly at its end the time is over."""
    by_kind = {one.kind: one for one in figures.reporting.untold}
    police, cac = by_kind[AuthorityKind.PS_LOCAL], by_kind[AuthorityKind.CAC_LOCAL]
    return _well_if(
        police.late == cac.late == 0, police=police.number, police_late=police.late, cac=cac.number, cac_late=cac.late
    )


def stopped(figures: Figures) -> Found:
    """Nothing that was found stays as it is for longer than the time in which it is to be reported."""
    violations, latest = figures.reporting.violations, timedelta(hours=policies.PS_REPORT_WITHIN.value)
    oldest = violations.oldest_unstopped
    age = max(figures.now - oldest, timedelta()) if oldest else timedelta()
    waiting = violations.recorded + violations.ordered
    return _well_if(age < latest, waiting=waiting, hours=_hours(age), limit_hours=_hours(latest))


def reachable(figures: Figures) -> Found:
    missing = len(figures.reporting.violations.authorities_missing)
    return _well_if(missing == 0, missing=missing)


def calendar(figures: Figures) -> Found:
    """Boundary: it must reach beyond the longest promise that is made today."""
    until = figures.reporting.calendar_until
    left = (until - figures.now.astimezone(SHANGHAI).date()).days
    return _well_if(left >= policies.CALENDAR_AHEAD.value, year=until.year, days=max(left, 0))


def _hours(period: timedelta) -> int:
    return int(period.total_seconds()) // 3600
