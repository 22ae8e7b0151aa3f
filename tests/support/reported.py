"""What people complain of and what was found, for pages that must show every word as text."""

from app.accounts.domain import AccountName
from app.kernel.actor import OPERATOR, Actor, ActorKind
from app.kernel.clock import Clock
from app.kernel.ids import AuthorityId, ForumId
from app.kernel.secret import Secret
from app.reporting.desk import NewComplaint
from app.reporting.domain import Category, TargetKind
from app.reporting.filing import NamedTarget
from app.reporting.offences import Content, MeasureKind, NewMeasure, NewReport, NewViolation, Source
from app.wiring import Services

_SECOND = Actor(ActorKind.OPERATOR, "a second person")


def report(
    services: Services, clock: Clock, forum_id: ForumId, account_id: str, authority: AuthorityId, texts: list[str]
) -> dict[str, str]:
    """A complaint with each text, and of the first ones a violation, a measure and a report; their ids."""
    desk, now = services.complaints.public, clock.now()
    cases = [
        desk.file(
            NewComplaint(forum_id, Category.SPAM, NamedTarget(TargetKind.OTHER, said), Secret(said), (Secret(said),))
        )
        for said in texts
    ]
    named, first = AccountName(account_id=account_id), texts[0]
    content = Content(first, "".join(texts), now)
    found = services.violations.record(
        OPERATOR, forum_id, NewViolation(named, None, Category.FRAUD, Source.PATROL, now, content)
    ).violation.id
    services.violations.measure(OPERATOR, None, found, NewMeasure(MeasureKind.DELETE, first))
    services.violations.hold(OPERATOR, found, first)
    told = services.authority_reports.draft(OPERATOR, found, NewReport(authority, first)).id
    services.authority_reports.approve(_SECOND, told)
    return {"case_id": cases[0].case.id, "violation_id": found, "report_id": told}
