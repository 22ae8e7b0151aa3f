"""What benches of screening share: terms and posts, the same in every run, and rows of `bench/results.md`."""

import csv
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files

from app.screening import tables
from app.screening.domain import Action, Category, Decision, Field, Term
from app.screening.matcher import Matcher
from app.screening.relations import is_chinese

ROUNDS = 21
_STARTER = files("app.screening") / "data" / "starter.csv"
_CATEGORIES = ("gambling", "fraud", "pornography", "advertising")


@dataclass(frozen=True, slots=True)
class Row:
    what: str
    demand: str
    measured: str
    met: bool

    def line(self) -> str:
        return f"| {self.what} | {self.demand} | {self.measured} | {'yes' if self.met else '**no**'} |"


class Corpus:
    """Terms and posts, the same in every run.

    Terms as operators write them: a Chinese one of the starter lexicon and a common word before or behind it. Posts of
    common words, by how often they stand.
    """

    def __init__(self) -> None:
        self._random = random.Random(20261130)  # noqa: S311 -- the same in every run
        words = tables.common_words()
        self._words = [word for word in words if len(word) > 1]
        self._weights = [words[word] for word in self._words]
        with _STARTER.open(encoding="utf-8") as file:
            denied = [row["term"] for row in csv.DictReader(file) if row["action"] != "allow"]
        self._trade = list(dict.fromkeys(term for term in denied if all(map(is_chinese, term))))

    def terms(self, count: int) -> list[Term]:
        found: dict[str, None] = {}
        while len(found) < count:
            parts = self._random.choice(self._trade), self._random.choice(self._words)
            found["".join(self._random.sample(parts, 2))] = None
        return [
            Term(text, Category(_CATEGORIES[place % len(_CATEGORIES)]), Action.BLOCK, 3)
            for place, text in enumerate(found)
        ]

    def posts(self, count: int, length: int, matcher: Matcher) -> list[str]:
        """Clean ones."""
        found: list[str] = []
        while len(found) < count:
            words, size = list[str](), 0
            while size < length:
                some = self._random.choices(self._words, weights=self._weights, k=6)
                words += [*some, "，"]
                size += sum(map(len, some)) + 1
            post = "".join(words)[:length]
            if matcher.screen(post, Field.POST).decision is Decision.PASS:
                found.append(post)
        return found


def best(*works: Callable[[], object]) -> list[float]:
    """Microseconds for each, in turns, the best of some rounds: what else the machine does only adds.

    Each is done twice before it is another one's turn, and the second time counts: the first brings its tables back.
    """
    rounds: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for work, took in zip(works, rounds, strict=True):
            work()
            began = time.perf_counter()
            work()
            took.append((time.perf_counter() - began) * 1e6)
    return [min(took) for took in rounds]


def at_most(what: str, demand: int, value: float, unit: str) -> Row:
    return Row(what, f"<= {demand:,} {unit}", f"{value:,.0f} {unit}", value <= demand)


def ratio(what: str, demand: float, ours: float, other: float, *, unit: str = "µs") -> Row:
    """Of two costs."""
    value = ours / other
    return Row(what, f"<= {demand:g}", f"{value:.2f} ({ours:,.1f} / {other:,.1f} {unit})", value <= demand)
