"""Shapes of disclosures: what is asked for, how it stands, and what an execution shows."""

from typing import Annotated, Literal, Self

from pydantic import Field

from app.api.shapes import Answer, Moment, Request, Stamp
from app.disclosure.domain import CountedApproval, DisclosureState, DisclosureView, OpenedIdentity, Wanted

FieldName = Literal["name", "document_type", "document_number", "phone"]
Purpose = Literal["lawful_request", "court_order", "subject_request", "breach_notice"]
DigestGiven = Annotated[str, Field(min_length=64, max_length=64, pattern="^[0-9a-f]{64}$")]


class NewDisclosure(Request):
    account_id: Annotated[str, Field(min_length=1, max_length=64, description="One account, of whichever forum.")]
    fields: Annotated[list[FieldName], Field(min_length=1, max_length=4)]
    authority: Annotated[str, Field(min_length=1, max_length=200, description="Who asks, by their full name.")]
    instrument_no: Annotated[str, Field(min_length=1, max_length=100, description="The number of the instrument.")]
    legal_basis: Annotated[str, Field(min_length=1, max_length=1000, description="The article that the person reads.")]
    purpose: Purpose
    notify_after: Annotated[
        Moment | None,
        Field(description="Until then the instrument forbids to tell the person; at most 365 days from now."),
    ] = None

    def wanted(self) -> Wanted:
        return Wanted.of(
            self.account_id,
            self.fields,
            texts=(self.authority, self.instrument_no, self.legal_basis),
            purpose=self.purpose,
            notify_after=self.notify_after,
        )


class ApprovalGiven(Request):
    request_digest: Annotated[
        DigestGiven | None, Field(description="Of the request as you saw it; any other is not approved.")
    ] = None

    def digest(self) -> bytes | None:
        return bytes.fromhex(self.request_digest) if self.request_digest else None


class ApprovalShown(Answer):
    approver_id: str
    approved_at: Stamp
    counts: bool = Field(description="False where the request, or what the approver is, has changed since.")

    @classmethod
    def of(cls, one: CountedApproval) -> Self:
        return cls(approver_id=one.approval.approver_id, approved_at=one.approval.approved_at, counts=one.counts)


class DisclosureShown(Answer):
    """Of an `altered` one, whose row is not what was written, nothing is shown that it says now."""

    id: str
    state: DisclosureState
    account_id: str
    forum_id: str
    fields: list[str]
    authority: str | None
    instrument_no: str | None
    legal_basis: str | None
    purpose: str | None
    notify_after: Stamp | None
    request_digest: str = Field(description="SHA-256 of the request in hex, which approvals bind.")
    requester_id: str
    requested_at: Stamp
    expires_at: Stamp
    approvals: list[ApprovalShown]
    approvals_needed: int
    executed_at: Stamp | None
    closed_by: str | None

    @classmethod
    def of(cls, seen: DisclosureView) -> Self:
        found, request = seen.disclosure, seen.disclosure.request
        wanted = None if found.altered else request.wanted
        return cls(
            id=request.id,
            state=seen.state,
            account_id=request.wanted.account_id,
            forum_id=request.forum_id,
            fields=sorted(wanted.fields) if wanted else [],
            authority=wanted.authority if wanted else None,
            instrument_no=wanted.instrument_no if wanted else None,
            legal_basis=wanted.legal_basis if wanted else None,
            purpose=wanted.purpose if wanted else None,
            notify_after=wanted.notify_after if wanted else None,
            request_digest=found.digest.hex(),
            requester_id=request.requester_id,
            requested_at=request.requested_at,
            expires_at=request.expires_at,
            approvals=[ApprovalShown.of(one) for one in seen.approvals],
            approvals_needed=seen.needed,
            executed_at=found.execution.finished_at if found.execution else None,
            closed_by=found.closed_by,
        )


class DisclosurePage(Answer):
    items: list[DisclosureShown]
    next_cursor: str | None


class IdentityShown(Answer):
    """Of what was asked for, what is on file."""

    name: str | None = None
    document_type: str | None = None
    document_number: str | None = None
    phone: str | None = None


class ReceiptShown(Answer):
    """With the log's key this is all that it takes to see that the opening is on record."""

    entry: str = Field(description="Canonical JSON, byte for byte.")
    index: int
    proof: list[str]
    checkpoint: str = Field(description="A signed note, to whose root the proof leads.")


class ExecutionShown(Answer):
    fields: IdentityShown
    receipt: ReceiptShown

    @classmethod
    def of(cls, opened: OpenedIdentity) -> Self:
        fields = {field.value: value.reveal() for field, value in opened.fields.items()}
        receipt = ReceiptShown.model_validate(opened.receipt.shown())
        return cls(fields=IdentityShown.model_validate(fields), receipt=receipt)
