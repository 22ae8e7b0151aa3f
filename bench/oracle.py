"""Whether any strategy of `tests/oracle` tells who is behind a handle: many trials, a trained judge, and a stopwatch.

Run: `make torture-oracle`, or `python -m bench.oracle --database sqlite --trials 200 --timed 850 --only NAME`. For
each strategy, worlds are built in which a person is behind one handle or behind another, at even odds. A judge learns
on half of the trials which transcript goes with which world and is tested on the other half; then the same strategy
is timed in both kinds of world by turns, and the best single time (of one call, or of all together) is given as the
area under its ROC curve: 0.5 is a coin. Exit code 1 when a judge beats a coin (p < 0.001) or an area is above 0.55.
"""

import argparse
import random
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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

_RUNS_IN_A_WORLD = 10
_LARGEST_AREA = 0.55
_CHANCE = 0.001
_SMALLEST_SAMPLE = 800
_MEMORY = Path("/dev/shm")  # noqa: S108 -- a disk's own times would hide what they do not cause


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
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--timed", type=int, default=850, help="runs in each kind of world")
    parser.add_argument("--only", default="", help="a part of the strategies' names")
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
    print(f"{services.engine.dialect.name}: judge right of judged, worlds' transcripts; area of the best time")
    found = False
    with stage(services, QuickIndex(keys), clock) as built:
        for strategy in STRATEGIES:
            if options.only in strategy.__name__:
                found |= _one_strategy(built, strategy, options.trials, options.timed)
    services.engine.dispose()
    return found


def _one_strategy(built: Stage, strategy: Strategy, trials: int, timed: int) -> bool:
    heard = [_trial(built, strategy) for _ in range(trials)]
    right, judged = _judge(heard)
    kinds = [{transcript for secret, transcript in heard if secret is each} for each in (True, False)]
    line = f"{strategy.__name__:32} {right:3}/{judged}, {len(kinds[0])} and {len(kinds[1])}"
    told = _chance(right, judged) < _CHANCE
    if timed:
        name, area = _best(_timed(built, strategy, timed))
        line += f"; {area:.3f} ({timed} each, a coin gives at most {0.5 + 3 * _deviation(timed):.3f}): {name[:70]}"
        told |= area > _LARGEST_AREA and timed >= _SMALLEST_SAMPLE
    print(f"{'TELLS ' if told else 'ok    '}{line}", flush=True)
    return told


def _trial(built: Stage, strategy: Strategy) -> tuple[bool, str]:
    secret = random.random() < 0.5  # noqa: S311, PLR2004 -- even odds, no secret of anybody's
    with built.world(person_behind_x=secret) as world:
        observer = Observer(world, 0)
        strategy(observer)
    return secret, observer.signature


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


def _timed(built: Stage, strategy: Strategy, wanted: int) -> dict[str, tuple[list[float], list[float]]]:
    """Times of every call in both kinds of world, taken by turns."""
    times: dict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for start in range(0, wanted, _RUNS_IN_A_WORLD):
        with built.world(person_behind_x=True) as here, built.world(person_behind_x=False) as elsewhere:
            turns = [(here, 0), (elsewhere, 1)] * min(_RUNS_IN_A_WORLD, wanted - start)
            random.shuffle(turns)
            for run, (world, kind) in enumerate(turns):
                built.next_trial()
                observer = Observer(world, run + 1)
                strategy(observer)
                for name, seconds in observer.seconds.items():
                    times[name][kind].append(seconds)
                times["all together"][kind].append(sum(observer.seconds.values()))
    return times


def _best(times: dict[str, tuple[list[float], list[float]]]) -> tuple[str, float]:
    areas = {name: _area(*both) for name, both in times.items()}
    name = max(areas, key=lambda each: abs(areas[each] - 0.5))
    return name, 0.5 + abs(areas[name] - 0.5)


def _area(first: Sequence[float], second: Sequence[float]) -> float:
    """How often a time of the first kind is above one of the second, halves for ties: the area under the ROC curve."""
    ranked = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    ranks = sum(rank for rank, (_, kind) in enumerate(ranked, start=1) if kind == 0)
    return (ranks - len(first) * (len(first) + 1) / 2) / (len(first) * len(second))


def _deviation(count: int) -> float:
    """The standard deviation of the area between two samples of the same kind."""
    return float(((2 * count + 1) / (12 * count * count)) ** 0.5)


if __name__ == "__main__":
    sys.exit(main())
