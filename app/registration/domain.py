"""Words: a flow (a registration or a verification session), its steps, and the pure rule of which step comes next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlencode, urlsplit, urlunsplit

from app.accounts.domain import Account
from app.kernel.ids import AccountId, ForumId, VerificationId
from app.kernel.sentence import Language
from app.verification.domain import IdentityLevel, InnerReason, Outcome, Reason
from app.verification.progress import Progress

NOTICE_VERSION = "2026-11"
"""Of what people read before anything is asked; it changes with the words of `flow.notice`. Source: PIPL 17."""


class FlowKind(StrEnum):
    REGISTRATION = "registration"
    """Makes the account on its way."""
    SESSION = "session"
    """For an account that exists: an old user, an upgrade, a re-verification."""

    @property
    def id_prefix(self) -> str:
        return "reg" if self is FlowKind.REGISTRATION else "ses"

    @property
    def place(self) -> str:
        """The first part of the link's address."""
        return "register" if self is FlowKind.REGISTRATION else "verify"


class FlowStatus(StrEnum):
    OPEN = "open"
    COMPLETED = "completed"
    ABANDONED = "abandoned"
    EXPIRED = "expired"


class Way(StrEnum):
    """How a person chose to be verified."""

    PHONE = "phone"
    RESIDENT_ID = "resident_id"
    OTHER_DOCUMENT = "other_document"
    ORGANISATION = "organisation"


class Step(StrEnum):
    NOTICE = "notice"
    HANDLE = "handle"
    AGREEMENT = "agreement"
    WAY = "way"
    PHONE = "phone"
    CODE = "code"
    DOCUMENT = "document"
    ORGANISATION = "organisation"
    WAITING = "waiting"
    DONE = "done"
    STOPPED = "stopped"


class Stop(StrEnum):
    """Why a person cannot go on; told only after they proved who they are. Source: `docs/api.md` part 4."""

    PERSON_BANNED = "person-banned"
    TOO_MANY_ACCOUNTS = "too-many-accounts"
    DIFFERENT_PERSON = "different-person"
    EXTERNAL_ID_TAKEN = "external-id-taken"


_STOPS = {
    InnerReason.BANNED: Stop.PERSON_BANNED,
    InnerReason.ACCOUNT_LIMIT: Stop.TOO_MANY_ACCOUNTS,
    InnerReason.DIFFERENT_PERSON: Stop.DIFFERENT_PERSON,
}
_PROOFS: Mapping[Way, tuple[Step, ...]] = {
    Way.PHONE: (Step.PHONE,),
    Way.RESIDENT_ID: (Step.PHONE, Step.DOCUMENT),
    Way.OTHER_DOCUMENT: (Step.PHONE, Step.DOCUMENT),
    Way.ORGANISATION: (Step.PHONE, Step.DOCUMENT, Step.ORGANISATION),
}
"""A flow begins with a phone code, so that a person has a factor to come back with."""


@dataclass(frozen=True, slots=True)
class Flow:
    id: str
    kind: FlowKind
    forum_id: ForumId
    account_id: AccountId | None
    return_url: str | None
    """Where the person goes afterwards; None for a flow that began at a refusal of a forum without addresses."""
    state: str | None
    language: Language | None
    wanted_handle: str | None
    external_id: str | None
    ended: FlowStatus | None
    created_at: datetime
    expires_at: datetime
    version: int
    """Counts every step that was taken, so that a form from an earlier one is known."""
    bound_digest: bytes | None
    entry_digest: bytes | None
    bound_at: datetime | None
    bound_version: int
    agreed: bool
    agreement_only: bool
    """It ends when the agreement is accepted: nothing is to be proved."""
    handle_only: bool
    """It ends when another handle is chosen, likewise."""
    way: Way | None
    without_phone: bool
    phone_ending: str | None
    attempts: Mapping[Step, VerificationId]
    """The latest attempt at each proof."""

    @property
    def proofs(self) -> tuple[Step, ...]:
        """What has to be proved in this flow, in order."""
        wanted = _PROOFS[self.way] if self.way else ()
        return tuple(step for step in wanted if step is not Step.PHONE or not self.without_phone)


@dataclass(frozen=True, slots=True)
class Stand:
    """A flow with everything that the next step depends on, read at one moment."""

    flow: Flow
    forum_name: str
    account: Account | None
    level: IdentityLevel
    """Of the person behind the account now."""
    agreed: bool
    """Whether the agreement in force is accepted."""
    external_id_taken: bool
    progress: Mapping[Step, Progress]
    now: datetime

    @property
    def status(self) -> FlowStatus:
        """Boundary: exactly at `expires_at` a flow has expired. Who is verified by then has completed."""
        if self.flow.ended is not None:
            return self.flow.ended
        if self.step is Step.DONE:
            return FlowStatus.COMPLETED
        return FlowStatus.EXPIRED if self.is_over else FlowStatus.OPEN

    @property
    def is_over(self) -> bool:
        return self.now >= self.flow.expires_at

    @property
    def is_verified(self) -> bool:
        """A person stands behind a new account already, though they wanted to prove more."""
        is_new = self.flow.kind is FlowKind.REGISTRATION
        return is_new and self.level is not IdentityLevel.NONE and (self.agreed or self.flow.agreed)

    @property
    def step(self) -> Step:
        """The one step at which the person is now: the first of which the condition is not met yet."""
        flow = self.flow
        if flow.ended is FlowStatus.COMPLETED or (self.is_over and self.is_verified):
            return Step.DONE
        unmet = {
            Step.STOPPED: self.stop is not None,
            Step.NOTICE: flow.bound_digest is None,
            Step.HANDLE: self.account is None or flow.handle_only,
            Step.AGREEMENT: not (self.agreed or flow.agreed),
            Step.DONE: flow.agreement_only,
            Step.WAY: flow.way is None,
        }
        live = (self._live(proof) for proof in flow.proofs)
        return next((step for step, here in unmet.items() if here), None) or next(filter(None, live), Step.DONE)

    @property
    def stop(self) -> Stop | None:
        if self.external_id_taken:
            return Stop.EXTERNAL_ID_TAKEN
        reasons = (one.inner_reason for proof in self.flow.proofs if (one := self.progress.get(proof)) is not None)
        return next((_STOPS[reason] for reason in reasons if reason in _STOPS), None)

    def _live(self, proof: Step) -> Step | None:
        """Where the person is within a proof; None when it has been given."""
        one = self.progress.get(proof)
        if one is None:
            return proof
        if one.verification.outcome is Outcome.VERIFIED:
            return None
        if proof is Step.PHONE:
            waits = one.verification.outcome is Outcome.PENDING
            return Step.CODE if waits and one.verification.reason in {None, Reason.CODE_WRONG} else Step.PHONE
        return Step.WAITING if one.verification.outcome is Outcome.PENDING else proof

    @property
    def proved(self) -> bool:
        """Whether somebody stands behind the account: from then on what came before cannot be taken back."""
        return self.level is not IdentityLevel.NONE or any(
            one.verification.outcome is Outcome.VERIFIED for one in self.progress.values()
        )

    @property
    def needs_document(self) -> bool:
        """Whoever proved a document once proves it again: a phone code alone is no re-verification. Source: L8d."""
        return self.flow.kind is FlowKind.SESSION and self.level is IdentityLevel.DOCUMENT

    def may_return_to(self, step: Step) -> bool:
        """Whether an earlier step may be filled in again: until something is proved."""
        if self.status is not FlowStatus.OPEN or self.step is Step.STOPPED:
            return False
        if step is Step.HANDLE:
            return self.flow.kind is FlowKind.REGISTRATION and not self.proved and self.account is not None
        if step is Step.WAY:
            return self.flow.way is not None and self.step is not Step.DONE
        return step is Step.PHONE and self.step is Step.CODE


def is_same_place(url: str, registered: str) -> bool:
    """Whether both have the same scheme, host, port and path; the query is the forum's own."""
    return _place(url) == _place(registered)


def _place(url: str) -> tuple[str, str | None, int | None, str]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, port, parts.path or "/"


def with_query(url: str, values: Mapping[str, str | None]) -> str:
    """The address with these parameters, each once, after those that it has."""
    parts = urlsplit(url)
    kept = [piece for piece in parts.query.split("&") if piece and piece.partition("=")[0] not in values]
    given = urlencode([(name, value) for name, value in values.items() if value is not None])
    return urlunsplit(parts._replace(query="&".join(filter(None, [*kept, given]))))
