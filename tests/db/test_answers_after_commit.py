"""Nobody hears of a success before it is stored: the commit comes first, the answer after it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from app.wiring import Services
from tests.support.forum import ForumBackend

_OF_READERS = {"begin", "postgresql_readonly"}


@contextmanager
def no_commit_succeeds(services: Services) -> Iterator[None]:
    """As with a full disk: every statement of a writer works, and its commit does not."""

    def fail(connection: Connection) -> None:
        if not _OF_READERS & set(connection.get_execution_options()):
            raise OperationalError("COMMIT", {}, Exception("no space left on device"))

    event.listen(services.engine, "commit", fail)
    try:
        yield
    finally:
        event.remove(services.engine, "commit", fail)


def test_a_write_whose_commit_fails_is_no_success_and_leaves_nothing(services: Services, forum: ForumBackend) -> None:
    account = forum.register("山间清风")["id"]
    with no_commit_succeeds(services):
        refused = [
            forum.post("/v1/accounts", {"handle": "海上明月"}),
            forum.post("/v1/accounts", {"handle": "海上明月"}, headers={"idempotency-key": "the-same-key-again-1"}),
            forum.post(f"/v1/accounts/{account}/suspend", {"reason": "刷屏"}),
            forum.ask_code(account, "14000006101"),
            forum.check_document(account),
            forum.http.post("/oauth/revoke", data={"token": forum.http.headers["authorization"][7:]}, auth=own(forum)),
        ]
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(503, "unavailable")}
    assert [one["id"] for one in forum.get("/v1/accounts").json()["items"]] == [account]
    assert forum.account(account)["status"] == "unverified"
    assert forum.get("/dev/outbox.json").json() == []


def own(forum: ForumBackend) -> tuple[str, str]:
    return forum.credentials.client_id, forum.credentials.client_secret.reveal()
