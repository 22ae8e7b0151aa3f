"""Texts that carry a code, whatever the code is for: what one phone and one day may get, and how the text reads."""

import math
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from app import policies
from app.db.unit_of_work import Transaction
from app.kernel.clock import SHANGHAI
from app.kernel.secret import Secret
from app.verification import text_rows
from app.verification.errors import CodeMalformed, PhoneInvalid, TooManyTexts
from app.verification.phones import read_phone
from app.verification.sms.contract import (
    CodeText,
    PhoneLimited,
    PhoneUnreachable,
    SmsError,
    SmsQuotaExhausted,
    SmsSender,
)

_CODE_DIGITS = 6
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_COARSE = timedelta(minutes=1)
"""Nobody learns to the second when somebody else had a text sent to the same phone."""


@dataclass(frozen=True, slots=True)
class CodeRules:
    pause_seconds: int
    daily_texts: int
    """What all phones together may cost in one day of Shanghai."""
    host: str
    """The host that the text names, so that phones offer the code to our pages only."""


class Texts:
    """What every code that goes to a phone keeps to; codes of verifications and of sign-ins count together."""

    def __init__(self, sender: SmsSender, rules: CodeRules) -> None:
        self.sender = sender
        self.pause = timedelta(seconds=rules.pause_seconds)
        self._rules = rules

    def read_phone(self, typed: Secret[str]) -> Secret[str]:
        """A number that may be written to. Raises `PhoneInvalid`."""
        phone = read_phone(typed)
        refusal = self.sender.refuses(phone)
        if refusal is not None:
            raise PhoneInvalid(refusal)
        return phone

    def refuse_too_many(self, tx: Transaction, phone_digest: bytes) -> None:
        """A step; the caller holds the phone. Raises `TooManyTexts`."""
        sent = text_rows.texts_to_phone(tx.session, phone_digest, tx.now - _DAY)
        in_the_hour = [moment for moment in sent if moment > tx.now - _HOUR]
        free_at: list[datetime] = []
        if sent:
            free_at.append(sent[0] + self.pause)
        if len(in_the_hour) >= policies.TEXTS_PER_HOUR.value:
            free_at.append(in_the_hour[policies.TEXTS_PER_HOUR.value - 1] + _HOUR)
        if len(sent) >= policies.TEXTS_PER_DAY.value:
            free_at.append(sent[policies.TEXTS_PER_DAY.value - 1] + _DAY)
        wait = max((moment - tx.now for moment in free_at), default=timedelta())
        if wait > timedelta():
            raise TooManyTexts(retry_after=math.ceil(wait / _COARSE) * int(_COARSE.total_seconds()))

    def may_spend(self, tx: Transaction) -> bool:
        """A step: whether the day's money lasts for one more."""
        return _texts_today(tx) < self._rules.daily_texts

    def may_spend_on_notice(self, tx: Transaction) -> bool:
        """A step: the same for a text without a code; the last part of the day's money is kept for codes."""
        return _texts_today(tx) < self._rules.daily_texts * (100 - policies.TEXTS_KEPT_FOR_CODES.value) // 100

    def send(self, phone: Secret[str], code: Secret[str], message_id: str, *, may_spend: bool) -> None:
        """Hands the text over, without a transaction around it; the caller holds a seat. Raises `SmsError`."""
        if not may_spend:
            raise SmsQuotaExhausted(self.sender.name, "own-budget")
        words = f"【实名】验证码 {code.reveal()}，{policies.CODE_LIFETIME.value} 分钟内有效，勿告诉他人。"
        text = CodeText(code, Secret(f"{words}\n@{self._rules.host} #{code.reveal()}"))
        self.sender.send_code(phone, text, message_id=message_id)


def _texts_today(tx: Transaction) -> int:
    day = tx.now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    return text_rows.texts_since(tx.session, day)


def new_code() -> Secret[str]:
    return Secret(f"{secrets.randbelow(10**_CODE_DIGITS):0{_CODE_DIGITS}d}")


def read_code(typed: Secret[str]) -> Secret[str]:
    """Raises `CodeMalformed`."""
    plain = unicodedata.normalize("NFKC", typed.reveal()).replace(" ", "").strip()
    if len(plain) != _CODE_DIGITS or not (plain.isascii() and plain.isdigit()):
        raise CodeMalformed
    return Secret(plain)


def counts(error: SmsError) -> bool:
    """Whether a text that was not accepted counts against its phone: not when it never left."""
    return isinstance(error, PhoneUnreachable | PhoneLimited)


def refuse_phone(error: SmsError) -> None:
    """Raises `TooManyTexts` or `PhoneInvalid` where the sender says that it is the phone; nothing of ours is wrong."""
    if isinstance(error, PhoneLimited):
        raise TooManyTexts(retry_after=int(_HOUR.total_seconds()))
    if isinstance(error, PhoneUnreachable):
        raise PhoneInvalid("unreachable")
