"""`/metrics`: what is counted, who may read it, and that no label holds anything of anybody's choice."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.policies import RATES, Rate, RouteClass
from app.settings import Settings
from app.web.metrics import FOLDER_VARIABLE, Metrics
from app.wiring import Services, build
from tests.support.canaries import hits
from tests.support.clock import FakeClock
from tests.support.forum import NAME, PERSON, ForumBackend
from tests.support.serving import serving

TOKEN = "a-token-of-24-characters"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read(address: str) -> tuple[str, Samples]:
    answer = httpx2.get(f"{address}/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["cache-control"] == "no-store"
    samples = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    return answer.text, samples


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, frozenset(labels.items())), 0.0)


def test_the_main_job_is_counted_by_results_and_reasons(forum: ForumBackend, address: str) -> None:
    account = forum.register("山间清风")["id"]
    assert forum.token(account).status_code == 403
    forum.accept_agreement(account)
    forum.phone_code(account, "14000001234")
    forum.check_document(account)
    permit = forum.token(account).json()["token"]
    forum.verify_token(permit)
    forum.verify_token("no token")
    _, found = read(address)
    assert value(found, "shiming_verifications_total", method="id2", outcome="verified") == 1
    assert value(found, "shiming_verifications_total", method="phone_code", outcome="verified") == 1
    assert value(found, "shiming_texts_total", outcome="pending") == 1
    assert value(found, "shiming_posting_permits_total") == 1
    for reason in ("identity-unverified", "agreement-not-accepted", "token-invalid"):
        assert value(found, "shiming_posting_denials_total", reason=reason) == 1, reason
    tokens = {"method": "POST", "route": "/v1/tokens"}
    assert value(found, "shiming_requests_total", status="201", **tokens) == 1
    assert value(found, "shiming_requests_total", status="403", **tokens) == 1
    assert value(found, "shiming_request_seconds_count", **tokens) == 2
    assert value(found, "shiming_request_seconds_bucket", le="+Inf", **tokens) == 2


def test_a_provider_that_nobody_may_ask_is_shown(forum: ForumBackend, address: str) -> None:
    account = forum.register("山间清风")["id"]
    assert value(read(address)[1], "shiming_provider_breaker_open", provider="sandbox", kind="id2") == 0
    for _ in range(3):
        forum.check_document(account, "110199199003070076")
    found = read(address)[1]
    assert value(found, "shiming_provider_breaker_open", provider="sandbox", kind="id2") == 1
    assert value(found, "shiming_provider_breaker_open", provider="sandbox", kind="organisation") == 0


def test_seats_connections_and_the_build_are_shown(address: str) -> None:
    _, found = read(address)
    seats = {key[1] for key in found if key[0] == "shiming_seats"}
    assert len(seats) == 8
    assert value(found, "shiming_seats", work="provider", state="taken") == 0
    assert ("shiming_database_connections", frozenset()) in found
    assert any(name == "shiming_build_info" and count == 1 for (name, _), count in found.items())


def test_a_route_is_named_by_its_pattern_and_whatever_no_route_takes_is_one(forum: ForumBackend, address: str) -> None:
    account = forum.register("山间清风", "forum-user-77")["id"]
    forum.account(account)
    for path in ("/nowhere", "/v1/nowhere", f"/{PERSON}", "/v1/accounts/", "/%00", "/a" * 50):
        httpx2.get(f"{address}{path}")
    for method in ("BREW", "PROPFIND", "REPORT", "DELETE", "OPTIONS", "TRACE"):
        httpx2.request(method, f"{address}/{PERSON}")
    text, found = read(address)
    requests = [dict(labels) for name, labels in found if name == "shiming_requests_total"]
    assert {labels["method"] for labels in requests} <= {"GET", "HEAD", "POST", "DELETE", "OPTIONS", "other"}
    assert "other" in {labels["method"] for labels in requests}
    shown = {labels["route"] for labels in requests}
    assert shown == {"none", "/oauth/token", "/v1/accounts", "/v1/accounts/{account_id}"}
    assert value(found, "shiming_requests_total", method="GET", route="none", status="404") == 6
    assert account not in text
    assert "nowhere" not in text


def test_no_line_holds_anything_of_a_person_a_forum_or_a_caller(forum: ForumBackend, address: str) -> None:
    forum.member("山间清风")
    forum.get("/v1/accounts?handle=山间清风", headers={"x-request-id": "canary-of-a-caller"})
    text, found = read(address)
    secrets = (PERSON, NAME, "山间清风", "canary-of-a-caller", forum.credentials.client_id, forum.credentials.forum_id)
    assert hits(secrets, {"metrics": text.encode()}) == []
    names = {label for _, labels in found for label, _ in labels}
    assert names <= {
        *(
            "method",
            "route",
            "status",
            "le",
            "outcome",
            "reason",
            "kind",
            "job",
            "work",
            "state",
            "version",
            "python",
            "provider",
            "sink",
        )
    }
    values = {said for _, labels in found for label, said in labels if label not in {"version", "python", "le"}}
    assert all(re.fullmatch(r"[A-Za-z0-9_/{}.\-]{1,60}", said) for said in values)


def test_a_refusal_for_a_rate_is_counted(services: Services) -> None:
    with serving(services, {**RATES, RouteClass.PUBLIC: Rate(1, "requests", "test", 60)}) as address:
        assert [httpx2.get(f"{address}/docs").status_code for _ in range(3)] == [200, 429, 429]
        _, found = read(address)
    assert value(found, "shiming_rate_refusals_total", kind="public") == 2


@pytest.fixture
def with_token(settings: Settings, clock: FakeClock) -> Iterator[str]:
    built = build(Settings.model_validate({**settings.model_dump(), "metrics_token": TOKEN}), clock=clock)
    with serving(built) as address:
        yield address


def test_with_a_token_only_its_holder_reads(with_token: str) -> None:
    for headers in (
        {},
        {"authorization": f"Bearer {TOKEN}x"},
        {"authorization": f"Bearer {TOKEN[:-1]}"},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": "Bearer"},
        {"authorization": TOKEN},
    ):
        answer = httpx2.get(f"{with_token}/metrics", headers=headers)
        assert answer.status_code == 401, headers
        assert answer.json()["code"] == "invalid-token"
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert TOKEN not in answer.text
        assert "shiming_requests" not in answer.text
    answer = httpx2.get(f"{with_token}/metrics", headers={"authorization": f"bearer {TOKEN}"})
    assert answer.status_code == 200
    assert TOKEN not in answer.text


def test_in_production_without_a_token_nobody_reads(services: Services) -> None:
    with serving(replace(services, development=False)) as address:
        for headers in ({}, {"authorization": "Bearer"}, {"authorization": f"Bearer {TOKEN}"}):
            answer = httpx2.get(f"{address}/metrics", headers={**headers, "accept-language": "en"})
            assert (answer.status_code, answer.json()["code"]) == (401, "invalid-token")
            assert "SHIMING_METRICS_TOKEN" in answer.json()["detail"]
            assert "shiming_requests" not in answer.text


@pytest.mark.parametrize("token", ["short", "fifteen-letters", "with a space inside it", "不是英文字母" * 3])
def test_a_token_that_is_short_or_cannot_be_sent_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(ValueError, match="at least 16 characters") as refused:
        Settings(_env_file=None, metrics_token=token)  # type: ignore[call-arg, arg-type] # as the environment says it
    assert token not in str(refused.value)


def test_an_empty_token_is_none() -> None:
    assert Settings(_env_file=None, metrics_token="").metrics_token is None  # type: ignore[call-arg, arg-type]


def test_a_process_that_died_no_longer_holds_its_seats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead, alive = tmp_path / f"gauge_livesum_{ended.pid}.db", tmp_path / f"gauge_livesum_{os.getpid()}.db"
    counted = tmp_path / f"counter_{ended.pid}.db"
    for file in (dead, alive, counted):
        file.touch()
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    Metrics("test")
    assert sorted(tmp_path.iterdir()) == sorted([alive, counted])
