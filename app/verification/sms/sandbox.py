"""The sandbox sender: "sends" into an outbox in memory that a developer can read. Will not start in production."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.kernel.clock import Clock
from app.kernel.secret import Secret
from app.verification.errors import DocumentFault
from app.verification.sms.contract import (
    CodeText,
    PhoneLimited,
    PhoneUnreachable,
    SmsError,
    SmsOutcomeUnknown,
    SmsQuotaExhausted,
)

_SANDBOX_PREFIX = "1400000"
_OUTBOX_SIZE = 10_000
_SLOW_SECONDS = 3.0
_ERRORS: dict[str, type[SmsError]] = {
    "0001": PhoneLimited,
    "0002": PhoneUnreachable,
    "0003": SmsOutcomeUnknown,
    "0004": SmsQuotaExhausted,
}
_SLOW = "0005"


@dataclass(frozen=True, slots=True)
class SentText:
    to: Secret[str]
    text: Secret[str]
    code: Secret[str] | None
    """None for a notice."""
    sent_at: datetime


class SandboxSender:
    name = "sandbox"
    sandbox = True

    def __init__(self, clock: Clock, sleep: Callable[[float], None] = time.sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        self._outbox: deque[SentText] = deque(maxlen=_OUTBOX_SIZE)

    def refuses(self, phone: Secret[str]) -> str | None:
        return None if phone.reveal().startswith(_SANDBOX_PREFIX) else DocumentFault.NOT_A_SANDBOX_IDENTITY

    def send_code(self, phone: Secret[str], message: CodeText, *, message_id: str) -> None:
        self._send(phone, message.text, message.code, message_id)

    def send_notice(self, phone: Secret[str], text: Secret[str], *, message_id: str) -> None:
        self._send(phone, text, None, message_id)

    def _send(self, phone: Secret[str], text: Secret[str], code: Secret[str] | None, message_id: str) -> None:
        ending = phone.reveal()[-4:]
        if ending in _ERRORS:
            raise _ERRORS[ending](self.name, message_id)
        if ending == _SLOW:
            self._sleep(_SLOW_SECONDS)
        self._outbox.append(SentText(phone, text, code, self._clock.now()))

    def outbox(self) -> list[SentText]:
        """What was "sent" in this process, newest last."""
        return list(self._outbox)
