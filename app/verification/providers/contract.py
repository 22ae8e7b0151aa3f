"""What a provider promises: a verdict about the person, or an error that is about anything else."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from app.kernel.secret import Secret
from app.verification.documents import Document, DocumentType
from app.verification.errors import DocumentFault


class Verdict(StrEnum):
    MATCH = "match"
    MISMATCH = "mismatch"
    NOT_FOUND = "not_found"
    INCONCLUSIVE = "inconclusive"


class CheckKind(StrEnum):
    ID2 = "id2"
    """Name and number."""
    PHONE3 = "phone3"
    """Name, number and phone."""
    ORGANISATION = "organisation"
    """Name and number of an organisation."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a provider said about one subject; holds nothing of the person."""

    verdict: Verdict
    provider: str
    raw_code: str
    request_id: str | None = None
    billable: bool | None = None
    """None: the provider does not say, so it may have been billed."""


class ProviderError(Exception):
    """The provider said nothing about the person. `raw_code` is its own code, never its words."""

    def __init__(self, provider: str, raw_code: str = "") -> None:
        super().__init__(f"{provider}: {type(self).__name__}")
        self.provider = provider
        self.raw_code = raw_code


class InvalidInput(ProviderError):
    """It will not look for such a name or number."""


class SubjectLimited(ProviderError):
    """This person has been asked about too often today."""


class Throttled(ProviderError):
    """Too many questions at once."""


class QuotaExhausted(ProviderError):
    """The package is empty, or nobody paid."""


class Misconfigured(ProviderError):
    """A key, a permission, an address or a clock is wrong."""


class ProviderUnavailable(ProviderError):
    """Nothing was sent, or it said that it is busy."""


class OutcomeUnknown(ProviderError):
    """The question left and no usable answer came: it is never asked again by itself."""


class Unsupported(ProviderError):
    """It does not know this kind of document."""


class RecordCheckProvider(Protocol):
    """One call, one verdict. Written synchronously; the caller holds a seat while it waits."""

    name: str
    sandbox: bool
    data_source: str
    """Whose records it reads: a second look for somebody not found is worth a fee only in other records."""
    capabilities: frozenset[tuple[CheckKind, DocumentType]]

    def refuses(self, subject: Document) -> DocumentFault | None:
        """Why this subject must not reach the provider at all; None when it may."""

    def refuses_phone(self, phone: Secret[str]) -> str | None:
        """Why this phone must not reach the provider at all; None when it may."""

    def check(self, kind: CheckKind, subject: Document, /, *, attempt_id: str, timeout: float) -> CheckResult:
        """A verdict about the person, within `timeout` seconds. Raises `ProviderError` for everything else."""
