"""What is asked of policies, agreements and the operator's own house: one good request each, and their own refusals."""

from collections.abc import Iterator
from datetime import timedelta

import httpx2

from app.agreements.domain import AgreementKind
from app.agreements.service import default_draft
from app.kernel.ids import new_id
from tests.support.forum import Json
from tests.torture.asked import Asked, Line
from tests.torture.world import World

_HOUSE, _AGREEMENTS, _POLICIES = "/v1/staff/organisation", "/v1/staff/agreements", "/v1/staff/policies"
_REASON = {"reason": "年度调整"}
_DAY = "2026-11-01"
_OFFICER = {"rank": "deputy", "title": "主任", "contact": "010-00000000", "paper": "任命 1 号", "appointed_on": _DAY}
_AUTHORITY = {"name": "测试市网信办", "kind": "cac_local", "region": "测试市", "channel": "12377", "reviewed_on": _DAY}
_FILING = {"icp_filing": None, "ps_filing": "京公网安备0号", "responsible_unit": "测试单位", "reviewed_on": _DAY}
_CHANGE = {"name": "reverification_grace", "value": 20, "source": "design", **_REASON}
_REHEARSAL = {"name": "reverification_interval", "value": 90, "weeks": 4}
NOBODYS = {"draft_id": "agd_nobody", "officer_id": "ofr_nobody", "authority_id": "aut_nobody"}
NAMES_A_FORUM = {
    f"POST {_HOUSE}/forums",
    f"POST {_POLICIES}",
    f"POST {_POLICIES}/rehearse",
    f"GET {_POLICIES}",
    f"GET {_POLICIES}/changes",
}
"""In a body or a query."""


def unknown_forum(world: World, asked: Asked) -> httpx2.Response:
    """One that does not exist."""
    nobody = {"forum_id": "frm_nobody"}
    if asked.operation.startswith("GET "):
        return asked.by(world.forum, params=nobody)
    return asked.by(world.forum, json={**asked.options["json"], **nobody})


def good_operator(world: World) -> Iterator[Asked]:
    forum_id = world.forum.credentials.forum_id
    yield Asked(f"GET {_POLICIES}", {}, {"params": {"forum_id": forum_id}})
    yield Asked(f"POST {_POLICIES}", {}, {"json": {**_CHANGE, "forum_id": forum_id}})
    yield Asked(f"GET {_POLICIES}/changes")
    yield Asked(f"POST {_POLICIES}/rehearse", {}, {"json": _REHEARSAL})
    yield from _good_agreements(world)
    yield from _good_house(world)


def _good_agreements(world: World) -> Iterator[Asked]:
    one = f"{_AGREEMENTS}/{{draft_id}}"
    yield Asked(f"GET {_AGREEMENTS}")
    yield Asked(f"POST {_AGREEMENTS}", {}, {"json": _draft(world)})
    yield Asked(f"GET {_AGREEMENTS}/versions")
    named = {"draft_id": _made(world, _AGREEMENTS, _draft(world))["id"]}
    yield Asked(f"GET {one}", named)
    yield Asked(f"PATCH {one}", named, {"json": {"revision": 1, "title": "用户服务协议"}})
    yield Asked(f"POST {one}/withdraw", named, {"json": {"revision": 2}})
    named = {"draft_id": _made(world, _AGREEMENTS, _draft(world))["id"]}
    yield Asked(f"POST {one}/publish", named, {"json": _publication(world)})


def _good_house(world: World) -> Iterator[Asked]:
    officer = {**_OFFICER, "duty": "complaints"}
    yield Asked(f"GET {_HOUSE}")
    yield Asked(f"GET {_HOUSE}/officers", {}, {"params": {"current": "false"}})
    yield Asked(f"POST {_HOUSE}/officers", {}, {"json": officer})
    leaves, _ = (_made(world, f"{_HOUSE}/officers", officer)["id"] for _ in range(2))
    yield Asked(f"POST {_HOUSE}/officers/{{officer_id}}/end", {"officer_id": leaves}, {"json": _REASON})
    forum_id = world.forum.credentials.forum_id
    yield Asked(f"GET {_HOUSE}/forums")
    yield Asked(f"POST {_HOUSE}/forums", {}, {"json": {**_FILING, "forum_id": forum_id}})
    yield Asked(f"GET {_HOUSE}/forums/{{forum_id}}", {"forum_id": forum_id})
    yield Asked(f"GET {_HOUSE}/authorities")
    yield Asked(f"POST {_HOUSE}/authorities", {}, {"json": _AUTHORITY})
    named = {"authority_id": _made(world, f"{_HOUSE}/authorities", _AUTHORITY)["id"]}
    yield Asked(f"GET {_HOUSE}/authorities/{{authority_id}}", named)
    yield Asked(f"POST {_HOUSE}/authorities/{{authority_id}}/revise", named, {"json": _AUTHORITY})
    yield Asked(f"POST {_HOUSE}/authorities/{{authority_id}}/end", named, {"json": _REASON})


def operator_lines(world: World) -> Iterator[Line]:
    conflict = 409, "state-conflict"
    with world.staff["all"].http(world.forum.address) as staff:
        taken = staff.post(_AGREEMENTS, json={**_draft(world), "version": world.known["version"][0]})
        yield f"POST {_AGREEMENTS}", *conflict, taken
        at, one = f"{_AGREEMENTS}/{_made(world, _AGREEMENTS, _draft(world))['id']}", f"{_AGREEMENTS}/{{draft_id}}"
        yield f"PATCH {one}", *conflict, staff.patch(at, json={"revision": 9, "title": "别的"})
        yield f"POST {one}/withdraw", *conflict, staff.post(f"{at}/withdraw", json={"revision": 9})
        late = {**_publication(world), "revision": 9}
        yield f"POST {one}/publish", *conflict, staff.post(f"{at}/publish", json=late)
        last = _made(world, f"{_HOUSE}/officers", {**_OFFICER, "duty": "network_security"})["id"]
        ends = staff.post(f"{_HOUSE}/officers/{last}/end", json=_REASON)
        yield f"POST {_HOUSE}/officers/{{officer_id}}/end", *conflict, ends
        ended = f"{_HOUSE}/authorities/{_made(world, f'{_HOUSE}/authorities', _AUTHORITY)['id']}"
        assert staff.post(f"{ended}/end", json=_REASON).status_code == httpx2.codes.OK
        for act, body in (("revise", _AUTHORITY), ("end", _REASON)):
            refused = staff.post(f"{ended}/{act}", json=body)
            yield f"POST {_HOUSE}/authorities/{{authority_id}}/{act}", *conflict, refused


def _draft(world: World) -> Json:
    """Never the same version."""
    zh, en = default_draft(AgreementKind.MODERATOR).without_marks()
    version = f"v{new_id('agd', world.clock.now())[-12:]}"
    return {"kind": "moderator", "version": version, "title": "版主协议", "text": {"zh": zh, "en": en}}


def _publication(world: World) -> Json:
    """So far ahead that nobody in this world is bound by it."""
    return {"revision": 1, "effective_at": f"{world.clock.now() + timedelta(days=300):%Y-%m-%dT%H:%M:%SZ}"}


def _made(world: World, path: str, body: Json) -> Json:
    answer = httpx2.post(f"{world.forum.address}{path}", json=body, headers=world.staff["all"].headers)
    assert answer.status_code == httpx2.codes.CREATED, answer.text
    found: Json = answer.json()
    return found
