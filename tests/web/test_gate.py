"""The gate in front of every request: limits before any work, strict JSON, no echo, safe headers."""

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx2
import pytest
from sqlalchemy import update

from app.kernel.actor import OPERATOR
from app.verification.models import LinkRow
from app.web.gate import MAX_BODY_BYTES
from app.web.static import static_address
from app.wiring import Services
from tests.support.forum import ForumBackend, Json

CANARY = "canary4f1d"
_TOO_LATE = {"level": "phone", "verified_at": datetime(9999, 12, 31, tzinfo=UTC)}
JSON = {"content-type": "application/json"}
PATH = "/v1/accounts"
SAFE_HEADERS = {
    "content-security-policy": "default-src 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "strict-transport-security": "max-age=",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def send(forum: ForumBackend, body: bytes | Iterator[bytes], headers: dict[str, str] = JSON) -> httpx2.Response:
    return forum.http.post(PATH, content=body, headers=headers)


def assert_refused(answer: httpx2.Response, status: int, code: str, case: str = "") -> None:
    assert answer.status_code == status, (case, answer.text)
    assert answer.headers["content-type"] == "application/problem+json", case
    body = answer.json()
    assert (body["code"], body["status"]) == (code, status), case
    assert {"type", "title", "detail", "request_id"} <= set(body), case
    assert body["request_id"] == answer.headers["x-request-id"], case
    assert CANARY not in answer.text, case
    assert all(CANARY not in value for value in answer.headers.values()), case


def padded(size: int) -> bytes:
    """A well-formed body of exactly this size, with a field that nobody knows."""
    empty = json.dumps({"handle": "山间清风", CANARY: ""}).encode()
    return json.dumps({"handle": "山间清风", CANARY: "x" * (size - len(empty))}).encode()


def in_chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 10_000):
        yield body[start : start + 10_000]


def test_a_body_of_64_kib_is_read_and_one_byte_more_is_refused(forum: ForumBackend) -> None:
    whole, over = padded(MAX_BODY_BYTES), padded(MAX_BODY_BYTES + 1)
    assert (len(whole), len(over)) == (65_536, 65_537)
    assert_refused(send(forum, whole), 422, "validation-failed")
    assert_refused(send(forum, over), 413, "body-too-large")


def test_a_body_without_a_declared_length_is_measured_as_it_comes(forum: ForumBackend) -> None:
    answer = send(forum, in_chunks(padded(MAX_BODY_BYTES)))
    assert "content-length" not in answer.request.headers
    assert_refused(answer, 422, "validation-failed")
    assert_refused(send(forum, in_chunks(padded(MAX_BODY_BYTES + 1))), 413, "body-too-large")


def test_a_declared_length_over_64_kib_is_refused_before_the_body_is_sent(forum: ForumBackend) -> None:
    head = f"POST {PATH} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 65537\r\n\r\n"
    assert _raw(forum.address, head.encode()).startswith(b"HTTP/1.1 413 ")


def test_the_limit_holds_on_every_address(forum: ForumBackend) -> None:
    for method, path in (("POST", "/oauth/token"), ("GET", "/"), ("POST", "/v1/tokens"), ("DELETE", "/nowhere")):
        answer = forum.http.request(method, path, content=CANARY.encode() * 7_000)
        assert_refused(answer, 413, "body-too-large", path)


def _raw(address: str, request: bytes) -> bytes:
    """What comes back for these bytes; the connection is left open on our side."""
    parts = urlsplit(address)
    assert parts.hostname is not None
    with socket.create_connection((parts.hostname, parts.port or 80), timeout=10) as connection:
        connection.sendall(request)
        return connection.recv(65_536)


def test_a_body_that_is_not_json_by_its_type_is_refused(forum: ForumBackend) -> None:
    body = json.dumps({"handle": CANARY}).encode()
    for media_type in ("", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "text/json"):
        headers = {"content-type": media_type} if media_type else {}
        assert_refused(send(forum, body, headers), 415, "unsupported-media-type", media_type)
    for media_type in ("application/json", "Application/JSON", "application/json; charset=utf-8"):
        assert_refused(send(forum, b'{"x": 1}', {"content-type": media_type}), 422, "validation-failed", media_type)


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


_canary = CANARY.encode()
MALFORMED = {
    "empty": b"",
    "cut off": b'{"handle": "' + _canary,
    "trailing": b'{"handle": "' + _canary + b'"} {}',
    "comment": b'{"handle": "' + _canary + b'"} // x',
    "single quotes": b"{'handle': '" + _canary + b"'}",
    "trailing comma": b'{"handle": "' + _canary + b'",}',
    "duplicate key": b'{"handle": "' + _canary + b'", "handle": "' + _canary + b'"}',
    "duplicate key below": b'{"profile": {"bio": "' + _canary + b'", "bio": "b"}}',
    "duplicate key by escape": b'{"handle": "' + _canary + b'", "h\\u0061ndle": "b"}',
    "NaN": b'{"handle": "' + _canary + b'", "x": NaN}',
    "Infinity": b'{"handle": "' + _canary + b'", "x": Infinity}',
    "minus Infinity": b'{"handle": "' + _canary + b'", "x": -Infinity}',
    "over the float range": b'{"handle": "' + _canary + b'", "x": 1e999}',
    "lone high surrogate": b'{"handle": "' + _canary + b'\\ud800"}',
    "lone low surrogate": b'{"handle": "' + _canary + b'\\udc00"}',
    "surrogate in a key": b'{"' + _canary + b'\\ud800": 1}',
    "surrogates swapped": b'{"handle": "' + _canary + b'\\udc00\\ud800"}',
    "surrogate in UTF-8": b'{"handle": "' + _canary + b'\xed\xa0\x80"}',
    "NUL in a value": b'{"handle": "' + _canary + b'\\u0000"}',
    "NUL in a key": b'{"' + _canary + b'\\u0000": 1}',
    "NUL below": b'{"profile": {"bio": ["' + _canary + b'\\u0000"]}}',
    "raw NUL": b'{"handle": "' + _canary + b'\x00"}',
    "raw control character": b'{"handle": "' + _canary + b'\x1f"}',
    "21 levels": nested(21),
    "100 levels": nested(100),
    "30,000 levels": nested(30_000),
    "30,000 levels, cut off": b"[" * 30_000,
    "1,001 keys": json.dumps({f"{CANARY}{number}": number for number in range(1001)}).encode(),
    "1,001 items": json.dumps([CANARY] * 1001).encode(),
    "1,001 keys in parts": json.dumps([{f"{CANARY}{n}": n for n in range(499)} for _ in range(2)] + [1, 2, 3]).encode(),
    "byte order mark": b'\xef\xbb\xbf{"handle": "' + _canary + b'"}',
    "UTF-16": ('{"handle": "' + CANARY + '"}').encode("utf-16"),
    "UTF-16 without a mark": ('{"handle": "' + CANARY + '"}').encode("utf-16-le"),
    "UTF-32": ('{"handle": "' + CANARY + '"}').encode("utf-32-be"),
    "invalid UTF-8": b'{"handle": "' + _canary + b'\xff"}',
    "overlong UTF-8": b'{"handle": "' + _canary + b'\xc0\xaf"}',
    "Latin-1": ('{"handle": "' + CANARY + 'é"}').encode("latin-1"),
    "integer of 5,000 digits": b'{"handle": "' + _canary + b'", "x": ' + b"9" * 5000 + b"}",
}


def test_a_body_that_is_not_one_strict_json_document_is_refused_without_an_echo(forum: ForumBackend) -> None:
    for case, body in MALFORMED.items():
        assert_refused(send(forum, body), 400, "malformed-json", case)
    assert forum.get(PATH).json()["items"] == []


def test_a_malformed_body_is_refused_on_every_route_that_takes_one(forum: ForumBackend) -> None:
    for path in ("/v1/accounts/acc_1/suspend", "/v1/verifications", "/v1/tokens", "/v1/tokens/verify", "/v1/nowhere"):
        answer = forum.http.post(path, content=MALFORMED["NUL in a value"], headers=JSON)
        assert_refused(answer, 400, "malformed-json", path)


def test_strict_json_up_to_the_limits_passes_the_gate(forum: ForumBackend) -> None:
    """What is refused here is refused by the fields' own rules, so the gate let it pass."""
    for case, body in {
        "20 levels": nested(20),
        "1,000 keys": json.dumps({f"{CANARY}{number}": number for number in range(1000)}).encode(),
        "a pair of surrogates": b'{"' + _canary + b'": "\\ud83d\\ude00"}',
        "integer of 300 digits": b'{"' + _canary + b'": ' + b"9" * 300 + b"}",
        "string": b'"' + _canary + b'"',
        "number": b"1",
        "null": b"null",
        "empty list": b"[]",
        "wrong types": b'{"handle": ["' + _canary + b'"], "external_id": 1, "profile": "' + _canary + b'"}',
        "float for a string": b'{"handle": 1.5}',
        "true for a string": b'{"handle": true}',
    }.items():
        assert_refused(send(forum, body), 422, "validation-failed", case)


def errors(answer: httpx2.Response) -> list[Json]:
    assert_refused(answer, 422, "validation-failed")
    found: list[Json] = answer.json()["errors"]
    return found


def test_an_unknown_field_is_refused_with_a_hint_and_never_named(forum: ForumBackend) -> None:
    near = errors(forum.post(PATH, {"handle": "山间清风", "externalid": CANARY}))
    assert near == [
        {
            "pointer": "",
            "reason": "unknown-field",
            "detail": "There is an unknown field here; did you mean external_id?",
        }
    ]
    far = errors(forum.post(PATH, {"handle": "山间清风", CANARY: CANARY}))
    assert far == [{"pointer": "", "reason": "unknown-field", "detail": "There is an unknown field here; see /docs."}]
    below = errors(forum.post(PATH, {"handle": "山间清风", "profile": {"signatur": CANARY, CANARY: 1}}))
    assert [(error["pointer"], error["reason"]) for error in below] == [("/profile", "unknown-field")] * 2
    assert "did you mean signature?" in below[0]["detail"]
    assert forum.get(PATH).json()["items"] == []


def test_a_hint_speaks_chinese_to_who_reads_chinese(forum: ForumBackend) -> None:
    answer = forum.post(PATH, {"handle": "山间清风", "externalid": "1"}, headers={"accept-language": "zh-CN"})
    assert answer.json()["errors"][0]["detail"] == "有不认识的字段，是不是 external_id？"
    assert answer.headers["content-language"] == "zh"


def test_a_field_that_is_missing_too_long_or_not_allowed_says_so_and_no_more(forum: ForumBackend) -> None:
    cases: tuple[tuple[str, Json, list[tuple[str, str]]], ...] = (
        (PATH, {}, [("/handle", "missing")]),
        (PATH, {"handle": ""}, [("/handle", "too-short")]),
        (PATH, {"handle": CANARY * 20}, [("/handle", "too-long")]),
        (PATH, {"handle": 7}, [("/handle", "wrong-type")]),
        (PATH, {"handle": "山间清风", "profile": {"bio": CANARY * 60}}, [("/profile/bio", "too-long")]),
        ("/v1/verifications", {"handle": CANARY, "method": CANARY}, [("/method", "not-allowed")]),
        (
            "/v1/verifications",
            {"handle": CANARY, "method": "id2", "document": {"type": CANARY, "name": CANARY}},
            [("/document/number", "missing"), ("/document/type", "not-allowed")],
        ),
        ("/v1/accounts/acc_1/suspend", {"reason": CANARY, "until": CANARY}, [("/until", "not-a-time")]),
    )
    for path, body, expected in cases:
        found = errors(forum.post(path, body))
        assert sorted((error["pointer"], error["reason"]) for error in found) == expected, path
        assert all(set(error) == {"pointer", "reason", "detail"} for error in found)


def test_a_query_that_cannot_be_read_is_refused_without_an_echo(forum: ForumBackend) -> None:
    for query in (
        f"limit={CANARY}",
        "limit=0",
        "limit=201",
        "limit=" + "9" * 5000,
        f"status={CANARY}",
        f"cursor={CANARY}",
    ):
        assert_refused(forum.get(f"{PATH}?{query}"), 422, "validation-failed", query[:40])
    for query in ("cursor=%00", "handle=%00", "x=1&%00=2", "handle=%ff%fe", "handle=%ed%a0%80"):
        for path in ("/v1/staff/accounts", "/console/sign-in", "/console/nowhere"):
            assert_refused(forum.get(f"{path}?{query}"), 400, "malformed-request", query)
    for query in ("handle=%E5%B1%B1", "handle=%F0%9F%98%80", "handle=%", "handle=%zz"):
        assert forum.get(f"{PATH}?{query}").status_code == 200, query


def test_an_address_with_nul_or_broken_utf_8_is_never_an_accident(forum: ForumBackend) -> None:
    for piece in ("%00", "acc_%00", "%ff", "%ed%a0%80", "..%2f..", "x" * 3000, "%F0%9F%98%80", "%0d%0aset-cookie:x"):
        for answer in (
            forum.get(f"/v1/accounts/{piece}"),
            forum.get(f"/v1/verifications/{piece}"),
            forum.post(f"/v1/accounts/{piece}/suspend", {"reason": "x"}),
            forum.post(f"/v1/verifications/{piece}/code", {"code": "123456"}),
            forum.get(f"/problems/{piece}"),
        ):
            assert answer.status_code == 404, (piece[:20], answer.request.url.path[:40], answer.text)
            assert answer.json()["code"] == "not-found"


def test_a_sane_request_id_is_kept_and_a_hostile_one_replaced(forum: ForumBackend) -> None:
    for sane in ("a", "req-1", "4bf92f3577b34da6a3ce929d0e0e4736", "A.b_c-9", "x" * 64):
        answer = forum.get("/livez", headers={"x-request-id": sane})
        assert answer.headers["x-request-id"] == sane
    replaced = set()
    for hostile in ("", "a b", "x" * 65, "<script>", 'a"b', "a;b", "a/b", "é", "１２", "{}"):
        answer = forum.get("/livez", headers=[(b"x-request-id", hostile.encode())])
        kept = answer.headers["x-request-id"]
        assert kept.startswith("req_")
        assert kept != hostile
        replaced.add(kept)
    assert len(replaced) == 10
    refused = forum.get("/nowhere", headers={"x-request-id": "mine-1"})
    assert refused.json()["request_id"] == refused.headers["x-request-id"] == "mine-1"


@pytest.fixture
def answers(forum: ForumBackend) -> dict[str, httpx2.Response]:
    """One answer of every kind."""
    kinds = {
        "200 JSON": forum.get(PATH),
        "200 page": forum.get("/"),
        "200 health": forum.get("/livez"),
        "200 document": forum.get("/openapi.json"),
        "200 login": forum.http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(forum.credentials.client_id, forum.credentials.client_secret.reveal()),
        ),
        "201": forum.post(PATH, {"handle": "山间清风"}),
        "400": forum.http.post(PATH, content=b"{", headers=JSON),
        "400 login": forum.http.post("/oauth/token", content=b"{", headers=JSON),
        "401": forum.get(PATH, headers={"authorization": "Bearer x"}),
        "401 login": forum.http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=("a", "b")),
        "403": forum.post("/v1/tokens", {"handle": "山间清风", "scope": "post"}),
        "404": forum.get("/nowhere"),
        "404 record": forum.get(f"{PATH}/acc_1"),
        "404 page": forum.get("/problems/nothing"),
        "405": forum.http.delete(PATH),
        "409": forum.post(PATH, {"handle": "山间清风"}),
        "413": forum.http.post(PATH, content=b"x" * 70_000, headers=JSON),
        "415": forum.http.post(PATH, content=b"{}", headers={"content-type": "text/plain"}),
        "422": forum.post(PATH, {}),
    }
    for kind, answer in kinds.items():
        assert answer.status_code == int(kind.split()[0]), (kind, answer.text)
    return kinds


def test_every_answer_carries_every_safe_header_and_is_stored_nowhere(answers: dict[str, httpx2.Response]) -> None:
    for kind, answer in answers.items():
        for name, beginning in SAFE_HEADERS.items():
            assert answer.headers.get(name, "").startswith(beginning), (kind, name)
        assert "unsafe-inline" not in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store", kind
        assert answer.headers["x-request-id"], kind
        assert "server" not in answer.headers, kind


def test_every_refusal_outside_the_login_is_a_problem_document(answers: dict[str, httpx2.Response]) -> None:
    refusals = {kind: answer for kind, answer in answers.items() if answer.status_code >= 400 and "login" not in kind}
    assert len(refusals) == 11
    for kind, answer in refusals.items():
        assert answer.headers["content-type"] == "application/problem+json", kind
        body = answer.json()
        assert body["type"] == f"http://127.0.0.1:8000/problems/{body['code']}", kind
        assert body["status"] == answer.status_code, kind
        assert body["title"], kind
        assert body["detail"], kind


def test_only_keys_and_static_files_may_be_stored(forum: ForumBackend) -> None:
    for path in ("/.well-known/jwks.json", static_address("style.css")):
        answer = forum.get(path)
        assert answer.status_code == 200
        assert answer.headers["cache-control"].startswith("public, max-age="), path
        for name, beginning in SAFE_HEADERS.items():
            assert answer.headers.get(name, "").startswith(beginning), (path, name)


def test_a_method_that_an_address_does_not_take_names_those_that_it_takes(forum: ForumBackend) -> None:
    cases = {
        ("DELETE", "/v1/accounts"): {"GET", "POST"},
        ("DELETE", "/v1/accounts/acc_1"): {"GET", "PATCH"},
        ("GET", "/v1/tokens"): {"POST"},
        ("GET", "/v1/tokens/verify"): {"POST"},
        ("GET", "/oauth/token"): {"POST"},
        ("DELETE", "/livez"): {"GET"},
        ("OPTIONS", "/v1/accounts/acc_1/suspend"): {"POST"},
    }
    for (method, path), allowed in cases.items():
        answer = forum.http.request(method, path)
        assert_refused(answer, 405, "method-not-allowed", path)
        assert set(answer.headers["allow"].replace(" ", "").split(",")) - {"HEAD"} == allowed, (method, path)


def test_an_address_that_does_not_exist_is_a_problem_that_does_not_repeat_it(forum: ForumBackend) -> None:
    for path in (f"/{CANARY}", f"/v1/{CANARY}", f"/?x={CANARY}/..", f"/v1/accounts/{CANARY}", f"/problems/{CANARY}"):
        answer = forum.get(path)
        if answer.status_code == 200:  # the start page ignores a query
            assert CANARY not in answer.text
            continue
        assert_refused(answer, 404, "not-found", path)


def test_an_unforeseen_failure_is_answered_as_a_problem(services: Services, forum: ForumBackend) -> None:
    """The failure: a link from so late a year that no moment is left after it."""
    account = forum.member("山间清风")
    with services.unit_of_work.begin(OPERATOR) as tx:
        tx.session.execute(update(LinkRow).where(LinkRow.account_id == account["id"]).values(_TOO_LATE))
    answer = forum.get(f"{PATH}/{account['id']}")
    assert_refused(answer, 500, "internal-error")
    assert answer.headers["cache-control"] == "no-store"
    for name, beginning in SAFE_HEADERS.items():
        assert answer.headers.get(name, "").startswith(beginning), name
