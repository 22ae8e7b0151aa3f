"""The words of the record, and the canonical form of an entry."""

import json
from dataclasses import dataclass
from enum import StrEnum

from app.kernel.actor import Actor

LOG = "shiming"
BEGUN = "begun"
"""The outcome of an entry that was published before its act: alone it is an attempt, or a reading."""
_VERSION = 1
_SEARCHED_CHARACTERS = 200
_LONGEST_TEXT = 1000
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class Action(StrEnum):
    """Everything that is recorded; `docs/audit-actions.md` says what each means."""

    KEY_CREATED = "key.created"
    KEY_PROMOTED = "key.promoted"
    KEY_DESTROYED = "key.destroyed"
    FORUM_ADDED = "forum.added"
    FORUM_DISABLED = "forum.disabled"
    ACTS_CONFIRMED = "forum.acts-confirmed"
    CLIENT_SECRET_ROTATED = "client.secret-rotated"  # noqa: S105 -- the name of an act
    TOKEN_REVOKED = "token.revoked"  # noqa: S105 -- the name of an act
    ACCOUNT_CREATED = "account.created"
    ACCOUNT_CHANGED = "account.changed"
    ACCOUNT_SUSPENDED = "account.suspended"
    ACCOUNT_BANNED = "account.banned"
    ACCOUNT_CLOSED = "account.closed"
    ACCOUNT_REINSTATED = "account.reinstated"
    AGREEMENT_DRAFTED = "agreement.drafted"
    DRAFT_WITHDRAWN = "agreement.draft-withdrawn"
    AGREEMENT_PUBLISHED = "agreement.published"
    AGREEMENT_ACCEPTED = "agreement.accepted"
    NOTICE_GIVEN = "notice.given"
    VERIFICATION_STARTED = "verification.started"
    VERIFICATION_COMPLETED = "verification.completed"
    CODE_REFUSED = "verification.code-refused"
    ATTEMPTS_FORGIVEN = "verification.attempts-forgiven"
    MISUSE_PROOF_STARTED = "misuse.proof-started"
    MISUSE_PROOF_ENDED = "misuse.proof-ended"
    MISUSE_CUT = "misuse.cut"
    ACCOUNT_LINKED = "account.linked"
    ORGANISATION_MARKED = "account.organisation-marked"
    PHONE_FROZEN = "phone.frozen"
    PERSON_DISSOLVED = "person.dissolved"
    SIGN_IN_STARTED = "sign-in.started"
    SIGN_IN_COMPLETED = "sign-in.completed"
    WEBHOOK_ADDED = "webhook.added"
    WEBHOOK_REMOVED = "webhook.removed"
    WEBHOOK_SECRET_ROTATED = "webhook.secret-rotated"  # noqa: S105 -- the name of an act
    IDENTITY_READ = "identity.read"
    DISCLOSURE_REQUESTED = "disclosure.requested"
    DISCLOSURE_APPROVED = "disclosure.approved"
    DISCLOSURE_REFUSED = "disclosure.refused"
    DISCLOSURE_WITHDRAWN = "disclosure.withdrawn"
    DISCLOSURE_EXECUTED = "disclosure.executed"
    DISCLOSURE_SEALED = "disclosure.sealed"
    DISCLOSURE_ALARMED = "disclosure.alarmed"
    BOARD_CREATED = "board.created"
    BOARD_CHANGED = "board.changed"
    BOARD_FROZEN = "board.frozen"
    BOARD_REOPENED = "board.reopened"
    BOARD_CLOSED = "board.closed"
    BOARD_RECONCILED = "board.reconciled"
    TERMS_CHANGED = "terms.changed"
    MODERATOR_FILED = "moderator.filed"
    MODERATOR_SANCTIONED = "moderator.sanctioned"
    SANCTION_LIFTED = "moderator.sanction-lifted"
    MODERATOR_OVERDUE = "moderator.overdue"
    MODERATOR_SUSPENDED = "moderator.suspended"
    MODERATOR_REVERIFIED = "moderator.reverified"
    MODERATOR_REINSTATED = "moderator.reinstated"
    MODERATOR_ENDED = "moderator.ended"
    REVERIFICATION_ORDERED = "reverification.ordered"
    LEXICON_IMPORTED = "lexicon.imported"
    LEXICON_PUBLISHED = "lexicon.published"
    LEXICON_WITHDRAWN = "lexicon.withdrawn"
    REVIEW_DECIDED = "review.decided"
    COMPLAINT_RECEIVED = "complaint.received"
    COMPLAINT_ACCEPTED = "complaint.accepted"
    COMPLAINT_ASSIGNED = "complaint.assigned"
    COMPLAINT_TARGET_NAMED = "complaint.target-named"
    COMPLAINT_ADDED_TO = "complaint.added-to"
    COMPLAINT_REPLIED = "complaint.replied"
    COMPLAINT_NOTED = "complaint.noted"
    COMPLAINT_DECIDED = "complaint.decided"
    COMPLAINT_AGREED = "complaint.agreed"
    COMPLAINT_APPEALED = "complaint.appealed"
    COMPLAINT_APPEAL_DECIDED = "complaint.appeal-decided"
    COMPLAINT_ESCALATED = "complaint.escalated"
    COMPLAINT_CONTACT_READ = "complaint.contact-read"
    COMPLAINT_ERASED = "complaint.erased"
    APPEAL_RECEIVED = "appeal.received"
    APPEAL_DECIDED = "appeal.decided"
    RECUSAL_DECLARED = "recusal.declared"
    RECUSAL_ENDED = "recusal.ended"
    REVIEW_HANDLED = "review.handled"
    OFFICER_APPOINTED = "officer.appointed"
    OFFICER_ENDED = "officer.ended"
    FILING_RECORDED = "forum.filing-recorded"
    AUTHORITY_RECORDED = "authority.recorded"
    AUTHORITY_ENDED = "authority.ended"
    VIOLATION_RECORDED = "violation.recorded"
    VIOLATION_MEASURED = "violation.measured"
    EVIDENCE_OPENED = "evidence.opened"
    EVIDENCE_HELD = "evidence.held"
    EVIDENCE_ERASED = "evidence.erased"
    REPORT_DRAFTED = "report.drafted"
    REPORT_APPROVED = "report.approved"
    REPORT_SENT = "report.sent"
    REPORT_WITHDRAWN = "report.withdrawn"
    POSTING_PAUSED = "posting.paused"
    POSTING_RESUMED = "posting.resumed"
    DRILL_RECORDED = "drill.recorded"
    STAFF_ADDED = "staff.added"
    STAFF_CHANGED = "staff.changed"
    STAFF_DISABLED = "staff.disabled"
    STAFF_RESTORED = "staff.restored"
    STAFF_RESET = "staff.reset"
    STAFF_CONFIRMED = "staff.confirmed"
    STAFF_SIGNED_IN = "staff.signed-in"
    STAFF_SIGN_IN_FAILED = "staff.sign-in-failed"
    STAFF_SIGNED_OUT = "staff.signed-out"
    STAFF_STEPPED_UP = "staff.stepped-up"
    STAFF_STEP_UP_FAILED = "staff.step-up-failed"
    STAFF_CREDENTIALS_CHANGED = "staff.credentials-changed"
    AUDIT_RECOVERED = "audit.recovered"
    AUDIT_EXPORTED = "audit.exported"
    AUDIT_SEARCHED = "audit.searched"


class ObjectKind(StrEnum):
    KEY = "key"
    FORUM = "forum"
    CLIENT = "client"
    TOKEN = "token"  # noqa: S105 -- the name of a kind
    ACCOUNT = "account"
    AGREEMENT = "agreement"
    DRAFT = "agreement-draft"
    OFFICER = "officer"
    AUTHORITY = "authority"
    VERIFICATION = "verification"
    MISUSE_PROOF = "misuse-proof"
    PERSON = "person"
    FLOW = "flow"
    BOARD = "board"
    MODERATOR = "moderator"
    ORDER = "re-verification-order"
    SIGN_IN = "sign-in"
    WEBHOOK = "webhook"
    LEXICON = "lexicon"
    REVIEW = "review"
    VIOLATION = "violation"
    REPORT = "authority-report"
    DISCLOSURE = "disclosure"
    COMPLAINT = "complaint"
    APPEAL = "appeal"
    STAFF = "staff"
    PAUSE = "pause"
    DRILL = "drill"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class AuditObject:
    """What was acted on. A person appears by a random `audit_ref` that erasure destroys, never by their own id."""

    kind: ObjectKind
    id: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `reason` is a code; nothing in it may be personal. Source: L8i."""

    id: str
    ts: str
    actor: Actor
    action: Action
    object: AuditObject
    outcome: str
    reason: str | None
    case: str | None
    commit: str | None = None
    """The commitment to a detail that stands apart, because it may have to be erased."""

    def __post_init__(self) -> None:
        """Raises `ValueError` for a text that has no bytes, or is no code: what is staged once stands for ever."""
        texts = (self.id, self.ts, self.actor.id, self.object.id, self.outcome)
        for text in (*texts, self.reason, self.case, self.commit, self.actor.request_id):
            if text is not None and len(text.encode()) > _LONGEST_TEXT:
                raise ValueError("nothing as long as this stands in an entry")

    def canonical(self) -> bytes:
        """The bytes that are stored, hashed and proved. Source: RFC 8785.

        Of texts under ASCII names the standard library writes just that, ten times faster than the library for it.
        """
        return _CANONICAL.encode(
            {
                "v": _VERSION,
                "log": LOG,
                "id": self.id,
                "ts": self.ts,
                "writer": "service",
                "actor": {"kind": self.actor.kind.value, "id": self.actor.id},
                "action": self.action.value,
                "object": {"kind": self.object.kind.value, "id": self.object.id},
                "outcome": self.outcome,
                "reason": self.reason,
                "case": self.case,
                "req": self.actor.request_id,
                "commit": self.commit,
            }
        ).encode()


@dataclass(frozen=True, slots=True)
class SearchColumns:
    """What entries are searched by: a copy, which the verifier makes again from the bytes."""

    ts: str
    actor_kind: str
    actor_id: str
    action: str
    object_kind: str
    object_id: str


_UNREADABLE = SearchColumns("", "", "", "", "", "")


def search_columns(entry: bytes) -> SearchColumns:
    """Of any bytes: those that are no entry have a leaf as well, and nothing to be found by."""
    try:
        said = json.loads(entry)
        actor, acted_on = said["actor"], said["object"]
        found = (said["ts"], actor["kind"], actor["id"], said["action"], acted_on["kind"], acted_on["id"])
        together = "".join(found)
    except (ValueError, LookupError, TypeError, RecursionError):
        return _UNREADABLE
    if len(together) > _SEARCHED_CHARACTERS or not together.isprintable():
        return SearchColumns(*(searched_as(value) for value in found))
    return SearchColumns(*found)


def searched_as(value: str) -> str:
    """Of a value, what every database takes: of a long value the beginning, no NUL and no lone surrogate."""
    return "".join(letter for letter in value[:_SEARCHED_CHARACTERS] if letter.isprintable())
