"""What people do at our own pages is told late, by its day, and without what would tell the moment."""

from collections.abc import Iterator

import pytest

from app.wiring import Services
from tests.pages.conftest import forum, new_person, person
from tests.pages.test_flow import through
from tests.pages.test_me import Browser, led
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json
from tests.support.person import Person
from tests.support.receiver import Receiver, deliver, receiving

__all__ = ["forum", "new_person", "person"]
PHONE = "14000001234"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def _subscribe(forum: ForumBackend, receiver: Receiver) -> Json:
    made: Json = forum.post("/v1/webhook-endpoints", {"url": receiver.address, "events": ["*"]}).json()
    return made


def test_a_registration_at_our_pages_is_told_within_six_hours_and_in_its_order(
    services: Services, clock: FakeClock, forum: ForumBackend, person: Person, receiver: Receiver
) -> None:
    endpoint = _subscribe(forum, receiver)
    begun = through(forum, person, external_id="42")
    shown = forum.get(f"/v1/webhook-endpoints/{endpoint['id']}/deliveries").json()["items"]
    assert len(shown) < 3  # chance may have chosen no delay for one
    clock.advance(hours=6)
    forum.log_in()
    deliver(services)
    account = forum.get(f"/v1/registrations/{begun['id']}").json()["account"]
    named = {"account_id": account["id"], "external_id": "42", "handle": account["handle"]}
    said = receiver.said(endpoint["secret"])
    assert [(one["type"], one["data"]) for one in said] == [
        (
            "verification.completed",
            {"verification_id": None, **named, "method": "phone_code", "outcome": "verified", "level": "phone"},
        ),
        ("account.verified", {**named, "status": "active", "until": None}),
        ("registration.completed", {"registration_id": begun["id"], **named, "status": "completed"}),
    ]
    assert {one["timestamp"] for one in said} == {"2026-11-21T00:00:00.000Z"}


def test_closing_by_the_person_is_told_late_and_by_the_forum_at_once(
    services: Services, clock: FakeClock, forum: ForumBackend, receiver: Receiver
) -> None:
    theirs, ours = (forum.register(handle)["id"] for handle in ("一号", "二号"))
    forum.phone_code(theirs, PHONE)
    clock.advance(minutes=2)
    endpoint, browser = _subscribe(forum, receiver), Browser(forum.address, forum.credentials.forum_id)
    browser.sign_in(PHONE)
    led(browser.post("/close", account=theirs), "/me")
    browser.http.close()
    assert forum.account(theirs)["status"] == "closed"
    assert forum.post(f"/v1/accounts/{ours}/close", {}).status_code == 200
    deliver(services)
    assert ours in {one["data"]["account_id"] for one in receiver.said(endpoint["secret"])}
    clock.advance(hours=6)
    deliver(services)
    times = {one["data"]["account_id"]: one["timestamp"] for one in receiver.said(endpoint["secret"])}
    assert times == {theirs: "2026-11-21T00:00:00.000Z", ours: "2026-11-21T04:02:00.000Z"}
