"""Which pages there are."""

from app.pages import continuing, flow, outbox, public

ROUTERS = (public.router, continuing.router, flow.router)
DEVELOPER_ROUTERS = (outbox.router,)
