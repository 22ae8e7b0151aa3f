"""Somebody whose identity another person has used: their phone, their document, and the way through the proof."""

from collections.abc import Callable

from app.crypto.blind_index import IndexValue
from app.kernel.actor import Actor, ActorKind
from app.kernel.secret import Secret
from app.verification.documents import DocumentType
from app.verification.domain import Reason
from app.verification.misuse import AskedProof, BegunProof, MisuseCase
from app.verification.service import GivenDocument
from app.verification.sign_ins import PhoneToText
from app.wiring import Services
from tests.support.desk import quick_index
from tests.support.forum import NAME

VISITOR = Actor(ActorKind.PERSON, "complaint", None)


class Victim:
    """`index` as that of the desk that put the accused on file."""

    def __init__(
        self,
        services: Services,
        phone: str,
        number: str = "",
        name: str = NAME,
        index: Callable[[str, Secret[str]], IndexValue] = quick_index,
    ) -> None:
        self.services, self.phone, self.number, self.name, self.index = services, phone, number, name, index
        self.proofs = services.complaints.misuse.proofs

    def asks_for_a_code(self, case: MisuseCase) -> str:
        phone = self.proofs.read_phone(Secret(self.phone))
        self.proofs.send(VISITOR, case, PhoneToText(phone, self.index("phone", phone)))
        return self._newest()

    def _newest(self) -> str:
        sandbox = self.services.sandbox_sender
        assert sandbox is not None
        codes = [text.code for text in sandbox.outbox() if text.code and text.to.reveal() == self.phone]
        return codes[-1].reveal() if codes[-1] else ""

    def begins(self, case: MisuseCase, code: str | None = None) -> BegunProof | None:
        given = GivenDocument(DocumentType.RESIDENT_ID, Secret(self.number), Secret(self.name))
        return self.proofs.begin(VISITOR, case, Secret(code or self._newest()), self.proofs.prepare(given))

    def settles(self, begun: BegunProof | None) -> Reason | None:
        assert begun is not None
        return self.is_told(self.proofs.ask(begun))

    def is_told(self, asked: AskedProof) -> Reason | None:
        index = self.index("resident_id", asked.document.key) if asked.needs_index else None
        return self.proofs.settle(VISITOR, asked, index)

    def proves(self, case: MisuseCase) -> Reason | None:
        self.asks_for_a_code(case)
        return self.settles(self.begins(case))
