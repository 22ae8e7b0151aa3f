"""What is asked of the emergency switch: one good request for each route, and each refusal that belongs to one."""

from collections.abc import Iterator

from app.forums.domain import PausedPlace
from app.kernel.actor import OPERATOR
from app.kernel.ids import ForumId
from tests.torture.asked import Asked, Line
from tests.torture.world import World

_ONE = "/v1/staff/pauses/{pause_id}"
_REASON = "违规信息扩散"
_HELD = {"held_on": "2026-01-31", "scenario": "全站暂停", "outcome": "停下\n恢复"}


def good_pauses(world: World) -> Iterator[Asked]:
    yield Asked("POST /v1/staff/pauses", {}, {"json": _body(_forum(world))})
    yield Asked("GET /v1/staff/pauses")
    paused = world.services.emergency.pauses.pause(OPERATOR, PausedPlace(_forum(world)), _REASON)
    yield Asked(f"DELETE {_ONE}", {"pause_id": paused.id})
    yield Asked("POST /v1/staff/drills", {}, {"json": _HELD})
    yield Asked("GET /v1/staff/drills")


def pause_lines(world: World) -> Iterator[Line]:
    with world.staff["all"].http(world.forum.address) as staff:
        body = _body(_forum(world))
        made = staff.post("/v1/staff/pauses", json=body).json()["id"]
        yield "POST /v1/staff/pauses", 409, "state-conflict", staff.post("/v1/staff/pauses", json=body)
        yield f"DELETE {_ONE}", 403, "needs-second-person", staff.delete(f"/v1/staff/pauses/{made}")
        over = world.services.emergency.pauses.pause(OPERATOR, PausedPlace(_forum(world)), _REASON).id
        staff.delete(f"/v1/staff/pauses/{over}")
        yield f"DELETE {_ONE}", 409, "state-conflict", staff.delete(f"/v1/staff/pauses/{over}")


def _forum(world: World) -> ForumId:
    """One that nobody else needs."""
    return world.services.forums.add(OPERATOR, "停笔").forum_id


def _body(forum_id: ForumId) -> dict[str, object]:
    return {"scope": {"forum_id": forum_id}, "reason": _REASON}
