"""A sanction that was wrong is taken back exactly: what it replaced goes on with the reason and the end that it had."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.accounts.domain import Account, AccountChange, Basis, ImposedSanction, SanctionKind
from app.accounts.errors import HandleFrozen, NoSuchSanction, NothingToLift
from app.accounts.models import SanctionRow
from app.accounts.restoring import Why, freeze_handle, newest_sanction, overturn_sanction, release_handle
from app.accounts.service import sanction_in_force
from app.events.domain import Subscription
from app.kernel.actor import OPERATOR
from app.verification.links import has_person
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.desk import Desk
from tests.support.told import NOBODY_LISTENS, told

SUSPENDED, BANNED = SanctionKind.SUSPENSION, SanctionKind.BAN


@pytest.fixture
def desk(services: Services) -> Desk:
    forum_id = services.forums.add(OPERATOR, "测试论坛").forum_id
    services.webhooks.add(OPERATOR, forum_id, NOBODY_LISTENS, Subscription(None))
    return Desk(services, forum_id)


def newest(desk: Desk, account: Account, kind: SanctionKind) -> ImposedSanction:
    with desk.services.unit_of_work.read() as tx:
        found = newest_sanction(tx, account.id, kind)
    assert found is not None
    return found


def overturn(desk: Desk, account: Account, sanction_id: str) -> None:
    with desk.services.unit_of_work.begin(OPERATOR) as tx:
        overturn_sanction(tx, desk.forum_id, account.id, sanction_id, Why("申诉成立"), has_person)


def rows(desk: Desk, account: Account) -> list[tuple[object, ...]]:
    columns = (SanctionRow.kind, SanctionRow.reason, SanctionRow.imposed_at, SanctionRow.until, SanctionRow.lifted_at)
    with desk.services.unit_of_work.read() as tx:
        query = select(*columns, SanctionRow.ground).where(SanctionRow.account_id == account.id)
        return [tuple(row) for row in tx.session.execute(query.order_by(SanctionRow.id))]


def test_a_suspension_that_a_ban_had_replaced_goes_on_as_it_was(
    services: Services, desk: Desk, clock: FakeClock
) -> None:
    account, sanctions, at = desk.account("山间清风"), services.sanctions, desk.forum_id
    until = clock.now() + timedelta(days=10)
    sanctions.suspend(OPERATOR, at, account.id, "刷屏", until, Basis("版规三"))
    before = rows(desk, account)
    clock.advance(days=1)
    sanctions.ban(OPERATOR, at, account.id, "再犯", Basis("版规四"))
    ban = newest(desk, account, BANNED)
    assert (ban.imposed_by, ban.sanction.ground) == (("operator", "command-line"), "版规四")
    with pytest.raises(NoSuchSanction):
        overturn(desk, desk.account("别人"), ban.id)
    overturn(desk, account, ban.id)
    assert rows(desk, account)[:1] == before
    with services.unit_of_work.read() as tx:
        left = sanction_in_force(tx, account.id)
    assert left is not None
    assert (left.kind, left.reason, left.until, left.ground) == (SUSPENDED, "刷屏", until, "版规三")
    with pytest.raises(NothingToLift):
        overturn(desk, account, ban.id)
    overturn(desk, account, newest(desk, account, SUSPENDED).id)
    events = [(event["type"], event["data"]["status"], event["data"]["until"]) for event in told(services)]
    assert [kind for kind, *_ in events] == ["account.suspended", "account.banned", *_BACK]
    assert events[2][1:] == ("suspended", "2026-12-01T04:00:00.000Z")
    assert events[3][1:] == ("unverified", None)


_BACK = ["account.suspended", "account.reinstated"]


def test_what_has_run_out_meanwhile_or_was_wrong_itself_does_not_come_back(desk: Desk, clock: FakeClock) -> None:
    sanctions, at = desk.services.sanctions, desk.forum_id
    ran_out, chained, lifted = desk.account("过期"), desk.account("连环"), desk.account("恢复")
    sanctions.suspend(OPERATOR, at, ran_out.id, "刷屏", clock.now() + timedelta(days=1))
    sanctions.ban(OPERATOR, at, ran_out.id, "再犯")
    sanctions.suspend(OPERATOR, at, chained.id, "第一次", None)
    sanctions.suspend(OPERATOR, at, chained.id, "第二次", None)
    second = newest(desk, chained, SUSPENDED)
    sanctions.ban(OPERATOR, at, chained.id, "第三次")
    sanctions.suspend(OPERATOR, at, lifted.id, "第一次", None)
    sanctions.ban(OPERATOR, at, lifted.id, "第二次")
    sanctions.reinstate(OPERATOR, at, lifted.id, "论坛自己恢复")
    clock.advance(days=1)
    overturn(desk, ran_out, newest(desk, ran_out, BANNED).id)
    overturn(desk, chained, second.id)  # it stands no more: nothing changes yet
    overturn(desk, lifted, newest(desk, lifted, BANNED).id)
    with desk.services.unit_of_work.read() as tx:
        still = sanction_in_force(tx, chained.id)
        assert sanction_in_force(tx, ran_out.id) is sanction_in_force(tx, lifted.id) is None
    assert still is not None
    assert still.kind is BANNED
    overturn(desk, chained, newest(desk, chained, BANNED).id)
    with desk.services.unit_of_work.read() as tx:
        left = sanction_in_force(tx, chained.id)
    assert left is not None
    assert left.reason == "第一次"


def test_a_frozen_handle_is_neither_changed_nor_taken(services: Services, desk: Desk) -> None:
    account = desk.account("冒用的人")
    with services.unit_of_work.begin(OPERATOR) as tx:
        freeze_handle(tx, account.id)
    for handle, bio in (("换一个", None), (None, "简介"), ("冒用的人", None)):
        wanted = AccountChange(handle, None, {"bio": bio} if bio else {})
        if handle == "换一个":
            with pytest.raises(HandleFrozen):
                services.accounts.change(OPERATOR, desk.forum_id, account.id, wanted)
        else:
            services.accounts.change(OPERATOR, desk.forum_id, account.id, wanted)
    with services.unit_of_work.begin(OPERATOR) as tx:
        release_handle(tx, account.id)
    services.accounts.change(OPERATOR, desk.forum_id, account.id, AccountChange("换一个", None, {}))
    assert services.accounts.get(desk.forum_id, account.id).handle == "换一个"
