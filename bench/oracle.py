"""Whether any strategy of `tests/oracle` tells who is behind a handle: many trials, a trained judge, and a stopwatch.

Run: `make torture-oracle`, or `python -m bench.oracle --database sqlite --trials 200 --only NAME`. Each trial is a
world in which a person is behind one handle or behind another, at even odds, and all strategies are played in it. A
judge learns on half of the trials which transcript goes with which world and is tested on the other half. A second one
judges by time alone: it learns on the same half which call (or all together) takes longer in which world, and is tested
on the other half; the area under its ROC curve is 0.5 for a coin, for each strategy and for all of them together. Exit
code 1 when a judge beats a coin (p < 0.001), when an area is above 0.55 and four deviations off, or when that of all
together is above 0.55.
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
_ALL = "all together"
_MEMORY = Path("/dev/shm")  # noqa: S108 -- a disk's own times would hide what they do not cause


@dataclass(frozen=True)
class Trial:
    """One strategy in one world: what was heard, and how long each call took, all together counted as one more."""

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
    print(f"{services.engine.dialect.name}: judge right of judged, transcripts in each world; area by time alone")
    told = [_report(name, heard) for name, heard in trials.items()]
    judged = [_judged_by_time(heard) for heard in trials.values()]
    area, deviation = _area_of([place for _, places in judged for place in places])
    print(f"all strategies together, by time alone: {area:.3f} (deviation {deviation:.3f})", flush=True)
    services.engine.dispose()
    return any(told) or area > _LARGEST_AREA


def _play(built: Stage, strategies: Sequence[Strategy], trials: dict[str, list[Trial]]) -> None:
    """One world, at even odds, and all strategies in it one after the other."""
    behind_x = random.random() < 0.5  # noqa: S311, PLR2004 -- a coin, no secret
    with built.world(person_behind_x=behind_x) as world:
        for number, strategy in enumerate(strategies):
            observer = Observer(world, number)
            strategy(observer)
            trials[strategy.__name__].append(
                Trial(behind_x, observer.signature, observer.seconds | {_ALL: sum(observer.seconds.values())})
            )
            built.next_trial()


def _report(name: str, trials: Sequence[Trial]) -> bool:
    """Whether this strategy tells; a line says how well."""
    right, judged = _judge([(trial.behind_x, trial.heard) for trial in trials])
    kinds = [{trial.heard for trial in trials if trial.behind_x is each} for each in (True, False)]
    call, places = _judged_by_time(trials)
    area, deviation = _area_of(places)
    told = _chance(right, judged) < _CHANCE or (area > _LARGEST_AREA and area > 0.5 + 4 * deviation)
    print(
        f"{'TELLS ' if told else 'ok    '}{name:32} {right:3}/{judged}, {len(kinds[0])} and {len(kinds[1])}; {area:.3f}"
        f" (deviation {deviation:.3f}): {call[:60]}",
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


def _judged_by_time(trials: Sequence[Trial]) -> tuple[str, list[tuple[bool, float]]]:
    """The call that told most in the first half, and where each trial of the second stands by it, from 0 to 1."""
    half = len(trials) // 2
    areas = {call: _area(*_by_world(trials[:half], call)) for call in trials[0].seconds}
    call = max(areas, key=lambda each: abs(areas[each] - 0.5))
    sign = 1 if areas[call] >= 0.5 else -1  # noqa: PLR2004 -- a coin
    order = sorted(trials[half:], key=lambda trial: sign * trial.seconds[call])
    return call, [(trial.behind_x, place / len(order)) for place, trial in enumerate(order)]


def _by_world(trials: Sequence[Trial], call: str) -> tuple[list[float], list[float]]:
    here, elsewhere = ([trial.seconds[call] for trial in trials if trial.behind_x is each] for each in (True, False))
    return here, elsewhere


def _area_of(places: Sequence[tuple[bool, float]]) -> tuple[float, float]:
    """The area, and its standard deviation where there is nothing to tell."""
    here, elsewhere = ([place for behind_x, place in places if behind_x is each] for each in (True, False))
    return _area(here, elsewhere), _deviation(len(here), len(elsewhere))


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
