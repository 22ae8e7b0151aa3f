"""Who is acting: every transaction and every audit entry names one."""

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    CLIENT = "client"
    """A forum's backend."""
    PERSON = "person"
    """Whoever is at our own pages; named by their flow or session, never by who they are."""
    STAFF = "staff"
    """A member of the staff, by their id."""
    OPERATOR = "operator"
    """Whoever runs the command line on the host."""
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    kind: ActorKind
    id: str
    request_id: str | None = None


OPERATOR = Actor(ActorKind.OPERATOR, "command-line")
SYSTEM = Actor(ActorKind.SYSTEM, "service")
