"""Routes of policies (`docs/organisation.md`): every number with its source, and those that staff may set."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Query, Response
from pydantic import Field

from app import policies
from app.api.cursors import BAD_CURSOR, read_cursor, read_number, write_cursor, write_number
from app.api.dependencies import IN_PROGRESS, ServicesOf, problems, refuse_unknown_query
from app.api.once import OnceOf
from app.api.receipt_shapes import ReceiptShown
from app.api.shapes import Answer, Moment, Request, Stamp
from app.api.staff_dependencies import (
    FRESH,
    ONCE_STAFF,
    READING_STAFF,
    WRITING_STAFF,
    StaffCaller,
    fresh_staff_with,
    staff_router,
    staff_with,
)
from app.api.staff_organisation_shapes import StaffReason
from app.boards.term_changes import ChangeMade, Rehearsed, TermName, WantedChange
from app.boards.terms import MadeChange, Why
from app.kernel.errors import Invalid
from app.kernel.ids import ForumId
from app.staff.access import Permission

router = staff_router("/policies")
PolicyKeeper = Annotated[StaffCaller, Depends(staff_with(Permission.POLICIES))]
FreshPolicyKeeper = Annotated[StaffCaller, Depends(fresh_staff_with(Permission.POLICIES))]
_LISTING = problems({**READING_STAFF, 404: "not-found", 422: "validation-failed"})
_OfForum = Annotated[str | None, Query(min_length=1, max_length=40)]
_Limit = Annotated[int, Query(ge=1, le=200)]
_Cursor = Annotated[str | None, Query(max_length=100)]
_POLICY, _CHANGE = "pol_", "trm_"


class PolicyShown(Answer):
    name: str
    value: int
    unit: str
    source: str
    setting: str | None = Field(description="The setting that may say otherwise for this installation.")
    in_force: int | None = Field(description="What holds now, of a number that staff may set; null for any other.")


class PolicyPage(Answer):
    items: list[PolicyShown]
    next_cursor: str | None


class RehearsalAsked(Request):
    name: Annotated[TermName, Field(strict=False)]
    value: Annotated[int, Field(ge=0, le=policies.REVERIFICATION_LONGEST.value)] | None = Field(
        description="Days; null for what the level above says."
    )
    forum_id: Annotated[str, Field(min_length=1, max_length=40, description="All forums where not given.")] | None = (
        None
    )
    effective_at: Annotated[Moment, Field(description="From now on where not given.")] | None = None

    def as_change(self) -> WantedChange:
        forum_id = ForumId(self.forum_id) if self.forum_id is not None else None
        return WantedChange(self.name, self.value, forum_id, self.effective_at)


class ChangeAsked(RehearsalAsked):
    source: Annotated[str, Field(min_length=1, max_length=80, description="A rule, or the word design.")] = "design"
    reason: StaffReason


class WeeksAsked(RehearsalAsked):
    weeks: Annotated[int, Field(ge=1, le=policies.FORECAST_WEEKS.value)] = 12


class PolicyChanged(Answer):
    number: int | None
    """In the history; null where it was so already and nothing has changed."""
    name: TermName
    value: int | None
    forum_id: str | None
    effective_at: Stamp
    receipt: ReceiptShown


class ChangeShown(Answer):
    """One change; a number that is null is left to the level above."""

    number: int
    forum_id: str | None
    board_id: str | None
    effective_at: Stamp
    interval_days: int | None
    grace_days: int | None
    lapse_stops_posting: bool | None
    source: str
    reason: str | None
    changed_by: str | None
    made_at: Stamp

    @classmethod
    def of(cls, made: MadeChange) -> "ChangeShown":
        change = made.change
        return cls(
            number=made.number,
            forum_id=made.forum_id,
            board_id=change.board_id,
            effective_at=change.effective_at,
            interval_days=change.interval_days,
            grace_days=change.grace_days,
            lapse_stops_posting=change.lapse_stops_posting,
            source=made.source,
            reason=made.reason,
            changed_by=made.changed_by,
            made_at=made.made_at,
        )


class ChangePage(Answer):
    items: list[ChangeShown]
    next_cursor: str | None


class RehearsedWeekShown(Answer):
    starts_on: str
    due: int
    due_then: int
    powers_off: int
    powers_off_then: int


class RehearsalShown(Answer):
    effective_at: Stamp
    moderators: int
    concerned: int
    weeks: list[RehearsedWeekShown]

    @classmethod
    def of(cls, found: Rehearsed) -> "RehearsalShown":
        weeks = [
            RehearsedWeekShown(
                starts_on=week.starts_on,
                due=week.due,
                due_then=week.due_then,
                powers_off=week.powers_off,
                powers_off_then=week.powers_off_then,
            )
            for week in found.weeks
        ]
        return cls(effective_at=found.effective_at, moderators=found.moderators, concerned=found.concerned, weeks=weeks)


@router.get("", responses=_LISTING, dependencies=[Depends(refuse_unknown_query)])
def list_policies(
    _caller: PolicyKeeper, services: ServicesOf, forum_id: _OfForum = None, limit: _Limit = 50, cursor: _Cursor = None
) -> PolicyPage:
    """Every number of the service with its unit and its source; of those that may be set, what holds now."""
    after = (read_cursor(cursor, _POLICY) or "").removeprefix(_POLICY)
    terms = services.term_changes.in_force(ForumId(forum_id) if forum_id is not None else None)
    settable = {name.value: name.of(terms) for name in TermName}
    found = list(_behind(after))
    shown = [
        PolicyShown(
            name=name,
            value=policy.value,
            unit=policy.unit,
            source=policy.source,
            setting=policy.setting,
            in_force=settable.get(name),
        )
        for name, policy in found[:limit]
    ]
    return PolicyPage(items=shown, next_cursor=write_cursor(_POLICY + shown[-1].name) if len(found) > limit else None)


def _behind(after: str) -> Iterator[tuple[str, policies.Policy]]:
    """Raises `Invalid` for a name that is none."""
    every = list(policies.every_number())
    if not after:
        return iter(every)
    places = [place for place, (name, _) in enumerate(every) if name == after]
    if not places:
        raise Invalid([BAD_CURSOR])
    return iter(every[places[0] + 1 :])


@router.post(
    "",
    status_code=201,
    response_model=PolicyChanged,
    responses=problems({**ONCE_STAFF, 403: FRESH, 404: "not-found", 409: IN_PROGRESS}),
)
async def change_policy(body: ChangeAsked, caller: FreshPolicyKeeper, services: ServicesOf, once: OnceOf) -> Response:
    """Changes a number for all forums or for one, from a moment on; it is on record before it changes.

    Nobody is given less than 30 days by it, and what is due already stays due.
    """
    wanted, why, changes = body.as_change(), Why(body.source, body.reason), services.term_changes
    return await once.answer_on_record(
        caller,
        201,
        lambda: changes.announce(caller.actor, wanted, why),
        lambda receipt: _changed(body, changes.make(caller.actor, wanted, why, receipt), ReceiptShown.of(receipt)),
    )


@router.get("/changes", responses=_LISTING, dependencies=[Depends(refuse_unknown_query)])
def list_changes(
    _caller: PolicyKeeper, services: ServicesOf, forum_id: _OfForum = None, limit: _Limit = 50, cursor: _Cursor = None
) -> ChangePage:
    """What was changed when, for whom and why, the newest first; nothing of it is ever deleted."""
    wanted = ForumId(forum_id) if forum_id is not None else None
    found = services.term_changes.history(wanted, read_number(cursor, _CHANGE), limit + 1)
    shown = found[:limit]
    return ChangePage(
        items=[ChangeShown.of(made) for made in shown],
        next_cursor=write_number(_CHANGE, shown[-1].number) if len(found) > limit else None,
    )


@router.post("/rehearse", responses=problems({**WRITING_STAFF, 404: "not-found"}))
def rehearse_policy(body: WeeksAsked, _caller: PolicyKeeper, services: ServicesOf) -> RehearsalShown:
    """What a change would do to everybody in office, week by week, beside what comes anyway. Writes nothing."""
    return RehearsalShown.of(services.term_changes.rehearse(body.as_change(), body.weeks))


def _changed(body: ChangeAsked, made: ChangeMade, receipt: ReceiptShown) -> PolicyChanged:
    return PolicyChanged(
        number=made.number,
        name=body.name,
        value=body.value,
        forum_id=body.forum_id,
        effective_at=made.effective_at,
        receipt=receipt,
    )
