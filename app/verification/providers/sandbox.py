"""The sandbox: answers by a table, asks nobody, and takes test identities only. Will not start in production."""

import time
from collections.abc import Callable
from threading import Lock

from app.verification.documents import Document, DocumentType
from app.verification.errors import DocumentFault
from app.verification.providers.contract import (
    CheckKind,
    CheckResult,
    OutcomeUnknown,
    ProviderError,
    ProviderUnavailable,
    QuotaExhausted,
    SubjectLimited,
    Throttled,
    Verdict,
)

SANDBOX_ADDRESS = "110199"
"""An address code that was never assigned: nobody's number begins with it."""
_ALWAYS_MISMATCHED_NAME = "不一致"
_OTHER_PEOPLE = {
    DocumentType.HMT_RESIDENCE_PERMIT: frozenset({"810000190001010018", "82000019000101001X", "830000190001010011"}),
    DocumentType.FOREIGN_PERMANENT_RESIDENT_ID: frozenset({"911840190001010017"}),
    DocumentType.HM_TRAVEL_PERMIT: frozenset({"H00000000", "M00000000", "HA0000000"}),
    DocumentType.TW_TRAVEL_PERMIT: frozenset({"00000000"}),
}
_VERDICTS = {
    "110199199003070033": Verdict.MISMATCH,
    "110199199003070041": Verdict.NOT_FOUND,
    "110199199003070068": Verdict.INCONCLUSIVE,
}
_ERRORS: dict[str, type[ProviderError]] = {
    "110199199003070076": ProviderUnavailable,
    "110199199003070084": QuotaExhausted,
    "110199199003070113": SubjectLimited,
}
_ERRORS_ONCE: dict[str, type[ProviderError]] = {
    "110199199003070092": Throttled,
    "110199199003070121": ProviderUnavailable,
}
_NEVER_ANSWERS = "110199199003070105"


class SandboxProvider:
    """Stands where a provider stands, and decides by the number alone."""

    name = "sandbox"
    sandbox = True
    capabilities = frozenset(
        (CheckKind.ID2, kind)
        for kind in (
            DocumentType.RESIDENT_ID,
            DocumentType.HMT_RESIDENCE_PERMIT,
            DocumentType.HM_TRAVEL_PERMIT,
            DocumentType.TW_TRAVEL_PERMIT,
            DocumentType.FOREIGN_PERMANENT_RESIDENT_ID,
        )
    )

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._failed_once: set[str] = set()
        self._lock = Lock()

    def refuses(self, subject: Document) -> DocumentFault | None:
        key = subject.key.reveal()
        known = key in _OTHER_PEOPLE.get(subject.type, ()) or key.startswith(SANDBOX_ADDRESS)
        return None if known else DocumentFault.NOT_A_SANDBOX_IDENTITY

    def check(self, _kind: CheckKind, subject: Document, /, *, attempt_id: str, timeout: float) -> CheckResult:
        number = subject.number.reveal()
        if number == _NEVER_ANSWERS:
            self._sleep(timeout)
            raise OutcomeUnknown(self.name, "no answer")
        error = _ERRORS.get(number) or self._error_once(number)
        if error is not None:
            raise error(self.name, error.__name__)
        verdict = _VERDICTS.get(number, Verdict.MATCH)
        if subject.name.reveal() == _ALWAYS_MISMATCHED_NAME:
            verdict = Verdict.MISMATCH
        return CheckResult(verdict, self.name, raw_code=verdict.value, request_id=attempt_id, billable=False)

    def _error_once(self, number: str) -> type[ProviderError] | None:
        with self._lock:
            if number not in _ERRORS_ONCE or number in self._failed_once:
                return None
            self._failed_once.add(number)
            return _ERRORS_ONCE[number]
