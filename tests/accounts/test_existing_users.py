"""Existing users come in by the rules of a registration, may come again, and post nothing before they are verified."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from app.accounts.domain import ActKind, ExistingUser, Profile
from app.accounts.existing_users import BroughtIn, Rehearsal
from app.accounts.models import AccountRow, ActRow, HandleRow
from app.audit.models import StagedEntryRow
from app.forums.errors import ForumNotFound
from app.kernel.actor import OPERATOR
from app.kernel.errors import Invalid
from app.kernel.ids import ForumId
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend

_AT_ONCE = 50


def user(handle: str, external_id: str, display_name: str | None = None, bio: str | None = None) -> ExistingUser:
    return ExistingUser(handle, external_id, Profile(display_name, bio))


def told(outcomes: list[BroughtIn]) -> list[str]:
    return [one.refusal.code if one.refusal else "was there" if one.was_there else "new" for one in outcomes]


@pytest.fixture
def forum_id(forum: ForumBackend) -> ForumId:
    return forum.credentials.forum_id


def test_no_imported_account_obtains_a_token_before_its_user_is_verified(
    services: Services, forum: ForumBackend, forum_id: ForumId, pytestconfig: pytest.Config
) -> None:
    """Source: L13."""
    many = 10_000 if pytestconfig.option.long else 200
    for begin in range(0, many, _AT_ONCE):
        users = [user(f"老用户{number}", f"u{number}") for number in range(begin, begin + _AT_ONCE)]
        assert set(told(services.existing_users.bring_in(OPERATOR, forum_id, users))) == {"new"}
    for number in range(many):
        name = {"external_id": f"u{number}"} if number % 2 else {"handle": f"老用户{number}"}
        answer = forum.post("/v1/tokens", name | {"scope": "post"})
        assert answer.status_code == 403, answer.text
        assert "identity-unverified" in [reason["code"] for reason in answer.json()["reasons"]]
    (campaign,) = services.posting.count_campaigns(forum_id)
    assert (campaign.accounts, campaign.brought_in, campaign.may_post) == (many, many, 0)


def test_an_imported_user_who_verifies_posts_as_everybody(
    services: Services, forum: ForumBackend, forum_id: ForumId
) -> None:
    services.existing_users.bring_in(OPERATOR, forum_id, [user("山间清风", "42", "清风", "第一行\n第二行")])
    (account,) = forum.get("/v1/accounts?external_id=42").json()["items"]
    assert (account["status"], account["posting"]["allowed"]) == ("unverified", False)
    assert account["profile"] == {"display_name": "清风", "bio": "第一行\n第二行", "signature": None}
    forum.accept_agreement(account["id"])
    forum.check_document(account["id"])
    assert forum.token(account["id"]).status_code == 201


def test_each_user_is_judged_for_itself_by_the_rules_of_a_registration(
    services: Services, forum: ForumBackend, forum_id: ForumId
) -> None:
    forum.register("paypal", "7")
    cases = {
        "new": user("山间清风", "1"),
        "handle-taken": user("PayPaI", "2"),
        "handle-invalid": user("!", "3"),
        "external-id-taken": user("另一个", "7"),
        "was there": user("PayPal", "7"),
    }
    assert told(services.existing_users.bring_in(OPERATOR, forum_id, list(cases.values()))) == list(cases)
    faulty = [
        user("无号", ""),
        user("长号", "x" * 201),
        user("长名", "11", "名" * 51),
        user("长介绍", "12", None, "字" * 501),
        user("控制符", "13", None, "a\x00b"),
        user("号里有符", "1\x0014"),
    ]
    refused = services.existing_users.bring_in(OPERATOR, forum_id, faulty)
    assert told(refused) == ["validation-failed"] * len(faulty)
    pointers = [one.refusal.fields[0].pointer for one in refused if isinstance(one.refusal, Invalid)]
    assert pointers == [
        "/external_id",
        "/external_id",
        "/profile/display_name",
        "/profile/bio",
        "/profile/bio",
        "/external_id",
    ]
    assert _count(services) == 2


def test_names_within_one_list_meet_each_other(services: Services, forum_id: ForumId) -> None:
    users = [user("paypal", "1"), user("PayPaI", "2"), user("paypal", "1"), user("别的", "1"), user("paypal", "3")]
    expected = ["new", "handle-taken", "was there", "external-id-taken", "handle-taken"]
    rehearsed = services.existing_users.rehearse(forum_id, users, Rehearsal())
    assert told(rehearsed) == expected
    assert _count(services) == 0
    assert told(services.existing_users.bring_in(OPERATOR, forum_id, users)) == expected
    again = services.existing_users.bring_in(OPERATOR, forum_id, users)
    assert told(again) == ["was there", *expected[1:]]
    assert _count(services) == 1


def test_a_rehearsal_remembers_the_names_of_the_lists_before(services: Services, forum_id: ForumId) -> None:
    before = Rehearsal()
    answers = [
        told(services.existing_users.rehearse(forum_id, [one], before))
        for one in (user("山间清风", "1"), user("山间清风", "2"), user("山间清风", "1"), user("海上", "1"))
    ]
    assert answers == [["new"], ["handle-taken"], ["was there"], ["external-id-taken"]]


def test_two_who_bring_in_the_same_list_at_once_make_each_account_once(services: Services, forum_id: ForumId) -> None:
    users = [user(f"老用户{number}", f"u{number}") for number in range(40)]
    lists = [users, users[::-1], users[20:] + users[:20]]
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda one: told(services.existing_users.bring_in(OPERATOR, forum_id, one)), lists))
    counted = [answer for answers_of_one in answers for answer in answers_of_one]
    assert (counted.count("new"), counted.count("was there")) == (40, 80)
    assert _count(services) == 40


def test_a_registration_in_the_same_moment_takes_one_name_and_the_others_come_in(
    services: Services, forum: ForumBackend, forum_id: ForumId
) -> None:
    users = [user(f"老用户{number}", f"u{number}") for number in range(20)]
    with ThreadPoolExecutor(5) as pool:
        brought = pool.submit(services.existing_users.bring_in, OPERATOR, forum_id, users)
        registered = [
            pool.submit(forum.post, "/v1/accounts", {"handle": f"别名{number}", "external_id": f"u{number}"})
            for number in range(0, 20, 3)
        ]
        statuses = [one.result().status_code for one in registered]
    answers = told(brought.result())
    assert set(statuses) <= {201, 409}
    assert answers.count("external-id-taken") == statuses.count(201)
    assert answers.count("new") == 20 - statuses.count(201)
    assert _count(services) == 20


def test_a_look_whose_reservation_has_ended_is_anybodys_and_one_that_runs_is_taken(
    services: Services, forum: ForumBackend, forum_id: ForumId, clock: FakeClock
) -> None:
    account = forum.register("山间清风")["id"]
    forum.http.patch(f"/v1/accounts/{account}", json={"handle": "海上明月"}).raise_for_status()
    clock.advance(days=89)
    assert told(services.existing_users.bring_in(OPERATOR, forum_id, [user("山间清风", "1")])) == ["handle-taken"]
    clock.advance(days=1)
    assert told(services.existing_users.bring_in(OPERATOR, forum_id, [user("山间清风", "1")])) == ["new"]
    with services.unit_of_work.read() as tx:
        owners = tx.session.scalars(select(HandleRow.account_id).where(HandleRow.skeleton == "山间清风")).all()
    assert account not in owners
    assert len(owners) == 1


def test_each_account_leaves_its_entry_and_its_act_by_the_operator(services: Services, forum_id: ForumId) -> None:
    services.existing_users.bring_in(OPERATOR, forum_id, [user("山间清风", "1"), user("!", "2"), user("海上", "3")])
    with services.unit_of_work.read() as tx:
        entries = [entry for entry in tx.session.scalars(select(StagedEntryRow.entry)) if b"account.created" in entry]
        acts = tx.session.execute(select(ActRow.kind, ActRow.actor_kind)).all()
    assert len(entries) == 2
    assert all(b'"operator"' in entry for entry in entries)
    assert [tuple(act) for act in acts] == [(ActKind.BRING_IN, "operator")] * 2


def test_a_forum_that_is_not_there_has_no_users(
    services: Services, forum_id: ForumId, new_forum: Callable[[str], ForumBackend]
) -> None:
    nobodys = ForumId("frm_none")
    with pytest.raises(ForumNotFound):
        services.existing_users.bring_in(OPERATOR, nobodys, [user("山间清风", "1")])
    with pytest.raises(ForumNotFound):
        services.existing_users.rehearse(nobodys, [], Rehearsal())
    theirs = new_forum("另一个论坛")
    theirs.register("山间清风", "1")
    assert told(services.existing_users.bring_in(OPERATOR, forum_id, [user("山间清风", "1")])) == ["new"]


def _count(services: Services) -> int:
    with services.unit_of_work.read() as tx:
        return tx.session.scalar(select(func.count()).select_from(AccountRow)) or 0
