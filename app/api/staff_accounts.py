"""Routes by which staff look at one account: named exactly, and never by who is behind it (`docs/api.md` part 9)."""

from typing import Annotated

from fastapi import Depends, Query

from app.accounts.domain import AccountName
from app.api.account_shapes import Account, account_out
from app.api.cursors import read_cursor, write_cursor
from app.api.dependencies import ServicesOf, problems, refuse_unknown_query
from app.api.shapes import Answer, Stamp
from app.api.staff_callers import LISTING_STAFF, NOT_FOUND, AccountsOfAllCaller, Cursor, Limit, Named, OfForum
from app.api.staff_dependencies import staff_router
from app.compliance.domain import Event
from app.kernel.errors import FieldError, Invalid
from app.kernel.ids import ForumId
from app.kernel.sentence import Sentence
from app.posting.service import JudgedAccount
from app.screening.domain import Field, Text
from app.screening.service import refuse_unreadable

router = staff_router("/accounts")
_ONE_NAME = FieldError(
    "",
    "exactly-one",
    Sentence(
        "用 account_id、handle、external_id 中的一个，写全。",
        "Give exactly one of account_id, handle, external_id, in full.",
    ),
)
_PLACE = "at "


class StaffAccount(Account):
    forum_id: str

    @classmethod
    def of(cls, judged: JudgedAccount) -> "StaffAccount":
        return cls(**account_out(judged).model_dump(), forum_id=judged.standing.account.forum_id)


class StaffAccountList(Answer):
    items: list[StaffAccount]
    """One for each forum in which somebody goes by that name."""


class EventShown(Answer):
    at: Stamp
    what: str
    actor: Named | None
    object: Named
    outcome: str | None
    code: str | None
    """Why, in a word of the log."""
    reason: str | None
    """Why, in the words of whoever did it."""
    due_at: Stamp | None
    entry_id: str | None
    """Of the entry that proves it."""

    @classmethod
    def of(cls, event: Event) -> "EventShown":
        actor = event.actor_kind is not None and event.actor_id is not None
        return cls(
            at=event.at,
            what=event.what,
            actor=Named(kind=str(event.actor_kind), id=str(event.actor_id)) if actor else None,
            object=Named(kind=event.object_kind, id=event.object_id),
            outcome=event.outcome,
            code=event.code,
            reason=event.reason,
            due_at=event.due_at,
            entry_id=event.entry_id,
        )


class Timeline(Answer):
    items: list[EventShown]
    next_cursor: str | None


@router.get("", responses=problems(LISTING_STAFF), dependencies=[Depends(refuse_unknown_query)])
def find_accounts(
    _caller: AccountsOfAllCaller,
    services: ServicesOf,
    account_id: Annotated[str | None, Query(min_length=1, max_length=60)] = None,
    handle: Annotated[str | None, Query(min_length=1, max_length=100)] = None,
    external_id: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
    forum_id: OfForum = None,
) -> StaffAccountList:
    """The accounts that go by exactly this, in one forum or in each; nobody is found by less, or by a real name."""
    name = AccountName(account_id, handle, external_id)
    given = [(Field.HANDLE, "/handle", handle), (Field.EXTERNAL_ID, "/external_id", external_id)]
    if sum(one is not None for one in (account_id, handle, external_id)) != 1:
        raise Invalid([_ONE_NAME])
    refuse_unreadable(Text(field, pointer, text) for field, pointer, text in given if text is not None)
    found = services.posting.find_anywhere(name, ForumId(forum_id) if forum_id is not None else None)
    return StaffAccountList(items=[StaffAccount.of(judged) for judged in found])


@router.get(
    "/{account_id}/timeline",
    responses=problems({**LISTING_STAFF, **NOT_FOUND}),
    dependencies=[Depends(refuse_unknown_query)],
)
def show_timeline(
    account_id: str, _caller: AccountsOfAllCaller, services: ServicesOf, limit: Limit = 50, cursor: Cursor = None
) -> Timeline:
    """All that happened to an account and its offices, newest first; nothing of who is behind it."""
    after = read_cursor(cursor, _PLACE)
    events = services.compliance.timeline(account_id)
    if after is not None:
        events = [event for event in events if _place(event) < after]
    shown = events[:limit]
    return Timeline(
        items=[EventShown.of(event) for event in shown],
        next_cursor=write_cursor(_place(shown[-1])) if len(events) > limit else None,
    )


def _place(event: Event) -> str:
    """Sorts as events do."""
    return f"{_PLACE}{event.at:%Y-%m-%dT%H:%M:%S.%f} {event.key}"
