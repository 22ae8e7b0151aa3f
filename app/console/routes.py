"""All routers of the console."""

from app.console import (
    account_pages,
    agreement_acts,
    agreement_pages,
    audit_pages,
    disclosure_opening,
    disclosure_pages,
    moderator_pages,
    organisation_acts,
    organisation_pages,
    overview_pages,
    policy_acts,
    policy_pages,
    review_pages,
    sign_in,
    switch_pages,
)

ROUTERS = (
    sign_in.router,
    overview_pages.router,
    moderator_pages.router,
    review_pages.router,
    account_pages.router,
    switch_pages.router,
    organisation_acts.router,
    organisation_pages.router,
    agreement_acts.router,
    agreement_pages.router,
    policy_acts.router,
    policy_pages.router,
    disclosure_pages.router,
    disclosure_opening.router,
    audit_pages.router,
)
