"""Guesses at tracking codes find nothing and slow nobody down; a wrong code and an erased case are one answer."""

import re
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from statistics import median

import httpx2
import pytest

from app import policies
from app.kernel.actor import OPERATOR
from app.kernel.secret import Secret
from app.reporting.desk import Complaints
from app.reporting.errors import NoSuchTrackingCode
from app.reporting.tracking import new_tracking_code
from app.wiring import Services
from tests.reporting.complaining import Anybody, act, decide, ok, waiting
from tests.support.clock import FakeClock
from tests.support.forum import NO_CERTIFICATES
from tests.support.serving import serving
from tests.support.staff import make_staff
from tests.torture.form import Form
from tests.torture.scenarios import GENEROUS

_KEPT = timedelta(days=policies.CASE_KEPT.value)
_TO_EACH_OWN = re.compile(rb"req_[0-9a-f]{24}")
_WRONG, _ERASED = "wrong", "erased"


@pytest.fixture
def anybody(services: Services) -> Iterator[Callable[[str, str], Anybody]]:
    """Somebody who comes from an address of their own, by a proxy that is trusted."""
    forum_id = services.forums.add(OPERATOR, "测试论坛").forum_id
    made: list[httpx2.Client] = []

    def come(address: str, whence: str) -> Anybody:
        headers = {"x-forwarded-for": whence}
        made.append(httpx2.Client(base_url=address, headers=headers, timeout=30, verify=NO_CERTIFICATES))
        return Anybody(made[-1], forum_id)

    yield come
    for http in made:
        http.close()


def test_guesses_find_nothing(services: Services, anybody: Callable[[str, str], Anybody], form: Form) -> None:
    """In this process, where a million is a matter of minutes: over HTTP the same use case is asked more slowly."""
    with serving(services, GENEROUS, proxies="127.0.0.1") as address:
        filing = anybody(address, "203.0.113.1")
        codes = [filing.code() for _ in range(form.size(short=5, long=1000))]
    desk, count = services.complaints.public, form.size(short=2000, long=1_000_000)
    began = time.perf_counter()
    with ThreadPoolExecutor(4) as pool:
        found = sum(pool.map(_finds_something, [desk] * 4, [count // 4] * 4, [_shown(codes)] * 4))
    assert found == 0
    assert desk.track(Secret(codes[0])).timeline
    seconds = time.perf_counter() - began
    form.tell(
        f"guesses at tracking codes, {services.engine.name}",
        f"{count} codes with a right check character against {len(codes)} cases, in one process with the service: 0"
        f" found, {count / seconds:.0f} a second",
    )


def _finds_something(desk: Complaints, count: int, real: frozenset[str]) -> int:
    """Codes that could be."""
    found = 0
    for number in range(count):
        code = new_tracking_code()
        assert code.reveal() not in real
        try:
            desk.track(code)
        except NoSuchTrackingCode:
            continue
        found += 1 + number
    return found


def _shown(codes: list[str]) -> frozenset[str]:
    return frozenset(codes)


def test_whoever_guesses_is_slowed_down_and_nobody_else(
    services: Services, anybody: Callable[[str, str], Anybody], form: Form
) -> None:
    allowed, asked = policies.RATES[policies.RouteClass.TRACKING].value, form.size(short=30, long=500)
    with serving(services, proxies="127.0.0.1") as address:
        person = anybody(address, "203.0.113.2")
        code = person.code()
        alone = [_seconds(lambda: ok(person.tracks(code))) for _ in range(asked)]
        guesser, statuses, over = anybody(address, "198.51.100.7"), [], False

        def guess() -> None:
            while not over:
                statuses.append(guesser.tracks(new_tracking_code().reveal()).status_code)

        with ThreadPoolExecutor(1) as pool:
            guessing = pool.submit(guess)
            while len(statuses) < allowed // 2:
                time.sleep(0.01)
                assert not guessing.done()
            meanwhile = [_seconds(lambda: ok(person.tracks(code))) for _ in range(asked)]
            while 429 not in statuses:
                time.sleep(0.01)
                assert not guessing.done()
            afterwards = [_seconds(lambda: ok(person.tracks(code))) for _ in range(asked)]
            over = True
    assert set(statuses) == {404, 429}
    assert statuses.count(404) <= 2 * allowed  # where a window ends meanwhile
    form.tell(
        f"whoever guesses beside who follows, {services.engine.name}",
        f"{len(statuses)} guesses from one address, {statuses.count(429)} x 429; another's case is read in"
        f" {median(alone) * 1000:.1f} ms alone, {median(meanwhile) / median(alone):.2f} times that beside guesses and"
        f" {median(afterwards) / median(alone):.2f} times that beside refusals",
    )


def test_a_wrong_code_and_an_erased_case_answer_alike(
    services: Services, clock: FakeClock, anybody: Callable[[str, str], Anybody], form: Form
) -> None:
    with serving(services, GENEROUS, proxies="127.0.0.1") as address:
        person = anybody(address, "203.0.113.3")
        codes = [person.code() for _ in range(form.size(short=10, long=300))]
        with make_staff(services, "reviewer").http(address) as staff:
            while found := waiting(staff):
                for case in found:
                    ok(act(staff, case["id"], "accept"))
                    ok(decide(staff, case["id"], "not_upheld"))
        clock.advance(days=_KEPT.days)
        while services.complaints.erasure.erase_old():
            pass
        heard: dict[str, list[tuple[int, bytes]]] = {_WRONG: [], _ERASED: []}
        times: dict[str, list[float]] = {_WRONG: [], _ERASED: []}
        turns = [(_ERASED, code) for code in codes] + [(_WRONG, new_tracking_code().reveal()) for _ in codes]
        secrets.SystemRandom().shuffle(turns)
        ways: list[Callable[[str], httpx2.Response]] = [
            person.tracks,
            lambda code: person.says(code, "还有"),
            lambda code: person.appeals(code, "再看"),
            lambda code: person.http.post("/complaints/track", data={"code": code}),
        ]
        for way in ways:
            for who, code in turns:
                began = time.perf_counter()
                answer = way(code)
                times[who].append(time.perf_counter() - began)
                heard[who].append((answer.status_code, _bare(answer, code)))
    assert set(heard[_WRONG]) == set(heard[_ERASED])
    assert {status for status, _ in heard[_WRONG]} == {404}
    assert len(set(heard[_WRONG])) <= len(ways)
    form.tell(
        f"a wrong code and an erased case, {services.engine.name}",
        f"{len(turns) * len(ways)} asked, the same bytes; medians {median(times[_WRONG]) * 1000:.2f} and"
        f" {median(times[_ERASED]) * 1000:.2f} ms, ratio {median(times[_ERASED]) / median(times[_WRONG]):.3f}",
    )


def _bare(answer: httpx2.Response, code: str) -> bytes:
    """Without what is anybody's own: the request's id, and the code in the box in which it was typed."""
    return _TO_EACH_OWN.sub(b"", answer.content.replace(code.encode(), b""))


def _seconds(ask: Callable[[], object]) -> float:
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began
