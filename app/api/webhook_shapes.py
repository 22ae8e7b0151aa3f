"""Shapes of webhook endpoints and deliveries."""

from typing import Annotated, Literal, Self

from pydantic import Field

from app.api.shapes import Answer, Request, Stamp
from app.events.catalogue import EventType
from app.events.domain import EVERYTHING, Delivery, DeliveryState, Endpoint, EndpointStatus, GivenEndpoint, Subscription
from app.kernel.errors import FieldError, Invalid
from app.kernel.sentence import Sentence

_EVERYTHING_ALONE = FieldError(
    "/events", "not-allowed", Sentence("“*” 已包含所有类型，单独使用。", '"*" stands for every type; give it alone.')
)


class NewEndpoint(Request):
    url: Annotated[
        str,
        Field(
            min_length=1,
            max_length=2000,
            description="https, on the public internet, by name or usual IP; in development http and private too.",
        ),
    ]
    events: Annotated[
        list[Annotated[EventType, Field(strict=False)] | Literal["*"]],
        Field(min_length=1, max_length=len(EventType), description='Types, or `["*"]` for all there are and will be.'),
    ]

    def subscription(self) -> Subscription:
        """Raises `Invalid` for `*` beside types."""
        types = frozenset(each for each in self.events if isinstance(each, EventType))
        if EVERYTHING not in self.events:
            return Subscription(types)
        if types:
            raise Invalid([_EVERYTHING_ALONE])
        return Subscription(None)


class NoContent(Request):
    """An empty object: there is nothing to say."""


class EndpointShown(Answer):
    id: str
    url: str
    events: list[str]
    status: EndpointStatus
    """`paused` failed again and again and is tried again within minutes; `disabled` answered 410: test it."""
    created_at: Stamp


class EndpointBegun(EndpointShown):
    secret: str


class EndpointPage(Answer):
    items: list[EndpointShown]
    next_cursor: str | None


class AttemptShown(Answer):
    at: Stamp
    status: int | None
    error: str | None
    """Why there was no answer."""
    duration_ms: int


class DeliveryShown(Answer):
    id: str
    endpoint_id: str
    event_id: str
    type: EventType
    state: DeliveryState
    created_at: Stamp
    next_attempt_at: Stamp | None
    finished_at: Stamp | None
    attempts: list[AttemptShown]

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        return cls(
            id=delivery.id,
            endpoint_id=delivery.endpoint_id,
            event_id=delivery.event_id,
            type=delivery.kind,
            state=delivery.state,
            created_at=delivery.due_at,
            next_attempt_at=delivery.next_attempt_at if delivery.state is DeliveryState.WAITING else None,
            finished_at=delivery.finished_at,
            attempts=[
                AttemptShown(at=one.at, status=one.status, error=one.fault, duration_ms=one.milliseconds)
                for one in delivery.attempts
            ],
        )


class DeliveryPage(Answer):
    items: list[DeliveryShown]
    next_cursor: str | None


def endpoint_out(endpoint: Endpoint, status: EndpointStatus) -> EndpointShown:
    return EndpointShown(
        id=endpoint.id,
        url=endpoint.url,
        events=list(endpoint.subscription.written()),
        status=status,
        created_at=endpoint.created_at,
    )


def begun_out(given: GivenEndpoint, status: EndpointStatus) -> EndpointBegun:
    return EndpointBegun(**endpoint_out(given.endpoint, status).model_dump(), secret=given.secret.reveal())
