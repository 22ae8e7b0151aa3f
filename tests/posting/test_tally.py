"""What is answered to whoever asks for a permit is counted, by the day of Shanghai, and by several processes."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from app import policies
from app.db.engine import make_engine
from app.db.unit_of_work import UnitOfWork
from app.kernel.ids import ForumId
from app.posting.tally import PERMITTED, REFUSED, Tally, asked_on
from app.wiring import Services
from tests.support.at_once import at_once
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend

A, B = ForumId("frm_a"), ForumId("frm_b")
TODAY, TOMORROW = date(2026, 11, 21), date(2026, 11, 22)
_EVERY = policies.TALLY_NOTED_EVERY.value


def _asked(services: Services, day: date = TODAY) -> Mapping[str, int]:
    with services.unit_of_work.read() as tx:
        return asked_on(tx.session, [day])[day.isoformat()]


def test_permits_and_refusals_add_up_over_forums_and_every_reason_counts(services: Services) -> None:
    tally = Tally(services.unit_of_work)
    tally.permit(A)
    tally.refuse(A, ["identity-unverified", "agreement-not-accepted"])
    tally.note()
    tally.refuse(B, ["identity-unverified"])
    tally.note()
    tally.note()
    unverified = {"identity-unverified": 2, "agreement-not-accepted": 1}
    assert _asked(services) == {PERMITTED: 1, REFUSED: 2, **unverified}


def test_a_day_begins_at_midnight_in_shanghai(services: Services) -> None:
    for moment in (datetime(2026, 11, 21, 15, 59, 59, 999_999, UTC), datetime(2026, 11, 21, 16, tzinfo=UTC)):
        tally = Tally(UnitOfWork(services.engine, FakeClock(moment)))
        tally.permit(A)
        tally.note()
    assert [_asked(services, day) for day in (TODAY, TOMORROW)] == [{PERMITTED: 1}, {PERMITTED: 1}]


def test_it_is_written_down_every_few_seconds_and_only_where_something_was_counted(services: Services) -> None:
    seconds = [0.0]
    tally = Tally(services.unit_of_work, lambda: seconds[0])
    seconds[0] = _EVERY + 1.0
    assert not tally.is_due
    tally.permit(A)
    assert tally.is_due
    tally.note()
    tally.permit(A)
    assert not tally.is_due
    seconds[0] += _EVERY
    assert tally.is_due


def test_several_processes_at_once_lose_nothing(services: Services) -> None:
    tallies = [Tally(services.unit_of_work) for _ in range(8)]
    for tally in tallies:
        tally.permit(A)
        tally.refuse(A, ["account-banned"])
    at_once([partial(tally.note) for tally in tallies])
    assert _asked(services) == {PERMITTED: 8, REFUSED: 8, "account-banned": 8}


def test_every_answer_over_http_is_counted_by_its_reasons(services: Services, forum: ForumBackend) -> None:
    stranger = forum.register("路人甲")
    assert forum.token(stranger["id"]).status_code == 403
    assert forum.token(forum.member("山间清风")["id"]).status_code == 201
    assert forum.token("acc_nobody").status_code == 404
    services.tally.note()
    asked = _asked(services)
    assert (asked[PERMITTED], asked[REFUSED], asked["identity-unverified"]) == (1, 1, 1)


def test_what_cannot_be_written_down_is_kept_for_the_next_time(tmp_path: Path) -> None:
    seconds = [0.0]
    out_of_reach = UnitOfWork(make_engine(f"sqlite:///{tmp_path}/no/such/folder.db"), FakeClock())
    tally = Tally(out_of_reach, lambda: seconds[0])
    tally.permit(A)
    tally.note()
    seconds[0] = _EVERY
    assert tally.is_due
    assert tally._counted == {(A, PERMITTED): 1}
