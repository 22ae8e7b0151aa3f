"""Serving with several processes and behind proxies: counters are summed, addresses are those of the callers."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import ValidationError

from app.cli.serving import _config, _empty_folder
from app.kernel.errors import StartRefused
from app.policies import RATES, Rate, RouteClass
from app.settings import Settings
from app.wiring import Services
from tests.cli.test_commands import Installation
from tests.support.serving import serving


@pytest.fixture(scope="module")
def two_processes(
    tmp_path_factory: pytest.TempPathFactory, new_postgres_database: Callable[[str], str]
) -> Iterator[tuple[Installation, str]]:
    """Served once; tests that share it add forums of their own."""
    installation = Installation(
        tmp_path_factory.mktemp("two"), {"SHIMING_DATABASE_URL": new_postgres_database("metrics")}
    )
    assert installation.run("init").returncode == 0
    with installation.serving("--workers", "2") as (address, _process):
        yield installation, address


def _value(address: str, name: str, **labels: str) -> float:
    """Asked on a connection of its own, so that either process may answer."""
    families = text_string_to_metric_families(httpx2.get(f"{address}/metrics").text)
    samples = (sample for family in families for sample in family.samples)
    return sum(sample.value for sample in samples if sample.name == name and labels.items() <= sample.labels.items())


def test_two_processes_count_together(two_processes: tuple[Installation, str]) -> None:
    installation, address = two_processes
    added = installation.json("forum", "add", "论坛")
    basic = (added["client_id"], added["client_secret"])
    before = _value(address, "shiming_requests_total", route="/oauth/token", status="200")
    for _ in range(20):  # each on a connection of its own: the processes share them out
        httpx2.post(f"{address}/oauth/token", data={"grant_type": "client_credentials"}, auth=basic)
    shown = [_value(address, "shiming_requests_total", route="/oauth/token", status="200") for _ in range(6)]
    assert shown == [before + 20] * 6
    assert _value(address, "shiming_build_info") == 1
    assert _value(address, "shiming_seats", work="provider", state="taken") == 0
    (folder,) = (installation.home / "data").glob("metrics-*")
    assert folder.stat().st_mode & 0o077 == 0
    assert any(folder.glob("*.db"))


def test_a_disabled_forum_is_out_within_5_seconds_in_every_process(two_processes: tuple[Installation, str]) -> None:
    installation, address = two_processes
    added = installation.json("forum", "add", "论坛")
    basic = (added["client_id"], added["client_secret"])
    answer = httpx2.post(f"{address}/oauth/token", data={"grant_type": "client_credentials"}, auth=basic)
    bearer = {"authorization": f"Bearer {answer.json()['access_token']}"}
    assert {httpx2.get(f"{address}/v1/accounts", headers=bearer).status_code for _ in range(10)} == {200}
    assert installation.run("forum", "disable", added["forum_id"]).returncode == 0
    assert {httpx2.get(f"{address}/v1/accounts", headers=bearer).status_code for _ in range(10)} == {401}


@pytest.mark.parametrize(("proxies", "apart"), [("127.0.0.1", True), ("127.0.0.0/8,::1", True), ("", False)])
def test_only_a_named_proxy_is_believed_about_who_is_calling(services: Services, *, proxies: str, apart: bool) -> None:
    one_each = {**RATES, RouteClass.PUBLIC: Rate(1, "requests", "test", 600)}
    with serving(services, one_each, proxies) as address:
        statuses = [
            httpx2.get(f"{address}/docs", headers={"x-forwarded-for": caller}).status_code
            for caller in ("192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.9, 192.0.2.1", "2001:db8::1", "2001:db8::2")
        ]
    assert statuses == ([200, 429, 200, 429, 200, 429] if apart else [200, 429, 429, 429, 429, 429])


def test_the_server_believes_the_proxies_of_the_settings_and_nobody_else(settings: Settings) -> None:
    named = settings.model_copy(update={"trusted_proxies": "10.0.0.0/8"})
    for chosen, believes, whom in ((settings, False, []), (named, True, "10.0.0.0/8")):
        config = _config("app.main:create_app", chosen, "127.0.0.1", 0, 1)
        assert (config.proxy_headers, config.forwarded_allow_ips) == (believes, whom)


@pytest.mark.parametrize("proxies", ["*", "proxy.internal", "10.0.0.1/8", "10.0.0.0/8;10.1.0.1"])
def test_a_proxy_is_named_by_an_address_or_a_network(proxies: str) -> None:
    with pytest.raises(ValidationError, match="trusted_proxies"):
        Settings(_env_file=None, trusted_proxies=proxies)  # type: ignore[call-arg] # its types do not know it


def test_what_an_earlier_start_counted_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "metrics-8000").mkdir()
    (tmp_path / "metrics-8000" / "counter_1.db").touch()
    folder = _empty_folder(tmp_path / "metrics-8000")
    assert folder.is_absolute()
    assert list(folder.iterdir()) == []
    assert folder.stat().st_mode & 0o777 == 0o700
    (tmp_path / "file").touch()
    with pytest.raises(StartRefused, match="cannot be made anew"):
        _empty_folder(tmp_path / "file" / "metrics-8000")
