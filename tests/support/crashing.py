"""The real service in a process of its own that kills itself at a named point."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socket import create_server, socket
from typing import NoReturn

import uvicorn
from sqlalchemy import Engine, event
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.main import application
from app.settings import Settings
from app.verification.providers.contract import CheckResult
from app.verification.providers.sandbox import SandboxProvider
from app.verification.sms.sandbox import SandboxSender
from app.web.logs import configure_logs
from app.wiring import build
from tests.support.clock import FakeClock
from tests.support.command import Forked

POINTS = ("claimed", "before-commit", "committed", "asked", "texted")


@contextmanager
def crashing(settings: Settings, point: str) -> Iterator[tuple[str, Forked]]:
    """Address and process of a service that will die at `point`, by its own hand, without a word."""
    given = json.dumps(settings.model_dump(mode="json"))
    with create_server(("127.0.0.1", 0)) as bound:  # who comes before the server does waits, and is not turned away
        process = Forked(_serve, (point, given, bound), os.environ, settings.data_dir / "crashing")
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}", process
        finally:
            process.end_session()


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


class _Provider(SandboxProvider):
    def check(self, *_subject: object, **_how: object) -> CheckResult:
        _die()


class _Sender(SandboxSender):
    def send_code(self, *_text: object, **_how: object) -> None:
        _die()


@dataclass
class _Watch:
    """Follows the statements of the one request that has a key."""

    point: str
    claimed: bool = False
    answered: bool = False

    def listen(self, engine: Engine) -> None:
        event.listen(engine, "before_cursor_execute", self.statement)
        event.listen(engine, "begin", self.begin)
        event.listen(engine, "commit", self.commit)

    def statement(self, _connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        self.claimed |= statement.startswith("INSERT INTO idempotency_claims")
        self.answered |= statement.startswith("UPDATE idempotency_claims SET sealed_answer")

    def begin(self, _connection: object) -> None:
        if self.claimed and self.point == "claimed":
            _die()

    def commit(self, _connection: object) -> None:
        if self.answered and self.point == "before-commit":
            _die()

    def around(self, app: ASGIApp) -> ASGIApp:
        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            async def watched_send(message: Message) -> None:
                if self.answered and self.point == "committed":
                    _die()
                await send(message)

            await app(scope, receive, watched_send)

        return watched


def _serve(point: str, given: str, bound: socket) -> None:
    configure_logs("WARNING")
    assert point in POINTS
    clock = FakeClock()
    services = build(
        Settings.model_validate(json.loads(given)),
        clock=clock,
        provider=_Provider() if point == "asked" else None,
        sender=_Sender(clock) if point == "texted" else None,
    )
    watch = _Watch(point)
    watch.listen(services.engine)
    config = uvicorn.Config(watch.around(application(services)), access_log=False, log_level="warning")
    uvicorn.Server(config).run(sockets=[bound])
