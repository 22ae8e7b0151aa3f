"""Every page of the console, where it stands in the menu, and what opens it: the one table."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from app.staff.access import Permission
from app.staff.domain import Staff


@dataclass(frozen=True, slots=True)
class ConsolePage:
    """`opens`: any of these."""

    name: str
    group: str
    path: str
    opens: tuple[Permission, ...]


PAGES = (
    ConsolePage("overview", "today", "/console", (Permission.OVERVIEW,)),
    ConsolePage("reviews", "today", "/console/reviews", (Permission.REVIEWS,)),
    ConsolePage("complaints", "today", "/console/complaints", (Permission.COMPLAINTS,)),
    ConsolePage("violations", "today", "/console/violations", (Permission.VIOLATIONS,)),
    ConsolePage(
        "disclosures", "today", "/console/disclosures", (Permission.DISCLOSURE_REQUEST, Permission.DISCLOSURE_APPROVE)
    ),
    ConsolePage("moderators", "registers", "/console/moderators", (Permission.MODERATORS,)),
    ConsolePage("boards", "registers", "/console/boards", (Permission.BOARDS,)),
    ConsolePage("accounts", "registers", "/console/accounts", (Permission.ACCOUNTS,)),
    ConsolePage("forums", "registers", "/console/forums", (Permission.FORUMS,)),
    ConsolePage("policies", "rules", "/console/policies", (Permission.POLICIES,)),
    ConsolePage("agreements", "rules", "/console/agreements", (Permission.AGREEMENTS,)),
    ConsolePage("lexicons", "rules", "/console/lexicons", (Permission.LEXICONS,)),
    ConsolePage("organisation", "rules", "/console/organisation", (Permission.ORGANISATION_READ,)),
    ConsolePage("integrity", "rules", "/console/integrity", (Permission.AUDIT,)),
    ConsolePage("audit", "system", "/console/audit", (Permission.AUDIT,)),
    ConsolePage("work", "system", "/console/work", (Permission.WORK,)),
    ConsolePage("members", "system", "/console/members", (Permission.MEMBERS, Permission.CONFIRM_PRIVACY)),
    ConsolePage("switch", "system", "/console/switch", (Permission.PAUSES,)),
)
GROUPS = tuple(dict.fromkeys(page.group for page in PAGES))
_BY_NAME = {page.name: page for page in PAGES}


def page_of(name: str) -> ConsolePage:
    return _BY_NAME[name]


def page_at(address: str) -> ConsolePage | None:
    """The page that an address leads to, or to something below it."""
    path = urlsplit(address).path
    first, *others = PAGES
    return first if path == first.path else next((one for one in others if f"{path}/".startswith(f"{one.path}/")), None)


def opened_to(staff: Staff, page: ConsolePage) -> bool:
    """By roles alone: whether the member is still active was read with the session."""
    return any(staff.opens(permission) for permission in page.opens)
