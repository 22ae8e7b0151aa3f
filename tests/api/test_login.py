"""Machine login: who gets an access token, and what an access token opens."""

import base64
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote_plus

import httpx2
import pytest

from app.crypto.keyring import create_missing_keys, load_keyring
from app.crypto.signing import TokenSigner
from app.forums.domain import Scope
from app.kernel.actor import OPERATOR
from app.wiring import Services
from tests.conftest import ISSUER
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json

NewForum = Callable[[str], ForumBackend]
GRANT = {"grant_type": "client_credentials"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
ALL_SCOPES = {scope.value for scope in Scope}


@pytest.fixture
def stranger(forum: ForumBackend) -> httpx2.Client:
    """The forum's connection without its access token."""
    del forum.http.headers["authorization"]
    return forum.http


def secret_of(forum: ForumBackend) -> str:
    return forum.credentials.client_secret.reveal()


def in_form(forum: ForumBackend) -> dict[str, str]:
    return {"client_id": forum.credentials.client_id, "client_secret": secret_of(forum)}


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def own_basic(forum: ForumBackend) -> dict[str, str]:
    return basic(forum.credentials.client_id, secret_of(forum))


def ask(http: httpx2.Client, form: dict[str, str], headers: dict[str, str] | None = None) -> httpx2.Response:
    return http.post("/oauth/token", data=form, headers=headers or {})


def claims_of(services: Services, token: str) -> Json:
    return dict(services.signer.verify(token, "at+jwt", services.clock.now()))


def test_basic_form_and_both_that_agree_open_the_same_door(
    services: Services, forum: ForumBackend, stranger: httpx2.Client
) -> None:
    for answer in (
        ask(stranger, GRANT, own_basic(forum)),
        ask(stranger, GRANT | in_form(forum)),
        ask(stranger, GRANT | in_form(forum), own_basic(forum)),
        ask(stranger, GRANT | {"client_id": forum.credentials.client_id}, own_basic(forum)),
        ask(stranger, GRANT, basic(quote_plus(forum.credentials.client_id), quote_plus(secret_of(forum)))),
    ):
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
        assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)
        assert set(body["scope"].split()) == ALL_SCOPES
        assert claims_of(services, body["access_token"])["sub"] == forum.credentials.client_id
        assert answer.headers["cache-control"] == "no-store"


def test_credentials_that_differ_between_header_and_form_are_refused(
    forum: ForumBackend, stranger: httpx2.Client
) -> None:
    for other in ({"client_secret": "another"}, {"client_id": "cli_another"}):
        answer = ask(stranger, GRANT | in_form(forum) | other, own_basic(forum))
        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"


def test_wrong_secret_unknown_client_and_disabled_forum_are_one_answer(
    services: Services, forum: ForumBackend, stranger: httpx2.Client, new_forum: NewForum
) -> None:
    disabled = new_forum("已停用")
    services.forums.disable(OPERATOR, disabled.credentials.forum_id)
    right_id = forum.credentials.client_id
    answers = [
        ask(stranger, GRANT, basic(right_id, "wrong")),
        ask(stranger, GRANT, basic(right_id, secret_of(disabled))),
        ask(stranger, GRANT, basic("cli_unknown", secret_of(forum))),
        ask(stranger, GRANT, basic("", "")),
        ask(stranger, GRANT, own_basic(disabled)),
        ask(stranger, GRANT | in_form(disabled)),
        ask(stranger, GRANT | {"client_id": "cli\x00", "client_secret": "x"}),
        ask(stranger, GRANT | {"client_id": right_id, "client_secret": "\x00"}),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["error"] == "invalid_client"
    assert all(answer.headers["www-authenticate"].startswith("Basic ") for answer in answers)


def test_a_client_without_credentials_is_refused(stranger: httpx2.Client) -> None:
    for form in (GRANT, GRANT | {"client_id": "cli_1"}, GRANT | {"client_secret": "x"}):
        answer = ask(stranger, form)
        assert answer.status_code == 401
        assert answer.json()["error"] == "invalid_client"


def test_a_client_may_ask_for_less_than_it_has(
    services: Services, forum: ForumBackend, stranger: httpx2.Client
) -> None:
    for asked, granted in (
        ("tokens", "tokens"),
        ("tokens accounts", "tokens accounts"),
        ("accounts accounts", "accounts"),
    ):
        body = ask(stranger, GRANT | {"scope": asked}, own_basic(forum)).json()
        assert body["scope"] == granted
        assert claims_of(services, body["access_token"])["scope"] == granted
    everything = ask(stranger, GRANT | {"scope": ""}, own_basic(forum)).json()
    assert set(everything["scope"].split()) == ALL_SCOPES


def test_a_scope_that_nobody_has_is_refused(forum: ForumBackend, stranger: httpx2.Client) -> None:
    for scope in ("admin", "accounts admin", "Accounts", "accounts  tokens", "accounts,tokens", "账号"):
        answer = ask(stranger, GRANT | {"scope": scope}, own_basic(forum))
        assert answer.status_code == 400, scope
        assert answer.json()["error"] == "invalid_scope"
        assert "admin" not in answer.text


def test_other_grants_are_not_served(forum: ForumBackend, stranger: httpx2.Client) -> None:
    for grant in ("password", "refresh_token", "CLIENT_CREDENTIALS", ""):
        answer = ask(stranger, {"grant_type": grant}, own_basic(forum))
        assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")
    missing = ask(stranger, {"scope": "tokens"}, own_basic(forum))
    assert (missing.status_code, missing.json()["error"]) == (400, "invalid_request")


def test_a_request_that_cannot_be_read_is_refused_and_never_an_accident(
    forum: ForumBackend, stranger: httpx2.Client
) -> None:
    good = own_basic(forum)
    grant = b"grant_type=client_credentials"
    cases: list[tuple[str, bytes, dict[str, str], set[int]]] = [
        ("repeated parameter", grant + b"&" + grant, FORM | good, {400}),
        ("repeated scope", grant + b"&scope=tokens&scope=accounts", FORM | good, {400}),
        ("JSON", b'{"grant_type": "client_credentials"}', {"content-type": "application/json"} | good, {400}),
        ("no type", grant, good, {400}),
        ("multipart", grant, {"content-type": "multipart/form-data"} | good, {400}),
        ("empty", b"", FORM | good, {400}),
        ("not UTF-8", grant + b"&scope=%ff%fe", FORM | good, {400}),
        ("raw bytes", grant + b"&scope=\xff", FORM | good, {400}),
        ("NUL in a scope", grant + b"&scope=tokens%00", FORM | good, {400}),
        ("NUL in a raw body", grant + b"\x00", FORM | good, {400}),
        ("NUL in the id", grant + b"&client_id=%00&client_secret=x", FORM, {401}),
        ("NUL in the secret", grant + b"&client_id=x&client_secret=%00", FORM, {401}),
        ("surrogate in the id", grant + b"&client_id=%ed%a0%80&client_secret=x", FORM, {400, 401}),
        ("long id", grant + b"&client_secret=x&client_id=" + b"x" * 60_000, FORM, {401}),
        ("many fields", grant + b"".join(b"&a%d=1" % number for number in range(200)), FORM | good, {400}),
        ("huge form", grant + b"&scope=" + b"x" * 70_000, FORM | good, {413}),
        ("no base64", grant, FORM | {"authorization": "Basic ***"}, {401}),
        ("half base64", grant, FORM | {"authorization": "Basic YWJ"}, {401}),
        ("not UTF-8 in base64", grant, FORM | {"authorization": "Basic //79"}, {401}),
        ("no colon", grant, FORM | {"authorization": "Basic YWJj"}, {401}),
        ("no credentials", grant, FORM | {"authorization": "Basic"}, {401}),
        ("another scheme", grant, FORM | {"authorization": "Bearer abc"}, {401}),
        ("empty header", grant, FORM | {"authorization": ""}, {401}),
        ("NUL in Basic", grant, FORM | basic("\x00", "\x00"), {401}),
    ]
    for name, body, headers, expected in cases:
        answer = stranger.post("/oauth/token", content=body, headers=headers)
        assert answer.status_code in expected, (name, answer.status_code, answer.text)
        assert answer.json().get("error") or answer.json()["code"] == "body-too-large", name
        assert secret_of(forum) not in answer.text


def test_a_token_opens_only_what_its_scope_names(forum: ForumBackend) -> None:
    forum.log_in("tokens")
    for answer in (
        forum.get("/v1/accounts"),
        forum.post("/v1/accounts", {"handle": "山间清风"}),
        forum.get("/v1/agreements/current?kind=user"),
        forum.ask_code("acc_1", "14000001001"),
        forum.get("/v1/verifications/vrf_1"),
    ):
        assert answer.status_code == 403, answer.text
        assert answer.json()["code"] == "insufficient-scope"
        assert answer.headers["content-type"] == "application/problem+json"
    assert forum.verify_token("x") == {"active": False, "reason": "token-invalid"}
    forum.log_in("accounts verifications")
    assert forum.get("/v1/accounts").status_code == 200
    assert forum.token("acc_1").status_code == 403
    assert forum.post("/v1/tokens/verify", {"token": "x"}).status_code == 403


def test_a_scope_is_judged_before_a_body(forum: ForumBackend) -> None:
    forum.log_in("tokens")
    assert forum.post("/v1/accounts", {"unknown": "field"}).status_code == 403


def test_a_bearer_that_is_not_ours_or_not_whole_is_refused(
    services: Services, forum: ForumBackend, tmp_path: Path, clock: FakeClock
) -> None:
    good = forum.http.headers["authorization"].removeprefix("Bearer ")
    member = forum.member("山间清风")
    posting_token = forum.token(member["id"]).json()["token"]
    create_missing_keys(tmp_path / "other", "development", clock.now())
    stranger = TokenSigner(load_keyring(tmp_path / "other"), ISSUER)
    foreign = stranger.sign(claims_of(services, good), "at+jwt")
    for_others = services.signer.sign({**claims_of(services, good), "aud": "https://elsewhere.example"}, "at+jwt")
    header, claims, signature = good.split(".")
    for authorization in (
        None,
        "",
        "Bearer",
        good,
        f"Basic {good}",
        f"Bearer {good} {good}",
        f"Bearer {good[:-3]}",
        f"Bearer {header}.{claims}.",
        f"Bearer {header}.{claims[:-1]}A.{signature}",
        f"Bearer {good}=",
        "Bearer " + "A" * 8000,
        "Bearer a.b.c",
        f"Bearer {posting_token}",
        f"Bearer {foreign}",
        f"Bearer {for_others}",
    ):
        headers = {"authorization": authorization} if authorization is not None else {}
        with httpx2.Client(base_url=forum.address) as http:
            answer = http.get("/v1/accounts", headers=headers)
        assert answer.status_code == 401, authorization
        assert answer.json()["code"] == "invalid-token", authorization
        assert answer.headers["www-authenticate"].startswith("Bearer"), authorization
        assert answer.headers["content-type"] == "application/problem+json"
    forum.http.headers["authorization"] = f"bearer {good}"
    assert forum.get("/v1/accounts").status_code == 200


def test_a_token_of_a_client_that_is_not_there_is_refused_like_any_other(
    services: Services, forum: ForumBackend
) -> None:
    good = forum.http.headers["authorization"].removeprefix("Bearer ")
    unknown = services.signer.sign({**claims_of(services, good), "sub": "cli_unknown"}, "at+jwt")
    answer = forum.get("/v1/accounts", headers={"authorization": f"Bearer {unknown}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid-token")


def test_exactly_after_an_hour_an_access_token_has_expired(forum: ForumBackend, clock: FakeClock) -> None:
    clock.advance(seconds=3599.999)
    assert forum.get("/v1/accounts").status_code == 200
    clock.advance(seconds=0.001)
    answer = forum.get("/v1/accounts")
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid-token")
    assert "invalid_token" in answer.headers["www-authenticate"]
    forum.log_in()
    assert forum.get("/v1/accounts").status_code == 200


def test_a_disabled_forum_stops_at_its_next_call(services: Services, forum: ForumBackend, new_forum: NewForum) -> None:
    other = new_forum("另一个论坛")
    assert forum.get("/v1/accounts").status_code == 200
    services.forums.disable(OPERATOR, forum.credentials.forum_id)
    for answer in (forum.get("/v1/accounts"), forum.token("acc_1"), forum.post("/v1/tokens/verify", {"token": "x"})):
        assert answer.status_code == 401
        assert answer.json()["code"] == "invalid-token"
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert other.get("/v1/accounts").status_code == 200


def test_a_new_secret_opens_at_once_and_the_old_one_for_a_day(
    services: Services, forum: ForumBackend, stranger: httpx2.Client, clock: FakeClock
) -> None:
    renewed = services.forums.rotate_secret(OPERATOR, forum.credentials.forum_id)
    old, new = own_basic(forum), basic(renewed.client_id, renewed.client_secret.reveal())
    assert ask(stranger, GRANT, old).status_code == ask(stranger, GRANT, new).status_code == 200
    clock.advance(hours=23, minutes=59)
    assert ask(stranger, GRANT, old).status_code == 200
    clock.advance(minutes=1)  # exactly at the end of the day
    assert ask(stranger, GRANT, old).status_code == 401
    assert ask(stranger, GRANT, new).status_code == 200


def test_two_rotations_leave_two_secrets_at_most(
    services: Services, forum: ForumBackend, stranger: httpx2.Client
) -> None:
    first = own_basic(forum)
    second = services.forums.rotate_secret(OPERATOR, forum.credentials.forum_id)
    third = services.forums.rotate_secret(OPERATOR, forum.credentials.forum_id)
    statuses = [
        ask(stranger, GRANT, credentials).status_code
        for credentials in (
            first,
            basic(second.client_id, second.client_secret.reveal()),
            basic(third.client_id, third.client_secret.reveal()),
        )
    ]
    assert statuses == [401, 200, 200]


def test_a_token_in_an_address_opens_nothing(forum: ForumBackend, stranger: httpx2.Client) -> None:
    """Addresses stand in logs of proxies and in histories."""
    token = forum.log_in()["access_token"]
    del stranger.headers["authorization"]
    assert stranger.get(f"/v1/accounts?access_token={token}").status_code == 422, "no parameter of that name"
    in_query = {"client_id": forum.credentials.client_id, "client_secret": secret_of(forum), **GRANT}
    for answer in (
        stranger.post("/oauth/token", params=in_query, data=GRANT),
        stranger.post("/oauth/introspect", params=in_query, data={"token": token}),
        stranger.post("/oauth/revoke", params=in_query, data={"token": token}),
    ):
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
