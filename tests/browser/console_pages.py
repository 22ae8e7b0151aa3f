"""The console's pages and their states: each role walks through all that is open to it."""

from collections.abc import Iterator, Mapping

from playwright.sync_api import expect

from app.console.access import PAGES, opened_to
from app.forums.domain import PausedPlace
from app.kernel.actor import OPERATOR
from app.screening.docket import ReviewFilter
from app.screening.domain import Ruling
from app.screening.review_steps import StepKind
from app.staff.access import Role
from tests.browser.acting import press
from tests.browser.console_reporting import REPORTED, reporting_pages
from tests.browser.console_subpages import WRITTEN, subpages
from tests.browser.pages import Walk, Walker
from tests.support.lexicons import REVIEWED, publish_terms
from tests.support.staff import StaffLogin, make_staff

STAFF_NAMES = ("茶馆", "抽查", "演练", "她说：", REVIEWED, *WRITTEN, *REPORTED)
"""What people wrote into the records that the console shows."""


def _signed_in(walker: Walker, *roles: Role) -> StaffLogin:
    login = make_staff(walker.services, *roles, email=f"{roles[0]}@forum.example")
    walker.context.add_cookies([{"name": "staff", "value": login.cookie, "url": walker.visitor.address}])
    return login


def _all_open(walker: Walker, login: StaffLogin) -> Iterator[str]:
    """Every page of the menu that this member may open."""
    for page in PAGES:
        if opened_to(login.member(), page):
            walker.page.goto(page.path)
            expect(
                walker.page.locator("nav.side [aria-current=page], .menu [aria-current=page]").first
            ).to_be_attached()
            yield f"console-{page.name}"


def console_door(walker: Walker) -> Iterator[str]:
    """Signing in with what can be left out or wrong; and what is closed."""
    walker.page.goto("/console")
    walker.sees("signin.page.title")
    yield "console-sign-in"
    press(walker.page)
    yield "console-sign-in-empty"
    walker.send(email="nobody@forum.example", password="not the password", code="000000")
    yield "console-sign-in-failed"
    _signed_in(walker, Role.AUDITOR)
    walker.page.goto("/console/members")
    yield "console-closed"


def console_of_an_admin(walker: Walker) -> Iterator[str]:
    """Before anything has happened: every list is empty."""
    yield from _all_open(walker, _signed_in(walker, Role.ADMIN, Role.REVIEWER))


def console_of_compliance(walker: Walker) -> Iterator[str]:
    """With a board and its moderators, a text that waits, an order and a pause."""
    forum, page, services = walker.forum, walker.page, walker.services
    founder = forum.moderator_to_be(walker.handle)["id"]
    board = forum.board(founder, name="茶馆")["id"]
    publish_terms(services)
    login = _signed_in(walker, Role.COMPLIANCE, Role.REVIEWER)
    item = {"field": "post", "text": f"她说：{REVIEWED}", "account_id": founder}
    forum.post("/v1/screenings", {"items": [item]}).raise_for_status()
    services.emergency.pauses.pause(OPERATOR, PausedPlace(), "演练")
    yield from _all_open(walker, login)
    page.goto("/console/reviews")
    press(page, "section form[action$=decide] button")
    yield "console-review-undecided"
    press(page, "section form[action$=claim] button")
    (review,) = services.reviews.list_open(ReviewFilter())
    services.review_desk.add(OPERATOR, review.id, StepKind.ESCALATED, "抽查")
    page.goto("/console/reviews")
    yield "console-review-handed-on"
    services.reviews.decide(OPERATOR, review.id, review.version, Ruling.PASS, "抽查")
    page.goto("/console/reviews/decided")
    yield "console-reviews-decided"
    page.goto(f"/console/switch/{services.emergency.pauses.list_in_force()[0].id}/lift")
    yield "console-switch-lift"
    page.goto("/console/moderators?state=overdue")
    yield "console-moderators-none"
    page.goto(f"/console/moderators/order?scope=board:{board}")
    yield "console-order"
    press(page, "main form[method=post] button")
    yield "console-order-no-reason"
    walker.send(reason="抽查")
    yield "console-ordered"
    page.goto("/console/moderators/forecast")
    page.locator("summary").last.click()
    yield "console-forecast"
    page.goto(f"/console/accounts/{founder}")
    yield "console-account"
    yield from subpages(walker, founder)
    yield from reporting_pages(walker, founder)


CONSOLE_WALKS: Mapping[str, Walk] = {
    walk.__name__: walk for walk in (console_door, console_of_an_admin, console_of_compliance)
}
