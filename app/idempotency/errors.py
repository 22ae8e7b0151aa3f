"""What can go wrong with a request that is sent again."""

from app import policies
from app.kernel.errors import Conflict, Invalid, Later
from app.kernel.sentence import Sentence


class KeyReused(Invalid):
    code = "idempotency-key-reused"
    sentence = Sentence(
        "这个 Idempotency-Key 已用于内容不同的请求，请换一个新键。",
        "This Idempotency-Key belongs to a request with another body; use a new key.",
    )


class InProgress(Conflict, Later):
    code = "idempotency-in-progress"
    sentence = Sentence(
        "同一个请求还在处理，请按 Retry-After 原样重发。",
        "The same request is still being worked on; repeat it unchanged after Retry-After.",
    )

    def __init__(self) -> None:
        super().__init__(policies.IDEMPOTENCY_RETRY.value)
