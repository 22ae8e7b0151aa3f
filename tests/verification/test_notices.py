"""Texts without a code: to the phone on record, within the day's money, once, and beside what codes may use."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from app.kernel.actor import OPERATOR
from app.kernel.ids import AccountId
from app.kernel.secret import Secret
from app.verification import text_rows
from app.verification.models import LinkRow
from app.verification.notices import Notices
from app.verification.progress import recycled_phones
from app.verification.texts import CodeRules, Texts
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.desk import Desk
from tests.support.forum import sandbox_number

PHONE, ANOTHER_PHONE = "14000001234", "14000005678"
NUMBER, ANOTHER_NUMBER = sandbox_number(500), sandbox_number(501)
LIMITED, UNREACHABLE, LOST, NO_QUOTA = (f"1400000000{number}" for number in range(1, 5))
WORDS = "【实名】你在测试论坛“二手”任版主，请在 2026-12-30 结束前完成定期核验。"


@pytest.fixture
def desk(services: Services) -> Desk:
    return Desk(services, services.forums.add(OPERATOR, "测试论坛").forum_id)


def notices(services: Services, *, daily_texts: int = 100) -> Notices:
    assert services.sandbox_sender is not None
    texts = Texts(services.sandbox_sender, CodeRules(0, daily_texts, "127.0.0.1"))
    return Notices(services.unit_of_work, services.vault, texts)


def outbox(services: Services) -> list[tuple[str, str, bool]]:
    assert services.sandbox_sender is not None
    return [(one.to.reveal(), one.text.reveal(), one.code is not None) for one in services.sandbox_sender.outbox()]


def test_a_notice_goes_to_the_phone_on_record_word_for_word_and_without_a_code(services: Services, desk: Desk) -> None:
    account = desk.on_file("山间清风", PHONE, NUMBER)
    assert notices(services).text(account.id, WORDS, "reminder-1")
    assert outbox(services) == [(PHONE, WORDS, False)]


def test_one_message_goes_out_once_however_often_it_is_asked_for(services: Services, desk: Desk) -> None:
    account = desk.on_file("山间清风", PHONE, NUMBER)
    assert [notices(services).text(account.id, WORDS, "reminder-1") for _ in range(3)] == [True] * 3
    assert notices(services).text(account.id, WORDS, "reminder-2")
    assert len(outbox(services)) == 2


def test_nobody_is_texted_where_nobody_or_no_phone_or_a_frozen_one_is_on_record(services: Services, desk: Desk) -> None:
    nobody, paper = desk.account("云上看客"), desk.account("只有证件")
    assert desk.check(paper, ANOTHER_NUMBER).outcome == "verified"
    before = desk.on_file("山间清风", PHONE, NUMBER)
    desk.on_file("新机主", PHONE, sandbox_number(502))
    for account_id in (nobody.id, paper.id, before.id, AccountId("acc_" + "0" * 32)):
        assert not notices(services).text(account_id, WORDS, f"reminder-{account_id}")
    assert outbox(services) == []


@pytest.mark.parametrize(("phone", "counts"), [(LIMITED, True), (UNREACHABLE, True), (LOST, True), (NO_QUOTA, False)])
def test_what_a_sender_does_not_accept_is_no_error_and_counts_unless_it_never_left(
    services: Services, desk: Desk, phone: str, *, counts: bool
) -> None:
    account = desk.on_file("山间清风", phone, NUMBER)
    other = desk.on_file("海上明月", PHONE, ANOTHER_NUMBER)
    few = notices(services, daily_texts=4)  # two codes went to these phones; a fourth text is kept for codes
    assert not few.text(account.id, WORDS, "reminder-1")
    assert few.text(other.id, WORDS, "reminder-2") is not counts


def test_a_phone_that_may_not_be_written_to_is_not_written_to(services: Services, desk: Desk) -> None:
    account = desk.on_file("山间清风", "13800001234", NUMBER)
    assert not notices(services).text(account.id, WORDS, "reminder-1")
    assert outbox(services) == []


def test_notices_leave_a_fifth_of_the_days_money_to_codes_and_begin_again_the_next_day(
    services: Services, desk: Desk, clock: FakeClock
) -> None:
    account = desk.on_file("山间清风", PHONE, NUMBER)
    few = notices(services, daily_texts=5)  # one code went already
    assert [few.text(account.id, WORDS, f"reminder-{number}") for number in range(5)] == [True] * 3 + [False] * 2
    clock.advance(days=1)
    assert few.text(account.id, WORDS, "reminder-6")


def test_notices_use_up_none_of_the_codes_that_a_phone_may_get(
    services: Services, desk: Desk, clock: FakeClock
) -> None:
    account = desk.on_file("山间清风", PHONE, NUMBER)
    clock.advance(hours=1)
    for number in range(9):
        assert notices(services).text(account.id, WORDS, f"reminder-{number}")
    with services.unit_of_work.read() as tx:
        assert (
            text_rows.texts_to_phone(
                tx.session, desk.index("phone", Secret(PHONE)).digest, clock.now() - timedelta(hours=1)
            )
            == []
        )


def recycled(services: Services, since: datetime) -> list[tuple[AccountId, str]]:
    with services.unit_of_work.read() as tx:
        return [(one.account_id, one.ref.rpartition("-")[2]) for one in recycled_phones(tx, since)]


def test_a_phone_that_became_somebody_elses_concerns_every_account_its_person_proved_by_document(
    services: Services, desk: Desk, clock: FakeClock
) -> None:
    began = clock.now()
    first = desk.on_file("山间清风", PHONE, NUMBER)
    second = desk.account("第二个号")
    desk.prove(second, PHONE)
    assert desk.check(second, NUMBER).outcome == "verified"
    assert recycled(services, began) == []
    clock.advance(days=1)
    moved = clock.now()
    claimant = desk.account("新机主")
    desk.prove(claimant, PHONE)
    assert recycled(services, began) == []  # a code alone takes nobody's phone away
    assert desk.check(claimant, ANOTHER_NUMBER).outcome == "verified"

    found = recycled(services, moved)

    assert sorted(found) == sorted((account.id, account.id) for account in (first, second))
    assert recycled(services, moved + timedelta(microseconds=1)) == []
    with services.unit_of_work.read() as tx:
        refs = [one.ref for one in recycled_phones(tx, began)]
        assert refs == [one.ref for one in recycled_phones(tx, moved)]
        assert len(set(refs)) == 2


def test_who_proves_themselves_by_document_after_their_phone_moved_on_is_no_risk(
    services: Services, desk: Desk, clock: FakeClock
) -> None:
    began = clock.now()
    account = desk.on_file("山间清风", PHONE, NUMBER)
    desk.on_file("新机主", PHONE, ANOTHER_NUMBER)
    assert [account_id for account_id, _ref in recycled(services, began)] == [account.id]
    clock.advance(days=1)
    with services.unit_of_work.begin(OPERATOR) as tx:  # by hand: they have no phone to do it by themselves
        tx.session.execute(update(LinkRow).where(LinkRow.account_id == account.id).values(verified_at=tx.now))
    assert recycled(services, began) == []
