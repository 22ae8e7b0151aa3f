"""The clock that keeps moderators verified, over HTTP."""

from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend
from tests.support.told import listen, told

PHONE = "14000000021"
_DURING_OFFICE = ("moderator.reminded", "moderator.overdue", "moderator.suspended")


def test_a_moderator_is_reminded_falls_due_loses_the_powers_and_gets_them_back(
    forum: ForumBackend, clock: FakeClock, services: Services
) -> None:
    founder = forum.moderator_to_be("山间清风", phone=PHONE)
    board = forum.board(founder["id"])
    assert board["founder"] == {"account_id": founder["id"], "handle": "山间清风"}
    (filed,) = forum.moderators()
    assert (filed["state"], filed["powers"]) == ("current", True)
    assert forum.moderate(founder["id"]).status_code == 201
    services.sweeps.look()
    clock.advance(days=196)
    forum.log_in()
    (lapsed,) = forum.moderators()
    assert lapsed["state"] == "suspended"
    refused = forum.moderate(founder["id"])
    assert refused.status_code == 403
    assert [reason["code"] for reason in refused.json()["reasons"]] == ["moderator-suspended"]
    services.sweeps.look()
    forum.phone_code(founder["id"], PHONE)
    assert forum.check_document(founder["id"]).json()["outcome"] == "verified"
    assert forum.moderate(founder["id"]).status_code == 201
    clock.advance(minutes=6)
    services.sweeps.look()
    happened = forum.get(f"/v1/moderators/{filed['id']}/history").json()["items"]
    assert [entry["what"] for entry in happened] == ["filed", "suspended", "reverified", "reinstated"]
    (back,) = forum.moderators()
    assert (back["state"], back["due_at"]) == ("current", "2027-11-16T16:00:00.000Z")  # on the grid of the filing day


def test_what_a_moderator_reads_fits_the_state_that_they_are_in(
    forum: ForumBackend, clock: FakeClock, services: Services
) -> None:
    listen(forum)
    founder = forum.moderator_to_be("山间清风", phone=PHONE)
    forum.board(founder["id"])
    for days in (160, 25, 14):  # in the window, past the due date, past the grace
        clock.advance(days=days)
        services.sweeps.look()
    notices = [event["data"]["notice"] for event in told(services, *_DURING_OFFICE)]
    assert [notice["en"].partition(".")[0] for notice in notices] == [
        "Re-verify for 茶馆 by the end of 2027-05-20 (Beijing)",
        "Your re-verification for 茶馆 is overdue",
        "Your powers on 茶馆 are off until you re-verify",
    ]
    assert ("逾期 14 天" in notices[0]["zh"], "2027-06-04 00:00" in notices[1]["zh"]) == (True, True)
    assert all(notice["url"].startswith("http://127.0.0.1:8000/continue/") for notice in notices)
