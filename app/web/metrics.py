"""What is counted for Prometheus: every label comes from a closed set, and none says anything about a person."""

import os
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector
from sqlalchemy import Engine, QueuePool

from app.audit.findings import Outcome, Verification
from app.audit.watch import AuditWatched
from app.policies import RouteClass
from app.screening.patrol import PatrolState
from app.screening.watch import Watched
from app.upkeep.domain import JobRun
from app.verification.providers.contract import CheckKind
from app.web.seats import AllSeats

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Set by `serve` for several processes, before any of them starts; read by the library."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 9.5)
"""Up to the two deadlines of the gate, 4 and 9.5 seconds."""
_NO_ROUTE = "none"


class Metrics:
    """The counters of one process; with several processes their sums."""

    def __init__(self, version: str) -> None:
        registry = self._registry = CollectorRegistry()
        self._requests = Counter(
            "shiming_requests", "Requests answered.", ("method", "route", "status"), registry=registry
        )
        self._durations = Histogram(
            "shiming_request_seconds", "Time to answer.", ("method", "route"), buckets=_BUCKETS, registry=registry
        )
        self._verifications = Counter(
            "shiming_verifications", "Verifications by result.", ("method", "outcome"), registry=registry
        )
        self._texts = Counter("shiming_texts", "Texts with a code, by result.", ("outcome",), registry=registry)
        self._permits = Counter("shiming_posting_permits", "Permits to post.", registry=registry)
        self._denials = Counter(
            "shiming_posting_denials", "Refusals to post, by reason.", ("reason",), registry=registry
        )
        self._disclosures = Counter("shiming_disclosures", "Identities opened, each once.", registry=registry)
        self._alarms = Counter(
            "shiming_disclosure_alarms", "Members who have opened as many as this.", ("opened",), registry=registry
        )
        self._refusals = Counter("shiming_rate_refusals", "Answers 429 for a rate.", ("kind",), registry=registry)
        self._seats = self._gauge("shiming_seats", "Seats by what they are for.", "work", "state")
        self._breakers = self._gauge(
            "shiming_provider_breaker_open", "Processes that ask this provider nothing.", "provider", "kind"
        )
        self._connections = self._gauge("shiming_database_connections", "Connections in use.")
        build = Gauge(
            "shiming_build_info", "Which build.", ("version", "python"), registry=registry, multiprocess_mode="max"
        )
        build.labels(version, platform.python_version()).set(1)
        _forget_dead_processes()

    def _gauge(self, name: str, said: str, *labels: str) -> Gauge:
        return Gauge(name, said, labels, registry=self._registry, multiprocess_mode="livesum")

    def answered(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """One request; `route` is the pattern, never the address, and None where no route took it."""
        method = method if method in _METHODS else "other"
        self._requests.labels(method, route or _NO_ROUTE, str(status)).inc()
        self._durations.labels(method, route or _NO_ROUTE).observe(seconds)

    def verified(self, method: str, outcome: str) -> None:
        self._verifications.labels(method, outcome).inc()

    def texted(self, outcome: str) -> None:
        self._texts.labels(outcome).inc()

    def permitted(self) -> None:
        self._permits.inc()

    def denied(self, reasons: Iterable[str]) -> None:
        for reason in reasons:
            self._denials.labels(reason).inc()

    def disclosed(self) -> None:
        """One identity that was opened."""
        self._disclosures.inc()

    def alarmed(self, opened: int) -> None:
        """One member of the staff has opened as many identities as this in all."""
        self._alarms.labels(str(opened)).inc()

    def rate_refused(self, kind: RouteClass) -> None:
        self._refusals.labels(kind.value).inc()

    def sample(self, seats: AllSeats, engine: Engine, breakers: Mapping[tuple[str, CheckKind], bool]) -> None:
        """Reads what is a state and no event; `breakers` are named by provider and kind of check."""
        for (provider, kind), is_open in breakers.items():
            self._breakers.labels(provider, kind.value).set(is_open)
        for work, found in seats.by_work().items():
            self._seats.labels(work, "taken").set(found.taken)
            self._seats.labels(work, "waiting").set(found.waiting)
        if isinstance(engine.pool, QueuePool):
            self._connections.set(engine.pool.checkedout())

    def page(
        self,
        jobs: Sequence[JobRun],
        screening: Watched,
        audit: AuditWatched,
        verified: Verification | None,
        now: datetime,
    ) -> bytes:
        """The text format; of all processes where there are several. What jobs did stands in the database for all."""
        apart = CollectorRegistry()
        apart.register(_JobRuns(jobs, now))
        apart.register(_Screening(screening, now))
        apart.register(_Audit(audit, now))
        apart.register(_AuditVerified(verified))
        return self._counted() + generate_latest(apart)

    def _counted(self) -> bytes:
        if FOLDER_VARIABLE not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call] # the library has no types here
        return generate_latest(together)


class _JobRuns(Collector):
    """Background jobs as all workers together have left them, whichever process did the work."""

    def __init__(self, runs: Sequence[JobRun], now: datetime) -> None:
        self._runs = runs
        self._now = now

    def collect(self) -> Iterator[Metric]:
        lag = GaugeMetricFamily("shiming_job_lag_seconds", "How late a job is; 0 on time.", labels=["job"])
        ok = GaugeMetricFamily("shiming_job_last_ok_timestamp_seconds", "When it last did not fail.", labels=["job"])
        failures = CounterMetricFamily("shiming_job_failures", "Runs that failed.", labels=["job"])
        done = CounterMetricFamily("shiming_job_done", "How much was done.", labels=["job"])
        for run in self._runs:
            lag.add_metric([run.name], run.lag(self._now))
            failures.add_metric([run.name], run.failures)
            done.add_metric([run.name], run.done)
            if run.last_ok_at is not None:
                ok.add_metric([run.name], run.last_ok_at.timestamp())
        yield from (lag, ok, failures, done)


class _Screening(Collector):
    """What waits for a person, and how far behind the patrol is. Source: L5c."""

    def __init__(self, watched: Watched, now: datetime) -> None:
        self._watched = watched
        self._now = now

    def collect(self) -> Iterator[Metric]:
        waiting, patrol = self._watched.reviews, self._watched.patrol
        age = (self._now - waiting.oldest).total_seconds() if waiting.oldest else 0
        lag = patrol.lag(self._now).total_seconds() if patrol else 0
        flooded = patrol is not None and patrol.state is PatrolState.FLOODED
        yield GaugeMetricFamily("shiming_reviews_open", "Texts that wait for a person.", value=waiting.open)
        yield GaugeMetricFamily("shiming_review_oldest_seconds", "How long the oldest of them has waited.", value=age)
        yield GaugeMetricFamily("shiming_patrol_lag_seconds", "Since a publication; 0 once all was read.", value=lag)
        yield GaugeMetricFamily("shiming_patrol_flooded", "1 where the patrol opens no more reviews.", value=flooded)


class _Audit(Collector):
    """How far behind the log's numbers are, and how old what is kept elsewhere is. Source: L8i."""

    def __init__(self, watched: AuditWatched, now: datetime) -> None:
        self._watched = watched
        self._now = now

    def collect(self) -> Iterator[Metric]:
        lag = self._watched.lag(self._now).total_seconds()
        yield GaugeMetricFamily("shiming_audit_lag_seconds", "Since the oldest entry waits for a number.", value=lag)
        yield GaugeMetricFamily("shiming_audit_size", "Entries in the newest checkpoint.", value=self._watched.size)
        age = GaugeMetricFamily("shiming_audit_anchor_age_seconds", "Since it was written last.", labels=["sink"])
        failing = GaugeMetricFamily("shiming_audit_anchor_failing", "1 where it cannot be written.", labels=["sink"])
        for anchor in self._watched.anchors:
            failing.add_metric([anchor.sink], anchor.is_failing())
            if (since := anchor.age(self._now)) is not None:
                age.add_metric([anchor.sink], since.total_seconds())
        yield from (age, failing)


class _AuditVerified(Collector):
    """When the audit log was verified last, and whether it was whole."""

    def __init__(self, verified: Verification | None) -> None:
        self._verified = verified

    def collect(self) -> Iterator[Metric]:
        last = self._verified
        if last is None or last.ended_at is None:
            return
        at, clean = last.ended_at.timestamp(), last.outcome is Outcome.CLEAN
        yield GaugeMetricFamily(
            "shiming_audit_verified_timestamp_seconds", "When the audit log was verified.", value=at
        )
        yield GaugeMetricFamily(
            "shiming_audit_verified_clean", "0 where it was bent or could not be read.", value=clean
        )
        yield GaugeMetricFamily("shiming_audit_verified_entries", "How many entries it had.", value=last.entries)
        yield GaugeMetricFamily("shiming_audit_findings", "What was found, in all.", value=last.findings)


def _forget_dead_processes() -> None:
    """A process that was killed leaves its gauges behind, as if it still held its seats."""
    folder = os.environ.get(FOLDER_VARIABLE)
    for file in Path(folder).glob("gauge_live*.db") if folder else ():
        number = file.stem.rpartition("_")[2]
        if not _is_alive(int(number)):
            mark_process_dead(int(number))  # type: ignore[no-untyped-call]


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
