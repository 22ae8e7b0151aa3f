"""Routes of screenings (`docs/api.md` part 7)."""

from fastapi import APIRouter, Response

from app.api.dependencies import IN_PROGRESS, ONCE, READING, LanguageOf, ScreeningsCaller, ServicesOf, problems
from app.api.once import OnceOf
from app.api.screening_shapes import (
    NewScreening,
    PublishedContent,
    PublishedContentGiven,
    Screening,
    StoredScreening,
    items_of,
)
from app.web.screening_said import screening_said, stored_said

router = APIRouter(prefix="/v1/screenings", tags=["screenings"])
_NOT_FOUND = {404: "not-found"}


@router.post("", response_model=Screening, responses=problems(ONCE))
def screen_texts(
    body: NewScreening, caller: ScreeningsCaller, services: ServicesOf, once: OnceOf, language: LanguageOf
) -> Response:
    """What becomes of texts before anybody sees them, all under one version of the lexicons.

    `masked_text` is the text with every hit covered, of the same length; show it where the decision is `mask`. A text
    that waits for a person is decided once: `review.decided` tells how.
    """

    def work() -> Screening:
        items = services.posting.place(caller.forum_id, items_of(body.items))
        screened = services.screenings.screen(caller.actor, caller.forum_id, items)
        return Screening.model_validate(screening_said(screened, language))

    return once.answer(caller, 200, work)


@router.get("/{screening_id}", responses=problems({**READING, **_NOT_FOUND}))
def get_screening(
    screening_id: str, caller: ScreeningsCaller, services: ServicesOf, language: LanguageOf
) -> StoredScreening:
    """What was decided; of a text that passed its digest alone is kept."""
    stored = services.screenings.get(caller.forum_id, screening_id)
    return StoredScreening.model_validate(stored_said(stored, language))


@router.post(
    "/{screening_id}/published",
    response_model=PublishedContent,
    responses=problems({**ONCE, **_NOT_FOUND, 409: f"state-conflict, {IN_PROGRESS}"}),
)
def record_published(
    screening_id: str, body: PublishedContentGiven, caller: ScreeningsCaller, services: ServicesOf, once: OnceOf
) -> Response:
    """What the texts became, since they were screened before they had an id: takedowns then name it.

    Told again with the same `content_ref`, the newest `url` counts.
    """

    def work() -> PublishedContent:
        told = services.screenings.record_published(
            caller.actor, caller.forum_id, screening_id, body.content_ref, body.url
        )
        return PublishedContent(content_ref=told.content_ref, url=told.url, published_at=told.published_at)

    return once.answer(caller, 200, work)
