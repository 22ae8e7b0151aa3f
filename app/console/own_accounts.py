"""Members name the forum accounts that are their own: what concerns those is not there for them. Source: L9, L11."""

from collections.abc import Sequence
from http import HTTPStatus

from fastapi.responses import Response

from app.accounts.domain import AccountName
from app.accounts.errors import NoSuchAccount
from app.console.moments import said_day
from app.console.visits import Fields, FormOf, Visit, VisitOf, act, console_router
from app.web.problems import status_of

router = console_router()
_HERE = "/console/me/accounts"


@router.get("/me/accounts")
def own_accounts(visit: VisitOf) -> Response:
    """Those that are named, and a form to name another."""
    return _page(visit, {})


def _page(visit: Visit, typed: Fields, errors: Sequence[tuple[str, str]] = (), status: int = HTTPStatus.OK) -> Response:
    forums = {one.forum.id: one.forum.name for one in visit.services.forums.list_all()}
    named = []
    for one in visit.services.complaints.recusals.list_seen(visit.actor):
        if one.staff_id != visit.staff.id:
            continue
        found = visit.services.posting.find_anywhere(AccountName(account_id=one.account_id))
        account = found[0].standing.account if found else None
        handle, forum = (account.handle, forums.get(account.forum_id, "–")) if account else (one.account_id, "–")
        named.append((handle, forum, said_day(visit, one.declared_at)))
    return visit.show("own_accounts", here="/console/me", errors=errors, status=status, typed=typed, named=named)


@router.post("/me/accounts")
def declare(visit: VisitOf, form: FormOf) -> Response:
    """By its id, or a handle that only one account has."""
    typed = form.get("account", "").strip()

    def again(errors: Sequence[tuple[str, str]], status: int) -> Response:
        return _page(visit, form, [(name or "account", said) for name, said in errors], status)

    ids = {
        one.standing.account.id
        for name in (AccountName(account_id=typed), AccountName(handle=typed))
        for one in (visit.services.posting.find_anywhere(name) if typed else ())
    }
    if len(ids) > 1:
        return again([("account", visit.say("own.accounts.several"))], HTTPStatus.UNPROCESSABLE_ENTITY)
    if not ids:
        return again([("account", visit.say("own.accounts.nobody"))], status_of(NoSuchAccount) if typed else 422)

    def work(now: Visit) -> Response:
        now.services.complaints.recusals.declare(now.actor, now.staff.id, *ids)
        return now.go(_HERE, "own_account")

    return act(visit, form, work, again)
