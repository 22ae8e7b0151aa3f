"""Which pages there are."""

from app.pages import appealing, complaints, continuing, flow, me, outbox, own_appeals, public, tracking

ROUTERS = (
    public.router,
    continuing.router,
    flow.router,
    me.router,
    own_appeals.router,
    complaints.router,
    tracking.router,
    appealing.router,
)
DEVELOPER_ROUTERS = (outbox.router,)
