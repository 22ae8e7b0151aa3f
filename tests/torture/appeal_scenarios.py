"""What is asked of appeals: one good request for each route, and the refusal that belongs to one."""

from collections.abc import Iterator

from app.accounts.domain import AccountName
from app.kernel.secret import Secret
from app.reporting.appealing import NewAppeal
from app.reporting.domain import AgainstKind
from tests.torture.asked import Asked, Line
from tests.torture.world import World

_APPEALS = "/v1/appeals"


def good_appeals(world: World) -> Iterator[Asked]:
    named = {"account_id": world.accounts["suspended"]["id"]}
    more = {"evidence": ["https://forum.example/p/17"], "contact": {"email": "wo@example.org"}}
    yield Asked(f"POST {_APPEALS}", {}, {"json": {**_against(world, ref="1"), **named, **more}})
    filed = world.services.complaints.appeals.file(
        NewAppeal(
            world.forum.credentials.forum_id,
            AgainstKind.SUSPENSION,
            Secret("只发了一次"),
            account=AccountName(account_id=named["account_id"]),
        )
    )
    yield Asked("GET /v1/staff/complaints/{case_id}/background", {"case_id": filed.case.id})


def appeal_lines(world: World) -> Iterator[Line]:
    services, fresh = world.services, world.accounts["fresh"]["id"]
    ticket = services.posting.appeal_url(fresh, services.clock.now()).rpartition("/")[2]
    nothing = world.forum.post(_APPEALS, {**_against(world), "ticket": ticket})
    yield f"POST {_APPEALS}", 409, "state-conflict", nothing


def _against(world: World, **more: str) -> dict[str, object]:
    against = {"kind": "suspension", **more}
    return {"forum_id": world.forum.credentials.forum_id, "against": against, "grounds": "只发了\n一次"}
