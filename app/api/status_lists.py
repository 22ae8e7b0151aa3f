"""Route of the status lists (`docs/api.md` part 6): public, cached, for forums that check tokens offline."""

from fastapi import APIRouter, Request, Response

from app.api.dependencies import ServicesOf, problems

router = APIRouter(prefix="/v1/status-lists", tags=["tokens"])
_MEDIA_TYPE = "application/statuslist+jwt"
_NOT_MODIFIED = 304


class _StatusListResponse(Response):
    media_type = _MEDIA_TYPE


@router.get(
    "/{forum_id}",
    response_class=_StatusListResponse,
    responses={
        200: {"content": {_MEDIA_TYPE: {"schema": {"type": "string"}}}},
        304: {"description": "what `If-None-Match` names is still so"},
        **problems({404: "not-found", 429: "rate-limited", 503: "unavailable"}),
    },
)
def get_status_list(forum_id: str, request: Request, services: ServicesOf) -> Response:
    """The states of a forum's accounts: 0 valid, 1 revoked, 2 suspended, 3 ask. No login.

    `idx` in a posting token's `status` says where to look. Source: IETF Token Status List.
    """
    found = services.status_lists.get(forum_id, services.clock.now())
    headers = {"cache-control": f"public, max-age={found.max_age}", "etag": found.etag}
    if found.etag in [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=_NOT_MODIFIED, headers=headers)
    return _StatusListResponse(found.token, headers=headers)
