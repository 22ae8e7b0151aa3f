"""What the worker writes down and tells, when it comes on time, late, or by a clock that was wrong."""

from collections import Counter

import pytest
from sqlalchemy import func, select

from app.boards.domain import Happening, HistoryEntry
from app.boards.models import HistoryRow
from app.events.domain import Subscription
from app.events.models import EventRow
from app.kernel.actor import OPERATOR
from app.kernel.ids import ForumId
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.offices import plant_moderators

_DUE_IN_9_DAYS = 8


@pytest.fixture
def forum_id(services: Services) -> ForumId:
    """A forum that hears everything, with a moderator for each of the coming 29 days."""
    forum_id = services.forums.add(OPERATOR, "测试论坛").forum_id
    services.webhooks.add(OPERATOR, forum_id, "http://127.0.0.1:9/hooks", Subscription(None))
    with services.unit_of_work.begin(OPERATOR) as tx:
        plant_moderators(tx, forum_id, 29)
    return forum_id


def history(services: Services, forum_id: ForumId, number: int = _DUE_IN_9_DAYS) -> list[HistoryEntry]:
    return services.moderators.history(forum_id, f"mod_{number:032}")


def told(services: Services, number: int = _DUE_IN_9_DAYS) -> Counter[str]:
    """The kinds of events about a moderator."""
    with services.unit_of_work.read() as tx:
        about = EventRow.body.contains(f"mod_{number:032}")
        return Counter(tx.session.scalars(select(EventRow.kind).where(about)))


def sweep(services: Services) -> int:
    done = 0
    while batch := services.sweeps.look():
        done += batch
    return done


def test_each_stage_is_reminded_of_once_however_often_somebody_looks(
    services: Services, forum_id: ForumId, clock: FakeClock
) -> None:
    for _ in range(45):
        sweep(services)
        assert sweep(services) == 0
        clock.advance(hours=5)
    assert [entry.stage for entry in history(services, forum_id)] == [30, 7, 1]
    assert told(services) == {"moderator.reminded": 3}


def test_a_worker_that_slept_for_a_week_sends_the_latest_reminder_alone(
    services: Services, forum_id: ForumId, clock: FakeClock
) -> None:
    sweep(services)
    clock.advance(days=8, hours=13)
    sweep(services)
    assert [entry.stage for entry in history(services, forum_id)] == [30, 1]
    clock.advance(days=60)
    sweep(services)
    assert [entry.what for entry in history(services, forum_id)] == ["reminded", "reminded", "suspended"]
    assert told(services) == {"moderator.reminded": 2, "moderator.suspended": 1}


def test_what_a_clock_that_was_ahead_took_is_given_back_and_told_again_when_it_is_so(
    services: Services, forum_id: ForumId, clock: FakeClock
) -> None:
    clock.advance(days=60)
    sweep(services)
    clock.advance(days=-60)
    assert sweep(services) == 29
    assert told(services) == {"moderator.suspended": 1, "moderator.reinstated": 1, "moderator.reminded": 1}
    clock.advance(days=24)
    sweep(services)
    assert told(services)["moderator.suspended"] == 2
    assert [entry.what for entry in history(services, forum_id)].count(Happening.SUSPENDED) == 1


def test_everybody_in_a_window_is_told_the_stage_that_they_are_in(services: Services, forum_id: ForumId) -> None:
    with services.unit_of_work.read() as tx:
        assert tx.session.scalar(select(func.count()).select_from(HistoryRow)) == 0
    assert (services.sweeps.look(), services.sweeps.look()) == (29, 0)
    with services.unit_of_work.read() as tx:
        stages = Counter(tx.session.scalars(select(HistoryRow.stage)))
    assert stages == {30: 23, 7: 6}
    assert forum_id
