"""Codes by which people enter their own page: alike for strangers, counted with every other text, judged five times."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from app.accounts.domain import Account, AccountName
from app.accounts.errors import AccountIsClosed, ClosedByPerson, NoSuchAccount
from app.audit.models import StagedEntryRow
from app.jobs.worker import Worker
from app.kernel.actor import OPERATOR, Actor, ActorKind
from app.kernel.errors import Unavailable
from app.kernel.ids import AccountId, ForumId
from app.kernel.secret import Secret
from app.settings import Settings
from app.vault.domain import PhoneState
from app.vault.models import HeldPhoneRow, PhoneRow
from app.verification.errors import PhoneInvalid, PossessionRequired, SignInEnded, TooManyTexts
from app.verification.models import SignInRow
from app.verification.sign_ins import Entry
from app.verification.sms.sandbox import SandboxSender
from app.wiring import Services, build
from tests.support.clock import FakeClock
from tests.support.desk import Desk
from tests.support.forum import sandbox_number

PHONE, ANOTHER = "14000001234", "14000005678"
BROWSER, OTHER_BROWSER = Secret("ab" * 16), Secret("cd" * 16)
VISITOR = Actor(ActorKind.PERSON, "visitor", "018f3a5c-7d1e-4b2a-9c3d-5e6f70818293")


@pytest.fixture
def desk(services: Services) -> Desk:
    """A forum whose numbers have the same index as those of a sign-in."""
    return Desk(services, services.forums.add(OPERATOR, "测试论坛").forum_id, services.sign_ins._blind_index.of)


@pytest.fixture
def neighbour(settings: Settings, clock: FakeClock) -> Iterator[Services]:
    """Another process on the same database."""
    built = build(settings, clock=clock, sender=SandboxSender(clock, sleep=lambda _seconds: None))
    yield built
    built.engine.dispose()


def ask(services: Services, phone: str = PHONE, browser: Secret[str] = BROWSER) -> None:
    to = services.sign_ins.index(services.sign_ins.prepare(Secret(phone)))
    services.sign_ins.send(VISITOR, browser, to)


def codes(services: Services) -> list[str]:
    assert services.sandbox_sender
    return [text.code.reveal() for text in services.sandbox_sender.outbox() if text.code]


def enter(
    services: Services, code: str, browser: Secret[str] = BROWSER, before: Secret[str] | None = None
) -> Entry | None:
    return services.sign_ins.enter(VISITOR, browser, Secret(code), before)


def sign_in(services: Services, phone: str = PHONE, browser: Secret[str] = BROWSER) -> Secret[str]:
    ask(services, phone, browser)
    entry = enter(services, codes(services)[-1], browser)
    assert entry is not None
    assert entry.session is not None
    return entry.session


def other_than(code: str, step: int = 1) -> str:
    return f"{(int(code) + step) % 1_000_000:06d}"


def seen(services: Services, session: Secret[str], forum_id: ForumId) -> tuple[AccountId, ...] | None:
    found = services.sign_ins.session(session, forum_id)
    return found.account_ids if found else None


def reason_of(entry: Entry | None) -> tuple[str | None, int] | None:
    assert entry is None or entry.session is None
    return (entry.reason, entry.tries_left) if entry else None


def test_a_right_code_shows_a_person_their_accounts_in_that_forum_and_a_stranger_none(
    services: Services, desk: Desk, clock: FakeClock
) -> None:
    mine = desk.account("山间清风")
    desk.prove(mine, PHONE)
    other_forum = Desk(services, services.forums.add(OPERATOR, "另一论坛").forum_id, desk.index)
    claimed = other_forum.account("海上明月")  # waits for a document to be joined to the same person
    other_forum.prove(claimed, PHONE)
    clock.advance(hours=1)
    assert desk.person(mine) != desk.person(claimed)

    session, stranger = sign_in(services), sign_in(services, ANOTHER, OTHER_BROWSER)

    assert seen(services, session, desk.forum_id) == (mine.id,)
    assert seen(services, session, other_forum.forum_id) == (claimed.id,)
    assert seen(services, session, ForumId("frm_unknown")) == ()
    assert seen(services, stranger, desk.forum_id) == ()


def test_a_sign_in_verifies_no_account_and_keeps_no_phone(services: Services, desk: Desk) -> None:
    sign_in(services)
    with services.unit_of_work.read() as tx:
        assert tx.session.scalar(select(func.count()).select_from(PhoneRow)) == 0
        assert tx.session.scalar(select(func.count()).select_from(HeldPhoneRow)) == 0
        row = tx.session.scalars(select(SignInRow)).one()
        assert (row.person_id, row.tries) == (None, 1)
    assert desk.prove(desk.account("山间清风"), PHONE).outcome == "verified"


def test_a_code_belongs_to_the_browser_that_asked_for_it(services: Services) -> None:
    ask(services)
    [code] = codes(services)
    assert enter(services, code, OTHER_BROWSER) is None
    assert services.sign_ins.awaited(OTHER_BROWSER) is None
    awaited = services.sign_ins.awaited(BROWSER)
    assert awaited is not None
    assert awaited.ending == "4"
    entry = enter(services, code)
    assert entry is not None
    assert entry.session is not None
    assert services.sign_ins.awaited(BROWSER) is None


def test_a_form_that_comes_twice_sends_one_text_and_opens_one_session(services: Services, desk: Desk) -> None:
    ask(services)
    ask(services)
    [code] = codes(services)
    first, second = enter(services, code), enter(services, code)
    assert first is not None
    assert second is not None
    assert first.session is not None
    assert second.session is not None
    assert first.session.reveal() == second.session.reveal()
    services.sign_ins.end(VISITOR, first.session)
    assert seen(services, first.session, desk.forum_id) is None
    assert enter(services, code) is None  # once signed out, the code is used up


def test_five_tries_are_judged_over_two_processes_and_a_code_is_too_late_at_its_expiry(
    services: Services, neighbour: Services, clock: FakeClock
) -> None:
    ask(services)
    [code] = codes(services)
    for step in range(1, 5):
        process = services if step % 2 else neighbour
        assert reason_of(enter(process, other_than(code, step))) == ("code-wrong", 5 - step)
    assert reason_of(enter(neighbour, other_than(code, 5))) == ("code-exhausted", 0)
    assert reason_of(enter(services, code)) == ("code-exhausted", 0)
    assert services.sign_ins.awaited(BROWSER) is None

    clock.advance(minutes=1)
    ask(services)
    clock.advance(minutes=10)
    assert reason_of(enter(services, codes(services)[-1])) == ("code-expired", 0)


def test_of_two_hundred_guesses_at_once_five_are_judged(services: Services, neighbour: Services) -> None:
    ask(services)
    [code] = codes(services)

    def guess(number: int) -> str | None:
        try:
            entry = enter(services if number % 2 else neighbour, other_than(code, 1 + number))
        except Unavailable:
            return "unavailable"
        assert entry is not None
        return entry.reason

    with ThreadPoolExecutor(40) as pool:
        answers = Counter(pool.map(guess, range(200)))
    assert answers["code-wrong"] == 4
    assert set(answers) <= {"code-wrong", "code-exhausted", "unavailable"}
    with services.unit_of_work.read() as tx:
        assert tx.session.scalar(select(SignInRow.tries)) == 5
        refused = [entry for entry in tx.session.scalars(select(StagedEntryRow.entry)) if b"code-refused" in entry]
    assert len(refused) == 5


def test_texts_of_both_kinds_count_together(services: Services, desk: Desk, clock: FakeClock) -> None:
    account = desk.account("山间清风")
    for _ in range(2):
        desk.text(account, PHONE)
        clock.advance(minutes=1)
        ask(services, browser=OTHER_BROWSER)
        clock.advance(minutes=1)
    with pytest.raises(TooManyTexts) as refused:  # the fifth in the hour
        ask(services)
    assert refused.value.retry_after == 56 * 60
    with pytest.raises(TooManyTexts):
        _ask_by_forum(services, account)
    clock.advance(hours=1)
    ask(services)
    with pytest.raises(TooManyTexts) as too_soon:  # the pause after the other kind
        _ask_by_forum(services, account)
    assert too_soon.value.retry_after == 60


def _ask_by_forum(services: Services, account: Account) -> None:

    request = services.codes.prepare(account.forum_id, AccountName(account_id=account.id), Secret(PHONE))
    services.codes.send(OPERATOR, request, services.codes.index(request), lambda _tx, _begun: None)


def test_the_day_s_money_is_one_for_both_kinds_and_a_text_that_never_left_counts_for_nothing(
    settings: Settings, clock: FakeClock, services: Services
) -> None:
    poor = build(settings.model_copy(update={"daily_texts": 1}), clock=clock, sender=services.sandbox_sender)
    ask(services)
    with pytest.raises(Unavailable):
        ask(poor, ANOTHER, OTHER_BROWSER)
    ask(services, ANOTHER, OTHER_BROWSER)  # no pause: the one before never left
    assert len(codes(services)) == 2
    poor.engine.dispose()


def test_what_the_sender_says_of_a_phone_ends_the_code(services: Services, clock: FakeClock) -> None:
    for phone, refusal in {
        "14000000002": PhoneInvalid,
        "14000000001": TooManyTexts,
        "13800000000": PhoneInvalid,
    }.items():
        with pytest.raises(refusal):
            ask(services, phone)
        assert services.sign_ins.awaited(BROWSER) is None
        clock.advance(seconds=1)
    ask(services, "14000000003")  # it may have arrived
    assert services.sign_ins.awaited(BROWSER) is not None


def test_another_text_goes_to_the_same_phone_without_typing_it_again(services: Services, clock: FakeClock) -> None:
    assert services.sign_ins.phone_again(BROWSER) is None
    ask(services)
    clock.advance(minutes=1)
    again = services.sign_ins.phone_again(BROWSER)
    assert again is not None
    services.sign_ins.send(VISITOR, BROWSER, again)
    first, second = codes(services)
    if first != second:
        assert reason_of(enter(services, first)) == ("code-wrong", 4)
    entry = enter(services, second)
    assert entry is not None
    assert entry.session is not None
    assert services.sign_ins.phone_again(BROWSER) is None


def test_a_session_ends_when_idle_after_an_hour_and_when_signed_out(
    services: Services, desk: Desk, clock: FakeClock
) -> None:
    idle = sign_in(services)
    clock.advance(minutes=14)
    assert seen(services, idle, desk.forum_id) == ()
    clock.advance(minutes=15)
    assert seen(services, idle, desk.forum_id) is None

    long = sign_in(services)
    for _ in range(5):
        clock.advance(minutes=10)
        assert seen(services, long, desk.forum_id) == ()
    clock.advance(minutes=10)
    assert seen(services, long, desk.forum_id) is None

    clock.advance(hours=1)
    before = sign_in(services)
    clock.advance(minutes=1)
    ask(services)
    after = enter(services, codes(services)[-1], before=before)
    assert after is not None
    assert after.session is not None
    assert seen(services, before, desk.forum_id) is None  # a new sign-in ends the one of the same browser
    services.sign_ins.end(VISITOR, after.session)
    services.sign_ins.end(VISITOR, after.session)
    assert seen(services, after.session, desk.forum_id) is None


def test_a_session_is_dead_once_the_phone_is_somebody_else_s(services: Services, desk: Desk, clock: FakeClock) -> None:
    desk.prove(desk.account("山间清风"), PHONE)
    clock.advance(minutes=1)
    session, stranger = sign_in(services, browser=OTHER_BROWSER), sign_in(services, ANOTHER)
    assert seen(services, session, desk.forum_id) != ()
    with services.unit_of_work.begin(OPERATOR) as tx:
        tx.session.scalars(select(PhoneRow)).one().state = PhoneState.FROZEN
    assert seen(services, session, desk.forum_id) is None
    desk.prove(desk.account("海上明月"), ANOTHER)
    assert seen(services, stranger, desk.forum_id) is None


def test_a_person_closes_their_own_account_for_good_and_nobody_else_s(
    services: Services, desk: Desk, clock: FakeClock
) -> None:
    mine = desk.on_file("山间清风", PHONE, sandbox_number(1))
    theirs = desk.on_file("海上明月", ANOTHER, sandbox_number(2))
    clock.advance(hours=1)
    session, close = sign_in(services), services.sign_ins.close
    for foreign in (theirs.id, "acc_unknown"):
        with pytest.raises(NoSuchAccount):
            close(VISITOR, session, desk.forum_id, foreign)
    with pytest.raises(NoSuchAccount):
        close(VISITOR, session, ForumId("frm_unknown"), mine.id)
    with pytest.raises(SignInEnded):
        close(VISITOR, Secret("ef" * 32), desk.forum_id, mine.id)

    close(VISITOR, session, desk.forum_id, mine.id)
    close(VISITOR, session, desk.forum_id, mine.id)

    with pytest.raises(AccountIsClosed):
        services.accounts.get_open(desk.forum_id, mine.id)
    assert services.accounts.get_open(desk.forum_id, theirs.id).closed_at is None
    with pytest.raises(ClosedByPerson):  # what a person ended, no forum brings back
        services.sanctions.reinstate(OPERATOR, desk.forum_id, mine.id, "误操作")
    with services.unit_of_work.read() as tx:
        entries = [entry for entry in tx.session.scalars(select(StagedEntryRow.entry)) if b"account.closed" in entry]
    assert len(entries) == 1
    assert b'"actor":{"id":"prf_' in entries[0]
    assert str(desk.person(mine)).encode() not in entries[0]


def test_closing_asks_for_a_code_of_the_last_quarter_of_an_hour(
    services: Services, desk: Desk, clock: FakeClock
) -> None:
    mine = desk.account("山间清风")
    desk.prove(mine, PHONE)
    clock.advance(hours=1)
    session = sign_in(services)
    for minutes, fresh in ((14, True), (1, False)):
        clock.advance(minutes=minutes)
        found = services.sign_ins.session(session, desk.forum_id)
        assert found is not None
        assert found.fresh is fresh
    with pytest.raises(PossessionRequired):
        services.sign_ins.close(VISITOR, session, desk.forum_id, mine.id)


def test_sign_ins_are_forgotten_when_their_texts_count_no_more(services: Services, clock: FakeClock) -> None:
    ask(services)
    clock.advance(hours=23)
    ask(services, ANOTHER)
    clock.advance(hours=1)
    assert Worker(services).run_due()["forget-sign-ins"] == 1
    with services.unit_of_work.read() as tx:
        assert tx.session.scalar(select(func.count()).select_from(SignInRow)) == 1
