"""After a publication everything public is screened again: found once, by whichever worker, and a person decides."""

import pytest
from sqlalchemy import event, insert, select, update

from app import policies
from app.accounts.models import AccountRow
from app.crypto.envelope import Records
from app.kernel.actor import OPERATOR
from app.kernel.ids import AccountId, ForumId, new_id
from app.screening.domain import Field, Judged, Origin, Ruling
from app.screening.in_force import in_force
from app.screening.keeping import Provenance, keep, review_of
from app.screening.models import ReviewRow
from app.screening.patrol import PatrolState
from app.wiring import Services
from tests.support.at_once import at_once
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, sandbox_number
from tests.support.reviewing import WAITS, decide, patrol, publish, waiting
from tests.support.told import listen, told


def _plant(services: Services, forum_id: ForumId, count: int, every: int, word: str = "赌场") -> set[str]:
    """Accounts straight into the table; every so many-th has the word in its bio. Their ids."""
    ids = [new_id("acc", services.clock.now()) for _ in range(count)]
    planted = set(ids[::every])
    with services.unit_of_work.begin(OPERATOR) as tx:
        rows = [
            {
                "id": account_id,
                "forum_id": forum_id,
                "handle": f"茶客{number}",
                "handle_key": f"茶客{number}",
                "bio": f"第{number}位去{word}" if account_id in planted else f"第{number}位喝茶",
                "created_at": tx.now,
                "updated_at": tx.now,
                "status_index": number,
            }
            for number, account_id in enumerate(ids)
        ]
        tx.session.execute(insert(AccountRow), rows)
    return planted


def _found(services: Services) -> list[str]:
    with services.unit_of_work.read() as tx:
        query = select(ReviewRow.account_id).where(ReviewRow.origin == Origin.PATROL.value)
        return [str(account_id) for account_id in tx.session.scalars(query)]


def _post(services: Services, forum_id: ForumId, text: str, ruling: Ruling | None) -> None:
    """A kept post, as a screening leaves it: decided by a person, or simply masked."""
    with services.unit_of_work.begin(OPERATOR) as tx:
        lexicons = in_force(tx)
        judged = Judged(Field.POST, text, lexicons.matcher.screen(text, Field.POST))
        where = Provenance(forum_id, AccountId("acc_1"), "brd_1", "p-1")
        kept = keep(tx, _records(services), judged, lexicons.version, where, waits=ruling is not None)
        tx.session.add(kept)
        tx.session.flush()
        if ruling is not None:
            tx.session.add(review_of(tx, kept, Origin.CONTENT, None, held=False))
    if ruling is not None:
        decide(services, ruling)


def _records(services: Services) -> Records:
    return services.reviews._records


def test_what_stands_already_is_found_after_a_publication_and_stays_until_a_person_decides(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    listen(forum)
    founder = forum.moderator_to_be("赌场老板", sandbox_number(1))
    board = forum.board(founder["id"], name="赌场", description="说说赌场")
    patch = {"profile": {"bio": "爱去赌场", "signature": "喝茶"}}
    assert forum.http.patch(f"/v1/accounts/{founder['id']}", json=patch).status_code == 200
    publish(services, 赌场="review")
    assert services.patrol.go_on() == 0, "whoever began before the publication may still write"
    patrol(services, clock)
    assert {(one.field, one.held, one.origin) for one in waiting(services)} == {
        (field, False, Origin.PATROL) for field in (Field.HANDLE, Field.BIO, Field.BOARD_NAME, Field.BOARD_DESCRIPTION)
    }
    assert len(told(services, "review.opened")) == 4
    shown = forum.account(founder["id"])
    assert (shown["handle"], shown["held"]) == ("赌场老板", [])
    rulings = {Field.HANDLE: Ruling.BLOCK, Field.BIO: Ruling.MASK, Field.BOARD_NAME: Ruling.BLOCK}
    for review in waiting(services):
        decide(services, rulings.get(review.field, Ruling.PASS), review)
    shown, board = forum.account(founder["id"]), forum.get(f"/v1/boards/{board['id']}").json()
    assert (shown["handle"], shown["profile"]["bio"]) == (f"用户{founder['id'][-10:]}", "爱去**")
    assert (board["name"], board["description"]) == (f"版块{board['id'][-10:]}", "说说赌场")
    publish(services, 赌场="review", 网赌="block")
    patrol(services, clock)
    assert waiting(services) == [], "what a person let pass is not asked again"
    publish(services, 赌场="block")
    patrol(services, clock)
    assert [one.field for one in waiting(services)] == [Field.BOARD_DESCRIPTION], (
        "the lexicon asks for more than it did"
    )


def test_every_planted_name_is_found_once_in_small_steps(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    planted = _plant(services, forum.credentials.forum_id, 1_200, every=40)
    publish(services, 赌场="review")
    clock.advance(seconds=WAITS)
    assert services.patrol.go_on() == 2 * policies.PATROL_BATCH.value
    (running,) = services.patrol.progress()
    assert (running.state, running.read, running.lag(clock.now()).seconds) == (PatrolState.RUNNING, 2_000, WAITS)
    patrol(services, clock)
    (done,) = services.patrol.progress()
    assert (done.state, done.read, done.found, done.lag(clock.now()).seconds) == (PatrolState.COMPLETE, 2_400, 30, 0)
    assert sorted(_found(services)) == sorted(planted)
    assert services.patrol.go_on() == 0


def test_a_worker_that_dies_in_a_batch_leaves_nothing_half_done(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    planted = _plant(services, forum.credentials.forum_id, 2_050, every=50)
    publish(services, 赌场="review")
    clock.advance(seconds=WAITS)

    def die(_mapper: object, _connection: object, _row: ReviewRow) -> None:
        raise KeyboardInterrupt

    for _ in range(2):
        event.listen(ReviewRow, "before_insert", die)
        try:
            with pytest.raises(KeyboardInterrupt):
                services.patrol.go_on()
        finally:
            event.remove(ReviewRow, "before_insert", die)
        services.patrol.go_on()
    patrol(services, clock)
    assert sorted(_found(services)) == sorted(planted)


def test_two_workers_at_once_find_each_name_once(services: Services, forum: ForumBackend, clock: FakeClock) -> None:
    planted = _plant(services, forum.credentials.forum_id, 2_500, every=25)
    publish(services, 赌场="review")
    clock.advance(seconds=WAITS)

    def work() -> int:
        done = 0
        while services.patrol.progress()[0].finished_at is None:
            done += services.patrol.go_on()
        return done

    assert sum(at_once([work, work])) == 5_000
    (done,) = services.patrol.progress()
    assert (done.state, done.read, done.found) == (PatrolState.COMPLETE, 5_000, 100)
    assert sorted(_found(services)) == sorted(planted)


def test_a_newer_publication_begins_anew(services: Services, forum: ForumBackend, clock: FakeClock) -> None:
    planted = _plant(services, forum.credentials.forum_id, 1_200, every=300)
    publish(services, 赌场="review")
    clock.advance(seconds=WAITS)
    services.patrol.go_on()
    publish(services, 赌场="review", 喝茶="allow")
    patrol(services, clock)
    assert [(one.state, one.read) for one in services.patrol.progress()] == [
        (PatrolState.COMPLETE, 2_400),
        (PatrolState.SUPERSEDED, 2_000),
    ]
    assert sorted(_found(services)) == sorted(planted), "none is asked twice"


def test_a_bad_line_floods_the_patrol_and_not_the_queue(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    _plant(services, forum.credentials.forum_id, 1_101, every=1_101)
    most = policies.PATROL_EARLY_READ.value * policies.PATROL_EARLY_SHARE.value // 100
    publish(services, 喝茶="review")
    patrol(services, clock)
    assert len(_found(services)) == most
    (flooded,) = services.patrol.progress()
    assert (flooded.state, flooded.read, flooded.found) == (PatrolState.FLOODED, 2_202, 1_100)
    assert flooded.finished_at is not None
    page = forum.http.get("/metrics").text
    assert "shiming_patrol_flooded 1.0" in page
    assert f"shiming_reviews_open {most}.0" in page
    publish(services, 赌场="review")
    patrol(services, clock)
    assert services.patrol.progress()[0].state is PatrolState.COMPLETE


def test_a_name_that_changes_while_it_is_looked_at_keeps_what_it_was_changed_to(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    account = forum.register("山间清风")
    patch = f"/v1/accounts/{account['id']}"
    forum.http.patch(patch, json={"profile": {"bio": "爱去赌场"}})
    publish(services, 赌场="review")
    patrol(services, clock)
    (review,) = waiting(services)
    with services.unit_of_work.begin(OPERATOR) as tx:  # as if the change had begun before the patrol's transaction
        tx.session.execute(update(AccountRow).where(AccountRow.id == account["id"]).values(bio="爱喝茶"))
    decide(services, Ruling.BLOCK, review)
    assert forum.account(account["id"])["profile"]["bio"] == "爱喝茶"


def test_kept_posts_are_read_again_as_they_are_shown(services: Services, forum: ForumBackend, clock: FakeClock) -> None:
    forum_id = forum.credentials.forum_id
    publish(services, 赌场="review", 网赌="mask")
    patrol(services, clock)
    _post(services, forum_id, "哪里有赌场", Ruling.PASS)
    _post(services, forum_id, "哪里有大赌场", Ruling.BLOCK)
    _post(services, forum_id, "哪里还有赌场", Ruling.MASK)
    _post(services, forum_id, "哪里有网赌", None)
    publish(services, 赌场="block", 网赌="block")
    patrol(services, clock)
    (review,) = waiting(services)
    shown = services.reviews.show(review.id)
    assert shown.text is not None
    assert (shown.text.reveal(), shown.ref, shown.board) == ("哪里有赌场", "p-1", "brd_1")
    publish(services, 哪里="review")
    patrol(services, clock)
    texts = {text.reveal() for one in waiting(services) if (text := services.reviews.show(one.id).text)}
    assert texts == {"哪里有赌场", "哪里还有**", "哪里有**"}, "what was blocked is not shown, what waits waits once"


def test_a_clock_that_was_set_back_makes_no_patrol_early(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    forum.register("皇家赌场")
    publish(services, 赌场="review")
    clock.advance(seconds=-3600)
    assert services.patrol.go_on() == 0
    (progress,) = services.patrol.progress()
    assert progress.lag(clock.now()).total_seconds() == 0
    clock.advance(seconds=3600)
    patrol(services, clock)
    assert len(waiting(services)) == 1


def test_large_kept_posts_are_read_in_small_steps(services: Services, forum: ForumBackend, clock: FakeClock) -> None:
    """A transaction is short and memory flat, also where a spammer has many huge posts masked."""
    publish(services, 网赌="mask")
    for number in range(25):
        _post(services, ForumId(forum.credentials.forum_id), f"{number}网赌{'好' * 35_000}", None)
    publish(services, 网赌="mask", 好的好="block")
    clock.advance(seconds=WAITS)
    steps = []
    while step := services.patrol.go_on():
        steps.append(step)
    assert sum(steps) == 25
    assert max(steps) <= 10


def test_before_the_first_publication_there_is_nothing_to_do(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    forum.register("山间清风")
    patrol(services, clock)
    assert services.patrol.progress() == []
    page = forum.http.get("/metrics").text
    assert "shiming_patrol_lag_seconds 0.0" in page
    publish(services, 赌场="review")
    (found,) = services.patrol.progress()
    assert (found.state, found.read) == (PatrolState.WAITING, 0)
