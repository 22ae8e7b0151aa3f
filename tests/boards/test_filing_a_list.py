"""Moderators who were in office before the forum was gated and come together: filed one by one, due apart."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest

from app.accounts.domain import Account, AccountName
from app.boards.domain import ModeratorFilter, Role
from app.boards.filing import Rehearsal
from app.kernel.actor import OPERATOR
from app.kernel.clock import SHANGHAI
from app.kernel.errors import ShimingError
from app.kernel.ids import ModeratorId
from app.wiring import Services
from tests.support.clock import TODAY
from tests.support.desk import Desk
from tests.support.forum import ForumBackend, sandbox_number

_INTERVAL, _WINDOW = 180, 30
_BOARDS, _MANAGERS = 8, 10
_Line = tuple[str, Account, Role, str]


@pytest.fixture
def desk(services: Services, forum: ForumBackend) -> Desk:
    return Desk(services, forum.credentials.forum_id)


def end_of_day(days: int) -> datetime:
    """So many days from today, in Shanghai."""
    midnight = datetime.combine(TODAY.astimezone(SHANGHAI).date() + timedelta(days=days + 1), time(), SHANGHAI)
    return midnight.astimezone(UTC)


def test_eighty_who_come_together_fall_due_apart_and_a_single_filing_exactly_on_the_grid(
    desk: Desk, forum: ForumBackend
) -> None:
    founder = desk.moderator_to_be("发起人", sandbox_number(100))
    managers = [desk.moderator_to_be(f"版主{number}", sandbox_number(number)) for number in range(101, 101 + _MANAGERS)]
    file = desk.services.moderators.file
    slugs = [f"b{number}" for number in range(_BOARDS)]
    due, offices = Counter[datetime](), {}
    for slug in slugs:
        desk.board(founder, slug)
        for manager in managers:
            name = AccountName(account_id=manager.id)
            filed = file(OPERATOR, desk.forum_id, slug, name, Role.MANAGER, spread=True)
            assert (filed.standing.state, filed.powers) == ("current", True)
            due[filed.standing.deadline.due_at] += 1
            offices[filed.standing.appointment.id] = filed.standing.deadline.due_at
    assert due.total() == len(offices) == _BOARDS * _MANAGERS
    assert len(due) >= 20
    assert end_of_day(_INTERVAL - _WINDOW) <= min(due)
    assert max(due) <= end_of_day(_INTERVAL)
    late = desk.moderator_to_be("后来的", sandbox_number(130))
    on_grid = f"{end_of_day(_INTERVAL):%Y-%m-%dT%H:%M:%S.000Z}"
    single = [forum.manager(late.id, slug)["due_at"] for slug in slugs[:2]]
    founders = [one["due_at"] for one in forum.moderators(handles="发起人", limit="200")]
    assert single + founders == [on_grid] * (2 + _BOARDS)
    read = {one["id"]: one["due_at"] for one in forum.moderators(board="b0", limit="200")}
    spread = {f"{at:%Y-%m-%dT%H:%M:%S.000Z}" for key, at in offices.items() if key in read}
    assert set(read.values()) == spread | {on_grid}


def test_a_rehearsal_says_what_a_filing_would_say_line_after_line(desk: Desk) -> None:
    first, second, third = (
        desk.moderator_to_be(handle, sandbox_number(number))
        for number, handle in enumerate(("甲版主", "乙版主", "丙版主"), 100)
    )
    nobody, stopped = desk.account("未验证"), desk.moderator_to_be("停用", sandbox_number(120))
    for slug in ("tea", "orphaned", "closed"):
        desk.board(first, slug)
    desk.services.boards.close(OPERATOR, desk.forum_id, "closed", "整顿")
    (founded,) = _in_office(desk, "orphaned")
    desk.services.moderators.end(OPERATOR, desk.forum_id, founded, "卸任")
    desk.suspend(stopped)
    desk.suspend(first)
    lines: list[_Line] = [
        ("tea", second, Role.MANAGER, ""),
        ("tea", second, Role.MANAGER, "AlreadyFiled"),
        ("tea", second, Role.FOUNDER, "AlreadyFiled"),
        ("tea", first, Role.MANAGER, "AlreadyFiled"),  # on record, whatever has become of the account since
        ("closed", first, Role.FOUNDER, "AlreadyFiled"),
        ("closed", second, Role.MANAGER, "BoardIsClosed"),
        ("tea", third, Role.FOUNDER, "HasFounder"),
        ("tea", third, Role.MANAGER, ""),
        ("tea", stopped, Role.MANAGER, "AccountSuspended"),
        ("orphaned", nobody, Role.FOUNDER, "IdentityLevelTooLow"),
        ("orphaned", third, Role.FOUNDER, ""),
        ("orphaned", second, Role.FOUNDER, "HasFounder"),
        ("orphaned", second, Role.MANAGER, ""),
        ("none", second, Role.MANAGER, "NoSuchBoard"),
    ]
    forum_id, moderators, before = desk.forum_id, desk.services.moderators, Rehearsal()

    def rehearse(board: str, name: AccountName, role: Role) -> None:
        moderators.rehearse(forum_id, board, name, role, before)

    def file(board: str, name: AccountName, role: Role) -> None:
        moderators.file(OPERATOR, forum_id, board, name, role, spread=True)

    filed_before = _in_office(desk)
    rehearsed = [_said_to(rehearse, line) for line in lines]
    assert _in_office(desk) == filed_before
    assert rehearsed == [_said_to(file, line) for line in lines] == [line[-1] for line in lines]


def _said_to(work: Callable[[str, AccountName, Role], None], line: _Line) -> str:
    board, account, role, _ = line
    try:
        work(board, AccountName(account_id=account.id), role)
    except ShimingError as refusal:
        return type(refusal).__name__
    return ""


def _in_office(desk: Desk, board: str | None = None) -> list[ModeratorId]:
    found = desk.services.moderators.list_all(ModeratorFilter(desk.forum_id, board, limit=100))
    return [one.standing.appointment.id for one in found]
