"""Requests that no page of the console makes: each is refused or shown as nothing, and none changes anything."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlencode

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import select

from app.all_models import METADATA
from app.console.routes import ROUTERS
from app.staff.access import Role
from app.wiring import Services
from tests.support.console import AtConsole
from tests.support.forum import ForumBackend
from tests.support.shares import share
from tests.support.staff import make_staff

FORM = {"content-type": "application/x-www-form-urlencoded"}
STRICT = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
"""The database that takes less."""
EVERYTHING = (Role.ADMIN, Role.COMPLIANCE, Role.REVIEWER)
NAMES = (
    *("cursor", "state", "forum", "board", "page", "interval_days", "scope", "pick", "csv", "theme", "lang", "open"),
    *("field", "keys", "handle", "action", "actor", "object", "after", "before", "part", "account", "place", "to"),
    *("due_in_days", "version", "last_day", "role_admin", "key", "self", "language", "n", "name", "duty", "kind"),
)
"""Every name that a page reads, and those of the words in between."""
NUMBERS = ("cursor", "page", "interval_days", "n", "version")
TYPED = (
    *("version", "place", "due_in_days", "reason", "held_on", "scenario", "outcome", "scope", "ruling", "why", "slip"),
    *("name", "return_urls", "direct_verification", "email", "last_day", "role_admin", "account_id", "purpose", "code"),
    *("authority", "instrument_no", "legal_basis", "notify_after", "digest", "password", "new_password", "repeated"),
)
"""Every name that a form sends, but for its token."""
ODD = ("{0.__class__}", f"{'0' * 20}{'9' * 30}.{'0' * 20}{'9' * 30}", f"{'9' * 15}.{'9' * 15}", "moderators:x,", "²")
VALUES = (
    *("", "-1", "0", "9" * 30, "1.2.3", "acc_'", "account:x", "everything:x", "brd_x", "frm_'", "all", "board:"),
    *(f"1.{'9' * 25}", f"{2**63}.{2**63}", f"{2**53}.1", "１２", "٣", "1e400", "NaN", "%", "\ud7ff\ufffd", ","),
    *("{{7*7}}", "{", "}", "{n}", "%s%n", "\u202e\u200b", "' OR 1=1;--", "../../x", "\r\nx: y", "_" * 201, "长" * 80),
    *("0001-01-01", "9999-12-31", "2026-02-30", "a" * 600),
)
"""The rest of what is no value of anything; in the long form."""
DONE = ("ordered", "paused", "{0.__class__}", "member_changed")
AT_REST = {"staff_sessions", "staff_failures", "audit_checkpoints", "job_runs"}
"""Tables that change by themselves, beside those of the audit log."""


def paths(method: str, named: Callable[[str], str] = lambda _: "nobody") -> list[str]:
    """Those of the console that take this method, with somebody or nobody in the places of the ids."""
    every = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    found = {route.path for route in every if method in (route.methods or ())}
    assert len(found) > 20
    return sorted(re.sub(r"\{([^}]+)\}", lambda place: named(place[1]), path) for path in found)


def rows(services: Services) -> dict[str, int]:
    """How many rows each table has, and what those say that stand still."""
    with services.engine.connect() as connection:
        return {
            name: hash(tuple(sorted(map(str, connection.execute(select(table))))))
            for name, table in METADATA.tables.items()
            if name not in AT_REST and not name.startswith("audit_")
        }


@pytest.fixture
def at(services: Services, address: str, forum: ForumBackend) -> Iterator[AtConsole]:
    founder = forum.moderator_to_be("山间清风")
    forum.board(founder["id"], "tea")
    services.audit.sequencer.catch_up()
    with AtConsole(address, make_staff(services, *EVERYTHING)) as console:
        yield console


@STRICT
def test_no_address_that_somebody_made_up_fails(at: AtConsole, pytestconfig: pytest.Config) -> None:
    values = ODD + (VALUES if pytestconfig.option.long else ())
    asked: list[Mapping[str, str | list[str]]] = [dict.fromkeys(NAMES, value) for value in values]
    asked += [{**dict.fromkeys(NAMES, "{n}"), "done": done} for done in DONE]
    asked += [{"pick": ["x" * 20] * 1000}, dict.fromkeys(NUMBERS, "9" * 5000)]
    failed = []
    for place, page in enumerate(paths("GET")):
        some = asked if pytestconfig.option.long else share(asked, place, 3)
        failed += [(page, str(query)[:200]) for query in some if at.http.get(page, params=query).status_code >= 500]
        for name in NAMES if pytestconfig.option.long else ("cursor",):
            assert at.http.get(page, params={name: "a\x00b"}).status_code == 400, page
    assert failed == []


def test_an_address_makes_the_console_say_nothing_that_it_does_not_say_by_itself(at: AtConsole) -> None:
    for said in ("call 400-evil", "9" * 7, "<b>1</b>", "{0}", "1 call"):
        assert "have been ordered" not in at.get("/console", done="ordered", n=said).text
    assert "4 appointments have been ordered" in at.get("/console", done="ordered", n="4").text


@STRICT
def test_a_form_that_no_page_sends_is_refused_and_changes_nothing(
    services: Services, at: AtConsole, forum: ForumBackend, pytestconfig: pytest.Config
) -> None:
    ids = {
        "forum_id": forum.credentials.forum_id,
        "staff_id": make_staff(services, Role.REVIEWER).staff_id,
        "named": "disable",
    }
    token = re.findall(r'name="form" value="([0-9a-f]{64})"', at.get("/console/me/password").text)[0]
    mended = {"content-type": "application/x-www-form-urlencoded"}
    good = "reason=x&place=all&"
    always = [(f"{good}form={token}".encode(), {**mended, "sec-fetch-site": "cross-site"}), (good.encode(), mended)]
    bodies = [
        (f"{good}form={token}&form={token}".encode(), mended),
        (f"{good}form={token}&reason=y".encode(), mended),
        (f"{good}form={token}&typed=a%00b".encode(), mended),
        (f"{good}form={token}&typed={'a' * 100_001}".encode(), mended),
        (f"{good}form={token}&typed=%ff%fe".encode(), mended),
        (f"{good}form={token}&typed=长".encode(), mended),
        (f"{good}form={token}&{'&'.join(f'f{n}=1' for n in range(40))}".encode(), mended),
        (f"{good}form={token}".encode(), {"content-type": "text/plain"}),
        (f"{good}form={token}".encode(), {"content-type": "multipart/form-data; boundary=x"}),
        (json.dumps({"form": token, "reason": "x", "place": "all"}).encode(), {"content-type": "application/json"}),
        (f"{good}form={token}".encode(), {}),
        (f"{good}form={token}".encode(), {**mended, "origin": "null"}),
        (f"{good}form={token[:-1]}".encode(), mended),
        (f"{good}form=%E9%95%BF".encode(), mended),
        (f"{good}form=".encode(), mended),
        (b"", mended),
    ]
    before = rows(services)
    for place, path in enumerate(paths("POST", lambda name: ids.get(name, "nobody"))):
        if path == "/console/sign-in":
            continue
        for body, headers in always + (bodies if pytestconfig.option.long else share(bodies, place, 4)):
            answer = at.http.post(path, content=body, headers=headers)
            assert answer.status_code in {400, 403, 413, 415, 422}, (path, body[:80], answer.status_code)
    assert rows(services) == before


@STRICT
def test_no_value_that_somebody_types_makes_a_form_fail(
    services: Services, at: AtConsole, pytestconfig: pytest.Config
) -> None:
    failed = []
    for place, path in enumerate(paths("POST")):
        if path == "/console/sign-out":
            continue
        at.http.cookies.set("staff", make_staff(services, *EVERYTHING).cookie)  # five wrong passwords end a session
        token = re.findall(r'name="form" value="([0-9a-f]{64})"', at.get("/console/me").text)[0]
        values = (*ODD, "长" * 4000)
        for value in (*values, *VALUES) if pytestconfig.option.long else share(values, place, 2):
            form = {**dict.fromkeys(TYPED, value), "form": token}
            for sent in (form, {**form, "place": "all", "scope": "all"}):
                answer = at.http.post(path, content=urlencode(sent, errors="replace"), headers=FORM)
                if answer.status_code >= 500:
                    failed.append((path, value[:60]))
    assert failed == []
