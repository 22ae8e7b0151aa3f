"""Argon2 at the console costs a seat; who gets none is told so on the page."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from app.console.visits import Again, Visit
from app.kernel.errors import Unavailable
from app.staff.domain import MadePassword
from app.staff.service import make_password
from app.web.problems import status_of

if TYPE_CHECKING:
    from app.web.seats import AllSeats

_Done = TypeVar("_Done")


async def in_a_seat(visit: Visit, work: Callable[[], _Done]) -> _Done:
    """Raises what `work` raises, and `Unavailable`."""
    seats: AllSeats = visit.request.app.state.seats
    async with seats.index.take():
        return await run_in_threadpool(work)


async def with_password(visit: Visit, work: Callable[[MadePassword], Response], again: Again) -> Response:
    """Does what hands a password out; its hash alone is made in the seat."""
    try:
        made = await in_a_seat(visit, make_password)
    except Unavailable as refusal:
        return await without_seat(visit, refusal, again)
    return await run_in_threadpool(work, made)


async def without_seat(visit: Visit, refusal: Unavailable, again: Again) -> Response:
    said = [("", visit.sentence(refusal.detail))]
    response = await run_in_threadpool(again, said, status_of(Unavailable))
    response.headers["retry-after"] = str(refusal.retry_after)
    return response
