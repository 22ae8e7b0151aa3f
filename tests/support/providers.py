"""A provider that says what a test tells it to, and counts how often it is asked."""

from collections.abc import Callable
from dataclasses import dataclass, field

from app.kernel.secret import Secret
from app.verification.documents import PERSONAL_DOCUMENTS, Document, DocumentType
from app.verification.providers.contract import CheckKind, CheckResult, ProviderError, Verdict

Line = Verdict | type[ProviderError] | Callable[[], object]


@dataclass
class ScriptedProvider:
    """Says one line of its script for each question, and its last line for every further one."""

    name: str
    script: list[Line]
    data_source: str = "registry"
    sandbox: bool = False
    billable: bool | None = None
    capabilities: frozenset[tuple[CheckKind, DocumentType]] = frozenset(
        {(kind, document) for kind in (CheckKind.ID2, CheckKind.PHONE3) for document in PERSONAL_DOCUMENTS}
        | {(CheckKind.ORGANISATION, DocumentType.USCC)}
    )
    asked: list[str] = field(default_factory=list)
    """The attempts it was asked in, one entry for each question."""
    timeouts: list[float] = field(default_factory=list)
    phones: list[Secret[str] | None] = field(default_factory=list)

    def refuses(self, _subject: Document) -> None:
        return None

    def refuses_phone(self, _phone: Secret[str]) -> None:
        return None

    def check(self, _kind: CheckKind, subject: Document, /, *, attempt_id: str, timeout: float) -> CheckResult:
        line = self.script[min(len(self.asked), len(self.script) - 1)]
        self.asked.append(attempt_id)
        self.timeouts.append(timeout)
        self.phones.append(subject.phone)
        if isinstance(line, Verdict):
            return CheckResult(line, self.name, f"code {line.value}", attempt_id, self.billable)
        if isinstance(line, type):
            raise line(self.name, "its code")
        return line()  # type: ignore[return-value] # a provider that breaks its promise
