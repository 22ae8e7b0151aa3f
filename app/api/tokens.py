"""Routes of posting tokens (`docs/api.md` part 6)."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field, RootModel

from app.api.account_shapes import NamesAccount
from app.api.dependencies import WRITING, MetricsOf, ServicesOf, TokensCaller, problems
from app.api.shapes import Answer, Request
from app.kernel.errors import FieldError, Invalid
from app.kernel.sentence import Sentence
from app.posting.domain import InactiveToken, PostingScope, Use
from app.posting.errors import ReasonCode

router = APIRouter(prefix="/v1/tokens", tags=["tokens"])
_LATER = Sentence("这个版本还不支持。", "This version does not offer it yet.")
_UNKNOWN_SCOPE = FieldError(
    "/scope",
    "not-allowed",
    Sentence(
        "scope 是用空格分开的：post reply edit attach like message profile board_create moderate。",
        "scope is a space-separated list out of: post reply edit attach like message profile board_create moderate.",
    ),
)
ScopeText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        description="Space-separated: post reply edit attach like message profile board_create moderate.",
    ),
]
Board = Annotated[str, Field(min_length=1, max_length=100, description="A board's id or slug.")]


class ScreeningItem(Request):
    field: Literal[
        "handle",
        "display_name",
        "bio",
        "signature",
        "board_name",
        "board_description",
        "title",
        "post",
        "reply",
        "message",
    ]
    text: Annotated[str, Field(max_length=20_000)]
    account_id: str | None = None
    board: str | None = None
    ref: str | None = None


class NewPostingToken(NamesAccount):
    scope: ScopeText
    board: Board | None = None
    items: Annotated[list[ScreeningItem], Field(max_length=500)] | None = None


class PostingToken(Answer):
    token: str
    token_type: Literal["posting"]
    expires_in: int
    scope: str
    account_id: str
    jti: str


class TokenToVerify(Request):
    token: Annotated[str, Field(min_length=1, max_length=8192)]
    scope: ScopeText | None = None
    board: Board | None = None


class ActiveVerdict(Answer):
    active: Literal[True]
    account_id: str
    handle: str
    scope: str
    board: str | None
    jti: str
    exp: int


class InactiveVerdict(Answer):
    active: Literal[False]
    reason: ReasonCode


class TokenVerdict(RootModel[ActiveVerdict | InactiveVerdict]):
    """Good for this use now, or not and why."""


@router.post(
    "",
    status_code=201,
    responses=problems({**WRITING, 403: "insufficient-scope, posting-denied", 404: "account-not-found"}),
)
def issue_token(body: NewPostingToken, caller: TokensCaller, services: ServicesOf, metrics: MetricsOf) -> PostingToken:
    """A signed permit to post, or every reason why there is none.

    An ES256 JWT: check `typ` posting+jwt, `iss` (this service), `aud` (your forum id), `exp`, and `scope`; `sub` is the
    account id. The account is named by exactly one of account_id, handle, external_id.
    """
    scope = _read_scope(body.scope)
    if body.items is not None:
        raise Invalid([FieldError("/items", "not-available", _LATER)])
    issued = services.posting.issue(caller.forum_id, body.account_name(), Use(tuple(scope), body.board))
    metrics.permitted()
    return PostingToken(
        token=issued.token,
        token_type="posting",  # noqa: S106 -- the kind of token
        expires_in=issued.expires_in,
        scope=" ".join(issued.scope),
        account_id=issued.account_id,
        jti=issued.jti,
    )


@router.post("/verify", responses=problems(WRITING))
def verify_token(body: TokenToVerify, caller: TokensCaller, services: ServicesOf, metrics: MetricsOf) -> TokenVerdict:
    """Judges the account's standing now, not at issue."""
    scope = _read_scope(body.scope) if body.scope is not None else []
    verdict = services.posting.verify(caller.forum_id, body.token, scope, body.board)
    if isinstance(verdict, InactiveToken):
        metrics.denied([verdict.reason])
        return TokenVerdict(InactiveVerdict(active=False, reason=verdict.reason))
    return TokenVerdict(
        ActiveVerdict(
            active=True,
            account_id=verdict.account_id,
            handle=verdict.handle,
            scope=" ".join(verdict.scope),
            board=verdict.board,
            jti=verdict.jti,
            exp=verdict.exp,
        )
    )


def _read_scope(text: str) -> list[PostingScope]:
    """The scopes asked for, once each, in their order."""
    try:
        return list(dict.fromkeys(PostingScope(word) for word in text.split(" ")))
    except ValueError:
        raise Invalid([_UNKNOWN_SCOPE]) from None
