"""The known cases: hidden terms that are found, innocent texts that pass."""

import pytest

from app.screening.domain import Verdict
from tests.screening.cases import KNOWN, Case, hits, is_right, lexicon, read

_CASES = read(KNOWN)


@pytest.mark.parametrize("case", _CASES, ids=str)
def test_a_hidden_term_is_found_where_it_stands_and_an_innocent_text_passes(case: Case) -> None:
    assert is_right(case, hits(lexicon([case.term], (*case.allow, "三黄片", "白粉墙", "非官方")), case))


def test_the_cases_come_out_the_same_with_all_their_terms_in_one_lexicon() -> None:
    matcher = lexicon(sorted({case.term for case in _CASES}))
    wrong = [case for case in _CASES if not case.should_hit and hits(matcher, case)]
    missed = [
        case for case in _CASES if case.should_hit and not _is_covered(matcher.screen(case.text, case.field), case)
    ]
    assert (wrong, missed) == ([], [])


def _is_covered(verdict: Verdict, case: Case) -> bool:
    """By its own term, or by a longer one that holds it."""
    assert case.span is not None
    return any(hit.start <= case.span[0] and case.span[1] <= hit.end for hit in verdict.hits)
