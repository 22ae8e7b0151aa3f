"""Shapes of cases as the staff see them: without contact, which is opened apart."""

from datetime import datetime
from typing import Annotated, Literal, TypedDict

from pydantic import Field

from app.api.complaint_shapes import (
    CategoryName,
    ChannelName,
    HappenedShown,
    KindName,
    OutcomeName,
    StateName,
    TargetName,
)
from app.api.shapes import Answer, Request, Stamp
from app.kernel.secret import Secret
from app.reporting.domain import Author, Case, Contact, Decided, Measure, Message
from app.reporting.given import LONGEST_OUTCOME, LONGEST_REASON, LONGEST_TEXT
from app.reporting.handling import CaseView, Decision, WholeCase

QueueName = Literal["ordinary", "minors", "doxxing", "misuse", "appeals"]
StandingName = Literal["on_time", "near", "late", "ended"]
MeasureName = Literal["delete", "mask", "break_link", "stop_transmission"]
AgainstName = Literal[
    "suspension", "ban", "refused_verification", "screening_decision", "moderator_sanction", "complaint_outcome"
]


class AgainstShown(Answer):
    kind: AgainstName
    ref: str | None
    account_id: str | None
    proven: bool
    """Through the ticket of a refusal, or one's own pages."""


class DecidedShown(Answer):
    result: OutcomeName
    reason: str
    at: Stamp
    by: str
    text: str | None

    @classmethod
    def of(cls, decided: Decided | None) -> "DecidedShown | None":
        if decided is None:
            return None
        return cls(
            result=decided.outcome,  # type: ignore[arg-type] # of the table of outcomes
            reason=decided.reason,
            at=decided.at,
            by=decided.by,
            text=decided.text.reveal() if decided.text else None,
        )


class CaseShown(Answer):
    """One of a list: nothing of its texts."""

    id: str
    version: int
    """To be sent back with the decision."""
    kind: KindName
    forum_id: str
    queue: QueueName
    category: CategoryName | None
    target_kind: TargetName | None
    target_account_id: str | None
    target_board_id: str | None
    against: AgainstShown | None
    on_behalf: Literal["person", "company"]
    state: StateName
    standing: StandingName
    escalated: bool
    received_at: Stamp
    respond_by: Stamp
    """By when it is decided: later while a question waits."""
    next_by: Stamp
    """The next moment by which something must happen."""
    assigned_to: str | None
    question: bool
    waits_for_agreement: bool
    contact_channels: list[ChannelName]

    @classmethod
    def of(cls, view: CaseView) -> "CaseShown":
        return cls(**_listed(view))


class MessageShown(Answer):
    at: Stamp
    author: Literal["complainant", "staff"]
    staff_id: str | None
    question: bool
    text: str

    @classmethod
    def of(cls, message: Message) -> "MessageShown":
        return cls(
            at=message.at,
            author=message.author.value,
            staff_id=message.staff_id if message.author is Author.STAFF else None,
            question=message.asks,
            text=message.text.reveal(),
        )


class WholeCaseShown(CaseShown):
    target_ref: str | None
    description: str | None
    """Of an appeal: its grounds. Null once its time is over."""
    evidence: list[str]
    timeline: list[HappenedShown]
    messages: list[MessageShown]
    accepted_at: Stamp | None
    accepted_by: str | None
    decided: DecidedShown | None
    measures: list[MeasureName]
    agreed_by: str | None
    appealed_at: Stamp | None
    appeal_grounds: str | None
    appeal_decided: DecidedShown | None
    also: list[CaseShown]
    """Other open complaints about the same."""

    @classmethod
    def whole(cls, whole: WholeCase) -> "WholeCaseShown":
        case, texts = whole.view.case, whole.texts
        return cls(
            **_listed(whole.view),
            target_ref=texts.target_ref.reveal() if texts.target_ref else None,
            description=texts.description.reveal() if texts.description else None,
            evidence=[one.reveal() for one in texts.evidence],
            timeline=[
                HappenedShown(at=one.at, what=one.what.value, text=one.text.reveal() if one.text else None)
                for one in whole.timeline
            ],
            messages=[MessageShown.of(message) for message in whole.messages],
            accepted_at=case.accepted_at,
            accepted_by=case.accepted_by,
            decided=DecidedShown.of(case.decided),
            measures=[measure.value for measure in case.measures],
            agreed_by=case.agreed_by,
            appealed_at=case.appealed_at,
            appeal_grounds=texts.appeal_grounds.reveal() if texts.appeal_grounds else None,
            appeal_decided=DecidedShown.of(case.appeal_decided),
            also=[CaseShown.of(one) for one in whole.also],
        )


class CasePage(Answer):
    items: list[CaseShown]
    next_cursor: str | None
    calendar_until: str
    """The last day whose holidays are known here; deadlines beyond it count weekdays."""


class AssigneeGiven(Request):
    staff_id: Annotated[str | None, Field(min_length=1, max_length=60, description="Oneself when left out.")] = None


class AcceptanceGiven(Request):
    take: Annotated[bool, Field(description="Assigns it to oneself as well, where nobody has it.")] = False


class AgreementGiven(Request):
    version: Annotated[int, Field(ge=0, le=2**31 - 1)]


class ReplyGiven(Request):
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
    question: bool
    """Stops the clock until it is answered."""


class DecisionGiven(Request):
    version: Annotated[int, Field(ge=0, le=2**31 - 1)]
    outcome: OutcomeName
    reason: Annotated[str, Field(min_length=1, max_length=40, description="A code.")]
    text: Annotated[str | None, Field(min_length=1, max_length=LONGEST_OUTCOME)] = None
    measures: Annotated[list[MeasureName], Field(default_factory=list, max_length=4)]
    also: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=60)]],
        Field(default_factory=list, max_length=50, description="Other open complaints about the same that end alike."),
    ]

    def read(self) -> Decision:
        return Decision(
            self.version,
            self.outcome,
            self.reason,
            Secret(self.text) if self.text is not None else None,
            tuple(dict.fromkeys(Measure(one) for one in self.measures)),
            tuple(self.also),
        )


class WhyGiven(Request):
    reason: Annotated[str, Field(min_length=1, max_length=LONGEST_REASON)]


class ContactShown(Answer):
    phone: str | None
    email: str | None

    @classmethod
    def of(cls, contact: Contact) -> "ContactShown":
        return cls(
            phone=contact.phone.reveal() if contact.phone else None,
            email=contact.email.reveal() if contact.email else None,
        )


class RecusalGiven(Request):
    account_id: Annotated[str, Field(min_length=1, max_length=60)]
    staff_id: Annotated[str | None, Field(min_length=1, max_length=60, description="Oneself when left out.")] = None


class RecusalShown(Answer):
    staff_id: str
    account_id: str
    declared_at: Stamp
    declared_by: str


class RecusalList(Answer):
    items: list[RecusalShown]


class _Listed(TypedDict):
    id: str
    version: int
    kind: KindName
    forum_id: str
    queue: QueueName
    category: CategoryName | None
    target_kind: TargetName | None
    target_account_id: str | None
    target_board_id: str | None
    against: AgainstShown | None
    on_behalf: Literal["person", "company"]
    state: StateName
    standing: StandingName
    escalated: bool
    received_at: datetime
    respond_by: datetime
    next_by: datetime
    assigned_to: str | None
    question: bool
    waits_for_agreement: bool
    contact_channels: list[ChannelName]


def _listed(view: CaseView) -> _Listed:
    case = view.case
    return _Listed(
        id=case.id,
        version=case.version,
        kind=case.kind.value,
        forum_id=case.forum_id,
        queue=case.queue.value,
        category=case.category.value if case.category else None,
        target_kind=case.target_kind.value if case.target_kind else None,
        target_account_id=case.target_account_id,
        target_board_id=case.target_board_id,
        against=_against(case),
        on_behalf=case.on_behalf.value,
        state=case.state.value,
        standing=view.standing.value,
        escalated=case.is_escalated,
        received_at=case.received_at,
        respond_by=view.due,
        next_by=case.next_by,
        assigned_to=case.assigned_to,
        question=case.asked_at is not None,
        waits_for_agreement=case.waits_for_agreement,
        contact_channels=list(view.contact_channels),  # type: ignore[arg-type] # of the ways that are taken
    )


def _against(case: Case) -> AgainstShown | None:
    against = case.against
    if against is None:
        return None
    return AgainstShown(kind=against.kind.value, ref=against.ref, account_id=against.account_id, proven=against.proven)
