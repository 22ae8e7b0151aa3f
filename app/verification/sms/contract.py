"""What a sender promises: accepted (which is not delivered), or an error."""

from dataclasses import dataclass
from typing import Protocol

from app.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class CodeText:
    """One text: the code, and the words around it."""

    code: Secret[str]
    text: Secret[str]


class SmsError(Exception):
    """The text was not accepted. `raw_code` is the sender's own code."""

    def __init__(self, sender: str, raw_code: str = "") -> None:
        super().__init__(f"{sender}: {type(self).__name__}")
        self.raw_code = raw_code


class PhoneLimited(SmsError):
    pass


class PhoneUnreachable(SmsError):
    """The sender says that this is no number it can reach."""


class SmsQuotaExhausted(SmsError):
    pass


class SmsOutcomeUnknown(SmsError):
    """The text may have gone out: it is never sent again by itself."""


class SmsSender(Protocol):
    """Brings one text to one phone. Written synchronously; the caller holds a seat while it waits."""

    name: str
    sandbox: bool

    def refuses(self, phone: Secret[str]) -> str | None:
        """Why this phone must not be written to at all; None when it may."""

    def send_code(self, phone: Secret[str], message: CodeText, *, message_id: str) -> None:
        """Hands the text over. Raises `SmsError`."""

    def send_notice(self, phone: Secret[str], text: Secret[str], *, message_id: str) -> None:
        """The same for a text without a code. Raises `SmsError`."""
