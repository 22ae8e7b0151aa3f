"""Who of the staff may call what, and what routes of the staff refuse with."""

from typing import Annotated

from fastapi import Depends, Query

from app.api.dependencies import IN_PROGRESS
from app.api.shapes import Answer
from app.api.staff_dependencies import READING_STAFF, StaffCaller, staff_with
from app.staff.access import Permission

LISTING_STAFF = {**READING_STAFF, 422: "validation-failed"}
NOT_FOUND = {404: "not-found"}
CONFLICT = {409: f"state-conflict, {IN_PROGRESS}"}
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=200)]
OfForum = Annotated[
    str | None, Query(min_length=1, max_length=60, description="A forum's id; all where none is named.")
]

OverviewCaller = Annotated[StaffCaller, Depends(staff_with(Permission.OVERVIEW))]
ForumsCaller = Annotated[StaffCaller, Depends(staff_with(Permission.FORUMS))]
ModeratorsCaller = Annotated[StaffCaller, Depends(staff_with(Permission.MODERATORS))]
BoardsOfAllCaller = Annotated[StaffCaller, Depends(staff_with(Permission.BOARDS))]
AccountsOfAllCaller = Annotated[StaffCaller, Depends(staff_with(Permission.ACCOUNTS))]
ReviewsCaller = Annotated[StaffCaller, Depends(staff_with(Permission.REVIEWS))]
ViolationsCaller = Annotated[StaffCaller, Depends(staff_with(Permission.VIOLATIONS))]
ReportsOfAllCaller = Annotated[StaffCaller, Depends(staff_with(Permission.REPORTS))]
LexiconsCaller = Annotated[StaffCaller, Depends(staff_with(Permission.LEXICONS))]
AuditCaller = Annotated[StaffCaller, Depends(staff_with(Permission.AUDIT))]
WorkCaller = Annotated[StaffCaller, Depends(staff_with(Permission.WORK))]


class Named(Answer):
    """Who did something, or to what: a kind and an id, never a person's."""

    kind: str
    id: str
