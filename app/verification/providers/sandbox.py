"""The sandbox: answers by a table, asks nobody, and takes test identities only. Will not start in production."""

import time
from collections import deque
from collections.abc import Callable
from threading import Lock

from app.kernel.secret import Secret
from app.verification.countries import UTOPIA
from app.verification.documents import PERSONAL_DOCUMENTS, Document, DocumentType
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
    DocumentType.PASSPORT: frozenset({f"{UTOPIA}L898902C3"}),
}
_ADDRESS_AT = {DocumentType.RESIDENT_ID: 0, DocumentType.USCC: 2}
"""Where the address code stands in the numbers that have one of a citizen or an organisation."""
_PHONE_PREFIX = "1400000"
_UNBORN = 1900
"""Nobody who was born then is alive."""
_REMEMBERED = 10_000
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


def is_test_identity(document: Document) -> bool:
    """Whether a document is one of those that only the sandbox may be asked about."""
    born_too_early = document.birth is not None and document.birth.year == _UNBORN
    return _has_sandbox_address(document) or born_too_early or document.country == UTOPIA


def _has_sandbox_address(document: Document) -> bool:
    place = _ADDRESS_AT.get(document.type)
    return place is not None and document.number.reveal().startswith(SANDBOX_ADDRESS, place)


class SandboxProvider:
    """Stands where a provider stands, and decides by number, name and how often an attempt has asked."""

    name = "sandbox"
    sandbox = True
    data_source = "sandbox"
    capabilities = frozenset(
        {(kind, document) for kind in (CheckKind.ID2, CheckKind.PHONE3) for document in PERSONAL_DOCUMENTS}
        | {(CheckKind.ORGANISATION, DocumentType.USCC)}
    )

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._failed_once: deque[str] = deque(maxlen=_REMEMBERED)
        self._lock = Lock()

    def refuses(self, subject: Document) -> DocumentFault | None:
        key = subject.key.reveal()
        known = key in _OTHER_PEOPLE.get(subject.type, ()) or _has_sandbox_address(subject)
        return None if known else DocumentFault.NOT_A_SANDBOX_IDENTITY

    def refuses_phone(self, phone: Secret[str]) -> str | None:
        return None if phone.reveal().startswith(_PHONE_PREFIX) else DocumentFault.NOT_A_SANDBOX_IDENTITY

    def check(self, _kind: CheckKind, subject: Document, /, *, attempt_id: str, timeout: float) -> CheckResult:
        number = subject.number.reveal()
        if number == _NEVER_ANSWERS:
            self._sleep(timeout)
            raise OutcomeUnknown(self.name, "no answer")
        error = _ERRORS.get(number) or self._error_once(number, attempt_id)
        if error is not None:
            raise error(self.name, error.__name__)
        verdict = _VERDICTS.get(number, Verdict.MATCH)
        if subject.name.reveal() == _ALWAYS_MISMATCHED_NAME:
            verdict = Verdict.MISMATCH
        return CheckResult(verdict, self.name, raw_code=verdict.value, request_id=attempt_id, billable=False)

    def _error_once(self, number: str, attempt_id: str) -> type[ProviderError] | None:
        """The error of an attempt's first question; its second one is answered."""
        with self._lock:
            if number not in _ERRORS_ONCE or attempt_id in self._failed_once:
                return None
            self._failed_once.append(attempt_id)
            return _ERRORS_ONCE[number]
