"""The use cases of posting asked directly, for what no face of this version asks."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import Update, update
from structlog.testing import capture_logs

from app.accounts.domain import AccountName
from app.accounts.errors import NoSuchAccount
from app.accounts.models import SanctionRow
from app.boards.models import BoardRow
from app.kernel.actor import OPERATOR
from app.kernel.ids import ForumId
from app.posting.decision import Refusal
from app.posting.domain import ActiveToken, InactiveToken, PostingScope
from app.posting.errors import ReasonCode
from app.posting.service import TOKEN_TYPE
from app.verification.models import LinkRow, VerificationRow
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json, reasons_of, sandbox_number

NewForum = Callable[[str], ForumBackend]


@pytest.fixture
def account(forum: ForumBackend) -> Json:
    return forum.member("山间清风")


def signed(services: Services, clock: FakeClock, **changes: object) -> str:
    """A token that this service signed for whatever it is asked to."""
    now = int(clock.now().timestamp())
    return services.signer.sign(
        {"sub": "acc_1", "aud": "frm_1", "jti": "jti_1", "iat": now, "exp": now + 600, "scope": "post", **changes},
        TOKEN_TYPE,
    )


def test_an_account_is_shown_to_its_own_forum_alone(
    services: Services, forum: ForumBackend, account: Json, new_forum: NewForum
) -> None:
    judged = services.posting.get_account(forum.credentials.forum_id, account["id"])
    assert judged.standing.account.handle == "山间清风"
    for forum_id, account_id in (
        (new_forum("另一个论坛").credentials.forum_id, account["id"]),
        (forum.credentials.forum_id, "acc_" + "0" * 32),
    ):
        with pytest.raises(NoSuchAccount):
            services.posting.get_account(forum_id, account_id)


def test_staff_find_the_accounts_of_one_name_in_every_forum_or_in_one(
    services: Services, account: Json, new_forum: NewForum
) -> None:
    other = new_forum("另一个论坛")
    there = other.register("山间清风")
    name = AccountName(handle="山间清风")
    everywhere = services.posting.find_anywhere(name)
    assert {judged.standing.account.id for judged in everywhere} == {account["id"], there["id"]}
    within = services.posting.find_anywhere(name, other.credentials.forum_id)
    assert [judged.standing.account.id for judged in within] == [there["id"]]
    assert services.posting.find_anywhere(name, ForumId("frm_nobody")) == []


def test_a_token_for_one_board_or_for_none_is_not_good_for_another(
    services: Services, forum: ForumBackend, account: Json, clock: FakeClock
) -> None:
    forum_id, founder = forum.credentials.forum_id, forum.moderator_to_be("版主", sandbox_number(101))
    tea, general = (forum.board(founder["id"], slug)["id"] for slug in ("tea", "general"))
    cases = ((None, general), (tea, general), (tea, "general"), (tea, "none"), (tea, tea), (tea, "tea"))
    for granted, asked in cases:
        good = granted == tea and asked in {tea, "tea"}
        board = {} if granted is None else {"board": granted}
        token = signed(services, clock, sub=account["id"], aud=forum_id, **board)
        verdict = services.posting.verify(forum_id, token, [PostingScope.POST], asked)
        if good:
            assert isinstance(verdict, ActiveToken)
            assert (verdict.board, verdict.handle, verdict.scope) == (tea, "山间清风", (PostingScope.POST,))
        else:
            assert verdict == InactiveToken(ReasonCode.WRONG_BOARD)


def test_a_token_whose_account_is_gone_is_invalid(services: Services, forum: ForumBackend, clock: FakeClock) -> None:
    forum_id = forum.credentials.forum_id
    token = signed(services, clock, sub="acc_" + "0" * 32, aud=forum_id)
    assert services.posting.verify(forum_id, token, [], None) == InactiveToken(ReasonCode.TOKEN_INVALID)


def test_a_token_for_what_only_another_version_grants_is_invalid(
    services: Services, forum: ForumBackend, account: Json, clock: FakeClock
) -> None:
    forum_id = forum.credentials.forum_id
    for scope in ("post teleport", "", " post", "post  reply"):
        token = signed(services, clock, sub=account["id"], aud=forum_id, scope=scope)
        assert services.posting.verify(forum_id, token, [], None) == InactiveToken(ReasonCode.TOKEN_INVALID), scope


@pytest.mark.parametrize("sandbox", [True, False])
def test_a_token_says_sandbox_only_where_no_real_provider_was_asked(
    services: Services, forum: ForumBackend, account: Json, *, sandbox: bool
) -> None:
    with services.unit_of_work.begin(OPERATOR) as tx:
        tx.session.execute(update(LinkRow).where(LinkRow.account_id == account["id"]).values(sandbox=sandbox))
    keys = KeySet.import_key_set(forum.get("/.well-known/jwks.json").json())
    claims = jwt.decode(forum.token(account["id"]).json()["token"], keys, algorithms=["ES256"]).claims
    assert claims.get("sandbox") == (True if sandbox else None)
    assert claims["level"] == "document"


def test_a_phone_identity_shows_when_it_runs_out_and_a_document_does_not(
    services: Services, forum: ForumBackend, account: Json, clock: FakeClock
) -> None:
    phone = forum.register("手机级")
    forum.phone_code(phone["id"], "14000001001")
    unverified = forum.register("未验证")
    shown = {
        name: services.posting.get_account(forum.credentials.forum_id, one["id"]).expires_at
        for name, one in (("phone", phone), ("document", account), ("none", unverified))
    }
    assert shown == {"phone": clock.now() + timedelta(days=180), "document": None, "none": None}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (update(LinkRow).values(level="unheard-of"), "identity-unverified"),
        (update(LinkRow).values(method="unheard-of"), "identity-unverified"),
        (update(SanctionRow).values(kind="unheard-of"), "account-suspended"),
        (update(BoardRow).values(status="unheard-of"), "board-closed"),
    ],
)
def test_a_row_that_says_what_nobody_wrote_stops_posting_and_is_on_the_log(
    services: Services, forum: ForumBackend, change: Update, reason: str
) -> None:
    account = forum.moderator_to_be("山间清风")
    board = forum.board(account["id"])["id"]
    at, use = f"/v1/accounts/{account['id']}", {"account_id": account["id"], "scope": "post", "board": board}
    if reason == "account-suspended":
        assert forum.post(f"{at}/ban", {"reason": "刷屏"}).status_code == 200
    with services.unit_of_work.begin(OPERATOR) as tx:
        tx.session.execute(change)
    with capture_logs() as log:
        shown, refused = forum.get(at), forum.post("/v1/tokens", use)
    assert (shown.status_code, reasons_of(refused)) == (200, [reason])
    assert {line["event"] for line in log if line["log_level"] == "error"} == {"row-altered"}
    assert "unheard-of" not in str(log)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_damaged_record_that_stops_nothing_is_said_to_be_damaged(services: Services, forum: ForumBackend) -> None:
    account = forum.register("山间清风")["id"]
    made = forum.check_document(account).json()["id"]
    with services.unit_of_work.begin(OPERATOR) as tx:
        tx.session.execute(update(VerificationRow).values(outcome="unheard-of"))
    answer = forum.get(f"/v1/verifications/{made}")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "is damaged" in answer.json()["detail"]


def test_an_account_is_shown_with_its_whole_profile(forum: ForumBackend) -> None:
    profile = {"display_name": "清风", "bio": "山间", "signature": "明月"}
    made = forum.post("/v1/accounts", {"handle": "云上", "external_id": "7", "profile": profile}).json()
    shown = forum.account(made["id"])
    assert (shown["profile"], shown["external_id"]) == (profile, "7")


def test_while_no_agreement_is_in_force_nobody_may_post(
    services: Services, forum: ForumBackend, account: Json, clock: FakeClock
) -> None:
    clock.advance(days=-2)
    decision = services.posting.get_account(forum.credentials.forum_id, account["id"]).decision
    assert isinstance(decision, Refusal)
    assert [denial.code for denial in decision.reasons] == [ReasonCode.AGREEMENT_NOT_ACCEPTED]
