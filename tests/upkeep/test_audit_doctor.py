"""The doctor, `/readyz` and `/metrics` on a log that is late, was put back, is unprotected or kept nowhere else."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from app.audit.desk import AuditDesk, AuditPlaces, open_desk
from app.audit.protection import PROTECTED
from app.audit.sinks import FileSink
from app.db.protection import guard, protect
from app.reporting.protection import KEPT_EVIDENCE
from app.settings import Settings
from app.upkeep.audit_doctor import examine_audit
from app.upkeep.doctor import Verdict
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.log_keeping import put_back, record_entries, rows_of_the_log
from tests.support.serving import serving


@pytest.fixture
def places(settings: Settings, tmp_path: Path) -> AuditPlaces:
    return AuditPlaces(settings.audit_directory(), settings.issuer, [FileSink(tmp_path / "elsewhere")])


@pytest.fixture
def desk(services: Services, places: AuditPlaces) -> AuditDesk:
    """Of an installation with an anchor, and some entries that have numbers."""
    found = open_desk(services.unit_of_work, services.audit.keys, places)
    record_entries(services, 3)
    found.sequencer.catch_up()
    return found


@pytest.fixture
def examined(settings: Settings, places: AuditPlaces, clock: FakeClock) -> Callable[[], dict[str, Verdict]]:
    def examine() -> dict[str, Verdict]:
        found = examine_audit(settings.database(), settings.keys_dir, places, clock)
        return {finding.what: finding.verdict for finding in found}

    return examine


def test_a_log_that_grows_and_is_kept_elsewhere_is_well(
    desk: AuditDesk, examined: Callable[[], dict[str, Verdict]]
) -> None:
    desk.anchors.anchor_now()
    found = examined()
    assert set(found.values()) == {Verdict.OK}
    assert "anchor: file was written 0 minutes ago" in found
    assert "audit: triggers keep its tables append-only" in found
    assert "evidence: triggers keep it until its time is over" in found


def test_what_is_wrong_is_said(
    desk: AuditDesk, services: Services, clock: FakeClock, examined: Callable[[], dict[str, Verdict]], tmp_path: Path
) -> None:
    assert examined()["anchor: file was never written"] is Verdict.WARNING
    desk.anchors.anchor_now()
    record_entries(services, 1)
    clock.advance(seconds=4500)
    found = examined()
    assert found["audit: an entry has waited 4500 seconds for a number"] is Verdict.WARNING
    assert found["anchor: file was written 75 minutes ago"] is Verdict.WARNING
    with services.engine.begin() as connection:
        connection.execute(text("INSERT INTO audit_stage VALUES ('x', :blob)"), {"blob": b"x"})
    desk.sequencer.catch_up()
    assert examined()["audit: rows staged that get no number: 1"] is Verdict.WARNING
    (tmp_path / "elsewhere").unlink()
    (tmp_path / "elsewhere").mkdir()
    desk.sequencer.catch_up()
    assert desk.anchors.anchor_due() == 0
    assert examined()["anchor: file fails since 2026-11-21 05:15 UTC (EISDIR)"] is Verdict.FAILED


def test_a_log_that_was_put_back_and_one_whose_rows_may_be_changed_are_found(
    desk: AuditDesk, services: Services, examined: Callable[[], dict[str, Verdict]]
) -> None:
    yesterday = rows_of_the_log(services)
    record_entries(services, 1)
    desk.sequencer.catch_up()
    put_back(services, yesterday)
    assert examined()["audit: nothing is signed: went-back"] is Verdict.FAILED
    postgres = services.engine.dialect.name == "postgresql"
    trigger = "audit_leaves_append_only ON audit_leaves" if postgres else "audit_leaves_no_delete"
    queue = "ALTER TABLE audit_stage {} TRIGGER audit_stage_waits" if postgres else ""
    with services.engine.begin() as connection:
        connection.execute(text(f"DROP TRIGGER {trigger}"))
        connection.execute(text(queue.format("DISABLE") or "DROP TRIGGER audit_stage_waits"))
        connection.execute(text(f"DROP TRIGGER violation_evidence_kept{' ON violation_evidence' if postgres else ''}"))
    try:
        found = examined()
        assert found["audit: rows may be changed in audit_leaves"] is Verdict.FAILED
        assert found["audit: what is recorded is not queued for its number"] is Verdict.FAILED
        assert found["evidence: it may be changed or deleted before its time"] is Verdict.FAILED
    finally:
        with services.engine.begin() as connection:
            protect(connection, PROTECTED)
            guard(connection, KEPT_EVIDENCE)
            connection.execute(text(queue.format("ENABLE") or "SELECT 1"))


def test_an_installation_that_is_not_there_is_left_to_other_findings(settings: Settings, places: AuditPlaces) -> None:
    nowhere = "sqlite:////nowhere/shiming.db"
    assert list(examine_audit(nowhere, settings.keys_dir, places, FakeClock())) == []
    assert list(examine_audit(settings.database(), Path("/nowhere"), places, FakeClock())) == []


def test_a_late_log_is_degraded_and_not_unready_and_metrics_say_how_late(
    desk: AuditDesk, services: Services, clock: FakeClock
) -> None:
    late = replace(services, audit=desk)
    desk.anchors.anchor_now()
    record_entries(services, 1)
    clock.advance(seconds=59)
    with serving(late) as address:
        assert httpx2.get(f"{address}/readyz").json()["status"] == "ok"
        clock.advance(seconds=1)
        answer = httpx2.get(f"{address}/readyz")
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        page = httpx2.get(f"{address}/metrics").text
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
    assert samples["shiming_audit_lag_seconds",] == 60
    assert samples["shiming_audit_anchor_age_seconds", "file"] == 60
    assert samples["shiming_audit_anchor_failing", "file"] == 0
    assert samples["shiming_audit_size",] >= 3
