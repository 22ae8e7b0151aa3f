"""The campaign's numbers are those of its accounts, told one by one; nobody unverified may post, and it is counted."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from app import policies
from app.accounts.domain import AccountStatus, ExistingUser, Profile
from app.agreements.domain import AgreementKind
from app.forums.errors import ForumNotFound
from app.kernel.actor import OPERATOR
from app.kernel.ids import ForumId
from app.posting.campaign import mondays_until, sum_up
from app.posting.decision import Permit
from app.posting.domain import StandingFilter
from app.posting.status_reader import Counted
from app.verification.models import LinkRow
from app.wiring import Services
from tests.posting.test_standing_reader import Stage, publish
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, sandbox_number


@pytest.fixture
def stage(services: Services, forum: ForumBackend, clock: FakeClock) -> Stage:
    return Stage(services, forum, clock)


def compare(stage: Stage) -> None:
    """The campaign against every account of the forum, judged one by one."""
    (found,) = stage.services.posting.count_campaigns(stage.forum_id)
    judged = stage.services.posting.list_accounts(StandingFilter(stage.forum_id, limit=100))
    statuses = Counter(one.standing.status(one.now) for one in judged)
    assert found.by_status == {status: statuses[status] for status in AccountStatus}
    assert found.accounts == len(judged)
    assert found.may_post == sum(isinstance(one.decision, Permit) for one in judged)
    still = [one for one in judged if one.standing.account.closed_at is None]
    assert found.verified == sum(one.standing.identity is not None for one in still)
    assert found.unverified_may_post == 0


def test_the_numbers_are_those_of_the_accounts_whatever_their_state_and_whatever_time_it_is(stage: Stage) -> None:
    stage.accounts()
    compare(stage)
    publish(stage.services, AgreementKind.USER, "2026-12", stage.clock.now() + timedelta(days=3))
    for days in (1 / 24, 3, 7, policies.PHONE_LEVEL_LIFETIME.value):
        stage.clock.advance(days=days)
        compare(stage)


def test_what_was_brought_in_is_counted_apart_and_so_is_its_share_of_verified(stage: Stage) -> None:
    users = [ExistingUser(f"老用户{number}", f"u{number}", Profile()) for number in range(5)]
    stage.services.existing_users.bring_in(OPERATOR, stage.forum_id, users)
    stage.forum.member("新用户", sandbox_number(31))
    ids = {one["external_id"]: one["id"] for one in stage.forum.get("/v1/accounts").json()["items"]}
    for number in range(2):
        stage.forum.accept_agreement(ids[f"u{number}"])
        stage.forum.check_document(ids[f"u{number}"], sandbox_number(32 + number)).raise_for_status()
    stage.forum.post(f"/v1/accounts/{ids['u0']}/close", {}).raise_for_status()
    (found,) = stage.services.posting.count_campaigns(stage.forum_id)
    assert (found.accounts, found.verified, found.may_post) == (6, 2, 2)
    assert (found.brought_in, found.brought_in_verified) == (4, 1)


def test_the_week_of_a_first_verification_counts_and_a_later_one_does_not_move_it(stage: Stage) -> None:
    first, phone = stage.forum.register("第一位")["id"], "14000002001"
    stage.forum.phone_code(first, phone)
    stage.clock.advance(days=7)
    stage.forum.log_in()
    stage.forum.member("第二位", sandbox_number(42))
    stage.forum.phone_code(first, phone)
    assert stage.forum.check_document(first, sandbox_number(41)).json()["outcome"] == "verified"
    stage.clock.advance(days=7)
    (found,) = stage.services.posting.count_campaigns(stage.forum_id)
    assert [count for _, count in found.verified_by_week] == [0, 1, 1] + [0] * (policies.CAMPAIGN_WEEKS.value - 3)
    stage.clock.advance(days=7 * policies.CAMPAIGN_WEEKS.value)
    (found,) = stage.services.posting.count_campaigns(stage.forum_id)
    assert sum(count for _, count in found.verified_by_week) == 0


def test_forums_are_counted_each_for_itself_and_one_that_is_not_there_is_refused(
    stage: Stage, new_forum: Callable[[str], ForumBackend]
) -> None:
    empty = new_forum("空论坛")
    other = new_forum("另一个论坛")
    stage.forum.member("山间清风")
    other.register("海上明月")
    found = {one.forum_id: one for one in stage.services.posting.count_campaigns()}
    assert [found[each.credentials.forum_id].accounts for each in (stage.forum, empty, other)] == [1, 0, 1]
    assert [found[each.credentials.forum_id].may_post for each in (stage.forum, empty, other)] == [1, 0, 0]
    assert found[empty.credentials.forum_id].name == "空论坛"
    with pytest.raises(ForumNotFound):
        stage.services.posting.count_campaigns("frm_none")


def test_an_account_whose_link_says_none_is_not_verified_and_may_not_post(stage: Stage) -> None:
    account = stage.forum.member("山间清风")["id"]
    with stage.services.unit_of_work.begin(OPERATOR) as tx:
        tx.session.execute(update(LinkRow).where(LinkRow.account_id == account).values(level="none"))
    (found,) = stage.services.posting.count_campaigns(stage.forum_id)
    assert (found.verified, found.may_post, found.unverified_may_post) == (0, 0, 0)


def test_an_unverified_account_that_might_post_would_be_counted_by_either_readers_word() -> None:
    forum_id = ForumId("frm_1")
    alike = [
        Counted(forum_id, AccountStatus.ACTIVE, may_post=True, verified=False, brought_in=True, accounts=2),
        Counted(forum_id, AccountStatus.UNVERIFIED, may_post=True, verified=True, brought_in=True, accounts=3),
        Counted(forum_id, AccountStatus.ACTIVE, may_post=True, verified=True, brought_in=True, accounts=7),
        Counted(forum_id, AccountStatus.UNVERIFIED, may_post=False, verified=False, brought_in=True, accounts=11),
    ]
    found = sum_up((forum_id, "论坛"), alike, [])
    assert (found.accounts, found.may_post, found.unverified_may_post) == (23, 12, 5)


def test_weeks_begin_on_mondays_at_midnight_in_shanghai() -> None:
    sunday = datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC)
    for moment, monday in ((sunday, date(2026, 11, 16)), (sunday + timedelta(seconds=1), date(2026, 11, 23))):
        mondays = mondays_until(moment)
        assert [one.date() for one in mondays[:2]] == [monday, monday - timedelta(days=7)]
        assert len(mondays) == policies.CAMPAIGN_WEEKS.value
        assert {one.astimezone(UTC).hour for one in mondays} == {16}
