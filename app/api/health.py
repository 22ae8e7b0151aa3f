"""Whether the process is up, and whether it can work."""

from typing import Literal

from fastapi import APIRouter
from sqlalchemy import text

from app.api.dependencies import ServicesOf, problems
from app.api.shapes import Answer
from app.kernel.errors import Unavailable
from app.kernel.sentence import Sentence

router = APIRouter(tags=["health"])
_DATABASE_DOWN = Sentence("数据库没有应答。", "The database does not answer.")


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
    """Fails on database and keys alone; the refusal names which."""
    try:
        with services.unit_of_work.read() as tx:
            tx.session.execute(text("SELECT 1"))
    except Unavailable:
        raise Unavailable(detail=_DATABASE_DOWN) from None
    return Ready(status="ok", database="ok", keys="ok")
