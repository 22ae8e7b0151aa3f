"""What a forum checks by itself: a permit of another forum, use or time, or changed by one mark, is none."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from app.demo.offline import TokenRefused, check_permit, check_signature, claims_of, listed_state
from app.kernel.actor import OPERATOR
from tests.demo.conftest import House
from tests.support.forum import ForumBackend, sandbox_number


@pytest.fixture
def forum(house: House) -> Iterator[ForumBackend]:
    backend = ForumBackend(house.address, house.services.forums.add(OPERATOR, "测试论坛"))
    yield backend
    backend.http.close()


def with_claims(token: str, **changed: object) -> str:
    header, _, signature = token.split(".")
    said = json.dumps((claims_of(token) or {}) | changed).encode()
    return f"{header}.{base64.urlsafe_b64encode(said).rstrip(b'=').decode()}.{signature}"


def test_a_permit_serves_one_forum_one_board_one_use_and_its_time_as_it_was_signed(
    house: House, forum: ForumBackend
) -> None:
    account = forum.moderator_to_be("远山", sandbox_number(321))
    board = forum.board(account["id"])
    token = forum.post("/v1/tokens", {"account_id": account["id"], "scope": "post", "board": "tea"}).json()["token"]
    keys = forum.get("/.well-known/jwks.json").json()
    issuer, audience, now = house.address, forum.credentials.forum_id, house.clock.now()
    claims = check_permit(token, keys, issuer=issuer, audience=audience, scope="post", board=board["id"], now=now)
    assert (claims["sub"], claims["handle"]) == (account["id"], "远山")
    own = {"issuer": issuer, "audience": audience, "scope": "post", "board": board["id"], "now": now}
    for wrong in (
        {"issuer": "https://other.example"},
        {"audience": "frm_other"},
        {"scope": "moderate"},
        {"board": "brd_other"},
        {"now": now + timedelta(minutes=10)},
        {"now": now - timedelta(minutes=1)},
    ):
        with pytest.raises(TokenRefused):
            check_permit(token, keys, **(own | wrong))
    for forged in (with_claims(token, sub="acc_other"), forum.http.headers["authorization"].removeprefix("Bearer ")):
        with pytest.raises(TokenRefused):
            check_signature(forged, "posting+jwt", keys)
    with pytest.raises(TokenRefused):
        check_signature(token, "posting+jwt", {"keys": []})


def test_a_suspension_stands_in_the_list(house: House, forum: ForumBackend) -> None:
    account = forum.member("近水", sandbox_number(322))
    token = forum.token(account["id"]).json()["token"]
    keys = forum.get("/.well-known/jwks.json").json()
    place = (claims_of(token) or {})["status"]["status_list"]
    path = place["uri"].removeprefix(house.address)
    assert listed_state(forum.get(path).text, keys, place) == 0
    forum.post(f"/v1/accounts/{account['id']}/suspend", {"reason": "测试"})
    house.clock.advance(seconds=15)
    listed = forum.get(path).text
    assert listed_state(listed, keys, place) == 2
    assert listed_state(listed, keys, place | {"idx": 10**9}) == 3
    with pytest.raises(TokenRefused):
        listed_state(listed, keys, place | {"uri": "https://other.example/list"})
