"""The choice of a forum above a list, where there are several."""

from app.console.lists import Chip, chips
from app.console.visits import Visit


def forum_chips(visit: Visit) -> list[Chip]:
    forums = [(one.forum.id, one.forum.name) for one in visit.services.forums.list_all()]
    return chips(visit.request, "forum", forums, visit.say("boards.list.all_forums")) if len(forums) > 1 else []
