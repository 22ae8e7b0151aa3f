"""Use cases of whoever complains, without an account: file, follow, answer, add, appeal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from app import policies
from app.audit import service as audit
from app.audit.domain import Action
from app.db.unit_of_work import Transaction, UnitOfWork
from app.kernel.actor import Actor, ActorKind
from app.kernel.secret import Secret
from app.reporting import case_rows
from app.reporting.case_rows import case_of
from app.reporting.clocks import answered, appealed, due
from app.reporting.domain import (
    Author,
    Case,
    CaseKind,
    CaseState,
    Category,
    Contact,
    Decided,
    Message,
    OnBehalf,
    queue_of,
)
from app.reporting.errors import CaseIsOver, NoSuchTrackingCode, NotAppealable, TooManyMessages
from app.reporting.filing import Filed, Filing, NamedTarget, NewCase, found_target, known_forum, object_kind
from app.reporting.given import (
    LONGEST_NAME,
    LONGEST_REF,
    Given,
    read_all,
    read_evidence,
    read_text,
    refuse_unusable_contact,
)
from app.reporting.models import CaseMessageRow, CaseRow

_MOST_MESSAGES = policies.COMPLAINT_MESSAGES.value


class Happening(StrEnum):
    """What a timeline tells."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    QUESTION = "question"
    ANSWER = "answer"
    MESSAGE = "message"
    REPLY = "reply"
    DECIDED = "decided"
    APPEALED = "appealed"
    APPEAL_DECIDED = "appeal_decided"


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of a timeline; who of the staff it was is told nobody outside."""

    at: datetime
    what: Happening
    text: Secret[str] | None = None


@dataclass(frozen=True, slots=True)
class NewComplaint:
    """A complaint as it was sent."""

    forum_id: str
    category: Category
    target: NamedTarget
    description: Secret[str]
    evidence: tuple[Secret[str], ...] = ()
    contact: Contact | None = None
    on_behalf: OnBehalf = OnBehalf.PERSON


@dataclass(frozen=True, slots=True)
class Tracked:
    """What a tracking code opens."""

    kind: CaseKind
    state: CaseState
    timeline: tuple[Happened, ...]
    outcome: Decided | None
    """The newest."""
    can_appeal: bool
    respond_by: datetime
    question: bool
    """Whether one waits for an answer."""
    contact_channels: tuple[str, ...]


class Complaints:
    def __init__(self, unit_of_work: UnitOfWork, filing: Filing) -> None:
        self._unit_of_work = unit_of_work
        self._filing = filing

    def file(self, new: NewComplaint, request_id: str | None = None) -> Filed:
        """Takes a complaint from anybody. Raises `Invalid`, `NoSuchForumToComplainOf`. Source: L11a."""
        new = _readable(new)
        with self._unit_of_work.begin(complainant(request_id)) as tx:
            forum_id = known_forum(tx, new.forum_id)
            return self._filing.file(
                tx,
                NewCase(
                    CaseKind.COMPLAINT,
                    forum_id,
                    queue_of(new.category, new.target.kind),
                    new.description,
                    new.evidence,
                    new.contact,
                    new.on_behalf,
                    new.category,
                    found_target(tx, forum_id, new.target),
                ),
            )

    def track(self, code: Secret[str]) -> Tracked:
        """Raises `TrackingCodeMistyped`, `NoSuchTrackingCode` also for one whose case was erased. Source: L11d."""
        digest = self._filing.digest(code)
        with self._unit_of_work.read() as tx:
            return self._tracked(tx, _found(tx, digest))

    def say(self, code: Secret[str], text: Secret[str], request_id: str | None = None) -> Tracked:
        """Adds a message to an open case; while a question waits it is the answer, and the clock goes on.

        Raises `Invalid`, `TrackingCodeMistyped`, `NoSuchTrackingCode`, `CaseIsOver`, `TooManyMessages`.
        """
        said = read_text("/text", text)

        def write(tx: Transaction, row: CaseRow) -> Action:
            case = case_of(row)
            if not case.is_open:
                raise CaseIsOver
            if case_rows.count_messages(tx.session, row.id, Author.COMPLAINANT) >= _MOST_MESSAGES:
                raise TooManyMessages
            add_message(tx, self._filing, row, Author.COMPLAINANT, said)
            case_rows.save(tx.session, answered(case, tx.now))
            return Action.COMPLAINT_ADDED_TO

        return self._changed(code, request_id, write)

    def appeal(self, code: Secret[str], grounds: Secret[str], request_id: str | None = None) -> Tracked:
        """Asks for another person, once, against the outcome of a complaint; its own clock begins.

        Raises `Invalid`, `TrackingCodeMistyped`, `NoSuchTrackingCode`, `NotAppealable`. Source: L11d.
        """
        said = read_text("/grounds", grounds)

        def write(tx: Transaction, row: CaseRow) -> Action:
            case = case_of(row)
            if not can_appeal(case):
                raise NotAppealable
            row.sealed_appeal_grounds = self._filing.texts.seal(row.id, "appeal_grounds", said)
            tx.session.flush()
            case_rows.save(tx.session, replace(appealed(case, tx.now), assigned_to=None))
            return Action.COMPLAINT_APPEALED

        return self._changed(code, request_id, write)

    def _changed(
        self, code: Secret[str], request_id: str | None, write: Callable[[Transaction, CaseRow], Action]
    ) -> Tracked:
        digest = self._filing.digest(code)
        with self._unit_of_work.begin(complainant(request_id)) as tx:
            row = _found(tx, digest, lock=True)
            action = write(tx, row)
            audit.record(tx, action, object_kind(case_of(row)), row.id)
            tx.session.refresh(row)
            return self._tracked(tx, row)

    def _tracked(self, tx: Transaction, row: CaseRow) -> Tracked:
        texts = self._filing.texts
        case, messages = case_of(row, texts), case_rows.messages_of(tx.session, texts, row.id)
        grounds = texts.open(row.id, "appeal_grounds", row.sealed_appeal_grounds)
        return Tracked(
            kind=case.kind,
            state=case.state,
            timeline=tuple(timeline(case, messages, grounds)),
            outcome=case.appeal_decided or case.decided,
            can_appeal=can_appeal(case),
            respond_by=due(case),
            question=case.asked_at is not None,
            contact_channels=tuple(row.contact_channels),
        )


def _readable(new: NewComplaint) -> NewComplaint:
    """Raises `Invalid`."""
    given = [Given("/target/ref", Secret(new.target.ref), LONGEST_REF), Given("/description", new.description)]
    given += [
        Given(f"/target/{name}", Secret(said), LONGEST_NAME)
        for name, said in (("account", new.target.account), ("board", new.target.board))
        if said is not None
    ]
    ref, description, *_ = read_all(*given)
    refuse_unusable_contact(new.contact)
    return replace(
        new, target=replace(new.target, ref=ref.reveal()), description=description, evidence=read_evidence(new.evidence)
    )


def complainant(request_id: str | None = None) -> Actor:
    """Whoever complains, of whom nothing is known: what they set off is told forums later, at no telling time."""
    return Actor(ActorKind.PERSON, "complainant", request_id)


def can_appeal(case: Case) -> bool:
    """Once, and only against the outcome of a complaint: an appeal is itself heard by another person."""
    return case.kind is CaseKind.COMPLAINT and case.decided is not None and case.appealed_at is None


def add_message(
    tx: Transaction, filing: Filing, row: CaseRow, author: Author, text: Secret[str], *, asks: bool = False
) -> None:
    """A step, on a case that is held."""
    number = case_rows.count_messages(tx.session, row.id) + 1
    case_rows.add_message(
        tx.session,
        CaseMessageRow(
            case_id=row.id,
            number=number,
            author=author,
            staff_id=tx.actor.id if author is Author.STAFF else None,
            asks=asks,
            at=tx.now,
            sealed_text=filing.texts.seal_message(row.id, number, text),
        ),
    )


def timeline(case: Case, messages: Sequence[Message], grounds: Secret[str] | None) -> list[Happened]:
    """Oldest first."""
    found = [Happened(case.received_at, Happening.RECEIVED)]
    if case.accepted_at is not None:
        found.append(Happened(case.accepted_at, Happening.ACCEPTED))
    if case.accepted_at is not None and case.assigned_at is not None:
        found.append(Happened(max(case.accepted_at, case.assigned_at), Happening.IN_PROGRESS))
    found += _said(messages)
    if case.decided is not None:
        found.append(Happened(case.decided.at, Happening.DECIDED, case.decided.text))
    if case.appealed_at is not None:
        found.append(Happened(case.appealed_at, Happening.APPEALED, grounds))
    if case.appeal_decided is not None:
        found.append(Happened(case.appeal_decided.at, Happening.APPEAL_DECIDED, case.appeal_decided.text))
    return sorted(found, key=lambda one: one.at)


def _said(messages: Sequence[Message]) -> list[Happened]:
    """What answers a question is an answer."""
    found, waits = [], False
    for message in messages:
        if message.author is Author.STAFF:
            what = Happening.QUESTION if message.asks else Happening.REPLY
            waits = waits or message.asks
        else:
            what, waits = (Happening.ANSWER if waits else Happening.MESSAGE), False
        found.append(Happened(message.at, what, message.text))
    return found


def _found(tx: Transaction, digest: bytes, *, lock: bool = False) -> CaseRow:
    """Raises `NoSuchTrackingCode`."""
    row = case_rows.find_by_code(tx.session, digest, lock=lock)
    if row is None:
        raise NoSuchTrackingCode
    return row
