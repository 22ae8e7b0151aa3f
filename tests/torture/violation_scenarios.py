"""What is asked of violations and reports to authorities: one good request for each route, and its own refusals."""

from collections.abc import Iterator

from app.kernel.actor import OPERATOR
from app.kernel.ids import new_id
from app.kernel.secret import Secret
from app.organisation.domain import AuthorityEntry, AuthorityKind
from app.reporting.desk import NewComplaint
from app.reporting.domain import Category, OnBehalf, TargetKind
from app.reporting.filing import NamedTarget
from app.reporting.offences import NewReport
from tests.support.clock import TODAY
from tests.support.forum import Json
from tests.torture.asked import Asked, Line
from tests.torture.world import World

_FOUND, _STAFF, _REPORT = "/v1/violations", "/v1/staff/violations", "/v1/staff/reports/{report_id}"
_ONE, _STAFF_ONE = f"{_FOUND}/{{violation_id}}", f"{_STAFF}/{{violation_id}}"
_MOMENT = "2026-11-21T03:00:00Z"
_DONE = {"measure": "delete", "taken_at": _MOMENT, "reason": "赌博"}


def good_violations(world: World) -> Iterator[Asked]:
    yield Asked(f"POST {_FOUND}", {}, {"json": _found(world)})
    yield Asked(f"GET {_FOUND}")
    named = {"violation_id": new_violation(world)}
    yield Asked(f"GET {_ONE}", named)
    yield Asked(f"POST {_ONE}/measures", named, {"json": _DONE})
    by_staff = {**_found(world), "forum_id": world.forum.credentials.forum_id}
    yield Asked(f"POST {_STAFF}", {}, {"json": by_staff})
    yield Asked(f"GET {_STAFF}", {}, {"params": {"state": "unreported", "category": "gambling"}})
    yield Asked(f"GET {_STAFF_ONE}", named)
    yield Asked(f"POST {_STAFF_ONE}/measures", named, {"json": {"measure": "stop_transmission", "reason": "赌博"}})
    yield Asked(f"POST {_STAFF_ONE}/evidence", named, {"json": {"reason": "抽查"}})
    yield Asked(f"POST {_STAFF_ONE}/hold", named, {"json": {"reason": "案件未结"}})
    yield Asked(f"POST {_STAFF_ONE}/reports", named, {"json": {"authority": _authority(world), "note": "附件"}})
    yield Asked("GET /v1/staff/reports", {}, {"params": {"state": "draft"}})
    report = {"report_id": new_report(world)}
    yield Asked(f"GET {_REPORT}", report)
    yield Asked(f"POST {_REPORT}/approve", report, {"json": {}})
    yield Asked(f"POST {_REPORT}/sent", report, {"json": {"receipt_no": "〔2026〕1号"}})
    yield Asked(f"POST {_REPORT}/withdraw", {"report_id": new_report(world)}, {"json": {"reason": "误报"}})


def violation_lines(world: World) -> Iterator[Line]:
    forum, named = world.forum, {"violation_id": new_violation(world)}
    suspend = Asked(f"POST {_ONE}/measures", named, {"json": {**_DONE, "measure": "suspend_account"}})
    yield suspend.operation, 409, "state-conflict", suspend.by(forum)
    order = Asked(f"POST {_STAFF_ONE}/measures", named, {"json": {"measure": "freeze_board", "reason": "整顿"}})
    yield order.operation, 409, "state-conflict", order.by(forum)
    asked_for = {"violation_id": _asked_for_by_a_company(world)}
    removal = Asked(f"POST {_STAFF_ONE}/measures", asked_for, {"json": {"measure": "delete", "reason": "侵权"}})
    yield removal.operation, 403, "needs-second-person", removal.by(forum)
    draft = Asked(f"POST {_STAFF_ONE}/reports", named, {"json": {"authority": "other"}})
    yield draft.operation, 409, "no-authority", draft.by(forum)
    police = {"authority": _authority(world)}
    own = draft.by(forum, json=police).json()["id"]
    yield draft.operation, 409, "state-conflict", draft.by(forum, json=police)
    report = {"report_id": own}
    approve = Asked(f"POST {_REPORT}/approve", report, {"json": {}})
    yield approve.operation, 403, "needs-second-person", approve.by(forum)
    sent = Asked(f"POST {_REPORT}/sent", report, {"json": {}})
    yield sent.operation, 409, "state-conflict", sent.by(forum)
    withdraw = Asked(f"POST {_REPORT}/withdraw", report, {"json": {"reason": "误报"}})
    withdraw.by(forum)
    yield withdraw.operation, 409, "state-conflict", withdraw.by(forum)
    gone = Asked(f"POST {_REPORT}/approve", {"report_id": _withdrawn(world)}, {"json": {}})
    yield gone.operation, 409, "state-conflict", gone.by(forum)
    erased = {"violation_id": world.violations["erased"]}
    for act in ("evidence", "hold"):
        asked = Asked(f"POST {_STAFF_ONE}/{act}", erased, {"json": {"reason": "抽查"}})
        yield asked.operation, 409, "state-conflict", asked.by(forum)


def new_violation(world: World) -> str:
    made = world.forum.post(_FOUND, _found(world))
    assert made.is_success, made.text
    return str(made.json()["id"])


def _asked_for_by_a_company(world: World) -> str:
    target = NamedTarget(TargetKind.CONTENT, "帖子 1")
    forum_id = world.forum.credentials.forum_id
    complaint = NewComplaint(forum_id, Category.DEFAMATION, target, Secret("请删"), on_behalf=OnBehalf.COMPANY)
    case = world.services.complaints.public.file(complaint).case.id
    found = Asked(f"POST {_STAFF}", {}, {"json": {**_found(world), "forum_id": forum_id, "case": case}})
    return str(found.by(world.forum).json()["id"])


def new_report(world: World) -> str:
    """A draft of somebody else's."""
    reports = world.services.authority_reports
    return reports.draft(OPERATOR, new_violation(world), NewReport(_authority(world))).id


def _withdrawn(world: World) -> str:
    report = new_report(world)
    world.services.authority_reports.withdraw(OPERATOR, report, "误报")
    return report


def _authority(world: World) -> str:
    """One that nothing was reported to."""
    entry = AuthorityEntry(f"公安 {new_id('aut', TODAY)[-6:]}", AuthorityKind.PS_LOCAL, "测试市", "110", TODAY.date())
    return world.services.organisation.add_authority(OPERATOR, entry).id


def _found(world: World) -> Json:
    content = {"ref": "帖子 1", "text": "网上赌场\n👩‍🚀", "published_at": _MOMENT, "ip": "192.0.2.1", "port": 443}
    account = world.accounts["fresh"]["id"]
    return {
        "account_id": account,
        "board": world.offices["open"],
        "category": "gambling",
        "source": "patrol",
        "discovered_at": _MOMENT,
        "content": content,
    }
