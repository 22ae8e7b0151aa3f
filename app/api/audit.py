"""Routes of the audit log (`docs/api.md` part 10): what anybody may keep, and proofs for staff."""

import base64
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import Field

from app.api.dependencies import (
    READING,
    RatesOf,
    ServicesOf,
    authorization_of,
    client_of_token,
    problems,
    refuse_unknown_query,
)
from app.api.shapes import Answer
from app.audit.errors import NotNumberedYet
from app.audit.proofs import in_base64
from app.forums.errors import StaffOnly
from app.kernel.actor import Actor
from app.kernel.secret import Secret
from app.policies import RouteClass
from app.web.rates import address_of
from app.wiring import Services

router = APIRouter(prefix="/v1/audit", tags=["audit"])
_PUBLIC = problems({429: "rate-limited", 503: "unavailable"})
_STAFF = problems({**READING, 403: "insufficient-scope, role-not-sufficient", 422: "validation-failed"})
_NOT_FOUND = problems({404: "not-found"})
_LARGEST = 2**53


class InclusionProof(Answer):
    """With the log's key this is all that it takes to see that the entry is in the log."""

    entry: str = Field(description="Canonical JSON, byte for byte.")
    index: int
    proof: list[str]
    checkpoint: str = Field(description="A signed note, to whose root the proof leads.")


class ConsistencyProof(Answer):
    """That the log of `to` entries begins with the one of `from` entries."""

    origin: str
    from_root: str
    to_root: str
    proof: list[str]


def auditor(request: Request, services: ServicesOf, rates: RatesOf) -> Actor:
    """The dependency that admits who may read the log. Raises `Unauthenticated`, and `StaffOnly` for a forum."""
    scheme, _, token = authorization_of(request).partition(" ")
    token = token.strip(" ") if scheme.lower() == "bearer" else ""
    found = services.auditor(Secret(token)) if token else None
    if found is None:
        if "authorization" in request.headers:  # the gate has counted who sent none
            rates.admit(RouteClass.PUBLIC, address_of(request.scope))
        client_of_token(services, token)
        raise StaffOnly
    rates.admit(RouteClass.READS, found.id)
    return found


@router.get("/checkpoint", response_class=PlainTextResponse, responses=_PUBLIC)
def get_checkpoint(services: ServicesOf) -> PlainTextResponse:
    """The newest hourly signed checkpoint, which anybody may keep. Source: C2SP tlog-checkpoint."""
    note = services.audit.public_checkpoints.newest()
    if note is None:
        raise NotNumberedYet
    return PlainTextResponse(note)


@router.get("/key", response_class=PlainTextResponse, responses=_PUBLIC)
def get_key(services: ServicesOf) -> PlainTextResponse:
    """The verifier key, `name+hash+key`; one line for each log, that of the newest first. Source: C2SP signed-note."""
    return PlainTextResponse("".join(f"{key}\n" for key in services.audit.proofs.verifier_keys()))


@router.get(
    "/proofs/inclusion",
    responses={**_STAFF, **_NOT_FOUND},
    dependencies=[Depends(auditor), Depends(refuse_unknown_query)],
)
def prove_inclusion(
    services: ServicesOf, response: Response, entry_id: Annotated[str, Query(alias="id", min_length=1, max_length=40)]
) -> InclusionProof:
    """That an entry is in the log, under what was signed last. For staff."""
    receipt = services.audit.proofs.inclusion(entry_id)
    _tell_size(response, services)
    return InclusionProof(
        entry=receipt.entry, index=receipt.index, proof=in_base64(receipt.proof), checkpoint=receipt.checkpoint
    )


@router.get("/proofs/consistency", responses=_STAFF, dependencies=[Depends(auditor), Depends(refuse_unknown_query)])
def prove_consistency(
    services: ServicesOf,
    response: Response,
    old: Annotated[int, Query(alias="from", ge=1, le=_LARGEST)],
    new: Annotated[int, Query(alias="to", ge=1, le=_LARGEST)],
) -> ConsistencyProof:
    """That the newest log has only grown between two sizes. For staff."""
    shown = services.audit.proofs.consistency(old, new)
    _tell_size(response, services)
    old_root, new_root = in_base64([shown.old_root, shown.new_root])
    return ConsistencyProof(origin=shown.origin, from_root=old_root, to_root=new_root, proof=in_base64(shown.proof))


def _tell_size(response: Response, services: Services) -> None:
    """Every answer to staff says how long the log was, so that whoever keeps it sees what was cut off later."""
    newest = services.audit.proofs.newest()
    response.headers["audit-checkpoint"] = f"{newest.size}:{base64.b64encode(newest.root).decode()}"
