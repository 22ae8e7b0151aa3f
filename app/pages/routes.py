"""Which pages there are."""

from app.pages import continuing, flow, me, outbox, public

ROUTERS = (public.router, continuing.router, flow.router, me.router)
DEVELOPER_ROUTERS = (outbox.router,)
