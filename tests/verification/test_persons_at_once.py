"""Sixty things at once about the same persons: every end state is one that some order of them could have made."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from itertools import count
from threading import Barrier, get_ident
from typing import TypeVar

import pytest
from sqlalchemy import event

from app import policies
from app.accounts.domain import Account
from app.db.engine import is_sqlite
from app.db.unit_of_work import Transaction
from app.kernel.actor import OPERATOR
from app.kernel.errors import Unavailable
from app.kernel.ids import PersonId
from app.verification.domain import Outcome, Verification
from app.wiring import Services
from tests.support.desk import Desk
from tests.support.forum import sandbox_number
from tests.support.invariants import broken_rules

T = TypeVar("T")
MANY, PERSONS = 60, 15
"""More at once than there are threads (40) or connections (20)."""
_SECONDS, _HEAD_START, _PATIENCE = 60, 0.3, 3
_BOTH_PERSONS_TWICE = 4
"""Looks at accounts that belong to judging one code: at those of two persons, before and after these are held."""


def at_once(works: Sequence[Callable[[], T]]) -> list[T]:
    """All of them in threads that begin together; who hears that the service is full asks again."""
    ready = Barrier(len(works))

    def run(work: Callable[[], T]) -> T:
        ready.wait()
        deadline = time.monotonic() + _SECONDS
        while True:
            try:
                return work()
            except Unavailable:
                assert time.monotonic() < deadline
                time.sleep(0.05)

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def phone(number: int) -> str:
    return f"1400001{number:04d}"


def document(number: int) -> str:
    return sandbox_number(500 + number)


def outcomes(verifications: list[Verification]) -> Counter[str]:
    return Counter(verification.outcome for verification in verifications)


@pytest.fixture
def desks(services: Services) -> Iterator[tuple[Desk, Desk]]:
    """Two forums, whose database keeps every rule at the end of the test."""
    first, second = (Desk(services, services.forums.add(OPERATOR, name).forum_id) for name in ("甲论坛", "乙论坛"))
    yield first, second
    assert broken_rules(services) == []


def test_a_ban_at_the_same_time_as_a_verification_is_either_before_or_after_it(desks: tuple[Desk, Desk]) -> None:
    desk, _ = desks
    owners = [desk.on_file(f"本人{number}", phone(number), document(number)) for number in range(PERSONS)]
    claims = [desk.account(f"小号{number}") for number in range(PERSONS)]
    fresh = [desk.account(f"新号{number}") for number in range(PERSONS)]
    for number, account in enumerate(claims):
        desk.prove(account, phone(number))
    checks = [partial(desk.settle, desk.ask(account, document(number))) for number, account in enumerate(claims)]
    codes = [
        partial(desk.enter, desk.text(account, phone(number)))
        for accounts in (fresh, owners)
        for number, account in enumerate(accounts)
    ]
    bans = [partial(desk.ban, owner) for owner in owners]
    works: list[Callable[[], object]] = [*checks, *codes, *bans]
    assert len(works) == MANY
    seen = at_once(works)[-PERSONS:]
    for number, owner in enumerate(owners):
        assert desk.answers_for(owner) == seen[number], "an account was linked after the ban"
        assert refused_as_banned(desk, owner, phone(number))


def refused_as_banned(desk: Desk, owner: Account, number: str) -> bool:
    return desk.inner_reason(desk.prove(desk.account(f"再来{number}"), number)) == "banned" and bool(desk.person(owner))


def test_a_verification_waits_for_a_ban_that_has_begun(desks: tuple[Desk, Desk]) -> None:
    desk, _ = desks
    owner, account = desk.on_file("本人", phone(0), document(0)), desk.account("小号")
    desk.prove(account, phone(0))
    checks = [partial(desk.settle, desk.ask(account, document(0))), partial(desk.prove, account, phone(0))]
    for check in checks:
        ends = while_another_works(check, desk.services, lambda tx: desk.ban_in(tx, owner))
        assert desk.inner_reason(ends) == "banned"
        desk.lift(owner)


def test_a_code_waits_for_a_number_that_is_moving_in_another_forum(desks: tuple[Desk, Desk]) -> None:
    desk, other = desks
    owner, taker, claim = desk.on_file("机主", phone(0), document(0)), desk.account("新机主"), other.account("认领")
    desk.prove(taker, phone(0))
    asked, text = desk.ask(taker, document(1)), other.text(claim, phone(0))
    end = while_another_works(partial(other.enter, text), desk.services, lambda tx: desk.link_in(tx, asked))
    assert end.outcome == "verified"
    assert desk.answers_for(taker) == {taker.id, claim.id}
    assert desk.answers_for(owner) == {owner.id}


def test_a_code_that_is_judged_while_the_number_becomes_somebodys_counts_for_them(desks: tuple[Desk, Desk]) -> None:
    desk, other = desks
    owner, claim = desk.account("机主"), other.account("认领")
    first, second = desk.text(owner, phone(0)), other.text(claim, phone(0))
    engine, here, looks = desk.services.engine, get_ident(), count(1)
    with ThreadPoolExecutor(1) as pool:

        def meanwhile(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            if get_ident() == here and "account_sanctions" in statement and next(looks) == _BOTH_PERSONS_TWICE:
                wait([pool.submit(desk.enter, first)], timeout=_HEAD_START if is_sqlite(engine) else _PATIENCE)

        event.listen(engine, "after_cursor_execute", meanwhile)
        assert other.enter(second).outcome == "verified"
        event.remove(engine, "after_cursor_execute", meanwhile)
    assert desk.answers_for(claim) == desk.answers_for(owner) == {owner.id, claim.id}


def test_a_proof_that_does_not_count_waits_for_nobody_elses_person(desks: tuple[Desk, Desk]) -> None:
    """Who waits for whom must not tell a forum whose accounts are one person's."""
    desk, other = desks
    owner, linked = desk.on_file("本人", phone(0), document(0)), other.account("小号")
    other.prove(linked, phone(0))
    works = [
        partial(other.settle, other.ask(other.account("冒名者"), document(0))),
        partial(other.settle, other.ask(linked, "110199199003070033")),
        partial(other.enter, other.text(linked, phone(1))),
    ]
    holding = {PersonId(person) for account in (owner, linked) if (person := desk.person(account))}
    for work in works:
        with ThreadPoolExecutor(1) as pool, desk.services.unit_of_work.begin(OPERATOR) as tx:
            desk.services.vault.hold(tx, holding)
            running = pool.submit(work)
            wait([running], timeout=_HEAD_START if is_sqlite(desk.services.engine) else _PATIENCE)
            assert running.done() or is_sqlite(desk.services.engine), "SQLite has one writer at a time anyway"
        assert running.result().reason == "not-confirmed"


def while_another_works(
    work: Callable[[], Verification], services: Services, other: Callable[[Transaction], object]
) -> Verification:
    """Starts the work when another transaction has written and not committed yet."""
    with ThreadPoolExecutor(1) as pool:
        with services.unit_of_work.begin(OPERATOR) as tx:
            other(tx)
            running = pool.submit(work)
            wait([running], timeout=_HEAD_START)
        return running.result()


def test_a_suspension_at_the_same_time_as_a_verification_always_stands(desks: tuple[Desk, Desk]) -> None:
    desk, _ = desks
    accounts = [desk.account(f"用户{number}") for number in range(MANY // 2)]
    works: list[Callable[[], object]] = [
        *(partial(desk.suspend, account) for account in accounts),
        *(partial(desk.settle, desk.ask(account, document(n))) for n, account in enumerate(accounts)),
    ]
    at_once(works)
    for account in accounts:
        shown = desk.services.posting.get_account(desk.forum_id, account.id)
        assert shown.standing.status(desk.services.clock.now()) == "suspended"
        assert desk.person(account) is not None


def test_of_many_accounts_that_want_the_last_place_one_gets_it(desks: tuple[Desk, Desk]) -> None:
    desk, _ = desks
    owner = desk.on_file("本人", phone(0), document(0))
    for number in range(policies.ACCOUNTS_PER_PERSON.value - 2):
        desk.prove(desk.account(f"已有{number}"), phone(0))
    texts = [desk.text(desk.account(f"想要{number}"), phone(0)) for number in range(MANY)]
    ends = at_once([partial(desk.enter, text) for text in texts])
    assert outcomes(ends) == {Outcome.VERIFIED: 1, Outcome.REJECTED: MANY - 1}
    assert {desk.inner_reason(end) for end in ends} == {None, "account-limit"}
    assert len(desk.answers_for(owner)) == policies.ACCOUNTS_PER_PERSON.value


def test_one_new_person_in_two_forums_at_once_is_one_person_on_one_account(desks: tuple[Desk, Desk]) -> None:
    checks = [
        partial(desk.settle, desk.ask(desk.account(f"用户{number}"), document(0)))
        for number in range(MANY // 2)
        for desk in desks
    ]
    assert outcomes(at_once(checks)) == {Outcome.VERIFIED: 1, Outcome.REJECTED: MANY - 1}


def test_one_number_proved_in_two_forums_at_once_is_current_for_one(desks: tuple[Desk, Desk]) -> None:
    codes = [
        partial(desk.enter, desk.text(desk.account(f"用户{number}_{place}"), phone(number)))
        for number in range(MANY // 4)
        for place, desk in enumerate(desks * 2)
    ]
    assert outcomes(at_once(codes)) == {Outcome.VERIFIED: MANY}


def test_codes_and_documents_that_fight_for_numbers_in_two_forums_leave_no_bad_state(desks: tuple[Desk, Desk]) -> None:
    """Each number has an owner known by it alone, claims in both forums whose documents are checked, and codes."""
    works: list[Callable[[], Verification]] = []
    for number in range(MANY // 5):
        home = desks[number % 2]
        owner = home.account(f"机主{number}")
        home.prove(owner, phone(number))
        works.append(partial(home.enter, home.text(owner, phone(number))))
        for place, desk in enumerate(desks):
            claim = desk.account(f"认领{number}")
            desk.prove(claim, phone(number))
            works.append(partial(desk.enter, desk.text(claim, phone(number))))
            works.append(partial(desk.settle, desk.ask(claim, document(2 * number + place))))
    assert len(works) == MANY
    assert outcomes(at_once(works))[Outcome.VERIFIED] >= MANY * 3 // 5, "no code stops a document or its owner's code"
