"""The pages of complaints, violations and reports: something on each, and what is said where something is wrong."""

from collections.abc import Iterator
from datetime import date, timedelta

from app.accounts.domain import AccountName
from app.kernel.actor import OPERATOR
from app.kernel.secret import Secret
from app.organisation.domain import AuthorityEntry, AuthorityKind
from app.reporting.desk import NewComplaint
from app.reporting.docket import CaseFilter
from app.reporting.domain import Category, Contact, OnBehalf, TargetKind
from app.reporting.filing import NamedTarget
from app.reporting.handling import CaseView
from app.reporting.offences import Content, NewReport, NewViolation, Source, ViolationFilter
from app.staff.access import Role
from tests.browser.acting import press
from tests.browser.pages import Walker
from tests.support.staff import StaffLogin, make_staff

_POLICE, _CITY, _WHAT, _NOTE = (
    "镜湖市公安局网安支队",
    "镜湖市",
    "楼主让我先付款，付完就拉黑了。",
    "涉嫌网络赌博，请协助。",
)
_SAID, _REF = "加群稳赚不赔", "post-88"
REPORTED = (_POLICE, _CITY, _WHAT, _NOTE, _SAID, _REF, "second@forum.example", "first@forum.example")
"""What people wrote into what is shown there."""
_CASES, _VIOLATIONS = "/console/complaints", "/console/violations"


def reporting_pages(walker: Walker, account_id: str) -> Iterator[str]:
    first, second = (
        make_staff(walker.services, Role.COMPLIANCE, Role.REVIEWER, email=f"{name}@forum.example")
        for name in ("first", "second")
    )
    _sign_in(walker, first)
    yield from _cases(walker, second, account_id)
    yield from _violations(walker, account_id)
    yield from _reports(walker, second)
    for name, address in (("integrity", "/console/integrity"), ("own-accounts", "/console/me/accounts")):
        walker.page.goto(address)
        yield f"console-{name}-full"


def _sign_in(walker: Walker, login: StaffLogin) -> None:
    walker.context.add_cookies([{"name": "staff", "value": login.cookie, "url": walker.visitor.address}])


def _file(walker: Walker, account_id: str, category: Category, on_behalf: OnBehalf = OnBehalf.PERSON) -> None:
    forum_id = walker.services.forums.list_all()[0].forum.id
    target = NamedTarget(TargetKind.CONTENT, _REF, account_id)
    contact = Contact(Secret("13900000000"), Secret("a@example.com"))
    filed = NewComplaint(forum_id, category, target, Secret(_WHAT), (Secret(_SAID),), contact, on_behalf)
    walker.services.complaints.public.file(filed)


def _cases(walker: Walker, second: StaffLogin, account_id: str) -> Iterator[str]:
    page = walker.page
    for category in (Category.FRAUD, Category.MINORS):
        _file(walker, account_id, category)
    _file(walker, account_id, Category.DEFAMATION, OnBehalf.COMPANY)
    page.goto(_CASES)
    yield "console-complaints-many"
    page.keyboard.press("c")
    page.wait_for_selector("[data-fitting]")
    yield "console-complaint-taken"
    press(page, "section form[action$=decide] button")
    yield "console-complaint-undecided"
    page.locator("summary[data-key=r]").click()
    press(page, "section form[action$=reply] button")
    yield "console-complaint-reply-empty"
    page.goto(f"{_CASES}?late=1&mine=1")
    yield "console-complaints-none"
    (company,) = (one.case for one in _all(walker, second) if one.case.on_behalf is OnBehalf.COMPANY)
    page.goto(f"{_CASES}?open={company.id}")
    page.locator("[data-key=c]").click()
    page.wait_for_selector("[data-fitting]")
    page.keyboard.press("d")
    page.locator("input[name=outcome][value=upheld]").check()
    page.locator("input[name=reason][value=content_removed]").check()
    page.locator("input[name=measure-delete]").check()
    press(page, "section form[action$=decide] button")
    page.goto(f"{_CASES}?agreement=1")
    yield "console-complaint-to-agree"


def _all(walker: Walker, who: StaffLogin) -> list[CaseView]:
    return list(walker.services.complaints.handling.list_all(who.member().as_actor(), CaseFilter()))


def _violations(walker: Walker, account_id: str) -> Iterator[str]:
    page, services, now = walker.page, walker.services, walker.services.clock.now()
    forum_id = services.forums.list_all()[0].forum.id
    content = Content(_REF, _SAID, now - timedelta(hours=40), "192.0.2.7", 52311)
    found = NewViolation(
        AccountName(account_id=account_id), None, Category.GAMBLING, Source.PATROL, now - timedelta(hours=30), content
    )
    violation = services.violations.record(OPERATOR, forum_id, found).violation.id
    page.goto(_VIOLATIONS)
    yield "console-violations-many"
    page.goto(f"{_VIOLATIONS}/new")
    press(page, "main form .primary")
    yield "console-violation-new-empty"
    page.goto(f"{_VIOLATIONS}/{violation}")
    press(page, "main form[action$=measures] .primary")
    yield "console-violation-no-measure"
    page.goto(f"{_VIOLATIONS}/{violation}")
    page.locator("details:has(#why_open) summary").click()
    page.locator("#why_open").fill(_NOTE)
    press(page, "main form[action$=evidence] button")
    yield "console-violation-opened"


def _reports(walker: Walker, second: StaffLogin) -> Iterator[str]:
    page, services = walker.page, walker.services
    entry = AuthorityEntry(_POLICE, AuthorityKind.PS_LOCAL, _CITY, "https://ps.example/", date(2026, 1, 5))
    police = services.organisation.add_authority(OPERATOR, entry).id
    violation = services.violations.list_all(ViolationFilter())[0].violation.id
    report = services.authority_reports.draft(OPERATOR, violation, NewReport(police, _NOTE)).id
    here = f"/console/reports/{report}"
    page.goto(here)
    yield "console-report-draft"
    services.authority_reports.approve(second.member().as_actor(), report)
    for name, address in (("report", here), ("report-print", f"{here}/print"), ("reports", "/console/reports")):
        page.goto(address)
        yield f"console-{name}-approved"
