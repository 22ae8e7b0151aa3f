"""The overview: are we compliant today?"""

from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app.console.visits import Visit, console_router, visit_at

router = console_router()


@router.get("")
def overview(visit: Annotated[Visit, Depends(visit_at("overview"))]) -> Response:
    return visit.show("overview")
