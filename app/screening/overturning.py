"""Steps after an appeal: a text that was masked or blocked is let pass, by whoever decides the appeal."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.crypto.envelope import Records
from app.db.unit_of_work import Transaction
from app.kernel.ids import AccountId, ForumId
from app.screening import repository, review_rows, screening_rows
from app.screening.announcements import announce_decided
from app.screening.domain import Decision, Field, Origin, RestoreField, Ruling, Subject, SubjectKind
from app.screening.errors import NothingToOverturn
from app.screening.keeping import kept_until, read_hits, review_of, unseal
from app.screening.masking import masked
from app.screening.models import KeptTextRow, ReviewRow

_OBJECTED = frozenset({Ruling.MASK.value, Ruling.BLOCK.value})
_REVIEW, _SCREENING = "rev_", "scr_"
_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Objection:
    """A decision of a screening against a text of an account: a reviewer's, or the lexicons' alone."""

    forum_id: ForumId
    account_id: AccountId
    ref: str
    """Of the review, or of the screening."""
    decided_by: tuple[str, str] | None
    """Kind and id of the reviewer."""
    reason: str | None


class Overturning:
    """`restore` says who shows a name again, by whose name it is."""

    def __init__(self, records: Records, restore: Mapping[SubjectKind, RestoreField]) -> None:
        self._records = records
        self._restore = restore

    def find(self, tx: Transaction, forum_id: ForumId, account_id: AccountId, ref: str | None) -> Objection | None:
        """A step: what an appeal is against. Without a `ref`, what was decided last about this account."""
        if ref is not None and ref.startswith(_SCREENING) and ref.isascii():
            stands = _objected_to(tx, forum_id, account_id, ref)
            return Objection(forum_id, account_id, ref, None, None) if stands else None
        rows = review_rows.of_account(tx.session, account_id, _LOOKED_AT)
        wanted = (row for row in rows if row.decision in _OBJECTED and ref in {None, row.id})
        row = max(wanted, key=lambda found: (found.decided_at, found.id), default=None)
        if row is None or row.forum_id != forum_id:
            return None
        by = (row.actor_kind, row.actor_id) if row.actor_kind and row.actor_id else None
        return Objection(forum_id, account_id, row.id, by, row.reason)

    def let_pass(self, tx: Transaction, objection: Objection, reason: str, case: str | None = None) -> None:
        """A step: the text passes from now on; a name is shown again where nothing else stands there by now.

        What the lexicons alone objected to gets a review, decided so; of a screening only the texts of that account.
        Raises `NothingToOverturn` also where a review of it is open: that decides. Source: L6e, N15.
        """
        if objection.ref.startswith(_REVIEW):
            found = review_rows.find(tx.session, objection.ref)
            if found is None or found[0].decision not in _OBJECTED:
                raise NothingToOverturn
            self._overturn(tx, *found, reason, case)
            return
        for kept in _objected_to(tx, objection.forum_id, objection.account_id, objection.ref):
            self._let_text_pass(tx, kept, reason, case)

    def _let_text_pass(self, tx: Transaction, kept: KeptTextRow, reason: str, case: str | None) -> None:
        newest = review_rows.newest_on(tx.session, kept)
        if newest is not None and newest.decided_at is None:
            raise NothingToOverturn
        if newest is not None and newest.decision in _OBJECTED:
            found = review_rows.find(tx.session, newest.id)
            if found is not None:
                self._overturn(tx, *found, reason, case)
        elif newest is None or newest.decision != Ruling.PASS or kept.decision == Decision.BLOCK:
            review = review_of(tx, kept, Origin.CONTENT, None, held=False)
            review.decided_at, review.decision, review.reason = tx.now, Ruling.PASS.value, reason
            review.actor_kind, review.actor_id = tx.actor.kind.value, tx.actor.id
            repository.add_reviews(tx.session, [review])
            _told(tx, review, kept, case)

    def _overturn(self, tx: Transaction, row: ReviewRow, kept: KeptTextRow, reason: str, case: str | None) -> None:
        before, version = Ruling(str(row.decision)), row.version
        self._show_again(tx, row, kept, before)
        if not review_rows.overturn(tx.session, row.id, version, tx.actor, reason, tx.now):
            raise NothingToOverturn
        tx.session.refresh(row)
        if kept.sealed_text is not None:
            review_rows.keep_text_until(tx.session, kept.id, kept_until(tx.now))
        _told(tx, row, kept, case)

    def _show_again(self, tx: Transaction, row: ReviewRow, kept: KeptTextRow, before: Ruling) -> None:
        text = unseal(self._records, kept)
        if row.subject_kind is None or row.subject_id is None or text is None:
            return
        plain = text.reveal()
        covered = masked(plain, [(hit.start, hit.end) for hit in read_hits(kept.hits)])
        account_id = AccountId(row.account_id) if row.account_id else None
        kind = SubjectKind(row.subject_kind)
        subject = Subject(kind, row.subject_id, ForumId(row.forum_id), account_id)
        instead_of = covered if before is Ruling.MASK else None
        self._restore[kind](tx, subject, Field(row.field), plain, instead_of=instead_of)


def _objected_to(tx: Transaction, forum_id: ForumId, account_id: AccountId, screening_id: str) -> list[KeptTextRow]:
    """What did not simply pass of this account's."""
    row = screening_rows.find_screening(tx.session, forum_id, screening_id)
    kept = screening_rows.kept_of(tx.session, row.id).values() if row else ()
    return [one for one in kept if one.account_id == account_id]


def _told(tx: Transaction, review: ReviewRow, kept: KeptTextRow, case: str | None) -> None:
    outcome = Ruling.PASS.value
    audit.record(tx, Action.REVIEW_DECIDED, ObjectKind.REVIEW, review.id, outcome=outcome, reason="appeal", case=case)
    announce_decided(tx, review, kept)
