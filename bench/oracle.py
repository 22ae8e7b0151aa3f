"""Whether any strategy of `tests/oracle` tells who is behind a handle: many trials, a trained judge, and a stopwatch.

Run: `make torture-oracle`, or `python -m bench.oracle --database sqlite --trials 200 --only NAME`. Each trial is a
world in which a person is behind one handle or behind another, at even odds, and all strategies are played in it. A
judge learns on half of the trials which transcript goes with which world and is tested on the other half; the best
single time (of one call, or of all together) is given as the area under its ROC curve: 0.5 is a coin, and with 1,700
trials 0.55 is none. Exit code 1 when a judge beats a coin (p < 0.001) or an area is above 0.55 and four deviations off.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.settings import Settings
from app.verification.providers.sandbox import SandboxProvider
from app.verification.sms.sandbox import SandboxSender
from app.web.logs import configure_logs
from app.wiring import build, initialise
from tests.oracle.observer import Observer
from tests.oracle.strategies import STRATEGIES, Strategy
from tests.oracle.world import QuickIndex, Stage, stage
from tests.support.clock import FakeClock
from tests.support.postgres import start_postgres

_LARGEST_AREA = 0.55
_CHANCE = 0.001
_MEMORY = Path("/dev/shm")  # noqa: S108 -- a disk's own times would hide what they do not cause


@dataclass(frozen=True)
class Trial:
    """One strategy in one world: what was heard, and how long each call took."""

    behind_x: bool
    heard: str
    seconds: Mapping[str, float]


def main() -> int:
    configure_logs("ERROR")
    options = _options()
    found = False
    for database in options.database.split(","):
        with (
            tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder,
            _database(database, Path(folder)) as url,
        ):
            found |= _all_strategies(url, Path(folder), options)
    return int(found)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", default="sqlite,postgresql")
    parser.add_argument("--trials", type=int, default=1700)
    parser.add_argument("--minutes", type=float, default=120, help="for each database; then what there is counts")
    parser.add_argument("--only", default="", help="parts of strategies' names, with commas between")
    return parser.parse_args()


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/shiming.db"
        return
    server = start_postgres()
    try:
        yield server.url("postgres")
    finally:
        server.stop()


def _all_strategies(url: str, folder: Path, options: argparse.Namespace) -> bool:
    clock, keys = FakeClock(), folder / "keys"
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg] # pydantic-settings takes it, its types do not
        database_url=url,
        keys_dir=keys,
        data_dir=folder,
        issuer="http://127.0.0.1:8000",
        log_level="ERROR",
    )
    initialise(settings, clock)
    provider, sender = SandboxProvider(sleep=lambda _seconds: None), SandboxSender(clock, sleep=lambda _seconds: None)
    services = build(settings, clock=clock, provider=provider, sender=sender)
    with stage(services, QuickIndex(keys), clock) as built:
        parts, until = options.only.split(","), time.monotonic() + options.minutes * 60
        wanted = [strategy for strategy in STRATEGIES if any(part in strategy.__name__ for part in parts)]
        trials: dict[str, list[Trial]] = {strategy.__name__: [] for strategy in wanted}
        while time.monotonic() < until and any(len(heard) < options.trials for heard in trials.values()):
            _play(built, wanted, trials)
    print(f"{services.engine.dialect.name}: judge right of judged, transcripts in each world; area of the best time")
    found = [_report(name, heard) for name, heard in trials.items()]
    services.engine.dispose()
    return any(found)


def _play(built: Stage, strategies: Sequence[Strategy], trials: dict[str, list[Trial]]) -> None:
    """One world, at even odds, and all strategies in it one after the other."""
    behind_x = random.random() < 0.5  # noqa: S311, PLR2004 -- a coin, no secret
    with built.world(person_behind_x=behind_x) as world:
        for number, strategy in enumerate(strategies):
            observer = Observer(world, number)
            strategy(observer)
            trials[strategy.__name__].append(Trial(behind_x, observer.signature, observer.seconds))
            built.next_trial()


def _report(name: str, trials: Sequence[Trial]) -> bool:
    """Whether this strategy tells; a line says how well."""
    right, judged = _judge([(trial.behind_x, trial.heard) for trial in trials])
    kinds = [{trial.heard for trial in trials if trial.behind_x is each} for each in (True, False)]
    here, elsewhere = ([trial for trial in trials if trial.behind_x is each] for each in (True, False))
    call, area = _best(here, elsewhere)
    deviation = _deviation(len(here), len(elsewhere))
    told = _chance(right, judged) < _CHANCE or (area > _LARGEST_AREA and area > 0.5 + 4 * deviation)
    print(
        f"{'TELLS ' if told else 'ok    '}{name:32} {right:3}/{judged}, {len(kinds[0])} and {len(kinds[1])}; {area:.3f}"
        f" of {len(here)} and {len(elsewhere)} (deviation {deviation:.3f}): {call[:60]}",
        flush=True,
    )
    return told


def _judge(heard: Sequence[tuple[bool, str]]) -> tuple[int, int]:
    """Learns on the first half which world a transcript belongs to; says the commoner world for one it never saw."""
    half = len(heard) // 2
    learned: dict[str, Counter[bool]] = defaultdict(Counter)
    for secret, transcript in heard[:half]:
        learned[transcript][secret] += 1
    commoner = Counter(secret for secret, _ in heard[:half])
    judged = heard[half:]
    right = sum((learned.get(transcript) or commoner).most_common(1)[0][0] is secret for secret, transcript in judged)
    return right, len(judged)


def _chance(right: int, judged: int) -> float:
    """How often a coin is right at least so often."""
    total = ways = 1
    for less in range(judged - right):
        ways = ways * (judged - less) // (less + 1)
        total += ways
    return float(total / 2**judged)


def _best(here: Sequence[Trial], elsewhere: Sequence[Trial]) -> tuple[str, float]:
    """The call whose time tells most, and its area; all together count as one more call."""
    areas = {
        "all together": _area(
            [sum(trial.seconds.values()) for trial in here], [sum(trial.seconds.values()) for trial in elsewhere]
        )
    }
    for call in here[0].seconds:
        areas[call] = _area([trial.seconds[call] for trial in here], [trial.seconds[call] for trial in elsewhere])
    best = max(areas, key=lambda each: abs(areas[each] - 0.5))
    return best, 0.5 + abs(areas[best] - 0.5)


def _area(first: Sequence[float], second: Sequence[float]) -> float:
    """How often a time of the first kind is above one of the second, halves for ties: the area under the ROC curve."""
    ranked = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    ranks = sum(rank for rank, (_, kind) in enumerate(ranked, start=1) if kind == 0)
    return (ranks - len(first) * (len(first) + 1) / 2) / (len(first) * len(second))


def _deviation(first: int, second: int) -> float:
    """The standard deviation of the area between two samples of the same kind."""
    return float(((first + second + 1) / (12 * first * second)) ** 0.5)


if __name__ == "__main__":
    sys.exit(main())
