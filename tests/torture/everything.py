"""Everything that can be asked: each operation of the document and each page, about whom a test has planted."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import quote

import httpx2

from app.main import _ROUTERS
from tests.support.staff import StaffLogin
from tests.torture.asked import Asked
from tests.torture.scenarios import good
from tests.torture.world import World

_ENDS_A_SESSION = ("DELETE /v1/staff/sessions/current", "POST /v1/staff/me/")
_MAY_SHOW = re.compile("/(?:dev|demo)(?:/|$)")
"""What was texted, in development, by contract."""
_PLACE = re.compile(r"{(\w+)(?::\w+)?}")
Named = Mapping[str, Iterator[str]]
"""Of those who are planted, one after the other, by the name of a field."""


def every_operation(world: World) -> list[Asked]:
    """A good request for each, and those that end a session last."""
    asked = sorted(good(world), key=lambda one: one.operation.startswith(_ENDS_A_SESSION))
    document = world.forum.get("/openapi.json").json()
    operations = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert operations <= {one.operation for one in asked}
    return asked


def about(asked: Asked, named: Named) -> Asked:
    """The same request about somebody who was planted."""
    path = {name: next(named[name]) if name in named else value for name, value in asked.path.items()}
    body = asked.options.get("json")
    if not isinstance(body, dict) or "account_id" not in body or "account_id" not in named:
        return replace(asked, path=path)
    return replace(
        asked, path=path, options={**asked.options, "json": {**body, "account_id": next(named["account_id"])}}
    )


def pages() -> list[str]:
    """Every page that there is, of whichever face."""
    routes = (route for router in _ROUTERS for route in getattr(router, "routes", []))
    found = [route.path for route in routes if "GET" in route.methods and not route.include_in_schema]
    assert len(found) > 10
    return sorted({path for path in found if not _MAY_SHOW.match(path)})


def filled(path: str, world: World, named: Named) -> str:
    def value(place: re.Match[str]) -> str:
        name = place[1]
        return quote(next(named[name]) if name in named else world.known.get(name, [name])[0], safe="")

    return _PLACE.sub(value, path)


def page(world: World, login: StaffLogin | None, path: str) -> httpx2.Response:
    cookie = {"cookie": f"staff={login.cookie}"} if login else {}
    return world.forum.http.get(path, headers={"accept": "text/html", "authorization": "", **cookie})


def all_of(answer: httpx2.Response) -> bytes:
    """Head and body."""
    assert answer.status_code < httpx2.codes.INTERNAL_SERVER_ERROR, answer.text
    return repr(answer.headers.multi_items()).encode() + b"\n" + answer.content
