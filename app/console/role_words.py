"""Roles in words, what they open and what they exclude; and the form that chooses them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.console.moments import read_last_day
from app.console.visits import Fields, Visit
from app.staff.access import EXCLUDES, OPENED_BY, Permission, Role
from app.staff.domain import checked_roles
from app.staff.errors import RolesExclude

TICKED = "yes"


@dataclass(frozen=True, slots=True)
class OfferedRole:
    """One to tick, beside what it opens and what it excludes."""

    role: str
    field: str
    said: str
    opens: str
    excludes: str
    ticked: bool


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was typed: roles that go together, and an end if any; or what is wrong."""

    roles: frozenset[Role]
    ends_at: datetime | None
    wrong: Sequence[tuple[str, str]]


def field_of(role: Role) -> str:
    return f"role_{role}"


def said_roles(visit: Visit, roles: Collection[Role]) -> str:
    """In the order of the table."""
    between = visit.say("members.role.between")
    return between.join(visit.say(f"members.role.{role}") for role in Role if role in roles)


def said_permissions(visit: Visit, permissions: Collection[Permission]) -> list[str]:
    return [visit.say(f"members.opens.{permission}") for permission in Permission if permission in permissions]


def opened_by(roles: Collection[Role]) -> set[Permission]:
    return {permission for permission in Permission if not OPENED_BY[permission].isdisjoint(roles)}


def offered(visit: Visit, typed: Fields) -> list[OfferedRole]:
    between = visit.say("members.role.between")
    return [
        OfferedRole(
            role.value,
            field_of(role),
            visit.say(f"members.role.{role}"),
            between.join(said_permissions(visit, opened_by({role}))),
            said_roles(visit, EXCLUDES[role]),
            field_of(role) in typed,
        )
        for role in Role
    ]


def read_choice(visit: Visit, form: Fields) -> Chosen:
    """The last day is one of Shanghai, and still to come; empty is none."""
    wrong: list[tuple[str, str]] = []
    roles = frozenset(role for role in Role if field_of(role) in form)
    try:
        checked_roles(roles)
    except RolesExclude:
        wrong.append(("roles", visit.say("members.error.roles")))
    written = form.get("last_day", "").strip()
    ends_at = read_last_day(written) if written else None
    if written and (ends_at is None or ends_at <= visit.now):
        wrong.append(("last_day", visit.say("members.error.last_day")))
    return Chosen(roles, ends_at, wrong)
