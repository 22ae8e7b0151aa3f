"""Every way in for a name or a text, by walking the ways in: none leads around the gate. Source: L6a, L8f, L8g.

A new field of the API, field of a form or command fails here until somebody says what it is.
"""

import ast
from collections.abc import Callable, Iterator
from inspect import signature
from pathlib import Path

import httpx2
import pytest
from typer.main import get_command

import app.__main__  # noqa: F401 -- it brings the commands of other rooms
from app.cli.root import shiming
from app.kernel.actor import OPERATOR
from app.screening.service import Gate
from app.wiring import Services
from tests.architecture.test_contract import expected_rows
from tests.support.forum import ForumBackend, Json

_ROOT = Path(__file__).parents[2]
_BLOCKED, _WAITS = "网上赌场", "官方客服"
_LEXICON = f"""term,category,action,severity,fields,boundary,note
{_BLOCKED},gambling,block,5,,,
{_WAITS},impersonation,review,3,,,
casino,gambling,block,5,,,
"""
_NAMES = {"handle", "profile.display_name", "profile.bio", "profile.signature", "slug", "name", "description"}
_TEXTS = {"items[].text"}
_WHERE_NAMES_ARE_GIVEN = {
    ("POST", "/v1/accounts"),
    ("PATCH", "/v1/accounts/{account_id}"),
    ("POST", "/v1/boards"),
    ("PATCH", "/v1/boards/{board}"),
}
_WHERE_TEXTS_ARE_GIVEN = {("POST", "/v1/screenings"), ("POST", "/v1/tokens")}
_PAPERS_OF_THE_OPERATOR = ("/v1/staff/organisation", "/v1/staff/agreements", "/v1/staff/policies")
_NOT_FOR_OTHERS = {
    *("account_id", "handle", "external_id", "board", "scope.moderator_id", "scope.board", "scope.account_id"),
    *("founder.account_id", "founder.handle", "founder.external_id", "external_ids[]"),
    *("grant_type", "scope", "client_id", "client_secret", "token", "token_type_hint", "kind", "version", "method"),
    *("document.type", "document.number", "document.name", "document.country", "phone", "code", "role", "step"),
    *(
        "minimum_level",
        "until",
        "locale",
        "return_url",
        "state",
        "url",
        "events[]",
        "cause",
        "basis",
        "ground",
        "reason",
    ),
    *("fields[]", "authority", "instrument_no", "legal_basis", "purpose", "notify_after", "request_digest"),
    *("email", "password", "new_password", "roles[]", "ends_at"),
    *("return_urls[]", "direct_verification", "scope.moderator_ids[]", "scope.forum_id", "decision", "lexicon_id"),
    *("scope.all", "scope.forum_id", "scope.board_id", "held_on", "scenario", "outcome"),
    *("category", "source", "discovered_at", "content.published_at", "measure", "taken_at", "violation_id", "case"),
    *("forum_id", "receipt_no", "sent_at", "disclosure_id"),
    *("items[].field", "items[].account_id", "items[].board", "items[].ref", "content_ref"),
}
"""Who or what is meant, closed sets, secrets, addresses, and reasons that the forum itself gives."""
_KEPT_AS_EVIDENCE = {"content.text", "content.ref", "content.ip"}
"""As it was, sealed: staff alone read it, and nothing may be changed in it."""
_FROM_ANYBODY = ("/v1/complaints", "/v1/appeals")
_WHAT_SOMEBODY_COMPLAINS_OF = {
    *("forum_id", "category", "target.kind", "target.ref", "target.account", "target.board", "description"),
    *("evidence[]", "contact.phone", "contact.email", "on_behalf", "tracking_code", "text", "grounds"),
    *("against.kind", "against.ref", "ticket"),
}
"""Sealed for the staff: nobody else reads it, so it may hold what is complained of, in its own words."""
_OF_THE_STAFF = {
    ("POST", "/v1/staff/complaints/{case_id}/assign"): {"staff_id"},
    ("POST", "/v1/staff/complaints/{case_id}/reply"): {"text"},
    ("POST", "/v1/staff/complaints/{case_id}/decide"): {"text", "outcome", "measures[]", "also[]"},
    ("POST", "/v1/staff/recusals"): {"staff_id"},
    ("POST", "/v1/violations"): _KEPT_AS_EVIDENCE,
    ("POST", "/v1/staff/forums"): {"name"},
    ("POST", "/v1/staff/lexicons"): {"name", "content"},
    ("POST", "/v1/staff/lexicons/try"): {"text", "field"},
    ("POST", "/v1/staff/lexicons/{lexicon_id}/rehearse"): {"cases"},
    ("POST", "/v1/staff/violations"): _KEPT_AS_EVIDENCE,
    ("POST", "/v1/staff/violations/{violation_id}/reports"): {"note"},
}
"""What the operator's own people write: names of forums and lexicons, lexicons, and texts that are only tried."""
_OF_THE_OPERATOR = {
    *("name", "duty", "rank", "title", "contact", "paper", "appointed_on", "region", "channel", "reviewed_on"),
    *("forum_id", "icp_filing", "ps_filing", "responsible_unit", "source", "effective_at", "accept_by"),
    *("kind", "version", "text.zh", "text.en"),
}
"""What staff put down for the operator itself: papers of its own, and agreements, which nobody else may write."""
_FORM_FIELDS = {"handle", "suggested"}
_OTHER_FORM_FIELDS = {
    *("act", "attempt", "phone", "code", "tag", "on", "accept", "version", "way", "type", "country", "number", "name")
}
_FORM_FIELDS_FOR_STAFF_ALONE = {
    *(
        "key",
        "step",
        "go",
        "code",
        "asked",
        "again",
        "text",
        "grounds",
        "evidence",
        "forum",
        "against",
        "account",
        "email",
        "phone",
    )
}
"""Of complaints and appeals: sealed, and read by nobody else; how far somebody has come, and who is meant."""
_COMMANDS_WITH_NAMES = {"accounts import"}
_OTHER_COMMANDS = {
    *("init", "serve", "worker", "demo", "doctor", "accounts campaign", "audit verify", "audit export"),
    *("forum add", "forum list", "forum rotate-secret", "forum disable", "forum confirm", "forum terms"),
    *(
        "keys status",
        "keys rotate",
        "audit recover",
        "moderators due",
        "moderators import",
        "moderators order",
        "patrol",
    ),
    *("lexicon import", "lexicon list", "lexicon try", "lexicon diff", "lexicon rehearse", "lexicon publish"),
    *("lexicon withdraw", "lexicon export", "reviews list", "reviews show", "reviews decide", "reviews suggestions"),
    *("audit prove", "audit search", "staff add", "staff list", "staff disable"),
}


@pytest.fixture
def lexicon(services: Services) -> None:
    services.lexicons.import_file(OPERATOR, "own", _LEXICON.encode())
    services.lexicons.publish(OPERATOR, "own")


Way = tuple[str, str, str]
Send = Callable[[str], httpx2.Response]


def _names(forum: ForumBackend) -> Iterator[tuple[Way, Send]]:
    """Each way in for a name of the API, and how to send one through it."""
    ready = forum.moderator_to_be("发起人")["id"]
    board = forum.board(ready)["id"]
    fields = ("handle", "profile.display_name", "profile.bio", "profile.signature")
    for field, handle in zip(fields, ("路人甲", "路人乙", "路人丙", "路人丁"), strict=True):
        yield ("POST", "/v1/accounts", field), _sender(forum, "POST", "/v1/accounts", {"handle": handle}, field)
        yield ("PATCH", "/v1/accounts/{account_id}", field), _sender(forum, "PATCH", f"/v1/accounts/{ready}", {}, field)
    for field in ("slug", "name", "description"):
        new = {"slug": f"of-{field}", "name": "两", "description": "", "founder": {"account_id": ready}}
        yield ("POST", "/v1/boards", field), _sender(forum, "POST", "/v1/boards", new, field)
        yield ("PATCH", "/v1/boards/{board}", field), _sender(forum, "PATCH", f"/v1/boards/{board}", {}, field)


def _sender(forum: ForumBackend, method: str, path: str, beside: Json, field: str) -> Send:
    room, _, name = field.rpartition(".")
    return lambda text: forum.http.request(method, path, json=beside | ({room: {name: text}} if room else {name: text}))


def test_every_field_that_a_forum_sends_is_a_name_a_text_or_nothing_that_others_read() -> None:
    sent = [row for row in expected_rows() if row["where"] == "request" and row["type"] == "string"]
    for row in sent:
        operation = (row["method"], row["path"])
        if operation in _WHERE_NAMES_ARE_GIVEN and row["name"] in _NAMES:
            continue
        if operation in _WHERE_TEXTS_ARE_GIVEN and row["name"] in _TEXTS:
            continue
        if row["path"].startswith(_FROM_ANYBODY) and row["name"] in _WHAT_SOMEBODY_COMPLAINS_OF:
            continue
        if row["name"] in _OF_THE_STAFF.get(operation, ()):
            continue
        if row["path"].startswith(_PAPERS_OF_THE_OPERATOR) and row["name"] in _OF_THE_OPERATOR:
            continue
        assert row["name"] in _NOT_FOR_OTHERS, f"{operation} {row['name']}: who reads it, and what screens it?"


@pytest.mark.usefixtures("lexicon")
def test_every_name_that_a_forum_sends_is_stopped_where_the_lexicon_says_block(forum: ForumBackend) -> None:
    tried = set()
    for way, send in _names(forum):
        refused = send("casino" if way[2] == "slug" else _BLOCKED)
        assert (refused.status_code, refused.json()["code"]) == (422, "screening-blocked"), way
        assert refused.json()["categories"] == ["gambling"], way
        assert _BLOCKED not in refused.text, way
        tried.add(way)
    wanted = {
        (row["method"], row["path"], row["name"])
        for row in expected_rows()
        if (row["method"], row["path"]) in _WHERE_NAMES_ARE_GIVEN
        and row["where"] == "request"
        and row["name"] in _NAMES
    }
    assert tried == wanted


@pytest.mark.usefixtures("lexicon")
def test_no_name_that_waits_for_a_review_is_shown_anywhere(forum: ForumBackend) -> None:
    for number, (way, send) in enumerate(_names(forum)):
        if way[2] == "slug":
            continue
        answer = send(f"{_WAITS}{number}")
        assert answer.is_success, (way, answer.text)
        assert _WAITS not in answer.text, way
        assert way[2].rpartition(".")[2].removeprefix("board_") in " ".join(answer.json()["held"]), way
    shown = [forum.get(path).text for path in ("/v1/accounts?limit=100", "/v1/boards", "/v1/moderators")]
    assert [text for text in shown if _WAITS in text] == []


def test_every_field_of_a_form_is_a_name_or_nothing_that_others_read() -> None:
    read = set()
    for path in sorted((_ROOT / "app" / "pages").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            read |= _key_of_a_form(node)
    assert read == _FORM_FIELDS | _OTHER_FORM_FIELDS | _FORM_FIELDS_FOR_STAFF_ALONE


def _key_of_a_form(node: ast.AST) -> set[str]:
    """`form["x"]` and `form.get("x")`, and the same of what holds a form."""
    if isinstance(node, ast.Subscript) and _is_form(node.value) and isinstance(node.slice, ast.Constant):
        return {str(node.slice.value)}
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "get"
        and _is_form(node.func.value)
        and isinstance(node.args[0], ast.Constant)
    ):
        return {str(node.args[0].value)}
    return set()


def _is_form(node: ast.AST) -> bool:
    return (isinstance(node, ast.Name) and node.id == "form") or (
        isinstance(node, ast.Attribute) and node.attr == "form"
    )


def test_every_command_brings_in_names_or_none() -> None:
    assert set(_commands(get_command(shiming))) == _COMMANDS_WITH_NAMES | _OTHER_COMMANDS


def _commands(command: object, before: str = "") -> Iterator[str]:
    inner_ones: dict[str, object] = getattr(command, "commands", {})
    if not inner_ones:
        yield before
    for name, inner in inner_ones.items():
        yield from _commands(inner, f"{before} {name}".strip())


def test_names_are_stored_by_those_alone_who_asked_the_gate() -> None:
    stores = {"accounts": ({"add", "add_all", "save"}, {"naming.py", "existing_users.py"})}
    for room, (writers, allowed) in stores.items():
        for path in sorted((_ROOT / "app" / room).glob("*.py")):
            used = {
                node.func.attr
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "repository"
            }
            assert not (used & writers) or path.name in allowed, path


def test_the_gate_does_not_ask_who_is_there() -> None:
    assert list(signature(Gate.judge).parameters) == ["self", "tx", "forum_id", "texts"]
