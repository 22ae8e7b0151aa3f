"""The same text once more: while a patrol looks at it, after a reviewer's word, and in the moment of a review."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, select

from app.accounts.domain import Profile
from app.accounts.service import get_account, withdraw
from app.db.engine import is_sqlite
from app.kernel.actor import OPERATOR
from app.kernel.ids import ForumId
from app.screening.domain import Decision, Ruling
from app.screening.errors import AlreadyDecided, AskedForMore
from app.screening.models import KeptTextRow
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json, sandbox_number
from tests.support.reviewing import decide, patrol, publish, waiting


def _register(forum: ForumBackend, handle: str, **profile: str) -> Json:
    answer = forum.post("/v1/accounts", {"handle": handle, "profile": profile})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def _change(forum: ForumBackend, account: Json, **wanted: Any) -> Json:
    answer = forum.http.patch(f"/v1/accounts/{account['id']}", json=wanted)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def _placeholder(account: Json) -> str:
    return f"用户{account['id'][-10:]}"


@pytest.mark.parametrize(("ruling", "shown"), [(Ruling.PASS, "皇家赌场"), (Ruling.BLOCK, None)])
def test_a_name_that_a_patrol_has_found_waits_where_it_is_asked_for_again(
    services: Services, forum: ForumBackend, clock: FakeClock, ruling: Ruling, shown: str | None
) -> None:
    account = _register(forum, "皇家赌场", bio="皇家赌场")
    publish(services, 赌场="review")
    patrol(services, clock)
    again = _change(forum, account, handle="皇家赌场", profile={"bio": "皇家赌场"})
    assert (again["handle"], again["profile"]["bio"]) == (_placeholder(account), None)
    assert again["held"] == ["bio", "handle"]
    for review in waiting(services):
        assert review.held
        decide(services, ruling, review)
    ended = forum.account(account["id"])
    assert (ended["handle"], ended["profile"]["bio"]) == (shown or _placeholder(account), shown)
    assert ended["held"] == []


def test_a_handle_that_is_asked_for_again_before_the_patrol_comes_is_not_shown_while_it_waits(
    services: Services, forum: ForumBackend
) -> None:
    account = _register(forum, "皇家赌场")
    publish(services, 赌场="review")
    again = _change(forum, account, handle="皇家赌场")
    assert (again["handle"], again["held"]) == (_placeholder(account), ["handle"])
    decide(services, Ruling.PASS)
    assert forum.account(account["id"])["handle"] == "皇家赌场"


def test_a_board_that_a_patrol_has_found_waits_where_its_name_is_asked_for_again(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    founder = forum.moderator_to_be("好人", sandbox_number(1))
    board = forum.board(founder["id"], name="皇家赌场", description="")
    publish(services, 赌场="review")
    patrol(services, clock)
    path = f"/v1/boards/{board['id']}"
    assert forum.http.patch(path, json={"name": "皇家赌场"}).json()["held"] == ["board_name"]
    decide(services, Ruling.PASS)
    assert forum.get(path).json()["name"] == "皇家赌场"


def test_the_newest_word_of_a_reviewer_counts_and_no_more_than_they_knew(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    account = _register(forum, "山间清风", bio="赌场在哪")
    publish(services, 赌场="mask")
    patrol(services, clock)
    decide(services, Ruling.PASS)
    other = _register(forum, "山间明月", bio="赌场在哪")
    assert other["profile"]["bio"] == "赌场在哪", "it was let pass as it is"
    publish(services, 赌场="review")
    patrol(services, clock)
    assert len(waiting(services)) == 2, "more is asked for than the reviewer knew"
    assert _register(forum, "山间流水", bio="赌场在哪")["held"] == ["bio"]
    for review in waiting(services):
        decide(services, Ruling.BLOCK, review)
    assert _change(forum, account, profile={"bio": "赌场在哪"})["held"] == ["bio"]


def test_a_masked_handle_that_was_let_pass_passes_again(services: Services, forum: ForumBackend) -> None:
    publish(services, 赌场="mask")
    account = _register(forum, "皇家赌场")
    assert account["held"] == ["handle"]
    decide(services, Ruling.PASS)
    again = _change(forum, account, handle="皇家赌场")
    assert (again["handle"], again["held"]) == ("皇家赌场", [])


def test_who_goes_back_to_the_placeholder_lets_go_of_the_name_that_waits(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    publish(services, 赌场="review")
    account = _register(forum, "皇家赌场")
    assert _change(forum, account, handle=_placeholder(account))["held"] == []
    assert waiting(services) == []
    taken = forum.post("/v1/accounts", {"handle": "皇家赌场"})
    assert (taken.status_code, taken.json()["code"]) == (409, "handle-taken"), "for 90 days"
    clock.advance(days=91)
    services.accounts.register(OPERATOR, ForumId(forum.credentials.forum_id), "皇家赌场", None, Profile())


def test_nobody_shows_what_is_asked_more_of_by_now_than_they_saw(services: Services, forum: ForumBackend) -> None:
    publish(services, 赌场="review")
    account = _register(forum, "山间清风", bio="赌场在哪")
    (seen,) = waiting(services)
    publish(services, 赌场="block")
    with pytest.raises(AskedForMore):
        decide(services, Ruling.PASS, seen)
    with pytest.raises(AlreadyDecided):
        decide(services, Ruling.PASS, seen)
    (now,) = waiting(services)
    assert (now.decision, forum.account(account["id"])["held"]) == (Decision.BLOCK, ["bio"])
    decide(services, Ruling.PASS, now)
    assert forum.account(account["id"])["profile"]["bio"] == "赌场在哪", "who knows it may still let it pass"


def test_nothing_waits_of_an_account_that_comes_to_nothing(services: Services, forum: ForumBackend) -> None:
    publish(services, 赌场="review")
    account = _register(forum, "皇家赌场", bio="赌场在哪")
    with services.unit_of_work.begin(OPERATOR) as tx:
        withdraw(tx, get_account(tx, ForumId(forum.credentials.forum_id), account["id"]))
    assert waiting(services) == []
    with services.unit_of_work.read() as tx:
        assert all(kept.keep_until for kept in tx.session.scalars(select(KeptTextRow)))
    assert _register(forum, "皇家赌场")["held"] == ["handle"]


@pytest.mark.parametrize("whose", ["account", "board"])
def test_a_change_in_the_moment_in_which_a_patrol_finds_the_same_field_is_a_change_all_the_same(
    services: Services, forum: ForumBackend, clock: FakeClock, whose: str
) -> None:
    founder = forum.moderator_to_be("皇家赌场", sandbox_number(1))
    board = forum.board(founder["id"], name="皇家赌场", description="")
    publish(services, 赌场="review")
    path = f"/v1/accounts/{founder['id']}" if whose == "account" else f"/v1/boards/{board['id']}"
    with meanwhile(services, "INSERT INTO reviews", lambda: patrol(services, clock)):
        answer = forum.http.patch(path, json={"handle" if whose == "account" else "name": "葡京赌场"})
    assert (answer.status_code, answer.json()["held"]) == (200, ["handle" if whose == "account" else "board_name"])
    assert "皇家赌场" not in {one.excerpt.reveal() for one in waiting(services) if one.excerpt and one.held}
    for review in waiting(services):
        if review.held:
            decide(services, Ruling.PASS, review)
    shown = forum.http.get(path).json()
    assert shown["handle" if whose == "account" else "name"] == "葡京赌场"


@contextmanager
def meanwhile(services: Services, statement: str, other: Callable[[], object]) -> Iterator[None]:
    """Does something else, committed, before the first such statement; on SQLite, where writers take turns, first."""
    begun: list[bool] = []

    def before(_connection: object, _cursor: object, said: str, *_more: object) -> None:
        if said.startswith(statement) and not begun:
            begun.append(True)
            with ThreadPoolExecutor(1) as elsewhere:
                elsewhere.submit(other).result()

    if is_sqlite(services.engine):
        other()
        yield
        return
    event.listen(services.engine, "before_cursor_execute", before)
    yield
    event.remove(services.engine, "before_cursor_execute", before)
    assert begun
