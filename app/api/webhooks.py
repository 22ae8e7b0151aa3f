"""Routes of webhook endpoints and deliveries (`docs/api.md` part 11)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from app.api.cursors import read_cursor, read_place, write_cursor, write_place
from app.api.dependencies import ONCE, READING, ServicesOf, WebhooksCaller, problems, refuse_unknown_query
from app.api.once import OnceOf
from app.api.webhook_shapes import (
    DeliveryPage,
    DeliveryShown,
    EndpointBegun,
    EndpointPage,
    EndpointShown,
    NewEndpoint,
    NoContent,
    begun_out,
    endpoint_out,
)

router = APIRouter(prefix="/v1", tags=["webhooks"])
_NOT_FOUND = {404: "not-found"}
_LISTING = problems({**READING, 422: "validation-failed"})
_STATE = "state-conflict, idempotency-in-progress"


@router.post(
    "/webhook-endpoints", status_code=201, response_model=EndpointBegun, responses=problems({**ONCE, 409: _STATE})
)
def add_endpoint(body: NewEndpoint, caller: WebhooksCaller, services: ServicesOf, once: OnceOf) -> Response:
    """Where the forum wants to hear events from now on; the secret is shown once."""

    def work() -> EndpointBegun:
        given = services.webhooks.add(caller.actor, caller.forum_id, body.url, body.subscription())
        return begun_out(given, given.endpoint.status(services.clock.now()))

    return once.answer(caller, 201, work)


@router.get("/webhook-endpoints", responses=_LISTING, dependencies=[Depends(refuse_unknown_query)])
def list_endpoints(
    caller: WebhooksCaller,
    services: ServicesOf,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
) -> EndpointPage:
    """The forum's endpoints, oldest first."""
    found = services.webhooks.list(caller.forum_id, read_cursor(cursor, "whk_"), limit + 1)
    shown, now = found[:limit], services.clock.now()
    return EndpointPage(
        items=[endpoint_out(endpoint, endpoint.status(now)) for endpoint in shown],
        next_cursor=write_cursor(shown[-1].id) if len(found) > limit else None,
    )


@router.get("/webhook-endpoints/{endpoint_id}", responses=problems({**READING, **_NOT_FOUND}))
def get_endpoint(endpoint_id: str, caller: WebhooksCaller, services: ServicesOf) -> EndpointShown:
    endpoint = services.webhooks.get(caller.forum_id, endpoint_id)
    return endpoint_out(endpoint, endpoint.status(services.clock.now()))


@router.delete("/webhook-endpoints/{endpoint_id}", status_code=204, responses=problems({**READING, **_NOT_FOUND}))
def remove_endpoint(endpoint_id: str, caller: WebhooksCaller, services: ServicesOf) -> None:
    """It hears nothing more, not even what was on its way."""
    services.webhooks.remove(caller.actor, caller.forum_id, endpoint_id)


@router.post(
    "/webhook-endpoints/{endpoint_id}/rotate-secret",
    response_model=EndpointBegun,
    responses=problems({**ONCE, **_NOT_FOUND}),
)
def rotate_secret(
    endpoint_id: str, caller: WebhooksCaller, services: ServicesOf, once: OnceOf, _body: NoContent | None = None
) -> Response:
    """A new secret, shown once; for 24 hours the one before signs as well, so that nothing is missed."""

    def work() -> EndpointBegun:
        given = services.webhooks.rotate_secret(caller.actor, caller.forum_id, endpoint_id)
        return begun_out(given, given.endpoint.status(services.clock.now()))

    return once.answer(caller, 200, work)


@router.post(
    "/webhook-endpoints/{endpoint_id}/test",
    status_code=201,
    response_model=DeliveryShown,
    responses=problems({**ONCE, **_NOT_FOUND}),
)
def try_endpoint(
    endpoint_id: str, caller: WebhooksCaller, services: ServicesOf, once: OnceOf, _body: NoContent | None = None
) -> Response:
    """Sends `webhook.test`, also to an endpoint that is paused or disabled; a 2xx answer makes it active again."""

    def work() -> DeliveryShown:
        return DeliveryShown.of(services.webhooks.test(caller.actor, caller.forum_id, endpoint_id))

    return once.answer(caller, 201, work)


@router.get(
    "/webhook-endpoints/{endpoint_id}/deliveries",
    responses={**_LISTING, **problems(_NOT_FOUND)},
    dependencies=[Depends(refuse_unknown_query)],
)
def list_deliveries(
    endpoint_id: str,
    caller: WebhooksCaller,
    services: ServicesOf,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
) -> DeliveryPage:
    """What this endpoint was told, or is about to be, newest first, with every attempt."""
    found = services.webhooks.deliveries(caller.forum_id, endpoint_id, read_place(cursor), limit + 1)
    shown = found[:limit]
    return DeliveryPage(
        items=[DeliveryShown.of(delivery) for delivery in shown],
        next_cursor=write_place(shown[-1].due_at, shown[-1].id) if len(found) > limit else None,
    )


@router.post(
    "/webhook-deliveries/{delivery_id}/replay",
    status_code=201,
    response_model=DeliveryShown,
    responses=problems({**ONCE, **_NOT_FOUND, 409: _STATE}),
)
def replay_delivery(
    delivery_id: str, caller: WebhooksCaller, services: ServicesOf, once: OnceOf, _body: NoContent | None = None
) -> Response:
    """Tells the same event again, under the same event id, once its delivery has ended."""

    def work() -> DeliveryShown:
        return DeliveryShown.of(services.webhooks.replay(caller.actor, caller.forum_id, delivery_id))

    return once.answer(caller, 201, work)
