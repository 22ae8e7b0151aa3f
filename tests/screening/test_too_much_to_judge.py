"""Texts with more candidates than are judged: somebody looks at them, and what blocks is not lost among the rest."""

import pytest

from app import policies
from app.screening.compiling import compile_terms
from app.screening.domain import Action, Category, Decision, Field, Term
from app.screening.matcher import Matcher

_GAMBLING = Category("gambling")
_MANY = policies.CANDIDATES_JUDGED.value + 1
_MATCHER = Matcher.load(
    compile_terms(
        [
            Term("哎呀呀", _GAMBLING, Action.MASK, 1),
            Term("推广群", _GAMBLING, Action.REVIEW, 2),
            Term("赌博网站", _GAMBLING, Action.BLOCK, 5),
            Term("反赌博网站联盟", _GAMBLING, Action.ALLOW, 1),
        ]
    )
)


@pytest.mark.parametrize("harmless", ["哎呀呀", "哎呀呀，", "推广群 ", "哎 呀 呀 "])
def test_what_blocks_is_found_behind_any_number_of_harmless_hits(harmless: str) -> None:
    assert _MATCHER.screen(harmless * _MANY + "赌博网站", Field.POST).decision is Decision.BLOCK


def test_what_is_allowed_is_so_behind_any_number_of_other_hits() -> None:
    assert _MATCHER.screen("哎呀呀" * _MANY + "反赌博网站联盟", Field.POST).decision is Decision.REVIEW


@pytest.mark.parametrize("harmless", ["哎呀呀", "赌博网、站务 ", "反赌博网站联盟"])
def test_a_text_that_is_not_judged_to_its_end_never_passes(harmless: str) -> None:
    assert _MATCHER.screen(harmless * _MANY, Field.POST).decision.rank >= Decision.REVIEW.rank
    assert _MATCHER.screen(harmless * 9, Field.POST).decision.rank <= Decision.MASK.rank


def test_so_many_addresses_and_numbers_are_told_and_no_more_and_a_person_looks() -> None:
    rules = [Term(rule, Category("contact"), Action.MASK, 1) for rule in ("@url", "@phone")]
    matcher = Matcher.load(compile_terms(rules))
    few = matcher.screen("a.cn " * (_MANY - 1), Field.POST)
    assert (few.decision, len(few.hits)) == (Decision.MASK, _MANY - 1)
    for many in ("a.cn ", "13800138000 ", "a.cn 13800138000 "):
        verdict = matcher.screen(many * 5_000, Field.POST)
        assert verdict.decision is Decision.REVIEW
        assert len(verdict.hits) <= 2 * _MANY
