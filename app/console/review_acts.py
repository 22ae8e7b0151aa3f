"""What reviewers do at the queue short of deciding: claim a text, give it back, hand it on, note something."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app import policies
from app.console.review_pages import HERE, queue_page
from app.console.visits import FormOf, Visit, act, console_router, visit_at
from app.screening.review_steps import TAKES_WORDS, StepKind
from app.screening.reviews import LONGEST_REASON
from app.staff.access import Permission

router = console_router()


@dataclass(frozen=True, slots=True)
class _ReviewAct:
    """`field`: where its words are typed; `leaves`: the next one is shown then."""

    kind: StepKind
    field: str = ""
    leaves: bool = False


_ACTS = {
    "claim": _ReviewAct(StepKind.CLAIMED),
    "release": _ReviewAct(StepKind.RELEASED, leaves=True),
    "escalate": _ReviewAct(StepKind.ESCALATED, "why_escalated", leaves=True),
    "note": _ReviewAct(StepKind.NOTED, "note"),
}


@router.post("/reviews/{review_id}/{named}")
def handle(
    visit: Annotated[Visit, Depends(visit_at("reviews", Permission.REVIEWS))], form: FormOf, review_id: str, named: str
) -> Response:
    """One step, which the others see; the text goes on waiting."""
    asked = _ACTS.get(named)
    if asked is None:
        return visit.go(HERE, open=review_id)
    words = form.get(asked.field, "").strip()

    def again(errors: Sequence[tuple[str, str]], status: int) -> Response:
        return queue_page(visit, review_id, form, errors, status)

    if asked.kind in TAKES_WORDS and not 0 < len(words) <= LONGEST_REASON:
        said = visit.say(f"reviews.error.{asked.field}", n=LONGEST_REASON)
        return again([(asked.field, said)], HTTPStatus.UNPROCESSABLE_ENTITY)

    def work(now: Visit) -> Response:
        now.services.review_desk.add(now.actor, review_id, asked.kind, words)
        there = {} if asked.leaves else {"open": review_id}
        return now.go(HERE, f"review_{asked.kind}", n=policies.REVIEW_CLAIM.value, **there)

    return act(visit, form, work, again)
