"""What is asked of the staff's own routes: one good request for each, and each refusal that belongs to one of them."""

from collections.abc import Iterator

import httpx2
from sqlalchemy import update

from app.kernel.ids import StaffId
from app.staff.access import Role
from app.staff.domain import StaffState
from app.staff.models import StaffRow
from tests.support.staff import PASSWORD, StaffLogin, make_staff, settle
from tests.torture.asked import Asked, Line
from tests.torture.world import World

_REASON = {"reason": "离职交接"}
_ONE = "/v1/staff/members/{staff_id}"
_NEW_PASSWORD = "another-one-of-a-test"


def good_staff(world: World) -> Iterator[Asked]:
    someone = make_staff(world.services, Role.REVIEWER)
    given = {"email": someone.email, "password": PASSWORD, "code": someone.code()}
    yield Asked("POST /v1/staff/sessions", {}, {"json": given})
    yield Asked("GET /v1/staff/sessions/current")
    yield Asked("POST /v1/staff/sessions/current/step-up", {}, _by(stepper := _someone(world), code=stepper.code()))
    yield Asked("DELETE /v1/staff/sessions/current", {}, {"headers": _someone(world).headers})
    yield Asked("POST /v1/staff/me/password", {}, _by(_someone(world), password=PASSWORD, new_password=_NEW_PASSWORD))
    yield Asked("POST /v1/staff/me/authenticator", {}, _by(_someone(world), password=PASSWORD))
    yield Asked("GET /v1/staff/members")
    made = f"{_someone(world).staff_id}@staff.example"
    end = {"ends_at": "2030-01-01T00:00:00Z"}
    yield Asked("POST /v1/staff/members", {}, {"json": {"email": made, "roles": ["auditor"], **end}})
    changed = {"version": 1, "roles": ["reviewer", "compliance"], **_REASON}
    yield Asked(f"PATCH {_ONE}", {"staff_id": str(_someone(world).staff_id)}, {"json": changed})
    named = {"staff_id": str(_someone(world).staff_id)}
    for act in ("reset", "disable", "restore"):
        yield Asked(f"POST {_ONE}/{act}", named, {"json": _REASON})
    yield Asked("GET /v1/staff/confirmations")
    yield Asked(f"POST {_ONE}/confirm", {"staff_id": str(_pending(world))}, {"json": {}})


def staff_lines(world: World) -> Iterator[Line]:
    forum, admin = world.forum, world.staff["all"]
    with admin.http(forum.address) as staff:
        someone = _someone(world)
        wrong = {"email": someone.email, "password": "wrong", "code": someone.code()}
        yield "POST /v1/staff/sessions", 401, "sign-in-failed", forum.post("/v1/staff/sessions", wrong)
        for path, more in (("password", {"new_password": _NEW_PASSWORD}), ("authenticator", {})):
            answer = httpx2.post(
                f"{forum.address}/v1/staff/me/{path}", json={"password": "wrong", **more}, headers=someone.headers
            )
            yield f"POST /v1/staff/me/{path}", 401, "sign-in-failed", answer
        taken = {"email": someone.email, "roles": ["reviewer"]}
        yield "POST /v1/staff/members", 409, "state-conflict", staff.post("/v1/staff/members", json=taken)
        at = f"/v1/staff/members/{someone.staff_id}"
        yield f"PATCH {_ONE}", 409, "state-conflict", staff.patch(at, json={"version": 9, **_REASON})
        yield f"POST {_ONE}/restore", 409, "state-conflict", staff.post(f"{at}/restore", json=_REASON)
        yield f"POST {_ONE}/confirm", 409, "state-conflict", staff.post(f"{at}/confirm", json={})
        assert staff.post(f"{at}/disable", json=_REASON).status_code == httpx2.codes.OK
        for act in ("disable", "reset"):
            yield f"POST {_ONE}/{act}", 409, "state-conflict", staff.post(f"{at}/{act}", json=_REASON)
        own = f"/v1/staff/members/{_pending(world, proposed_by=admin.staff_id)}/confirm"
        yield f"POST {_ONE}/confirm", 403, "needs-second-person", staff.post(own, json={})


def _someone(world: World) -> StaffLogin:
    return make_staff(world.services, Role.REVIEWER)


def _by(login: StaffLogin, **body: str) -> dict[str, dict[str, str]]:
    return {"headers": login.headers, "json": body}


def _pending(world: World, proposed_by: StaffId | None = None) -> StaffId:
    waits = make_staff(world.services, Role.PRIVACY).staff_id
    found = update(StaffRow).where(StaffRow.id == waits)
    settle(world.services, found.values(state=StaffState.PENDING, proposed_by=proposed_by))
    return waits
