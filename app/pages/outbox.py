"""The texts that were "sent" in this process: a page for people and a list for programs, in development only."""

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from app.verification.sms.sandbox import SentText
from app.web.templating import page

if TYPE_CHECKING:
    from app.wiring import Services

router = APIRouter(include_in_schema=False)


@router.get("/dev/outbox")
async def outbox_page(request: Request) -> Response:
    """Newest first, and looked at again by itself."""
    texts = [
        {"to": sent.to.reveal(), "text": sent.text.reveal(), "code": _code(sent), "sent_at": sent.sent_at}
        for sent in reversed(_outbox(request))
    ]
    return page(request, "pages/outbox.html", {"texts": texts})


@router.get("/dev/outbox.json")
async def outbox(request: Request) -> JSONResponse:
    """Newest last."""
    return JSONResponse(
        [
            {
                "to": sent.to.reveal(),
                "text": sent.text.reveal(),
                "code": _code(sent),
                "sent_at": sent.sent_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            }
            for sent in _outbox(request)
        ]
    )


def _code(sent: SentText) -> str | None:
    return sent.code.reveal() if sent.code else None


def _outbox(request: Request) -> list[SentText]:
    services: Services = request.app.state.services
    return services.sandbox_sender.outbox() if services.sandbox_sender else []
