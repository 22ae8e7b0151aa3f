"""How many lines a minute `shiming accounts import` brings in, on both databases.

Run: `python -m bench.accounts_import`, or with `--lines 100000 --database postgresql`. The real command reads a list of
its own making, with profiles and a bad line in every hundred, into a fresh database whose commits are durable; then it
reads the same list again. Prints lines a minute for both, and exits with 1 when the first is below 10,000 somewhere.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.postgres import start_postgres
from tests.support.process import environment_of, shiming

_LEAST = 10_000
_BAD_EVERY = 100


def main() -> int:
    options = _options()
    slowest = float("inf")
    for database in options.database.split(","):
        with tempfile.TemporaryDirectory() as folder, _database(database) as url:
            first, again = _measure(environment_of(Path(folder), url), Path(folder) / "users.csv", options.lines)
        print(f"{database}: {first:,.0f} lines a minute, {again:,.0f} when they are there already", flush=True)
        slowest = min(slowest, first)
    print(f"slowest: {slowest:,.0f} (at least {_LEAST:,})")
    return int(slowest < _LEAST)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", default="sqlite,postgresql")
    parser.add_argument("--lines", type=int, default=20_000)
    return parser.parse_args()


@contextmanager
def _database(kind: str) -> Iterator[str]:
    if kind == "sqlite":
        yield ""
        return
    server = start_postgres(durable=True, disk=Path(tempfile.gettempdir()))
    try:
        yield server.url("postgres")
    finally:
        server.stop()


def _measure(environment: Mapping[str, str], users: Path, lines: int) -> tuple[float, float]:
    environment = dict(environment)
    made = shiming(environment, "init")
    assert made.returncode == 0, made.stderr
    forum = json.loads(shiming(environment, "forum", "add", "bench", "--json").stdout)["forum_id"]
    _write(users, lines)
    report = users.with_name("refused.csv")
    speeds = []
    for _ in range(2):
        began = time.perf_counter()
        wanted = ("accounts", "import", str(users), "--forum", forum, "--report", str(report), "--json")
        told = json.loads(shiming(environment, *wanted).stdout)
        speeds.append(lines / (time.perf_counter() - began) * 60)
        assert told["refused"] == lines // _BAD_EVERY, told
        assert told["imported"] + told["already_there"] == lines - told["refused"], told
    return speeds[0], speeds[1]


def _write(users: Path, lines: int) -> None:
    with users.open("w", encoding="utf-8") as file:
        file.write("handle,external_id,display_name,bio,signature\n")
        for number in range(1, lines + 1):
            handle = "!" if number % _BAD_EVERY == 0 else f"老用户_{number}"
            file.write(f'{handle},u{number},昵称{number},"爱山, 也爱海；在这里写了 {number} 天",看风景\n')


if __name__ == "__main__":
    sys.exit(main())
