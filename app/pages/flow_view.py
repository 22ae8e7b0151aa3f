"""What each page of a flow shows: the step where the person is, what went wrong, where they can go back to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus

import segno
from fastapi import Request
from fastapi.responses import Response
from markupsafe import Markup

from app import policies
from app.accounts.naming import is_placeholder
from app.agreements.domain import AgreementKind
from app.kernel.ids import AccountId, ForumId
from app.kernel.sentence import Language
from app.pages.offices import is_asked
from app.registration.domain import FlowKind, FlowStatus, Stand, Step, Way, with_query
from app.registration.visits import Visit
from app.screening.domain import Field
from app.verification.documents import PERSONAL_DOCUMENTS, DocumentType
from app.verification.domain import IdentityLevel, Method, Outcome
from app.web.language import language_of
from app.web.templating import page
from app.web.words import text
from app.wiring import Services

Errors = Sequence[tuple[str, object]]
"""Field and sentence; an empty field for what no single field can mend."""
OTHER_DOCUMENTS = tuple(kind for kind in DocumentType if kind in PERSONAL_DOCUMENTS - {DocumentType.RESIDENT_ID})
_DUE = "flow.notice.title_due"
_TRIED = frozenset({Step.PHONE, Step.CODE, Step.DOCUMENT, Step.ORGANISATION})
_TELL_OF_HANDLE = frozenset({Step.HANDLE, Step.AGREEMENT, Step.WAY, Step.DONE})
_BACK_TO = {
    Step.AGREEMENT: Step.HANDLE,
    Step.WAY: Step.HANDLE,
    Step.PHONE: Step.WAY,
    Step.CODE: Step.PHONE,
    Step.DOCUMENT: Step.WAY,
    Step.ORGANISATION: Step.WAY,
    Step.WAITING: Step.WAY,
}


@dataclass(frozen=True, slots=True)
class HeldHandle:
    """A handle in whose place a placeholder is shown."""

    wanted: str | None
    refused: bool
    another: str | None
    """Where another is chosen, if not here."""


def show(
    request: Request,
    services: Services,
    visit: Visit,
    *,
    step: Step | None = None,
    errors: Errors = (),
    status: int = HTTPStatus.OK,
    more: Mapping[str, object] | None = None,
) -> Response:
    """The page of the live step, or of an earlier one that may be filled in again. `more` never holds an identity."""
    stand = visit.stand
    shown = step if step is not None and stand.may_return_to(step) else stand.step
    language = language_of(request, stand.flow.language)
    held = _held(services, stand, shown) if shown in _TELL_OF_HANDLE else None
    values = {
        **_frame(visit, shown),
        "held": held,
        "own": _own_handle(stand, held),
        "errors": list(errors) or _standing_errors(stand, shown, language),
        "notice": request.query_params.get("notice") == "elsewhere",
        "typed": "",
        "suggestions": (),
        **_DETAILS.get(shown, _no_details)(services, visit, language),
        **(more or {}),
    }
    response = page(
        request,
        f"pages/flow/{shown}.html",
        values,
        status=status,
        language=stand.flow.language,
        returns_to=stand.flow.return_url,
        forum_id=stand.flow.forum_id,
    )
    return unlisted(response)


def show_link(request: Request, stand: Stand, template: str, values: Mapping[str, object], status: int) -> Response:
    """A page about a link that is not this browser's own."""
    given = {"forum": stand.forum_name, "stand": stand, "back_to_forum": ended_address(stand), **values}
    flow = stand.flow
    name, language = f"pages/flow/{template}.html", flow.language
    return unlisted(page(request, name, given, status=status, language=language, forum_id=flow.forum_id))


def unlisted(response: Response) -> Response:
    response.headers["x-robots-tag"] = "noindex"
    return response


def ended_address(stand: Stand) -> str | None:
    """Where the forum awaits its person, with what it needs to know them; None where it named no address."""
    flow = stand.flow
    if flow.return_url is None:
        return None
    told = stand.status if stand.status is not FlowStatus.OPEN else None
    return with_query(flow.return_url, {flow.kind.value: flow.id, "state": flow.state, "status": told})


def path_of(visit: Visit) -> str:
    return f"/{visit.flow.kind.place}/{visit.link.reveal()}"


@lru_cache(maxsize=256)
def qr_of(address: str) -> Markup:
    """An SVG that another device can read."""
    return Markup(segno.make(address, error="m").svg_inline(omitsize=True, border=0))  # noqa: S704 -- made here


def _frame(visit: Visit, shown: Step) -> dict[str, object]:
    stand, back = visit.stand, _BACK_TO.get(shown)
    steps = _steps(stand)
    counted = Step.DOCUMENT if shown is Step.WAITING else shown
    return {
        "forum": stand.forum_name,
        "stand": stand,
        "flow": stand.flow,
        "tag": visit.form_tag,
        "path": path_of(visit),
        "back": f"?step={back}" if back is not None and stand.may_return_to(back) else None,
        "place": (steps.index(counted) + 1, len(steps)) if counted in steps and len(steps) > 1 else None,
        "back_to_forum": ended_address(stand),
    }


def _steps(stand: Stand) -> list[Step]:
    """The steps of this person's way, as far as it is known."""
    flow = stand.flow
    one_step = flow.agreement_only or flow.handle_only
    proofs = flow.proofs or (() if one_step else (Step.PHONE,))
    shown = {
        Step.HANDLE: flow.kind is FlowKind.REGISTRATION or flow.handle_only,
        Step.AGREEMENT: (flow.agreed or not stand.agreed) and not flow.handle_only,
        Step.WAY: not one_step,
        Step.PHONE: Step.PHONE in proofs,
        Step.CODE: Step.PHONE in proofs,
        Step.DOCUMENT: Step.DOCUMENT in proofs,
        Step.ORGANISATION: Step.ORGANISATION in proofs,
    }
    return [step for step, is_shown in shown.items() if is_shown]


def _held(services: Services, stand: Stand, shown: Step) -> HeldHandle | None:
    """What the person asked for is shown only where they typed it: whoever opens a link for an account may be anybody.

    None where the handle is shown.
    """
    account, is_new = stand.account, stand.flow.kind is FlowKind.REGISTRATION
    if account is None or not is_placeholder(account.id, account.handle):
        return None
    found = services.own_names.of(account).get(Field.HANDLE)
    if found is None:  # nobody else had it, so they chose it
        return None
    wanted = found.text.reveal() if is_new and found.text else None
    another = f"/me?forum={account.forum_id}" if shown is Step.DONE else None
    if shown is not Step.HANDLE and stand.may_return_to(Step.HANDLE):
        another = "?step=handle"
    return HeldHandle(wanted, found.refused, another)


def _own_handle(stand: Stand, held: HeldHandle | None) -> str | None:
    """What stands in the box before anything is typed."""
    if held is not None or stand.flow.handle_only:
        return held.wanted if held else None
    return stand.account.handle if stand.account else stand.flow.wanted_handle


def _standing_errors(stand: Stand, shown: Step, language: Language) -> Errors:
    """What the last attempt at this step came to: it stays on the page however often that is loaded."""
    proof = Step.PHONE if shown is Step.CODE else shown
    one = stand.progress.get(proof)
    if one is None or one.verification.reason is None or one.verification.outcome is Outcome.VERIFIED:
        return ()
    if shown not in _TRIED or stand.step is not shown:
        return ()
    if proof is not Step.PHONE:
        key = "flow.document.not-confirmed" if one.tries_left else "flow.document.no-tries"
        return (("", text(language, key, n=one.tries_left)),)
    return ((shown.value, text(language, f"flow.code.{one.verification.reason}", n=one.tries_left)),)


def notice_title(services: Services, forum_id: ForumId, account_id: AccountId | None, level: IdentityLevel) -> str:
    """The key of what this is about: a first verification, another one, or one that an office asks for."""
    if account_id is None or level is IdentityLevel.NONE:
        return "flow.notice.title"
    return _DUE if is_asked(services, forum_id, account_id) else "flow.notice.title_again"


def notice_values(
    services: Services, language: Language, path: str, forum: str, handle: str | None, title: str
) -> dict[str, object]:
    """What a person is told before anything is asked. `title` is from `notice_title`. Source: PIPL 17."""
    provider = text(language, "flow.notice.sandbox") if services.checks.sandbox else services.checks.name
    return {
        "forum": forum,
        "handle": handle,
        "title": text(language, title),
        "due": title == _DUE,
        "path": path,
        "provider": provider,
        "erase_days": policies.CLOSURE_REVERSIBLE.value,
        "operator": services.controller.name or text(language, "flow.notice.operator", forum=forum),
        "contact": services.controller.contact or text(language, "flow.notice.contact", forum=forum),
        "qr": qr_of(services.issuer + path),
    }


def _agreement(services: Services, visit: Visit, language: Language) -> dict[str, object]:
    current = services.agreements.current(AgreementKind.USER)
    body = current.text_en if language is Language.ENGLISH else current.text_zh
    blocks = [block.strip() for block in body.split("\n\n") if block.strip()]
    minutes = max(1, round(len(body) / (1200 if language is Language.ENGLISH else 400)))
    return {"agreement": current, "blocks": blocks, "minutes": minutes, **_elsewhere_too(services, visit)}


def _code(services: Services, visit: Visit, _language: Language) -> dict[str, object]:
    progress = visit.stand.progress[Step.PHONE]
    again_at = progress.started_at + services.codes.pause
    return {"expires_at": progress.code_expires_at, "ending": visit.flow.phone_ending, "again_at": again_at}


def _document(_services: Services, visit: Visit, language: Language) -> dict[str, object]:
    """The kinds to choose from; an organisation's responsible person may show any of them."""
    kinds = {Way.RESIDENT_ID: (), Way.OTHER_DOCUMENT: OTHER_DOCUMENTS}
    offered = kinds.get(visit.flow.way or Way.ORGANISATION, (DocumentType.RESIDENT_ID, *OTHER_DOCUMENTS))
    return {"other_types": [(kind.value, text(language, f"flow.type.{kind}")) for kind in offered]}


def _waiting(_services: Services, visit: Visit, _language: Language) -> dict[str, object]:
    pending = [one for one in visit.stand.progress.values() if one.verification.outcome is Outcome.PENDING]
    latest = max(pending, key=lambda one: one.started_at)
    return {"reason": latest.verification.reason, "by_hand": latest.verification.method is Method.MANUAL}


def _elsewhere_too(services: Services, visit: Visit) -> dict[str, object]:
    """The way to go on with a phone: a ticket for one other browser."""
    address = with_query(services.issuer + path_of(visit), {"on": services.visits.handoff(visit)})
    return {"qr": qr_of(address)}


def _on_phone(services: Services, visit: Visit, _language: Language) -> dict[str, object]:
    return _elsewhere_too(services, visit)


def _no_details(_services: Services, _visit: Visit, _language: Language) -> dict[str, object]:
    return {}


_DETAILS: Mapping[Step, Callable[[Services, Visit, Language], dict[str, object]]] = {
    Step.HANDLE: _on_phone,
    Step.AGREEMENT: _agreement,
    Step.WAY: _on_phone,
    Step.CODE: _code,
    Step.DOCUMENT: _document,
    Step.WAITING: _waiting,
}
