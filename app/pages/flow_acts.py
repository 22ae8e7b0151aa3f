"""What a person does on the pages of a flow: each act is allowed at some steps, and leads to the next one."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from app.accounts.domain import AccountName
from app.kernel.ids import AccountId
from app.kernel.secret import Secret
from app.pages.flow_view import OTHER_DOCUMENTS, ended_address, path_of, show, show_link
from app.policies import RouteClass
from app.registration.domain import FlowStatus, Stand, Step, Way
from app.registration.errors import StepPassed
from app.registration.visits import Visit
from app.verification.documents import DocumentType
from app.verification.domain import Method, Outcome, Verification
from app.verification.phones import read_phone
from app.verification.service import GivenDocument
from app.web.checking import Applicant, Checking
from app.web.language import language_of
from app.web.rates import address_of
from app.web.words import text
from app.wiring import Services

Form = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Turn:
    """One act of one person: what they sent from which step."""

    request: Request
    services: Services
    visit: Visit
    form: Form

    @property
    def stand(self) -> Stand:
        return self.visit.stand

    @property
    def checking(self) -> Checking:
        return Checking(self.services.verifications, self.services.codes, self.request.app.state.seats)

    @property
    def applicant(self) -> Applicant:
        flow = self.visit.flow
        return Applicant(self.visit.actor, flow.forum_id, AccountName(account_id=flow.account_id))

    def word(self, key: str) -> object:
        return text(language_of(self.request, self.visit.flow.language), key)

    def onward(self, query: str = "") -> Response:
        return RedirectResponse(path_of(self.visit) + query, HTTPStatus.SEE_OTHER)

    async def again(self, step: Step, field: str, key: str) -> Response:
        """The same page, with what has to be mended."""
        return await run_in_threadpool(
            show,
            self.request,
            self.services,
            self.visit,
            step=step,
            errors=[(field, self.word(key))],
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
        )


async def _choose_handle(turn: Turn) -> Response:
    typed = turn.form.get("suggested") or turn.form.get("handle", "")
    if not typed.strip():
        return await turn.again(Step.HANDLE, "handle", "flow.handle.empty")
    await run_in_threadpool(turn.services.visits.choose_handle, turn.visit, typed)
    return turn.onward()


async def _accept(turn: Turn) -> Response:
    if turn.form.get("accept") != "yes":
        return await turn.again(Step.AGREEMENT, "accept", "flow.agreement.not_ticked")
    await run_in_threadpool(turn.services.visits.accept_agreement, turn.visit, turn.form.get("version", ""))
    await run_in_threadpool(turn.services.visits.finish, turn.visit.link)
    return turn.onward()


async def _choose_way(turn: Turn) -> Response:
    if turn.form.get("way") not in frozenset(Way):
        return await turn.again(Step.WAY, "way", "flow.way.none")
    await run_in_threadpool(turn.services.visits.choose_way, turn.visit, Way(turn.form["way"]))
    await run_in_threadpool(turn.services.visits.finish, turn.visit.link)
    return turn.onward()


async def _send_code(turn: Turn) -> Response:
    phone = Secret(turn.form.get("phone", ""))
    if not phone.reveal().strip():
        return await turn.again(Step.PHONE, "phone", "flow.phone.empty")
    note = turn.services.visits.noting(turn.visit, Step.PHONE, phone_ending=read_phone(phone).reveal()[-1])
    turn.request.app.state.rates.admit(RouteClass.TEXTS, address_of(turn.request.scope))
    sent = await turn.checking.send_code(turn.applicant, phone, note)
    turn.request.app.state.metrics.texted(sent.outcome)
    return turn.onward()


async def _enter_code(turn: Turn) -> Response:
    typed = Secret(turn.form.get("code", ""))
    attempt = turn.visit.flow.attempts[Step.PHONE]
    confirm = turn.services.codes.confirm
    judged = await run_in_threadpool(confirm, turn.visit.actor, turn.visit.flow.forum_id, attempt, typed)
    return await _judged(turn, judged)


async def _check_document(turn: Turn) -> Response:
    kind = DocumentType.RESIDENT_ID
    if turn.visit.flow.way is not Way.RESIDENT_ID:
        if turn.form.get("type") not in (*OTHER_DOCUMENTS, kind):
            return await turn.again(Step.DOCUMENT, "type", "flow.document.no_type")
        kind = DocumentType(turn.form["type"])
    return await _check(turn, Step.DOCUMENT, Method.ID2, kind)


async def _check_organisation(turn: Turn) -> Response:
    return await _check(turn, Step.ORGANISATION, Method.ORGANISATION, DocumentType.USCC)


async def _check(turn: Turn, step: Step, method: Method, kind: DocumentType) -> Response:
    for field in ("name", "number"):
        if not turn.form.get(field, "").strip():
            organisation, person = f"flow.organisation.missing.{field}", f"flow.document.missing.{field}"
            return await turn.again(step, field, organisation if step is Step.ORGANISATION else person)
    country = turn.form.get("country", "").strip() or None
    given = GivenDocument(
        kind,
        Secret(turn.form["number"]),
        Secret(turn.form["name"]),
        country.upper() if country and kind is DocumentType.PASSPORT else None,
    )
    note = turn.services.visits.noting(turn.visit, step)
    checked = await turn.checking.check_document(turn.applicant, method, given, note, lambda end: end())
    return await _judged(turn, checked)


async def _judged(turn: Turn, verification: Verification) -> Response:
    """On to the next step, or the same one again with what is to be mended; a stop is a page of its own."""
    turn.request.app.state.metrics.verified(verification.method, verification.outcome)
    if verification.outcome is Outcome.VERIFIED:
        await run_in_threadpool(turn.services.visits.finish, turn.visit.link)
        return turn.onward()
    visit = await run_in_threadpool(turn.services.visits.visit, turn.visit.link, turn.visit.secret)
    if visit.stand.step in {Step.STOPPED, Step.WAITING}:
        return turn.onward()
    mend = HTTPStatus.UNPROCESSABLE_ENTITY
    return await run_in_threadpool(show, turn.request, turn.services, visit, status=mend)


async def _ask_by_hand(turn: Turn) -> Response:
    flow = turn.visit.flow
    note = turn.services.visits.noting_by_hand(turn.visit)
    ask = turn.services.verifications.ask_by_hand
    await run_in_threadpool(ask, turn.visit.actor, flow.forum_id, AccountId(str(flow.account_id)), note)
    return turn.onward()


async def _go_without_phone(turn: Turn) -> Response:
    await run_in_threadpool(turn.services.visits.go_without_phone, turn.visit)
    return turn.onward()


async def _try_again(turn: Turn) -> Response:
    waiting = next(proof for proof, one in turn.stand.progress.items() if one.verification.outcome is Outcome.PENDING)
    await run_in_threadpool(turn.services.visits.ask_again, turn.visit, waiting)
    return turn.onward()


async def _extend(turn: Turn) -> Response:
    await run_in_threadpool(turn.services.visits.extend, turn.visit)
    return turn.onward()


async def _leave(turn: Turn) -> Response:
    """Straight back to the forum, which hears how it ended."""
    status = await run_in_threadpool(turn.services.visits.leave, turn.visit)
    ended = replace(turn.stand, flow=replace(turn.visit.flow, ended=status))
    address = ended_address(ended)
    if address is not None:
        return RedirectResponse(address, HTTPStatus.SEE_OTHER)
    done = {"done": status is FlowStatus.COMPLETED}
    return await run_in_threadpool(show_link, turn.request, ended, "left", done, HTTPStatus.OK)


@dataclass(frozen=True, slots=True)
class Act:
    run: Callable[[Turn], Awaitable[Response]]
    at: frozenset[Step]
    """The live steps at which it may be done; an earlier step may besides be filled in again while that is allowed."""
    fills: Step | None = None


_ANYWHERE = frozenset(Step) - {Step.NOTICE, Step.DONE}
ACTS: Mapping[str, Act] = {
    "handle": Act(_choose_handle, frozenset({Step.HANDLE}), Step.HANDLE),
    "agreement": Act(_accept, frozenset({Step.AGREEMENT})),
    "way": Act(_choose_way, frozenset({Step.WAY}), Step.WAY),
    "phone": Act(_send_code, frozenset({Step.PHONE}), Step.PHONE),
    "code": Act(_enter_code, frozenset({Step.CODE})),
    "document": Act(_check_document, frozenset({Step.DOCUMENT})),
    "organisation": Act(_check_organisation, frozenset({Step.ORGANISATION})),
    "by-hand": Act(_ask_by_hand, frozenset({Step.PHONE, Step.DOCUMENT})),
    "no-phone": Act(_go_without_phone, frozenset({Step.PHONE, Step.CODE})),
    "retry": Act(_try_again, frozenset({Step.WAITING})),
    "extend": Act(_extend, _ANYWHERE),
    "leave": Act(_leave, _ANYWHERE),
}


async def take(turn: Turn) -> Response:
    """Raises `StepPassed` for an act that the live step does not allow, and what the act's use case raises."""
    if turn.form.get("act") == "code" and turn.stand.step is Step.PHONE:
        return turn.onward()  # that code can be entered no more, and the page says why
    act = ACTS.get(turn.form.get("act", ""))
    allowed = act is not None and (
        turn.stand.step in act.at or (act.fills is not None and turn.stand.may_return_to(act.fills))
    )
    if act is None or not allowed:
        raise StepPassed
    return await act.run(turn)
