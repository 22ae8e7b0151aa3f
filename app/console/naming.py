"""What colleagues are called: by the address that they sign in with. Nobody else is ever named."""

from app.console.visits import Visit
from app.kernel.actor import OPERATOR, SYSTEM
from app.staff.errors import MemberNotFound


def name_of(visit: Visit, actor_id: str) -> str:
    """The operator at the command line and the service itself are no members; who is none of these is called by id."""
    if actor_id == visit.staff.id:
        return visit.say("console.who.you", email=visit.staff.email)
    for other in (OPERATOR, SYSTEM):
        if actor_id == other.id:
            return visit.say(f"console.actor.{other.kind}")
    try:
        return visit.services.staff.members.get(actor_id).email
    except MemberNotFound:
        return actor_id
