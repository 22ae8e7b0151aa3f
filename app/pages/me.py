"""`/me`: a person signs in by phone code, sees their accounts in the forum they came from, and closes one.

Until a right code is entered, every answer is the same whether the phone is known or not.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from app import policies
from app.accounts.domain import AccountStatus
from app.accounts.errors import NoSuchAccount
from app.accounts.naming import is_placeholder
from app.agreements.domain import AcceptanceChannel, AgreementKind, AgreementVersion
from app.agreements.errors import UnknownAgreementVersion
from app.forums.domain import Forum
from app.kernel.actor import Actor, ActorKind
from app.kernel.errors import Invalid, Later, ShimingError, TooMany, Unavailable
from app.kernel.ids import AccountId
from app.kernel.secret import Secret
from app.kernel.sentence import Language
from app.pages.flow_finding import enter
from app.pages.offices import offices_of
from app.policies import RouteClass
from app.posting.service import JudgedAccount
from app.verification.domain import IdentityLevel, Reason
from app.verification.errors import PossessionRequired, SignInEnded
from app.verification.sign_ins import AwaitedCode, PhoneToText, Session
from app.web.forms import browser_secret, give_secret, new_browser_secret, read_form, take_secret
from app.web.language import language_of
from app.web.problems import NoSuchAddress, status_of
from app.web.rates import address_of
from app.web.templating import page
from app.web.words import come_back, text
from app.wiring import Services

if TYPE_CHECKING:
    from app.web.seats import AllSeats

router = APIRouter(prefix="/me", include_in_schema=False)
FormOf = Annotated[Mapping[str, str], Depends(read_form)]
_BROWSER, _SESSION = "me-browser", "me"
_BROWSER_SECONDS, _SESSION_SECONDS = 3600, policies.SESSION_LONGEST.value * 60
_FORUM, _ACCOUNT = (re.compile(rf"{kind}_[0-9a-f]{{32}}", re.ASCII) for kind in ("frm", "acc"))


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a person: the forum they came from, and the account that they are about to close."""

    request: Request
    services: Services
    forum: Forum
    account_id: str | None

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind.PERSON, "visitor", self.request.scope["request_id"])

    def session(self) -> Session | None:
        secret = browser_secret(self.request, _SESSION)
        return self.services.sign_ins.session(secret, self.forum.id) if secret else None

    def awaited(self) -> AwaitedCode | None:
        browser = browser_secret(self.request, _BROWSER)
        return self.services.sign_ins.awaited(browser) if browser else None

    def accounts(self, session: Session) -> list[JudgedAccount]:
        return [self.services.posting.get_account(self.forum.id, account_id) for account_id in session.account_ids]

    def address(self, step: str = "", **more: str) -> str:
        """Of a page of this forum, on the way to what this visit is about."""
        named = {"forum": self.forum.id} | ({"account": self.account_id} if self.account_id else {}) | more
        return f"/me{step}?{urlencode(named)}"

    @property
    def home(self) -> str:
        return f"/me?{urlencode({'forum': self.forum.id})}"

    def go(self, step: str = "") -> Response:
        return RedirectResponse(self.address(step) if step else self.home, HTTPStatus.SEE_OTHER)

    def show(
        self, template: str, *, error: tuple[str, str] | None = None, status: int = HTTPStatus.OK, **more: object
    ) -> Response:
        errors = [error] if error else []
        values = {"forum": self.forum.name, "at": self.address, "home": self.home, "errors": errors, **more}
        response = page(self.request, f"pages/me/{template}.html", values, status=status, forum_id=self.forum.id)
        if browser_secret(self.request, _BROWSER) is None:  # before the first form, so that one sent twice is one
            give_secret(self.request, response, _BROWSER, new_browser_secret(), _BROWSER_SECONDS)
        return response

    def show_code(self, awaited: AwaitedCode, error: str | None = None, status: int = HTTPStatus.OK) -> Response:
        said, again_at = ("code", error) if error else None, _whole_minute(awaited.again_at)
        return self.show("code", error=said, status=status, awaited=awaited, again_at=again_at)

    def say(self, key: str, **values: object) -> str:
        return text(language_of(self.request), key, **values)


def _found(request: Request) -> Visit | None:
    """None for whoever names no forum that there is."""
    services: Services = request.app.state.services
    asked, account_id = (request.query_params.get(name, "") for name in ("forum", "account"))
    forum = services.forums.find(asked) if _FORUM.fullmatch(asked) else None
    return Visit(request, services, forum, account_id if _ACCOUNT.fullmatch(account_id) else None) if forum else None


def _visit(request: Request) -> Visit:
    """Raises `NoSuchAddress`."""
    visit = _found(request)
    if visit is None:
        raise NoSuchAddress
    return visit


VisitOf = Annotated[Visit, Depends(_visit)]


@router.get("")
def me(request: Request) -> Response:
    """What is held about whoever is signed in, in the forum they came from; else where they sign in."""
    visit = _found(request)
    if visit is None:
        return page(request, "pages/me/enter.html", {})
    session = visit.session()
    if session is None:
        return visit.show("phone")
    shown = [_shown(visit, account) for account in visit.accounts(session)]
    opened = visit.services.disclosures.tellings.shown_to(session.account_ids)
    return visit.show("me", accounts=shown, opened=opened)


def _shown(visit: Visit, account: JudgedAccount) -> tuple[object, ...]:
    """An account, its status, its offices, and the moderator agreement as far as it concerns a person at document.

    Then what they asked for and nobody sees, and what was decided against them.
    """
    standing, services = account.standing, visit.services
    account_id, status = standing.account.id, standing.status(account.now)
    offices = offices_of(services, visit.forum.id, account_id)
    binding = None
    if offices or (standing.identity is not None and standing.identity.level is IdentityLevel.DOCUMENT):
        binding = services.agreements.standing(account_id, AgreementKind.MODERATOR)
    unseen = [] if status is AccountStatus.CLOSED else list(services.own_names.of(standing.account).values())
    against = [] if status is AccountStatus.CLOSED else services.complaints.appeals.notices(visit.forum.id, account_id)
    return account, status, offices, binding, [(one, one.text and one.text.reveal()) for one in unseen], against


@router.get("/phone")
def phone_page(visit: VisitOf) -> Response:
    """Where a phone is typed, also by whoever is signed in."""
    return visit.show("phone")


@router.post("/phone")
async def ask_for_code(visit: VisitOf, form: FormOf) -> Response:
    """Sends a code to any mainland phone, known or not."""
    typed = form.get("phone", "").strip()
    if not typed:
        return _phone_again(visit, visit.say("me.error.phone_empty"))
    return await _send(visit, Secret(typed))


@router.post("/again")
async def ask_again(visit: VisitOf, _form: FormOf) -> Response:
    """Sends another code to the phone that this browser named."""
    browser = browser_secret(visit.request, _BROWSER)
    to = await run_in_threadpool(visit.services.sign_ins.phone_again, browser) if browser else None
    return await _send(visit, to) if to else visit.go()


async def _send(visit: Visit, to: Secret[str] | PhoneToText) -> Response:
    request, sign_ins = visit.request, visit.services.sign_ins
    seats: AllSeats = request.app.state.seats
    browser = browser_secret(request, _BROWSER) or new_browser_secret()
    try:
        phone = sign_ins.prepare(to) if isinstance(to, Secret) else to
        request.app.state.rates.admit(RouteClass.TEXTS, address_of(request.scope))
        async with seats.sms.take():
            if isinstance(phone, Secret):
                async with seats.index.take():
                    phone = await run_in_threadpool(sign_ins.index, phone)
            await run_in_threadpool(sign_ins.send, visit.actor, browser, phone)
    except (Invalid, TooMany, Unavailable) as refusal:
        return await run_in_threadpool(_refused, visit, refusal, again=isinstance(to, PhoneToText))
    response = visit.go("/code")
    give_secret(request, response, _BROWSER, browser, _BROWSER_SECONDS)
    return response


def _refused(visit: Visit, refusal: ShimingError, *, again: bool) -> Response:
    """The page one was at. Nothing that was typed stands in it; a code that was sent before is still good."""
    if isinstance(refusal, Invalid):
        said = refusal.fields[0].detail.in_language(language_of(visit.request))
    else:
        wait = refusal.retry_after if isinstance(refusal, Later) else 0
        key = "me.error.too_fast" if isinstance(refusal, TooMany) else "me.error.unavailable"
        said = visit.say(key, time=come_back(language_of(visit.request), visit.services.clock.now(), wait))
    status, awaited = status_of(type(refusal)), visit.awaited() if again else None
    response = visit.show_code(awaited, said, status) if awaited else _phone_again(visit, said, status)
    if isinstance(refusal, Later):
        response.headers["retry-after"] = str(refusal.retry_after)
    return response


def _whole_minute(moment: datetime) -> datetime:
    """The next one: people are told no seconds, and must not come too early."""
    return moment + timedelta(minutes=1) if moment.second or moment.microsecond else moment


def _phone_again(visit: Visit, said: str, status: int = HTTPStatus.UNPROCESSABLE_ENTITY) -> Response:
    return visit.show("phone", error=("phone", said), status=status)


@router.get("/code")
def code_page(visit: VisitOf) -> Response:
    """Where the code is typed; whoever awaits none is shown where they stand."""
    awaited = visit.awaited()
    return visit.show_code(awaited) if awaited else visit.go()


@router.post("/code")
def enter_code(visit: VisitOf, form: FormOf) -> Response:
    """Signs in with a right code. A form that comes late lands where this browser stands."""
    request, sign_ins = visit.request, visit.services.sign_ins
    browser, before = browser_secret(request, _BROWSER), browser_secret(request, _SESSION)
    typed = form.get("code", "").strip()
    try:
        entry = sign_ins.enter(visit.actor, browser, Secret(typed), before) if browser else None
    except Invalid:
        return _code_again(visit, visit.say("me.error.code_format" if typed else "me.error.code_empty"))
    if entry is not None and entry.session is not None:
        response = visit.go("/close" if visit.account_id else "")
        give_secret(request, response, _SESSION, entry.session, _SESSION_SECONDS)
        return response
    if entry is not None and entry.reason is Reason.CODE_WRONG:
        return _code_again(visit, visit.say("me.error.code_wrong", n=entry.tries_left))
    if visit.session() is not None:
        return visit.go()
    ended = {Reason.CODE_EXPIRED: "me.error.code_expired", Reason.CODE_EXHAUSTED: "me.error.code_exhausted"}
    key = ended.get(entry.reason, "me.error.stale") if entry and entry.reason else "me.error.stale"
    return _phone_again(visit, visit.say(key))


def _code_again(visit: Visit, said: str) -> Response:
    awaited = visit.awaited()
    return visit.show_code(awaited, said, HTTPStatus.UNPROCESSABLE_ENTITY) if awaited else visit.go()


@router.post("/sign-out")
def sign_out(visit: VisitOf, _form: FormOf) -> Response:
    secret, response = browser_secret(visit.request, _SESSION), visit.go()
    if secret is not None:
        visit.services.sign_ins.end(visit.actor, secret)
        take_secret(visit.request, response, _SESSION)
    return response


@router.get("/close")
def closing_page(visit: VisitOf) -> Response:
    """What closing an account does. Raises `NoSuchAccount` for one that is not this person's."""
    session = visit.session()
    if session is None:
        return visit.show("phone")
    mine = [account.standing.account for account in visit.accounts(session)]
    account = next((one for one in mine if one.id == visit.account_id), None)
    if account is None:
        raise NoSuchAccount
    if account.closed_at is not None:
        return visit.go()
    if not session.fresh:
        return visit.show("phone")
    return visit.show("close", account=account, days=policies.CLOSURE_REVERSIBLE.value)


@router.post("/close")
def close(visit: VisitOf, _form: FormOf) -> Response:
    """Closes it, at once and for good; twice is once. Raises `NoSuchAccount`."""
    secret = browser_secret(visit.request, _SESSION) or new_browser_secret()
    try:
        visit.services.sign_ins.close(visit.actor, secret, visit.forum.id, visit.account_id or "")
    except (SignInEnded, PossessionRequired):
        return visit.show("phone", status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return visit.go()


@router.post("/handle")
def choose_handle(visit: VisitOf, _form: FormOf) -> Response:
    """Leads into a flow in which another handle is chosen, where theirs is not shown.

    Raises `NoSuchAccount` for another's account, `TooMany`.
    """
    session = visit.session()
    if session is None:
        return visit.show("phone", status=HTTPStatus.UNPROCESSABLE_ENTITY)
    services, account_id = visit.services, own_account(visit, session)
    if not is_placeholder(account_id, services.accounts.get(visit.forum.id, account_id).handle):
        return visit.go()
    given = services.registrations.begin_from_refusal(visit.actor, visit.forum.id, account_id, handle=True)
    return enter(visit.request, services, given)


@router.post("/reverify")
def reverify(visit: VisitOf, _form: FormOf) -> Response:
    """Leads into a flow that ends with a document. Raises `NoSuchAccount` for another's account, `TooMany`."""
    session = visit.session()
    if session is None:
        return visit.show("phone", status=HTTPStatus.UNPROCESSABLE_ENTITY)
    account_id = own_account(visit, session)
    given = visit.services.registrations.begin_from_refusal(visit.actor, visit.forum.id, account_id, document=True)
    return RedirectResponse(given.url.reveal().removeprefix(visit.services.issuer), HTTPStatus.SEE_OTHER)


def own_account(visit: Visit, session: Session) -> AccountId:
    """Raises `NoSuchAccount`."""
    found = next((one for one in session.account_ids if one == visit.account_id), None)
    if found is None:
        raise NoSuchAccount
    return found


@router.get("/agreement")
def agreement(visit: VisitOf) -> Response:
    """The whole text of a version; where it awaits the person who reads it, with the way to accept it.

    Raises `NoSuchAddress`.
    """
    return _agreement(visit)


@router.post("/agreement")
def accept_agreement(visit: VisitOf, form: FormOf) -> Response:
    """Records that an account accepted the moderator agreement in force; twice is once. Raises `NoSuchAccount`.

    Source: L6d.
    """
    session = visit.session()
    if session is None:
        return visit.show("phone", status=HTTPStatus.UNPROCESSABLE_ENTITY)
    account_id, kind = own_account(visit, session), AgreementKind.MODERATOR
    if form.get("accept") != "yes":
        return _agreement(visit, error=("accept", visit.say("flow.agreement.not_ticked")))
    try:
        visit.services.agreements.accept(
            visit.actor, account_id, kind, form.get("version", "")[:32], AcceptanceChannel.PAGE
        )
    except UnknownAgreementVersion:
        return _agreement(visit, error=("", visit.say("flow.agreement.changed")))
    return visit.go()


def _agreement(visit: Visit, error: tuple[str, str] | None = None) -> Response:
    asked = visit.request.query_params
    version, kind = asked.get("version", ""), asked.get("kind", AgreementKind.USER)
    known = version.isprintable() and kind in frozenset(AgreementKind)
    found = visit.services.agreements.find(AgreementKind(kind), version[:32]) if known else None
    if found is None:
        raise NoSuchAddress
    body = found.text_en if language_of(visit.request) is Language.ENGLISH else found.text_zh
    blocks = [block.strip() for block in body.split("\n\n")]
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return visit.show(
        "agreement", error=error, status=status, agreement=found, blocks=blocks, awaits=_awaits(visit, found)
    )


def _awaits(visit: Visit, read: AgreementVersion) -> bool:
    """Whether this is the moderator agreement in force, and an account of whoever reads it has not accepted it."""
    session = visit.session()
    if read.kind is not AgreementKind.MODERATOR or session is None or visit.account_id not in session.account_ids:
        return False
    binding = visit.services.agreements.standing(own_account(visit, session), AgreementKind.MODERATOR)
    return binding is not None and not binding.accepted and binding.version == read.version
