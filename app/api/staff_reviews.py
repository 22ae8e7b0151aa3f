"""Routes of the screening queue, for reviewers (`docs/api.md` part 9)."""

from typing import Annotated, Literal

from fastapi import Depends, Query, Response
from pydantic import Field

from app.api.cursors import read_cursor, write_cursor
from app.api.dependencies import IN_PROGRESS, ServicesOf, problems, refuse_unknown_query
from app.api.once import OnceOf
from app.api.screening_shapes import DecisionName, FieldName
from app.api.shapes import Answer, Request, Stamp
from app.api.staff_callers import LISTING_STAFF, NOT_FOUND, Cursor, Limit, Named, OfForum, ReviewsCaller
from app.api.staff_dependencies import ONCE_STAFF, READING_STAFF, staff_router
from app.kernel.ids import ForumId
from app.screening import domain
from app.screening.docket import Ended, OpenReview, PastReview, Review, ReviewFilter
from app.screening.domain import Hit, Origin, Ruling, SubjectKind

router = staff_router("/reviews")
RulingName = Literal["pass", "mask", "block"]


class OpenReviewShown(Answer):
    id: str
    version: int
    """To be sent back with the decision."""
    forum_id: str
    origin: Origin
    field: FieldName
    decision: DecisionName
    """What the lexicon asks for."""
    categories: list[str]
    subject: Named | None
    account_id: str | None
    held: bool
    """A placeholder is shown meanwhile."""
    opened_at: Stamp
    age_seconds: int
    excerpt: str | None
    """What stands around the first hit; null once the text is gone."""

    @classmethod
    def of(cls, review: OpenReview) -> "OpenReviewShown":
        return cls(
            id=review.id,
            version=review.version,
            forum_id=review.forum_id,
            origin=review.origin,
            field=_field(review.field),
            decision=_decision(review.decision),
            categories=list(review.categories),
            subject=_subject(review.subject_kind, review.subject_id),
            account_id=review.account_id,
            held=review.held,
            opened_at=review.opened_at,
            age_seconds=int(review.age.total_seconds()),
            excerpt=review.excerpt.reveal() if review.excerpt else None,
        )


class OpenReviewPage(Answer):
    items: list[OpenReviewShown]
    next_cursor: str | None


class StaffHit(Answer):
    """`start` and `end` count code points of the text, `end` exclusive; `term` is the lexicon's."""

    start: int
    end: int
    category: str
    severity: int
    action: domain.Action
    evasions: list[domain.Evasion]
    term: str

    @classmethod
    def of(cls, hit: Hit) -> "StaffHit":
        return cls(
            start=hit.start,
            end=hit.end,
            category=hit.category,
            severity=hit.severity,
            action=hit.action,
            evasions=list(hit.evasions),
            term=hit.term,
        )


class EndedShown(Answer):
    decision: Ruling
    at: Stamp
    by: Named
    reason: str | None

    @classmethod
    def of(cls, ended: Ended) -> "EndedShown":
        by = Named(kind=ended.actor_kind, id=ended.actor_id)
        return cls(decision=ended.ruling, at=ended.at, by=by, reason=ended.reason)


class PastReviewShown(Answer):
    id: str
    field: FieldName
    categories: list[str]
    ended: EndedShown

    @classmethod
    def of(cls, past: PastReview) -> "PastReviewShown":
        return cls(
            id=past.id, field=_field(past.field), categories=list(past.categories), ended=EndedShown.of(past.ended)
        )


class ReviewShown(Answer):
    id: str
    version: int
    forum_id: str
    origin: Origin
    field: FieldName
    decision: DecisionName
    subject: Named | None
    account_id: str | None
    board: str | None
    ref: str | None
    screening_id: str | None
    held: bool
    opened_at: Stamp
    text: str | None
    """Null once its time is over."""
    hits: list[StaffHit]
    lexicon_version: str
    ended: EndedShown | None
    history: list[PastReviewShown]
    """What was decided before about the same account or board."""
    also_waiting: list[str]

    @classmethod
    def of(cls, review: Review) -> "ReviewShown":
        return cls(
            id=review.id,
            version=review.version,
            forum_id=review.forum_id,
            origin=review.origin,
            field=_field(review.field),
            decision=_decision(review.decision),
            subject=_subject(review.subject_kind, review.subject_id),
            account_id=review.account_id,
            board=review.board,
            ref=review.ref,
            screening_id=review.screening_id,
            held=review.held,
            opened_at=review.opened_at,
            text=review.text.reveal() if review.text else None,
            hits=[StaffHit.of(hit) for hit in review.hits],
            lexicon_version=str(review.lexicon_version),
            ended=EndedShown.of(review.ended) if review.ended else None,
            history=[PastReviewShown.of(past) for past in review.history],
            also_waiting=list(review.also_waiting),
        )


class ReviewDecision(Request):
    version: Annotated[int, Field(ge=0, le=2**31 - 1)]
    decision: RulingName
    reason: Annotated[str, Field(min_length=1, max_length=400, description="No personal data.")]


@router.get("", responses=problems(LISTING_STAFF), dependencies=[Depends(refuse_unknown_query)])
def list_reviews(
    _caller: ReviewsCaller,
    services: ServicesOf,
    forum: OfForum = None,
    account_id: Annotated[str | None, Query(min_length=1, max_length=60)] = None,
    field: Annotated[FieldName | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> OpenReviewPage:
    """What waits for a person, oldest first; of a text what stands around its first hit."""
    found = services.reviews.list_open(
        ReviewFilter(
            ForumId(forum) if forum is not None else None,
            account_id,
            domain.Field(field) if field is not None else None,
            read_cursor(cursor, "rev_"),
            limit + 1,
        )
    )
    shown = found[:limit]
    return OpenReviewPage(
        items=[OpenReviewShown.of(review) for review in shown],
        next_cursor=write_cursor(shown[-1].id) if len(found) > limit else None,
    )


@router.get("/{review_id}", responses=problems({**READING_STAFF, **NOT_FOUND}))
def show_review(review_id: str, _caller: ReviewsCaller, services: ServicesOf) -> ReviewShown:
    """One with its whole text, open or decided."""
    return ReviewShown.of(services.reviews.show(review_id))


@router.post(
    "/{review_id}/decide",
    response_model=EndedShown,
    responses=problems({**ONCE_STAFF, **NOT_FOUND, 409: f"already-decided, {IN_PROGRESS}"}),
)
def decide_review(
    review_id: str, body: ReviewDecision, caller: ReviewsCaller, services: ServicesOf, once: OnceOf
) -> Response:
    """Ends a review that is open and as it was seen: what it is about is shown, masked or refused from now on."""

    def work() -> EndedShown:
        ruling = Ruling(body.decision)
        return EndedShown.of(services.reviews.decide(caller.actor, review_id, body.version, ruling, body.reason))

    return once.answer(caller, 200, work)


def _subject(kind: SubjectKind | None, subject_id: str | None) -> Named | None:
    return None if kind is None or subject_id is None else Named(kind=kind.value, id=subject_id)


def _field(field: domain.Field) -> FieldName:
    return field.value  # type: ignore[return-value] # ids and reasons are never screened


def _decision(decision: domain.Decision) -> DecisionName:
    return decision.value
