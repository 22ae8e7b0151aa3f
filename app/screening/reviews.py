"""Use cases of reviewers: what waits, one of them in full, and what they decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app import policies
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.crypto.envelope import Records
from app.db.unit_of_work import Transaction, UnitOfWork, again_on_collision
from app.kernel.actor import Actor
from app.kernel.errors import FieldError, Invalid
from app.kernel.ids import AccountId, ForumId
from app.kernel.secret import Secret
from app.kernel.sentence import Sentence
from app.screening import review_rows, tables
from app.screening.announcements import announce_decided
from app.screening.docket import (
    DecidedFilter,
    DecidedReview,
    Ended,
    OpenReview,
    PastReview,
    Review,
    ReviewFilter,
    Suggestion,
    Waiting,
    excerpt,
)
from app.screening.domain import (
    NEVER_MASKED,
    Category,
    Decision,
    Field,
    Hit,
    Origin,
    Ruling,
    SettleField,
    Subject,
    SubjectKind,
    Text,
)
from app.screening.errors import AlreadyDecided, AskedForMore, NoSuchReview
from app.screening.in_force import in_force
from app.screening.keeping import kept_until, read_hits, unseal, write_hits
from app.screening.masking import masked
from app.screening.models import KeptTextRow, ReviewRow
from app.screening.review_rows import ReviewAndText
from app.screening.service import refuse_unreadable
from app.screening.suggestions import Ruled, suggest

LONGEST_REASON = 400
_TOO_LONG = Sentence(f"最多 {LONGEST_REASON} 字。", f"It has at most {LONGEST_REASON} characters.")
_NOT_MASKED = Sentence(
    "这类名称遮盖后无法使用，只能通过或拒绝。", "Such a name is of no use masked; let it pass or block it."
)
_NO_RULING = Sentence("写 pass、mask 或 block。", "It is pass, mask or block.")


class Reviews:
    """`settle` says who shows a name once it is decided, by whose name it is."""

    def __init__(self, unit_of_work: UnitOfWork, records: Records, settle: Mapping[SubjectKind, SettleField]) -> None:
        self._unit_of_work = unit_of_work
        self._records = records
        self._settle = settle

    def list_open(self, wanted: ReviewFilter) -> Sequence[OpenReview]:
        """The oldest first. Of a text only what stands around its first hit is shown."""
        with self._unit_of_work.read() as tx:
            return [self._open(tx, row, kept) for row, kept in review_rows.list_open(tx.session, wanted)]

    def count_open(self) -> Waiting:
        with self._unit_of_work.read() as tx:
            return review_rows.count_open(tx.session)

    def list_decided(self, wanted: DecidedFilter) -> Sequence[DecidedReview]:
        """What persons decided; the newest decision first."""
        most = policies.REVIEW_EXCERPT.value
        with self._unit_of_work.read() as tx:
            return [
                DecidedReview(
                    row.id,
                    ForumId(row.forum_id),
                    Field(row.field),
                    _categories(hits := read_hits(kept.hits)),
                    ended,
                    None
                    if (text := unseal(self._records, kept)) is None
                    else Secret(excerpt(text.reveal(), hits, most)),
                )
                for row, kept in review_rows.list_decided(tx.session, wanted)
                if (ended := review_rows.ended_of(row)) is not None
            ]

    def show(self, review_id: str) -> Review:
        """One review with its whole text, open or decided. Raises `NoSuchReview`."""
        with self._unit_of_work.read() as tx:
            row, kept = _find(tx, review_id)
            history = review_rows.history_of(tx.session, row, policies.REVIEW_HISTORY.value)
            others = review_rows.also_open(tx.session, row, policies.REVIEW_HISTORY.value)
            return _in_full(row, kept, unseal(self._records, kept), _past(history), others)

    def decide(self, actor: Actor, review_id: str, version: int, ruling: Ruling, reason: str) -> Ended:
        """Ends a review that is open and as it was seen; what it is about is shown, masked or refused from now on.

        Where a name was changed meanwhile nothing of it is touched. Where the lexicons ask for more by now than was
        seen, it is to be read again before it is shown. Raises `NoSuchReview`, `AlreadyDecided`, `AskedForMore`,
        `Invalid`. Source: L5b, L6e.
        """
        refuse_reason(reason)
        ended = again_on_collision(lambda: self._decide(actor, review_id, version, ruling, reason))
        if ended is None:
            raise AskedForMore
        return ended

    def _decide(self, actor: Actor, review_id: str, version: int, ruling: Ruling, reason: str) -> Ended | None:
        """None where it has become another review."""
        with self._unit_of_work.begin(actor) as tx:
            row, kept = _find(tx, review_id)
            if row.decided_at is not None or row.version != version:
                raise _already(row)
            _refuse_ruling(Field(row.field), ruling)
            if ruling is not Ruling.BLOCK and self._asks_for_more(tx, row, kept):
                return None
            self._show(tx, row, kept, ruling)  # the account before the review: a change of names holds them so as well
            if not review_rows.decide(tx.session, row.id, version, actor, ruling, reason, tx.now):
                tx.session.refresh(row)
                raise _already(row)
            tx.session.refresh(row)
            review_rows.keep_text_until(tx.session, kept.id, kept_until(tx.now))
            audit.record(tx, Action.REVIEW_DECIDED, ObjectKind.REVIEW, row.id, outcome=ruling.value, reason=row.field)
            announce_decided(tx, row, kept)
            return Ended(ruling, tx.now, actor.kind.value, actor.id, reason)

    def suggestions(self) -> Sequence[Suggestion]:
        """Terms for an allow list, out of what reviewers have lately let pass; the likeliest first."""
        with self._unit_of_work.read() as tx:
            found = review_rows.newest_decided(tx.session, policies.SUGGESTIONS_READ.value)
            ruled = [
                Ruled(text.reveal(), read_hits(kept.hits), row.decision == Ruling.PASS)
                for row, kept in found
                if (text := unseal(self._records, kept)) is not None
            ]
        return suggest(ruled, tables.common_words())

    def _open(self, tx: Transaction, row: ReviewRow, kept: KeptTextRow) -> OpenReview:
        hits, text = read_hits(kept.hits), unseal(self._records, kept)
        most = policies.REVIEW_EXCERPT.value
        return OpenReview(
            id=row.id,
            version=row.version,
            forum_id=ForumId(row.forum_id),
            origin=Origin(row.origin),
            field=Field(row.field),
            decision=Decision(kept.decision),
            categories=_categories(hits),
            subject_kind=SubjectKind(row.subject_kind) if row.subject_kind else None,
            subject_id=row.subject_id,
            account_id=AccountId(row.account_id) if row.account_id else None,
            held=row.held,
            opened_at=row.opened_at,
            age=tx.now - row.opened_at,
            excerpt=None if text is None else Secret(excerpt(text.reveal(), hits, most)),
        )

    def _asks_for_more(self, tx: Transaction, row: ReviewRow, kept: KeptTextRow) -> bool:
        """Whether the lexicons have changed so since they were asked; then the review says so from now on."""
        lexicons, text = in_force(tx), unseal(self._records, kept)
        if kept.lexicon_version == lexicons.version or text is None:
            return False
        verdict = lexicons.matcher.screen(text.reveal(), Field(kept.field))
        if verdict.decision.rank <= Decision(kept.decision).rank:
            return False
        if review_rows.renew(tx.session, row.id, row.version):
            review_rows.judge_anew(tx.session, kept.id, verdict.decision, write_hits(verdict.hits), lexicons.version)
        return True

    def _show(self, tx: Transaction, row: ReviewRow, kept: KeptTextRow, ruling: Ruling) -> None:
        """Settles the name that a review is about; a post is its forum's to settle."""
        text = unseal(self._records, kept)
        if row.subject_kind is None or row.subject_id is None or text is None:
            return
        if ruling is Ruling.PASS and not row.held:
            return
        account_id = AccountId(row.account_id) if row.account_id else None
        kind = SubjectKind(row.subject_kind)
        subject = Subject(kind, row.subject_id, ForumId(row.forum_id), account_id)
        shown = {
            Ruling.PASS: text.reveal(),
            Ruling.MASK: masked(text.reveal(), [(hit.start, hit.end) for hit in read_hits(kept.hits)]),
            Ruling.BLOCK: None,
        }[ruling]
        self._settle[kind](tx, subject, Field(row.field), shown, instead_of=None if row.held else text.reveal())


@dataclass(frozen=True, slots=True)
class ReviewOfAccount:
    """A review in the history of an account, without its text."""

    id: str
    field: Field
    opened_at: datetime
    decided_at: datetime | None
    reason: str | None


def reviews_of(tx: Transaction, account_id: AccountId, limit: int) -> list[ReviewOfAccount]:
    """A step: newest first."""
    rows = review_rows.of_account(tx.session, account_id, limit)
    return [ReviewOfAccount(row.id, Field(row.field), row.opened_at, row.decided_at, row.reason) for row in rows]


def _find(tx: Transaction, review_id: str) -> ReviewAndText:
    """Raises `NoSuchReview`."""
    if not review_id.isascii():  # no id is, and a lone surrogate cannot be looked for
        raise NoSuchReview
    found = review_rows.find(tx.session, review_id)
    if found is None:
        raise NoSuchReview
    return found


def _already(row: ReviewRow) -> AlreadyDecided:
    ended = review_rows.ended_of(row)
    if ended is None:
        return AlreadyDecided()
    return AlreadyDecided(
        AlreadyDecided.told.with_values(
            who=f"{ended.actor_kind} {ended.actor_id}", when=f"{ended.at:%Y-%m-%dT%H:%M:%SZ}", ruling=ended.ruling
        )
    )


def refuse_reason(reason: str) -> None:
    """Raises `Invalid`."""
    refuse_unreadable([Text(Field.REASON, "/reason", reason)])
    if len(reason) > LONGEST_REASON:
        raise Invalid([FieldError("/reason", "too-long", _TOO_LONG)])


def _refuse_ruling(field: Field, ruling: Ruling) -> None:
    """Raises `Invalid`."""
    if ruling is Ruling.WITHDRAWN:
        raise Invalid([FieldError("/decision", "not-allowed", _NO_RULING)])
    if ruling is Ruling.MASK and field in NEVER_MASKED:
        raise Invalid([FieldError("/decision", "not-allowed", _NOT_MASKED)])


def _categories(hits: Sequence[Hit]) -> tuple[Category, ...]:
    return tuple(sorted({hit.category for hit in hits}))


def _past(rows: Sequence[ReviewAndText]) -> list[PastReview]:
    return [
        PastReview(row.id, Field(row.field), _categories(read_hits(kept.hits)), ended)
        for row, kept in rows
        if (ended := review_rows.ended_of(row)) is not None
    ]


def _in_full(
    row: ReviewRow, kept: KeptTextRow, text: Secret[str] | None, history: Sequence[PastReview], others: Sequence[str]
) -> Review:
    return Review(
        id=row.id,
        version=row.version,
        forum_id=ForumId(row.forum_id),
        origin=Origin(row.origin),
        field=Field(row.field),
        subject_kind=SubjectKind(row.subject_kind) if row.subject_kind else None,
        subject_id=row.subject_id,
        account_id=AccountId(row.account_id) if row.account_id else None,
        board=kept.board,
        ref=kept.ref,
        screening_id=kept.screening_id,
        held=row.held,
        opened_at=row.opened_at,
        text=text,
        decision=Decision(kept.decision),
        hits=read_hits(kept.hits),
        lexicon_version=kept.lexicon_version,
        ended=review_rows.ended_of(row),
        history=tuple(history),
        also_waiting=tuple(others),
    )
