"""All routers of the console."""

from app.console import (
    account_pages,
    agreement_acts,
    agreement_pages,
    audit_pages,
    board_pages,
    disclosure_opening,
    disclosure_pages,
    forum_pages,
    lexicon_acts,
    lexicon_pages,
    lexicon_try,
    member_acts,
    member_pages,
    moderator_pages,
    organisation_acts,
    organisation_pages,
    overview_pages,
    own_pages,
    policy_acts,
    policy_pages,
    review_pages,
    sign_in,
    switch_pages,
    work_pages,
)
from app.console.refused import refused
from app.console.visits import PLACE

__all__ = ["PLACE", "ROUTERS", "refused"]

ROUTERS = (
    sign_in.router,
    overview_pages.router,
    moderator_pages.router,
    review_pages.router,
    account_pages.router,
    switch_pages.router,
    organisation_acts.router,
    organisation_pages.router,
    lexicon_pages.router,
    lexicon_try.router,
    lexicon_acts.router,
    agreement_acts.router,
    agreement_pages.router,
    policy_acts.router,
    policy_pages.router,
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
