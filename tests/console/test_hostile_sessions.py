"""Sessions and answers of the console against whoever steals, guesses, frames or waits."""

import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from app.audit.domain import Action
from app.settings import Settings
from app.staff.access import Role
from app.staff.domain import MemberChange
from app.web.headers import SAFE_HEADERS
from app.wiring import Services, build
from tests.console.test_hostile_requests import FORM, paths
from tests.support.at_once import at_once
from tests.support.clock import FakeClock
from tests.support.console import AtConsole
from tests.support.forum import NO_CERTIFICATES
from tests.support.serving import serving
from tests.support.staff import PASSWORD, StaffLogin, make_staff

SIGN_IN = "/console/sign-in"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
FLAGS = {"HttpOnly", "SameSite=strict", "Path=/", "Secure"}
"""On every cookie of a session, under an issuer of the web."""


def bare(answer: httpx2.Response) -> list[str]:
    """What this answer lacks of the headers that every answer has."""
    return [name for name, value in SAFE_HEADERS.items() if answer.headers.get_list(name) != [value]]


def test_every_answer_of_the_console_has_every_header_errors_and_redirects_included(
    services: Services, address: str, pytestconfig: pytest.Config
) -> None:
    assert SAFE_HEADERS["content-security-policy"] == POLICY
    assert set(SAFE_HEADERS) >= {"strict-transport-security", "x-content-type-options", "cross-origin-opener-policy"}
    assert (SAFE_HEADERS["x-frame-options"], SAFE_HEADERS["cache-control"]) == ("DENY", "no-store")
    heard: set[int] = set()
    lacking = []
    admin, reviewer = make_staff(services, Role.ADMIN, Role.COMPLIANCE), make_staff(services, Role.REVIEWER)
    asked: list[tuple[str, str, dict[str, Any]]] = [("GET", path, {}) for path in paths("GET")]
    asked += [("GET", path, {"params": {"csv": "1", "theme": "dark"}}) for path in paths("GET")]
    for body, headers in ((b"form=x&form=x", FORM), (b"form=x", FORM), (b"{}", {})):
        asked += [("POST", path, {"content": body, "headers": headers}) for path in paths("POST")]
    always: list[tuple[str, str, dict[str, Any]]] = [
        *(("GET", path, {}) for path in ("/console/no/such/page", "/console/audit?cursor=%00")),
        *((method, "/console", {}) for method in ("PUT", "DELETE", "OPTIONS", "HEAD", "PATCH")),
        ("POST", SIGN_IN, {"content": b"x=" + b"a" * 70_000, "headers": FORM}),
    ]
    everybody = (admin.cookie, reviewer.cookie, "nobody's", None)
    for turn, cookie in enumerate(everybody):
        some = asked if pytestconfig.option.long else asked[turn :: len(everybody)]
        with httpx2.Client(
            base_url=address, verify=NO_CERTIFICATES, headers={"accept": "text/html"}, cookies={"staff": cookie or ""}
        ) as http:
            answers = [http.request(method, path, **how) for method, path, how in (*some, *always)]
        heard |= {answer.status_code for answer in answers}
        lacking += [(answer.request.method, str(answer.url), bare(answer)) for answer in answers if bare(answer)]
    assert lacking == []
    assert heard >= {200, 303, 400, 403, 404, 405, 413, 415, 422}


def test_every_refusal_of_the_staffs_api_has_every_header(services: Services, address: str) -> None:
    document = httpx2.get(f"{address}/openapi.json", verify=NO_CERTIFICATES).json()
    every = [
        (method.upper(), re.sub(r"\{[^}]+\}", "nobody", path))
        for path, methods in document["paths"].items()
        if path.startswith("/v1/staff")
        for method in methods
    ]
    assert len(every) > 40
    lacking, heard = [], set()
    auditor = make_staff(services, Role.AUDITOR)
    for headers in ({}, auditor.headers, {"authorization": "Bearer nobody's"}):
        with httpx2.Client(base_url=address, verify=NO_CERTIFICATES, headers=headers, timeout=30) as http:
            for method, path in every:
                if path.endswith("/sessions/current"):
                    continue  # it would end this one
                answer = http.request(method, path, content=b"{" if method != "GET" else None)
                heard.add(answer.status_code)
                lacking += [(method, path, bare(answer))] if bare(answer) else []
    assert lacking == []
    assert heard >= {401, 403, 415}


@pytest.fixture
def secure(settings: Settings, clock: FakeClock) -> Iterator[tuple[Services, str]]:
    """The service as it is behind a proxy that speaks HTTPS."""
    built = build(settings.model_copy(update={"issuer": "https://shiming.example"}), clock=clock)
    with serving(built) as address:
        yield built, address
    built.engine.dispose()


def cookies_of(answer: httpx2.Response) -> dict[str, set[str]]:
    """Flags by name, without value and age."""
    found = [line.split("; ") for line in answer.headers.get_list("set-cookie")]
    return {
        first.partition("=")[0]: {flag for flag in flags if not flag.lower().startswith(("max-age", "expires"))}
        for first, *flags in found
    }


def test_every_cookie_of_a_session_stays_with_this_host_this_site_and_out_of_scripts(
    secure: tuple[Services, str], clock: FakeClock
) -> None:
    services, address = secure
    who = make_staff(services, Role.ADMIN, Role.COMPLIANCE)
    with httpx2.Client(base_url=address, verify=NO_CERTIFICATES) as http:
        signed_in = http.post(SIGN_IN, data={"email": who.email, "password": PASSWORD, "code": who.code()})
        assert (signed_in.status_code, cookies_of(signed_in)) == (303, {"__Host-staff": FLAGS})
        token = signed_in.headers["set-cookie"].partition("=")[2].partition(";")[0]
        clock.advance(minutes=6)
        mine = {"cookie": f"__Host-staff={token}"}
        assert http.get("/console", headers={"cookie": f"staff={token}"}).status_code == 303
        page = http.get("/console/forums/new", headers=mine)
        form = dict(re.findall(r'name="([a-z_]+)" value="([^"]*)"', page.text))
        renewed = http.post("/console/forums", data={**form, "name": "论坛", "code": who.code()}, headers=mine)
        assert cookies_of(renewed) == {"__Host-staff": FLAGS}, renewed.text
        fresh = renewed.headers["set-cookie"].partition("=")[2].partition(";")[0]
        assert fresh != token
        assert http.get("/console", headers=mine).status_code == 303
        mine = {"cookie": f"__Host-staff={fresh}"}
        page = http.get("/console?theme=dark", headers=mine)
        assert cookies_of(page)["theme"] == {"HttpOnly", "SameSite=lax", "Path=/console", "Secure"}
        held = re.findall(r'name="form" value="([0-9a-f]{64})"', page.text)[0]
        signed_out = http.post("/console/sign-out", data={"form": held}, headers=mine)
        assert cookies_of(signed_out) == {"__Host-staff": FLAGS}
        assert http.get("/console", headers=mine).status_code == 303


def sign_in_at_console(address: str, who: StaffLogin, code: str) -> int:
    form = {"email": who.email, "password": PASSWORD, "code": code}
    return httpx2.post(f"{address}{SIGN_IN}", data=form, verify=NO_CERTIFICATES).status_code


def test_one_code_opens_one_session_however_many_use_it_at_once_and_at_either_face(
    services: Services, address: str
) -> None:
    who = make_staff(services, Role.ADMIN)
    code = who.code()
    asks = [lambda: sign_in_at_console(address, who, code), lambda: who.sign_in(address, code=code).status_code] * 2
    heard = at_once(asks)
    assert len([status for status in heard if status in {201, 303}]) == 1, heard
    assert len([status for status in heard if status == 401]) == 3, heard


def status_at(
    address: str, who: StaffLogin, page: str = "/console/forums", path: str = "/v1/staff/forums"
) -> list[int]:
    """At the console and at the API."""
    with AtConsole(address, who) as at, who.http(address) as http:
        return [at.http.get(page).status_code, http.get(path).status_code]


def test_signing_out_disabling_and_another_role_take_effect_at_the_next_request_at_both_faces(
    services: Services, address: str
) -> None:
    members, admin = services.staff.members, make_staff(services, Role.ADMIN).member().as_actor()
    who, other = make_staff(services, Role.ADMIN), make_staff(services, Role.ADMIN)
    assert status_at(address, who) == [200, 200]
    change = MemberChange(1, frozenset({Role.REVIEWER}))
    members.change(admin, members.announce(admin, Action.STAFF_CHANGED, who.staff_id), change, "reason")
    assert status_at(address, who) == [403, 403]
    assert status_at(address, who, "/console/reviews", "/v1/staff/reviews") == [200, 200]
    members.disable(admin, members.announce(admin, Action.STAFF_DISABLED, who.staff_id), "reason")
    assert status_at(address, who, "/console/reviews", "/v1/staff/reviews") == [303, 401]
    with AtConsole(address, other) as at, other.http(address) as http:
        at.get("/console")
        at.send("/console/sign-out")
        assert http.delete("/v1/staff/sessions/current").status_code == 204
    assert status_at(address, other) == [303, 401]
