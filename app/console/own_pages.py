"""What members see of themselves, whatever their roles: their session, their password, their authenticator."""

from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus

from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from app import policies
from app.console.credentials import told_of_authenticator
from app.console.moments import said_day, said_last_day
from app.console.role_words import opened_by, said_permissions
from app.console.seated import in_a_seat, without_seat
from app.console.visits import Fields, FormOf, Visit, VisitOf, act, console_router
from app.kernel.errors import Unavailable
from app.kernel.secret import Secret
from app.staff.errors import PasswordUnusable, PasswordWrong
from app.web.problems import status_of

router = console_router()
_HERE = "/console/me"
_FEW_CODES = 3
Errors = Sequence[tuple[str, str]]
_Page = Callable[[Errors, int], Response]


@router.get("/me")
def own(visit: VisitOf) -> Response:
    """Roles as they are now, this session, and what there is to sign in with."""
    staff = visit.staff
    left = visit.services.staff.own.recovery_codes_left(staff.id)
    return visit.show(
        "own",
        here=_HERE,
        session=visit.session,
        roles=[(visit.say(f"members.role.{role}"), said_day(visit, at)) for role, at in sorted(staff.roles.items())],
        opens=said_permissions(visit, opened_by(staff.roles)),
        last_day=said_last_day(visit, staff.ends_at) if staff.ends_at else "",
        codes_left=left,
        few_codes=left <= _FEW_CODES,
    )


@router.get("/me/password")
def password_page(visit: VisitOf) -> Response:
    """The present one and a new one."""
    return _password_page(visit)


def _password_page(visit: Visit, errors: Errors = (), status: int = HTTPStatus.OK) -> Response:
    """What was typed is never written into a page."""
    shortest, longest = policies.PASSWORD_SHORTEST.value, policies.PASSWORD_LONGEST.value
    return visit.show("own_password", here=_HERE, errors=errors, status=status, shortest=shortest, longest=longest)


@router.post("/me/password")
async def change_password(visit: VisitOf, form: FormOf) -> Response:
    """Another password; every other session ends."""
    again = partial(_password_page, visit)
    new = Secret(form.get("new_password", ""))
    missing = _missing(visit, form, ("password", "new_password"))
    if not missing and form.get("new_password") != form.get("repeated"):
        missing = [("repeated", visit.say("own.error.repeated"))]

    def work(now: Visit) -> Response:
        own, said = now.services.staff.own, now.sentence
        try:
            proved = own.prove(now.actor, now.session, Secret(form.get("password", "")))
            own.change_password(now.actor, proved, own.hash_new(proved, new))
        except PasswordWrong as refusal:
            return again([("password", said(refusal.detail))], status_of(PasswordWrong))
        except PasswordUnusable as refusal:
            return again([("new_password", said(refusal.detail))], status_of(PasswordUnusable))
        return now.go(_HERE, "own_password")

    return await _in_a_seat(visit, form, missing, work, again)


@router.get("/me/authenticator")
def authenticator_page(visit: VisitOf) -> Response:
    """What becomes of the present one."""
    return _authenticator_page(visit)


def _authenticator_page(visit: Visit, errors: Errors = (), status: int = HTTPStatus.OK) -> Response:
    return visit.show("own_authenticator", here=_HERE, errors=errors, status=status)


@router.post("/me/authenticator")
async def change_authenticator(visit: VisitOf, form: FormOf) -> Response:
    """Another authenticator and other recovery codes, on the page that answers, once; every other session ends."""
    again = partial(_authenticator_page, visit)

    def work(now: Visit) -> Response:
        own = now.services.staff.own
        try:
            proved = own.prove(now.actor, now.session, Secret(form.get("password", "")))
        except PasswordWrong as refusal:
            return again([("password", now.sentence(refusal.detail))], status_of(PasswordWrong))
        told = told_of_authenticator(own.change_authenticator(now.actor, proved))
        return now.show("own_told", here=_HERE, said=now.say("console.done.own_authenticator"), told=told)

    return await _in_a_seat(visit, form, _missing(visit, form, ("password",)), work, again)


def _missing(visit: Visit, form: Fields, names: Sequence[str]) -> Errors:
    return [(name, visit.say(f"own.error.{name}")) for name in names if not form.get(name)]


async def _in_a_seat(
    visit: Visit, form: Fields, missing: Errors, work: Callable[[Visit], Response], again: _Page
) -> Response:
    if missing:
        return await run_in_threadpool(again, missing, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        return await in_a_seat(visit, partial(act, visit, form, work, again, fresh=True))
    except Unavailable as refusal:
        return await without_seat(visit, refusal, again)
