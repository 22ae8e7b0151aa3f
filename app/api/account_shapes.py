"""Shapes of accounts and agreements."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from app.accounts.domain import (
    LONGEST_BIO,
    LONGEST_DISPLAY_NAME,
    LONGEST_EXTERNAL_ID,
    LONGEST_SIGNATURE,
    AccountChange,
    AccountName,
    AccountStatus,
    Profile,
)
from app.agreements.domain import AcceptanceChannel, AgreementKind
from app.api.shapes import Answer, Day, Moment, Request, Stamp
from app.kernel.errors import FieldError, Invalid
from app.kernel.sentence import Sentence
from app.posting.decision import Permit, Refusal
from app.posting.errors import ReasonCode
from app.posting.service import JudgedAccount
from app.verification.domain import IdentityLevel, Method

_MAX_HANDLE_TYPED = 100
_ONE_NAME = Sentence(
    "用 account_id、handle、external_id 中的一个指明账号。",
    "Name the account by exactly one of account_id, handle, external_id.",
)
_NOTHING_GIVEN = FieldError(
    "", "nothing-given", Sentence("至少给出一个要改的字段。", "Give at least one field to change.")
)
_NOT_NULL = Sentence("这个字段不能清空；不改就不要给出。", "This field cannot be cleared; leave it out to keep it.")
ExternalId = Annotated[str, Field(min_length=1, max_length=LONGEST_EXTERNAL_ID, description="The forum's own user id.")]
Handle = Annotated[str, Field(min_length=1, max_length=_MAX_HANDLE_TYPED)]
Reason = Annotated[str, Field(min_length=1, max_length=400, description="Shown to the person; no personal data.")]
Ground = Annotated[
    str, Field(min_length=1, max_length=200, description="The law or the clause it rests on; shown to the person.")
]

ViolationGiven = Annotated[
    str, Field(min_length=1, max_length=60, description="The violation for which it is done, which shows it then.")
]


class ProfileGiven(Request):
    display_name: Annotated[str, Field(max_length=LONGEST_DISPLAY_NAME)] | None = None
    bio: Annotated[str, Field(max_length=LONGEST_BIO)] | None = None
    signature: Annotated[str, Field(max_length=LONGEST_SIGNATURE)] | None = None

    def as_profile(self) -> Profile:
        return Profile(self.display_name, self.bio, self.signature)


class NewAccount(Request):
    handle: Handle
    external_id: ExternalId | None = None
    profile: ProfileGiven = ProfileGiven()


class ChangedAccount(Request):
    """Only what is given changes; within `profile` likewise, where null clears."""

    handle: Handle | None = None
    external_id: ExternalId | None = None
    profile: ProfileGiven | None = None

    def as_change(self) -> AccountChange:
        """Raises `Invalid` when nothing is given, or null for what cannot be cleared."""
        cleared = [name for name in sorted(self.model_fields_set) if getattr(self, name) is None]
        if cleared:
            raise Invalid([FieldError(f"/{name}", "not-allowed", _NOT_NULL) for name in cleared])
        fields = self.profile.model_dump(exclude_unset=True) if self.profile else {}
        if self.handle is None and self.external_id is None and not fields:
            raise Invalid([_NOTHING_GIVEN])
        return AccountChange(self.handle, self.external_id, fields)


class NamesAccount(Request):
    """Names one account by exactly one of its three names."""

    account_id: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    handle: Handle | None = None
    external_id: ExternalId | None = None

    def account_name(self, pointer: str = "") -> AccountName:
        """`pointer` is where it stands in the body. Raises `Invalid` unless exactly one is given."""
        name = AccountName(self.account_id, self.handle, self.external_id)
        if sum(given is not None for given in (name.account_id, name.handle, name.external_id)) != 1:
            raise Invalid([FieldError(pointer, "exactly-one", _ONE_NAME)])
        return name


class Suspension(Request):
    reason: Reason
    until: Moment | None = None
    ground: Ground | None = None
    violation_id: ViolationGiven | None = None


class Reinstatement(Request):
    reason: Reason


class Ban(Request):
    reason: Reason
    ground: Ground | None = None
    violation_id: ViolationGiven | None = None


class Closing(Request):
    reason: Reason | None = None


class ProfileShown(Answer):
    display_name: str | None
    bio: str | None
    signature: str | None


class Identity(Answer):
    level: IdentityLevel
    method: Method | None
    verified_at: Day | None
    expires_at: Day | None


class OrganisationMark(Answer):
    name_verified: bool


class AgreementState(Answer):
    accepted_version: str | None
    accepted_at: Day | None
    current_version: str | None
    accept_by: Stamp | None


class PostingState(Answer):
    allowed: bool
    reasons: list[ReasonCode]


class Account(Answer):
    id: str
    handle: str
    external_id: str | None
    status: AccountStatus
    profile: ProfileShown
    held: list[str]
    identity: Identity
    organisation: OrganisationMark | None
    agreement: AgreementState
    posting: PostingState
    created_at: Stamp
    updated_at: Stamp


class AccountPage(Answer):
    items: list[Account]
    next_cursor: str | None


class AgreementText(Answer):
    zh: str
    en: str


class Agreement(Answer):
    kind: AgreementKind
    version: str
    title: str
    text: AgreementText
    sha256: str
    effective_at: Stamp
    accept_by: Stamp


class Acceptance(Request):
    kind: Literal["user", "moderator"]
    version: Annotated[str, Field(min_length=1, max_length=32)]


class AgreementAcceptance(Answer):
    kind: AgreementKind
    version: str
    accepted_at: Day
    channel: AcceptanceChannel


def account_out(judged: JudgedAccount) -> Account:
    standing, account, identity = judged.standing, judged.standing.account, judged.standing.identity
    allowed = isinstance(judged.decision, Permit)
    reasons = judged.decision.reasons if isinstance(judged.decision, Refusal) else ()
    return Account(
        id=account.id,
        handle=account.handle,
        external_id=account.external_id,
        status=standing.status(judged.now),
        profile=ProfileShown(
            display_name=account.profile.display_name, bio=account.profile.bio, signature=account.profile.signature
        ),
        held=list(standing.held),
        identity=Identity(
            level=identity.level if identity else IdentityLevel.NONE,
            method=identity.method if identity else None,
            verified_at=identity.verified_at if identity else None,
            expires_at=judged.expires_at,
        ),
        organisation=OrganisationMark(name_verified=True) if standing.organisation_verified else None,
        agreement=AgreementState(
            accepted_version=standing.accepted.version if standing.accepted else None,
            accepted_at=standing.accepted.accepted_at if standing.accepted else None,
            current_version=standing.agreement.version if standing.agreement else None,
            accept_by=_accept_by(judged),
        ),
        posting=PostingState(allowed=allowed, reasons=[denial.code for denial in reasons]),
        created_at=account.created_at,
        updated_at=account.updated_at,
    )


def _accept_by(judged: JudgedAccount) -> datetime | None:
    """Until when this account's earlier acceptance still counts; null when there is nothing left to accept."""
    agreement, accepted = judged.standing.agreement, judged.standing.accepted
    if agreement is None or accepted is None or accepted.version == agreement.version:
        return None
    return agreement.accept_by
