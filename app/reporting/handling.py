"""Use cases of the staff: what waits, one case in full, and what becomes of it. What concerns a member is not there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app import policies
from app.audit import service as audit
from app.audit.details import Detail
from app.audit.domain import Action, AuditObject
from app.crypto.envelope import Records
from app.db.unit_of_work import Transaction, UnitOfWork
from app.events.catalogue import EventType
from app.kernel.actor import Actor
from app.kernel.errors import FieldError, Invalid
from app.kernel.ids import StaffId
from app.kernel.secret import Secret
from app.kernel.sentence import Sentence
from app.reporting import case_rows
from app.reporting.case_notes import add_note, notes_of
from app.reporting.case_rows import case_of
from app.reporting.case_texts import WholeTexts, unpacked_contact, unpacked_evidence
from app.reporting.clocks import accepted, asked, due, standing
from app.reporting.desk import Happened, add_message, timeline
from app.reporting.docket import CaseFilter, QueueCount
from app.reporting.domain import (
    AgainstKind,
    Author,
    Case,
    CaseKind,
    CaseState,
    Contact,
    Decided,
    Measure,
    Message,
    Note,
    Standing,
    TargetKind,
)
from app.reporting.errors import (
    CaseDecided,
    CaseIsOver,
    NeedsAnotherPerson,
    NoContactGiven,
    NoSuchCase,
    NotAccepted,
    NothingToAgreeTo,
    NotSameTarget,
)
from app.reporting.filing import Filing, account_named, announce, object_kind
from app.reporting.given import LONGEST_NAME, LONGEST_OUTCOME, LONGEST_REASON, read_text
from app.reporting.measures import send_out
from app.reporting.models import CaseRow
from app.reporting.outcomes import refuse_measures, refuse_unfit
from app.reporting.recusals import recused_from
from app.staff.access import Permission
from app.staff.errors import MemberNotFound
from app.staff.standings import find_member

_NO_SUCH_ACCOUNT = Sentence("这个论坛没有这样的账号。", "This forum has no such account.")
_ALSO_SHOWN = policies.CASES_SHOWN_ALSO.value


@dataclass(frozen=True, slots=True)
class Decision:
    """How a member ends a case, or its appeal, as they saw it; `also` ends other complaints about the same alike."""

    version: int
    outcome: str
    reason: str
    text: Secret[str] | None = None
    measures: tuple[Measure, ...] = ()
    also: tuple[str, ...] = ()


Effect = Callable[[Transaction, Case, Decision], None]
"""A step that does what a decision asks for; called with every outcome, in the transaction of the decision."""


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case in a list: how it stands to its clock, and nothing of its texts."""

    case: Case
    standing: Standing
    due: datetime
    contact_channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WholeCase:
    """A case in full, but for the contact."""

    view: CaseView
    texts: WholeTexts
    timeline: tuple[Happened, ...]
    messages: tuple[Message, ...]
    notes: tuple[Note, ...]
    also: tuple[CaseView, ...]
    """Other open complaints about the same."""


class Handling:
    def __init__(
        self,
        unit_of_work: UnitOfWork,
        filing: Filing,
        records: Records,
        effects: Mapping[AgainstKind | TargetKind, Effect],
    ) -> None:
        self._unit_of_work = unit_of_work
        self._filing = filing
        self._records = records
        self._effects = effects

    def list_all(self, actor: Actor, wanted: CaseFilter) -> Sequence[CaseView]:
        """What must be done first stands first; without a state only open ones."""
        with self._unit_of_work.read() as tx:
            found = case_rows.list_cases(tx.session, wanted, recused_from(tx, actor.id), tx.now)
            return [_view(row, tx.now) for row in found]

    def count_open(self, actor: Actor) -> Sequence[QueueCount]:
        """Of the queues in which something is open."""
        with self._unit_of_work.read() as tx:
            return case_rows.count_open(tx.session, recused_from(tx, actor.id), tx.now)

    def show(self, actor: Actor, case_id: str) -> WholeCase:
        """Raises `NoSuchCase`."""
        with self._unit_of_work.read() as tx:
            return self._whole(tx, actor, self._found(tx, actor, case_id))

    def assign(self, actor: Actor, case_id: str, staff_id: str | None = None) -> WholeCase:
        """To a member whose roles open cases and whom it does not concern; to oneself where nobody is named.

        Raises `NoSuchCase`, `CaseIsOver`, `MemberNotFound`.
        """

        def change(tx: Transaction, case: Case) -> Case:
            to = StaffId(staff_id or actor.id)
            _refuse_unfit_member(tx, case, to)
            return replace(case, assigned_to=to, assigned_at=case.assigned_at or tx.now)

        return self._open_changed(actor, case_id, Action.COMPLAINT_ASSIGNED, change)

    def name_account(self, actor: Actor, case_id: str, named: str) -> bool:
        """Says whose it is that an open complaint is about, which whoever complained may not have known.

        From then on it does not exist for members whom that concerns, and is nobody's whose it was; False where that is
        who named it. Raises `NoSuchCase`, `CaseIsOver`, `Invalid`. Source: L9, L11.
        """
        read_text("/account", Secret(named), LONGEST_NAME)
        with self._unit_of_work.begin(actor) as tx:
            row = self._found(tx, actor, case_id, lock=True)
            case = case_of(row)
            if not case.is_open or case.kind is not CaseKind.COMPLAINT:
                raise CaseIsOver
            account_id = account_named(tx, case.forum_id, named)
            if account_id is None:
                raise Invalid([FieldError("/account", "not-allowed", _NO_SUCH_ACCOUNT)])
            _save(tx, row, replace(case, target_account_id=account_id))
            if case.assigned_to and not self._exists_for(tx, case.assigned_to, case_id):
                _save(tx, row, replace(case_of(row), assigned_to=None))
            audit.record(tx, Action.COMPLAINT_TARGET_NAMED, object_kind(case), case.id)
            return self._exists_for(tx, actor.id, case_id)

    def accept(self, actor: Actor, case_id: str, *, take: bool = False) -> WholeCase:
        """Says that it is looked at; `take` assigns it to oneself as well, where nobody has it.

        Raises `NoSuchCase`, `CaseIsOver`, `CaseDecided` where it is accepted already.
        """

        def change(tx: Transaction, case: Case) -> Case:
            if case.accepted_at is not None:
                raise CaseDecided
            if take and case.assigned_to is None:
                case = replace(case, assigned_to=StaffId(actor.id), assigned_at=tx.now)
            return accepted(replace(case, accepted_at=tx.now, accepted_by=StaffId(actor.id)))

        return self._open_changed(actor, case_id, Action.COMPLAINT_ACCEPTED, change)

    def reply(self, actor: Actor, case_id: str, text: Secret[str], *, asks: bool) -> WholeCase:
        """Writes to whoever complained; a question stops the clock.

        Raises `Invalid`, `NoSuchCase`, `CaseIsOver`, `NotAccepted`.
        """
        said = read_text("/text", text)

        def change(tx: Transaction, case: Case) -> Case:
            if case.accepted_at is None:
                raise NotAccepted
            row = tx.session.get_one(CaseRow, case.id)
            add_message(tx, self._filing, row, Author.STAFF, said, asks=asks)
            return asked(case, tx.now) if asks else case

        return self._open_changed(actor, case_id, Action.COMPLAINT_REPLIED, change)

    def note(self, actor: Actor, case_id: str, text: Secret[str]) -> WholeCase:
        """Writes down for colleagues what nobody outside reads. Raises `Invalid`, `NoSuchCase`."""
        said = read_text("/text", text)
        with self._unit_of_work.begin(actor) as tx:
            row = self._found(tx, actor, case_id, lock=True)
            add_note(tx, self._filing.texts, row.id, said)
            audit.record(tx, Action.COMPLAINT_NOTED, object_kind(case_of(row)), row.id)
            return self._whole(tx, actor, row)

    def decide(self, actor: Actor, case_id: str, decision: Decision) -> WholeCase:
        """Ends a case that is as it was seen, or the appeal that waits in it; an appeal takes effect at once.

        Raises `Invalid`, `NoSuchCase`, `CaseDecided`, `NotAccepted`, `OutcomeUnfit`, `NeedsAnotherPerson`,
        `NotSameTarget`, and what an effect raises. Source: L11d, N15.
        """
        if decision.text is not None:
            decision = replace(decision, text=read_text("/text", decision.text, LONGEST_OUTCOME))
        with self._unit_of_work.begin(actor) as tx:
            row = self._found(tx, actor, case_id, lock=True)
            case = case_of(row, self._filing.texts)
            if not case.is_open or case.version != decision.version:
                raise CaseDecided
            self._end(tx, row, case, decision)
            for other in self._same_target(tx, actor, row, decision.also):
                self._end(tx, other, _taken_up(tx, case_of(other)), decision)
            return self._whole(tx, actor, row)

    def agree(self, actor: Actor, case_id: str, version: int | None = None) -> WholeCase:
        """Lets measures go out that a company asked for, as they were seen where a version is named.

        Raises `NoSuchCase`, `NothingToAgreeTo`, `CaseDecided`, `NeedsAnotherPerson`. Source: L9.
        """
        with self._unit_of_work.begin(actor) as tx:
            row = self._found(tx, actor, case_id, lock=True)
            case = case_of(row)
            if not case.waits_for_agreement:
                raise NothingToAgreeTo
            if version not in {None, case.version}:
                raise CaseDecided
            if actor.id in case.deciders:
                raise NeedsAnotherPerson
            _save(tx, row, replace(case, agreed_by=StaffId(actor.id), agreed_at=tx.now))
            audit.record(tx, Action.COMPLAINT_AGREED, object_kind(case), case.id)
            send_out(tx, case_of(row))
            return self._whole(tx, actor, row)

    def read_contact(self, actor: Actor, case_id: str, reason: Secret[str]) -> Contact:
        """Opens how to reach whoever complained; that, by whom and why is on record.

        Raises `Invalid`, `NoSuchCase`, `NoContactGiven`. Source: Art. 11, reporter protection.
        """
        why = read_text("/reason", reason, LONGEST_REASON)
        with self._unit_of_work.begin(actor) as tx:
            row = self._found(tx, actor, case_id)
            packed = self._filing.texts.open(row.id, "contact", row.sealed_contact)
            if packed is None:
                raise NoContactGiven
            acted_on = AuditObject(object_kind(case_of(row)), row.id)
            audit.record_with(tx, Detail(self._records, why), Action.COMPLAINT_CONTACT_READ, acted_on)
            return unpacked_contact(packed)

    def _end(self, tx: Transaction, row: CaseRow, case: Case, decision: Decision) -> None:
        on_appeal = case.appealed_at is not None
        if case.accepted_at is None:
            raise NotAccepted
        against = case.against.kind if case.against else None
        refuse_unfit(case.kind, decision.outcome, decision.reason, against, on_appeal=on_appeal)
        if decision.measures:
            refuse_measures(decision.outcome)
        if tx.actor.id in _judges(tx, case):
            raise NeedsAnotherPerson
        decided = Decided(decision.outcome, decision.reason, tx.now, StaffId(tx.actor.id), decision.text)
        ended = replace(case, ended_at=tx.now, asked_at=None)
        if decision.measures:  # what was agreed to before was something else
            ended = replace(ended, measures=decision.measures, agreed_by=None, agreed_at=None)
        ended = replace(ended, appeal_decided=decided) if on_appeal else replace(ended, decided=decided)
        self._seal_text(tx, row, decision.text, on_appeal=on_appeal)
        _save(tx, row, ended)
        audit.record(tx, _action(case), object_kind(case), case.id, outcome=decision.outcome, reason=decision.reason)
        announce(tx, ended, EventType.COMPLAINT_DECIDED)
        about = case.against.kind if case.against else case.target_kind
        effect = self._effects.get(about) if about else None
        if effect is not None:
            effect(tx, ended, decision)
        send_out(tx, ended)

    def _seal_text(self, tx: Transaction, row: CaseRow, text: Secret[str] | None, *, on_appeal: bool) -> None:
        if on_appeal:
            row.sealed_appeal_text = self._filing.texts.seal(row.id, "appeal_text", text)
        else:
            row.sealed_outcome_text = self._filing.texts.seal(row.id, "outcome_text", text)
        tx.session.flush()

    def _same_target(self, tx: Transaction, actor: Actor, row: CaseRow, also: Sequence[str]) -> Sequence[CaseRow]:
        """Raises `NotSameTarget`."""
        wanted = sorted(set(also) - {row.id})
        found = {one.id: one for one in self._others(tx, actor, row)} if wanted else {}
        if not set(wanted) <= found.keys():
            raise NotSameTarget
        return [found[one] for one in wanted]

    def _others(self, tx: Transaction, actor: Actor, row: CaseRow) -> Sequence[CaseRow]:
        return case_rows.of_same_target(tx.session, row, recused_from(tx, actor.id), _ALSO_SHOWN)

    def _open_changed(
        self, actor: Actor, case_id: str, action: Action, change: Callable[[Transaction, Case], Case]
    ) -> WholeCase:
        with self._unit_of_work.begin(actor) as tx:
            row = self._found(tx, actor, case_id, lock=True)
            case = case_of(row)
            if not case.is_open:
                raise CaseIsOver
            _save(tx, row, change(tx, case))
            audit.record(tx, action, object_kind(case), case.id)
            return self._whole(tx, actor, row)

    def _found(self, tx: Transaction, actor: Actor, case_id: str, *, lock: bool = False) -> CaseRow:
        """Raises `NoSuchCase`, also for what concerns whoever asks."""
        row = case_rows.find(tx.session, case_id, recused_from(tx, actor.id), lock=lock)
        if row is None:
            raise NoSuchCase
        return row

    def _exists_for(self, tx: Transaction, staff_id: str, case_id: str) -> bool:
        return case_rows.find(tx.session, case_id, recused_from(tx, staff_id)) is not None

    def _whole(self, tx: Transaction, actor: Actor, row: CaseRow) -> WholeCase:
        texts = self._filing.texts
        tx.session.refresh(row)
        case, messages = case_of(row, texts), case_rows.messages_of(tx.session, texts, row.id)
        grounds = texts.open(row.id, "appeal_grounds", row.sealed_appeal_grounds)
        return WholeCase(
            view=replace(_view(row, tx.now), case=case),
            texts=WholeTexts(
                texts.open(row.id, "target_ref", row.sealed_target_ref),
                texts.open(row.id, "description", row.sealed_description),
                unpacked_evidence(texts.open(row.id, "evidence", row.sealed_evidence)),
                grounds,
            ),
            timeline=tuple(timeline(case, messages, grounds)),
            messages=tuple(messages),
            notes=notes_of(tx.session, texts, row.id),
            also=tuple(_view(other, tx.now) for other in self._others(tx, actor, row)),
        )


def _view(row: CaseRow, now: datetime) -> CaseView:
    case = case_of(row)
    return CaseView(case, standing(case, now), due(case), tuple(row.contact_channels))


def _save(tx: Transaction, row: CaseRow, case: Case) -> None:
    """On a case that is held. Raises `CaseDecided`."""
    if not case_rows.save(tx.session, case):
        raise CaseDecided
    tx.session.refresh(row)


def _taken_up(tx: Transaction, case: Case) -> Case:
    """Ended with another, it is accepted at the latest now."""
    if case.accepted_at is not None:
        return case
    return replace(case, accepted_at=tx.now, accepted_by=StaffId(tx.actor.id))


def _judges(tx: Transaction, case: Case) -> set[StaffId | None]:
    """Whoever had a part in it before, and of an appeal, who decided the last one against the same."""
    against = case.against
    if against is None or against.ref is None:
        return {*case.deciders}
    return {*case.deciders, case_rows.last_judge(tx.session, against.kind, against.ref)} - {None}


def _action(case: Case) -> Action:
    if case.kind is CaseKind.APPEAL:
        return Action.APPEAL_DECIDED
    return Action.COMPLAINT_DECIDED if case.appealed_at is None else Action.COMPLAINT_APPEAL_DECIDED


def _refuse_unfit_member(tx: Transaction, case: Case, staff_id: StaffId) -> None:
    """Raises `MemberNotFound`, also for one whom the case concerns, of whom nothing else is said."""
    member = find_member(tx, staff_id)
    if member is None or not member.may(Permission.COMPLAINTS, tx.now):
        raise MemberNotFound
    if case_rows.find(tx.session, case.id, recused_from(tx, staff_id)) is None:
        raise MemberNotFound
    if case.state is CaseState.APPEALED and staff_id in case.deciders:
        raise NeedsAnotherPerson
