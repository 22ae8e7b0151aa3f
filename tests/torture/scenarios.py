"""What chance does not find: one request for each answer that the OpenAPI document names."""

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256

import httpx2

from app.agreements.domain import AgreementKind
from app.idempotency.domain import KeyedRequest
from app.policies import Rate, RouteClass
from app.web.gate import BODY_LIMITS, BodyLimit
from tests.support.agreements import none_published
from tests.support.forum import NAME, PERSON, ForumBackend, Json
from tests.support.lexicons import BLOCKED, REVIEWED
from tests.support.serving import serving
from tests.torture.appeal_scenarios import appeal_lines, good_appeals
from tests.torture.asked import Asked, Line
from tests.torture.complaint_scenarios import (
    NOBODYS_ACCOUNT,
    NOBODYS_CASES,
    WHOEVER_COMPLAINS,
    complaint_lines,
    good_complaints,
    nobodys_case,
)
from tests.torture.disclosure_scenarios import disclosure_lines, good_disclosures
from tests.torture.operator_scenarios import NAMES_A_FORUM, good_operator, operator_lines, unknown_forum
from tests.torture.pause_scenarios import good_pauses, pause_lines
from tests.torture.register_scenarios import NOBODYS, good_registers, register_lines
from tests.torture.staff_scenarios import good_staff, staff_lines
from tests.torture.violation_scenarios import good_violations, violation_lines
from tests.torture.world import HOOK, RETURN_URL, USED_KEY, World, is_for_staff

GENEROUS = {kind: Rate(1_000_000_000, "requests", "test", 1) for kind in RouteClass}
_ONE_AN_HOUR = {kind: Rate(1, "requests", "test", 3600) for kind in RouteClass}
_JSON = {"content-type": "application/json"}
_KEY = "a-key-of-the-scenarios"


@dataclass(frozen=True)
class Stage:
    """The world, and the same service as it is in production: strict, and with rates that are used up at once."""

    world: World
    strict: ForumBackend


@contextmanager
def new_stage(world: World) -> Iterator[Stage]:
    services = world.services
    verifications = copy.copy(services.verifications)
    verifications._direct_by_default = False
    strict = replace(services, verifications=verifications, metrics_token_digest=sha256(b"metrics").digest())
    with serving(strict, _ONE_AN_HOUR) as address:
        backend = ForumBackend(address, world.forum.credentials)
        backend.staff_headers = world.forum.staff_headers
        with closing(backend.http):
            yield Stage(world, backend)


def good(world: World) -> Iterator[Asked]:
    """One request for each operation that it answers with 2xx, on accounts of their own."""
    credentials = world.forum.credentials
    client = {"client_id": credentials.client_id, "client_secret": credentials.client_secret.reveal()}
    form = {"headers": {"authorization": ""}}
    yield Asked("POST /oauth/token", {}, {**form, "data": {"grant_type": "client_credentials", **client}})
    yield Asked("POST /oauth/introspect", {}, {**form, "data": {"token": world.tokens["alive"], **client}})
    yield Asked("POST /oauth/revoke", {}, {**form, "data": {"token": "not one of ours", **client}})
    for path in ("/.well-known/jwks.json", "/.well-known/oauth-authorization-server", "/livez", "/readyz", "/metrics"):
        yield Asked(f"GET {path}")
    yield Asked("GET /v1/status-lists/{forum_id}", {"forum_id": credentials.forum_id})
    yield Asked("GET /v1/audit/checkpoint")
    yield Asked("GET /v1/audit/key")
    yield Asked("GET /v1/audit/proofs/inclusion", {}, {"params": {"id": world.known["id"][0]}})
    yield Asked("GET /v1/audit/proofs/consistency", {}, {"params": {"from": 1, "to": 3}})
    yield Asked("POST /v1/accounts", {}, {"json": {"handle": "好端端", "external_id": "u-good"}})
    yield Asked("GET /v1/accounts")
    yield Asked("GET /v1/agreements/current", {}, {"params": {"kind": "user"}})
    account, reason = {"account_id": world.register()["id"]}, {"json": {"reason": "刷屏"}}
    yield Asked("GET /v1/accounts/{account_id}", account)
    yield Asked("PATCH /v1/accounts/{account_id}", account, {"json": {"profile": {"bio": "你好\n👩‍🚀"}}})
    for act in ("suspend", "reinstate", "ban", "close"):
        yield Asked(f"POST /v1/accounts/{{account_id}}/{act}", account, reason)
    agreed = {"json": {"kind": "user", "version": world.known["version"][0]}}
    yield Asked("POST /v1/accounts/{account_id}/agreements", {"account_id": world.register()["id"]}, agreed)
    back = {"return_url": RETURN_URL}
    wanted = {"json": {**back, "state": "s", "handle": "想要的", "external_id": "u-new", "locale": "zh-CN"}}
    yield Asked("POST /v1/registrations", {}, wanted)
    begun = world.forum.post("/v1/registrations", back).json()
    yield Asked("GET /v1/registrations/{registration_id}", {"registration_id": begun["id"]})
    yield Asked(
        "POST /v1/accounts/{account_id}/verification-sessions", {"account_id": world.register()["id"]}, {"json": back}
    )
    session = world.forum.post(f"/v1/accounts/{world.register()['id']}/verification-sessions", back).json()
    yield Asked("GET /v1/verification-sessions/{session_id}", {"session_id": session["id"]})
    yield Asked("POST /v1/verifications", {}, {"json": _document(world.register()["id"], world.next_person())})
    verification = {"verification_id": world.verifications["waiting"]}
    yield Asked("GET /v1/verifications/{verification_id}", verification)
    yield Asked("POST /v1/verifications/{verification_id}/code", verification, {"json": {"code": world.tokens["code"]}})
    yield from _good_webhooks(world)
    yield from _good_boards(world)
    yield from _good_moderators(world)
    yield from _good_screenings(world)
    yield from good_staff(world)
    yield from good_registers(world)
    yield from good_pauses(world)
    yield from good_disclosures(world)
    yield from good_operator(world)
    yield from good_complaints(world)
    yield from good_violations(world)
    yield from good_appeals(world)
    named = {"account_id": world.accounts["verified"]["id"], "scope": "post"}
    content = [{"field": "post", "text": "你好", "board": world.offices["open"]}]
    yield Asked("POST /v1/tokens", {}, {"json": {**named, "items": content}})
    yield Asked("POST /v1/tokens/verify", {}, {"json": {"token": world.tokens["alive"]}})


def _good_screenings(world: World) -> Iterator[Asked]:
    text = {"field": "post", "text": "你好\n👩‍🚀", "account_id": world.accounts["fresh"]["id"], "ref": "帖子 1"}
    yield Asked("POST /v1/screenings", {}, {"json": {"items": [text, {"field": "bio", "text": REVIEWED}]}})
    screening = {"screening_id": world.screenings["passed"]}
    yield Asked("GET /v1/screenings/{screening_id}", screening)
    content = {"json": {"content_ref": "p/1", "url": "https://forum.example/p/1"}}
    yield Asked("POST /v1/screenings/{screening_id}/published", screening, content)


def _good_webhooks(world: World) -> Iterator[Asked]:
    one = "/v1/webhook-endpoints/{endpoint_id}"
    yield Asked("POST /v1/webhook-endpoints", {}, {"json": {"url": HOOK, "events": ["*"]}})
    yield Asked("GET /v1/webhook-endpoints")
    named = {"endpoint_id": world.endpoints["alive"]}
    yield Asked(f"GET {one}", named)
    yield Asked(f"GET {one}/deliveries", named)
    yield Asked(f"POST {one}/rotate-secret", named, {"json": {}})
    yield Asked(f"POST {one}/test", named, {"json": {}})
    ended = {"delivery_id": world.endpoints["ended delivery"]}
    yield Asked("POST /v1/webhook-deliveries/{delivery_id}/replay", ended, {"json": {}})
    gone = world.forum.post("/v1/webhook-endpoints", {"url": HOOK, "events": ["*"]}).json()
    yield Asked(f"DELETE {one}", {"endpoint_id": gone["id"]})


def _good_boards(world: World) -> Iterator[Asked]:
    founder, reason = {"account_id": world.candidate()["id"]}, {"json": {"reason": "整顿"}}
    new = {"slug": world.slug(), "name": "好版块", "description": "说说好事", "founder": founder}
    rules = {"minimum_level": "document", "interval_days": 90, "grace_days": 7}
    yield Asked("POST /v1/boards", {}, {"json": {**new, **rules}})
    yield Asked("GET /v1/boards")
    named = {"board": world.board()["id"]}
    yield Asked("GET /v1/boards/{board}", named)
    yield Asked("PATCH /v1/boards/{board}", named, {"json": {"description": "换个说法", "interval_days": None}})
    for act in ("freeze", "reopen", "close"):
        yield Asked(f"POST /v1/boards/{{board}}/{act}", named, reason)
    named = {"board": world.offices["open"]}
    manager = {"json": {"account_id": world.candidate()["id"], "role": "manager"}}
    yield Asked("POST /v1/boards/{board}/moderators", named, manager)
    yield Asked("GET /v1/boards/{board}/moderators", named)
    yield Asked("POST /v1/boards/{board}/moderators/reconcile", named, {"json": {"external_ids": ["u-1", "u-2"]}})


def _good_moderators(world: World) -> Iterator[Asked]:
    one, reason = "/v1/moderators/{moderator_id}", {"reason": "误判"}
    named = {"moderator_id": world.moderator(world.offices["open"])}
    yield Asked("GET /v1/moderators", {}, {"params": {"state": "current", "board": world.offices["open"]}})
    yield Asked(f"GET {one}", named)
    yield Asked(f"GET {one}/history", named)
    yield Asked(f"GET {one}/sanctions", named)
    measure = {"step": "warn", "reason": "漏删", "basis": "版规一"}
    yield Asked(f"POST {one}/sanctions", named, {"json": measure})
    imposed = world.forum.post(f"/v1/moderators/{named['moderator_id']}/sanctions", measure).json()
    yield Asked(f"POST {one}/sanctions/{{sanction_id}}/lift", {**named, "sanction_id": imposed["id"]}, {"json": reason})
    yield Asked(f"POST {one}/end", named, {"json": reason})
    order = {"scope": {"board": world.offices["open"]}, "reason": "抽查", "due_in_days": 14}
    yield Asked("POST /v1/reverifications", {}, {"json": order})
    yield Asked("GET /v1/reverifications")
    yield Asked("GET /v1/reverifications/{order_id}", {"order_id": world.offices["order"]})
    yield Asked("GET /v1/reverifications/forecast", {}, {"params": {"interval_days": 90, "weeks": 4}})


def _document(account_id: str, number: str, method: str = "id2") -> Json:
    document = {"type": "resident_id", "number": number, "name": NAME}
    return {"account_id": account_id, "method": method, "document": document}


# ---------------------------------------------------------------- codes that mean the same at every operation


def _malformed(stage: Stage, asked: Asked) -> httpx2.Response:
    return asked.by(stage.world.forum, json=None, content=b'{"a": 1, "a": 2}', headers=_JSON)


def _stranger(stage: Stage, asked: Asked) -> httpx2.Response:
    forum = stage.strict if asked.address == "/metrics" else stage.world.forum
    return asked.by(forum, headers={"authorization": "Bearer of.no.use"})


def _narrow(stage: Stage, asked: Asked) -> httpx2.Response:
    narrow = ForumBackend(stage.world.forum.address, stage.world.forum.credentials)
    with closing(narrow.http):
        narrow.log_in("accounts" if asked.address.startswith("/v1/tokens") else "tokens")
        return asked.by(narrow, headers={"authorization": narrow.http.headers["authorization"]})


def _hasty(stage: Stage, asked: Asked) -> httpx2.Response:
    asked.by(stage.strict)
    return asked.by(stage.strict)


def _huge(stage: Stage, asked: Asked) -> httpx2.Response:
    large = BODY_LIMITS.get(asked.address, BodyLimit()).size + 1
    return asked.by(stage.world.forum, json=None, data=None, content=b" " * large)


def _as_text(stage: Stage, asked: Asked) -> httpx2.Response:
    return asked.by(stage.world.forum, json=None, content=b"{}", headers={"content-type": "text/plain"})


def _unknown_field(stage: Stage, asked: Asked) -> httpx2.Response:
    where = "params" if asked.operation.startswith("GET ") else "json"
    return asked.by(stage.world.forum, **{where: {"no_such_field": "1"}})


def _elsewhere(stage: Stage, asked: Asked) -> httpx2.Response:
    """An id of another forum; nobody's where the other forum's would be answered, or where nothing names one."""
    theirs = {
        "account_id": stage.world.accounts["theirs"]["id"],
        "verification_id": stage.world.verifications["theirs"],
        "forum_id": "frm_nobody",
        "registration_id": "reg_nobody",
        "session_id": "ses_nobody",
        "endpoint_id": stage.world.endpoints["theirs"],
        "delivery_id": stage.world.endpoints["their delivery"],
        "board": stage.world.offices["theirs"],
        "moderator_id": stage.world.offices["their moderator"],
        "order_id": stage.world.offices["their order"],
        "sanction_id": "san_nobody",
        "screening_id": stage.world.screenings["theirs"],
        "staff_id": "stf_nobody",
        "pause_id": "pau_nobody",
        "disclosure_id": "dsc_nobody",
        "violation_id": stage.world.violations["theirs"],
    }
    given = asked.options.get("json") or {}
    instead: dict[str, Json] = {
        **NOBODYS,
        "GET /v1/audit/proofs/inclusion": {"params": {"id": "nobody"}},
        "GET /v1/moderators": {"params": {"board": theirs["board"]}},
        "POST /v1/reverifications": {"json": {**given, "scope": {"board": theirs["board"]}}},
        "POST /v1/violations": {"json": {**given, "board": "brd_nobody"}},
        "POST /v1/staff/violations": {"json": {**given, "forum_id": "frm_nobody"}},
        "POST /v1/staff/disclosures": {"json": {**given, "account_id": "acc_nobody"}},
        "POST /v1/staff/pauses": {"json": {**given, "scope": {"board_id": "brd_nobody"}}},
    }
    if asked.operation in NOBODYS_CASES | {NOBODYS_ACCOUNT}:
        return asked.by(stage.world.forum, **nobodys_case(asked))
    if asked.operation in NAMES_A_FORUM:
        return unknown_forum(stage.world, asked)
    if asked.operation in instead:
        return asked.by(stage.world.forum, **instead[asked.operation])
    if asked.path and is_for_staff(asked.address):
        return replace(asked, path=dict.fromkeys(asked.path, "nobody")).by(stage.world.forum)
    if not asked.path:
        with none_published(stage.world.services, AgreementKind.USER):
            return asked.by(stage.world.forum)
    return replace(asked, path={name: theirs[name] for name in asked.path}).by(stage.world.forum)


def _nobody(stage: Stage, asked: Asked) -> httpx2.Response:
    if is_for_staff(asked.address):
        nobody: Json = {"account_id": "acc_nobody"}
        nobody = nobody if "account_id" in asked.options["json"] else {"scope": nobody}
        return asked.by(stage.world.forum, json={**asked.options["json"], **nobody})
    theirs = {"account_id": stage.world.accounts["theirs"]["id"]}
    place = {"POST /v1/boards": {"founder": theirs}, "POST /v1/reverifications": {"scope": theirs}}
    return asked.by(stage.world.forum, json={**asked.options["json"], **place.get(asked.operation, theirs)})


def _twice_at_once(stage: Stage, asked: Asked) -> httpx2.Response:
    return _claimed(stage, asked, asked.options["json"])


def _reused(stage: Stage, asked: Asked) -> httpx2.Response:
    return _claimed(stage, asked, {"another": "body"})


def _claimed(stage: Stage, asked: Asked, body: Json) -> httpx2.Response:
    """Another process is at work on `body` under the same key."""
    key = f"{_KEY}-{len(body)}-{'another' in body}"
    client: str = stage.world.forum.credentials.client_id
    if is_for_staff(asked.address):
        client = stage.world.staff["all"].staff_id
    route = asked.operation.split(" ")[1]
    request = KeyedRequest(client, route, asked.address, key, json.dumps(body).encode())
    if asked.operation in NOBODYS_CASES:
        request = replace(request, client_id=WHOEVER_COMPLAINS).of_anybody("127.0.0.1")
    stage.world.services.idempotency.claim(request)
    by_all = stage.world.staff["all"].headers if is_for_staff(asked.address) else {}
    return asked.by(stage.world.forum, headers={**by_all, "idempotency-key": key})


def _without_a_role(stage: Stage, asked: Asked) -> httpx2.Response:
    return asked.by(stage.world.forum, headers=stage.world.staff["without a role"].headers)


def _stale(stage: Stage, asked: Asked) -> httpx2.Response:
    """By somebody who signed in some time ago; at the step-up itself with a wrong code."""
    headers = stage.world.staff["stale"].headers
    if asked.address.endswith("/step-up"):
        return asked.by(stage.world.forum, headers=headers, json={"code": "000000"})
    return asked.by(stage.world.forum, headers=headers)


EVERYWHERE: dict[str, Callable[[Stage, Asked], httpx2.Response]] = {
    "malformed-json": _malformed,
    "invalid-token": _stranger,
    "insufficient-scope": _narrow,
    "rate-limited": _hasty,
    "body-too-large": _huge,
    "unsupported-media-type": _as_text,
    "validation-failed": _unknown_field,
    "not-found": _elsewhere,
    "account-not-found": _nobody,
    "idempotency-in-progress": _twice_at_once,
    "idempotency-key-reused": _reused,
    "role-not-sufficient": _without_a_role,
    "second-factor-needed": _stale,
}


# ---------------------------------------------------------------- codes of single operations


def lines(stage: Stage) -> Iterator[Line]:
    yield from _login(stage)
    yield from _accounts(stage.world)
    yield from _acts(stage.world)
    yield from _flows(stage.world)
    yield from _verifications(stage)
    yield from _webhooks(stage.world)
    yield from _unfit(stage.world)
    yield from _boards(stage.world)
    yield from _moderators(stage.world)
    yield from staff_lines(stage.world)
    yield from register_lines(stage.world)
    yield from pause_lines(stage.world)
    yield from disclosure_lines(stage.world)
    yield from operator_lines(stage.world)
    yield from complaint_lines(stage.world)
    yield from violation_lines(stage.world)
    yield from appeal_lines(stage.world)
    list_of = Asked("GET /v1/status-lists/{forum_id}", {"forum_id": stage.world.forum.credentials.forum_id})
    etag = list_of.by(stage.world.forum).headers["etag"]
    yield list_of.operation, 304, "", list_of.by(stage.world.forum, headers={"if-none-match": f'"other", W/{etag}'})
    denied = {"account_id": stage.world.accounts["fresh"]["id"], "scope": "post"}
    for content in ({}, {"items": [{"field": "post", "text": BLOCKED}]}):
        yield "POST /v1/tokens", 403, "posting-denied", stage.world.forum.post("/v1/tokens", {**denied, **content})
    full = f"/v1/screenings/{stage.world.screenings['full']}/published"
    one_too_many = stage.world.forum.post(full, {"content_ref": "one too many", "url": "https://forum.example/"})
    yield "POST /v1/screenings/{screening_id}/published", 409, "state-conflict", one_too_many


def _login(stage: Stage) -> Iterator[Line]:
    credentials = stage.world.forum.credentials
    basic = (credentials.client_id, credentials.client_secret.reveal())

    def post(path: str, form: dict[str, str], secret: str = basic[1]) -> httpx2.Response:
        return stage.world.forum.http.post(path, data=form, auth=(basic[0], secret))

    grant = {"grant_type": "client_credentials"}
    yield "POST /oauth/token", 400, "invalid_request", post("/oauth/token", {})
    yield "POST /oauth/token", 400, "unsupported_grant_type", post("/oauth/token", {"grant_type": "password"})
    yield "POST /oauth/token", 400, "invalid_scope", post("/oauth/token", {**grant, "scope": "accounts everything"})
    yield "POST /oauth/token", 401, "invalid_client", post("/oauth/token", grant, "wrong")
    for path in ("/oauth/introspect", "/oauth/revoke"):
        yield f"POST {path}", 400, "invalid_request", post(path, {})
        yield f"POST {path}", 401, "invalid_client", post(path, {"token": "x"}, "wrong")


def _accounts(world: World) -> Iterator[Line]:
    forum, accounts = world.forum, world.accounts
    taken, fresh, new = {"handle": accounts["fresh"]["handle"]}, f"/v1/accounts/{accounts['fresh']['id']}", "新的名字"
    theirs = {"external_id": accounts["phone"]["external_id"]}
    one, other = "POST /v1/accounts", "PATCH /v1/accounts/{account_id}"
    without = f"/v1/accounts/{accounts['agreed']['id']}"
    yield one, 409, "handle-taken", forum.post("/v1/accounts", taken)
    yield one, 409, "external-id-taken", forum.post("/v1/accounts", {"handle": new, **theirs})
    yield one, 422, "handle-invalid", forum.post("/v1/accounts", {"handle": "раypal"})
    yield one, 201, "", forum.post("/v1/accounts", {"handle": "一次就够"}, headers={"idempotency-key": USED_KEY})
    yield other, 409, "handle-taken", forum.http.patch(without, json=taken)
    yield other, 409, "external-id-taken", forum.http.patch(without, json=theirs)
    yield other, 409, "state-conflict", forum.http.patch(fresh, json={"external_id": "another"})
    yield other, 422, "handle-invalid", forum.http.patch(fresh, json={"handle": "раypal"})


def _acts(world: World) -> Iterator[Line]:
    reason, one_too_many = {"reason": "刷屏"}, world.accounts["one too many"]["id"]

    def act(kind: str, account_id: str, forum: ForumBackend) -> httpx2.Response:
        return forum.post(f"/v1/accounts/{account_id}/{kind}", reason)

    for kind in ("suspend", "ban", "close"):
        path = f"POST /v1/accounts/{{account_id}}/{kind}"
        yield path, 409, "needs-confirmation", act(kind, one_too_many, world.busy)
    for kind, state in (("suspend", "banned"), ("reinstate", "fresh")):
        path = f"POST /v1/accounts/{{account_id}}/{kind}"
        yield path, 409, "state-conflict", act(kind, world.accounts[state]["id"], world.forum)
    closed = f"/v1/accounts/{world.accounts['closed']['id']}/agreements"
    accepted = world.forum.post(closed, {"kind": "user", "version": world.known["version"][0]})
    yield "POST /v1/accounts/{account_id}/agreements", 409, "state-conflict", accepted


def _flows(world: World) -> Iterator[Line]:
    of, foreign = "POST /v1/accounts/{account_id}/verification-sessions", {"return_url": "https://elsewhere.example/"}
    fresh, closed = (
        f"/v1/accounts/{world.accounts[state]['id']}/verification-sessions" for state in ("fresh", "closed")
    )
    refused = world.forum.post("/v1/registrations", foreign)
    yield "POST /v1/registrations", 422, "return-url-not-registered", refused
    yield of, 422, "return-url-not-registered", world.forum.post(fresh, foreign)
    yield of, 409, "state-conflict", world.forum.post(closed, {"return_url": RETURN_URL})


def _webhooks(world: World) -> Iterator[Line]:
    one_too_many = world.busy.post("/v1/webhook-endpoints", {"url": HOOK, "events": ["*"]})
    yield "POST /v1/webhook-endpoints", 409, "state-conflict", one_too_many
    waiting = f"/v1/webhook-deliveries/{world.endpoints['waiting delivery']}/replay"
    yield "POST /v1/webhook-deliveries/{delivery_id}/replay", 409, "state-conflict", world.forum.post(waiting, {})


def _unfit(world: World) -> Iterator[Line]:
    """Who cannot be put on record, as a founder or as a manager."""
    board, moderators = {"slug": "unfit", "name": "版块", "description": ""}, "/v1/boards/{board}/moderators"
    for state, status, code in (
        ("fresh", 403, "identity-level-too-low"),
        ("verified", 403, "agreement-not-accepted"),
        ("minor", 403, "minor-not-allowed"),
        ("suspended", 403, "account-suspended"),
        ("banned", 403, "account-banned"),
        ("closed", 409, "state-conflict"),
    ):
        named = {"account_id": world.accounts[state]["id"]}
        yield "POST /v1/boards", status, code, world.forum.post("/v1/boards", {**board, "founder": named})
        asked = world.forum.post(moderators.format(board=world.offices["open"]), {**named, "role": "manager"})
        yield f"POST {moderators}", status, code, asked


def _boards(world: World) -> Iterator[Line]:
    forum, offices, reason = world.forum, world.offices, {"reason": "整顿"}
    founder = world.candidate()["id"]
    taken = forum.board(founder, "taken")
    again = {"slug": "taken", "name": "版块", "description": "", "founder": {"account_id": founder}}
    yield "POST /v1/boards", 409, "slug-taken", forum.post("/v1/boards", again)
    renamed = forum.http.patch(f"/v1/boards/{offices['open']}", json={"slug": taken["slug"]})
    yield "PATCH /v1/boards/{board}", 409, "slug-taken", renamed
    for act, state in (("freeze", "closed"), ("reopen", "open")):
        acted = forum.post(f"/v1/boards/{offices[state]}/{act}", reason)
        yield f"POST /v1/boards/{{board}}/{act}", 409, "state-conflict", acted


def _moderators(world: World) -> Iterator[Line]:
    forum, offices, reason = world.forum, world.offices, {"reason": "卸任"}
    one, ended = "/v1/moderators/{moderator_id}", f"/v1/moderators/{offices['ended']}"
    measure = {"step": "cancel", "reason": "漏删", "basis": "版规一"}
    yield f"POST {one}/end", 409, "state-conflict", forum.post(f"{ended}/end", reason)
    yield f"POST {one}/sanctions", 409, "state-conflict", forum.post(f"{ended}/sanctions", measure)
    lifted = forum.post(f"/v1/moderators/{offices['manager']}/sanctions/{offices['lifted']}/lift", reason)
    yield f"POST {one}/sanctions/{{sanction_id}}/lift", 409, "state-conflict", lifted
    order = {"scope": {"moderator_id": offices["ended"]}, "reason": "抽查", "due_in_days": 14}
    yield "POST /v1/reverifications", 409, "state-conflict", forum.post("/v1/reverifications", order)
    lists = (
        Asked("GET /v1/moderators", {}, {"params": {"state": "ended"}}),
        Asked("GET /v1/boards/{board}/moderators", {"board": offices["frozen"]}),
    )
    for asked in lists:
        etag = asked.by(forum).headers["etag"]
        yield asked.operation, 304, "", asked.by(forum, headers={"if-none-match": f'"other", W/{etag}'})


def _verifications(stage: Stage) -> Iterator[Line]:
    world, forum, path = stage.world, stage.world.forum, "POST /v1/verifications"
    ids = {state: account["id"] for state, account in world.accounts.items()}

    def check(state: str, number: str = PERSON, by: ForumBackend = forum) -> httpx2.Response:
        return by.post("/v1/verifications", _document(ids[state], number))

    yield path, 403, "minor-not-allowed", check("fresh", "110199201306010011")
    yield path, 409, "possession-required", check("verified")
    yield path, 409, "state-conflict", check("closed")
    yield path, 422, "document-invalid", check("fresh", "110199199003070018")
    yield path, 429, "too-many-attempts", check("rejected", "110199199003070033")
    done = f"/v1/verifications/{world.verifications['done']}/code"
    yield "POST /v1/verifications/{verification_id}/code", 409, "state-conflict", forum.post(done, {"code": "123456"})
    yield path, 403, "direct-verification-off", check("fresh", by=stage.strict)
