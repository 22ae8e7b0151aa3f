"""A step that reads every figure of the overview, each by the room that knows it. Source: `docs/api.md` part 9."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from app import policies
from app.accounts.domain import AccountStatus
from app.agreements.domain import AgreementKind
from app.agreements.service import is_in_force
from app.audit.verifications import newest_verification
from app.audit.watch import AuditWatch
from app.boards.outlook import compare_lists, look_ahead
from app.compliance import repository
from app.compliance.domain import Asked, DayOfResults, Disclosers, Figures, Posters
from app.db.unit_of_work import Transaction
from app.disclosure.rules import are_enough
from app.events.service import deliveries_waiting
from app.forums.drills import newest_drill
from app.kernel.clock import SHANGHAI
from app.kernel.ids import StaffId
from app.organisation.service import state_of
from app.posting.campaign import count_campaigns
from app.posting.decision import PostingPolicy
from app.posting.domain import Campaign
from app.posting.errors import ReasonCode
from app.posting.tally import PERMITTED, REFUSED, asked_on
from app.reporting.figures import reporting_figures
from app.screening.watch import look_in
from app.staff.access import OPENED_BY, Permission, Role
from app.staff.domain import Staff
from app.staff.seals import Seals
from app.staff.service import holders_of
from app.staff.standings import all_members
from app.upkeep.job_runs import runs_of_jobs
from app.verification.domain import Outcome
from app.verification.progress import oldest_standing, results_by_day

_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
_STANDING = timedelta(hours=policies.DISCLOSURE_STAFF_STANDING.value)
_MANY, _KEPT = policies.POSTERS_MANY.value, timedelta(minutes=policies.POSTERS_KEPT.value)
_LIST_LATE = timedelta(days=policies.LIST_COMPARED_WITHIN.value)


@dataclass(frozen=True, slots=True)
class Sources:
    """What reading takes beside the database."""

    policy: PostingPolicy
    audit: AuditWatch
    seals: Seals


def read_figures(tx: Transaction, sources: Sources, posters: Posters) -> Figures:
    """A step: `posters` are read by `count_posters`, which takes longer than all the rest."""
    today = tx.now.astimezone(SHANGHAI).date()
    month = [today - _DAY * back for back in range(policies.OVERVIEW_DAYS.value)]
    asked = asked_on(tx.session, month)
    return Figures(
        now=tx.now,
        posters=posters,
        today=_asked(asked[today.isoformat()]),
        week_ago=_asked(asked[(today - _WEEK).isoformat()]),
        month=_asked(sum((Counter(one) for one in asked.values()), Counter[str]())),
        moderators=look_ahead(tx, policies.OVERVIEW_WEEKS.value),
        lists=compare_lists(tx, tx.now - _LIST_LATE),
        results=_results(tx),
        screening=look_in(tx),
        jobs=runs_of_jobs(tx),
        deliveries=deliveries_waiting(tx),
        audit=sources.audit.look_in(tx),
        signed_at=sources.audit.signed_at(tx),
        verified=newest_verification(tx),
        agreements=sum(is_in_force(tx, kind) for kind in AgreementKind),
        disclosers=_disclosers(tx, sources.seals),
        lifters=len(_who_may(tx, sources.seals, Permission.PAUSES)),
        drill=newest_drill(tx),
        reporting=reporting_figures(tx),
        house=state_of(tx),
    )


def known_posters(tx: Transaction, sources: Sources) -> Posters:
    """A step: as they were counted last, where there are so many that counting takes seconds; else counted now."""
    kept = repository.newest(tx.session)
    if kept and kept.accounts >= _MANY and tx.now - kept.counted_at < _KEPT:
        return kept
    since = kept.all_verified_since if kept else None
    found = count_posters(tx, sources)
    return replace(found, all_verified_since=None if found.unverified else since)


def count_posters(tx: Transaction, sources: Sources) -> Posters:
    """A step: reads every account, by the rules that permits go by."""
    campaigns = count_campaigns(tx, None, sources.policy)
    return Posters(
        accounts=sum(one.accounts for one in campaigns),
        by_status={status: sum(one.by_status[status] for one in campaigns) for status in AccountStatus},
        may_post=sum(one.may_post for one in campaigns),
        unverified=sum(one.unverified_may_post for one in campaigns),
        oldest_verification=oldest_standing(tx),
        verified_by_week=_by_week(campaigns),
        counted_at=tx.now,
    )


def _by_week(campaigns: list[Campaign]) -> tuple[tuple[str, int], ...]:
    found: dict[date, int] = {}
    for one in campaigns:
        for monday, number in one.verified_by_week:
            found[monday] = found.get(monday, 0) + number
    return tuple((monday.isoformat(), number) for monday, number in found.items())


def _asked(by_outcome: Mapping[str, int]) -> Asked:
    return Asked(
        by_outcome.get(PERMITTED, 0), by_outcome.get(REFUSED, 0), by_outcome.get(ReasonCode.IDENTITY_UNVERIFIED, 0)
    )


def _who_may(tx: Transaction, seals: Seals, permission: Permission) -> dict[StaffId, Staff]:
    return {one.id: one for role in OPENED_BY[permission] for one in holders_of(tx, seals, role)}


def _disclosers(tx: Transaction, seals: Seals) -> Disclosers:
    approvers = holders_of(tx, seals, Role.PRIVACY, _STANDING)
    requesters, members = _who_may(tx, seals, Permission.DISCLOSURE_REQUEST), {one.id: one for one in all_members(tx)}
    requesters = _who_may(tx, seals, Permission.DISCLOSURE_REQUEST)
    members = {one.id: one for one in all_members(tx) if seals.whole(one)}
    needed = policies.DISCLOSURE_STAFF.value
    able = any(are_enough(approvers, one, members, needed, tx.now) for one in requesters.values())
    return Disclosers(len(requesters), len(approvers), able)


def _results(tx: Transaction) -> list[DayOfResults]:
    begins = days_until(tx.now, policies.OVERVIEW_DAYS.value)
    found = results_by_day(tx, begins)
    return [
        DayOfResults(
            begin.astimezone(SHANGHAI).date().isoformat(),
            {outcome: found.get((place, outcome), 0) for outcome in Outcome},
        )
        for place, begin in enumerate(begins)
    ]


def days_until(now: datetime, days: int) -> list[datetime]:
    """The beginnings of the last days in Shanghai, today's first."""
    today = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    return [today - _DAY * back for back in range(days)]
