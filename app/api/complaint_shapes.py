"""Shapes of what anybody may send about a complaint, and of what a tracking code opens."""

from typing import Annotated, Literal

from pydantic import Field

from app.api.shapes import Answer, Request, Stamp
from app.kernel.secret import Secret
from app.kernel.sentence import Language
from app.reporting.desk import NewComplaint, Tracked
from app.reporting.domain import Category, Contact, Decided, OnBehalf, TargetKind
from app.reporting.filing import Filed, NamedTarget
from app.reporting.given import (
    LONGEST_CONTACT,
    LONGEST_EVIDENCE,
    LONGEST_NAME,
    LONGEST_REF,
    LONGEST_TEXT,
    MOST_EVIDENCE,
)
from app.reporting.outcomes import REASONS
from app.reporting.tracking import LONGEST_TYPED

CategoryName = Literal[
    "illegal",
    "fraud",
    "gambling",
    "pornography",
    "violence",
    "doxxing",
    "minors",
    "impersonation",
    "defamation",
    "spam",
    "other",
]
TargetName = Literal["content", "account", "board", "moderator", "identity_misuse", "privacy", "other"]
OutcomeName = Literal[
    "upheld", "partly_upheld", "not_upheld", "outside_scope", "duplicate", "granted", "partly_granted", "rejected"
]
KindName = Literal["complaint", "appeal"]
StateName = Literal["received", "accepted", "in_progress", "decided", "appealed"]
HappeningName = Literal[
    "received",
    "accepted",
    "in_progress",
    "question",
    "answer",
    "message",
    "reply",
    "decided",
    "appealed",
    "appeal_decided",
]
ChannelName = Literal["email", "phone"]
Said = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
_Contact = Annotated[str, Field(min_length=1, max_length=LONGEST_CONTACT)]
Code = Annotated[
    str, Field(min_length=1, max_length=LONGEST_TYPED, description="Blanks, hyphens, case and O for 0 do not matter.")
]


class TargetGiven(Request):
    """`ref` is an id, a name, an address: whatever shows what is meant. `account` and `board` say whose it is."""

    kind: TargetName
    ref: Annotated[str, Field(min_length=1, max_length=LONGEST_REF)]
    account: Annotated[str | None, Field(min_length=1, max_length=LONGEST_NAME)] = None
    board: Annotated[str | None, Field(min_length=1, max_length=LONGEST_NAME)] = None


class ContactGiven(Request):
    """Sealed; staff open it for a reason that is on record, and whoever is complained of never sees it."""

    phone: _Contact | None = None
    email: _Contact | None = None

    def read(self) -> Contact:
        return Contact(Secret(self.phone) if self.phone else None, Secret(self.email) if self.email else None)


class ComplaintGiven(Request):
    forum_id: Annotated[str, Field(min_length=1, max_length=60)]
    category: CategoryName
    target: TargetGiven
    description: Said
    evidence: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=LONGEST_EVIDENCE)]],
        Field(default_factory=list, max_length=MOST_EVIDENCE, description="Links or texts."),
    ]
    contact: ContactGiven | None = None
    on_behalf: Literal["person", "company"] = "person"

    def read(self) -> NewComplaint:
        target = self.target
        return NewComplaint(
            forum_id=self.forum_id,
            category=Category(self.category),
            target=NamedTarget(TargetKind(target.kind), target.ref, target.account, target.board),
            description=Secret(self.description),
            evidence=tuple(Secret(one) for one in self.evidence),
            contact=self.contact.read() if self.contact else None,
            on_behalf=OnBehalf(self.on_behalf),
        )


class CodeGiven(Request):
    tracking_code: Code


class MessageGiven(CodeGiven):
    text: Said


class AppealGiven(CodeGiven):
    grounds: Said


class CaseFiled(Answer):
    """The code is told this once and stored nowhere; whoever has it follows the case."""

    tracking_code: str
    received_at: Stamp
    respond_by: Stamp

    @classmethod
    def of(cls, filed: Filed) -> "CaseFiled":
        return cls(
            tracking_code=filed.tracking_code.reveal(), received_at=filed.received_at, respond_by=filed.respond_by
        )


class HappenedShown(Answer):
    at: Stamp
    what: HappeningName
    text: str | None


class OutcomeShown(Answer):
    result: OutcomeName
    reason: str
    """A code."""
    detail: str
    """The reason as people read it."""
    text: str | None
    """What staff wrote beside it."""
    decided_at: Stamp

    @classmethod
    def of(cls, decided: Decided, language: Language) -> "OutcomeShown":
        return cls(
            result=decided.outcome,  # type: ignore[arg-type] # of the table of outcomes
            reason=decided.reason,
            detail=REASONS[decided.reason].sentence.in_language(language),
            text=decided.text.reveal() if decided.text else None,
            decided_at=decided.at,
        )


class CaseTracked(Answer):
    kind: KindName
    status: StateName
    timeline: list[HappenedShown]
    outcome: OutcomeShown | None
    can_appeal: bool
    respond_by: Stamp
    question: bool
    """Whether one waits for an answer."""
    contact_channels: list[ChannelName]

    @classmethod
    def of(cls, tracked: Tracked, language: Language) -> "CaseTracked":
        return cls(
            kind=tracked.kind.value,
            status=tracked.state.value,
            timeline=[
                HappenedShown(at=one.at, what=one.what.value, text=one.text.reveal() if one.text else None)
                for one in tracked.timeline
            ],
            outcome=OutcomeShown.of(tracked.outcome, language) if tracked.outcome else None,
            can_appeal=tracked.can_appeal,
            respond_by=tracked.respond_by,
            question=tracked.question,
            contact_channels=list(tracked.contact_channels),  # type: ignore[arg-type] # of the ways that are taken
        )
