"""A form that is sent twice takes effect once: the second time is answered with where the first one led."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode

from fastapi.responses import RedirectResponse, Response

from app.idempotency.domain import Claim, KeyedRequest, StoredAnswer
from app.idempotency.errors import InProgress
from app.idempotency.service import Idempotency

_ROUTE = "console form"
_PAUSE_SECONDS, _PAUSES = 0.05, 200
_LEVELS = 3


@dataclass(frozen=True, slots=True)
class SentForm:
    """What a member sent to a path; one without the key that its page was given counts every time.

    The same key with other words is another form: who goes back and types something else means it.
    """

    idempotency: Idempotency
    member_id: str
    path: str
    fields: Mapping[str, str]

    def once(self, work: Callable[[], Response]) -> Response:
        """Runs `work`, or answers with where it led before; a refusal is not kept. Raises what `work` raises."""
        if not self.fields.get("once"):
            return work()
        taken = self._taken()
        if isinstance(taken, StoredAnswer):
            return _led(taken)
        try:
            response = work()
        except BaseException:
            self.idempotency.release(taken)
            raise
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            self.idempotency.release(taken)
        else:
            self.idempotency.complete(taken, lambda: self._kept(response))
        return response

    def led(self) -> Response | None:
        """Where it led when it was sent before, if it was. Raises `InProgress`."""
        if not self.fields.get("once"):
            return None
        taken = self._taken()
        if isinstance(taken, StoredAnswer):
            return _led(taken)
        self.idempotency.release(taken)
        return None

    def _taken(self) -> Claim | StoredAnswer:
        """Waits for the first one while it is at work. Raises `InProgress` when that takes too long."""
        said = json.dumps(sorted(self.fields.items()))
        asked = KeyedRequest(self.member_id, _ROUTE, self.path, said, b"")
        for _ in range(_PAUSES):
            try:
                return self.idempotency.claim(asked)
            except InProgress:
                time.sleep(_PAUSE_SECONDS)
        return self.idempotency.claim(asked)

    def _kept(self, response: Response) -> StoredAnswer:
        """Where it leads, nothing else: what a page tells once is never stored, and the page above says so."""
        steps = self.path.split("/")
        above = "/".join(steps[:-1] if len(steps) > _LEVELS else steps)
        there = response.headers.get("location") or f"{above}?{urlencode({'done': 'already'})}"
        return StoredAnswer(HTTPStatus.SEE_OTHER, {"location": there}, b"")


def _led(answer: StoredAnswer) -> Response:
    return RedirectResponse(answer.headers["location"], answer.status)
