"""What colleagues are called: by the address that they sign in with. Nobody else is ever named."""

from app.console.visits import Visit
from app.staff.errors import MemberNotFound


def name_of(visit: Visit, actor_id: str) -> str:
    """Who is no member, as the operator at the command line, is called by id."""
    if actor_id == visit.staff.id:
        return visit.say("console.who.you", email=visit.staff.email)
    try:
        return visit.services.staff.members.get(actor_id).email
    except MemberNotFound:
        return actor_id
