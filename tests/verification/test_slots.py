"""Who answers for an account: limits, bans that follow the person, closings, and phones that change hands."""

from collections.abc import Callable, Iterator

import pytest

from app import policies
from app.accounts.domain import Account
from app.kernel.actor import OPERATOR
from app.verification.domain import Verification
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.desk import Desk
from tests.support.forum import PERSON, sandbox_number
from tests.support.invariants import broken_rules

PHONE, ANOTHER_PHONE = "14000001234", "14000005678"
ANOTHER_PERSON = sandbox_number(500)
NewDesk = Callable[[str], Desk]
VERIFIED, NOT_CONFIRMED = ("verified", None), ("rejected", "not-confirmed")


@pytest.fixture
def new_desk(services: Services) -> Iterator[NewDesk]:
    """Forums, whose database keeps every rule at the end of the test."""
    yield lambda name: Desk(services, services.forums.add(OPERATOR, name).forum_id)
    assert broken_rules(services) == []


@pytest.fixture
def desk(new_desk: NewDesk) -> Desk:
    return new_desk("测试论坛")


def end_of(verification: Verification) -> tuple[str, str | None]:
    return verification.outcome, verification.reason


def refused(desk: Desk, verification: Verification, inner_reason: str) -> bool:
    return end_of(verification) == NOT_CONFIRMED and desk.inner_reason(verification) == inner_reason


def another(desk: Desk, handle: str, phone: str = PHONE, number: str = PERSON) -> Account:
    """One more account of a person on file."""
    account = desk.account(handle)
    assert end_of(desk.prove(account, phone)) == VERIFIED
    assert end_of(desk.check(account, number)) == VERIFIED
    return account


def test_a_person_has_3_accounts_in_a_forum_and_3_in_another(new_desk: NewDesk) -> None:
    desk, other = new_desk("甲论坛"), new_desk("乙论坛")
    first = desk.on_file("一号", PHONE, PERSON)
    for backend, handles in ((desk, "二号 三号"), (other, "一号 二号 三号")):
        for handle in handles.split():
            another(backend, handle)
        one_more = backend.account("四号")
        assert refused(backend, backend.prove(one_more, PHONE), "account-limit")
        assert backend.person(one_more) is None
        assert refused(backend, backend.check(one_more, PERSON), "possession-missing")
    assert len(desk.answers_for(first)) == 2 * policies.ACCOUNTS_PER_PERSON.value


def test_an_account_that_only_claims_a_phone_takes_a_place_of_whose_current_phone_it_is(desk: Desk) -> None:
    owner = desk.on_file("本人", PHONE, PERSON)
    claims = [desk.account(handle) for handle in ("二号", "三号")]
    for account in claims:
        assert end_of(desk.prove(account, PHONE)) == VERIFIED
        assert desk.person(account) != desk.person(owner)
    assert desk.answers_for(owner) == {owner.id, *(account.id for account in claims)}
    assert refused(desk, desk.prove(desk.account("四号"), PHONE), "account-limit")

    assert end_of(desk.check(claims[0], ANOTHER_PERSON)) == VERIFIED

    assert desk.answers_for(claims[0]) == {claims[0].id}
    assert desk.answers_for(owner) == {owner.id, claims[1].id}
    assert end_of(desk.check(claims[1], PERSON)) == NOT_CONFIRMED


def test_a_check_that_was_begun_before_an_account_had_a_person_does_not_tell_whose_it_became(desk: Desk) -> None:
    """Without a code on the account, not even its own person's document counts a second time."""
    theirs, others = desk.account("一号"), desk.account("二号")
    asked = [desk.ask(account, PERSON) for account in (theirs, others)]
    for meanwhile in (asked[0], desk.ask(others, ANOTHER_PERSON)):
        with desk.services.unit_of_work.begin(OPERATOR) as tx:
            desk.link_in(tx, meanwhile)
    assert [end_of(desk.settle(check)) for check in asked] == [NOT_CONFIRMED] * 2


def test_a_ban_follows_the_person_into_their_next_account_and_its_end_too(desk: Desk) -> None:
    banned = desk.on_file("本人", PHONE, PERSON)
    desk.ban(banned)
    next_account = desk.account("小号")
    assert refused(desk, desk.prove(next_account, PHONE), "banned")
    assert desk.person(next_account) is None
    desk.lift(banned)
    assert end_of(desk.prove(next_account, PHONE)) == VERIFIED
    assert end_of(desk.check(next_account, PERSON)) == VERIFIED


def test_a_ban_between_the_code_and_the_document_stops_the_document(desk: Desk) -> None:
    owner, account = desk.on_file("本人", PHONE, PERSON), desk.account("小号")
    desk.prove(account, PHONE)
    asked = desk.ask(account, PERSON)
    desk.ban(owner)
    assert refused(desk, desk.settle(asked), "banned")
    assert desk.person(account) != desk.person(owner)
    assert refused(desk, desk.prove(account, PHONE), "banned")


def test_a_ban_holds_in_its_own_forum_only_and_never_against_the_banned_account_itself(new_desk: NewDesk) -> None:
    desk, other = new_desk("甲论坛"), new_desk("乙论坛")
    banned = desk.on_file("本人", PHONE, PERSON)
    desk.ban(banned)
    another(other, "小号")
    assert end_of(desk.prove(banned, PHONE)) == VERIFIED
    assert end_of(desk.check(banned, PERSON)) == VERIFIED


def test_other_accounts_of_a_banned_person_prove_nothing_more(desk: Desk) -> None:
    banned, second = desk.on_file("本人", PHONE, PERSON), another(desk, "小号")
    asked = desk.ask(second, PERSON)
    desk.ban(banned)
    assert refused(desk, desk.settle(asked), "banned")
    assert refused(desk, desk.prove(second, PHONE), "banned")


def test_a_ban_on_an_account_that_only_claims_a_phone_holds_for_whose_current_phone_it_is(desk: Desk) -> None:
    owner, account = desk.on_file("本人", PHONE, PERSON), desk.account("路人")
    desk.prove(account, PHONE)
    desk.ban(account)
    assert refused(desk, desk.prove(owner, PHONE), "banned")
    assert refused(desk, desk.prove(desk.account("小号"), PHONE), "banned")
    assert end_of(desk.check(account, ANOTHER_PERSON)) == VERIFIED
    assert refused(desk, desk.prove(desk.account("再来"), PHONE), "banned")
    assert desk.answers_for(owner) == {owner.id}


def test_the_new_owner_of_a_number_inherits_no_ban_and_takes_no_place(desk: Desk, clock: FakeClock) -> None:
    before = desk.on_file("原机主", PHONE, PERSON)
    taker = desk.account("新机主")
    desk.prove(taker, PHONE)
    asked = desk.ask(taker, ANOTHER_PERSON)
    desk.ban(before)
    assert end_of(desk.settle(asked)) == VERIFIED
    assert desk.answers_for(taker) == {taker.id}
    assert desk.answers_for(before) == {before.id}
    another(desk, "新机主二号", number=ANOTHER_PERSON)
    clock.advance(minutes=1)
    assert refused(desk, desk.prove(before, PHONE), "different-person")


def test_the_former_owner_of_a_number_needs_a_person_to_come_back_with_another_phone(desk: Desk) -> None:
    before = desk.on_file("原机主", PHONE, PERSON)
    taker = desk.account("新机主")
    desk.prove(taker, PHONE)
    desk.check(taker, ANOTHER_PERSON)
    back = desk.account("原机主回来")
    assert end_of(desk.prove(back, ANOTHER_PHONE)) == VERIFIED
    assert refused(desk, desk.check(back, PERSON), "possession-missing")
    assert desk.answers_for(back) == {back.id}
    assert desk.answers_for(before) == {before.id}


def test_who_was_known_by_a_number_alone_answers_to_its_new_owner_once_they_enter_its_code(desk: Desk) -> None:
    first, second = desk.account("旧号"), desk.account("新号")
    desk.prove(first, PHONE)
    desk.prove(second, PHONE)
    assert desk.answers_for(first) == {first.id, second.id}
    desk.check(second, PERSON)
    assert desk.answers_for(first) == {first.id}
    assert end_of(desk.prove(first, PHONE)) == VERIFIED
    assert desk.answers_for(second) == {first.id, second.id}
    assert desk.person(first) != desk.person(second)
    assert end_of(desk.check(first, PERSON)) == VERIFIED
    assert desk.person(first) == desk.person(second)


def test_a_person_who_turns_out_to_be_another_hands_over_all_that_they_answered_for(new_desk: NewDesk) -> None:
    desk, other = new_desk("甲论坛"), new_desk("乙论坛")
    first, second, elsewhere = desk.account("旧号"), desk.account("新号"), other.account("别处")
    for backend, account in ((desk, first), (desk, second), (other, elsewhere)):
        backend.prove(account, PHONE)
    other.ban(elsewhere)
    desk.check(second, PERSON)
    assert desk.answers_for(first) == {first.id, elsewhere.id}
    desk.prove(first, PHONE)
    assert end_of(desk.check(first, PERSON)) == VERIFIED
    assert desk.answers_for(second) == {first.id, second.id, elsewhere.id}
    assert refused(other, other.prove(other.account("小号"), PHONE), "banned")


def test_a_number_comes_back_to_who_enters_its_code_and_shows_another_document(desk: Desk) -> None:
    first, second = desk.account("旧号"), desk.account("新号")
    desk.prove(first, PHONE)
    desk.prove(second, PHONE)
    desk.check(second, PERSON)
    desk.prove(first, PHONE)
    assert end_of(desk.check(first, ANOTHER_PERSON)) == VERIFIED
    assert [desk.answers_for(account) for account in (first, second)] == [{first.id}, {second.id}]
    assert refused(desk, desk.prove(second, PHONE), "different-person")
    assert end_of(desk.prove(first, PHONE)) == VERIFIED


def test_a_closed_account_keeps_its_place_until_the_closing_is_final(desk: Desk, clock: FakeClock) -> None:
    desk.on_file("一号", PHONE, PERSON)
    closed = another(desk, "二号")
    another(desk, "三号")
    desk.close(closed)
    clock.advance(days=policies.CLOSURE_REVERSIBLE.value, milliseconds=-1)
    assert refused(desk, desk.prove(desk.account("四号"), PHONE), "account-limit")
    clock.advance(milliseconds=1)
    fifth = another(desk, "五号")
    assert closed.id not in desk.answers_for(fifth)
    assert refused(desk, desk.prove(desk.account("六号"), PHONE), "account-limit")


def test_a_banned_account_keeps_its_place_and_its_ban_however_long_it_is_closed(desk: Desk, clock: FakeClock) -> None:
    banned = desk.on_file("一号", PHONE, PERSON)
    desk.ban(banned)
    desk.close(banned)
    clock.advance(days=10 * policies.CLOSURE_REVERSIBLE.value)
    account = desk.account("二号")
    assert refused(desk, desk.prove(account, PHONE), "banned")
    desk.lift(banned)
    assert end_of(desk.prove(account, PHONE)) == VERIFIED
