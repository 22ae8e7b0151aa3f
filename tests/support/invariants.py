"""What must hold of persons, links, slots and phones whatever happened, in words and in one function."""

from collections import Counter
from collections.abc import Hashable, Iterable
from datetime import timedelta

from sqlalchemy import select

from app import policies
from app.accounts.domain import SanctionKind
from app.accounts.models import AccountRow, SanctionRow
from app.vault.models import DocumentRow, PersonRow, PhoneRow
from app.verification.models import LinkRow, SlotRow
from app.wiring import Services

_REVERSIBLE = timedelta(days=policies.CLOSURE_REVERSIBLE.value)


def broken_rules(services: Services) -> list[str]:
    """The rules that the database breaks; empty when all is well."""
    with services.unit_of_work.read() as tx:
        accounts = {row.id: row for row in tx.session.scalars(select(AccountRow))}
        persons = set(tx.session.scalars(select(PersonRow.id)))
        links = {row.account_id: row for row in tx.session.scalars(select(LinkRow))}
        slots = {row.account_id: row for row in tx.session.scalars(select(SlotRow))}
        documents = list(tx.session.scalars(select(DocumentRow)))
        phones = list(tx.session.scalars(select(PhoneRow)))
        open_bans = select(SanctionRow.account_id).where(
            SanctionRow.kind == SanctionKind.BAN, SanctionRow.lifted_at.is_(None)
        )
        banned = set(tx.session.scalars(open_bans))
        final = {
            name
            for name, row in accounts.items()
            if row.closed_at is not None and row.closed_at + _REVERSIBLE <= tx.now
        } - banned
    with_document = {row.person_id for row in documents}
    claiming = {row.person_id for row in phones if row.state == "claimed"}
    current = Counter((row.index_version, row.blind_index) for row in phones if row.state == "current")
    places = Counter((row.person_id, row.forum_id, row.slot) for row in slots.values())
    rules = {
        "a link without a slot": links.keys() - slots.keys() - final,
        "a slot without a link": slots.keys() - links.keys(),
        "a slot in another forum than its account": {
            name for name, row in slots.items() if row.forum_id != accounts[name].forum_id
        },
        "a slot beyond the limit": {
            name for name, row in slots.items() if not 1 <= row.slot <= policies.ACCOUNTS_PER_PERSON.value
        },
        "one slot for two accounts": {place for place, count in places.items() if count > 1},
        "another than the person answers, and no phone is claimed": {
            name
            for name, row in slots.items()
            if row.person_id != links[name].person_id and links[name].person_id not in claiming - with_document
        },
        "a claim that answers beside the number's holder": {
            name
            for name, row in slots.items()
            if any(
                phone.state == "claimed" and (phone.index_version, phone.blind_index) in current
                for phone in phones
                if phone.person_id == row.person_id and row.person_id not in with_document
            )
        },
        "a person without a link": persons - {row.person_id for row in links.values()},
        "a person with two documents": _twice(row.person_id for row in documents),
        "a document of two persons": _twice((row.scheme, row.index_version, row.blind_index) for row in documents),
        "a phone current for two": {phone for phone, count in current.items() if count > 1},
        "a claim of somebody with a document": claiming & with_document,
        "a level that the person has no proof for": {
            name for name, row in links.items() if (row.level == "document") != (row.person_id in with_document)
        },
        "two accounts of a person known by phone alone": _twice(
            row.person_id for row in links.values() if row.person_id not in with_document
        ),
    }
    return [rule for rule, found in rules.items() if found]


def _twice(values: Iterable[Hashable]) -> set[object]:
    return {value for value, count in Counter(values).items() if count > 1}
