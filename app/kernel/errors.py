"""The families of refusal. Which HTTP status each becomes is known only to `app.web.problems`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.kernel.sentence import Sentence


class ShimingError(Exception):
    """A refusal with a stable `code` and a sentence that says what is so and what to do."""

    code: ClassVar[str]
    sentence: ClassVar[Sentence]

    def __init__(self, detail: Sentence | None = None) -> None:
        self.detail = detail or self.sentence
        super().__init__(self.code)


class NotFound(ShimingError):
    code = "not-found"
    sentence = Sentence("没有这条记录，或它不属于你的论坛。", "There is no such record, or it is not your forum's.")


class Conflict(ShimingError):
    code = "state-conflict"
    sentence = Sentence(
        "现在的状态不允许这样做，先查询最新状态。", "Its present state does not allow this; read it again."
    )


class Denied(ShimingError):
    """Understood, and not allowed."""


class NeedsSecondPerson(Denied):
    """Whoever began or proposed it is not who may go on with it."""

    code = "needs-second-person"
    sentence = Sentence("这一步要由另一个人来做。", "This takes another person.")


class Unauthenticated(ShimingError):
    code = "invalid-token"
    sentence = Sentence(
        "访问令牌无效或已过期，请在 /oauth/token 换取新的。",
        "The access token is missing, invalid or expired; get a new one at /oauth/token.",
    )


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field; never its value."""

    pointer: str
    reason: str
    detail: Sentence


class Invalid(ShimingError):
    """Well-formed, but with fields that cannot be accepted."""

    code = "validation-failed"
    sentence = Sentence(
        "请求里有字段需要修改，见 errors。", "Some fields need to be changed; `errors` says which and why."
    )

    def __init__(self, fields: Sequence[FieldError] = (), detail: Sentence | None = None) -> None:
        super().__init__(detail)
        self.fields = tuple(fields)


class Later(ShimingError):
    """A refusal that says when to come back; `retry_after` in seconds."""

    def __init__(self, retry_after: int, detail: Sentence | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class TooMany(Later):
    """Over a rate or a limit."""

    code = "rate-limited"
    sentence = Sentence("操作太快，请按 Retry-After 稍后再试。", "Too fast; try again after Retry-After.")


class Unavailable(Later):
    """The service cannot answer now."""

    code = "unavailable"
    sentence = Sentence(
        "身份服务暂时不可用，稍后再发；草稿还在，浏览不受影响。",
        "The identity service is not available; try again shortly. Your draft is kept; reading stays open.",
    )

    def __init__(self, retry_after: int = 2, detail: Sentence | None = None) -> None:
        super().__init__(retry_after, detail)


class StartRefused(Exception):
    """The service will not start, and says in one sentence why and what to do."""
