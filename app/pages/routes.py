"""Which pages there are."""

from app.pages import (
    appealing,
    complaints,
    continuing,
    flow,
    me,
    misuse,
    outbox,
    own_appeals,
    public,
    tracking,
    transparency,
)

ROUTERS = (
    public.router,
    continuing.router,
    flow.router,
    me.router,
    own_appeals.router,
    complaints.router,
    tracking.router,
    misuse.router,
    appealing.router,
    transparency.router,
)
DEVELOPER_ROUTERS = (outbox.router,)
