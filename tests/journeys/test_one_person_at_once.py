"""One person who is verified many times at once stays one person."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2
from sqlalchemy import func, select

from app.vault.models import DocumentRow, PersonRow
from app.verification.models import VerificationRow
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json

_PERSON = "11019919900307005X"
_FULL_WIDTH = _PERSON.translate({ord("0") + digit: ord("０") + digit for digit in range(10)})
SPELLINGS = (
    _PERSON,
    _PERSON.lower(),
    _FULL_WIDTH,
    _FULL_WIDTH.replace("X", "ｘ"),
    f" {_PERSON} ",
    f"{_PERSON[:6]} {_PERSON[6:14]} {_PERSON[14:]}",
    f"{_PERSON[:6]}-{_PERSON[6:14]}-{_PERSON[14:]}",
    f"{_PERSON[:6]}\u200b{_PERSON[6:]}",
    f"\u3000{_PERSON[:9]}\u3000{_PERSON[9:]}",
    f"{_PERSON[:-1]}\u2169",
)
_ANSWER_SECONDS = 60


def test_thirty_verifications_of_one_person_at_once_make_one_person(
    new_forum: Callable[[str], ForumBackend], services: Services
) -> None:
    forums = [new_forum(f"论坛{number}") for number in range(3)]
    verified = 0
    for turn in range(3):
        work = [
            (forum, forum.register(f"第{turn}轮_{spelling}")["id"], text)
            for forum in forums
            for spelling, text in enumerate(SPELLINGS)
        ]
        answers = _all_at_once(work)
        assert all(answer["reason"] in {None, "not-confirmed"} for answer in answers)
        verified += sum(answer["outcome"] == "verified" for answer in answers)
        assert _count(services) == (1, 1)
    assert verified == 1, "a document that is on file counts on another account only after a code to its phone"


def test_thirty_verifications_on_one_account_at_once_make_one_person(forum: ForumBackend, services: Services) -> None:
    account = forum.register("山间清风")["id"]
    answers = _all_at_once([(forum, account, SPELLINGS[number % len(SPELLINGS)]) for number in range(30)])
    outcomes = Counter(answer.get("outcome") or answer["code"] for answer in answers)
    assert outcomes.keys() <= {"verified", "rejected", "possession-required"}
    assert outcomes["verified"] == 1, "once a person is behind an account, their document needs a code like any other"
    assert forum.account(account)["identity"]["level"] == "document"
    assert _count(services) == (1, 1)


def test_a_code_to_the_phone_on_record_lets_many_accounts_share_a_person_at_once(
    new_forum: Callable[[str], ForumBackend], services: Services, clock: FakeClock
) -> None:
    forums, phone = [new_forum(f"论坛{number}") for number in range(3)], "14000001234"
    first = forums[0].register("首个账号")["id"]
    forums[0].phone_code(first, phone)
    assert forums[0].check_document(first, _PERSON).json()["outcome"] == "verified"
    accounts = []
    for number, forum in enumerate(forums):
        clock.advance(minutes=2)
        accounts.append((forum, forum.register(f"另一个_{number}")["id"], SPELLINGS[number]))
        forum.phone_code(accounts[-1][1], phone)
    answers = _all_at_once(accounts)
    assert [answer["outcome"] for answer in answers] == ["verified"] * 3
    assert _count(services) == (1, 1)


def test_wrong_guesses_at_once_are_judged_no_more_often_than_one_after_the_other(
    forum: ForumBackend, services: Services
) -> None:
    account = forum.register("山间清风")["id"]

    def guess(_: int) -> tuple[int, str]:
        response = forum.check_document(account, "110199199003070033")
        body: Json = response.json()
        return response.status_code, body.get("code") or body["reason"]

    with ThreadPoolExecutor(30) as pool:
        answers = Counter(pool.map(guess, range(30)))
    assert set(answers) <= {(201, "not-confirmed"), (429, "too-many-attempts"), (503, "unavailable")}
    assert answers[201, "not-confirmed"] <= 3
    with services.unit_of_work.read() as tx:
        assert (tx.session.scalar(select(func.count()).select_from(VerificationRow)) or 0) <= 3


def _all_at_once(work: list[tuple[ForumBackend, str, str]]) -> list[Json]:
    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(lambda item: _answered(*item), work))


def _answered(forum: ForumBackend, account_id: str, number: str) -> Json:
    """Asks again as long as the service says, by 503, that it is full; any other 5xx is a defect."""
    deadline = time.monotonic() + _ANSWER_SECONDS
    while True:
        response = forum.check_document(account_id, number)
        if response.status_code != httpx2.codes.SERVICE_UNAVAILABLE:
            assert response.status_code in {201, 409}, response.text
            answer: Json = response.json()
            return answer
        assert response.json()["code"] == "unavailable"
        assert time.monotonic() < deadline
        time.sleep(int(response.headers["retry-after"]))


def _count(services: Services) -> tuple[int | None, int | None]:
    with services.unit_of_work.read() as tx:
        persons = tx.session.scalar(select(func.count()).select_from(PersonRow))
        documents = tx.session.scalar(select(func.count()).select_from(DocumentRow))
    return persons, documents
