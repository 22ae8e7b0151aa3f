"""Whole use cases in one transaction: all of it happens or nothing does, and each still behaves as it does alone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError

import pytest
from sqlalchemy import func, select, text

from app.accounts.domain import Profile
from app.accounts.errors import HandleTaken
from app.accounts.models import AccountRow
from app.db.unit_of_work import CollidedWithAnother, ConstraintViolated, again_on_collision, hold_key
from app.forums.models import ForumRow
from app.kernel.actor import OPERATOR, SYSTEM
from app.kernel.errors import Unavailable
from app.kernel.ids import ForumId
from app.wiring import Services
from tests.support.clock import TODAY, FakeClock

_PROFILE = Profile(None, None, None)


@pytest.fixture
def forum_id(services: Services) -> ForumId:
    return services.forums.add(OPERATOR, "测试论坛").forum_id


@pytest.fixture
def register(services: Services, forum_id: ForumId) -> Callable[[str], object]:
    return lambda handle: services.accounts.register(OPERATOR, forum_id, handle, None, _PROFILE)


def _handles(services: Services) -> set[str]:
    with services.unit_of_work.read() as tx:
        return set(tx.session.scalars(select(AccountRow.handle)))


def test_two_use_cases_commit_together(services: Services, register: Callable[[str], object]) -> None:
    with services.unit_of_work.together(SYSTEM):
        register("山间清风")
        register("江上明月")
    assert _handles(services) == {"山间清风", "江上明月"}


def test_what_one_use_case_did_is_undone_when_the_next_one_refuses(
    services: Services, register: Callable[[str], object]
) -> None:
    def twice() -> None:
        with services.unit_of_work.together(SYSTEM):
            register("山间清风")
            register("山间清风")

    with pytest.raises(HandleTaken):
        twice()
    assert _handles(services) == set()
    register("山间清风")
    assert _handles(services) == {"山间清风"}, "afterwards a transaction stands alone again"


def test_a_use_case_that_catches_a_violated_rule_can_still_read_why_and_the_rest_commits(
    services: Services, register: Callable[[str], object]
) -> None:
    with services.unit_of_work.together(SYSTEM):
        register("山间清风")
        with pytest.raises(HandleTaken):
            register("山间清风")
        register("江上明月")
    assert _handles(services) == {"山间清风", "江上明月"}


def test_a_reading_transaction_sees_what_is_not_committed_yet_and_nobody_else_does(
    services: Services, register: Callable[[str], object]
) -> None:
    with services.unit_of_work.together(SYSTEM):
        register("山间清风")
        assert _handles(services) == {"山间清风"}
        with ThreadPoolExecutor(1) as another:
            assert another.submit(_handles, services).result() == set()


def test_a_row_that_was_read_before_is_read_again(services: Services, forum_id: ForumId) -> None:
    with services.unit_of_work.together(SYSTEM) as tx:
        held = tx.session.get_one(ForumRow, forum_id)
        assert held.name == "测试论坛"
        with services.unit_of_work.begin(OPERATOR) as inner:
            inner.session.execute(text("UPDATE forums SET name = '改了名'"))
        with services.unit_of_work.read() as inner:
            assert inner.session.get_one(ForumRow, forum_id) is held
            assert held.name == "改了名"


def test_each_use_case_acts_in_its_own_name_and_at_the_moment_of_the_whole(
    services: Services, clock: FakeClock
) -> None:
    with services.unit_of_work.together(SYSTEM) as whole:
        clock.advance(hours=1)
        with services.unit_of_work.begin(OPERATOR) as inner, services.unit_of_work.read() as reading:
            assert (whole.actor, inner.actor) == (SYSTEM, OPERATOR)
            assert whole.now == inner.now == reading.now == TODAY


def test_a_use_case_that_tries_again_does_so_inside(services: Services, register: Callable[[str], object]) -> None:
    names = iter(("山间清风", "江上明月"))

    def work() -> None:
        with services.unit_of_work.begin(OPERATOR) as tx:
            tx.session.execute(text("UPDATE forums SET name = name || '+'"))
            row = tx.session.scalars(select(AccountRow)).one()
            tx.session.expunge(row)
            handle = next(names)
            values = {"id": f"acc_{handle}", "forum_id": row.forum_id, "handle": handle, "handle_key": handle}
            tx.session.add(AccountRow(**values, created_at=TODAY, updated_at=TODAY, status_index=len(handle)))

    register("山间清风")
    with services.unit_of_work.together(SYSTEM):
        again_on_collision(work)
    assert _handles(services) == {"山间清风", "江上明月"}
    with services.unit_of_work.read() as tx:
        assert tx.session.scalar(select(ForumRow.name)) == "测试论坛+", "the first try left nothing behind"


def test_a_collision_inside_runs_the_whole_again(services: Services, register: Callable[[str], object]) -> None:
    tries: list[str] = []

    def collide_once() -> None:
        with services.unit_of_work.begin(OPERATOR):
            tries.append("inner")
            if len(tries) == 2:
                raise CollidedWithAnother

    def whole() -> None:
        with services.unit_of_work.together(SYSTEM):
            tries.append("whole")
            register("山间清风")
            again_on_collision(collide_once)

    again_on_collision(whole)
    assert tries == ["whole", "inner", "whole", "inner"]
    assert _handles(services) == {"山间清风"}


def test_a_violated_rule_that_nobody_catches_leaves_as_itself(services: Services, forum_id: ForumId) -> None:
    def twice() -> None:
        with services.unit_of_work.together(SYSTEM), services.unit_of_work.begin(OPERATOR) as tx:
            tx.session.add(
                ForumRow(
                    id=forum_id, name="x", status="active", return_urls=[], direct_verification=None, created_at=TODAY
                )
            )

    with pytest.raises(ConstraintViolated, match="pk_forums"):
        twice()
    with pytest.raises(Unavailable):
        again_on_collision(twice)


def test_two_wholes_that_want_each_others_locks_both_get_through(
    services: Services, register: Callable[[str], object]
) -> None:
    both = Barrier(2)

    def whole(handle: str, *keys: bytes) -> None:
        with services.unit_of_work.together(SYSTEM):
            register(handle)
            for key in keys:
                with services.unit_of_work.begin(OPERATOR) as tx:
                    hold_key(tx, key)
                with suppress(BrokenBarrierError):
                    both.wait(timeout=0.3)

    one, two = b"1" * 8, b"2" * 8
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(again_on_collision, lambda: whole("山间清风", one, two))
        second = threads.submit(again_on_collision, lambda: whole("江上明月", two, one))
        first.result()
        second.result()
    with services.unit_of_work.read() as tx:
        assert tx.session.scalar(select(func.count()).select_from(AccountRow)) == 2
