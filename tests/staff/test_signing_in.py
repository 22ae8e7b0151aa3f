"""Signing in: what opens, what is refused alike, and guessing that costs nothing and locks nobody out."""

import json
from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, event, select, update

from app import policies
from app.audit.domain import Action
from app.audit.models import StagedEntryRow
from app.crypto import passwords, totp
from app.kernel.actor import OPERATOR
from app.kernel.secret import Secret
from app.staff import session_rows
from app.staff.access import Role
from app.staff.domain import Face, SignedIn, SignInAttempt, StaffState
from app.staff.errors import SignInFailed, TooManyFailures, TooManyGuesses
from app.staff.models import FailureRow, StaffRow
from app.staff.second_factor import SecondFactors
from app.staff.sessions import NOBODY, Sessions
from app.wiring import Services
from tests.support.at_once import at_once
from tests.support.clock import FakeClock
from tests.support.forum import Json
from tests.support.staff import PASSWORD, StaffLogin, make_staff, settle

WRONG = "not-the-password-of-anybody"
STRANGER = "198.51.100.7"
Refused = SignInFailed | TooManyFailures


@pytest.fixture
def login(services: Services) -> StaffLogin:
    return make_staff(services, Role.REVIEWER)


def heard(sessions: Sessions, attempt: SignInAttempt) -> SignedIn | Refused:
    try:
        return sessions.sign_in(sessions.admit(attempt))
    except (SignInFailed, TooManyFailures) as refused:
        return refused


def guess(services: Services, email: str, times: int = 1, address: str = STRANGER) -> list[type[object]]:
    attempt = SignInAttempt(email, Secret(WRONG), Secret("000000"), Face.API, address)
    return [type(heard(services.staff.sessions, attempt)) for _ in range(times)]


# ---------------------------------------------------------------- what opens


@pytest.mark.parametrize("spell", [str.upper, lambda email: f"  {email} ", lambda email: email.replace("a", "ａ")])
def test_an_address_is_the_same_however_it_is_spelled(services: Services, spell: object) -> None:
    login = make_staff(services, Role.REVIEWER, email="aa@staff.example")
    assert callable(spell)
    attempt = replace(login.attempt(), email=spell(login.email))
    assert isinstance(heard(services.staff.sessions, attempt), SignedIn)


def test_a_code_is_good_one_step_to_either_side_and_not_two(services: Services, clock: FakeClock) -> None:
    for seconds, opens in ((-60, False), (-30, True), (0, True), (30, True), (60, False)):
        login = make_staff(services, Role.REVIEWER)
        clock.advance(seconds=seconds)
        code = login.code()
        clock.advance(seconds=-seconds)
        assert isinstance(heard(services.staff.sessions, login.attempt(code=code)), SignedIn) is opens, seconds


def test_of_eight_sign_ins_with_one_code_at_once_one_succeeds(services: Services, login: StaffLogin) -> None:
    sessions, attempt = services.staff.sessions, login.attempt()
    found = at_once([lambda: heard(sessions, attempt) for _ in range(8)])
    assert sorted(type(one).__name__ for one in found) == ["SignInFailed"] * 7 + ["SignedIn"]


def test_a_code_that_came_with_a_wrong_password_is_still_good(services: Services, login: StaffLogin) -> None:
    assert isinstance(heard(services.staff.sessions, login.attempt(WRONG)), SignInFailed)
    assert isinstance(heard(services.staff.sessions, login.attempt()), SignedIn)


def test_a_recovery_code_serves_once_however_it_is_typed(services: Services, login: StaffLogin) -> None:
    with services.unit_of_work.begin(OPERATOR) as tx:
        given = services.staff.sessions._second_factors.replace(tx, login.staff_id, login.email)
    first, second = (code.reveal() for code in given.recovery_codes[:2])
    assert len(set(given.recovery_codes)) == 10
    typed = first.lower().replace("-", " ")
    found = at_once([lambda: heard(services.staff.sessions, login.attempt(code=typed)) for _ in range(4)])
    assert [isinstance(one, SignedIn) for one in found].count(True) == 1
    assert isinstance(heard(services.staff.sessions, login.attempt(code=first)), SignInFailed)
    other = make_staff(services, Role.REVIEWER)
    assert isinstance(heard(services.staff.sessions, other.attempt(code=second)), SignInFailed)
    assert isinstance(heard(services.staff.sessions, login.attempt(code=login.code())), SignInFailed)
    with services.unit_of_work.read() as tx:
        assert session_rows.recovery_codes_left(tx.session, login.staff_id) == 9


def test_where_the_service_travels_in_time_the_authenticator_need_not(
    services: Services, clock: FakeClock, login: StaffLogin
) -> None:
    desk, unit_of_work = services.staff.sessions, services.unit_of_work
    true = FakeClock(clock.now())
    both = SecondFactors(desk._second_factors._records, desk._mac, (clock, true))
    clock.advance(days=40)
    travelled = Sessions(unit_of_work, desk._mac, both)
    true.advance(seconds=90)
    code = totp.code_at(login.seed, true.now())
    assert isinstance(heard(desk, login.attempt(code=code)), SignInFailed)
    assert isinstance(heard(travelled, login.attempt(code=code)), SignedIn)
    assert isinstance(heard(travelled, login.attempt(code=code)), SignInFailed)
    assert isinstance(heard(travelled, login.attempt(code=login.code())), SignedIn)


def test_a_hash_that_cost_less_is_made_anew_at_the_next_sign_in(services: Services, login: StaffLogin) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with services.unit_of_work.begin(OPERATOR) as tx:
        tx.session.execute(update(StaffRow).values(password_hash=weak))
    assert isinstance(heard(services.staff.sessions, login.attempt()), SignedIn)
    with services.unit_of_work.read() as tx:
        stored = tx.session.scalars(select(StaffRow.password_hash)).one()
    assert stored is not None
    assert not passwords.is_outdated(stored)
    assert passwords.matches(stored, Secret(PASSWORD))


# ---------------------------------------------------------------- what is refused, and alike


def test_whatever_is_wrong_is_refused_with_the_same_words(services: Services, clock: FakeClock, address: str) -> None:
    known = make_staff(services, Role.REVIEWER)
    others = {
        state: make_staff(services, Role.REVIEWER) for state in (StaffState.PENDING, StaffState.DISABLED, "ended")
    }
    for state, login in others.items():
        change = {"ends_at": clock.now()} if state == "ended" else {"state": state}
        settle(services, update(StaffRow).where(StaffRow.id == login.staff_id).values(change))
    answers = [
        known.sign_in(address, email="nobody@staff.example"),
        known.sign_in(address, email="没有"),
        known.sign_in(address, password=WRONG),
        known.sign_in(address, code="000000"),
        known.sign_in(address, code="x"),
        *(login.sign_in(address) for login in others.values()),
    ]
    assert {(answer.status_code, _said(answer)) for answer in answers} == {(401, _said(answers[0]))}
    assert answers[0].json()["code"] == "sign-in-failed"
    clock.advance(minutes=15)
    assert known.sign_in(address).status_code == 201


def test_nobody_costs_the_same_queries_as_somebody(services: Services) -> None:
    asked: dict[str, list[str]] = {}
    for email in (make_staff(services, Role.REVIEWER).email, "nobody@staff.example"):
        said = asked[email] = []

        def note(*event: object, said: list[str] = said) -> None:
            said.append(str(event[2]))

        event.listen(Engine, "before_cursor_execute", note)
        try:
            guess(services, email, policies.SIGN_IN_FAILURES.value + 1, address=email)
        finally:
            event.remove(Engine, "before_cursor_execute", note)
    known, unknown = asked.values()
    assert known == unknown


def test_failures_take_a_bounded_number_of_rows(services: Services) -> None:
    throttle = services.staff.sessions._throttle
    subjects = {one for n in range(1000) for one in throttle.subjects(f"{n}@staff.example", str(n))}
    assert len(subjects) > 1900  # hardly anybody shares one
    assert {one[:-2] for one in subjects} == {b"email", b"address"}


def test_over_the_limit_the_known_and_the_unknown_hear_the_same_too(services: Services, address: str) -> None:
    known = make_staff(services, Role.REVIEWER)
    guess(services, known.email, 10, address="192.0.2.8")
    guess(services, "nobody@staff.example", 10, address="192.0.2.9")
    answers = [known.sign_in(address, email=email, code="000000") for email in (known.email, "nobody@staff.example")]
    assert {(answer.status_code, _said(answer), answer.headers["retry-after"]) for answer in answers} == {
        (429, _said(answers[0]), "900")
    }
    assert answers[0].json()["code"] == "rate-limited"


def _said(answer: httpx2.Response) -> str:
    said: Json = answer.json()
    return json.dumps({name: value for name, value in said.items() if name not in {"request_id", "instance"}})


@pytest.mark.parametrize(
    "body",
    [
        {"email": "", "password": "x", "code": "1"},
        {"email": ["a"], "password": "x", "code": "1"},
        {"email": "a@b.example", "password": "x" * 257, "code": "1"},
        {"email": "a@b.example", "password": "x", "code": 123456},
        {"email": "a@b.example", "password": "x", "code": "1", "role": "admin"},
        {"email": "a@b.example", "password": "canary-password"},
    ],
)
def test_what_is_no_sign_in_is_refused_and_nothing_of_it_repeated(address: str, body: Json) -> None:
    answer = httpx2.post(f"{address}/v1/staff/sessions", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed")
    assert "canary" not in answer.text
    assert "a@b" not in answer.text


def test_hostile_texts_are_nobody(services: Services, address: str) -> None:
    login = make_staff(services, Role.REVIEWER)
    for email in ("' OR 1=1 --", "a\u202eb@x.example", "𠮷@x.example", "İ@x.example", "x" * 256):
        answer = httpx2.post(
            f"{address}/v1/staff/sessions", json={"email": email, "password": "p\u0301", "code": "１２３４５６"}
        )
        assert answer.status_code == 401, email
    assert isinstance(heard(services.staff.sessions, login.attempt()), SignedIn)


# ---------------------------------------------------------------- guessing


def test_after_ten_failures_only_who_has_the_code_is_judged(services: Services, clock: FakeClock) -> None:
    login = make_staff(services, Role.REVIEWER)
    assert guess(services, login.email, 12) == [SignInFailed] * 10 + [TooManyFailures] * 2
    assert guess(services, login.email, address="203.0.113.5") == [TooManyFailures]  # wherever it comes from
    assert isinstance(heard(services.staff.sessions, login.attempt(code="000000")), TooManyFailures)  # password right
    assert isinstance(heard(services.staff.sessions, login.attempt(WRONG)), TooManyFailures)  # code right, and spent
    assert isinstance(heard(services.staff.sessions, login.attempt()), TooManyFailures)
    clock.advance(seconds=30)
    assert isinstance(heard(services.staff.sessions, login.attempt()), SignedIn)
    assert guess(services, login.email) == [TooManyFailures]  # that somebody got in changes nothing for the others
    clock.advance(minutes=14, seconds=29)
    assert guess(services, login.email) == [TooManyFailures]
    clock.advance(seconds=1)
    assert guess(services, login.email) == [SignInFailed]


def test_an_address_is_counted_over_all_accounts_and_keeps_nobody_out(services: Services, login: StaffLogin) -> None:
    for number in range(10):
        guess(services, f"nobody-{number}@staff.example")
    assert guess(services, "another@staff.example") == [TooManyFailures]
    assert guess(services, "another@staff.example", address="203.0.113.5") == [SignInFailed]
    assert isinstance(heard(services.staff.sessions, login.attempt(address=STRANGER)), SignedIn)


def test_signing_in_oneself_does_not_pay_for_guesses_at_others(services: Services, clock: FakeClock) -> None:
    own = make_staff(services, Role.REVIEWER)
    found: list[type[object]] = []
    for _ in range(6):
        found += guess(services, "victim@staff.example", 2)
        clock.advance(seconds=30)
        assert isinstance(heard(services.staff.sessions, own.attempt(address=STRANGER)), SignedIn)
    assert found == [SignInFailed] * 10 + [TooManyFailures] * 2


def test_who_knows_the_password_and_guesses_at_codes_is_stopped_and_the_owner_is_not(
    services: Services, clock: FakeClock
) -> None:
    """Six digits fall to who may try them without end."""
    login = make_staff(services, Role.REVIEWER)
    guess(services, login.email, 10)
    with services.unit_of_work.begin(OPERATOR) as tx:
        subject = services.staff.sessions._throttle._subject("guesses", login.email)
        many = policies.SIGN_IN_GUESSES.value - 1
        tx.session.add(FailureRow(subject=subject, ends_at=tx.now + timedelta(hours=24), failures=many))
    assert isinstance(heard(services.staff.sessions, login.attempt()), SignedIn)
    clock.advance(seconds=60)
    assert guess(services, login.email, 2) == [TooManyGuesses, TooManyGuesses]
    lucky, before = login.code(), login.code(clock.now() - timedelta(seconds=30))
    for wrong in (lucky, lucky + before, lucky + lucky, before + "000000", lucky + "1"):
        assert isinstance(heard(services.staff.sessions, login.attempt(code=wrong)), TooManyGuesses)
    assert isinstance(heard(services.staff.sessions, login.attempt(code=f"{before} {lucky}")), SignedIn)
    assert isinstance(heard(services.staff.sessions, login.attempt(code=before + lucky)), TooManyGuesses)
    clock.advance(hours=24)
    assert isinstance(heard(services.staff.sessions, login.attempt()), SignedIn)


def test_of_forty_guesses_at_once_ten_are_judged(services: Services, login: StaffLogin) -> None:
    found = at_once([lambda: guess(services, login.email)[0] for _ in range(40)])
    assert found.count(SignInFailed) == 10
    assert set(found) == {SignInFailed, TooManyFailures}


def test_what_was_judged_is_on_record_without_any_address(services: Services, login: StaffLogin) -> None:
    guess(services, login.email, 15)
    guess(services, "nobody@staff.example", address="203.0.113.5")
    heard(services.staff.sessions, login.attempt())
    with services.unit_of_work.read() as tx:
        entries = [json.loads(row.entry) for row in tx.session.scalars(select(StagedEntryRow))]
    acts = [(entry["action"], entry["object"]["id"]) for entry in entries if entry["object"]["kind"] == "staff"]
    assert acts.count((Action.STAFF_SIGN_IN_FAILED, login.staff_id)) == 10
    assert acts.count((Action.STAFF_SIGN_IN_FAILED, NOBODY)) == 1
    assert acts.count((Action.STAFF_SIGNED_IN, login.staff_id)) == 1
    assert "example" not in json.dumps(entries)
