"""The figures of the dashboard, and whether all is as it must be today (`docs/api.md` part 9)."""

from typing import Annotated

from fastapi import Response
from pydantic import Field

from app.accounts.domain import AccountStatus
from app.api.dependencies import LanguageOf, ServicesOf, problems
from app.api.shapes import Answer, Day, Stamp
from app.api.staff_callers import OverviewCaller
from app.api.staff_dependencies import READING_STAFF, staff_router
from app.audit.findings import Outcome as VerifiedOutcome
from app.audit.watch import AnchorWatched
from app.boards.schedules import ModeratorState
from app.compliance.domain import Asked, Checked, CheckState, Figures, Overview, Posters
from app.compliance.judges import is_late, queues_of
from app.kernel.sentence import Language
from app.screening.patrol import PatrolState
from app.verification.domain import Outcome

router = staff_router("")


class FigureShown(Answer):
    name: str
    value: int


class CheckShown(Answer):
    id: str
    duty: Annotated[str, Field(description="The duty behind it; `design` where no law asks.")]
    state: CheckState
    """`no-data` counts as failing."""
    sentence: str
    figures: list[FigureShown]
    link: str

    @classmethod
    def of(cls, check: Checked, language: Language) -> "CheckShown":
        return cls(
            id=check.id,
            duty=check.duty,
            state=check.state,
            sentence=check.sentence.in_language(language),
            figures=[FigureShown(name=name, value=value) for name, value in check.figures.items()],
            link=check.link,
        )


class StatusCount(Answer):
    status: AccountStatus
    accounts: int


class WeekVerified(Answer):
    starts_on: str
    """A Monday of Shanghai, the newest first."""
    accounts: int


class PostersShown(Answer):
    """Those who would be given a permit now; a share is for who has both numbers."""

    may_post: int
    verified: int
    oldest_verification: Day | None
    """Of the verifications that stand, when the first was made."""
    accounts: int
    by_status: list[StatusCount]
    first_verified_by_week: list[WeekVerified]

    @classmethod
    def of(cls, posters: Posters) -> "PostersShown":
        return cls(
            may_post=posters.may_post,
            verified=posters.verified,
            oldest_verification=posters.oldest_verification,
            accounts=posters.accounts,
            by_status=[StatusCount(status=status, accounts=posters.by_status[status]) for status in AccountStatus],
            first_verified_by_week=[
                WeekVerified(starts_on=monday, accounts=number) for monday, number in posters.verified_by_week
            ],
        )


class AskedShown(Answer):
    permitted: int
    refused: int
    refused_unverified: int

    @classmethod
    def of(cls, asked: Asked) -> "AskedShown":
        return cls(permitted=asked.permitted, refused=asked.refused, refused_unverified=asked.unverified)


class StateCount(Answer):
    state: ModeratorState
    moderators: int


class WeekDue(Answer):
    starts_on: str
    """A day of Shanghai: today, then Mondays."""
    due: int


class ModeratorsShown(Answer):
    in_office: int
    by_state: list[StateCount]
    due_by_week: list[WeekDue]


class ListsShown(Answer):
    boards: int
    never_compared: int
    compared_late: int
    with_unfiled: int


class DayShown(Answer):
    day: str
    verified: int
    rejected: int
    pending: int


class QueueShown(Answer):
    name: str
    waiting: int
    oldest_at: Stamp | None
    due_at: Stamp | None
    """When the oldest will have waited too long; null where nothing waits."""
    late: bool


class PatrolShown(Answer):
    publication: int
    state: PatrolState
    read: int
    found: int
    lag_seconds: int


class JobsShown(Answer):
    jobs: int
    failing: list[str]
    late: list[str]


class AnchorShown(Answer):
    name: str
    anchored_at: Stamp | None
    failing: bool

    @classmethod
    def of(cls, anchor: AnchorWatched) -> "AnchorShown":
        return cls(
            name=anchor.sink,
            anchored_at=anchor.state.anchored_at if anchor.state else None,
            failing=anchor.is_failing(),
        )


class LogShown(Answer):
    size: int
    waiting_since: Stamp | None
    """When the oldest entry without a number was made."""
    signed_at: Stamp | None
    anchors: list[AnchorShown]
    verified_at: Stamp | None
    outcome: VerifiedOutcome | None
    findings: int


class OverviewShown(Answer):
    counted_at: Stamp
    failing: int
    """Checks that fail or have no data."""
    checks: list[CheckShown]
    """The failing ones first."""
    posters: PostersShown
    permits_today: AskedShown
    permits_a_week_ago: AskedShown
    """All of that day."""
    moderators: ModeratorsShown
    lists: ListsShown
    verifications_by_day: list[DayShown]
    """Of Shanghai, the newest first."""
    queues: list[QueueShown]
    patrol: PatrolShown | None
    jobs: JobsShown
    webhook_endpoints: int
    webhook_endpoints_failing: int
    log: LogShown


@router.get("/overview", responses=problems(READING_STAFF))
def show_overview(
    caller: OverviewCaller, services: ServicesOf, language: LanguageOf, response: Response
) -> OverviewShown:
    """Is everything as it must be today: the checks, worst first, and the figures, as `counted_at` says."""
    response.headers["content-language"] = language.value
    return overview_out(services.compliance.overview_for(caller.staff.id), language)


def overview_out(found: Overview, language: Language) -> OverviewShown:
    figures = found.figures
    return OverviewShown(
        counted_at=figures.now,
        failing=found.failing,
        checks=[CheckShown.of(check, language) for check in found.checks],
        posters=PostersShown.of(figures.posters),
        permits_today=AskedShown.of(figures.today),
        permits_a_week_ago=AskedShown.of(figures.week_ago),
        moderators=_moderators(figures),
        lists=ListsShown(
            boards=figures.lists.boards,
            never_compared=figures.lists.never,
            compared_late=figures.lists.late,
            with_unfiled=figures.lists.unfiled,
        ),
        verifications_by_day=[
            DayShown(
                day=one.day,
                verified=one.by_outcome[Outcome.VERIFIED],
                rejected=one.by_outcome[Outcome.REJECTED],
                pending=one.by_outcome[Outcome.PENDING],
            )
            for one in figures.results
        ],
        queues=[
            QueueShown(
                name=queue.name, waiting=queue.waiting, oldest_at=queue.oldest, due_at=queue.due_at, late=queue.late
            )
            for queue in queues_of(figures)
        ],
        patrol=_patrol(figures),
        jobs=_jobs(figures),
        webhook_endpoints=figures.deliveries.endpoints,
        webhook_endpoints_failing=figures.deliveries.endpoints_failing,
        log=_log(figures),
    )


def _moderators(figures: Figures) -> ModeratorsShown:
    found = figures.moderators
    return ModeratorsShown(
        in_office=found.in_office,
        by_state=[
            StateCount(state=state, moderators=found.by_state.get(state, 0))
            for state in ModeratorState
            if state is not ModeratorState.ENDED
        ],
        due_by_week=[WeekDue(starts_on=week.starts_on, due=week.under_policy) for week in found.weeks],
    )


def _patrol(figures: Figures) -> PatrolShown | None:
    patrol = figures.screening.patrol
    if patrol is None:
        return None
    return PatrolShown(
        publication=patrol.publication,
        state=patrol.state,
        read=patrol.read,
        found=patrol.found,
        lag_seconds=int(patrol.lag(figures.now).total_seconds()),
    )


def _jobs(figures: Figures) -> JobsShown:
    return JobsShown(
        jobs=len(figures.jobs),
        failing=[job.name for job in figures.jobs if job.is_failing],
        late=[job.name for job in figures.jobs if is_late(job, figures.now)],
    )


def _log(figures: Figures) -> LogShown:
    audit, verified = figures.audit, figures.verified
    return LogShown(
        size=audit.size,
        waiting_since=audit.waiting_since,
        signed_at=figures.signed_at,
        anchors=[AnchorShown.of(anchor) for anchor in audit.anchors],
        verified_at=verified.ended_at if verified else None,
        outcome=verified.outcome if verified else None,
        findings=verified.findings if verified else 0,
    )
