"""The emergency switch: what it stops, where, how soon, and who lets posting go on."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import chain
from threading import Barrier, Thread

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.audit.models import StagedEntryRow
from app.events.catalogue import EventType
from app.events.domain import Subscription
from app.forums.domain import Pause, PausedPlace
from app.forums.errors import (
    AlreadyPaused,
    DrillUnusable,
    LiftedByAnother,
    NoSuchPause,
    PauseIsOver,
    PlaceNotFound,
    ReasonUnusable,
)
from app.kernel.actor import OPERATOR, Actor, ActorKind
from app.kernel.errors import ShimingError
from app.kernel.ids import BoardId, ForumId
from app.wiring import Services
from tests.support.clock import TODAY, FakeClock
from tests.support.forum import ForumBackend, Json, reasons_of, sandbox_number
from tests.support.receiver import Receiver, deliver, receiving

FIRST, SECOND = Actor(ActorKind.OPERATOR, "stf_first"), Actor(ActorKind.OPERATOR, "stf_second")
EVERYWHERE = PausedPlace()
_REFUSED = "append-only|23001"
NewForum = Callable[[str], ForumBackend]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def account(forum: ForumBackend) -> Json:
    return forum.moderator_to_be("山间清风")


def pause(services: Services, place: PausedPlace = EVERYWHERE, reason: str = "违规信息扩散") -> Pause:
    return services.emergency.pauses.pause(FIRST, place, reason)


def whole(forum: ForumBackend) -> PausedPlace:
    return PausedPlace(forum.credentials.forum_id)


def on(board: Json) -> PausedPlace:
    return PausedPlace(board_id=BoardId(board["id"]))


def post(forum: ForumBackend, account: Json, board: str) -> list[str]:
    """The reasons for which no permit to post on this board is given."""
    answer = forum.post("/v1/tokens", {"account_id": account["id"], "scope": "post", "board": board})
    return [] if answer.status_code == 201 else reasons_of(answer)


def test_a_paused_forum_gives_no_permit_for_any_scope_and_none_that_was_given_holds(
    services: Services, forum: ForumBackend, account: Json
) -> None:
    forum.board(account["id"])
    scopes = ["post", "reply", "edit", "attach", "like", "message", "profile", "board_create"]
    given = [forum.token(account["id"], scope).json()["token"] for scope in scopes]
    given.append(forum.moderate(account["id"]).json()["token"])
    made = pause(services, whole(forum))
    for scope in scopes:
        assert reasons_of(forum.token(account["id"], scope)) == ["posting-paused"], scope
    assert reasons_of(forum.moderate(account["id"])) == ["posting-paused"]
    for token in given:
        assert forum.verify_token(token) == {"active": False, "reason": "posting-paused"}
    assert forum.account(account["id"])["posting"] == {"allowed": False, "reasons": ["posting-paused"]}
    services.emergency.pauses.resume(SECOND, made.id)
    assert all(forum.verify_token(token)["active"] for token in given)
    assert forum.account(account["id"])["posting"] == {"allowed": True, "reasons": []}
    assert forum.token(account["id"]).status_code == 201


def test_a_refusal_while_posting_is_paused_says_so_and_names_every_other_reason_too(
    services: Services, forum: ForumBackend
) -> None:
    nobody = forum.register("未验证")
    pause(services)
    refused = forum.token(nobody["id"])
    assert reasons_of(refused) == ["identity-unverified", "agreement-not-accepted", "posting-paused"]
    said = refused.json()["reasons"][-1]
    assert said["detail"] == "Posting is paused; reading stays open. See the notice for when it returns."
    assert said["remedy"] is None


def test_content_that_is_sent_along_gets_no_permit_either(
    services: Services, forum: ForumBackend, account: Json
) -> None:
    pause(services, whole(forum))
    body = {"account_id": account["id"], "scope": "post", "items": [{"field": "post", "text": "今天天气很好"}]}
    refused = forum.post("/v1/tokens", body)
    assert reasons_of(refused) == ["posting-paused"]
    assert refused.json()["screening"]["decision"] == "pass"


def test_a_paused_forum_is_no_other_forums_matter(
    services: Services, forum: ForumBackend, new_forum: NewForum, account: Json
) -> None:
    other = new_forum("别的论坛")
    theirs = other.member("静水", sandbox_number(31))
    pause(services, whole(forum))
    assert reasons_of(forum.token(account["id"])) == ["posting-paused"]
    assert other.token(theirs["id"]).status_code == 201


def test_when_everything_is_paused_a_forum_that_is_added_later_is_paused_too(
    services: Services, forum: ForumBackend, new_forum: NewForum, account: Json
) -> None:
    made = pause(services)
    later = new_forum("后来的论坛")
    new = later.member("静水", sandbox_number(31))
    assert reasons_of(forum.token(account["id"])) == ["posting-paused"]
    assert reasons_of(later.token(new["id"])) == ["posting-paused"]
    services.emergency.pauses.resume(SECOND, made.id)
    assert later.token(new["id"]).status_code == 201


def test_a_paused_board_stops_what_names_it_by_id_or_slug_and_nothing_else(
    services: Services, forum: ForumBackend, account: Json
) -> None:
    tea, coffee = forum.board(account["id"], "tea"), forum.board(account["id"], "coffee")
    named = {"account_id": account["id"], "scope": "post moderate", "board": "tea"}
    here = forum.post("/v1/tokens", named).json()["token"]
    elsewhere = forum.post("/v1/tokens", {**named, "board": "coffee"}).json()["token"]
    nowhere = forum.token(account["id"]).json()["token"]
    pause(services, on(tea))
    assert [post(forum, account, name) for name in ("tea", tea["id"])] == [["posting-paused"]] * 2
    assert reasons_of(forum.moderate(account["id"], "tea")) == ["posting-paused"]
    assert post(forum, account, "coffee") == post(forum, account, coffee["id"]) == []
    assert forum.token(account["id"]).status_code == 201
    assert forum.verify_token(here, board="tea") == {"active": False, "reason": "posting-paused"}
    assert [forum.verify_token(token)["active"] for token in (elsewhere, nowhere)] == [True, True]
    assert forum.account(account["id"])["posting"]["allowed"] is True
    forum.post("/v1/boards/tea/freeze", {"reason": "整顿"}).raise_for_status()
    assert post(forum, account, "tea") == ["board-frozen", "posting-paused"]
    assert forum.get("/v1/boards/coffee").json()["status"] == "active"


def test_posting_goes_on_only_where_no_other_pause_holds(
    services: Services, forum: ForumBackend, account: Json
) -> None:
    board = forum.board(account["id"])
    made = [pause(services, place) for place in (on(board), whole(forum), EVERYWHERE)]
    for left in made:
        assert post(forum, account, "tea") == ["posting-paused"]
        services.emergency.pauses.resume(SECOND, left.id)
    assert post(forum, account, "tea") == []


def test_whoever_paused_may_not_resume_and_another_may_once(
    services: Services, forum: ForumBackend, account: Json
) -> None:
    made = pause(services, whole(forum))
    again = Actor(ActorKind.OPERATOR, FIRST.id, "another session")
    for actor in (FIRST, again):
        with pytest.raises(LiftedByAnother):
            services.emergency.pauses.resume(actor, made.id)
    assert reasons_of(forum.token(account["id"])) == ["posting-paused"]
    services.emergency.pauses.resume(SECOND, made.id)
    for actor in (FIRST, SECOND):
        with pytest.raises(PauseIsOver):
            services.emergency.pauses.resume(actor, made.id)
    for unknown in ("pau_" + "0" * 32, "", "暂停", made.id.upper()):
        with pytest.raises(NoSuchPause):
            services.emergency.pauses.resume(SECOND, unknown)


def test_the_database_itself_refuses_that_one_person_begins_and_ends_a_pause(services: Services) -> None:
    made = pause(services)
    with services.engine.connect() as connection, pytest.raises(DBAPIError, match="second_person"):
        connection.execute(
            text("UPDATE pauses SET ended_at = began_at, ended_by = began_by WHERE id = :id"), {"id": made.id}
        )


def test_a_place_is_paused_once_at_a_time_and_of_two_at_once_one_holds(services: Services, forum: ForumBackend) -> None:
    begin, results = Barrier(6), list[str]()

    def work() -> None:
        begin.wait()
        try:
            results.append(pause(services, whole(forum)).id)
        except ShimingError as refused:
            results.append(refused.code)

    threads = [Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count("state-conflict") == 5
    (held,) = services.emergency.pauses.list_in_force()
    assert results.count(held.id) == 1
    services.emergency.pauses.resume(SECOND, held.id)
    assert pause(services, whole(forum)).id != held.id


def test_no_place_that_there_is_not_is_paused_and_no_pause_is_without_a_reason(
    services: Services, forum: ForumBackend, new_forum: NewForum, account: Json
) -> None:
    board, other = on(forum.board(account["id"])), new_forum("别的论坛").credentials.forum_id
    for place in (
        PausedPlace(ForumId("frm_none")),
        PausedPlace(ForumId("论坛")),
        PausedPlace(board_id=BoardId("brd_none")),
        PausedPlace(board_id=BoardId("版块")),
        PausedPlace(board_id=BoardId("tea")),
        PausedPlace(other, board.board_id),
    ):
        with pytest.raises(PlaceNotFound):
            pause(services, place)
    for reason in ("", " \t ", "字" * 401, "看\x07不见", "a\nb"):
        with pytest.raises(ReasonUnusable):
            pause(services, reason=reason)
    assert services.emergency.pauses.list_in_force() == []
    assert pause(services, reason=" " + "字" * 400).reason == "字" * 400
    with pytest.raises(AlreadyPaused):
        pause(services)


def test_pauses_are_listed_newest_first_in_pages_with_who_began_and_who_ended_them(
    services: Services, forum: ForumBackend, account: Json, clock: FakeClock
) -> None:
    board, made = on(forum.board(account["id"])), list[Pause]()
    for place in (whole(forum), board, EVERYWHERE):
        made.append(pause(services, place))
        clock.advance(seconds=1)
    services.emergency.pauses.resume(SECOND, made[1].id)
    listed = services.emergency.pauses.list_all(None, 10)
    assert [one.id for one in listed] == [one.id for one in reversed(made)]
    assert listed[1].place == PausedPlace(forum.credentials.forum_id, board.board_id)
    assert (listed[1].began_by, listed[1].ended_by, listed[1].ended_at) == (FIRST.id, SECOND.id, clock.now())
    assert listed[0] == made[2]
    assert services.emergency.pauses.list_all(made[1].id, 10) == [made[0]]
    assert [one.id for one in services.emergency.pauses.list_all(None, 1)] == [made[2].id]
    assert services.emergency.pauses.list_all(None, 10, in_force=True) == [made[2], made[0]]
    assert [one.id for one in services.emergency.pauses.list_all(None, 10, in_force=False)] == [made[1].id]


def test_the_forums_that_are_concerned_hear_of_a_pause_and_of_its_end(
    services: Services, forum: ForumBackend, new_forum: NewForum, account: Json, receiver: Receiver
) -> None:
    board, other = forum.board(account["id"]), new_forum("别的论坛").credentials.forum_id
    wanted = Subscription(frozenset({EventType.POSTING_PAUSED, EventType.POSTING_RESUMED}))
    for number, forum_id in enumerate((forum.credentials.forum_id, other)):
        services.webhooks.add(OPERATOR, forum_id, f"{receiver.address}/{number}", wanted)
    for place in (on(board), whole(forum), EVERYWHERE):
        services.emergency.pauses.resume(SECOND, pause(services, place).id)
    while deliver(services):
        pass
    told = [(heard.path, heard.body.decode()) for heard in receiver.heard]
    here, everywhere = forum.credentials.forum_id, '{"all":true}'
    scopes = [f'{{"board_id":"{board["id"]}"}}', f'{{"forum_id":"{here}"}}', everywhere]
    moment = TODAY.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    bodies = {
        scope: [
            f'{{"type":"posting.{kind}","timestamp":"{moment}","data":{{"scope":{scope}}}}}'
            for kind in ("paused", "resumed")
        ]
        for scope in scopes
    }
    assert sorted(body for path, body in told if path == "/0") == sorted(chain(*bodies.values()))
    assert [body for path, body in told if path == "/1"] == bodies[everywhere]


def test_a_pause_waits_for_no_outside_record_and_has_its_entry_with_its_place(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    made = pause(services, whole(forum), "不该进日志的理由")
    clock.advance(seconds=1)
    services.emergency.pauses.resume(SECOND, made.id)
    with services.unit_of_work.read() as tx:
        written = tx.session.scalars(select(StagedEntryRow.entry).order_by(StagedEntryRow.id))
        entries = [entry.decode() for entry in written if b'"action":"posting.' in entry]
    for entry, action in zip(entries, ("posting.paused", "posting.resumed"), strict=True):
        assert f'"action":"{action}"' in entry
        assert f'"case":"{forum.credentials.forum_id}"' in entry
        assert made.id in entry
        assert "理由" not in entry


def test_a_drill_is_put_on_record_and_never_changed(services: Services, clock: FakeClock) -> None:
    today = date(2026, 11, 21)
    first = services.emergency.drills.record(FIRST, today, "全站暂停", "2 分钟停下\n第二人 5 分钟到位")
    clock.advance(seconds=1)
    second = services.emergency.drills.record(SECOND, today - timedelta(days=1), "版块暂停", "正常")
    assert services.emergency.drills.list_all(None, 10) == [second, first]
    assert services.emergency.drills.list_all(second.id, 1) == [first]
    with pytest.raises(DrillUnusable) as refused:
        services.emergency.drills.record(FIRST, today + timedelta(days=1), " ", "字" * 2001)
    assert [fault.pointer for fault in refused.value.fields] == ["/held_on", "/scenario", "/outcome"]
    for statement in ("UPDATE drills SET outcome = 'x'", "DELETE FROM drills"):
        with services.engine.connect() as connection, pytest.raises(DBAPIError, match=_REFUSED):
            connection.execute(text(statement))


def test_a_drill_may_be_of_today_in_shanghai_when_it_is_still_yesterday_in_utc(
    services: Services, clock: FakeClock
) -> None:
    clock.advance(hours=13)  # 17:00 in UTC
    assert services.emergency.drills.record(FIRST, date(2026, 11, 22), "全站暂停", "正常").held_on == date(2026, 11, 22)
