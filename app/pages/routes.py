"""Which pages there are."""

from app.pages import continuing, me, outbox, public

ROUTERS = (public.router, continuing.router, me.router)
DEVELOPER_ROUTERS = (outbox.router,)
