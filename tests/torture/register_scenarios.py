"""What is asked of the staff's registers and queues: one good request for each, and the refusals of single ones."""

from collections.abc import Iterator
from typing import Any

from app.kernel.actor import OPERATOR
from app.screening.docket import ReviewFilter
from tests.support.lexicons import HEADER, REVIEWED, lexicon_file
from tests.torture.asked import Asked, Line
from tests.torture.world import RETURN_URL, World

NOBODYS: dict[str, dict[str, Any]] = {
    "GET /v1/staff/moderators": {"params": {"board": "brd_nobody"}},
    "POST /v1/staff/reverifications": {"json": {"scope": {"board": "brd_nobody"}, "reason": "抽查", "due_in_days": 3}},
    "POST /v1/staff/reverifications/preview": {"json": {"scope": {"moderator_id": "mod_nobody"}, "due_in_days": 3}},
    "POST /v1/staff/lexicons/try": {"json": {"text": "你好", "lexicon_id": "lex_nobody"}},
}
"""Of those whose path names nobody: a request about what there is not."""
_FORUMS, _ONE_FORUM = "/v1/staff/forums", "/v1/staff/forums/{forum_id}"
_ORDERS, _LEXICONS, _ONE_LEXICON = "/v1/staff/reverifications", "/v1/staff/lexicons", "/v1/staff/lexicons/{lexicon_id}"
_EMPTY: dict[str, Any] = {"json": {}}


def good_registers(world: World) -> Iterator[Asked]:
    yield Asked("GET /v1/staff/overview")
    yield Asked(f"GET {_FORUMS}")
    new = {"name": "新论坛", "return_urls": [RETURN_URL], "direct_verification": "没有网页"}
    yield Asked(f"POST {_FORUMS}", {}, {"json": new})
    named = {"forum_id": str(world.services.forums.add(OPERATOR, "练习场").forum_id)}
    yield Asked(f"GET {_ONE_FORUM}", named)
    for act in ("rotate-secret", "confirm", "disable"):
        yield Asked(f"POST {_ONE_FORUM}/{act}", named, _EMPTY)
    yield Asked("GET /v1/staff/boards")
    yield Asked("GET /v1/staff/moderators", {}, {"params": {"state": "current", "board": world.offices["open"]}})
    scope = {"moderator_ids": [world.offices["manager"], world.offices["ended"]]}
    yield Asked(f"POST {_ORDERS}/preview", {}, {"json": {"scope": scope, "due_in_days": 14}})
    yield Asked(f"POST {_ORDERS}", {}, {"json": {"scope": scope, "reason": "抽查", "due_in_days": 14}})
    yield Asked(f"GET {_ORDERS}")
    yield Asked(f"GET {_ORDERS}/forecast", {}, {"params": {"interval_days": 90, "weeks": 4}})
    yield Asked(f"GET {_ORDERS}/{{order_id}}", {"order_id": world.offices["order"]})
    account = world.accounts["suspended"]
    yield Asked("GET /v1/staff/accounts", {}, {"params": {"handle": account["handle"]}})
    yield Asked("GET /v1/staff/accounts/{account_id}/timeline", {"account_id": account["id"]})
    yield Asked("GET /v1/staff/audit/entries", {}, {"params": {"action": "account.suspended"}})
    yield Asked("GET /v1/staff/jobs")
    yield Asked("GET /v1/staff/webhook-endpoints")
    yield from _good_reviews(world)
    yield from _good_lexicons(world)


def _good_reviews(world: World) -> Iterator[Asked]:
    named, decision = {"review_id": new_review(world)}, {"version": 0, "decision": "pass", "reason": "核对过"}
    yield Asked("GET /v1/staff/reviews", {}, {"params": {"field": "post"}})
    yield Asked("GET /v1/staff/reviews/{review_id}", named)
    version = world.services.reviews.show(named["review_id"]).version
    yield Asked("POST /v1/staff/reviews/{review_id}/decide", named, {"json": {**decision, "version": version}})


def _good_lexicons(world: World) -> Iterator[Asked]:
    named = {"lexicon_id": _draft(world, "staff-draft")}
    yield Asked(f"GET {_LEXICONS}")
    yield Asked(
        f"POST {_LEXICONS}", {}, {"json": {"name": "staff-new", "content": f"{HEADER}代开发票,fraud,block,4,,,\n"}}
    )
    yield Asked(f"POST {_LEXICONS}/try", {}, {"json": {"text": "代开发票", "field": "post", **named}})
    yield Asked(f"GET {_ONE_LEXICON}/diff", named)
    yield Asked(f"POST {_ONE_LEXICON}/rehearse", named, {"json": {"cases": "text,field,decision\n你好,post,pass\n"}})
    yield Asked(f"POST {_ONE_LEXICON}/publish", named, {"json": {"despite_alarm": True}})
    yield Asked(f"POST {_ONE_LEXICON}/withdraw", named, _EMPTY)


def register_lines(world: World) -> Iterator[Line]:
    def told(operation: str, path: dict[str, str], body: dict[str, Any]) -> Line:
        asked = Asked(operation, path, {"json": body})
        return operation, 409, "state-conflict", asked.by(world.forum)

    disabled = world.services.forums.add(OPERATOR, "停用的").forum_id
    world.services.forums.disable(OPERATOR, disabled)
    for act in ("rotate-secret", "confirm"):
        yield told(f"POST {_ONE_FORUM}/{act}", {"forum_id": disabled}, {})
    ended = {"scope": {"moderator_id": world.offices["ended"]}, "due_in_days": 3}
    yield told(f"POST {_ORDERS}", {}, {**ended, "reason": "抽查"})
    yield told(f"POST {_ORDERS}/preview", {}, ended)
    draft = {"lexicon_id": _draft(world, "staff-lines")}
    yield told(f"POST {_ONE_LEXICON}/withdraw", draft, {})
    world.services.lexicons.publish(OPERATOR, "staff-lines", despite_alarm=True)
    yield told(f"POST {_ONE_LEXICON}/publish", draft, {})
    decide = Asked("POST /v1/staff/reviews/{review_id}/decide", {"review_id": new_review(world)})
    stale = {"version": 9, "decision": "pass", "reason": "核对过"}
    yield decide.operation, 409, "already-decided", decide.by(world.forum, json=stale)


def new_review(world: World) -> str:
    """An open one of a text that was never seen before."""
    text = f"{REVIEWED} {world.slug()}"
    world.forum.post("/v1/screenings", {"items": [{"field": "post", "text": text}]})
    return world.services.reviews.list_open(ReviewFilter(limit=200))[-1].id


def _draft(world: World, name: str) -> str:
    term = f"练习词{world.slug()[-6:]}"
    return world.services.lexicons.import_file(OPERATOR, name, lexicon_file(term)).version.id
