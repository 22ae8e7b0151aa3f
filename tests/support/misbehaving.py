"""The real command whose provider, sender and one job say out loud whom they were asked about; run as a module."""

import logging
import sys
import warnings
from collections.abc import Callable
from functools import partial
from typing import NoReturn

import app.main
import app.outside
from app.__main__ import main
from app.jobs.timetable import TIMETABLE, Job
from app.jobs.worker import Worker
from app.kernel.secret import Secret
from app.verification.documents import Document
from app.verification.providers.contract import (
    CheckKind,
    CheckResult,
    Misconfigured,
    OutcomeUnknown,
    ProviderUnavailable,
    Verdict,
)
from app.verification.providers.sandbox import SandboxProvider
from app.verification.sms.contract import (
    CodeText,
    PhoneLimited,
    PhoneUnreachable,
    SmsError,
    SmsOutcomeUnknown,
    SmsQuotaExhausted,
)
from app.verification.sms.sandbox import SandboxSender
from app.wiring import Services
from tests.support.forum import sandbox_number

BIRTH = "19870612"
"""Whoever was born then is asked about in vain: the three digits that follow choose what goes wrong."""
PHONES = "140000090"
"""Likewise texted to."""
JOB_FAILS_ON = sandbox_number(900, BIRTH)


def _raises(error: BaseException, cause: BaseException | None = None) -> NoReturn:
    raise error from cause


def _logs_and_warns(said: str) -> NoReturn:
    logging.getLogger("vendor.sdk").error("500: %s", said, exc_info=ValueError(said))
    logging.getLogger("vendor.sdk").warning(said)
    warnings.warn(said, stacklevel=1)
    raise ProviderUnavailable("sandbox", said)


def _prints(said: str) -> CheckResult:
    """What nobody can guard against, and the search must find."""
    sys.stdout.write(f"{said}\n")
    sys.stdout.flush()
    return CheckResult(Verdict.MATCH, "sandbox", "0")


_MISDEEDS: tuple[Callable[[str], object], ...] = (
    _prints,
    lambda said: CheckResult(Verdict.MATCH, "sandbox", f"200 {said}", said, billable=False),
    lambda said: _raises(Misconfigured("sandbox", f'500 {{"document": "{said}"}}')),
    lambda said: _raises(OutcomeUnknown(said, said)),
    lambda said: _raises(ValueError(said), KeyError(said)),
    lambda said: {"document": said},
    lambda said: _raises(SystemExit(said)),
    lambda said: CheckResult(said, said, said),  # type: ignore[arg-type] # a provider that breaks its promise
    _logs_and_warns,
    lambda said: _raises(ExceptionGroup(said, [ValueError(said)])),
)
MISDEEDS = len(_MISDEEDS)
_SMS_ERRORS: tuple[type[SmsError] | type[ValueError], ...] = (
    ValueError,
    PhoneLimited,
    PhoneUnreachable,
    SmsOutcomeUnknown,
    SmsQuotaExhausted,
)
SMS_MISDEEDS = len(_SMS_ERRORS)


class _Provider(SandboxProvider):
    def check(self, kind: CheckKind, subject: Document, /, *, attempt_id: str, timeout: float) -> CheckResult:
        number = subject.number.reveal()
        if number[6:14] != BIRTH:
            return super().check(kind, subject, attempt_id=attempt_id, timeout=timeout)
        said = f"{number} {subject.name.reveal()}"
        return _MISDEEDS[int(number[14:17])](said)  # type: ignore[return-value] # a provider that breaks its promise


class _Sender(SandboxSender):
    def send_code(self, phone: Secret[str], message: CodeText, *, message_id: str) -> None:
        _misbehave(phone, message.text)
        super().send_code(phone, message, message_id=message_id)

    def send_notice(self, phone: Secret[str], text: Secret[str], *, message_id: str) -> None:
        _misbehave(phone, text)
        super().send_notice(phone, text, message_id=message_id)


def _misbehave(phone: Secret[str], text: Secret[str]) -> None:
    number = phone.reveal()
    if number.startswith(PHONES):
        said = f"{number} {text.reveal()}"
        raise _SMS_ERRORS[int(number[-2:])](said, said)


def _job(_services: Services) -> int:
    _raises(ValueError(JOB_FAILS_ON), KeyError(JOB_FAILS_ON))


if __name__ == "__main__":
    app.outside._PROVIDERS["sandbox"] = _Provider
    app.outside.SandboxSender = _Sender  # type: ignore[attr-defined] # the name by which one is made
    app.main.Worker = partial(Worker, timetable=(*TIMETABLE, Job("says-whom", 5, 1, _job)))  # type: ignore[attr-defined, assignment]
    main()
