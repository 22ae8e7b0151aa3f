"""Appeals: what was decided and how another person comes to look at it, for who is known, and a form for who is not.

Whoever comes by a refusal's link or their own page reads the notice (reason, ground, what to bring, how it is heard);
whoever names an account is told nothing of it. Source: N15.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from app import policies
from app.accounts.domain import AccountName
from app.forums.domain import Forum
from app.kernel.ids import AccountId
from app.kernel.secret import Secret
from app.kernel.sentence import Language
from app.pages.complaint_draft import Errors, contact_faults, contact_of, evidence_faults, lines_of, text_faults
from app.pages.complaints import ServicesOf, choose_forum, code_page, known_forum, unlisted, was_asked
from app.pages.sent_once import LongForm, form_key, new_form_key, packed, take_once
from app.policies import RouteClass
from app.reporting.appealing import AppealNotice, NewAppeal
from app.reporting.domain import AgainstKind
from app.reporting.errors import AlreadyAppealed, NothingToAppeal
from app.reporting.given import LONGEST_NAME
from app.reporting.notices import HEARD
from app.web.language import language_of
from app.web.problems import status_of
from app.web.rates import address_of
from app.web.templating import page
from app.web.words import text
from app.wiring import Services

router = APIRouter(prefix="/appeals", include_in_schema=False)
_OFFERED = tuple(kind for kind in AgainstKind if kind is not AgainstKind.COMPLAINT_OUTCOME)
"""What anybody may name; the outcome of a complaint is appealed with its code."""
_DAYS = policies.APPEAL_DECIDED.value // (policies.WORKING_DAY_ENDS.value - policies.WORKING_DAY_BEGINS.value)
_SENT = ("against", "account", "grounds", "evidence", "phone", "email")


@dataclass(frozen=True, slots=True)
class Appellant:
    """Who was acted on, known by a refusal's link or by their own session."""

    request: Request
    services: Services
    forum: Forum
    account_id: AccountId
    handle: str
    back: str | None = None

    def notices(self) -> list[AppealNotice]:
        return self.services.complaints.appeals.notices(self.forum.id, self.account_id)


@router.get("")
def begin(request: Request, services: ServicesOf) -> Response:
    """A form for whoever has no link; without a forum in the address, which forum it is about."""
    forum = known_forum(services, request.query_params.get("forum", ""))
    if forum is None:
        return choose_forum(request, services, "appeals", missed=was_asked(request))
    return _show(request, forum, {})


@router.post("")
async def send(request: Request, services: ServicesOf, form: LongForm) -> Response:
    """Taken in alike whatever stands behind the name. Raises `TooMany`."""
    forum = await run_in_threadpool(known_forum, services, form.get("forum", ""))
    if forum is None:
        return await run_in_threadpool(choose_forum, request, services, "appeals", missed=True)
    errors = _faults(form, language_of(request))
    if errors:
        return _show(request, forum, form, errors)
    request.app.state.rates.admit(RouteClass.COMPLAINTS, address_of(request.scope))
    name = AccountName(handle=form.get("account", "").strip())
    new = _appeal(forum, AgainstKind(form["against"]), form, account=name)
    appeals, request_id = services.complaints.appeals, request.scope["request_id"]
    said = {"forum": forum.id, **_said(form)}
    answer = await take_once(services, "/appeals", form_key(form), said, lambda: packed(appeals.file(new, request_id)))
    return code_page(request, forum, answer, appeal=True)


def show_own(who: Appellant, errors: Errors | None = None, typed: Mapping[str, str] | None = None) -> Response:
    """What stands against the account, and the form by which its person appeals."""
    language, notices = language_of(who.request), who.notices()
    open_ones = [one for one in notices if not one.appealed]
    values = {
        **_frame(who.forum, typed or {}, errors),
        "back": who.back,
        "handle": who.handle,
        "notices": [(one, one.bring.in_language(language)) for one in notices],
        "offered": [(_named(one), text(language, f"appeals.kind.{one.kind}"), None) for one in open_ones],
        "heard": HEARD.with_values(days=str(_DAYS)).in_language(language),
    }
    status = HTTPStatus.OK if not errors else HTTPStatus.UNPROCESSABLE_ENTITY
    return unlisted(page(who.request, "pages/appeals/own.html", values, status=status, forum_id=who.forum.id))


async def send_own(who: Appellant, form: Mapping[str, str]) -> Response:
    """Raises `TooMany`."""
    errors = _faults(form, language_of(who.request), own=True)
    if errors:
        return await run_in_threadpool(show_own, who, errors, form)
    who.request.app.state.rates.admit(RouteClass.COMPLAINTS, address_of(who.request.scope))
    kind, _, ref = form["against"].partition(" ")
    new = _appeal(who.forum, AgainstKind(kind), form, ref=ref or None)
    appeals, request_id = who.services.complaints.appeals, who.request.scope["request_id"]
    said = {"account": who.account_id, **_said(form)}
    try:
        answer = await take_once(
            who.services,
            "/appeals/own",
            form_key(form),
            said,
            lambda: packed(appeals.file_own(new, who.account_id, request_id)),
        )
    except (NothingToAppeal, AlreadyAppealed) as refusal:
        found = [("", refusal.detail.in_language(language_of(who.request)))]
        response = await run_in_threadpool(show_own, who, found, form)
        response.status_code = status_of(type(refusal))
        return response
    return code_page(who.request, who.forum, answer, appeal=True)


def _named(notice: AppealNotice) -> str:
    return f"{notice.kind} {notice.ref}"


def _said(form: Mapping[str, str]) -> dict[str, str]:
    return {name: form.get(name, "") for name in _SENT}


def _appeal(
    forum: Forum,
    kind: AgainstKind,
    form: Mapping[str, str],
    *,
    ref: str | None = None,
    account: AccountName | None = None,
) -> NewAppeal:
    return NewAppeal(
        forum_id=forum.id,
        kind=kind,
        grounds=Secret(form.get("grounds", "")),
        ref=ref,
        account=account,
        contact=contact_of(form.get("phone", ""), form.get("email", "")),
        evidence=tuple(Secret(one) for one in lines_of(form.get("evidence", ""))),
    )


def _faults(form: Mapping[str, str], language: Language, *, own: bool = False) -> Errors:
    errors: Errors = []
    if form.get("against", "").partition(" ")[0] not in _OFFERED:
        errors.append(("against", text(language, "appeals.error.against")))
    if not own:
        errors += text_faults("account", form.get("account", ""), "appeals.error.account", language, LONGEST_NAME)
    errors += text_faults("grounds", form.get("grounds", ""), "complaints.error.grounds", language)
    errors += evidence_faults(form.get("evidence", ""), language)
    return errors + contact_faults(form.get("phone", ""), form.get("email", ""), language)


def _show(request: Request, forum: Forum, typed: Mapping[str, str], errors: Errors | None = None) -> Response:
    language = language_of(request)
    kinds = [(kind.value, text(language, f"appeals.kind.{kind}"), None) for kind in _OFFERED]
    values = {**_frame(forum, typed, errors), "forum_id": forum.id, "kinds": kinds}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    return unlisted(page(request, "pages/appeals/file.html", values, status=status, forum_id=forum.id))


def _frame(forum: Forum, typed: Mapping[str, str], errors: Errors | None) -> dict[str, object]:
    key = form_key(typed) if typed else new_form_key()
    return {"forum": forum.name, "key": key, "typed": typed, "errors": errors or []}
