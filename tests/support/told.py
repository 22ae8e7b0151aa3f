"""What a forum is told by webhooks, read where it waits to be sent."""

import json

from sqlalchemy import select

from app.events.models import DeliveryRow, EventRow
from app.wiring import Services
from tests.support.forum import ForumBackend, Json

NOBODY_LISTENS = "http://127.0.0.1:9/hooks"


def listen(forum: ForumBackend) -> None:
    """From now on the forum is told everything."""
    made = forum.post("/v1/webhook-endpoints", {"url": NOBODY_LISTENS, "events": ["*"]})
    assert made.status_code == 201, made.text


def told(services: Services, *kinds: str) -> list[Json]:
    """Everything that was told of these kinds, oldest first; of all kinds where none is named."""
    with services.unit_of_work.read() as tx:
        query = select(EventRow.body).join(DeliveryRow, DeliveryRow.event_id == EventRow.id)
        bodies = [json.loads(body) for body in tx.session.scalars(query.order_by(DeliveryRow.number))]
    return [body for body in bodies if not kinds or body["type"] in kinds]
