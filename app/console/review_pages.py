"""The screening queue: the list on the left, one text with its hits on the right, decided by keyboard. Source: L5b."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app.accounts.errors import NoSuchAccount
from app.console.lists import PAGE, address
from app.console.moments import age, said_moment
from app.console.naming import name_of
from app.console.visits import Fields, FormOf, Visit, act, console_router, visit_at
from app.screening.category_words import words_of
from app.screening.docket import Ended, Review, ReviewFilter
from app.screening.domain import NEVER_MASKED, Field, Hit, Ruling
from app.screening.review_steps import Handling
from app.screening.reviews import LONGEST_REASON
from app.staff.access import Permission

router = console_router()
HERE = "/console/reviews"
VisitOf = Annotated[Visit, Depends(visit_at("reviews"))]
_HARMLESS = ("quoted", "name", "harmless")
_HARMFUL = ("fraud", "advertising", "personal", "illegal", "insult", "minors")
_REASONS = {Ruling.PASS: _HARMLESS, Ruling.MASK: _HARMFUL, Ruling.BLOCK: _HARMFUL}
_KEYS = {Ruling.PASS: "a", Ruling.MASK: "m", Ruling.BLOCK: "b"}


@router.get("/reviews")
def reviews(visit: VisitOf) -> Response:
    """The queue, and the oldest text that waits."""
    return queue_page(visit, visit.query.get("open"), {})


def queue_page(
    visit: Visit,
    review_id: str | None,
    typed: Fields,
    errors: Sequence[tuple[str, str]] = (),
    status: int = HTTPStatus.OK,
) -> Response:
    field = Field(visit.query["field"]) if visit.query.get("field") in set(Field) else None
    wanted = ReviewFilter(None, None, field, visit.query.get("cursor") or None, PAGE + 1)
    services = visit.services.reviews
    found, waiting = services.list_open(wanted), services.count_open()
    shown = found[:PAGE]
    handling = visit.services.review_desk.handling_of([one.id for one in shown])
    chosen = review_id or _next_of(visit, handling)
    items = [
        (one, age(visit, one.age), one.excerpt.reveal() if one.excerpt else None, _marks(visit, handling[one.id]))
        for one in shown
    ]
    return visit.show(
        "reviews",
        status=status,
        errors=errors,
        typed=typed,
        waiting=waiting,
        oldest=age(visit, visit.now - waiting.oldest) if waiting.oldest else None,
        items=items,
        next=address(visit.request, cursor=shown[-1].id, open=None) if len(found) > PAGE else None,
        first=HERE if visit.query.get("cursor") else None,
        keys_off=visit.query.get("keys") == "off",
        named=lambda categories: visit.sentence(words_of(categories)),
        **(_in_full(visit, chosen) if chosen else {"review": None}),
    )


def _in_full(visit: Visit, review_id: str) -> dict[str, object]:
    """All that the right half shows of one. Raises `NoSuchReview`."""
    review = visit.services.reviews.show(review_id)
    steps = visit.services.review_desk.handling_of([review_id])[review_id]
    return {
        "review": review,
        "parts_of_text": list(_marked(review)),
        "handle": _handle(visit, review),
        "ended": _said_ended(visit, review.ended) if review.ended else None,
        "rulings": _rulings(review),
        "reasons": (("harmless", _HARMLESS), ("harmful", _HARMFUL)),
        "holder": steps.holder(visit.now),
        "marks": _marks(visit, steps),
        "steps": _said_steps(visit, steps),
        "longest": LONGEST_REASON,
    }


def _next_of(visit: Visit, handling: Mapping[str, Handling]) -> str | None:
    """The oldest that nobody else is at and that this member did not hand on; else the oldest."""
    mine, free = visit.staff.id, list[str]()
    for one, steps in handling.items():
        if steps.holder(visit.now) in {None, mine} and mine not in steps.handed_on_by:
            free.append(one)
    return next(iter([*free, *handling]), None)


def _marks(visit: Visit, handling: Handling) -> list[str]:
    """What the list says of it: who is at it, and whether it was handed on."""
    holder, found = handling.holder(visit.now), list[str]()
    if holder is not None:
        found.append(visit.say("reviews.mark.claimed", name=name_of(visit, holder)))
    if handling.handed_on_by:
        names = [name_of(visit, one) for one in sorted(handling.handed_on_by)]
        found.append(visit.say("reviews.mark.escalated", name="、".join(names)))
    return found


def _said_steps(visit: Visit, handling: Handling) -> list[tuple[datetime, str, str, str | None]]:
    return [
        (
            step.at,
            name_of(visit, step.actor_id),
            visit.say(f"reviews.step.{step.kind}"),
            step.words.reveal() if step.words else None,
        )
        for step in handling.steps
    ]


def _marked(review: Review) -> Iterator[tuple[str, Hit | None]]:
    """The text in pieces: what is not hit, and each hit by itself; of two that overlap the first."""
    text, at = review.text.reveal() if review.text else "", 0
    for hit in sorted(review.hits, key=lambda hit: (hit.start, -hit.end)):
        if hit.start >= at:
            yield text[at : hit.start], None
            yield text[hit.start : hit.end], hit
            at = hit.end
    yield text[at:], None


def _rulings(review: Review) -> list[tuple[str, str]]:
    return [
        (ruling.value, key)
        for ruling, key in _KEYS.items()
        if ruling is not Ruling.MASK or review.field not in NEVER_MASKED
    ]


def _handle(visit: Visit, review: Review) -> str | None:
    if review.account_id is None:
        return None
    try:
        return visit.services.posting.get_account(review.forum_id, review.account_id).standing.account.handle
    except NoSuchAccount:
        return None


def _said_ended(visit: Visit, ended: Ended) -> str:
    return visit.say(
        "reviews.ended.by",
        name=name_of(visit, ended.actor_id),
        time=said_moment(visit, ended.at),
        decision=visit.say(f"reviews.ruling.{ended.ruling}"),
    )


@router.get("/reviews/{review_id}")
def review(visit: VisitOf, review_id: str) -> Response:
    """The queue with this one opened, whether it waits or is over."""
    return visit.go(HERE, open=review_id)


def _reason(visit: Visit, form: Fields) -> tuple[str, list[tuple[str, str]]]:
    """What the decision rests on, and what is wrong with it: a reason that speaks for another decision is none."""
    written, chosen, words = form.get("ruling", ""), form.get("why", ""), form.get("reason", "").strip()
    fitting = _REASONS.get(Ruling(written), ()) if written in set(Ruling) else ()
    said = visit.say(f"reviews.reason.{chosen}") if chosen in {*_HARMLESS, *_HARMFUL} else ""
    wrong = list[tuple[str, str]]()
    reason = visit.say("reviews.reason.more", reason=said, words=words) if said and words else said or words
    if not fitting:
        wrong.append(("ruling", visit.say("reviews.error.ruling")))
    elif said and chosen not in fitting:
        ruling = visit.say(f"reviews.ruling.{written}")
        against = "harmless" if chosen in _HARMLESS else "harmful"
        wrong.append(("why", visit.say(f"reviews.error.{against}", reason=said, ruling=ruling)))
    if not reason:
        wrong.append(("why", visit.say("reviews.error.why")))
    elif len(reason) > LONGEST_REASON:
        wrong.append(("reason", visit.say("console.error.reason", n=LONGEST_REASON)))
    return reason, wrong


@router.post("/reviews/{review_id}/decide")
def decide(
    visit: Annotated[Visit, Depends(visit_at("reviews", Permission.REVIEWS))], form: FormOf, review_id: str
) -> Response:
    """Ends a review as it was seen; then the next one that waits is shown."""
    written, version = form.get("ruling", ""), form.get("version", "")
    reason, wrong = _reason(visit, form)
    if wrong or not version.isascii() or not version.isdigit() or len(version) > len("999999"):
        return queue_page(visit, review_id, form, wrong, HTTPStatus.UNPROCESSABLE_ENTITY)

    def work(now: Visit) -> Response:
        now.services.reviews.decide(now.actor, review_id, int(version), Ruling(written), reason)
        return now.go(HERE, f"decided_{written}")

    def again(errors: Sequence[tuple[str, str]], status: int) -> Response:
        return queue_page(visit, review_id, form, errors, status)

    return act(visit, form, work, again)
