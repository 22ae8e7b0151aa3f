"""Orders that a risk brings: one for each account, for moderators alone, and nothing in them that two forums share."""

from collections.abc import Callable

from app.kernel.actor import OPERATOR
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json, sandbox_number

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
