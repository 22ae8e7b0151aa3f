"""What the log of a real service holds at DEBUG: requests and failures, and nothing of anybody."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import update

from app.forums.domain import Credentials
from app.kernel.actor import OPERATOR
from app.settings import Settings
from app.verification.models import LinkRow
from app.wiring import Services
from tests.support.clock import TODAY
from tests.support.command import start_command
from tests.support.forum import ForumBackend, Json, sandbox_number
from tests.web.test_every_refusal import raw

HANDLE, EXTERNAL_ID, QUERY, BIO = "山涧青岚", "ext-7f3a91", "query-canary-55", "简介金丝雀"
REASON = "理由金丝雀"
_TOO_LATE = {"level": "phone", "verified_at": datetime(9999, 12, 31, tzinfo=UTC)}
PHONE = "14000009917"
NUMBER, NAME = sandbox_number(917, birth="19870611"), "测试金丝雀"
_SERVES = re.compile(r"serves on (http://127\.0\.0\.1:\d+)\.")
REQUEST = "018f3a5c-7d1e-4b2a-9c3d-5e6f70818293"


class Served:
    """`shiming serve` in a process of its own; everything that it printed, once it has ended."""

    def __init__(self, settings: Settings) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "SHIMING_DATABASE_URL": settings.database_url,
            "SHIMING_KEYS_DIR": str(settings.keys_dir),
            "SHIMING_DATA_DIR": str(settings.data_dir),
            "SHIMING_ISSUER": settings.issuer,
            "SHIMING_LOG_LEVEL": "DEBUG",
            "SHIMING_CLOCK_OFFSET_SECONDS": str(int((TODAY - datetime.now(UTC)).total_seconds()) + 3600),
        }
        self._log = settings.data_dir / "serve.log"
        self._process = start_command(environment, ["serve", "--port", "0"], self._log)
        self.address = self._wait()

    def _wait(self) -> str:
        """The address is said before it answers."""
        for _ in range(600):
            with suppress(httpx2.ConnectError):
                if found := _SERVES.search(self._log.read_text() if self._log.exists() else ""):
                    assert httpx2.get(f"{found[1]}/livez").status_code == 200
                    return found[1]
            time.sleep(0.05)
        pytest.fail(self.stop())

    def stop(self) -> str:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)
        return self._log.read_text()


@pytest.fixture
def served(services: Services, settings: Settings) -> Iterator[Served]:
    services.engine.dispose()
    process = Served(settings)
    yield process
    process.stop()


@pytest.fixture
def credentials(services: Services) -> Credentials:
    return services.forums.add(OPERATOR, "测试论坛")


def log_lines(log: str) -> list[Json]:
    """Every line but those of the start, which are for the operator's eyes."""
    return [json.loads(line) for line in log.splitlines() if not line.startswith(("Shiming serves", "Note: "))]


def assert_holds_nothing_of(log: str, *secrets: str) -> None:
    """Neither as it is nor as JSON, an address or a `repr` would write it."""
    for secret in secrets:
        spellings = {
            secret,
            json.dumps(secret)[1:-1],
            secret.encode().hex(),
            ascii(secret)[1:-1],
            repr(secret.encode())[2:-1],
            "".join(f"%{byte:02X}" for byte in secret.encode()),
        }
        assert [spelling for spelling in spellings if spelling.lower() in log.lower()] == [], secret


def test_a_log_at_debug_tells_what_happened_and_to_nobody(
    services: Services, credentials: Credentials, served: Served
) -> None:
    forum = ForumBackend(served.address, credentials)
    forum.http.headers["x-request-id"] = NUMBER  # a forum may name its requests by whatever it has
    account = forum.post("/v1/accounts", {"handle": HANDLE, "external_id": EXTERNAL_ID, "profile": {"bio": BIO}}).json()
    forum.accept_agreement(account["id"])
    forum.phone_code(account["id"], PHONE)
    assert forum.check_document(account["id"], NUMBER, NAME).json()["outcome"] == "verified"
    token = forum.post("/v1/tokens", {"external_id": EXTERNAL_ID, "scope": "post"}).json()["token"]
    assert forum.verify_token(token)["active"] is True
    code = forum.read_code(PHONE)
    forum.get(f"/v1/accounts?handle={HANDLE}&external_id={EXTERNAL_ID}")
    forum.get(f"/v1/accounts?status={QUERY}")
    forum.get(f"/v1/accounts/{QUERY}")
    forum.get(f"/{QUERY}?{QUERY}={QUERY}", headers={"user-agent": QUERY, "referer": f"http://x/{QUERY}"})
    forum.http.request(QUERY.upper(), "/v1/accounts")
    forum.post(f"/v1/accounts/{account['id']}/suspend", {"reason": REASON, "x": QUERY})
    forum.post(f"/v1/accounts/{account['id']}/suspend", {"reason": REASON})
    forum.http.post("/v1/accounts", content=b'{"' + QUERY.encode(), headers={"content-type": "application/json"})
    forum.check_document(account["id"], NUMBER[:-1] + "Y", NAME)
    access_token = forum.http.headers["authorization"].removeprefix("Bearer ")
    raw(served.address, f"{QUERY} / HTTP/1.1\r\n\r\n".encode())
    forum.http.close()

    log = served.stop()

    lines = log_lines(log)
    assert all(line["timestamp"].endswith("Z") and line["level"] for line in lines)
    assert "uvicorn.error" in {line.get("logger") for line in lines}, "a library is heard in the same form"
    requests = [line for line in lines if line["event"] == "request"]
    assert {"/v1/accounts", "/v1/tokens", "/v1/verifications/{verification_id}/code"} <= {
        line["route"] for line in requests
    }
    assert {200, 201, 400, 404, 422} <= {line["status"] for line in requests}
    assert all(line["request_id"] for line in requests)
    assert credentials.client_id in {line["client"] for line in requests}
    secret = credentials.client_secret.reveal()
    assert_holds_nothing_of(log, HANDLE, EXTERNAL_ID, QUERY, BIO, REASON, PHONE, NUMBER, NAME, secret)
    assert_holds_nothing_of(log, token, access_token, token.rsplit(".", 1)[1], access_token.rsplit(".", 1)[1])
    assert not re.search(rf"\b{code}\b", log)
    with services.unit_of_work.read() as tx:
        person = tx.session.get_one(LinkRow, account["id"]).person_id
    assert person not in log


def test_of_a_library_the_log_holds_who_spoke_and_where_and_none_of_its_words() -> None:
    """Each of these is how a library would say what it failed on; a task that nobody awaits is said by asyncio."""
    said = f"""
import asyncio, gc, logging, warnings
from app.web.logs import configure_logs
configure_logs("DEBUG")
async def fail():
    raise ValueError({NUMBER!r})
async def main():
    task = asyncio.ensure_future(fail())
    await asyncio.sleep(0)
    del task
    gc.collect()
asyncio.run(main())
log = logging.getLogger("vendor.sdk")
log.debug("asked about %s", {NAME!r})
log.error("500 for %s", {NAME!r})
warnings.warn({PHONE!r}, stacklevel=1)
try:
    raise RuntimeError({PHONE!r}) from KeyError({NUMBER!r})
except RuntimeError:
    log.exception({NAME!r})
"""
    run = subprocess.run(
        [sys.executable, "-c", said], check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    assert_holds_nothing_of(run.stdout + run.stderr, NUMBER, NAME, PHONE)
    lines = log_lines(run.stderr)
    assert [(line["logger"], line["level"]) for line in lines] == [
        ("asyncio", "error"),
        ("vendor.sdk", "error"),
        ("py.warnings", "warning"),
        ("vendor.sdk", "error"),
    ]
    assert lines[-1]["exception"][0]["exc_type"] == "RuntimeError"
    assert all(":" in line["place"] for line in lines)


def test_an_unforeseen_failure_is_logged_without_a_local_variable(
    services: Services, credentials: Credentials, served: Served
) -> None:
    """The failure: a link from too late a year. The account's names are locals all the way down."""
    forum = ForumBackend(served.address, credentials)
    account = forum.register(HANDLE, EXTERNAL_ID)
    assert forum.check_document(account["id"], NUMBER, NAME).json()["outcome"] == "verified"
    with services.unit_of_work.begin(OPERATOR) as tx:
        tx.session.execute(update(LinkRow).where(LinkRow.account_id == account["id"]).values(_TOO_LATE))

    answer = forum.post("/v1/tokens", {"external_id": EXTERNAL_ID, "scope": "post"}, headers={"x-request-id": REQUEST})
    forum.http.close()
    log = served.stop()

    assert answer.status_code == 500
    failures = [line for line in log_lines(log) if line["event"] == "request-failed"]
    assert [line["request_id"] for line in failures] == [REQUEST]
    assert failures[0]["exception"][0]["exc_type"] == "OverflowError"
    frames = failures[0]["exception"][0]["frames"]
    assert all(".py:" in frame for frame in frames)
    assert "out of range" not in log, "not even the message"
    assert_holds_nothing_of(log, HANDLE, EXTERNAL_ID, NUMBER, NAME)
