"""Whoever is behind an account and whatever the true reason, a proof that does not count runs the same statements."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from sqlalchemy import event

from app.accounts.domain import Account
from app.events.domain import Subscription
from app.kernel.actor import OPERATOR
from app.verification.domain import Verification
from app.wiring import Services
from tests.support.desk import Desk
from tests.support.forum import PERSON, sandbox_number

PHONE, ANOTHER_PHONE, STRANGE_PHONE = "14000001234", "14000005678", "14000007777"
ANOTHER_PERSON, NEW_PERSON = sandbox_number(500), sandbox_number(501)
MISMATCHED, NOT_FOUND, INCONCLUSIVE = "110199199003070033", "110199199003070041", "110199199003070068"
_LIST = re.compile(r"IN \((?:[^()]|\([^()]*\))*\)")


@pytest.fixture(params=["in silence", "with a listener"])
def desk(request: pytest.FixtureRequest, services: Services) -> Desk:
    forum_id = services.forums.add(OPERATOR, "测试论坛").forum_id
    if request.param == "with a listener":
        services.webhooks.add(OPERATOR, forum_id, "https://forum.example/hooks", Subscription(None))
    return Desk(services, forum_id)


@contextmanager
def statements(services: Services) -> Iterator[list[str]]:
    """What reaches the database meanwhile; lists of any length look alike."""
    seen: list[str] = []

    def note(*values: object) -> None:
        seen.append(_LIST.sub("IN (...)", str(values[2])))

    event.listen(services.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(services.engine, "before_cursor_execute", note)


def observed(desk: Desk, work: Callable[[], Verification]) -> tuple[str | None, list[str]]:
    """The true reason of a refusal, and the statements that it took."""
    with statements(desk.services) as seen:
        end = work()
    assert (end.outcome, end.reason) == ("rejected", "not-confirmed")
    return desk.inner_reason(end), seen


def claim(desk: Desk, handle: str, phone: str = PHONE) -> Account:
    account = desk.account(handle)
    assert desk.prove(account, phone).outcome == "verified"
    return account


def test_every_document_that_does_not_count_takes_the_same_statements(desk: Desk) -> None:
    owner = desk.on_file("本人", PHONE, PERSON)
    claimed, unlinked, strange = claim(desk, "认领"), desk.account("陌生人"), claim(desk, "路人", STRANGE_PHONE)
    subjects = [
        (account, number)
        for account in (owner, claimed, unlinked, strange)
        for number in (MISMATCHED, NOT_FOUND, INCONCLUSIVE)
    ]
    subjects += [(unlinked, PERSON), (strange, PERSON), (owner, NEW_PERSON)]
    seen = [observed(desk, partial(desk.settle, desk.ask(account, number))) for account, number in subjects]
    asked = desk.ask(claimed, PERSON)
    desk.ban(owner)
    seen.append(observed(desk, partial(desk.settle, asked)))
    assert {reason for reason, _ in seen} == {None, "possession-missing", "different-person", "banned"}
    assert all(taken == seen[0][1] for _, taken in seen)


def test_every_right_code_that_does_not_count_takes_the_same_statements(desk: Desk) -> None:
    owner, other = desk.on_file("本人", PHONE, PERSON), desk.on_file("别人", ANOTHER_PHONE, ANOTHER_PERSON)
    claims = [claim(desk, handle) for handle in ("二号", "三号")]
    texts = [
        (desk.account("四号"), PHONE),
        (owner, ANOTHER_PHONE),
        (owner, STRANGE_PHONE),
        (claims[0], STRANGE_PHONE),
        (other, PHONE),
    ]
    seen = [observed(desk, partial(desk.enter, desk.text(account, phone))) for account, phone in texts]
    desk.ban(owner)
    texts = [(desk.account("五号"), PHONE), (claims[0], PHONE)]
    seen += [observed(desk, partial(desk.enter, desk.text(account, phone))) for account, phone in texts]
    assert {reason for reason, _ in seen} == {"account-limit", "different-person", "banned"}
    assert all(taken == seen[0][1] for _, taken in seen)


def test_every_verdict_about_a_person_pays_for_the_slow_index_and_is_worth_nothing_without_it(desk: Desk) -> None:
    account = desk.account("陌生人")
    for number in (NEW_PERSON, MISMATCHED, NOT_FOUND, INCONCLUSIVE):
        asked = desk.ask(account, number)
        assert asked.needs_index
        end = desk.services.verifications.settle(OPERATOR, asked, None)
        assert (end.outcome, end.reason) == ("pending", "provider-unavailable")
