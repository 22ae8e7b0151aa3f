"""Cases written from the description alone, by somebody who had not seen the engine.

Measured once at 39752f6, before any tuning: 179 of 197 caught (90.9 %), 20 of 144 traps (13.9 %), spans exact in 177 of
the 179.
"""

from pathlib import Path

from tests.screening.cases import Case, hits, is_right, lexicon, read

_CASES = read(Path(__file__).with_name("fresh_cases.json"))
_CAUGHT, _TRAPS, _EXACT = 0.95, 0.05, 0.98


def _found(case: Case) -> list[bool]:
    """Empty for none, else whether one has the right span."""
    found = hits(lexicon([case.term], (*case.allow, "三黄片", "白粉墙", "非官方")), case)
    return [is_right(case, found)] if found else []


def test_fresh_cases_are_caught_and_spared_as_often_as_they_were() -> None:
    hidden = [_found(case) for case in _CASES if case.should_hit]
    innocent = [_found(case) for case in _CASES if not case.should_hit]
    caught = [exact for found in hidden for exact in found]
    assert len(caught) >= _CAUGHT * len(hidden)
    assert sum(map(len, innocent)) <= _TRAPS * len(innocent)
    assert sum(caught) >= _EXACT * len(caught)
