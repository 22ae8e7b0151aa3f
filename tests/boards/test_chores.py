"""What the worker does beside the clock: orders that a risk brings, and a word before a board is left alone."""

from collections.abc import Callable

import pytest

from app.boards.domain import OrderScope, ScopeKind
from app.forums.errors import ForumNotFound
from app.kernel.actor import OPERATOR
from app.kernel.ids import ForumId
from app.wiring import Services
from tests.support.at_once import at_once
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json, sandbox_number
from tests.support.told import listen, told

NewForum = Callable[[str], ForumBackend]
HOLDER, CLAIMANT, PHONE = sandbox_number(105), sandbox_number(106), "14000000041"


def orders(forum: ForumBackend) -> list[Json]:
    forum.log_in()
    return list(forum.get("/v1/reverifications").json()["items"])


def lose_phone(forum: ForumBackend) -> None:
    """Somebody else takes up the number, and proves themselves by document."""
    forum.log_in()
    claimant = forum.register("新机主")
    assert forum.phone_code(claimant["id"], PHONE)["outcome"] == "verified"
    assert forum.check_document(claimant["id"], CLAIMANT).json()["outcome"] == "verified"


def test_a_lost_phone_brings_an_order_in_each_forum_within_six_hours_and_never_at_once(
    new_forum: NewForum, services: Services, clock: FakeClock
) -> None:
    forums = [new_forum(name) for name in ("甲论坛", "乙论坛")]
    for forum in forums:
        forum.board(forum.moderator_to_be("发起人", HOLDER, PHONE)["id"])
        clock.advance(minutes=2)
    lose_phone(forums[0])
    assert services.chores.order_for_risks() == 0  # to the microsecond at random: never at once
    clock.advance(hours=6)
    assert services.chores.order_for_risks() == 2
    assert [[one["cause"] for one in orders(forum)] for forum in forums] == [["phone_recycled"]] * 2
    assert services.chores.order_for_risks() == 0


def test_the_phones_of_people_without_an_office_keep_no_writer_waiting(
    forum: ForumBackend, services: Services, clock: FakeClock
) -> None:
    forum.moderator_to_be("路人", HOLDER, PHONE)
    clock.advance(minutes=2)
    lose_phone(forum)
    clock.advance(hours=7)
    with services.unit_of_work.begin(OPERATOR):  # on SQLite nobody else begins to write before this ends
        assert services.chores.order_for_risks() == 0
    assert orders(forum) == []


def test_a_board_about_to_be_left_alone_is_told_of_once_by_however_many_workers(
    forum: ForumBackend, services: Services, clock: FakeClock
) -> None:
    forum.board(forum.moderator_to_be("发起人", HOLDER)["id"])
    listen(forum)
    assert services.chores.warn_of_unattended_boards() == 0
    clock.advance(days=181)
    for _ in range(2):
        at_once([services.chores.warn_of_unattended_boards] * 4)
    (said,) = told(services, "board.unattended")
    assert said["data"]["unattended_at"] == "2027-06-03T16:00:00.000Z"


def test_an_order_in_a_forum_that_is_none_is_refused(services: Services) -> None:
    with pytest.raises(ForumNotFound):
        services.reverifications.order(OPERATOR, ForumId("frm_none"), OrderScope(ScopeKind.ALL), "核验", 7)
