"""What is stored about a request tells nobody anything without the keys."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import create_engine, select, text, update

from app.crypto.errors import SealBroken
from app.idempotency.domain import Claim, KeyedRequest, StoredAnswer
from app.idempotency.models import ClaimRow
from app.kernel.actor import OPERATOR
from app.settings import Settings
from app.staff.access import Role
from app.wiring import Services
from tests.support.canaries import files_under, hits
from tests.support.forum import ForumBackend, Json
from tests.support.staff import PASSWORD, make_staff
from tests.support.told import NOBODY_LISTENS

SECRET, BODY, KEY = "whsec_金丝雀𠮷-7b1f", "金丝雀的请求-4c2e", "canary-key-20261121-91d3"
_SECRETS = frozenset({"secret", "client_secret", "password", "totp_uri", "recovery_codes"})


def _request(key: str = KEY) -> KeyedRequest:
    return KeyedRequest("cli_1", "/v1/webhooks", "/v1/webhooks", key, f'{{"x": "{BODY}"}}'.encode())


def _answer() -> StoredAnswer:
    return StoredAnswer(201, {"location": f"/{SECRET.encode().hex()}"}, f'{{"secret": "{SECRET}"}}'.encode())


def _store(services: Services, key: str = KEY) -> Claim:
    claim = services.idempotency.claim(_request(key))
    assert isinstance(claim, Claim)
    assert services.idempotency.complete(claim, _answer) == _answer()
    return claim


def _database_files(settings: Settings, tmp_path: Path, folder: str) -> dict[str, bytes]:
    if settings.database().startswith("sqlite"):
        files = {name: content for name, content in files_under(tmp_path).items() if "shiming.db" in name}
        assert any(name.endswith("-wal") and content for name, content in files.items())
        return files
    engine = create_engine(settings.database())
    with engine.connect() as connection:
        connection.execute(text("CHECKPOINT"))
    engine.dispose()
    return files_under(Path(folder))


def test_neither_answer_nor_body_nor_key_is_found_in_any_database_file_and_the_caller_hears_all_of_it(
    settings: Settings, services: Services, tmp_path: Path, postgres_folder: str
) -> None:
    claim = _store(services)
    files = _database_files(settings, tmp_path, postgres_folder)
    assert any(claim.id.encode() in content for content in files.values()), "the row is in what was searched"
    assert hits([SECRET, BODY, KEY], files) == []
    assert services.idempotency.claim(_request()) == _answer()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_secret_that_a_route_tells_is_found_in_the_database_though_its_answer_is_given_again(
    settings: Settings, services: Services, address: str, tmp_path: Path
) -> None:
    """What opens the doors of staff and forums is kept nowhere; what a repetition must hear again is kept sealed."""
    there = {"return_url": "https://forum.example/back"}
    forum = ForumBackend(address, services.forums.add(OPERATOR, "测试论坛", list(there.values())))
    account = forum.register("山间清风")["id"]
    endpoint = forum.post("/v1/webhook-endpoints", {"url": NOBODY_LISTENS, "events": ["*"]}).json()["id"]
    other = make_staff(services, Role.REVIEWER).staff_id
    flows = ("/v1/registrations", there), (f"/v1/accounts/{account}/verification-sessions", there)
    for_good: tuple[tuple[str, Json], ...] = (
        ("/v1/webhook-endpoints", {"url": NOBODY_LISTENS, "events": ["account.closed"]}),
        (f"/v1/webhook-endpoints/{endpoint}/rotate-secret", {}),
        *flows,
    )
    told_once: tuple[tuple[str, Json], ...] = (
        ("/v1/staff/members", {"email": "new@staff.example", "roles": ["reviewer"]}),
        (f"/v1/staff/members/{other}/reset", {"reason": "x"}),
        ("/v1/staff/forums", {"name": "山雀"}),
        (f"/v1/staff/forums/{forum.credentials.forum_id}/rotate-secret", {}),
        ("/v1/staff/me/authenticator", {"password": PASSWORD}),
    )
    with make_staff(services, Role.ADMIN).http(address) as staff, closing(forum.http):
        told = {at: _told_twice(forum.http, at, body) for at, body in for_good}
        told |= {at: _told_twice(staff, at, body) for at, body in told_once}
        document = staff.get("/openapi.json").json()
    links = {told[at][0]["url"].rpartition("/")[2] for at, _ in flows}
    secrets = {secret for first, _ in told.values() for secret in _secrets_in(first)} | links
    assert len(secrets) == 2 * (1 + 1 + 10) + (1 + 10) + 2 + 2 + 2
    assert [at for at, _ in told_once if set(_secrets_in(told[at][1]))] == []
    assert [at for at, _ in for_good if told[at][0] != told[at][1]] == []
    assert hits(secrets, _database_files(settings, tmp_path, "")) == []
    names = {re.sub(r"(?:whk|stf|frm)_\w+", "{}", at) for at in told} - {at for at, _ in flows}
    assert _routes_that_tell(document) == names | {"/v1/staff/members/{}/confirm"}, "it tells what a reset tells"


def _told_twice(http: httpx2.Client, at: str, body: Json) -> tuple[Json, Json]:
    first, again = (http.post(at, json=body, headers={"idempotency-key": KEY}) for _ in range(2))
    assert first.is_success, (at, first.text)
    assert again.headers["idempotency-replayed"] == "true"
    return first.json(), again.json()


def _secrets_in(told: Json) -> Iterator[str]:
    for name, value in told.items():
        if isinstance(value, dict):
            yield from _secrets_in(value)
        elif name in _SECRETS and value:
            yield from value if isinstance(value, list) else [value]


def _routes_that_tell(document: Json) -> set[str]:
    """Those that take a key and answer with a secret."""
    posts = {at: path["post"] for at, path in document["paths"].items() if "post" in path}
    keyed = {
        at: [answer for status, answer in one["responses"].items() if status.startswith("2")]
        for at, one in posts.items()
        if any(each["name"].lower() == "idempotency-key" for each in one.get("parameters", ()))
    }
    return {re.sub(r"{\w+}", "{}", at) for at, answers in keyed.items() if _SECRETS & set(_names_in(document, answers))}


def _names_in(document: Json, part: object) -> Iterator[str]:
    if isinstance(part, list):
        for one in part:
            yield from _names_in(document, one)
    elif isinstance(part, dict):
        yield from part.get("properties", ())
        if "$ref" in part:
            yield from _names_in(document, document["components"]["schemas"][part["$ref"].rpartition("/")[2]])
        yield from _names_in(document, list(part.values()))


def test_a_stored_answer_opens_at_its_own_request_only(services: Services) -> None:
    _store(services)
    other = _store(services, KEY + "-other")
    with services.unit_of_work.begin(OPERATOR) as tx:
        sealed = tx.session.scalar(select(ClaimRow.sealed_answer).where(ClaimRow.id != other.id))
        tx.session.execute(update(ClaimRow).where(ClaimRow.id == other.id).values(sealed_answer=sealed))
    with pytest.raises(SealBroken):
        services.idempotency.claim(_request(KEY + "-other"))


def test_equal_bodies_under_two_keys_cannot_be_told_to_be_equal(services: Services) -> None:
    _store(services)
    _store(services, KEY + "-other")
    with services.unit_of_work.read() as tx:
        assert len(set(tx.session.scalars(select(ClaimRow.body_digest)))) == 2


def test_nothing_of_a_request_shows_in_a_repr() -> None:
    shown = repr(_request()) + repr(_answer())
    assert hits([SECRET, BODY, KEY], {"repr": shown.encode()}) == []
