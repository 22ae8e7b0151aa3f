"""Use cases of reviewers short of deciding: they claim a text, give it back, hand it on, and write notes."""

from collections.abc import Mapping, Sequence

from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.crypto.envelope import Place, Records
from app.db.unit_of_work import UnitOfWork
from app.kernel.actor import Actor
from app.kernel.ids import new_id
from app.kernel.secret import Secret
from app.screening import review_rows
from app.screening.errors import AlreadyDecided, ClaimedByAnother, NoSuchReview
from app.screening.models import ReviewStepRow
from app.screening.review_steps import TAKES_WORDS, Handling, Step, StepKind
from app.screening.reviews import refuse_reason


class ReviewDesk:
    def __init__(self, unit_of_work: UnitOfWork, records: Records) -> None:
        self._unit_of_work = unit_of_work
        self._records = records

    def add(self, actor: Actor, review_id: str, kind: StepKind, words: str = "") -> None:
        """One step about a review that is open. `words`, where the kind takes any, are sealed, and go with the text.

        Raises `NoSuchReview`, `AlreadyDecided`, `ClaimedByAnother` for a claim while another one's holds, `Invalid`.
        Source: L5b.
        """
        if kind in TAKES_WORDS:
            refuse_reason(words)
        with self._unit_of_work.begin(actor) as tx:
            row = review_rows.hold(tx.session, review_id) if review_id.isascii() else None
            if row is None:
                raise NoSuchReview
            if row.decided_at is not None:
                raise AlreadyDecided
            holder = self._handling(review_rows.steps_of(tx.session, [row.id])).holder(tx.now)
            if kind is StepKind.CLAIMED and holder not in {None, actor.id}:
                raise ClaimedByAnother
            step_id = new_id("rst", tx.now)
            sealed = self._records.seal(Secret(words), _place(step_id)) if kind in TAKES_WORDS else None
            review_rows.add_step(
                tx.session,
                ReviewStepRow(
                    id=step_id, review_id=row.id, kind=kind.value, at=tx.now, actor_id=actor.id, sealed_words=sealed
                ),
            )
            audit.record(tx, Action.REVIEW_HANDLED, ObjectKind.REVIEW, row.id, outcome=kind.value, reason=row.field)

    def handling_of(self, review_ids: Sequence[str]) -> Mapping[str, Handling]:
        """What was done about each of them so far."""
        with self._unit_of_work.read() as tx:
            rows = review_rows.steps_of(tx.session, review_ids)
            return {one: self._handling([row for row in rows if row.review_id == one]) for one in review_ids}

    def _handling(self, rows: Sequence[ReviewStepRow]) -> Handling:
        return Handling([self._step(row) for row in rows])

    def _step(self, row: ReviewStepRow) -> Step:
        words = None if row.sealed_words is None else self._records.unseal(row.sealed_words, _place(row.id))
        return Step(StepKind(row.kind), row.at, row.actor_id, words)


def _place(step_id: str) -> Place:
    return Place("review_steps", step_id, "words")
