"""Routes of posting tokens (`docs/api.md` part 6)."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field, RootModel

from app.api.account_shapes import NamesAccount
from app.api.dependencies import WRITING, LanguageOf, MetricsOf, ServicesOf, TokensCaller, problems
from app.api.screening_shapes import ItemsGiven, Screening, items_of
from app.api.shapes import Answer, Request
from app.kernel.errors import FieldError, Invalid
from app.kernel.sentence import Sentence
from app.posting.domain import InactiveToken, PostingScope, Use
from app.posting.errors import PostingDenied, ReasonCode
from app.web.screening_said import screening_said

router = APIRouter(prefix="/v1/tokens", tags=["tokens"])
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


class NewPostingToken(NamesAccount):
    scope: ScopeText
    board: Board | None = None
    items: Annotated[ItemsGiven | None, Field(description="The content that the permit is bound to.")] = None


class PostingToken(Answer):
    token: str
    token_type: Literal["posting"]
    expires_in: int
    scope: str
    account_id: str
    jti: str
    screening: Screening | None = None
    """Where items were sent along."""


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
    response_model_exclude_unset=True,
    responses=problems({**WRITING, 403: "insufficient-scope, posting-denied", 404: "account-not-found"}),
)
def issue_token(
    body: NewPostingToken, caller: TokensCaller, services: ServicesOf, metrics: MetricsOf, language: LanguageOf
) -> PostingToken:
    """A signed permit to post, or every reason why there is none.

    An ES256 JWT: check `typ` posting+jwt, `iss` (this service), `aud` (your forum id), `exp`, and `scope`; `sub` is the
    account id. The account is named by exactly one of account_id, handle, external_id. With `items` the permit is
    good for that content alone: `content_sha256` is the hex SHA-256 of the RFC 8785 form of `[{"field", "text"}, ...]`;
    permit or refusal, `screening` says what was found.
    """
    use = Use(tuple(_read_scope(body.scope)), body.board)
    try:
        if body.items is None:
            issued = services.posting.issue(caller.forum_id, body.account_name(), use)
        else:
            items = items_of(body.items)
            issued = services.posting.issue_for(caller.actor, caller.forum_id, body.account_name(), use, items)
    except PostingDenied as denied:
        services.tally.refuse(caller.forum_id, [denial.code for denial in denied.reasons])
        raise
    services.tally.permit(caller.forum_id)
    metrics.permitted()
    found = {} if issued.screened is None else {"screening": screening_said(issued.screened, language)}
    return PostingToken.model_validate(
        {
            "token": issued.token,
            "token_type": "posting",
            "expires_in": issued.expires_in,
            "scope": " ".join(issued.scope),
            "account_id": issued.account_id,
            "jti": issued.jti,
            **found,
        }
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
