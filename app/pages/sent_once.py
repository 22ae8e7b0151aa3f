"""Forms of people without a login that take effect once: a key travels in the form, and its answer is kept sealed."""

import json
import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Annotated

import anyio
from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from app.idempotency.domain import KeyedRequest, StoredAnswer
from app.idempotency.errors import InProgress
from app.idempotency.service import Idempotency
from app.kernel.secret import Secret
from app.reporting.filing import Filed
from app.web.forms import read_form
from app.wiring import Services

_WHOEVER = "page"
_KEY = re.compile(r"[0-9a-f]{32}", re.ASCII)
_KEY_BYTES = 16
_LONGEST = 100_000
_LOOKS, _BETWEEN_SECONDS = 12, 0.25
"""A second press comes while the first is at work: its page waits for the one answer, within the gate's deadline."""


async def _long_form(request: Request) -> Mapping[str, str]:
    """Texts come longer than they may be, so that their page can say so."""
    return await read_form(request, _LONGEST)


LongForm = Annotated[Mapping[str, str], Depends(_long_form)]


def new_form_key() -> str:
    return os.urandom(_KEY_BYTES).hex()


def form_key(form: Mapping[str, str]) -> str:
    """The form's own, or a new one where it brings none of ours."""
    given = form.get("key", "")
    return given if _KEY.fullmatch(given) else new_form_key()


async def take_once(
    services: Services, place: str, key: str, said: Mapping[str, str], work: Callable[[], bytes]
) -> bytes:
    """Runs `work` for this form, and gives its answer again for 24 hours; a form that says something else is another.

    Raises what `work` raises, and `InProgress`.
    """
    body = json.dumps(dict(said), sort_keys=True).encode()
    request = KeyedRequest(_WHOEVER, place, place, f"{key} {sha256(body).hexdigest()}", body)
    for look in range(_LOOKS):
        if look:
            await anyio.sleep(_BETWEEN_SECONDS)
        try:
            return await run_in_threadpool(_taken, services.idempotency, request, work)
        except InProgress:
            continue
    raise InProgress


def _taken(idempotency: Idempotency, request: KeyedRequest, work: Callable[[], bytes]) -> bytes:
    claim = idempotency.claim(request)
    if isinstance(claim, StoredAnswer):
        return claim.body
    try:
        return idempotency.complete(claim, lambda: StoredAnswer(200, {}, work())).body
    except Exception:
        idempotency.release(claim)
        raise


def packed(filed: Filed) -> bytes:
    """What is told of a case once: its code, and by when it is answered."""
    return json.dumps([filed.tracking_code.reveal(), filed.respond_by.isoformat()]).encode()


def unpacked(answer: bytes) -> tuple[Secret[str], datetime]:
    code, respond_by = json.loads(answer)
    return Secret(code), datetime.fromisoformat(respond_by)
