"""The search in the audit log, for staff (`docs/api.md` part 9)."""

from typing import Annotated

from fastapi import Depends, Query

from app.api.cursors import read_cursor, write_cursor
from app.api.dependencies import ServicesOf, problems, refuse_unknown_query
from app.api.shapes import Answer, Moment
from app.api.staff_callers import LISTING_STAFF, AuditCaller, Cursor, Limit, Named
from app.api.staff_dependencies import staff_router
from app.audit.search import FoundEntry, Question
from app.kernel.errors import FieldError, Invalid
from app.kernel.sentence import Sentence

router = staff_router("/audit")
_BEFORE = "entry "
_BAD_CURSOR = FieldError(
    "/cursor", "not-a-cursor", Sentence("请原样使用 next_cursor。", "Use next_cursor as it was given.")
)
_HIGHEST = 2**53
Searched = Annotated[str | None, Query(min_length=1, max_length=200)]


class EntryShown(Answer):
    id: str
    """For `/v1/audit/proofs/inclusion`."""
    origin: str
    index: int
    readable: bool
    """False where its bytes are gone or no entry: `shiming audit verify` says more."""
    at: str | None
    actor: Named | None
    action: str | None
    object: Named | None
    outcome: str | None
    reason: str | None
    case: str | None
    request_id: str | None

    @classmethod
    def of(cls, found: FoundEntry) -> "EntryShown":
        said = found.entry or {}
        return cls(
            id=found.entry_id,
            origin=found.origin,
            index=found.place[1],
            readable=found.entry is not None,
            at=_text(said.get("ts")),
            actor=_named(said.get("actor")),
            action=_text(said.get("action")),
            object=_named(said.get("object")),
            outcome=_text(said.get("outcome")),
            reason=_text(said.get("reason")),
            case=_text(said.get("case")),
            request_id=_text(said.get("req")),
        )


class EntryPage(Answer):
    items: list[EntryShown]
    next_cursor: str | None


def _question(
    action: Searched = None,
    actor: Searched = None,
    about: Annotated[str | None, Query(alias="object", min_length=1, max_length=200)] = None,
    after: Annotated[Moment | None, Query()] = None,
    before: Annotated[Moment | None, Query()] = None,
) -> Question:
    return Question(action, actor, about, after, before)


@router.get("/entries", responses=problems(LISTING_STAFF), dependencies=[Depends(refuse_unknown_query)])
def search_entries(
    caller: AuditCaller,
    services: ServicesOf,
    question: Annotated[Question, Depends(_question)],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> EntryPage:
    """Entries by what was done, by whom, to what and when, newest first. That somebody has searched is an entry too."""
    found = services.audit.search.find_for(caller.actor, question, limit + 1, _read_place(cursor))
    shown = found[:limit]
    return EntryPage(
        items=[EntryShown.of(one) for one in shown],
        next_cursor=write_cursor(f"{_BEFORE}{shown[-1].place[0]} {shown[-1].place[1]}") if len(found) > limit else None,
    )


def _read_place(cursor: str | None) -> tuple[int, int] | None:
    """Raises `Invalid`."""
    text = read_cursor(cursor, _BEFORE)
    if text is None:
        return None
    tree, _, number = text.removeprefix(_BEFORE).partition(" ")
    if not (tree.isdecimal() and number.isdecimal() and int(tree) < _HIGHEST and int(number) < _HIGHEST):
        raise Invalid([_BAD_CURSOR])
    return int(tree), int(number)


def _text(said: object) -> str | None:
    return said if isinstance(said, str) else None


def _named(said: object) -> Named | None:
    if not isinstance(said, dict):
        return None
    return Named(kind=str(said.get("kind")), id=str(said.get("id")))
