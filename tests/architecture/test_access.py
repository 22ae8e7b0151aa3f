"""Every route of the staff with every role's own session: exactly what `access_expected.csv` says, line by line.

The lines were written by hand from `docs/api.md` parts 9 and 10. Who is not of the staff is let in nowhere.
"""

import csv
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from app.kernel.actor import OPERATOR
from app.staff.access import Role
from app.wiring import Services
from tests.support.forum import ForumBackend, Json
from tests.support.staff import make_staff

_TABLE = Path(__file__).parent / "access_expected.csv"
_FOLDERS = ("/v1/staff/", "/v1/audit/")
_ALLOWED, _FORBIDDEN = "allowed", "forbidden"
_FOR_EVERYBODY = {("POST", "/v1/staff/sessions"), ("GET", "/v1/audit/checkpoint"), ("GET", "/v1/audit/key")}
_ENDS_THE_SESSION = ("DELETE", "/v1/staff/sessions/current")
Route = tuple[str, str]


def expected() -> dict[Route, dict[str, str]]:
    """By route and role."""
    found: dict[Route, dict[str, str]] = {}
    with _TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            roles = found.setdefault((row["method"], row["path"]), {})
            assert row["role"] not in roles, row
            roles[row["role"]] = row["access"]
    return found


@pytest.fixture
def routes(address: str) -> list[Route]:
    """Those of the served document; whatever ends a session comes last."""
    paths = httpx2.get(f"{address}/openapi.json").json()["paths"]
    served = [
        (method.upper(), path) for path, methods in paths.items() for method in methods if path.startswith(_FOLDERS)
    ]
    return sorted(served, key=lambda route: route == _ENDS_THE_SESSION)


def test_there_is_a_line_for_every_route_and_role_and_a_route_for_every_line(routes: list[Route]) -> None:
    lines = expected()
    for route, roles in lines.items():
        assert set(roles) == {role.value for role in Role}, route
        assert set(roles.values()) <= {_ALLOWED, _FORBIDDEN}, route
    assert set(routes) - set(lines) == set()
    assert set(lines) - set(routes) == set()


def test_every_role_may_do_exactly_what_its_lines_say(services: Services, address: str, routes: list[Route]) -> None:
    services.forums.add(OPERATOR, "测试论坛")
    services.audit.sequencer.catch_up()
    lines, wrong = expected(), list[str]()
    for role in Role:
        with make_staff(services, role).http(address) as http:
            for route in routes:
                answer = _ask(http, route)
                assert answer.status_code < 500, (role, route)
                access = _FORBIDDEN if _code(answer) == (403, "role-not-sufficient") else _ALLOWED
                if access != lines[route][role.value]:
                    wrong.append(f"{' '.join(route)} {role}: {access}")
    assert wrong == []


def test_nobody_who_is_not_of_the_staff_comes_in(
    services: Services, address: str, routes: list[Route], forum: ForumBackend
) -> None:
    cookie = make_staff(services, "admin", "compliance", "reviewer").cookie
    for route in set(routes) - _FOR_EVERYBODY:
        assert _code(_ask(forum.http, route)) == (403, "insufficient-scope"), route
        for strange in _strangers(address, cookie):
            with closing(strange):
                assert _code(_ask(strange, route)) == (401, "invalid-token"), route


def _strangers(address: str, cookie: str) -> Iterator[httpx2.Client]:
    yield httpx2.Client(base_url=address)
    yield httpx2.Client(base_url=address, headers={"authorization": f"Bearer {cookie}"})


def _ask(http: httpx2.Client, route: Route) -> httpx2.Response:
    """About nobody, and with a body that says nothing."""
    method, path = route
    body: Json | None = None if method in {"GET", "DELETE"} else {}
    parts = ["nobody" if part.startswith("{") else part for part in path.split("/")]
    return http.request(method, "/".join(parts), json=body)


def _code(answer: httpx2.Response) -> tuple[int, str]:
    said = answer.json() if "json" in answer.headers.get("content-type", "") else {}
    return answer.status_code, str(said.get("code", "")) if isinstance(said, dict) else ""
