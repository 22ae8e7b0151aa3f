"""People who are known and people who are not, by turns at the same pages: same status, same length, and the time told.

What time alone tells is the area under the curve of a classifier that has nothing else: 0.5 is a coin.
"""

import random
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import httpx2
import pytest

from app.kernel.actor import OPERATOR
from app.policies import RATES, Rate
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, sandbox_number
from tests.support.person import Person
from tests.support.serving import serving
from tests.torture.form import Form

_BACK = "https://forum.example/back"
_KNOWN, _UNKNOWN = "known", "unknown"
_ACCOUNT_TRIES = 9
_TEXTS = 15
_NO_MATCH = "不一致"


@dataclass(frozen=True)
class Heard:
    who: str
    status: int
    length: int
    seconds: float


@pytest.fixture
def forum(services: Services) -> Iterator[ForumBackend]:
    """Nobody is slowed down here: rates by address would be heard before anything else is."""
    boundless = {kind: Rate(10**9, "requests", "a test", 1) for kind in RATES}
    credentials = services.forums.add(OPERATOR, "测试论坛", [_BACK])
    with serving(services, boundless) as address:
        backend = ForumBackend(address, credentials)
        yield backend
        backend.http.close()


def test_a_phone_is_texted_alike_at_my_identity_whoever_it_belongs_to(
    forum: ForumBackend, clock: FakeClock, form: Form
) -> None:
    count = form.size(short=5, long=2000)
    for n in range(count):
        _verify_phone(forum, n)
    clock.advance(days=1, hours=1)
    path = f"/me?forum={forum.credentials.forum_id}"

    def ask(phone: str, who: str) -> Heard:
        person = Person(forum.address)
        with closing(person.http):
            person.open(path)
            return _heard(who, lambda: person.http.post(path.replace("/me?", "/me/phone?"), data={"phone": phone}))

    _tell(form, "phones at /me", [ask(phone, who) for phone, who in _turns(count, _phone)])


def test_a_phone_is_texted_alike_on_the_way_through_a_flow(forum: ForumBackend, clock: FakeClock, form: Form) -> None:
    count = form.size(short=5, long=2000)
    for n in range(count):
        _verify_phone(forum, n)
    clock.advance(days=1, hours=1)
    forum.log_in()
    walkers = _walkers(forum, clock, "phone", _TEXTS)

    def ask(phone: str, who: str) -> Heard:
        person = next(walkers)
        form_fields = person.hidden("phone") | {"phone": phone}
        heard = _heard(who, lambda: person.send(form_fields))
        person.open(f"{person.link}?step=phone")
        person.link = person.link.partition("?")[0]
        return heard

    with closing(walkers):
        heard = [ask(phone, who) for phone, who in _turns(count, _phone)]
    _tell(form, "phones in a flow", heard)


def test_a_document_is_not_confirmed_alike_whether_it_is_on_file_or_matches_nothing(
    forum: ForumBackend, clock: FakeClock, form: Form
) -> None:
    count = form.size(short=5, long=2000)
    for n in range(count):
        account = forum.register(f"owner{n}")
        assert forum.check_document(account["id"], _number(n), "测试甲").json()["outcome"] == "verified"
    walkers = _walkers(forum, clock, "resident_id", _ACCOUNT_TRIES)

    def ask(number: str, who: str) -> Heard:
        person = next(walkers)
        typed = {"number": number, "name": "测试甲" if who == _KNOWN else _NO_MATCH}
        fields = person.hidden("document") | typed
        heard = _heard(who, lambda: person.send(fields))
        person.open(person.link)
        return heard

    with closing(walkers):
        heard = [ask(number, who) for number, who in _turns(count, _number)]
    _tell(form, "documents in a flow", heard)


def _turns(count: int, spelled: Callable[[int], str]) -> Sequence[tuple[str, str]]:
    """Known and unknown ones in an order that nobody can guess; the same number of each."""
    turns = [(spelled(n), _KNOWN) for n in range(count)] + [(spelled(count + n), _UNKNOWN) for n in range(count)]
    random.Random(5).shuffle(turns)  # noqa: S311 -- an order, no secret
    return turns


def _phone(n: int) -> str:
    return f"1400000{n + 10:04d}"


def _number(n: int) -> str:
    return sandbox_number(n % 1000, f"{1960 + n // 1000}0307")


def _verify_phone(forum: ForumBackend, n: int) -> None:
    account = forum.register(f"owner{n}")
    assert forum.phone_code(account["id"], _phone(n))["outcome"] == "verified"


def _walkers(forum: ForumBackend, clock: FakeClock, way: str, times: int) -> Generator[Person, None, None]:
    """People at the step where a phone or a document is entered; a new one after so many times."""
    n = 0
    while True:
        n += 1
        clock.advance(seconds=1)
        forum.log_in()
        person = Person(forum.address)
        person.open(forum.post("/v1/registrations", {"return_url": _BACK}).json()["url"])
        person.act("start")
        person.act("handle", handle=f"walker{n}")
        person.act("agreement", accept="yes")
        person.act("way", way=way)
        if way != "phone":
            person.act("no-phone")
        with closing(person.http):
            yield from (person for _ in range(times))


def _heard(who: str, ask: Callable[[], httpx2.Response]) -> Heard:
    began = time.perf_counter()
    answer = ask()
    return Heard(who, answer.status_code, len(answer.content), time.perf_counter() - began)


def _tell(form: Form, what: str, heard: Sequence[Heard]) -> None:
    kinds = {who: {(one.status, one.length) for one in heard if one.who == who} for who in (_KNOWN, _UNKNOWN)}
    assert kinds[_KNOWN] == kinds[_UNKNOWN], kinds
    assert len(kinds[_KNOWN]) <= _ACCOUNT_TRIES, kinds
    times = {who: [one.seconds for one in heard if one.who == who] for who in kinds}
    area = _area(times[_KNOWN], times[_UNKNOWN])
    form.tell(f"{what}, alike", f"{len(heard)} asked, the same {len(kinds[_KNOWN])} answers; AUC by time {area:.3f}")


def _area(known: Sequence[float], unknown: Sequence[float]) -> float:
    """How often a known one took longer than an unknown one (or shorter, if that is more often)."""
    ranked = sorted([(seconds, 1) for seconds in known] + [(seconds, 0) for seconds in unknown])
    ranks = sum(rank for rank, (_, is_known) in enumerate(ranked, 1) if is_known)
    area = (ranks - len(known) * (len(known) + 1) / 2) / (len(known) * len(unknown))
    return max(area, 1 - area)
