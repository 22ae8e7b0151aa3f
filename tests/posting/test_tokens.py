"""Posting tokens over HTTP: who gets one, for what, and what becomes of one that is not good."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import update

from app.accounts.models import AccountRow
from app.kernel.actor import OPERATOR
from app.wiring import Services
from tests.conftest import ISSUER
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json, sandbox_number

_SENTENCE = {"zh": "此账号还没有登记，验证后就能发布。", "en": "This account is not registered yet; verify to post."}
_MOMENTS = ("iat", "nbf", "exp")
NewForum = Callable[[str], ForumBackend]


@pytest.fixture
def account(forum: ForumBackend) -> Json:
    return forum.member("山间清风")


def issued(forum: ForumBackend, account: Json, scope: str = "post") -> Json:
    answer = forum.token(account["id"], scope)
    assert answer.status_code == 201, answer.text
    permit: Json = answer.json()
    return permit


def refused_fields(answer: Any) -> list[tuple[str, str]]:
    """Pointer and reason of each field of a 422."""
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "validation-failed"
    return [(error["pointer"], error["reason"]) for error in answer.json()["errors"]]


def test_another_forums_token_is_for_another_audience(forum: ForumBackend, account: Json, new_forum: NewForum) -> None:
    token = issued(forum, account)["token"]
    other = new_forum("另一个论坛")
    assert other.verify_token(token) == {"active": False, "reason": "wrong-audience"}
    assert other.verify_token(token, scope="reply") == {"active": False, "reason": "wrong-audience"}
    assert forum.verify_token(token)["active"] is True


def test_a_scope_that_was_not_asked_for_is_not_granted(forum: ForumBackend, account: Json) -> None:
    token = issued(forum, account, "post reply")["token"]
    assert forum.verify_token(token, scope="like") == {"active": False, "reason": "scope-not-granted"}
    assert forum.verify_token(token, scope="post like") == {"active": False, "reason": "scope-not-granted"}
    for granted in ("post", "reply", "reply post"):
        verdict = forum.verify_token(token, scope=granted)
        assert verdict["active"] is True
        assert verdict["scope"] == "post reply"
    assert forum.verify_token(token)["scope"] == "post reply"


def test_exactly_at_exp_a_token_has_expired(forum: ForumBackend, account: Json, clock: FakeClock) -> None:
    permit = issued(forum, account)
    exp = forum.verify_token(permit["token"])["exp"]
    clock.advance(seconds=permit["expires_in"] - 0.001)
    assert forum.verify_token(permit["token"])["active"] is True
    clock.advance(seconds=0.001)
    assert clock.now().timestamp() == exp
    assert forum.verify_token(permit["token"]) == {"active": False, "reason": "token-expired"}


def test_a_good_token_tells_whose_it_is_and_for_what(forum: ForumBackend, account: Json) -> None:
    permit = issued(forum, account, "post edit")
    verdict = forum.verify_token(permit["token"])
    assert verdict == {
        "active": True,
        "account_id": account["id"],
        "handle": "山间清风",
        "scope": "post edit",
        "board": None,
        "jti": permit["jti"],
        "exp": verdict["exp"],
    }
    assert permit["token_type"] == "posting"
    assert permit["account_id"] == account["id"]
    assert re.fullmatch(r"jti_[0-9a-f]{32}", permit["jti"])
    keys = KeySet.import_key_set(forum.get("/.well-known/jwks.json").json())
    claims = jwt.decode(permit["token"], keys, algorithms=["ES256"]).claims
    assert set(claims) == {"iss", "sub", "aud", "handle", "level", "sandbox", "scope", "status", *_MOMENTS, "jti"}
    assert (claims["handle"], claims["nbf"], claims["exp"]) == ("山间清风", claims["iat"], verdict["exp"])


def test_the_token_of_an_account_with_a_phone_alone_is_good(forum: ForumBackend) -> None:
    account = forum.register("手机级")
    forum.accept_agreement(account["id"])
    forum.phone_code(account["id"], "14000001001")
    assert forum.verify_token(issued(forum, account)["token"])["active"] is True


def test_what_is_no_posting_token_is_invalid(forum: ForumBackend, account: Json) -> None:
    token = issued(forum, account)["token"]
    header, claims, signature = token.split(".")
    access_token = forum.http.headers["authorization"].removeprefix("Bearer ")
    for bad in (
        "x",
        "a.b.c",
        "...",
        "发布许可",
        access_token,
        token + "x",
        token[:-4],
        f"{header}.{claims}.",
        f"{header}.{claims[:-2]}.{signature}",
        f"{claims}.{header}.{signature}",
        f" {token}",
        f"{token}\n",
        "A" * 8192,
    ):
        assert forum.verify_token(bad) == {"active": False, "reason": "token-invalid"}, bad[:40]


def test_a_token_text_over_8_kib_is_refused_by_its_length(forum: ForumBackend) -> None:
    answer = forum.post("/v1/tokens/verify", {"token": "A" * 8193})
    assert refused_fields(answer) == [("/token", "too-long")]


def test_the_token_of_an_account_that_is_suspended_names_the_suspension(forum: ForumBackend, account: Json) -> None:
    token = issued(forum, account)["token"]
    forum.post(f"/v1/accounts/{account['id']}/suspend", {"reason": "刷屏"}).raise_for_status()
    assert forum.verify_token(token) == {"active": False, "reason": "account-suspended"}
    forum.post(f"/v1/accounts/{account['id']}/reinstate", {"reason": "申诉成立"}).raise_for_status()
    assert forum.verify_token(token)["active"] is True


def test_a_token_is_judged_by_the_standing_of_its_own_account(forum: ForumBackend, account: Json) -> None:
    other = forum.member("云上看客", sandbox_number(31))
    tokens = [issued(forum, one)["token"] for one in (account, other)]
    for suspended, verdicts in ((account, [False, True]), (other, [True, False])):
        path = f"/v1/accounts/{suspended['id']}"
        forum.post(f"{path}/suspend", {"reason": "刷屏"}).raise_for_status()
        assert [forum.verify_token(token)["active"] for token in tokens] == verdicts
        forum.post(f"{path}/reinstate", {"reason": "申诉成立"}).raise_for_status()


def test_an_unknown_account_is_not_found_and_hears_what_to_do(forum: ForumBackend, new_forum: NewForum) -> None:
    theirs = new_forum("另一个论坛").register("山间清风", "42")
    for name in (
        {"account_id": "acc_00000000000000000000000000000000"},
        {"account_id": theirs["id"]},
        {"handle": "山间清风"},
        {"external_id": "42"},
    ):
        for language, sentence in _SENTENCE.items():
            answer = forum.post("/v1/tokens", {**name, "scope": "post"}, headers={"accept-language": language})
            assert answer.status_code == 404, name
            assert answer.json()["code"] == "account-not-found"
            assert answer.json()["detail"] == sentence


def test_an_account_goes_by_any_one_of_its_three_names(forum: ForumBackend, clock: FakeClock) -> None:
    forum.member("先来的", sandbox_number(32))
    clock.advance(seconds=1)
    account = forum.register("山间清风", "42")
    forum.accept_agreement(account["id"])
    forum.check_document(account["id"], sandbox_number(31))
    for name in ({"account_id": account["id"]}, {"handle": "山间清风"}, {"external_id": "42"}):
        answer = forum.post("/v1/tokens", {**name, "scope": "post"})
        assert answer.status_code == 201, answer.text
        assert answer.json()["account_id"] == account["id"]


def test_none_or_two_of_the_three_names_are_refused(forum: ForumBackend, account: Json) -> None:
    names = {"account_id": account["id"], "handle": "山间清风", "external_id": "42"}
    for given in (
        {},
        {"account_id": names["account_id"], "handle": names["handle"]},
        {"handle": names["handle"], "external_id": names["external_id"]},
        names,
        {"handle": None},
    ):
        answer = forum.post("/v1/tokens", {**given, "scope": "post"})
        assert refused_fields(answer) == [("", "exactly-one")], given


def test_scopes_asked_for_twice_are_granted_once(forum: ForumBackend, account: Json) -> None:
    permit = issued(forum, account, "reply post reply post post")
    assert permit["scope"] == "reply post"
    keys = KeySet.import_key_set(forum.get("/.well-known/jwks.json").json())
    assert jwt.decode(permit["token"], keys, algorithms=["ES256"]).claims["scope"] == "reply post"


def test_a_scope_that_the_contract_does_not_know_is_refused(forum: ForumBackend, account: Json) -> None:
    token = issued(forum, account)["token"]
    for scope in ("poste", "POST", "post  reply", " post", "post,reply", "post\treply", "accounts"):
        asked = forum.post("/v1/tokens", {"account_id": account["id"], "scope": scope})
        assert refused_fields(asked) == [("/scope", "not-allowed")], scope
        checked = forum.post("/v1/tokens/verify", {"token": token, "scope": scope})
        assert refused_fields(checked) == [("/scope", "not-allowed")], scope
    assert refused_fields(forum.token(account["id"], "")) == [("/scope", "too-short")]


def test_a_token_outlives_a_change_of_the_handle(services: Services, forum: ForumBackend, account: Json) -> None:
    token = issued(forum, account)["token"]
    with services.unit_of_work.begin(OPERATOR) as tx:
        tx.session.execute(
            update(AccountRow).where(AccountRow.id == account["id"]).values(handle="云上", handle_key="云上")
        )
    verdict = forum.verify_token(token, scope="post")
    assert verdict["active"] is True
    assert verdict["handle"] == "云上"


def test_two_tokens_for_the_same_use_are_told_apart(forum: ForumBackend, account: Json) -> None:
    first, second = issued(forum, account), issued(forum, account)
    assert first["jti"] != second["jti"]
    assert forum.verify_token(first["token"])["jti"] == first["jti"]
    assert forum.verify_token(second["token"])["jti"] == second["jti"]


def test_a_refusal_speaks_the_persons_language_and_its_links_lead_somewhere(forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    for language, verify in (("zh", "去验证"), ("en", "Verify now")):
        answer = forum.post(
            "/v1/tokens", {"account_id": account["id"], "scope": "post"}, headers={"accept-language": language}
        )
        reasons = answer.json()["reasons"]
        assert reasons[0]["remedy"]["text"] == verify
        for reason in reasons:
            path = reason["remedy"]["url"].removeprefix(ISSUER)
            page = forum.get(path)
            assert page.status_code == 200, path
            assert page.headers["content-type"].startswith("text/html")
