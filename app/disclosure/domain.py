"""Words: what is asked for, who approved it, and what has become of it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Self

from app import policies
from app.audit.proofs import Receipt
from app.kernel.errors import ShimingError
from app.kernel.ids import AccountId, DisclosureId, ForumId, StaffId
from app.kernel.secret import Secret
from app.vault.domain import IdentityField, ReadPurpose

LIFETIME = timedelta(hours=policies.DISCLOSURE_LIFETIME.value)
FIELDS = tuple(IdentityField)
PURPOSES = tuple(ReadPurpose)
"""What may be asked for, and on what grounds: for faces, to which the vault is closed."""


class DisclosureState(StrEnum):
    """Computed: time, and what has become of the approvers, change it."""

    REQUESTED = "requested"
    APPROVED = "approved"
    """As many approvals count as it takes."""
    EXECUTING = "executing"
    """Begun, and not on record yet where nobody can take it away: nothing was shown."""
    EXECUTED = "executed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    ALTERED = "altered"
    """Its row was changed in the database: it is good for nothing."""


class Closing(StrEnum):
    """How people end a request."""

    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which fields of whom, by what instrument. The texts may name people: they are stored sealed."""

    account_id: AccountId
    fields: frozenset[IdentityField]
    authority: str = field(repr=False)
    instrument_no: str = field(repr=False)
    legal_basis: str = field(repr=False)
    purpose: ReadPurpose
    notify_after: datetime | None = None
    """Until then the instrument forbids to tell the person; None where it does not."""

    @classmethod
    def of(
        cls,
        account_id: str,
        fields: Iterable[str],
        texts: tuple[str, str, str],
        purpose: str,
        notify_after: datetime | None,
    ) -> Self:
        """`texts` are authority, number of the instrument and legal basis. Raises `ValueError` for other words."""
        named = frozenset(IdentityField(one) for one in fields)
        return cls(AccountId(account_id), named, *texts, ReadPurpose(purpose), notify_after)


@dataclass(frozen=True, slots=True)
class DisclosureRequest:
    """A request as it was made; nothing of it changes afterwards."""

    id: DisclosureId
    requester_id: StaffId
    forum_id: ForumId
    wanted: Wanted
    requested_at: datetime
    handle: str = field(repr=False)
    """By which the account went."""
    person_digest: bytes = field(repr=False)
    """Keyed: of who stood behind it."""

    @property
    def expires_at(self) -> datetime:
        return self.requested_at + LIFETIME

    def digest(self) -> bytes:
        """SHA-256 of all that is approved: a request that changed afterwards has no approvals. Source: L5h."""
        wanted = self.wanted
        said = {
            "id": self.id,
            "requester_id": self.requester_id,
            "forum_id": self.forum_id,
            "account_id": wanted.account_id,
            "fields": sorted(wanted.fields),
            "authority": wanted.authority,
            "instrument_no": wanted.instrument_no,
            "legal_basis": wanted.legal_basis,
            "purpose": wanted.purpose,
            "notify_after": _written(wanted.notify_after) if wanted.notify_after else None,
            "requested_at": _written(self.requested_at),
            "handle": self.handle,
            "person": self.person_digest.hex(),
        }
        return sha256(json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).digest()


@dataclass(frozen=True, slots=True)
class Approval:
    """One approval, of the request that had this digest; `genuine` where it bears our seal."""

    approver_id: StaffId
    digest: bytes
    approved_at: datetime
    genuine: bool


@dataclass(frozen=True, slots=True)
class Execution:
    """The one opening: the entry that announced it, and when the fields were first shown."""

    entry_id: str
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Everything about one request; `altered` where its row is not what was written."""

    request: DisclosureRequest
    digest: bytes
    approvals: tuple[Approval, ...]
    execution: Execution | None
    closed_as: Closing | None
    closed_by: StaffId | None
    closed_at: datetime | None
    altered: bool
    """Or that of its execution."""

    @property
    def id(self) -> DisclosureId:
        return self.request.id


@dataclass(frozen=True, slots=True)
class CountedApproval:
    """An approval, and whether it counts now."""

    approval: Approval
    counts: bool


@dataclass(frozen=True, slots=True)
class DisclosureView:
    """A request as staff see it: nothing of the identity."""

    disclosure: Disclosure
    state: DisclosureState
    approvals: tuple[CountedApproval, ...]
    needed: int
    """Approvals that it takes: one more where the person is not known to be grown up."""


@dataclass(frozen=True, slots=True)
class Approver:
    """A member with the role that approves: `refusal` says why they may not approve this request now."""

    id: StaffId
    email: str = field(repr=False)
    refusal: ShimingError | None
    able_from: datetime | None
    """When they will have the standing, where that is all that they lack."""


@dataclass(frozen=True, slots=True)
class Happened:
    """What the log says of a request; `outcome` is `done`, `begun`, `repeated` or `refused`, a text may be empty."""

    entry_id: str
    at: datetime
    action: str
    actor_id: str
    outcome: str
    reason: str
    case: str


@dataclass(frozen=True, slots=True)
class OpenedIdentity:
    """What was asked for and is on file, and what shows that the opening is on record."""

    fields: Mapping[IdentityField, Secret[str]]
    receipt: Receipt
    shown_before: bool
    alarm: int | None
    """How many its reader has opened in all, where that calls for a look."""


@dataclass(frozen=True, slots=True)
class ToldOpening:
    """What a person is told: when somebody opened their identity, and on what ground."""

    opened_at: datetime
    purpose: ReadPurpose
    fields: frozenset[IdentityField]
    authority: str = field(repr=False)
    legal_basis: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReaderAlarm:
    """A member of the staff who has opened as many identities as calls for a look."""

    reader_id: StaffId
    opened: int
    threshold: int


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether this installation has the people that a disclosure takes."""

    requesters: int
    approvers: int
    """With the standing that counts."""

    @property
    def is_ready(self) -> bool:
        """Two approve, and neither asked; whoever may approve may ask as well."""
        least = policies.DISCLOSURE_APPROVALS.value
        return self.approvers >= least and self.requesters > least


@dataclass(frozen=True, slots=True)
class DisclosureFigures:
    """For the overview: what waits, since when, and who has opened much."""

    readiness: Readiness
    waiting: int
    oldest_waiting: datetime | None
    alarms: tuple[ReaderAlarm, ...]


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
