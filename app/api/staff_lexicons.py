"""Routes of lexicons, for staff: drafts, what one would change, publication (`docs/api.md` parts 7 and 9).

Reading a file and compiling may take seconds, and happen before the transaction that a key asks for begins.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Annotated

from fastapi import Depends, Response
from fastapi.concurrency import run_in_threadpool

from app import policies
from app.api.cursors import read_cursor, write_cursor
from app.api.dependencies import LanguageOf, ServicesOf, problems, refuse_unknown_query
from app.api.lexicon_shapes import (
    DifferenceShown,
    ImportedShown,
    LexiconPage,
    LexiconShown,
    NewLexicon,
    OwnCases,
    Publication,
    PublishedShown,
    RehearsalShown,
    TextToTry,
    TriedShown,
)
from app.api.once import Begun, Once, OnceOf
from app.api.staff_callers import CONFLICT, LISTING_STAFF, NOT_FOUND, Cursor, LexiconsCaller, Limit
from app.api.staff_dependencies import (
    FRESH,
    ONCE_STAFF,
    READING_STAFF,
    WRITING_STAFF,
    StaffCaller,
    fresh_staff_with,
    staff_router,
)
from app.api.webhook_shapes import NoContent
from app.screening.domain import Field
from app.screening.errors import NoSuchLexicon, NotInForce, PublishedMeanwhile
from app.screening.lexicons import Compiled, read_draft
from app.staff.access import Permission
from app.wiring import Services

router = staff_router("/lexicons")
FreshLexiconsCaller = Annotated[StaffCaller, Depends(fresh_staff_with(Permission.LEXICONS))]
_ASKING = {**WRITING_STAFF, **NOT_FOUND}
_NAMED = "name "


@router.get("", responses=problems(LISTING_STAFF), dependencies=[Depends(refuse_unknown_query)])
def list_lexicons(
    _caller: LexiconsCaller, services: ServicesOf, limit: Limit = 50, cursor: Cursor = None
) -> LexiconPage:
    """Every lexicon by its name, its versions, and which of them decides now."""
    after = read_cursor(cursor, _NAMED)
    found = [one for one in services.lexicons.list_all() if after is None or _NAMED + one.name > after]
    shown = found[:limit]
    return LexiconPage(
        items=[LexiconShown.of(one) for one in shown],
        next_cursor=write_cursor(_NAMED + shown[-1].name) if len(found) > limit else None,
    )


@router.post("", status_code=201, response_model=ImportedShown, responses=problems(ONCE_STAFF))
async def import_lexicon(
    body: NewLexicon, caller: LexiconsCaller, services: ServicesOf, once: OnceOf, language: LanguageOf
) -> Response:
    """Brings in a version, as a draft; a bad line is told with its number, and then nothing of the file is loaded.

    At most 4 MiB; `shiming lexicon import` takes more.
    """

    async def work(begun: Begun) -> Response:
        draft = await run_in_threadpool(read_draft, body.name, body.content.encode())
        return await run_in_threadpool(
            begun.end, lambda: ImportedShown.of(services.lexicons.add(caller.actor, draft), language)
        )

    return await once.answer_in_steps(caller, 201, work, _nothing_noted)


@router.post("/try", responses=problems(_ASKING))
def try_text(body: TextToTry, _caller: LexiconsCaller, services: ServicesOf) -> TriedShown:
    """What becomes of a text, and why; of a version that is named, as if it were in force. Nothing is kept."""
    if body.lexicon_id is None:
        return TriedShown.of(services.lexicons.try_text(body.text, Field(body.field)))
    version = services.lexicons.find(body.lexicon_id)
    return TriedShown.of(services.lexicons.try_text(body.text, Field(body.field), version.name, version.number))


@router.get("/{lexicon_id}/diff", responses=problems({**READING_STAFF, **NOT_FOUND}))
def show_difference(lexicon_id: str, _caller: LexiconsCaller, services: ServicesOf) -> DifferenceShown:
    """How a version differs from the one in force."""
    version = services.lexicons.find(lexicon_id)
    return DifferenceShown.of(services.lexicons.diff(version.name, version.number))


@router.post("/{lexicon_id}/rehearse", responses=problems(_ASKING))
def rehearse_lexicon(
    lexicon_id: str, _caller: LexiconsCaller, services: ServicesOf, body: OwnCases | None = None
) -> RehearsalShown:
    """What a version would change, for the newest public texts and for cases; writes nothing."""
    version = services.lexicons.find(lexicon_id)
    cases = body.cases.encode() if body is not None and body.cases is not None else None
    return RehearsalShown.of(services.lexicons.rehearse(version.name, version.number, cases))


@router.post(
    "/{lexicon_id}/publish",
    response_model=PublishedShown,
    responses=problems({**ONCE_STAFF, 403: FRESH, **NOT_FOUND, **CONFLICT}),
)
async def publish_lexicon(
    lexicon_id: str, caller: FreshLexiconsCaller, services: ServicesOf, once: OnceOf, body: Publication | None = None
) -> Response:
    """Puts a version in force, after a dry run over recent texts; an older one goes back to what was."""

    def prepare() -> Compiled:
        version = services.lexicons.find(lexicon_id)
        despite = body is not None and body.despite_alarm
        return services.lexicons.compile(version.name, version.number, despite_alarm=despite)

    return await _put_in_force(services, caller, once, prepare)


@router.post(
    "/{lexicon_id}/withdraw",
    response_model=PublishedShown,
    responses=problems({**ONCE_STAFF, 403: FRESH, **NOT_FOUND, **CONFLICT}),
)
async def withdraw_lexicon(
    lexicon_id: str, caller: FreshLexiconsCaller, services: ServicesOf, once: OnceOf, _body: NoContent | None = None
) -> Response:
    """Takes the lexicon out of force of which this version is in force; its versions stay."""

    def prepare() -> Compiled:
        version = services.lexicons.find(lexicon_id)
        compiled = services.lexicons.compile_without(version.name)
        if compiled.plan.against != version.number:
            raise NotInForce
        return compiled

    return await _put_in_force(services, caller, once, prepare)


async def _put_in_force(
    services: Services, caller: StaffCaller, once: Once, prepare: Callable[[], Compiled]
) -> Response:
    async def work(begun: Begun) -> Response:
        for _ in range(policies.LEXICON_ROUNDS.value):
            compiled = await run_in_threadpool(prepare)
            with suppress(PublishedMeanwhile):
                return await run_in_threadpool(_end, begun, services, caller, compiled)
        raise PublishedMeanwhile

    return await once.answer_in_steps(caller, 200, work, _nothing_noted)


def _end(begun: Begun, services: Services, caller: StaffCaller, compiled: Compiled) -> Response:
    return begun.end(lambda: PublishedShown.of(services.lexicons.put_in_force(caller.actor, compiled)))


def _nothing_noted(_subject: str) -> PublishedShown:
    """What was begun is begun anew: nobody outside was asked."""
    raise NoSuchLexicon
