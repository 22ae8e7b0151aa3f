"""Whether the process is up, and whether it can work."""

from typing import Literal

from fastapi import APIRouter

from app.api.dependencies import ServicesOf, problems
from app.api.shapes import Answer
from app.kernel.errors import StartRefused, Unavailable
from app.kernel.sentence import Sentence

router = APIRouter(tags=["health"])
_DATABASE_DOWN = Sentence("数据库没有应答。", "The database does not answer.")
_KEYS_MISSING = Sentence(
    "数据库所用的密钥不全，见 shiming doctor。", "Keys that the database needs are missing; see `shiming doctor`."
)


class Alive(Answer):
    status: Literal["ok"] = "ok"


class Ready(Answer):
    status: Literal["ok", "degraded"]
    database: Literal["ok"]
    keys: Literal["ok"]


@router.get("/livez")
async def alive() -> Alive:
    return Alive()


@router.get("/readyz", responses=problems({503: "unavailable"}))
def ready(services: ServicesOf) -> Ready:
    """Fails on database and keys alone, and names which; `degraded` where the audit log or its anchors are late."""
    try:
        services.refuse_missing_keys()
    except Unavailable:
        raise Unavailable(detail=_DATABASE_DOWN) from None
    except StartRefused:
        raise Unavailable(detail=_KEYS_MISSING) from None
    late = services.audit.watch.recall().is_late(services.clock.now())
    return Ready(status="degraded" if late else "ok", database="ok", keys="ok")
