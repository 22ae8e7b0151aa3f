"""A thousand guesses at one code on the pages, at two processes of which one is killed: at most five are judged."""

import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import httpx2
import psycopg

from app.kernel.actor import OPERATOR
from app.settings import Settings
from app.wiring import build, initialise
from tests.support.forum import NO_CERTIFICATES, ForumBackend
from tests.support.person import Person
from tests.support.process import environment_of, free_address, serving_process
from tests.torture.form import Form

_BACK = "https://forum.example/back"
_PHONE = "14000006789"
_TRIES = 5


def test_of_all_guesses_at_a_code_no_more_than_five_are_judged(
    new_postgres_database: Callable[[str], str], tmp_path: Path, form: Form
) -> None:
    url = new_postgres_database("guesses")
    environments = [environment_of(tmp_path, url, SHIMING_ISSUER=free_address()) for _ in range(2)]
    settings = Settings(database_url=url, data_dir=tmp_path, keys_dir=tmp_path / "keys")
    initialise(settings)
    services = build(settings)
    credentials = services.forums.add(OPERATOR, "测试论坛", [_BACK])
    services.engine.dispose()
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(serving_process(environment, tmp_path / "output")) for environment in environments
        )
        forum = ForumBackend(first.address, credentials)
        stack.callback(forum.http.close)
        person = Person(first.address)
        stack.callback(person.http.close)
        person.open(forum.post("/v1/registrations", {"return_url": _BACK}).json()["url"])
        person.act("start")
        person.act("handle", handle="山间清风")
        person.act("agreement", accept="yes")
        person.act("way", way="phone")
        person.act("phone", phone=_PHONE)
        code, guess = forum.read_code(_PHONE), person.hidden("code")
        guesses = [number for number in (f"{n:06d}" for n in range(20_000)) if number != code]
        count = form.size(short=150, long=10_000)
        browsers = [
            stack.enter_context(
                httpx2.Client(
                    base_url=service.address, cookies=dict(person.http.cookies), verify=NO_CERTIFICATES, timeout=60
                )
            )
            for service in (first, second)
        ]

        def send(numbered: tuple[int, str]) -> int:
            number, typed = numbered
            if number == count // 2:
                second.kill()
            try:
                return browsers[number % 2].post(person.link, data=guess | {"code": typed}).status_code
            except httpx2.TransportError:
                return 0

        with ThreadPoolExecutor(32) as crowd:
            heard = Counter(crowd.map(send, enumerate(islice(guesses, count))))
        with serving_process(environments[1], tmp_path / "output"):
            heard.update(map(send, enumerate(islice(guesses, count, count + 20))))
        assert set(heard) <= {0, 303, 422, 503}, heard
        person.send(guess | {"code": code})
        person.open(person.link)
        assert person.heading() == "你的手机号是多少？"
        with psycopg.connect(re.sub(r"\+psycopg", "", url)) as session:
            rows = session.execute("SELECT tries FROM one_time_codes").fetchall()
    assert rows == [(_TRIES,)]
    form.tell("guesses at a code on the pages", f"{count} at two processes, one killed: {_TRIES} judged; {dict(heard)}")
