"""What of this room's tables the database itself keeps from being changed."""

from app.db.protection import Change, Protected
from app.forums.models import DrillRow

APPEND_ONLY: Protected = {DrillRow.__tablename__: tuple(Change)}
