"""Routes of appeals (`docs/api.md` part 8): from anybody, and what they are about for the staff."""

from fastapi import APIRouter, Response

from app.api.appeal_shapes import AccountAppeal, BackgroundShown, FirstDecisionShown, ProofShown
from app.api.complaint_shapes import CaseFiled
from app.api.complaints import PUBLIC_ONCE, WhoeverFiles
from app.api.dependencies import IN_PROGRESS, ServicesOf, problems
from app.api.once import OnceOf
from app.api.staff_callers import NOT_FOUND
from app.api.staff_complaints import ComplaintsCaller
from app.api.staff_dependencies import READING_STAFF, staff_router

router = APIRouter(prefix="/v1", tags=["complaints"])
staff = staff_router("/complaints")


@router.post(
    "/appeals",
    status_code=201,
    response_model=CaseFiled,
    responses=problems({**PUBLIC_ONCE, 409: f"state-conflict, {IN_PROGRESS}"}),
)
def file_appeal(body: AccountAppeal, caller: WhoeverFiles, services: ServicesOf, once: OnceOf) -> Response:
    """Asks for another person against a suspension, a ban, a refused verification, a screening or a sanction."""
    new = body.read()
    return once.answer(
        caller, 201, lambda: CaseFiled.of(services.complaints.appeals.file(new, caller.actor.request_id))
    )


@staff.get("/{case_id}/background", responses=problems({**READING_STAFF, **NOT_FOUND}))
def show_background(case_id: str, caller: ComplaintsCaller, services: ServicesOf) -> BackgroundShown:
    """What an appeal is against; of a complaint of misused identity, whether it was proved."""
    case = services.complaints.handling.show(caller.actor, case_id).view.case
    first, seen = services.complaints.appeals.first_decision(case), services.complaints.misuse.seen(case.id)
    return BackgroundShown(
        first_decision=FirstDecisionShown.of(first) if first else None, proof=ProofShown.of(seen) if seen else None
    )
