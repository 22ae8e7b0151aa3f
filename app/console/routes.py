"""All routers of the console."""

from app.console import (
    account_pages,
    audit_pages,
    board_pages,
    disclosure_opening,
    disclosure_pages,
    forum_pages,
    member_acts,
    member_pages,
    moderator_pages,
    overview_pages,
    own_pages,
    review_pages,
    sign_in,
    switch_pages,
    work_pages,
)

ROUTERS = (
    sign_in.router,
    overview_pages.router,
    moderator_pages.router,
    review_pages.router,
    account_pages.router,
    switch_pages.router,
    disclosure_pages.router,
    disclosure_opening.router,
    audit_pages.router,
    member_pages.router,
    member_acts.router,
    own_pages.router,
    forum_pages.router,
    board_pages.router,
    work_pages.router,
)
