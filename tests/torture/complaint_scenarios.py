"""What is asked of the complaint desk: one good request for each route, and the refusals that belong to single ones."""

from collections.abc import Iterator
from typing import Any

from app.kernel.actor import Actor, ActorKind
from app.kernel.secret import Secret
from app.reporting.desk import NewComplaint
from app.reporting.domain import Category, Contact, Measure, OnBehalf, TargetKind
from app.reporting.filing import Filed, NamedTarget
from app.reporting.handling import Decision
from app.reporting.tracking import new_tracking_code
from app.staff.access import Role
from tests.support.forum import Json
from tests.support.staff import StaffLogin, make_staff
from tests.torture.asked import Asked, Line
from tests.torture.world import World

WHOEVER_COMPLAINS = "complainant"
"""Under whose name the keys of all of them are kept."""
_DESK, _CASES, _RECUSALS = "/v1/complaints", "/v1/staff/complaints", "/v1/staff/recusals"
_ONE = f"{_CASES}/{{case_id}}"
_BY_CODE = {f"POST {_DESK}/{act}" for act in ("track", "message", "appeal")}
NOBODYS_CASES = frozenset({f"POST {_DESK}", "POST /v1/appeals", *_BY_CODE})
"""Of those whose path names nobody: their body does."""
NOBODYS_ACCOUNT = f"POST {_RECUSALS}"


def nobodys_case(asked: Asked) -> Json:
    """The same request about a forum, a case or an account that there is not."""
    wrong = {"tracking_code": new_tracking_code().reveal(), "forum_id": "frm_nobody", "account_id": "acc_nobody"}
    body: Json = asked.options["json"]
    return {"json": {**body, **{name: text for name, text in wrong.items() if name in body}}}


def good_complaints(world: World) -> Iterator[Asked]:
    whole = {
        "forum_id": world.forum.credentials.forum_id,
        "category": "fraud",
        "target": {"kind": "content", "ref": "post-17", "account": "谁的", "board": "tea"},
        "description": "先付款\n后拉黑",
        "evidence": ["https://forum.example/p/17"],
        "contact": {"phone": "14000000001", "email": "wo@example.org"},
        "on_behalf": "company",
    }
    yield Asked(f"POST {_DESK}", {}, {"json": whole})
    code = {"tracking_code": _code(_filed(world))}
    yield Asked(f"POST {_DESK}/track", {}, {"json": code})
    yield Asked(f"POST {_DESK}/message", {}, {"json": {**code, "text": "还有\n一句"}})
    appealed = {"tracking_code": _code(_decided(world)), "grounds": "再看一次"}
    yield Asked(f"POST {_DESK}/appeal", {}, {"json": appealed})
    yield Asked(f"GET {_CASES}", {}, {"params": {"queue": "ordinary", "late": "false"}})
    named = _named(_accepted(world))
    yield Asked(f"GET {_ONE}", named)
    yield Asked(f"POST {_ONE}/assign", named, {"json": {"staff_id": make_staff(world.services, "reviewer").staff_id}})
    yield Asked(f"POST {_ONE}/accept", _named(_filed(world)), {"json": {"take": True}})
    yield Asked(f"POST {_ONE}/reply", named, {"json": {"text": "哪一天？", "question": True}})
    yield Asked(f"POST {_ONE}/contact", named, {"json": {"reason": "要回电话"}})
    decided = _accepted(world)
    ruling = {"outcome": "upheld", "reason": "content_removed", "text": "已删除", "measures": ["delete"], "also": []}
    yield Asked(f"POST {_ONE}/decide", _named(decided), {"json": {**ruling, "version": _version(world, decided)}})
    waits = _decided(world, by=make_staff(world.services, "reviewer"))
    yield Asked(f"POST {_ONE}/agree", _named(waits), {"json": {"version": _version(world, waits)}})
    recusal = _recusal(world)
    yield Asked(f"POST {_RECUSALS}", {}, {"json": recusal})
    yield Asked(f"GET {_RECUSALS}")
    yield Asked(f"DELETE {_RECUSALS}/{{staff_id}}/{{account_id}}", _declared(world))


def complaint_lines(world: World) -> Iterator[Line]:
    ended, new = _decided(world), _filed(world)
    with world.staff["all"].http(world.forum.address) as staff:

        def act(what: str, of: Filed, body: Json) -> Any:
            return staff.post(f"{_CASES}/{of.case.id}/{what}", json=body)

        def ruling(outcome: str, reason: str, of: Filed) -> Json:
            return {"outcome": outcome, "reason": reason, "version": _version(world, of)}

        told = {"tracking_code": _code(ended)}
        more = staff.post(f"{_DESK}/message", json={**told, "text": "再说"})
        yield f"POST {_DESK}/message", 409, "state-conflict", more
        for what, body in (("assign", {}), ("accept", {}), ("reply", {"text": "好", "question": False})):
            yield f"POST {_ONE}/{what}", 409, "state-conflict", act(what, ended, body)
        waits = {"version": _version(world, ended)}
        yield f"POST {_ONE}/agree", 403, "needs-another-person", act("agree", ended, waits)
        yield f"POST {_ONE}/agree", 409, "already-decided", act("agree", ended, {"version": 0})
        yield f"POST {_ONE}/agree", 409, "state-conflict", act("agree", new, waits)
        for _ in range(2):
            again = staff.post(f"{_DESK}/appeal", json={**told, "grounds": "换人"})
        yield f"POST {_DESK}/appeal", 409, "state-conflict", again
        yield f"POST {_ONE}/assign", 403, "needs-another-person", act("assign", ended, {})
        granted = act("decide", ended, ruling("granted", "decision_wrong", ended))
        yield f"POST {_ONE}/decide", 403, "needs-another-person", granted
        early = ruling("upheld", "other", new)
        yield f"POST {_ONE}/decide", 409, "state-conflict", act("decide", new, early)
        act("accept", new, {})
        yield f"POST {_ONE}/accept", 409, "already-decided", act("accept", new, {})
        yield f"POST {_ONE}/decide", 409, "already-decided", act("decide", new, early)
        yield f"POST {_RECUSALS}", 409, "state-conflict", staff.post(_RECUSALS, json=_declared(world))


def _filed(world: World) -> Filed:
    return world.services.complaints.public.file(
        NewComplaint(
            world.forum.credentials.forum_id,
            Category.FRAUD,
            NamedTarget(TargetKind.CONTENT, "post-17"),
            Secret("先付款后拉黑"),
            contact=Contact(phone=Secret("14000000001")),
            on_behalf=OnBehalf.COMPANY,
        )
    )


def _accepted(world: World, by: StaffLogin | None = None) -> Filed:
    filed = _filed(world)
    world.services.complaints.handling.accept(_actor(by or world.staff["all"]), filed.case.id)
    return filed


def _decided(world: World, by: StaffLogin | None = None) -> Filed:
    """With a measure that waits for somebody else's agreement."""
    filed, by = _accepted(world, by), by or world.staff["all"]
    ruling = Decision(_version(world, filed), "upheld", "content_removed", measures=(Measure.DELETE,))
    world.services.complaints.handling.decide(_actor(by), filed.case.id, ruling)
    return filed


def _recusal(world: World) -> dict[str, str]:
    member = make_staff(world.services, Role.REVIEWER)
    return {"account_id": world.accounts["fresh"]["id"], "staff_id": member.staff_id}


def _declared(world: World) -> dict[str, str]:
    named = _recusal(world)
    recusals = world.services.complaints.recusals
    recusals.declare(_actor(world.staff["all"]), named["staff_id"], named["account_id"])
    return named


def _actor(member: StaffLogin) -> Actor:
    return Actor(ActorKind.STAFF, member.staff_id)


def _version(world: World, filed: Filed) -> int:
    return world.services.complaints.handling.show(_actor(world.staff["all"]), filed.case.id).view.case.version


def _code(filed: Filed) -> str:
    return filed.tracking_code.reveal()


def _named(filed: Filed) -> dict[str, str]:
    return {"case_id": filed.case.id}
