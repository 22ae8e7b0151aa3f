"""Identity misuse: the owner proves who they are, staff learn whether it is so, and the cut gives everything back."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.accounts.domain import Account, AccountName
from app.accounts.service import get_account
from app.all_models import METADATA
from app.kernel.actor import OPERATOR
from app.kernel.errors import Unavailable
from app.kernel.secret import Secret
from app.vault.models import DocumentRow, HeldPhoneRow, PersonRow, PhoneRow
from app.verification.documents import DocumentType
from app.verification.domain import Method, Reason
from app.verification.errors import MisuseNotProved, TooManyAttempts, TooManyTexts
from app.verification.forgiving import forgive_attempts, refused_verification
from app.verification.misuse import MisuseCase, ProofSeen
from app.verification.models import CutLinkRow, LinkRow, MisuseProofRow, SlotRow
from app.verification.progress import awaits_person
from app.verification.service import GivenDocument
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.desk import Desk, quick_index
from tests.support.forum import NAME, sandbox_number
from tests.support.misuse import Victim
from tests.verification.test_same_statements import statements

NUMBER, OTHER_NUMBER = sandbox_number(301), sandbox_number(302)
OWN_PHONE, THIEVES_PHONE = "14000000301", "14000000302"


@pytest.fixture
def desk(services: Services) -> Desk:
    return Desk(services, services.forums.add(OPERATOR, "测试论坛").forum_id)


@pytest.fixture
def accused(desk: Desk) -> Account:
    return desk.on_file("冒用的人", THIEVES_PHONE, NUMBER)


@pytest.fixture
def case(accused: Account) -> MisuseCase:
    return MisuseCase("cmp_one", accused.id)


def seen(services: Services, case: MisuseCase) -> ProofSeen | None:
    with services.unit_of_work.read() as tx:
        return services.complaints.misuse.proofs.seen(tx, case.id)


def cut(services: Services, desk: Desk, case: MisuseCase) -> bool:
    assert case.account_id is not None
    with services.unit_of_work.begin(OPERATOR) as tx:
        get_account(tx, desk.forum_id, case.account_id, lock=True)
        return services.complaints.misuse.proofs.cut(tx, case.id, case.account_id)


def test_the_owner_proves_it_the_link_is_cut_and_the_document_is_theirs_again(
    services: Services, desk: Desk, clock: FakeClock, case: MisuseCase
) -> None:
    victim = Victim(services, OWN_PHONE, NUMBER)
    own = desk.account("本人")
    assert desk.prove(own, OWN_PHONE).outcome == "verified"
    assert desk.check(own, NUMBER).outcome == "rejected"  # somebody else has the document, with another phone
    with pytest.raises(MisuseNotProved):
        cut(services, desk, case)
    assert seen(services, case) is None
    clock.advance(minutes=16)
    assert victim.proves(case) is None
    found = seen(services, case)
    assert found is not None
    assert (found.proved, found.sandbox) == (True, True)
    with pytest.raises(MisuseNotProved):
        cut(services, desk, MisuseCase(case.id, own.id))
    cut(services, desk, case)
    with services.unit_of_work.read() as tx:
        assert [tx.session.get(row, case.account_id) for row in (LinkRow, SlotRow)] == [None, None]
        assert tx.session.scalars(select(DocumentRow)).all() == []
        (kept,) = tx.session.scalars(select(CutLinkRow))
        phones = tx.session.scalars(select(PhoneRow.state).where(PhoneRow.person_id == kept.person_id)).all()
        assert (phones, tx.session.get(PersonRow, kept.person_id) is not None) == (["frozen"], True)
        assert tx.session.scalars(select(HeldPhoneRow)).all() == []
    clock.advance(minutes=2)
    assert desk.prove(own, OWN_PHONE).outcome == "verified"
    assert desk.check(own, NUMBER).outcome == "verified"
    assert not cut(services, desk, case)  # done already


def test_who_proves_to_be_somebody_else_is_answered_alike_and_cuts_nothing(
    services: Services, case: MisuseCase
) -> None:
    assert Victim(services, OWN_PHONE, OTHER_NUMBER).proves(case) is None
    found = seen(services, case)
    assert found is not None
    assert not found.proved
    assert Victim(services, "14000000303", NUMBER).proves(MisuseCase("cmp_nobody", None)) is None
    assert Victim(services, "14000000304", NUMBER, name="不一致").proves(MisuseCase("cmp_two", case.account_id)) is (
        Reason.NOT_CONFIRMED
    )
    assert case.account_id is not None
    for one in (case.id, "cmp_nobody", "cmp_two"):
        with pytest.raises(MisuseNotProved), services.unit_of_work.begin(OPERATOR) as tx:
            services.complaints.misuse.proofs.cut(tx, one, case.account_id)


def test_whoever_it_is_the_same_statements_run_and_nothing_typed_is_readable(
    services: Services, desk: Desk, case: MisuseCase
) -> None:
    other = desk.on_file("另有其人", "14000000306", OTHER_NUMBER)
    proofs, asked = services.complaints.misuse.proofs, []
    for place, (account_id, number) in enumerate(
        [
            (case.account_id, NUMBER),
            (case.account_id, OTHER_NUMBER),
            (case.account_id, sandbox_number(303)),
            (other.id, NUMBER),
            (None, NUMBER),
        ]
    ):
        victim, one = Victim(services, f"1400000031{place}", number), MisuseCase(f"cmp_{place}", account_id)
        victim.asks_for_a_code(one)
        begun = victim.begins(one)
        assert begun is not None
        asked.append((one, proofs.ask(begun)))
    seen_by = []
    for _, question in asked:
        index = quick_index("resident_id", question.document.key)
        with statements(services) as seen_now:
            assert proofs.settle(OPERATOR, question, index) is None
        seen_by.append(seen_now)
    assert all(one == seen_by[0] for one in seen_by)
    found = [seen(services, one) for one, _ in asked]
    assert [one.proved for one in found if one] == [True, False, False, False, False]
    with services.unit_of_work.read() as tx:
        stored = str([tx.session.execute(select(table)).all() for table in METADATA.tables.values()])
    assert not [text for text in (NUMBER, OTHER_NUMBER, NAME, "14000000310") if text in stored]


def test_where_the_document_bears_other_accounts_only_this_one_is_cut(
    services: Services, desk: Desk, case: MisuseCase
) -> None:
    other = desk.account("另一个号")
    assert desk.prove(other, THIEVES_PHONE).outcome == "verified"
    assert desk.check(other, NUMBER).outcome == "verified"
    assert Victim(services, OWN_PHONE, NUMBER).proves(case) is None
    cut(services, desk, case)
    with services.unit_of_work.read() as tx:
        assert tx.session.get(LinkRow, other.id) is not None
        assert len(tx.session.scalars(select(DocumentRow)).all()) == 1
        assert set(tx.session.scalars(select(PhoneRow.state))) == {"frozen"}


def test_an_owner_with_the_phone_on_record_keeps_what_is_theirs(
    services: Services, desk: Desk, clock: FakeClock, case: MisuseCase
) -> None:
    clock.advance(minutes=2)
    assert Victim(services, THIEVES_PHONE, NUMBER).proves(case) is None
    cut(services, desk, case)
    again = desk.account("本人")
    assert desk.prove(again, THIEVES_PHONE).outcome == "verified"
    assert desk.check(again, NUMBER).outcome == "verified"


def test_a_code_is_judged_five_times_and_three_proofs_are_begun_in_a_day(
    services: Services, clock: FakeClock, case: MisuseCase
) -> None:
    victim = Victim(services, OWN_PHONE, NUMBER)
    assert victim.begins(case, "123456") is None
    code = victim.asks_for_a_code(case)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    heard = [victim.begins(case, wrong) for _ in range(5)]
    assert [one.reason for one in heard if one] == [Reason.CODE_WRONG] * 4 + [Reason.CODE_EXHAUSTED]
    begun = victim.begins(case, code)
    assert begun is not None
    assert begun.reason is Reason.CODE_EXHAUSTED
    assert services.complaints.misuse.proofs.awaited(case) is None
    with pytest.raises(TooManyTexts):
        victim.asks_for_a_code(case)
    clock.advance(seconds=120)
    victim.asks_for_a_code(case)
    assert victim.asks_for_a_code(case) == victim.asks_for_a_code(case)  # on its way already
    clock.advance(minutes=10)
    late = victim.begins(case)
    assert late is not None
    assert late.reason is Reason.CODE_EXPIRED
    victim.asks_for_a_code(case)
    clock.advance(hours=2)
    with pytest.raises(TooManyAttempts):
        victim.asks_for_a_code(case)
    victim.asks_for_a_code(MisuseCase("cmp_two", case.account_id))  # each complaint for itself
    clock.advance(hours=23)
    victim.asks_for_a_code(case)
    with services.unit_of_work.read() as tx:
        assert len(tx.session.scalars(select(MisuseProofRow)).all()) == 5


def test_a_question_that_nobody_answers_leaves_the_code_good_and_is_asked_once_at_a_time(
    services: Services, clock: FakeClock, case: MisuseCase
) -> None:
    victim = Victim(services, OWN_PHONE, NUMBER)
    victim.asks_for_a_code(case)
    awaited = services.complaints.misuse.proofs.awaited(case)
    assert awaited is not None
    assert (awaited.ending, awaited.tries_left, awaited.expires_at - clock.now()) == ("1", 5, timedelta(minutes=10))
    begun = victim.begins(case)
    with pytest.raises(Unavailable):
        victim.begins(case)
    assert begun is not None
    asked = services.complaints.misuse.proofs.ask(begun)
    assert services.complaints.misuse.proofs.settle(OPERATOR, asked, None) is Reason.PROVIDER_UNAVAILABLE
    begun = victim.begins(case)
    assert victim.settles(begun) is None
    assert victim.settles(begun) is None  # it came twice
    assert victim.begins(case) is None


def _check(desk: Desk, account: Account, name: str) -> str:
    checks, given = desk.services.verifications, GivenDocument(DocumentType.RESIDENT_ID, Secret(NUMBER), Secret(name))
    request = checks.prepare(desk.forum_id, AccountName(account_id=account.id), Method.ID2, given)
    return desk.settle(checks.ask(checks.start(OPERATOR, request, lambda _tx, _begun: None))).outcome


def test_what_was_refused_counts_no_more_once_forgiven_and_waits_for_nobody(services: Services, desk: Desk) -> None:
    account, wrong = desk.account("总是不符"), "不一致"
    for _ in range(3):
        assert _check(desk, account, wrong) == "rejected"
    with pytest.raises(TooManyAttempts):
        _check(desk, account, wrong)
    with services.unit_of_work.begin(OPERATOR) as tx:
        assert refused_verification(tx, account.id, "vrf_none") is None
        assert refused_verification(tx, account.id, None) is not None
        get_account(tx, desk.forum_id, account.id, lock=True)
        forgive_attempts(tx, account.id)
    assert _check(desk, account, wrong) == "rejected"
    with services.unit_of_work.read() as tx:
        assert not awaits_person(tx, account.id)
