"""What a client may ask about a token and take back: RFC 7662, RFC 7009, RFC 8414."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from sqlalchemy import func, select

from app.forums.models import RevokedTokenRow
from app.forums.service import purge_revoked_tokens
from app.kernel.actor import SYSTEM
from app.wiring import Services
from tests.conftest import ISSUER
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json

NewForum = Callable[[str], ForumBackend]
DEAD = {"active": False}


@pytest.fixture
def permit(forum: ForumBackend) -> Json:
    account = forum.member("山间清风")
    answer = forum.token(account["id"], "post reply")
    found: Json = answer.json()
    return found


def post(forum: ForumBackend, path: str, token: str, **more: str) -> httpx2.Response:
    basic = (forum.credentials.client_id, forum.credentials.client_secret.reveal())
    with httpx2.Client(base_url=forum.address) as http:
        return http.post(path, data={"token": token, **more}, auth=basic)


def introspect(forum: ForumBackend, token: str, **more: str) -> Json:
    answer = post(forum, "/oauth/introspect", token, **more)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found: Json = answer.json()
    return found


def revoke(forum: ForumBackend, token: str) -> None:
    answer = post(forum, "/oauth/revoke", token)
    assert (answer.status_code, answer.content) == (200, b"")


def access_token(forum: ForumBackend) -> str:
    return str(forum.http.headers["authorization"].removeprefix("Bearer "))


def test_a_live_posting_token_is_told_in_the_words_of_the_rfc(forum: ForumBackend, permit: Json) -> None:
    for hint in ({}, {"token_type_hint": "access_token"}, {"token_type_hint": "nonsense"}):
        told = introspect(forum, permit["token"], **hint)
        assert told == {
            "active": True,
            "scope": "post reply",
            "client_id": forum.credentials.client_id,
            "username": "山间清风",
            "sub": permit["account_id"],
            "aud": forum.credentials.forum_id,
            "iss": ISSUER,
            "exp": told["iat"] + 600,
            "iat": told["iat"],
            "nbf": told["iat"],
            "jti": permit["jti"],
            "token_type": "posting",
        }


def test_a_live_access_token_is_told_too(forum: ForumBackend) -> None:
    told = introspect(forum, access_token(forum))
    assert (told["active"], told["token_type"], told["aud"]) == (True, "Bearer", ISSUER)
    assert told["sub"] == told["client_id"] == forum.credentials.client_id
    assert told["exp"] - told["iat"] == 3600
    assert "username" not in told


def test_whatever_is_not_alive_or_not_the_callers_is_only_dead(
    forum: ForumBackend, permit: Json, new_forum: NewForum, clock: FakeClock
) -> None:
    other = new_forum("另一个论坛")
    for token in (permit["token"], access_token(forum)):
        assert introspect(other, token) == DEAD
    for token in ("", "x", "a.b.c", permit["token"] + "x", permit["token"][:-4], "A" * 9000, "发布许可"):
        assert introspect(forum, token) == DEAD
    clock.advance(seconds=600)
    assert introspect(forum, permit["token"]) == DEAD
    clock.advance(seconds=3000)
    assert introspect(forum, access_token(forum)) == DEAD


def test_a_posting_token_is_judged_by_the_standing_now(forum: ForumBackend, permit: Json) -> None:
    path = f"/v1/accounts/{permit['account_id']}"
    assert forum.post(f"{path}/suspend", {"reason": "刷屏"}).status_code == 200
    assert introspect(forum, permit["token"]) == DEAD
    assert forum.post(f"{path}/reinstate", {"reason": "申诉成立"}).status_code == 200
    assert introspect(forum, permit["token"])["active"] is True


def test_a_revoked_posting_token_is_dead_and_another_of_the_same_account_lives(
    forum: ForumBackend, permit: Json
) -> None:
    another = forum.token(permit["account_id"]).json()["token"]
    revoke(forum, permit["token"])
    assert forum.verify_token(permit["token"]) == {"active": False, "reason": "token-revoked"}
    assert introspect(forum, permit["token"]) == DEAD
    assert introspect(forum, another)["active"] is True
    revoke(forum, permit["token"])


def test_a_revoked_access_token_opens_nothing_from_the_next_request_on(forum: ForumBackend) -> None:
    old = access_token(forum)
    assert forum.get("/v1/accounts").status_code == 200
    revoke(forum, old)
    answer = forum.get("/v1/accounts")
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid-token")
    assert introspect(forum, old) == DEAD
    forum.log_in()
    assert forum.get("/v1/accounts").status_code == 200


def test_a_foreign_or_unknown_token_is_no_error_and_stays_as_it_is(
    forum: ForumBackend, permit: Json, new_forum: NewForum
) -> None:
    other = new_forum("另一个论坛")
    for token in (permit["token"], access_token(forum), "x", "", "A" * 9000):
        revoke(other, token)
    assert introspect(forum, permit["token"])["active"] is True
    assert forum.get("/v1/accounts").status_code == 200


def test_two_revocations_at_once_are_one_and_those_that_expired_an_hour_ago_are_forgotten(
    services: Services, forum: ForumBackend, permit: Json, clock: FakeClock
) -> None:
    def kept() -> int:
        with services.unit_of_work.read() as tx:
            return tx.session.scalar(select(func.count()).select_from(RevokedTokenRow)) or 0

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: revoke(forum, permit["token"]), range(4)))
    assert kept() == 1
    for seconds, left in ((4199, 1), (1, 0)):  # ten minutes it was good for, and an hour
        clock.advance(seconds=seconds)
        with services.unit_of_work.begin(SYSTEM) as tx:
            purge_revoked_tokens(tx)
        assert kept() == left
    forum.log_in()
    assert forum.verify_token(permit["token"]) == {"active": False, "reason": "token-expired"}


@pytest.mark.parametrize("path", ["/oauth/introspect", "/oauth/revoke"])
def test_who_does_not_authenticate_or_asks_for_nothing_is_refused_as_at_the_login(
    forum: ForumBackend, path: str
) -> None:
    basic = (forum.credentials.client_id, forum.credentials.client_secret.reveal())
    with httpx2.Client(base_url=forum.address) as http:
        bearer = {"authorization": str(forum.http.headers["authorization"])}
        for refused in (
            http.post(path, data={"token": "x"}),
            http.post(path, data={"token": "x"}, auth=(basic[0], "wrong")),
            http.post(path, data={"token": "x"}, headers=bearer),
        ):
            assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
            assert refused.headers["www-authenticate"].startswith("Basic")
        for refused in (http.post(path, data={"x": "y"}, auth=basic), http.post(path, json={}, auth=basic)):
            assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
        form = {"token": "x", "client_id": basic[0], "client_secret": basic[1]}
        assert http.post(path, data=form).status_code == 200


def test_the_metadata_names_every_endpoint_and_each_answers(forum: ForumBackend) -> None:
    told = forum.get("/.well-known/oauth-authorization-server").json()
    assert told["issuer"] == ISSUER
    assert told["grant_types_supported"] == ["client_credentials"]
    assert told["response_types_supported"] == []
    assert set(told["scopes_supported"]) == set(forum.log_in()["scope"].split())
    for name in ("token", "introspection", "revocation"):
        assert told[f"{name}_endpoint_auth_methods_supported"] == ["client_secret_basic", "client_secret_post"]
        assert forum.http.post(told[f"{name}_endpoint"].removeprefix(ISSUER), data={}).status_code in {400, 401}
    for name in ("jwks_uri", "service_documentation"):
        assert forum.get(told[name].removeprefix(ISSUER)).status_code == 200
