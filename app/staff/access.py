"""Which role opens what: the one table. What does not stand in it is open to nobody."""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    ADMIN = "admin"
    """Forums, staff, policies."""
    COMPLIANCE = "compliance"
    """Moderators, re-verification, the emergency switch."""
    REVIEWER = "reviewer"
    """The screening queue."""
    PRIVACY = "privacy"
    """Approves disclosures."""
    AUDITOR = "auditor"
    """Reads the audit log, and nothing else."""


class Permission(StrEnum):
    OVERVIEW = "overview"
    FORUMS = "forums"
    MEMBERS = "members"
    """List, add, change, disable, reset."""
    CONFIRM_PRIVACY = "confirm-privacy"
    POLICIES = "policies"
    AGREEMENTS = "agreements"
    ORGANISATION = "organisation"
    ORGANISATION_READ = "organisation-read"
    MODERATORS = "moderators"
    """List, re-verifications, forecast."""
    BOARDS = "boards"
    ACCOUNTS = "accounts"
    PAUSES = "pauses"
    REVIEWS = "reviews"
    COMPLAINTS = "complaints"
    """Complaints and appeals."""
    LEXICONS = "lexicons"
    VIOLATIONS = "violations"
    """Record, order measures, open evidence."""
    REPORTS = "reports"
    """Reports to authorities, and evidence that is held."""
    DISCLOSURE_REQUEST = "disclosure-request"
    """Ask, and see, withdraw and execute one's own."""
    DISCLOSURE_APPROVE = "disclosure-approve"
    """See what waits, approve, refuse."""
    AUDIT = "audit"
    WORK = "work"
    """Jobs and webhooks."""


_ADMIN, _COMPLIANCE, _REVIEWER, _PRIVACY, _AUDITOR = Role

OPENED_BY: Mapping[Permission, frozenset[Role]] = {
    Permission.OVERVIEW: frozenset({_ADMIN, _COMPLIANCE, _REVIEWER, _PRIVACY}),
    Permission.FORUMS: frozenset({_ADMIN}),
    Permission.MEMBERS: frozenset({_ADMIN}),
    Permission.CONFIRM_PRIVACY: frozenset({_PRIVACY}),
    Permission.POLICIES: frozenset({_ADMIN}),
    Permission.AGREEMENTS: frozenset({_ADMIN}),
    Permission.ORGANISATION: frozenset({_ADMIN}),
    Permission.ORGANISATION_READ: frozenset({_ADMIN, _COMPLIANCE}),
    Permission.MODERATORS: frozenset({_COMPLIANCE}),
    Permission.BOARDS: frozenset({_COMPLIANCE}),
    Permission.ACCOUNTS: frozenset({_COMPLIANCE, _REVIEWER}),
    Permission.PAUSES: frozenset({_COMPLIANCE}),
    Permission.REVIEWS: frozenset({_REVIEWER}),
    Permission.COMPLAINTS: frozenset({_REVIEWER, _COMPLIANCE}),
    Permission.LEXICONS: frozenset({_ADMIN, _REVIEWER}),
    Permission.VIOLATIONS: frozenset({_COMPLIANCE, _REVIEWER}),
    Permission.REPORTS: frozenset({_COMPLIANCE}),
    Permission.DISCLOSURE_REQUEST: frozenset({_COMPLIANCE, _PRIVACY}),
    Permission.DISCLOSURE_APPROVE: frozenset({_PRIVACY}),
    Permission.AUDIT: frozenset({_AUDITOR, _COMPLIANCE, _ADMIN, _PRIVACY}),
    Permission.WORK: frozenset({_ADMIN}),
}

EXCLUDES: Mapping[Role, frozenset[Role]] = {
    _ADMIN: frozenset({_PRIVACY, _AUDITOR}),
    _COMPLIANCE: frozenset({_AUDITOR}),
    _REVIEWER: frozenset({_AUDITOR}),
    _PRIVACY: frozenset({_ADMIN, _AUDITOR}),
    _AUDITOR: frozenset({_ADMIN, _COMPLIANCE, _REVIEWER, _PRIVACY}),
}
"""What nobody may hold together."""


def exclude_each_other(roles: frozenset[Role]) -> bool:
    return any(EXCLUDES[role] & roles for role in roles)
