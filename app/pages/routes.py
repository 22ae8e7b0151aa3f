"""Which pages there are."""

from app.pages import continuing, outbox, public

ROUTERS = (public.router, continuing.router)
DEVELOPER_ROUTERS = (outbox.router,)
