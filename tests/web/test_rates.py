"""Rates: how often whom, told truly, counted exactly, and in nobody else's way."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import httpx2
import pytest

from app.forums.domain import Credentials
from app.kernel.actor import OPERATOR
from app.kernel.errors import TooMany
from app.policies import RATES, Rate, RouteClass
from app.web.rates import Rates, address_of, class_by_address
from app.wiring import Services
from tests.support.forum import ForumBackend
from tests.support.serving import serving

Start = Callable[[Mapping[RouteClass, int]], str]


class Hands:
    """A clock for windows; what it shows is set by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def rates(hands: Hands, refused: list[RouteClass], **values: tuple[int, int]) -> Rates:
    table = {RouteClass(name): Rate(value, "requests", "test", seconds) for name, (value, seconds) in values.items()}
    return Rates(refused.append, table, hands)


@pytest.fixture
def start(services: Services) -> Iterator[Start]:
    """Serves with a few rates made small, for a minute each, so that no window ends within a test."""
    with ExitStack() as stack:

        def serve(small: Mapping[RouteClass, int]) -> str:
            table = {**RATES, **{kind: Rate(value, "requests", "test", 60) for kind, value in small.items()}}
            return stack.enter_context(serving(services, table))

        yield serve


def log_in(address: str, credentials: Credentials, secret: str | None = None) -> httpx2.Response:
    basic = (credentials.client_id, secret or credentials.client_secret.reveal())
    return httpx2.post(f"{address}/oauth/token", data={"grant_type": "client_credentials"}, auth=basic)


def assert_rate_limited(answer: httpx2.Response, within: int = 60) -> None:
    assert answer.status_code == 429, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "rate-limited"
    assert answer.headers["retry-after"].isdecimal()
    assert 1 <= int(answer.headers["retry-after"]) <= within


def test_as_many_as_the_rate_are_let_in_and_the_next_hears_when_its_window_ends() -> None:
    hands, refused = Hands(), list[RouteClass]()
    limited = rates(hands, refused, reads=(3, 60))
    for _ in range(3):
        limited.admit(RouteClass.READS, "cli_1")
    hands.now += 17.5
    with pytest.raises(TooMany) as found:
        limited.admit(RouteClass.READS, "cli_1")
    assert found.value.retry_after == 43
    assert refused == [RouteClass.READS]
    hands.now += found.value.retry_after
    limited.admit(RouteClass.READS, "cli_1")


def test_the_wait_that_is_told_is_never_less_than_a_second() -> None:
    hands = Hands()
    limited = rates(hands, [], reads=(1, 1))
    limited.admit(RouteClass.READS, "cli_1")
    hands.now += 0.999
    with pytest.raises(TooMany) as found:
        limited.admit(RouteClass.READS, "cli_1")
    assert found.value.retry_after == 1


def test_others_and_other_kinds_are_counted_apart() -> None:
    limited = rates(Hands(), [], reads=(1, 60), writes=(1, 60))
    limited.admit(RouteClass.READS, "cli_1")
    limited.admit(RouteClass.READS, "cli_2")
    limited.admit(RouteClass.WRITES, "cli_1")
    with pytest.raises(TooMany):
        limited.admit(RouteClass.WRITES, "cli_1")


def test_a_clock_that_is_set_back_keeps_nobody_out_longer_than_a_window() -> None:
    hands = Hands()
    limited = rates(hands, [], reads=(1, 10))
    limited.admit(RouteClass.READS, "cli_1")
    hands.now -= 3600
    limited.admit(RouteClass.READS, "cli_1")
    with pytest.raises(TooMany) as found:
        limited.admit(RouteClass.READS, "cli_1")
    assert found.value.retry_after == 10


def test_sixteen_threads_at_once_are_counted_exactly() -> None:
    refused: list[RouteClass] = []
    limited = rates(Hands(), refused, reads=(1000, 60))

    def ask(_number: int) -> int:
        admitted = 0
        for _ in range(100):
            try:
                limited.admit(RouteClass.READS, "cli_1")
                admitted += 1
            except TooMany:
                pass
        return admitted

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(ask, range(16))) == 1000
    assert len(refused) == 600


def test_who_came_once_is_forgotten_when_the_window_has_ended() -> None:
    hands = Hands()
    limited = rates(hands, [], public=(5, 1))
    for number in range(500):
        limited.admit(RouteClass.PUBLIC, f"10.0.{number // 250}.{number % 250}")
    hands.now += 5
    limited.admit(RouteClass.PUBLIC, "10.9.9.9")
    assert limited._limiter.storage.reset() == 1


def test_the_default_for_posting_tokens_never_refuses_a_client_below_20000_a_second() -> None:
    rate = RATES[RouteClass.TOKENS]
    assert rate.value >= 20_000 * rate.seconds
    hands, refused = Hands(), list[RouteClass]()
    limited = Rates(refused.append, now=hands)
    for _ in range(3):
        for _ in range(20_000):
            limited.admit(RouteClass.TOKENS, "cli_1")
        hands.now += 1
    assert refused == []


def test_a_rate_is_set_for_every_kind_with_its_unit_and_its_source() -> None:
    assert set(RATES) == set(RouteClass)
    assert all(rate.value > 0 and rate.seconds > 0 and rate.unit and rate.source for rate in RATES.values())


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("not:an:address", "unreadable"),
        (None, ""),
    ],
)
def test_an_address_is_an_ipv4_address_or_the_network_of_an_ipv6_host(host: str | None, counted: str) -> None:
    assert address_of({"type": "http", "client": (host, 1) if host else None}) == counted


@pytest.mark.parametrize(
    ("path", "bearer", "kind"),
    [
        ("/livez", False, None),
        ("/readyz", False, None),
        ("/oauth/token", True, RouteClass.LOGIN),
        ("/oauth/introspect", True, RouteClass.TOKENS),
        ("/metrics", True, RouteClass.METRICS),
        ("/v1/accounts", True, None),
        ("/v1/accounts", False, RouteClass.PUBLIC),
        ("/v1/status-lists/frm_1", True, RouteClass.PUBLIC),
        ("/", True, RouteClass.PUBLIC),
        ("/nowhere", False, RouteClass.PUBLIC),
        ("/.well-known/jwks.json", False, RouteClass.PUBLIC),
    ],
)
def test_what_is_counted_by_address(path: str, bearer: bool, kind: RouteClass | None) -> None:  # noqa: FBT001 -- a column
    headers = [(b"authorization", b"Bearer x")] if bearer else []
    assert class_by_address({"type": "http", "path": path, "headers": headers}) == kind


def test_each_kind_of_call_is_refused_by_its_own_rate_and_the_others_go_on(services: Services, start: Start) -> None:
    address = start({RouteClass.READS: 2, RouteClass.WRITES: 2, RouteClass.TOKENS: 2, RouteClass.VERIFICATIONS: 2})
    calls: dict[str, Callable[[ForumBackend], httpx2.Response]] = {
        "reads": lambda forum: forum.get("/v1/accounts"),
        "writes": lambda forum: forum.post("/v1/accounts", {}),
        "tokens": lambda forum: forum.post("/v1/tokens/verify", {"token": "x"}),
        "verifications": lambda forum: forum.post("/v1/verifications", {}),
    }
    first, second = (ForumBackend(address, services.forums.add(OPERATOR, name)) for name in ("一", "二"))
    with closing(first.http), closing(second.http):
        for name, call in calls.items():
            assert [call(first).status_code for _ in range(2)] in ([200, 200], [422, 422]), name
            assert_rate_limited(call(first))
            assert call(second).status_code in {200, 422}, name


def test_the_login_answers_429_with_a_problem_and_others_are_not_touched(services: Services, start: Start) -> None:
    address = start({RouteClass.LOGIN: 3})
    credentials = services.forums.add(OPERATOR, "论坛")
    assert [log_in(address, credentials).status_code for _ in range(3)] == [200] * 3
    assert_rate_limited(log_in(address, credentials))
    assert httpx2.get(f"{address}/.well-known/jwks.json").status_code == 200


def test_who_guesses_secrets_hears_429_and_the_right_secret_opens_all_the_same(
    services: Services, start: Start
) -> None:
    address = start({RouteClass.WRONG_SECRETS: 3})
    owner, other = (services.forums.add(OPERATOR, name) for name in ("一", "二"))
    assert [log_in(address, owner, f"wrong-{number}").status_code for number in range(3)] == [401] * 3
    assert_rate_limited(log_in(address, owner, "wrong-again"))
    assert log_in(address, owner).status_code == 200
    assert log_in(address, other, "wrong").status_code == 401


def test_a_client_that_does_not_exist_is_throttled_like_one_that_does(services: Services, start: Start) -> None:
    address = start({RouteClass.WRONG_SECRETS: 2})
    known = services.forums.add(OPERATOR, "论坛")
    for client_id in (known.client_id, known.client_id[:-1] + "x", "cli_nobody"):
        statuses = [
            httpx2.post(
                f"{address}/oauth/token", data={"grant_type": "client_credentials"}, auth=(client_id, "guess")
            ).status_code
            for _ in range(3)
        ]
        assert statuses == [401, 401, 429], client_id


def test_a_token_that_is_nobodys_counts_for_its_address(start: Start) -> None:
    address = start({RouteClass.PUBLIC: 2})
    headers = {"authorization": "Bearer guess"}
    assert [httpx2.get(f"{address}/v1/accounts", headers=headers).status_code for _ in range(3)] == [401, 401, 429]


def test_pages_are_limited_by_address_and_health_never_is(start: Start) -> None:
    address = start({RouteClass.PUBLIC: 2, RouteClass.METRICS: 1})
    assert [httpx2.get(f"{address}/{path}").status_code for path in ("", "nowhere")] == [200, 404]
    for path in ("", "docs", "problems/not-found", ".well-known/jwks.json", "v1/accounts", "nowhere"):
        assert_rate_limited(httpx2.get(f"{address}/{path}"))
    assert httpx2.get(f"{address}/metrics").status_code == 200
    assert_rate_limited(httpx2.get(f"{address}/metrics"))
    for path in ("livez", "readyz"):
        assert [httpx2.get(f"{address}/{path}").status_code for _ in range(5)] == [200] * 5


def test_nobody_chooses_the_address_that_is_counted(start: Start) -> None:
    address = start({RouteClass.PUBLIC: 2})
    answers = [
        httpx2.get(address, headers={"x-forwarded-for": other, "x-real-ip": other, "forwarded": f"for={other}"})
        for other in ("192.0.2.1", "192.0.2.2", "192.0.2.3")
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
