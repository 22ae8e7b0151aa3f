"""What HTTP adds to a screening: a batch of 100 clean posts over HTTP beside the same use case in process.

`make bench-screening` puts the row into `bench/results.md`; `python -m bench.screening_http` prints it.
"""

import http.client
import json
import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from app.kernel.actor import OPERATOR, Actor, ActorKind
from app.screening.compiling import compile_terms
from app.screening.contents import Item
from app.screening.domain import Field
from app.screening.matcher import Matcher
from app.screening.models import PublicationRow
from app.settings import Settings
from app.web.logs import configure_logs
from app.wiring import Services, build
from bench.corpus import Corpus, Row
from tests.support.forum import ForumBackend
from tests.support.process import ServiceProcess, service_process

_TERMS, _POSTS, _LENGTH = 10_000, 100, 300
_DEMAND = 2.0
_ROUNDS = 150


def main() -> int:
    measured = row()
    print(measured.line())
    return int(not measured.met)


def row() -> Row:
    corpus = Corpus()
    blob = compile_terms(corpus.terms(_TERMS))
    posts = corpus.posts(_POSTS, _LENGTH, Matcher.load(blob))
    configure_logs("WARNING")
    with tempfile.TemporaryDirectory() as folder, service_process(Path(folder), SHIMING_LOG_LEVEL="WARNING") as service:
        services = _services(service)
        try:
            _publish(services, blob)
            ours, http = _measure(services, service, posts)
        finally:
            services.engine.dispose()
    what = f"over HTTP, a batch of {_POSTS} posts / the same in process"
    value = http / ours
    return Row(what, f"<= {_DEMAND:g}", f"{value:.2f} ({http:,.1f} / {ours:,.1f} ms)", value <= _DEMAND)


def _services(service: ServiceProcess) -> Services:
    prefix = "SHIMING_"
    given = {name: value for name, value in service.environment.items() if name.startswith(prefix)}
    return build(Settings.model_validate({name.removeprefix(prefix).lower(): value for name, value in given.items()}))


def _publish(services: Services, blob: bytes) -> None:
    """These terms alone are in force: posts that are clean by them pass."""
    with services.unit_of_work.begin(OPERATOR) as tx:
        tx.session.add(
            PublicationRow(
                number=1_000_000,
                name="bench",
                parts="{}",
                digest=sha256(blob).digest(),
                blob=blob,
                published_at=tx.now,
                actor_kind=OPERATOR.kind.value,
                actor_id=OPERATOR.id,
            )
        )


def _measure(services: Services, service: ServiceProcess, posts: list[str]) -> tuple[float, float]:
    """Milliseconds of the middle one of each, in turns, so that both find the machine alike."""
    credentials = services.forums.add(OPERATOR, "bench")
    actor, forum_id = Actor(ActorKind.CLIENT, credentials.client_id), credentials.forum_id
    items = [Item(Field.POST, post) for post in posts]
    ask = _asker(ForumBackend(service.address, credentials), posts)
    ways: list[Callable[[], object]] = [lambda: services.screenings.screen(actor, forum_id, items), ask]
    took: list[list[float]] = [[], []]
    for _ in range(_ROUNDS):
        for way, times in zip(ways, took, strict=True):
            began = time.perf_counter()
            way()
            times.append((time.perf_counter() - began) * 1000)
    return median(took[0]), median(took[1])


def _asker(forum: ForumBackend, posts: list[str]) -> Callable[[], None]:
    """A bare client, so that what is measured is the service."""
    place = urlsplit(forum.address)
    connection = http.client.HTTPConnection(str(place.hostname), place.port)
    headers = {"authorization": forum.http.headers["authorization"], "content-type": "application/json"}
    body = json.dumps({"items": [{"field": "post", "text": post} for post in posts]}, ensure_ascii=False).encode()

    def ask() -> None:
        connection.request("POST", "/v1/screenings", body, headers)
        answer = connection.getresponse()
        said = answer.read()
        assert answer.status == http.client.OK, said

    return ask


if __name__ == "__main__":
    sys.exit(main())
