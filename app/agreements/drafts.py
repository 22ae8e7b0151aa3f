"""Use cases of staff: write an agreement, see what it lacks and what it changes, publish it. Source: L6b-L6e."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from app import policies
from app.agreements import draft_rows, repository
from app.agreements.clauses import Missing, missing_clauses
from app.agreements.differences import Line, difference
from app.agreements.domain import (
    AgreementKind,
    AgreementVersion,
    BindingDates,
    Draft,
    DraftChange,
    DraftStatus,
    PublishedVersion,
    WrittenDraft,
)
from app.agreements.errors import (
    ClausesMissing,
    DatesOutOfRange,
    DraftHasChanged,
    DraftIsClosed,
    NoSuchDraft,
    TextTooLong,
    VersionTaken,
)
from app.agreements.service import put_in_force
from app.audit import service as audit
from app.audit.domain import Action, AuditObject, ObjectKind
from app.audit.proofs import Receipt
from app.audit.receipts import Act, Receipts
from app.db.unit_of_work import ConstraintViolated, Transaction, UnitOfWork
from app.kernel.actor import Actor
from app.kernel.ids import DraftId, new_id
from app.kernel.sentence import Language, Sentence
from app.screening.domain import Field, Text
from app.screening.service import refuse_unreadable

_SHORTEST = timedelta(days=policies.AGREEMENT_ACCEPTANCE.value)
_LONGEST = timedelta(days=policies.AGREEMENT_LONGEST_ACCEPTANCE.value)
_AHEAD = timedelta(days=policies.AGREEMENT_AHEAD.value)
_CHARACTERS, _LINES = policies.AGREEMENT_LONGEST_TEXT.value, policies.AGREEMENT_LINES.value
_TOO_LONG = Sentence(
    f"每种语言最多 {_CHARACTERS} 个字符、{_LINES} 行。",
    f"At most {_CHARACTERS} characters and {_LINES} lines in each language.",
)
_IN_THE_PAST = Sentence("生效时间不能早于现在。", "A version cannot bind from a moment in the past.")
_TOO_FAR_AHEAD = Sentence("最多提前一年公布。", "A version is published a year ahead at most.")
_ACCEPT_BY = Sentence(
    f"accept_by 要在生效后 {_SHORTEST.days} 天到 {_LONGEST.days} 天之间。",
    f"accept_by is {_SHORTEST.days} to {_LONGEST.days} days after effective_at.",
)


@dataclass(frozen=True, slots=True)
class ReadDraft:
    """A draft with what it lacks, and what it changes in the version in force (`against`; None where there is none)."""

    written: WrittenDraft
    missing: tuple[Missing, ...]
    against: str | None
    differences: Mapping[Language, tuple[Line, ...]]


class AgreementDrafts:
    def __init__(self, unit_of_work: UnitOfWork, receipts: Receipts) -> None:
        self._unit_of_work = unit_of_work
        self._receipts = receipts

    def write(self, actor: Actor, title: str, draft: Draft) -> ReadDraft:
        """Begins a draft; one of its texts may be missing yet. Clause marks may stand in it, and the words count.

        Raises `VersionTaken`, `TextTooLong`, `Invalid`.
        """
        title, draft = _readable(title, draft)
        with self._unit_of_work.begin(actor) as tx:
            _refuse_taken(tx, draft)
            new = DraftId(new_id("agd", tx.now))
            written = WrittenDraft(new, title, draft, 1, DraftStatus.DRAFT, tx.now, tx.now, actor.id)
            draft_rows.add(tx.session, written)
            audit.record(tx, Action.AGREEMENT_DRAFTED, ObjectKind.DRAFT, written.id, reason="new")
            return _read(tx, written)

    def change(self, actor: Actor, draft_id: str, revision: int, wanted: DraftChange) -> ReadDraft:
        """Changes what is given of the revision that the writer has read.

        Raises `NoSuchDraft`, `DraftIsClosed`, `DraftHasChanged`, `VersionTaken`, `TextTooLong`, `Invalid`.
        """
        with self._unit_of_work.begin(actor) as tx:
            found = _open(tx, draft_id, revision)
            draft = replace(
                found.draft,
                version=found.draft.version if wanted.version is None else wanted.version,
                zh=found.draft.zh if wanted.zh is None else wanted.zh,
                en=found.draft.en if wanted.en is None else wanted.en,
            )
            title, draft = _readable(found.title if wanted.title is None else wanted.title, draft)
            _refuse_taken(tx, draft)
            written = _saved(tx, replace(found, title=title, draft=draft))
            audit.record(tx, Action.AGREEMENT_DRAFTED, ObjectKind.DRAFT, written.id, reason="changed")
            return _read(tx, written)

    def withdraw(self, actor: Actor, draft_id: str, revision: int) -> ReadDraft:
        """Gives a draft up; it stays to be read. Raises `NoSuchDraft`, `DraftIsClosed`, `DraftHasChanged`."""
        with self._unit_of_work.begin(actor) as tx:
            found = _open(tx, draft_id, revision)
            written = _saved(tx, replace(found, status=DraftStatus.WITHDRAWN))
            audit.record(tx, Action.DRAFT_WITHDRAWN, ObjectKind.DRAFT, written.id)
            return _read(tx, written)

    def get(self, draft_id: str) -> ReadDraft:
        """Raises `NoSuchDraft`."""
        with self._unit_of_work.read() as tx:
            return _read(tx, _found(tx, draft_id))

    def list_all(self, before: str | None, limit: int) -> list[WrittenDraft]:
        """Newest first, published and withdrawn ones too."""
        with self._unit_of_work.read() as tx:
            return draft_rows.list_drafts(tx.session, before, limit)

    def published(self, before: int | None, limit: int) -> list[PublishedVersion]:
        """Every version that was ever published, the newest first."""
        with self._unit_of_work.read() as tx:
            binding = [found[0] for kind in AgreementKind if (found := repository.in_force(tx.session, kind, tx.now))]
            rows = draft_rows.published(tx.session, before, limit)
            return [PublishedVersion(number, version, number in binding) for number, version in rows]

    def announce(self, actor: Actor, draft_id: str, revision: int, dates: BindingDates) -> Receipt:
        """Puts on record that this is about to be published; only then `publish` may be called.

        Raises `NoSuchDraft`, `DraftIsClosed`, `DraftHasChanged`, `ClausesMissing`, `VersionTaken`, `DatesOutOfRange`,
        `AuditNotPublished`.
        """
        with self._unit_of_work.read() as tx:
            found = _publishable(tx, draft_id, revision)
            if dates.effective_at < tx.now:
                raise DatesOutOfRange("/effective_at", _IN_THE_PAST)
            _version(tx, found, dates)
        acted_on = AuditObject(ObjectKind.AGREEMENT, f"{found.draft.kind}/{found.draft.version}")
        return self._receipts.fail_closed(actor, Act(Action.AGREEMENT_PUBLISHED, acted_on, case=found.id))

    def publish(
        self, actor: Actor, draft_id: str, revision: int, dates: BindingDates, receipt: Receipt
    ) -> AgreementVersion:
        """Publishes exactly the revision that `receipt` shows as begun; it can be changed no more.

        Where `effective_at` has passed meanwhile it binds from now. Raises as `announce`.
        """
        try:
            with self._unit_of_work.begin(actor) as tx:
                found = _publishable(tx, draft_id, revision)
                version = _version(tx, found, dates)
                _saved(tx, replace(found, status=DraftStatus.PUBLISHED))
                put_in_force(tx, version, case=receipt.entry_id)
                return version
        except ConstraintViolated:
            raise VersionTaken from None


def _found(tx: Transaction, draft_id: str) -> WrittenDraft:
    found = draft_rows.find(tx.session, draft_id)
    if found is None:
        raise NoSuchDraft
    return found


def _open(tx: Transaction, draft_id: str, revision: int) -> WrittenDraft:
    found = _found(tx, draft_id)
    if found.status is not DraftStatus.DRAFT:
        raise DraftIsClosed
    if found.revision != revision:
        raise DraftHasChanged
    return found


def _publishable(tx: Transaction, draft_id: str, revision: int) -> WrittenDraft:
    found = _open(tx, draft_id, revision)
    missing = missing_clauses(found.draft)
    if missing:
        raise ClausesMissing.these([f"{one.clause} ({one.language})" for one in missing])
    _refuse_taken(tx, found.draft)
    return found


def _saved(tx: Transaction, changed: WrittenDraft) -> WrittenDraft:
    changed = replace(changed, updated_at=tx.now, updated_by=tx.actor.id)
    if not draft_rows.save(tx.session, changed):
        raise DraftHasChanged
    return replace(changed, revision=changed.revision + 1)


def _read(tx: Transaction, written: WrittenDraft) -> ReadDraft:
    current = repository.in_force(tx.session, written.draft.kind, tx.now)
    before = (current[1].text_zh, current[1].text_en) if current else ("", "")
    languages = zip((Language.CHINESE, Language.ENGLISH), before, written.draft.without_marks(), strict=True)
    differences = {language: difference(old, new) for language, old, new in languages}
    return ReadDraft(written, missing_clauses(written.draft), current[1].version if current else None, differences)


def _version(tx: Transaction, written: WrittenDraft, dates: BindingDates) -> AgreementVersion:
    effective_at = max(dates.effective_at, tx.now)
    if effective_at > tx.now + _AHEAD:
        raise DatesOutOfRange("/effective_at", _TOO_FAR_AHEAD)
    asked = effective_at + _SHORTEST if dates.accept_by is None else dates.accept_by
    if not dates.effective_at + _SHORTEST <= asked <= effective_at + _LONGEST:
        raise DatesOutOfRange("/accept_by", _ACCEPT_BY)
    text_zh, text_en = written.draft.without_marks()
    return AgreementVersion(
        kind=written.draft.kind,
        version=written.draft.version,
        title=written.title,
        text_zh=text_zh,
        text_en=text_en,
        effective_at=effective_at,
        accept_by=max(asked, effective_at + _SHORTEST),
    )


def _refuse_taken(tx: Transaction, draft: Draft) -> None:
    if repository.find(tx.session, draft.kind, draft.version) is not None:
        raise VersionTaken


def _readable(title: str, draft: Draft) -> tuple[str, Draft]:
    """The same with every line ended alike. Raises `TextTooLong`, `Invalid`."""
    draft = replace(draft, zh=_lines_of(draft.zh), en=_lines_of(draft.en))
    texts: Sequence[tuple[str, str]] = [("/text/zh", draft.zh), ("/text/en", draft.en)]
    refuse_unreadable([Text(Field.BOARD_NAME, "/title", title)])
    refuse_unreadable(Text(Field.BOARD_DESCRIPTION, pointer, text) for pointer, text in texts)
    for pointer, text in texts:
        if len(text) > _CHARACTERS or text.count("\n") > _LINES:
            raise TextTooLong(pointer, _TOO_LONG)
    return title.strip(), draft


def _lines_of(text: str) -> str:
    lines = text.replace("\r\n", "\n").strip("\n")
    return f"{lines}\n" if lines else ""
