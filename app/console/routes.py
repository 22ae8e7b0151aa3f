"""All routers of the console."""

from app.console import overview_pages, sign_in

ROUTERS = (sign_in.router, overview_pages.router)
