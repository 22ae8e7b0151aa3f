"""What goes in and out of the application, kept for a test to search."""

from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass
class Exchange:
    path: str
    asked: bytearray = field(default_factory=bytearray)
    """Query, headers and body of the request."""
    status: int = 0
    media_type: str = ""
    answered: bytearray = field(default_factory=bytearray)
    """Headers and body of the answer."""


class Recorder:
    """Stands in front of the application and changes nothing."""

    def __init__(self, exchanges: list[Exchange], app: ASGIApp) -> None:
        self._exchanges, self._app = exchanges, app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = Exchange(scope["path"], bytearray(scope["raw_path"] + b"?" + scope["query_string"] + _text(scope)))
        self._exchanges.append(exchange)

        async def hear() -> Message:
            message = await receive()
            exchange.asked += message.get("body", b"")
            return message

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                exchange.media_type = dict(message["headers"]).get(b"content-type", b"").decode()
                exchange.answered += _text(message)
            exchange.answered += message.get("body", b"")
            await send(message)

        await self._app(scope, hear, tell)


def _text(headed: Scope | Message) -> bytes:
    return b"\n" + b"\n".join(name + b": " + value for name, value in headed["headers"]) + b"\n\n"
