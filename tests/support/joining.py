"""People whom a test needs and is not about: they join a forum through the use cases, without the way over HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.accounts.domain import AccountName, Profile
from app.agreements.domain import AcceptanceChannel, AgreementKind
from app.agreements.service import accept
from app.forums.domain import Credentials
from app.kernel.actor import Actor, ActorKind
from app.kernel.ids import AccountId
from app.kernel.secret import Secret
from app.verification.documents import DocumentType
from app.verification.domain import Method
from app.verification.service import GivenDocument
from app.wiring import Services


@dataclass(frozen=True)
class Joining:
    """What a forum's client does for its people, as that client."""

    services: Services
    credentials: Credentials

    def register(self, handle: str, external_id: str | None = None) -> AccountId:
        forum_id = self.credentials.forum_id
        return self.services.accounts.register(self._actor, forum_id, handle, external_id, Profile()).id

    def accept(self, account_id: AccountId, kinds: Sequence[AgreementKind]) -> None:
        """The versions in force."""
        versions = [(kind, self.services.agreements.current(kind).version) for kind in kinds]
        with self.services.unit_of_work.begin(self._actor) as tx:
            for kind, version in versions:
                accept(tx, account_id, kind, version, AcceptanceChannel.FORUM)

    def check(self, account_id: AccountId, number: str, name: str) -> None:
        """Of a resident's document, which must be confirmed."""
        checks, given = (
            self.services.verifications,
            GivenDocument(DocumentType.RESIDENT_ID, Secret(number), Secret(name)),
        )
        request = checks.prepare(self.credentials.forum_id, AccountName(account_id=account_id), Method.ID2, given)
        asked = checks.ask(checks.start(self._actor, request, lambda _tx, _begun: None))
        verified = checks.settle(self._actor, asked, checks.index(asked) if asked.needs_index else None)
        assert verified.outcome == "verified", verified

    @property
    def _actor(self) -> Actor:
        return Actor(ActorKind.CLIENT, self.credentials.client_id)
