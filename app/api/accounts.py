"""Routes of accounts and agreements (`docs/api.md` part 3)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from app.accounts.domain import AccountStatus, Basis
from app.accounts.sanctions import Sanctions
from app.agreements.domain import AcceptanceChannel, AgreementKind
from app.api.account_shapes import (
    Acceptance,
    Account,
    AccountPage,
    Agreement,
    AgreementAcceptance,
    AgreementText,
    Ban,
    ChangedAccount,
    Closing,
    NewAccount,
    Reinstatement,
    Suspension,
    account_out,
)
from app.api.cursors import read_cursor, write_cursor
from app.api.dependencies import (
    IN_PROGRESS,
    ONCE,
    READING,
    WRITING,
    AccountsCaller,
    Caller,
    ServicesOf,
    problems,
    refuse_unknown_query,
)
from app.api.once import Once, OnceOf
from app.kernel.actor import Actor
from app.kernel.ids import ForumId
from app.posting.domain import StandingFilter
from app.screening.domain import Field, Text
from app.screening.service import refuse_unreadable
from app.wiring import Services

router = APIRouter(prefix="/v1", tags=["accounts"])
_NOT_FOUND = {404: "not-found"}


@dataclass(frozen=True, slots=True)
class _Acts:
    """What a forum does to one account: takes effect once, and answers with the account as it then stands."""

    caller: Caller
    services: Services
    once: Once

    def take(
        self, account_id: str, act: Callable[[Sanctions, Actor, ForumId], None], violation_id: str | None = None
    ) -> Response:
        """`violation_id` is that for which it is done."""

        def work() -> Account:
            if violation_id is not None:
                self.services.violations.refuse_another(self.caller.forum_id, violation_id, account_id)
            act(self.services.sanctions, self.caller.actor, self.caller.forum_id)
            return account_out(self.services.posting.get_account(self.caller.forum_id, account_id))

        return self.once.answer(self.caller, 200, work)


def _acts(caller: AccountsCaller, services: ServicesOf, once: OnceOf) -> _Acts:
    return _Acts(caller, services, once)


ActsOf = Annotated[_Acts, Depends(_acts)]


@router.post(
    "/accounts",
    status_code=201,
    response_model=Account,
    responses=problems(
        {**ONCE, 409: f"handle-taken, external-id-taken, {IN_PROGRESS}", 422: f"{ONCE[422]}, handle-invalid"}
    ),
)
def register_account(body: NewAccount, caller: AccountsCaller, services: ServicesOf, once: OnceOf) -> Response:
    """Registers an account, unverified; also the way to bring in a forum's existing users."""

    def work() -> Account:
        account = services.accounts.register(
            caller.actor, caller.forum_id, body.handle, body.external_id, body.profile.as_profile()
        )
        return account_out(services.posting.get_account(caller.forum_id, account.id))

    return once.answer(caller, 201, work)


@router.get(
    "/accounts", responses=problems({**READING, 422: "validation-failed"}), dependencies=[Depends(refuse_unknown_query)]
)
def list_accounts(
    caller: AccountsCaller,
    services: ServicesOf,
    handle: Annotated[str | None, Query(max_length=100)] = None,
    external_id: Annotated[str | None, Query(max_length=200)] = None,
    status: Annotated[Literal["unverified", "active", "suspended", "banned", "closed"] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
) -> AccountPage:
    """The forum's accounts, oldest first; the filters narrow together."""
    asked = ((Field.HANDLE, "/handle", handle), (Field.EXTERNAL_ID, "/external_id", external_id))
    refuse_unreadable(Text(field, pointer, text) for field, pointer, text in asked if text is not None)
    found = services.posting.list_accounts(
        StandingFilter(
            forum_id=caller.forum_id,
            handle=handle,
            external_id=external_id,
            status=AccountStatus(status) if status else None,
            after=read_cursor(cursor, "acc_"),
            limit=limit + 1,
        )
    )
    shown = found[:limit]
    next_cursor = write_cursor(shown[-1].standing.account.id) if len(found) > limit else None
    return AccountPage(items=[account_out(judged) for judged in shown], next_cursor=next_cursor)


@router.get("/accounts/{account_id}", responses=problems({**READING, **_NOT_FOUND}))
def get_account(account_id: str, caller: AccountsCaller, services: ServicesOf) -> Account:
    return account_out(services.posting.get_account(caller.forum_id, account_id))


@router.patch(
    "/accounts/{account_id}",
    responses=problems(
        {
            **WRITING,
            **_NOT_FOUND,
            409: "handle-taken, external-id-taken, state-conflict",
            422: "validation-failed, handle-invalid",
        }
    ),
)
def change_account(account_id: str, body: ChangedAccount, caller: AccountsCaller, services: ServicesOf) -> Account:
    """Changes what is given; the old handle stays reserved for this account for 90 days."""
    services.accounts.change(caller.actor, caller.forum_id, account_id, body.as_change())
    return account_out(services.posting.get_account(caller.forum_id, account_id))


@router.post(
    "/accounts/{account_id}/suspend",
    response_model=Account,
    responses=problems({**ONCE, **_NOT_FOUND, 409: f"state-conflict, needs-confirmation, {IN_PROGRESS}"}),
)
def suspend_account(account_id: str, body: Suspension, acts: ActsOf) -> Response:
    """Stops posting at once; a second suspension replaces the first."""
    basis = Basis(body.ground, body.violation_id)
    return acts.take(
        account_id,
        lambda to, actor, forum: to.suspend(actor, forum, account_id, body.reason, body.until, basis),
        body.violation_id,
    )


@router.post(
    "/accounts/{account_id}/ban",
    response_model=Account,
    responses=problems({**ONCE, **_NOT_FOUND, 409: f"needs-confirmation, {IN_PROGRESS}"}),
)
def ban_account(account_id: str, body: Ban, acts: ActsOf) -> Response:
    """Stops posting at once and until it is lifted; a ban replaces a suspension."""
    basis = Basis(body.ground, body.violation_id)
    return acts.take(
        account_id, lambda to, actor, forum: to.ban(actor, forum, account_id, body.reason, basis), body.violation_id
    )


@router.post(
    "/accounts/{account_id}/close",
    response_model=Account,
    responses=problems({**ONCE, **_NOT_FOUND, 409: f"needs-confirmation, {IN_PROGRESS}"}),
)
def close_account(account_id: str, body: Closing, acts: ActsOf) -> Response:
    """Ends the account at once; within 30 days it can be reinstated."""
    return acts.take(account_id, lambda to, actor, forum: to.close(actor, forum, account_id, body.reason))


@router.post(
    "/accounts/{account_id}/reinstate",
    response_model=Account,
    responses=problems({**ONCE, **_NOT_FOUND, 409: f"state-conflict, {IN_PROGRESS}"}),
)
def reinstate_account(account_id: str, body: Reinstatement, acts: ActsOf) -> Response:
    """Lifts what the status shows: a suspension, a ban, or a closing of less than 30 days."""
    return acts.take(account_id, lambda to, actor, forum: to.reinstate(actor, forum, account_id, body.reason))


@router.get(
    "/agreements/current",
    dependencies=[Depends(refuse_unknown_query)],
    responses=problems({**READING, **_NOT_FOUND, 422: "validation-failed"}),
    tags=["agreements"],
)
def current_agreement(
    kind: Annotated[Literal["user", "moderator"], Query()], _caller: AccountsCaller, services: ServicesOf
) -> Agreement:
    """The agreement in force; its Chinese text decides."""
    current = services.agreements.current(AgreementKind(kind))
    return Agreement(
        kind=current.kind,
        version=current.version,
        title=current.title,
        text=AgreementText(zh=current.text_zh, en=current.text_en),
        sha256=current.sha256,
        effective_at=current.effective_at,
        accept_by=current.accept_by,
    )


@router.post(
    "/accounts/{account_id}/agreements",
    status_code=201,
    response_model=AgreementAcceptance,
    responses=problems({**ONCE, **_NOT_FOUND, 409: f"state-conflict, {IN_PROGRESS}"}),
    tags=["agreements"],
)
def accept_agreement(
    account_id: str, body: Acceptance, caller: AccountsCaller, services: ServicesOf, once: OnceOf
) -> Response:
    """Records that this account accepted the agreement in force; nothing is ever taken back out."""

    def work() -> AgreementAcceptance:
        account = services.accounts.get_open(caller.forum_id, account_id)
        accepted = services.agreements.accept(
            caller.actor, account.id, AgreementKind(body.kind), body.version, AcceptanceChannel.FORUM
        )
        return AgreementAcceptance(
            kind=accepted.kind, version=accepted.version, accepted_at=accepted.accepted_at, channel=accepted.channel
        )

    return once.answer(caller, 201, work)
