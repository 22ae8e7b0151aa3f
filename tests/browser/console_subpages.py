"""The pages that stand below those of the menu, and the refusals: one of each kind, with something on it."""

from collections.abc import Iterator
from datetime import date

from app.agreements.domain import AgreementKind, Draft
from app.audit.search import Question
from app.events.domain import Subscription
from app.kernel.actor import OPERATOR
from app.kernel.secret import Secret
from app.organisation.domain import Appointed, AuthorityEntry, AuthorityKind, Duty, FiledForum, Rank
from app.staff.access import Role
from tests.browser.pages import Walker
from tests.support.disclosing import WANTED, Office, open_office
from tests.support.lexicons import lexicon_file
from tests.support.staff import StaffLogin, make_staff

WRITTEN = (*(str(WANTED[name]) for name in ("authority", "instrument_no", "legal_basis")), "（北京时间）")
"""What people wrote into what is shown there."""
_LONG = "the-director-with-a-rather-long-address-that-has-to-wrap@forum.example"
_DAY = date(2026, 1, 5)


def subpages(walker: Walker, account_id: str) -> Iterator[str]:
    """Seen by somebody to whom everything is open, with something on every page."""
    login = make_staff(walker.services, *Role, email="everything@forum.example")
    _sign_in(walker, login)
    addresses = {**_of_registers(walker, login), **_of_rules(walker), **_of_the_log(walker)}
    office = open_office(walker.services, walker.visitor.address)
    for name, address in addresses.items():
        walker.page.goto(address)
        yield f"console-{name}"
    yield from _disclosures(walker, office, login, account_id)
    yield from _refusals(walker)


def _sign_in(walker: Walker, login: StaffLogin) -> None:
    walker.context.add_cookies([{"name": "staff", "value": login.cookie, "url": walker.visitor.address}])


def _of_registers(walker: Walker, login: StaffLogin) -> dict[str, str]:
    services = walker.services
    forum_id = services.forums.list_all()[0].forum.id
    endpoint = services.webhooks.add(OPERATOR, forum_id, f"{walker.visitor.address}/problems", Subscription(None))
    other = make_staff(services, Role.REVIEWER, email="reviewer-two@forum.example")
    members, forums = f"/console/members/{other.staff_id}", f"/console/forums/{forum_id}"
    return {
        "members-many": "/console/members",
        "member": members,
        "member-change": f"{members}/change",
        "member-disable": f"{members}/disable",
        "member-new": "/console/members/new",
        "member-own": f"/console/members/{login.staff_id}",
        "forum": forums,
        "forum-rotate": f"{forums}/rotate",
        "forum-disable": f"{forums}/disable",
        "forum-confirm": f"{forums}/confirm",
        "forum-new": "/console/forums/new",
        "webhook": f"/console/work/{forum_id}/{endpoint.endpoint.id}",
        "orders": "/console/moderators/orders",
        "accounts-nobody": "/console/accounts?handle=nobody",
        "own": "/console/me",
        "own-password": "/console/me/password",
        "own-authenticator": "/console/me/authenticator",
    }


def _of_rules(walker: Walker) -> dict[str, str]:
    services, forum_id = walker.services, walker.services.forums.list_all()[0].forum.id
    text = services.agreements.current(AgreementKind.USER)
    draft = Draft(AgreementKind.USER, "2099-01", text.text_zh, text.text_en)
    written = services.agreement_drafts.write(OPERATOR, "User agreement", draft).written
    office = Appointed(Duty.CONTENT_SECURITY, Rank.PRINCIPAL, Secret("Director"), Secret(_LONG), None, _DAY)
    officer = services.organisation.appoint(OPERATOR, office)
    services.organisation.file_forum(OPERATOR, forum_id, FiledForum("ICP 1", None, "Lake Ltd", _DAY))
    entry = AuthorityEntry("Internet office", AuthorityKind.CAC_LOCAL, "Hangzhou", "https://report.example/", _DAY)
    authority = services.organisation.add_authority(OPERATOR, entry)
    lexicon = services.lexicons.import_file(OPERATOR, "own", lexicon_file("gambling")).version
    drafts, change = f"/console/agreements/drafts/{written.id}", "/console/policies/change"
    return {
        "draft": drafts,
        "draft-edit": f"{drafts}/edit",
        "draft-publish": f"{drafts}/publish",
        "agreement-write": "/console/agreements/new?kind=user",
        "agreement": "/console/agreements/versions/1",
        "lexicon": f"/console/lexicons/{lexicon.id}",
        "lexicon-import": "/console/lexicons/import",
        "lexicon-try": "/console/lexicons/try",
        "lexicon-suggestions": "/console/lexicons/suggestions",
        "policy-change": f"{change}?name=reverification_interval",
        "policy-rehearsed": f"{change}?name=reverification_interval&value=90",
        "officers": "/console/organisation/officers",
        "officer-new": "/console/organisation/officers/new",
        "officer": f"/console/organisation/officers/{officer.id}",
        "filing": f"/console/organisation/forums/{forum_id}",
        "authority": f"/console/organisation/authorities/{authority.id}",
        "authority-new": "/console/organisation/authorities/new",
    }


def _of_the_log(walker: Walker) -> dict[str, str]:
    walker.services.audit.sequencer.catch_up()
    [newest] = walker.services.audit.search.find(Question(), 1)
    return {
        "audit-entry": f"/console/audit/{newest.entry_id}",
        "audit-nothing": "/console/audit?object=nobody",
        "audit-wrong-day": "/console/audit?after=yesterday",
    }


def _disclosures(walker: Walker, office: Office, login: StaffLogin, account_id: str) -> Iterator[str]:
    page, here = walker.page, "/console/disclosures"
    page.goto(f"{here}/new?account={account_id}")
    yield "console-disclosure-new"
    page.locator("main form .primary").click()
    yield "console-disclosure-empty"
    asked = office.ask(account_id)
    page.goto(f"{here}/{asked}")
    yield "console-disclosure-to-approve"
    approved = office.approved(account_id)
    _sign_in(walker, office.asker)
    for name, address in (("approved", approved), ("to-open", f"{approved}/open")):
        page.goto(f"{here}/{address}")
        yield f"console-disclosure-{name}"
    office.execute(approved)
    page.goto(f"{here}/{approved}")
    yield "console-disclosure-executed"
    page.goto(here)
    yield "console-disclosures-many"
    _sign_in(walker, login)


def _refusals(walker: Walker) -> Iterator[str]:
    for name, address in (
        ("no-page", "/console/nowhere"),
        ("no-record", "/console/disclosures/nobody"),
        ("no-such-step", "/console/switch/drills"),
        ("unreadable", "/console/accounts?handle=%00"),
    ):
        walker.page.goto(address)
        yield f"console-{name}"
