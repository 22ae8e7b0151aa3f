"""Every act on violations and reports, each ready to be done once: for who looks whether its entry is one with it."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from app.accounts.domain import AccountName
from app.audit.domain import Action
from app.kernel.actor import OPERATOR, Actor, ActorKind
from app.organisation.domain import AuthorityEntry, AuthorityKind
from app.reporting.domain import Category
from app.reporting.offences import KEPT, Content, MeasureKind, NewMeasure, NewReport, NewViolation, Source
from app.wiring import Services
from tests.support.clock import TODAY, FakeClock
from tests.support.desk import Desk

_SECOND = Actor(ActorKind.OPERATOR, "a second person")


def acts_on_violations(services: Services, desk: Desk, clock: FakeClock) -> Mapping[Action, Callable[[], object]]:
    """Time passes meanwhile, until the evidence of one is to go."""
    violations, reports, account = services.violations, services.authority_reports, desk.account("违规的人")

    def new() -> NewViolation:
        content, at = Content("p/1", "网上赌场", clock.now() - timedelta(hours=1)), clock.now()
        return NewViolation(AccountName(account_id=account.id), None, Category.GAMBLING, Source.PATROL, at, content)

    violations.record(OPERATOR, desk.forum_id, new())
    clock.advance(days=KEPT.days)
    entry = AuthorityEntry("网信办", AuthorityKind.CAC_LOCAL, "测试市", "12377", TODAY.date())
    wanted = NewReport(services.organisation.add_authority(OPERATOR, entry).id)
    made = [violations.record(OPERATOR, desk.forum_id, new()).violation.id for _ in range(3)]
    first, second = (reports.draft(OPERATOR, one, wanted).id for one in made[:2])
    reports.approve(_SECOND, second)
    return {
        Action.VIOLATION_RECORDED: lambda: violations.record(OPERATOR, desk.forum_id, new()),
        Action.VIOLATION_MEASURED: lambda: violations.measure(
            OPERATOR, None, made[0], NewMeasure(MeasureKind.DELETE, "赌博")
        ),
        Action.EVIDENCE_OPENED: lambda: violations.open_evidence(OPERATOR, made[0], "抽查"),
        Action.EVIDENCE_HELD: lambda: violations.hold(OPERATOR, made[0], "案件未结"),
        Action.EVIDENCE_ERASED: violations.forget_old,
        Action.REPORT_DRAFTED: lambda: reports.draft(OPERATOR, made[2], wanted),
        Action.REPORT_APPROVED: lambda: reports.approve(_SECOND, first),
        Action.REPORT_SENT: lambda: reports.note_sent(OPERATOR, second, "1", None),
        Action.REPORT_WITHDRAWN: lambda: reports.withdraw(OPERATOR, first, "误报"),
    }
