"""Clients: two secrets during a rotation, the same work whoever asks, and nobody is sent back to a doubtful address."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
from sqlalchemy import event

from app.forums.errors import ClientRefused, ForumDisabled, ReturnUrlUnusable
from app.forums.service import Forums
from app.kernel.actor import OPERATOR
from app.kernel.secret import Secret
from app.settings import Settings
from app.wiring import Services, build
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend
from tests.support.serving import serving


@contextmanager
def statements(services: Services) -> Iterator[list[str]]:
    said: list[str] = []

    def listen(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    event.listen(services.engine, "before_cursor_execute", listen)
    try:
        yield said
    finally:
        event.remove(services.engine, "before_cursor_execute", listen)


def test_who_is_unknown_costs_the_same_statements_as_who_is_known(services: Services) -> None:
    known, disabled = (services.forums.add(OPERATOR, name) for name in ("一", "二"))
    services.forums.disable(OPERATOR, disabled.forum_id)
    seen = []
    for client_id in (known.client_id, disabled.client_id, "cli_nobody", "é", ""):
        with statements(services) as said, pytest.raises(ClientRefused):
            services.forums.authenticate(client_id, Secret("wrong"))
        seen.append(said)
    assert len(seen[0]) >= 2
    assert all(said == seen[0] for said in seen)


def test_in_a_rotation_both_secrets_open_and_the_old_one_ends_at_its_time_and_not_before(
    services: Services, clock: FakeClock
) -> None:
    old = services.forums.add(OPERATOR, "论坛")
    new = services.forums.rotate_secret(OPERATOR, old.forum_id)
    (listed,) = services.forums.list_all()
    assert [secret.expires_at is None for secret in listed.secrets] == [False, True]
    ends_at = listed.secrets[0].expires_at
    assert ends_at is not None
    clock.advance(seconds=(ends_at - clock.now()).total_seconds() - 0.001)
    for secret in (old.client_secret, new.client_secret):
        assert services.forums.authenticate(old.client_id, secret).forum_id == old.forum_id
    clock.advance(milliseconds=1)
    with pytest.raises(ClientRefused):
        services.forums.authenticate(old.client_id, old.client_secret)
    assert services.forums.authenticate(old.client_id, new.client_secret).forum_id == old.forum_id
    (listed,) = services.forums.list_all()
    assert [secret.expires_at for secret in listed.secrets] == [None]


def test_the_secret_of_another_client_opens_nothing(services: Services) -> None:
    one, other = (services.forums.add(OPERATOR, name) for name in ("一", "二"))
    for secret in (other.client_secret, Secret(""), Secret("\x00" * 32)):
        with pytest.raises(ClientRefused):
            services.forums.authenticate(one.client_id, secret)


def test_a_disabled_forum_is_out_at_its_next_call_on_every_process(
    services: Services, settings: Settings, clock: FakeClock, forum: ForumBackend
) -> None:
    with serving(build(settings, clock=clock)) as second:
        bearer = {"authorization": forum.http.headers["authorization"]}
        basic = (forum.credentials.client_id, forum.credentials.client_secret.reveal())
        assert httpx2.get(f"{second}/v1/accounts", headers=bearer).status_code == 200
        services.forums.disable(OPERATOR, forum.credentials.forum_id)
        for address in (second, forum.address):
            assert httpx2.get(f"{address}/v1/accounts", headers=bearer).status_code == 401
            answer = httpx2.post(f"{address}/oauth/token", data={"grant_type": "client_credentials"}, auth=basic)
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


WHOLE = (
    "https://forum.example",
    "https://forum.example/back?from=shiming",
    "https://forum.example:8443/",
    "https://xn--fiqs8s.example/",
    "http://localhost:3000/back",
    "http://127.0.0.1/",
    "http://[::1]:8080/back",
)
DOUBTFUL = (
    *("", "/back", "forum.example", "//forum.example", "https://", "https:///back", "javascript:alert(1)", "data:,x"),
    *(
        "ftp://forum.example",
        "https://user@forum.example",
        "https://user:secret@forum.example",
        "https://@forum.example",
    ),
    *(
        "https://forum.example/#top",
        "https://forum.example/#",
        "https://forum.example/ back",
        "https://forum.example\n",
    ),
    *("https://论坛.example", "https://forum.example:port/", "https://forum.example:99999/", "https://[::1/"),
    *("https:\\\\forum.example", 'https://forum.example/"', "https://forum.example/" + "a" * 2000),
)
PLAIN = ("http://forum.example/back", "http://localhost.forum.example/", "http://127.0.0.1.forum.example/")


@pytest.fixture
def production(services: Services) -> Forums:
    """The rules of production, on the same database."""
    return Forums(services.unit_of_work, services.forums._mac, services.forums._records, plain_http=False)


def test_a_return_url_is_a_whole_address_that_a_person_may_be_sent_to(production: Forums) -> None:
    production.add(OPERATOR, "论坛", WHOLE)
    (listed,) = production.list_all()
    assert listed.forum.return_urls == WHOLE


def test_a_doubtful_return_url_is_refused_and_no_forum_is_added(services: Services, production: Forums) -> None:
    for url in DOUBTFUL:
        for forums in (services.forums, production):
            with pytest.raises(ReturnUrlUnusable) as refused:
                forums.add(OPERATOR, "论坛", [WHOLE[0], url])
            assert len(url) < 9 or url not in str(refused.value.detail), url
    assert services.forums.list_all() == []


def test_plain_http_to_elsewhere_is_for_development(services: Services, production: Forums) -> None:
    for url in PLAIN:
        with pytest.raises(ReturnUrlUnusable):
            production.add(OPERATOR, "论坛", [url])
    services.forums.add(OPERATOR, "论坛", PLAIN)
    assert services.forums.list_all()[0].forum.return_urls == PLAIN


def test_a_disabled_forum_is_given_no_new_secret_and_no_confirmation(services: Services) -> None:
    forum = services.forums.add(OPERATOR, "论坛")
    services.forums.disable(OPERATOR, forum.forum_id)
    for act in (services.forums.rotate_secret, services.forums.confirm_acts):
        with pytest.raises(ForumDisabled):
            act(OPERATOR, forum.forum_id)
    (listed,) = services.forums.list_all()
    assert len(listed.secrets) == 1
