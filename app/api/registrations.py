"""Routes of registrations and verification sessions (`docs/api.md` part 3): a link for a person, what became of it."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from app.api.account_shapes import Account, ExternalId, Handle, account_out
from app.api.dependencies import IN_PROGRESS, ONCE, READING, AccountsCaller, ServicesOf, problems
from app.api.once import OnceOf
from app.api.shapes import Answer, Request, Stamp
from app.kernel.sentence import Language
from app.registration.domain import FlowKind, FlowStatus, Stand
from app.registration.service import Wanted
from app.screening import service as screening
from app.screening.domain import Field as TextField
from app.screening.domain import Text

router = APIRouter(prefix="/v1", tags=["registrations"])
_NOT_FOUND = {404: "not-found"}
_REFUSALS = {**ONCE, 422: f"{ONCE[422]}, return-url-not-registered"}
ReturnUrl = Annotated[str, Field(min_length=1, max_length=2000, description="One that is registered for the forum.")]


class NewRegistration(Request):
    return_url: ReturnUrl
    state: (
        Annotated[
            str, Field(min_length=1, max_length=500, pattern="^[ -~]+$", description="Comes back as it was given.")
        ]
        | None
    ) = None
    handle: Handle | None = None
    external_id: ExternalId | None = None
    locale: (
        Annotated[str, Field(max_length=35, pattern="^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$", description="BCP 47.")]
        | None
    ) = None

    def language(self) -> Language | None:
        """Of the two that the pages speak; None leaves it to the person's browser."""
        tag = (self.locale or "").lower()
        return next((known for known in Language if tag == known or tag.startswith((f"{known}-", f"{known}_"))), None)


class NewSession(Request):
    return_url: ReturnUrl


class RegistrationShown(Answer):
    id: str
    status: FlowStatus
    expires_at: Stamp
    account: Account | None


class RegistrationBegun(RegistrationShown):
    url: str


class SessionShown(Answer):
    id: str
    account_id: str
    status: FlowStatus
    expires_at: Stamp


class SessionBegun(SessionShown):
    url: str


@router.post("/registrations", status_code=201, response_model=RegistrationBegun, responses=problems(_REFUSALS))
def begin_registration(body: NewRegistration, caller: AccountsCaller, services: ServicesOf, once: OnceOf) -> Response:
    """A link for one new person: send their browser there; they come back verified, or not.

    The link works for 30 minutes, and longer when the person asks for it. A new one for the same `external_id`
    replaces the open one.
    """

    def work() -> RegistrationBegun:
        given = [(TextField.HANDLE, "/handle", body.handle), (TextField.EXTERNAL_ID, "/external_id", body.external_id)]
        screening.refuse_unreadable(Text(field, pointer, text) for field, pointer, text in given if text is not None)
        wanted = Wanted(body.return_url, body.state, body.handle, body.external_id, body.language())
        link = services.registrations.begin(caller.actor, caller.forum_id, wanted)
        flow = link.stand.flow
        return RegistrationBegun(
            id=flow.id, status=link.stand.status, expires_at=flow.expires_at, account=None, url=link.url.reveal()
        )

    return once.answer(caller, 201, work)


@router.get("/registrations/{registration_id}", responses=problems({**READING, **_NOT_FOUND}))
def get_registration(registration_id: str, caller: AccountsCaller, services: ServicesOf) -> RegistrationShown:
    """What became of it; the account once it is completed."""
    stand = services.registrations.get(caller.forum_id, FlowKind.REGISTRATION, registration_id)
    account = None
    if stand.status is FlowStatus.COMPLETED and stand.flow.account_id is not None:
        account = account_out(services.posting.get_account(caller.forum_id, stand.flow.account_id))
    flow = stand.flow
    return RegistrationShown(id=flow.id, status=stand.status, expires_at=flow.expires_at, account=account)


@router.post(
    "/accounts/{account_id}/verification-sessions",
    status_code=201,
    response_model=SessionBegun,
    responses=problems({**_REFUSALS, **_NOT_FOUND, 409: f"state-conflict, {IN_PROGRESS}"}),
)
def begin_session(
    account_id: str, body: NewSession, caller: AccountsCaller, services: ServicesOf, once: OnceOf
) -> Response:
    """The same pages for an account that exists: an old user, an upgrade to a document, a re-verification."""

    def work() -> SessionBegun:
        link = services.registrations.begin_session(caller.actor, caller.forum_id, account_id, body.return_url)
        return SessionBegun(**_session(link.stand).model_dump(), url=link.url.reveal())

    return once.answer(caller, 201, work)


@router.get("/verification-sessions/{session_id}", responses=problems({**READING, **_NOT_FOUND}))
def get_session(session_id: str, caller: AccountsCaller, services: ServicesOf) -> SessionShown:
    """What became of it."""
    return _session(services.registrations.get(caller.forum_id, FlowKind.SESSION, session_id))


def _session(stand: Stand) -> SessionShown:
    flow = stand.flow
    return SessionShown(id=flow.id, account_id=str(flow.account_id), status=stand.status, expires_at=flow.expires_at)
