"""Cases written from the description alone, by people who had not seen the engine.

Measured once each. The first set at 39752f6, before any tuning: 179 of 197 caught (90.9 %), 20 of 144 traps (13.9 %),
spans exact in 177 of the 179. The second at a449fe7, after the engine was tuned on the first, and before anybody had
seen the second: 113 of 120 caught (94.2 %), 4 of 80 traps (5.0 %), every span exact. The floors keep what stands now.
"""

from pathlib import Path

import pytest

from tests.screening.cases import Case, hits, is_right, lexicon, read


def _found(case: Case) -> list[bool]:
    """Empty for none, else whether one has the right span."""
    found = hits(lexicon([case.term], (*case.allow, "三黄片", "白粉墙", "非官方")), case)
    return [is_right(case, found)] if found else []


@pytest.mark.parametrize(
    ("name", "caught_at_least", "traps_at_most", "exact_at_least"),
    [("fresh_cases.json", 0.97, 0.02, 0.98), ("fresh_cases_2.json", 0.92, 0.06, 0.98)],
)
def test_fresh_cases_are_caught_and_spared_as_often_as_they_were(
    name: str, caught_at_least: float, traps_at_most: float, exact_at_least: float
) -> None:
    cases = read(Path(__file__).with_name(name))
    hidden = [_found(case) for case in cases if case.should_hit]
    innocent = [_found(case) for case in cases if not case.should_hit]
    caught = [exact for found in hidden for exact in found]
    assert len(caught) >= caught_at_least * len(hidden)
    assert sum(map(len, innocent)) <= traps_at_most * len(innocent)
    assert sum(caught) >= exact_at_least * len(caught)
