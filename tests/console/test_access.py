"""The door of the console: which role opens which page, whose forms are taken, and what a session's cookie is like."""

import re
from datetime import timedelta

import httpx2
import pytest
from fastapi.routing import APIRoute

from app.agreements.domain import AgreementKind, Draft
from app.audit.domain import Action
from app.compliance.checks import CHECKS
from app.console.access import PAGES, opened_to, page_at
from app.console.routes import ROUTERS
from app.kernel.actor import OPERATOR
from app.kernel.sentence import Language
from app.staff.access import Role
from app.web.words import text
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.console import AtConsole
from tests.support.forum import NO_CERTIFICATES
from tests.support.staff import PASSWORD, make_staff

_SIGN_IN = "/console/sign-in"
_NAMED = re.compile(r"\{[^}]+\}")


def forms() -> list[str]:
    """Where forms are sent, but for signing in; whoever is named is nobody."""
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    found = {_NAMED.sub("nobody", route.path) for route in routes if "POST" in (route.methods or ())}
    assert len(found) > 10
    return sorted(found - {_SIGN_IN})


def test_every_check_of_the_overview_leads_to_a_page() -> None:
    assert [check.link for check in CHECKS if page_at(check.link) is None] == []


@pytest.mark.parametrize("role", Role)
def test_a_page_opens_to_exactly_the_roles_of_the_table(services: Services, address: str, role: Role) -> None:
    who = make_staff(services, role)
    with AtConsole(address, who) as console:
        for page in PAGES:
            expected = 200 if opened_to(who.member(), page) else 403
            assert console.get(page.path).status_code == expected, page.path
            shown = re.findall(r'<li><a href="(/console[^"]*)"', console.page.text)
            assert set(shown) <= {one.path for one in PAGES if opened_to(who.member(), one)}, page.path


REFUSED = (
    ("GET", "/console/members/new", 403, "role-not-sufficient", "/console/members"),
    ("GET", "/console/nothing", 404, "not-found", "/console"),
    ("GET", "/console/disclosures/nobody", 404, "not-found", "/console/disclosures"),
    ("DELETE", "/console/switch/drills", 405, "method-not-allowed", "/console/switch"),
    ("POST", "/console/switch", 403, "form-stale", "/console/switch"),
    ("GET", "/console?x=%00", 400, "malformed-request", "/console"),
    ("POST", "/console/accounts", 405, "method-not-allowed", "/console/accounts"),
)


def test_whoever_is_refused_still_stands_in_the_console_and_is_told_the_way_back(
    services: Services, address: str
) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    with AtConsole(address, make_staff(services, Role.COMPLIANCE, Role.PRIVACY), language="zh") as console:
        for method, path, status, code, back in REFUSED:
            answer = console.http.request(method, path, content=b"form=x", headers=form)
            assert (answer.status_code, answer.text.count("<h1>")) == (status, 1), path
            assert f"<code>{code}</code> · <code>{answer.headers['x-request-id']}</code>" in answer.text
            assert '<nav class="side"' in answer.text, path
            assert f'class="button primary" href="{back}"' in answer.text, path
        console.http.cookies.clear()
        for method, path, *_ in REFUSED[:5]:
            answer = console.http.request(method, path, content=b"form=x", headers=form)
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, _SIGN_IN), path
        assert console.http.get("/console?x=%00").status_code == 400


def test_every_dangerous_form_asks_for_a_code_once_the_last_is_older_than_five_minutes(
    services: Services, clock: FakeClock, address: str
) -> None:
    who, other = make_staff(services, *_EVERYTHING), make_staff(services, Role.REVIEWER)
    forum_id = services.forums.add(OPERATOR, "镜湖").forum_id
    text_of = services.agreements.current(AgreementKind.USER)
    draft = Draft(AgreementKind.USER, "2099-01", text_of.text_zh, text_of.text_en)
    written = services.agreement_drafts.write(OPERATOR, "用户协议", draft).written
    soon = (clock.now() + timedelta(days=60)).date().isoformat()
    forms: dict[str, dict[str, str]] = {
        "/console/members/new": {},
        f"/console/members/{other.staff_id}/disable": {},
        f"/console/members/{other.staff_id}/reset": {},
        "/console/forums/new": {},
        f"/console/forums/{forum_id}/rotate": {},
        f"/console/forums/{forum_id}/disable": {},
        f"/console/forums/{forum_id}/confirm": {},
        f"/console/agreements/drafts/{written.id}/publish": {},
        "/console/policies/change": {"name": "reverification_interval", "value": "90", "effective_at": soon},
        "/console/me/password": {},
        "/console/me/authenticator": {},
    }
    with AtConsole(address, who) as console:
        for later, asked in ((0, False), (6, True)):
            clock.advance(minutes=later)
            for path, query in forms.items():
                page = console.get(path, **query)
                assert (page.status_code, page.url.path) == (200, path)
                assert ('autocomplete="one-time-code"' in page.text) is asked, path


def test_whatever_an_address_says_was_done_is_a_page(services: Services, address: str) -> None:
    with AtConsole(address, make_staff(services, Role.ADMIN)) as console:
        for query in ("key=1", "self=1", "language=en", "self=1&key=2&n=3"):
            assert console.get(f"/console/members?done=member_added&{query}").status_code == 200, query
            assert console.get(f"/console/members?done=nothing&{query}").status_code == 200, query


def test_a_form_is_taken_only_with_the_token_of_its_own_session(services: Services, address: str) -> None:
    who, other = make_staff(services, *_EVERYTHING), make_staff(services, Role.COMPLIANCE)
    with AtConsole(address, other) as console:
        console.get("/console/switch")
        foreign = re.findall(r'name="form" value="([0-9a-f]{64})"', console.page.text)[0]
    with AtConsole(address, who) as console:
        for path in forms():
            for token in ({"typed": "x"}, {"form": ""}, {"form": foreign}):
                assert console.http.post(path, data=token).status_code == 403, path
            elsewhere = console.http.post(path, data={"form": foreign}, headers={"origin": "https://evil.example"})
            assert elsewhere.status_code in {400, 403}, path
    assert services.emergency.pauses.list_in_force() == []


def test_whoever_is_not_signed_in_is_asked_to_and_comes_back(address: str) -> None:
    with httpx2.Client(base_url=address, verify=NO_CERTIFICATES, headers={"accept": "text/html"}) as http:
        for page in PAGES[1:]:
            answer = http.get(page.path)
            assert (answer.status_code, answer.headers["location"]) == (
                303,
                f"{_SIGN_IN}?to={page.path.replace('/', '%2F')}",
            )
        for path in forms():
            assert http.post(path, data={"form": "x"}).status_code == 303, path


def test_signing_in_gives_a_token_that_nobody_knew_before_and_leads_nowhere_else(
    services: Services, address: str
) -> None:
    who = make_staff(services, Role.ADMIN)
    known = {"staff": "a" * 22}
    with httpx2.Client(base_url=address, verify=NO_CERTIFICATES, cookies=known) as http:
        form = {"email": who.email, "password": PASSWORD, "code": who.code(), "to": "//evil.example/console"}
        answer = http.post(_SIGN_IN, data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    cookie = answer.headers["set-cookie"]
    assert known["staff"] not in cookie
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))


def test_signing_out_ends_the_session_wherever_its_token_is(services: Services, address: str) -> None:
    who = make_staff(services, Role.ADMIN)
    with AtConsole(address, who) as console:
        console.get("/console")
        assert console.send("/console/sign-out").url.path == _SIGN_IN
    with AtConsole(address, who) as console:
        assert console.get("/console").url.path == _SIGN_IN


_EVERYTHING = (Role.ADMIN, Role.COMPLIANCE, Role.REVIEWER, Role.PRIVACY)


def test_every_act_of_the_record_has_words_in_the_console() -> None:
    said = {language: [text(language, f"console.act.{action}") for action in Action] for language in Language}
    assert all(len(words) == len(Action) and all(words) for words in said.values())
