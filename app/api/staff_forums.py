"""Routes of forums and their credentials, for staff (`docs/api.md` part 9)."""

from typing import Annotated, Self

from fastapi import Depends, Response
from pydantic import Field

from app.api.cursors import read_cursor, write_cursor
from app.api.dependencies import ServicesOf, problems, refuse_unknown_query
from app.api.once import OnceOf
from app.api.shapes import Answer, Request, Stamp, ToldOnce
from app.api.staff_callers import CONFLICT, LISTING_STAFF, NOT_FOUND, Cursor, ForumsCaller, Limit
from app.api.staff_dependencies import ONCE_STAFF, READING_STAFF, staff_router
from app.api.webhook_shapes import NoContent
from app.forums.domain import Credentials, ForumStatus, Registration

router = staff_router("/forums")


class NewForum(Request):
    name: Annotated[str, Field(min_length=1, max_length=80)]
    return_urls: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=2000)]],
        Field(max_length=20, description="Where people may be sent back to."),
    ] = Field(default_factory=list)
    direct_verification: Annotated[
        str | None, Field(min_length=1, max_length=400, description="Why this forum may send documents itself.")
    ] = None


class SecretShown(Answer):
    created_at: Stamp
    expires_at: Stamp | None
    """Until when an old one still opens; null for the newest."""


class StaffForum(Answer):
    id: str
    name: str
    status: ForumStatus
    client_id: str
    direct_verification: str | None
    return_urls: list[str]
    secrets: list[SecretShown]
    created_at: Stamp

    @classmethod
    def of(cls, found: Registration) -> "StaffForum":
        forum = found.forum
        return cls(
            id=forum.id,
            name=forum.name,
            status=forum.status,
            client_id=found.client_id,
            direct_verification=forum.direct_verification,
            return_urls=list(forum.return_urls),
            secrets=[SecretShown(created_at=live.created_at, expires_at=live.expires_at) for live in found.secrets],
            created_at=forum.created_at,
        )


class StaffForumPage(Answer):
    items: list[StaffForum]
    next_cursor: str | None


class ForumCredentials(ToldOnce):
    forum_id: str
    client_id: str
    client_secret: str | None = Field(description="Told this once; null in a replayed answer.")

    def without_it(self) -> Self:
        return self.model_copy(update={"client_secret": None})


class ActsConfirmed(Answer):
    forum_id: str
    confirmed_until: Stamp


@router.get("", responses=problems(LISTING_STAFF), dependencies=[Depends(refuse_unknown_query)])
def list_forums(
    _caller: ForumsCaller, services: ServicesOf, limit: Limit = 50, cursor: Cursor = None
) -> StaffForumPage:
    """All forums, oldest first; never a secret."""
    found = services.forums.list_all(read_cursor(cursor, "frm_"), limit + 1)
    shown = found[:limit]
    return StaffForumPage(
        items=[StaffForum.of(one) for one in shown],
        next_cursor=write_cursor(shown[-1].forum.id) if len(found) > limit else None,
    )


@router.get("/{forum_id}", responses=problems({**READING_STAFF, **NOT_FOUND}))
def show_forum(forum_id: str, _caller: ForumsCaller, services: ServicesOf) -> StaffForum:
    return StaffForum.of(services.forums.show(forum_id))


@router.post("", status_code=201, response_model=ForumCredentials, responses=problems(ONCE_STAFF))
def add_forum(body: NewForum, caller: ForumsCaller, services: ServicesOf, once: OnceOf) -> Response:
    """Registers a forum and the one client that speaks for it; the secret is shown once."""

    def work() -> ForumCredentials:
        made = services.forums.add(caller.actor, body.name, body.return_urls, body.direct_verification)
        return _told(made)

    return once.answer(caller, 201, work)


@router.post(
    "/{forum_id}/rotate-secret",
    response_model=ForumCredentials,
    responses=problems({**ONCE_STAFF, **NOT_FOUND, **CONFLICT}),
)
def rotate_forum_secret(
    forum_id: str, caller: ForumsCaller, services: ServicesOf, once: OnceOf, _body: NoContent | None = None
) -> Response:
    """A new secret, shown once; the last one still opens for a day."""
    return once.answer(caller, 200, lambda: _told(services.forums.rotate_secret(caller.actor, forum_id)))


@router.post("/{forum_id}/disable", response_model=StaffForum, responses=problems({**ONCE_STAFF, **NOT_FOUND}))
def disable_forum(
    forum_id: str, caller: ForumsCaller, services: ServicesOf, once: OnceOf, _body: NoContent | None = None
) -> Response:
    """Cuts the forum's backend off at its next call; its webhook endpoints hear nothing more."""

    def work() -> StaffForum:
        services.forums.disable(caller.actor, forum_id)
        return StaffForum.of(services.forums.show(forum_id))

    return once.answer(caller, 200, work)


@router.post(
    "/{forum_id}/confirm", response_model=ActsConfirmed, responses=problems({**ONCE_STAFF, **NOT_FOUND, **CONFLICT})
)
def confirm_acts(
    forum_id: str, caller: ForumsCaller, services: ServicesOf, once: OnceOf, _body: NoContent | None = None
) -> Response:
    """For an hour the forum may suspend, ban and close more accounts than the cap allows."""

    def work() -> ActsConfirmed:
        return ActsConfirmed(forum_id=forum_id, confirmed_until=services.forums.confirm_acts(caller.actor, forum_id))

    return once.answer(caller, 200, work)


def _told(made: Credentials) -> ForumCredentials:
    return ForumCredentials(forum_id=made.forum_id, client_id=made.client_id, client_secret=made.client_secret.reveal())
