"""Webhook endpoints over HTTP, as a forum's backend uses them."""

from collections.abc import Callable, Iterator

import pytest

from app import policies
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json
from tests.support.receiver import Receiver, deliver, receiving

ENDPOINTS = "/v1/webhook-endpoints"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def add(forum: ForumBackend, url: str, *events: str) -> Json:
    answer = forum.post(ENDPOINTS, {"url": url, "events": list(events) or ["*"]})
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


def test_a_forum_names_an_endpoint_tests_it_and_reads_what_came_of_it(
    services: Services, forum: ForumBackend, receiver: Receiver
) -> None:
    made = add(forum, f"{receiver.address}/hooks", "account.banned", "account.suspended")
    assert made["id"].startswith("whk_")
    assert made["secret"].startswith("whsec_")
    shown = {name: value for name, value in made.items() if name != "secret"}
    assert shown["events"] == ["account.banned", "account.suspended"]
    assert forum.get(f"{ENDPOINTS}/{made['id']}").json() == shown
    assert forum.get(ENDPOINTS).json() == {"items": [shown], "next_cursor": None}
    tested = forum.post(f"{ENDPOINTS}/{made['id']}/test")
    assert (tested.status_code, tested.json()["state"], tested.json()["attempts"]) == (201, "waiting", [])
    account = forum.register("山间清风", "42")
    for act in ("suspend", "reinstate"):
        assert forum.post(f"/v1/accounts/{account['id']}/{act}", {"reason": "刷屏"}).status_code == 200
    assert deliver(services) == 2
    assert {said["type"] for said in receiver.said(made["secret"])} == {"webhook.test", "account.suspended"}
    told = forum.get(f"{ENDPOINTS}/{made['id']}/deliveries").json()["items"]
    assert {one["event_id"] for one in told} == {heard.id for heard in receiver.heard}
    assert [(one["state"], one["next_attempt_at"]) for one in told] == [("delivered", None)] * 2
    assert [attempt["status"] for one in told for attempt in one["attempts"]] == [204, 204]


def test_a_delivery_that_ended_is_replayed_under_the_same_event_id(
    services: Services, forum: ForumBackend, receiver: Receiver
) -> None:
    made = add(forum, receiver.address)
    delivery = forum.post(f"{ENDPOINTS}/{made['id']}/test").json()
    again = f"/v1/webhook-deliveries/{delivery['id']}/replay"
    assert forum.post(again).json()["code"] == "state-conflict"
    deliver(services)
    replayed = forum.post(again)
    assert replayed.status_code == 201
    assert (replayed.json()["event_id"], replayed.json()["id"] == delivery["id"]) == (delivery["event_id"], False)
    deliver(services)
    assert [heard.id for heard in receiver.heard] == [delivery["event_id"]] * 2


def test_the_secret_is_shown_once_and_again_only_to_the_same_request(forum: ForumBackend, receiver: Receiver) -> None:
    body, key = {"url": receiver.address, "events": ["*"]}, {"idempotency-key": "one-endpoint-please"}
    first = forum.post(ENDPOINTS, body, headers=key)
    again = forum.post(ENDPOINTS, body, headers=key)
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    path = f"{ENDPOINTS}/{first.json()['id']}"
    assert first.json()["secret"] not in forum.get(path).text + forum.get(ENDPOINTS).text
    rotation = {"idempotency-key": "one-rotation-please"}
    rotated = [forum.http.post(f"{path}/rotate-secret", headers=rotation) for _ in range(2)]
    assert rotated[0].status_code == 200
    assert rotated[0].content == rotated[1].content
    assert rotated[0].json()["secret"] != first.json()["secret"]


def test_deleting_is_final(forum: ForumBackend, receiver: Receiver) -> None:
    path = f"{ENDPOINTS}/{add(forum, receiver.address)['id']}"
    assert [forum.http.delete(path).status_code for _ in range(2)] == [204, 404]
    assert forum.get(path).status_code == 404
    assert forum.post(f"{path}/test").status_code == 404
    assert forum.get(ENDPOINTS).json()["items"] == []


def test_another_forum_sees_and_reaches_nothing(
    new_forum: Callable[[str], ForumBackend], services: Services, receiver: Receiver
) -> None:
    ours, others = new_forum("山城"), new_forum("水乡")
    made = add(ours, receiver.address)
    path, delivery = f"{ENDPOINTS}/{made['id']}", ours.post(f"{ENDPOINTS}/{made['id']}/test").json()["id"]
    deliver(services)
    asked = [
        others.get(path),
        others.get(f"{path}/deliveries"),
        others.http.delete(path),
        others.post(f"{path}/test"),
        others.post(f"{path}/rotate-secret", {}),
        others.post(f"/v1/webhook-deliveries/{delivery}/replay", {}),
    ]
    nobody = others.get(f"{ENDPOINTS}/whk_nobody")
    for answer in asked:
        assert answer.status_code == 404
        assert answer.json()["code"] == nobody.json()["code"] == "not-found"
    assert others.get(ENDPOINTS).json()["items"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"url": "file:///etc/passwd", "events": ["*"]}, "/url"),
        ({"url": "http://user@localhost/", "events": ["*"]}, "/url"),
        ({"url": "http://0x7f000001/", "events": ["*"]}, "/url"),
        ({"url": "http://[::1", "events": ["*"]}, "/url"),
        ({"url": "x" * 2001, "events": ["*"]}, "/url"),
        ({"url": "http://localhost/", "events": []}, "/events"),
        ({"url": "http://localhost/", "events": ["account.exploded"]}, "/events/0"),
        ({"url": "http://localhost/", "events": ["*", "account.banned"]}, "/events"),
        ({"url": "http://localhost/", "events": "*"}, "/events"),
        ({"url": "http://localhost/", "events": ["*"], "secret": "whsec_mine"}, ""),
        ({"events": ["*"]}, "/url"),
    ],
)
def test_what_cannot_be_taken_is_refused_by_its_field(forum: ForumBackend, body: Json, pointer: str) -> None:
    answer = forum.post(ENDPOINTS, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed")
    assert any(error["pointer"].startswith(pointer) for error in answer.json()["errors"]), answer.text
    assert "0x7f000001" not in answer.text


def test_a_forum_may_have_twenty_endpoints(forum: ForumBackend, receiver: Receiver) -> None:
    made = [add(forum, f"{receiver.address}/{number}") for number in range(policies.WEBHOOK_ENDPOINTS.value)]
    refused = forum.post(ENDPOINTS, {"url": receiver.address, "events": ["*"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "state-conflict")
    assert forum.http.delete(f"{ENDPOINTS}/{made[0]['id']}").status_code == 204
    add(forum, receiver.address)
    first = forum.get(ENDPOINTS, params={"limit": 15}).json()
    rest = forum.get(ENDPOINTS, params={"limit": 15, "cursor": first["next_cursor"]}).json()
    assert [len(first["items"]), len(rest["items"]), rest["next_cursor"]] == [15, 5, None]


def test_deliveries_come_page_by_page_and_a_cursor_is_taken_as_it_was_given(
    services: Services, clock: FakeClock, forum: ForumBackend, receiver: Receiver
) -> None:
    path = f"{ENDPOINTS}/{add(forum, receiver.address)['id']}"
    made = []
    for _ in range(5):
        made.append(forum.post(f"{path}/test").json()["id"])
        clock.advance(seconds=0.25)
    deliver(services)
    seen, cursor = [], None
    while True:
        page = forum.get(f"{path}/deliveries", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]
    for wrong in ("x", "AAAA", "9" * 90, "MSB3aGRfMQ", "OTk5OTk5OTk5OTk5OTk5OTkgd2hkXzAw"):
        refused = forum.get(f"{path}/deliveries", params={"cursor": wrong})
        assert (refused.status_code, refused.json()["code"]) == (422, "validation-failed")


def test_production_takes_no_address_inside(services: Services, forum: ForumBackend) -> None:
    services.webhooks._private = False
    for url in ("http://forum.example/", "https://127.0.0.1/", "https://[::ffff:10.0.0.1]/", "https://localhost/"):
        refused = forum.post(ENDPOINTS, {"url": url, "events": ["*"]})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/url")
    add(forum, "https://forum.example/hooks")
