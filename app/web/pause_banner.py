"""What the frame of a page says while posting is paused: read now and then, and never waited for long."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from app import policies
from app.forums.domain import EVERYTHING, Pause
from app.kernel.errors import Unavailable

_SHOWN_WITHIN = policies.PAUSE_SHOWN_WITHIN.value
_WAITED_SECONDS = policies.PAUSE_LOOK_WAITED.value / 1000
_NO_PAGES = ("/v1/", "/oauth/", "/static/", "/.well-known/", "/livez", "/readyz", "/metrics", "/openapi.json")


@dataclass(frozen=True, slots=True)
class Paused:
    """What a page says: since when, and whether all forums stand still or only the one that it is about."""

    everywhere: bool
    since: datetime


class PauseBanner:
    """One look at a time in each process. What cannot be read is shown as it was known last."""

    def __init__(self, in_force: Callable[[], Sequence[Pause]], seconds: Callable[[], float] = time.monotonic) -> None:
        self._in_force = in_force
        self._seconds = seconds
        self._known: dict[str, datetime] = {}
        self._looked_at: float | None = None
        self._looking: asyncio.Task[None] | None = None

    def concerning(self, forum_id: str | None) -> Paused | None:
        """What a page of this forum, or one of no forum, has to say."""
        for place in (EVERYTHING, forum_id):
            if place in self._known:
                return Paused(place == EVERYTHING, self._known[place])
        return None

    async def look(self) -> None:
        """Returns as soon as what is known is fresh, and in any case after a moment: a page is no hostage of it."""
        if self._looked_at is not None and self._seconds() - self._looked_at < _SHOWN_WITHIN:
            return
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        await asyncio.wait({self._looking}, timeout=_WAITED_SECONDS)

    async def _look(self) -> None:
        began = self._seconds()
        try:
            in_force = await run_in_threadpool(self._in_force)
        except Unavailable:
            in_force = None
        finally:
            self._looking, self._looked_at = None, began
        if in_force is not None:
            self._known = {pause.place.name: pause.began_at for pause in in_force}


class LooksForPauses:
    """Looks before a page is made; programs hear of a pause in their answers, and are not kept."""

    def __init__(self, app: ASGIApp, banner: PauseBanner) -> None:
        self._app = app
        self._banner = banner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(_NO_PAGES):
            await self._banner.look()
        await self._app(scope, receive, send)
