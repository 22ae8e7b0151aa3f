"""The main job as a forum sees it: refused, verified, permitted, checked offline, suspended."""

from datetime import timedelta

from joserfc import jwt
from joserfc.jwk import KeySet

from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend


def test_an_unverified_account_gets_no_token_and_hears_every_reason(forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    refusal = forum.token(account["id"])
    assert refusal.status_code == 403
    assert refusal.headers["content-type"] == "application/problem+json"
    body = refusal.json()
    assert body["code"] == "posting-denied"
    assert [reason["code"] for reason in body["reasons"]] == ["identity-unverified", "agreement-not-accepted"]
    assert all(reason["detail"] and reason["remedy"]["url"].startswith("http") for reason in body["reasons"])


def test_a_verified_person_gets_a_token_that_another_library_accepts_offline(
    forum: ForumBackend, clock: FakeClock
) -> None:
    account = forum.member("山间清风")
    assert account["identity"]["level"] == "document"
    assert account["posting"] == {"allowed": True, "reasons": []}
    permit = forum.token(account["id"], "post reply").json()
    keys = forum.get("/.well-known/jwks.json").json()

    token = jwt.decode(permit["token"], KeySet.import_key_set(keys), algorithms=["ES256"])

    assert token.header["typ"] == "posting+jwt"
    assert token.claims["sub"] == account["id"]
    assert token.claims["aud"] == forum.credentials.forum_id
    assert token.claims["exp"] - token.claims["iat"] == permit["expires_in"] == 600
    assert token.claims["iat"] == int(clock.now().timestamp())
    assert token.claims["level"] == "document"
    assert token.claims["sandbox"] is True
    assert set(token.claims) == {
        *("iss", "sub", "aud", "iat", "nbf", "exp", "jti", "scope", "handle", "level", "sandbox", "status")
    }


def test_a_published_key_is_named_by_its_thumbprint(forum: ForumBackend) -> None:
    keys = forum.get("/.well-known/jwks.json").json()
    for key, published in zip(KeySet.import_key_set(keys).keys, keys["keys"], strict=True):
        assert key.thumbprint() == published["kid"]


def test_a_suspension_kills_a_token_at_once_and_an_end_revives_it(forum: ForumBackend, clock: FakeClock) -> None:
    account = forum.member("山间清风")
    token = forum.token(account["id"]).json()["token"]
    assert forum.verify_token(token)["active"] is True
    until = (clock.now() + timedelta(minutes=5)).isoformat().replace("+00:00", "Z")

    suspended = forum.post(f"/v1/accounts/{account['id']}/suspend", {"reason": "刷屏", "until": until}).json()

    assert suspended["status"] == "suspended"
    assert forum.verify_token(token) == {"active": False, "reason": "account-suspended"}
    assert forum.token(account["id"]).status_code == 403
    clock.advance(minutes=5)
    assert forum.verify_token(token)["active"] is True
    assert forum.account(account["id"])["status"] == "active"
