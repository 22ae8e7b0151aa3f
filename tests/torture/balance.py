"""What the record of acts and the tables beside it must tell alike, whatever happened."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from app.accounts.models import AccountRow, ActRow, HandleRow
from app.agreements.models import AcceptanceRow
from app.audit.models import StagedEntryRow
from app.db.unit_of_work import Transaction
from app.forums.models import RevokedTokenRow
from app.verification.models import CodeRow, LinkRow, VerificationRow
from app.wiring import Services

_ACTS = {"suspend": "account.suspended", "ban": "account.banned", "close": "account.closed"} | {
    "reinstate": "account.reinstated"
}


@dataclass(frozen=True)
class Entry:
    action: str
    object: str
    actor: str
    request: str | None


def entries(tx: Transaction) -> list[Entry]:
    found = (json.loads(entry) for entry in tx.session.scalars(select(StagedEntryRow.entry)))
    return [Entry(one["action"], one["object"]["id"], one["actor"]["kind"], one["req"]) for one in found]


def unbalanced(services: Services) -> list[str]:
    """Where record and tables do not tell the same; empty when all is well."""
    with services.unit_of_work.read() as tx:
        recorded = Counter((entry.action, entry.object) for entry in entries(tx))
        accounts = list(tx.session.scalars(select(AccountRow)))
        named = set(tx.session.scalars(select(HandleRow.account_id).where(HandleRow.reserved_until.is_(None))))
        accepted = list(tx.session.scalars(select(AcceptanceRow.account_id)))
        acts = list(tx.session.execute(select(ActRow.kind, ActRow.account_id)))
        links = set(tx.session.scalars(select(LinkRow.account_id)))
        checks = list(tx.session.scalars(select(VerificationRow)))
        codes = list(tx.session.scalars(select(CodeRow)))
        revoked = set(tx.session.scalars(select(RevokedTokenRow.jti)))

    def of(*actions: str) -> Counter[str]:
        return Counter(name for (action, name) in recorded.elements() if action in actions)

    judged = of("verification.code-refused", "verification.completed")
    balanced = {
        "accounts": of("account.created") == Counter(account.id for account in accounts),
        "one handle each": len({(account.forum_id, account.handle) for account in accounts}) == len(accounts),
        "the looks of handles": named == {account.id for account in accounts},
        "agreements": of("agreement.accepted") == Counter(accepted),
        "acts on accounts": all(
            of(action) == Counter(account for kind, account in acts if kind == act) for act, action in _ACTS.items()
        ),
        "links": set(of("account.linked")) == links,
        "checks that began": of("verification.started") == Counter(check.id for check in checks),
        "checks that ended": of("verification.completed") == _ended(checks),
        "tries of codes": all(judged[code.verification_id] == code.tries for code in codes),
        "revoked tokens": revoked <= set(of("token.revoked")) and set(of("token.revoked").values()) <= {1},
    }
    return [what for what, holds in balanced.items() if not holds]


def _ended(checks: Iterable[VerificationRow]) -> Counter[str]:
    """A code that was wrong may still be entered rightly; everything else with a reason has ended."""
    return Counter(
        check.id for check in checks if check.outcome != "pending" or check.reason not in {None, "code-wrong"}
    )
