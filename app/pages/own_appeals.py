"""`/me/appeal`: whoever is signed in reads what was decided against an account of theirs, and appeals."""

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from app.pages.appealing import Appellant, send_own, show_own
from app.pages.me import Visit, VisitOf, own_account
from app.pages.sent_once import LongForm

router = APIRouter(prefix="/me", include_in_schema=False)


@router.get("/appeal")
def notice(visit: VisitOf) -> Response:
    """Raises `NoSuchAccount` for another's account."""
    who = _appellant(visit)
    return show_own(who) if who else visit.show("phone")


@router.post("/appeal")
async def appeal(visit: VisitOf, form: LongForm) -> Response:
    """Raises `NoSuchAccount` for another's account, `TooMany`."""
    who = await run_in_threadpool(_appellant, visit)
    return await send_own(who, form) if who else await run_in_threadpool(visit.show, "phone", status=422)


def _appellant(visit: Visit) -> Appellant | None:
    """None for whoever is not signed in. Raises `NoSuchAccount`."""
    session = visit.session()
    if session is None:
        return None
    account = visit.services.accounts.get(visit.forum.id, own_account(visit, session))
    return Appellant(visit.request, visit.services, visit.forum, account.id, account.handle, visit.home)
