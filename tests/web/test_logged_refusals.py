"""What the log says of every refusal: which it was, whose, when; and never what was sent."""

import json
import time

import pytest

from tests.support.forum import ForumBackend, Json
from tests.web.test_every_refusal import raw

CANARY = "canary5b1f"
FIRST, SECOND = "018f3a5c-7d1e-4b2a-9c3d-5e6f70818293", "018f3a5c-7d1e-4b2a-9c3d-5e6f70818294"


def assert_said(caplog: pytest.LogCaptureFixture, *wanted: Json) -> None:
    """Each stands in some line, with these values at least; an answer may be heard before its line is written."""
    for _ in range(500):
        lines = [json.loads(record.getMessage()).items() for record in caplog.records if record.name == "shiming"]
        missing = [one for one in wanted if not any(one.items() <= line for line in lines)]
        if not missing:
            return
        time.sleep(0.01)
    pytest.fail(f"not said: {missing}")


@pytest.fixture
def listening(forum: ForumBackend, caplog: pytest.LogCaptureFixture) -> ForumBackend:
    """A forum that has logged in already; from now on the log is kept."""
    caplog.set_level("INFO", logger="shiming")
    return forum


def test_every_refusal_is_logged_with_its_code(listening: ForumBackend, caplog: pytest.LogCaptureFixture) -> None:
    forum, client = listening, listening.credentials.client_id
    token = forum.http.headers["authorization"]
    forum.log_in("tokens")
    forum.get("/v1/accounts")
    forum.post("/v1/tokens", {"handle": "山间清风", "scope": CANARY})
    forum.get("/v1/accounts", headers={"authorization": f"{token}x"})
    forum.get("/nowhere")
    forum.http.post("/v1/accounts", content=b"{", headers={"content-type": "application/json"})
    forum.http.post("/oauth/token", data={"grant_type": CANARY}, headers={"authorization": ""})

    refused = {
        (200, None, client),
        (403, "insufficient-scope", client),
        (422, "validation-failed", client),
        (401, "invalid-token", None),
        (404, "not-found", None),
        (400, "malformed-json", None),
        (401, "invalid_client", None),
    }
    assert_said(
        caplog,
        *({"event": "request", "status": status, "refusal": code, "client": whose} for status, code, whose in refused),
    )
    assert all(json.loads(line.getMessage())["timestamp"].endswith("Z") for line in caplog.records)


def test_a_login_that_fails_is_logged_with_the_client_that_was_tried_and_from_where(
    listening: ForumBackend, caplog: pytest.LogCaptureFixture
) -> None:
    """An id that cannot be one is not written: somebody may have put a secret, a name or a line of log there."""
    client, hostile = listening.credentials.client_id, f'cli_\n{{"event": "{CANARY}"}}'
    for request, tried in ((FIRST, client), (SECOND, hostile)):
        form = {"grant_type": "client_credentials", "client_id": tried, "client_secret": CANARY}
        listening.http.post("/oauth/token", data=form, headers={"authorization": "", "x-request-id": request})

    refused = {"event": "login-refused", "level": "warning", "address": "127.0.0.1"}
    assert_said(
        caplog,
        {**refused, "request_id": FIRST, "client": client},
        {**refused, "request_id": SECOND, "client": None},
        *({"event": "request", "request_id": request, "refusal": "invalid_client"} for request in (FIRST, SECOND)),
    )
    assert CANARY not in caplog.text


def test_what_is_no_request_is_logged_under_the_id_that_its_caller_heard(
    listening: ForumBackend, caplog: pytest.LogCaptureFixture
) -> None:
    _, headers, _ = raw(listening.address, f"hello {CANARY}\r\n\r\n".encode())
    refused = {"status": 400, "refusal": "malformed-request"}
    assert_said(caplog, {"event": "request", "request_id": headers["x-request-id"], **refused})
    assert CANARY not in caplog.text
