"""Shapes of an appeal as anybody may send it, and of what it is about as the staff see it."""

from typing import Annotated, Literal

from pydantic import Field

from app.accounts.domain import AccountName
from app.api.account_shapes import NamesAccount
from app.api.complaint_shapes import ContactGiven, Said
from app.api.shapes import Answer, Request, Stamp
from app.kernel.errors import FieldError, Invalid
from app.kernel.secret import Secret
from app.kernel.sentence import Sentence
from app.reporting.appealing import NewAppeal
from app.reporting.decisions import FirstDecision
from app.reporting.domain import AgainstKind
from app.reporting.given import LONGEST_EVIDENCE, MOST_EVIDENCE
from app.verification.misuse import ProofSeen

_TICKET_OR_NAME = FieldError(
    "/ticket",
    "exactly-one",
    Sentence("用 ticket，或用账号的一个名字，不要都写。", "Send the ticket or name the account, not both."),
)
AppealableName = Literal["suspension", "ban", "refused_verification", "screening_decision", "moderator_sanction"]


class AgainstGiven(Request):
    """The newest of its kind where `ref` is left out."""

    kind: AppealableName
    ref: Annotated[str, Field(min_length=1, max_length=80)] | None = None


class AccountAppeal(NamesAccount):
    """By the ticket of a refusal, which proves that the account is one's own, or naming the account."""

    forum_id: Annotated[str, Field(min_length=1, max_length=60)]
    against: AgainstGiven
    grounds: Said
    evidence: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=LONGEST_EVIDENCE)]],
        Field(default_factory=list, max_length=MOST_EVIDENCE, description="Links or texts."),
    ]
    contact: ContactGiven | None = None
    ticket: Annotated[
        str | None,
        Field(min_length=1, max_length=200, description="The last part of the address that a refusal's remedy has."),
    ] = None

    def read(self) -> NewAppeal:
        """Raises `Invalid` unless exactly one of ticket, id, handle and the forum's own id is given."""
        return NewAppeal(
            forum_id=self.forum_id,
            kind=AgainstKind(self.against.kind),
            grounds=Secret(self.grounds),
            ref=self.against.ref,
            account=self._named(),
            ticket=self.ticket,
            contact=self.contact.read() if self.contact else None,
            evidence=tuple(Secret(one) for one in self.evidence),
        )

    def _named(self) -> AccountName | None:
        if self.ticket is None:
            return self.account_name()
        if (self.account_id, self.handle, self.external_id) != (None, None, None):
            raise Invalid([_TICKET_OR_NAME])
        return None


class FirstDecisionShown(Answer):
    """What an appeal is against, and by which member of the staff it was decided; null for a forum's own act."""

    ref: str
    reason: str | None
    ground: str | None
    decided_at: Stamp | None
    until: Stamp | None
    staff_id: str | None

    @classmethod
    def of(cls, found: FirstDecision) -> "FirstDecisionShown":
        return cls(
            ref=found.ref,
            reason=found.reason,
            ground=found.ground,
            decided_at=found.since,
            until=found.until,
            staff_id=found.staff_id,
        )


class ProofShown(Answer):
    """Whether whoever complained proved to be the person whose document the account was verified with."""

    proved: bool
    at: Stamp
    sandbox: bool

    @classmethod
    def of(cls, seen: ProofSeen) -> "ProofShown":
        return cls(proved=seen.proved, at=seen.at, sandbox=seen.sandbox)


class BackgroundShown(Answer):
    first_decision: FirstDecisionShown | None
    """Of an appeal; null where it was taken back, or nothing was found."""
    proof: ProofShown | None
    """Of a complaint of misused identity; null as long as nobody has proved to be who they say."""
