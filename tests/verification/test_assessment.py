"""What a proof does, for every state that an account and the persons about it can be in: pure rules, no database."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app import policies
from app.kernel.ids import AccountId, PersonId
from app.vault.domain import PersonRecord, PhoneRecord, PhoneState
from app.verification.assessment import (
    Answered,
    Assessment,
    Known,
    Way,
    answers_after_phone,
    free_slot,
    judge_document,
    judge_phone,
)
from app.verification.domain import IdentityLevel, InnerReason, Link, Method

LIMIT = policies.ACCOUNTS_PER_PERSON.value
THIS, OTHER = AccountId("acc_this"), AccountId("acc_other")
P, H = PersonId("per_p"), PersonId("per_h")
PHONE, STRANGE = b"phone", b"strange"
PROVED, NOT_PROVED = frozenset({PHONE}), frozenset[bytes]()
NOBODY = Known()
BANNED, LIMITED = InnerReason.BANNED, InnerReason.ACCOUNT_LIMIT
DIFFERENT, MISSING = InnerReason.DIFFERENT_PERSON, InnerReason.POSSESSION_MISSING


def person(
    person_id: PersonId, phone: PhoneState | None = PhoneState.CURRENT, *answers_for: Answered, document: bool = False
) -> Known:
    phones = (PhoneRecord(1, person_id, phone, PHONE),) if phone else ()
    return Known(person_id, PersonRecord(document, phones), answers_for)


def answered(name: str, slot: int = 1, *, banned: bool = False, free: bool = False) -> Answered:
    return Answered(AccountId(name), slot, banned, free)


def others(count: int, *, free: int = 0) -> tuple[Answered, ...]:
    return tuple(answered(f"acc_{number}", number, free=number <= free) for number in range(1, count + 1))


def state(own: Known = NOBODY, holder: Known = NOBODY, proved: frozenset[bytes] = PROVED) -> Assessment:
    link = None
    if own.person_id is not None:
        moment = datetime(2026, 11, 21, tzinfo=UTC)
        link = Link(THIS, own.person_id, IdentityLevel.PHONE, Method.PHONE_CODE, moment, sandbox=True)
    return Assessment(THIS, link, own.person_id, own, holder, proved)


def same(known: Known) -> Assessment:
    """The account of a person whose own document or phone it is."""
    return state(known, known)


MINE = answered("acc_this")
BAN, MY_BAN = answered("acc_other", 2, banned=True), answered("acc_this", banned=True)
CURRENT, CLAIMED, FROZEN = PhoneState.CURRENT, PhoneState.CLAIMED, PhoneState.FROZEN
ON_FILE = person(H, CURRENT, document=True)

DOCUMENTS = {
    "nobody here, document new": (state(), Way.NEW_PERSON),
    "nobody here, document on file": (state(holder=ON_FILE, proved=NOT_PROVED), MISSING),
    "nobody here, document on file, holder banned": (
        state(holder=replace(ON_FILE, answers_for=(BAN,)), proved=NOT_PROVED),
        MISSING,
    ),
    "the holder's own account, code entered": (state(ON_FILE, ON_FILE), Way.SAME_PERSON),
    "the holder's own account, no code": (state(ON_FILE, ON_FILE, NOT_PROVED), MISSING),
    "the holder's own account, another one banned": (same(replace(ON_FILE, answers_for=(MINE, BAN))), BANNED),
    "the holder's own account, itself banned": (same(replace(ON_FILE, answers_for=(MY_BAN,))), Way.SAME_PERSON),
    "the holder's own account beyond the limit": (
        same(replace(ON_FILE, answers_for=(*others(LIMIT), answered("acc_this", LIMIT + 1)))),
        Way.SAME_PERSON,
    ),
    "somebody with a document, another's document": (state(person(P, document=True), ON_FILE), DIFFERENT),
    "somebody with a document, a new document": (state(person(P, document=True)), DIFFERENT),
    "a phone alone, new document": (state(person(P, CURRENT, MINE)), Way.ADD_DOCUMENT),
    "a phone alone, new document, no code": (state(person(P, CURRENT, MINE), proved=NOT_PROVED), MISSING),
    "a claimed phone, new document": (state(person(P, CLAIMED)), Way.ADD_DOCUMENT),
    "a frozen phone, new document": (state(person(P, FROZEN, MINE)), Way.ADD_DOCUMENT),
    "a phone alone that answers for a banned one": (state(person(P, CURRENT, MINE, BAN)), BANNED),
    "a phone alone, itself banned": (state(person(P, CURRENT, MY_BAN)), Way.ADD_DOCUMENT),
    "a claimed phone, document of its holder": (
        state(person(P, CLAIMED), replace(ON_FILE, answers_for=(MINE,))),
        Way.JOIN_HOLDER,
    ),
    "another phone than the holder's": (
        state(person(P), Known(H, PersonRecord(has_document=True, phones=(PhoneRecord(2, H, CURRENT, STRANGE),)))),
        MISSING,
    ),
    "the holder's phone is frozen": (state(person(P), person(H, FROZEN, document=True)), MISSING),
    "a holder who is banned": (state(person(P, CLAIMED), replace(ON_FILE, answers_for=(MINE, BAN))), BANNED),
    "a holder who answers for this banned one": (
        state(person(P, CLAIMED), replace(ON_FILE, answers_for=(MY_BAN,))),
        Way.JOIN_HOLDER,
    ),
    "a holder with a place left": (
        state(person(P, FROZEN, MINE), replace(ON_FILE, answers_for=others(LIMIT - 1))),
        Way.JOIN_HOLDER,
    ),
    "a holder with no place left": (
        state(person(P, FROZEN, MINE), replace(ON_FILE, answers_for=others(LIMIT))),
        LIMITED,
    ),
    "a holder whose place fell free": (
        state(person(P, FROZEN, MINE), replace(ON_FILE, answers_for=others(LIMIT, free=1))),
        Way.JOIN_HOLDER,
    ),
    "two come and one place is left": (
        state(person(P, FROZEN, MINE, answered("acc_other", 2)), replace(ON_FILE, answers_for=others(LIMIT - 1))),
        LIMITED,
    ),
}

PHONES = {
    "nobody here, nobody's phone": (state(), Way.NEW_PERSON),
    "nobody here, somebody's phone": (state(holder=person(H)), Way.NEW_PERSON),
    "nobody here, a banned person's phone": (state(holder=person(H, CURRENT, BAN)), BANNED),
    "nobody here, the phone of somebody with no place left": (
        state(holder=person(H, CURRENT, *others(LIMIT))),
        LIMITED,
    ),
    "nobody here, the phone of somebody whose place fell free": (
        state(holder=person(H, CURRENT, *others(LIMIT, free=1))),
        Way.NEW_PERSON,
    ),
    "own phone": (same(person(P, CURRENT, MINE)), Way.SAME_PERSON),
    "own phone, itself banned": (same(person(P, CURRENT, MY_BAN)), Way.SAME_PERSON),
    "own phone, another one banned": (same(person(P, CURRENT, MINE, BAN)), BANNED),
    "a phone that is not on record": (state(person(P, None)), DIFFERENT),
    "a phone that is not on record, of a banned person": (state(person(P, None), person(H, CURRENT, BAN)), DIFFERENT),
    "a claimed phone": (state(person(P, CLAIMED), person(H, CURRENT, MINE)), Way.SAME_PERSON),
    "a claimed phone of a banned person": (state(person(P, CLAIMED), person(H, CURRENT, MINE, BAN)), BANNED),
    "a frozen phone of somebody without a document": (state(person(P, FROZEN, MINE), person(H)), Way.SAME_PERSON),
    "a frozen phone, and no place left with its new holder": (
        state(person(P, FROZEN, MINE), person(H, CURRENT, *others(LIMIT))),
        LIMITED,
    ),
    "a frozen phone of somebody with a document": (state(person(P, FROZEN, MINE, document=True), person(H)), DIFFERENT),
}


@pytest.mark.parametrize("case", DOCUMENTS)
def test_a_document_does_what_the_table_says(case: str) -> None:
    known, expected = DOCUMENTS[case]
    assert judge_document(known) is expected


@pytest.mark.parametrize("case", PHONES)
def test_a_code_does_what_the_table_says(case: str) -> None:
    known, expected = PHONES[case]
    assert judge_phone(known) is expected


def test_without_a_document_whoever_has_the_phone_answers() -> None:
    assert answers_after_phone(state(holder=person(H))).person_id == H
    assert answers_after_phone(state(person(P, CLAIMED), person(H))).person_id == H
    assert answers_after_phone(state(person(P, FROZEN))).person_id == P
    assert answers_after_phone(state(person(P, document=True), person(H))).person_id == P
    assert answers_after_phone(state()).person_id is None


def test_the_lowest_free_slot_is_taken() -> None:
    assert free_slot(()) == 1
    assert free_slot(others(2)) == 3
    assert free_slot(others(3, free=1)) == 1
    assert free_slot([answered("acc_1"), answered("acc_3", 3)]) == 2
