"""The matcher finds what a slow, obviously right one finds, and nothing else."""

from random import Random

import pytest

from app.screening.compiling import compile_terms
from app.screening.domain import Action, Category, Decision, Field, Term, Verdict
from app.screening.matcher import Matcher
from tests.screening.collisions import lexicon, text_for
from tests.screening.slow_matcher import SlowMatcher

TEXTS = 20
"""That one lexicon is compiled for."""


def differences(seed: int, lexicons: int) -> list[str]:
    """One sentence for each difference, over so many lexicons at random and `TEXTS` texts for each."""
    random = Random(seed)  # noqa: S311 -- to be repeated
    found = []
    for _ in range(lexicons):
        terms = lexicon(random)
        matcher, slow = Matcher.load(compile_terms(terms)), SlowMatcher(terms)
        texts = [text_for(random, terms) for _ in range(TEXTS)]
        suspects = set(matcher.suspects([text for text, _ in texts]))
        for number, (text, field) in enumerate(texts):
            ours, theirs = matcher.screen(text, field), slow.screen(text, field)
            if ours != theirs:
                found.append(_said(terms, text, field, ours, theirs))
            if ours.decision is not Decision.PASS and number not in suspects:
                found.append(_said(terms, text, field, ours, "no suspect"))
    return found


def _said(terms: list[Term], text: str, field: Field, ours: Verdict, theirs: object) -> str:
    return f"{terms!r}\n  {text!r} as {field.value}:\n  {ours}\n  {theirs}"


def test_both_find_the_same_in_texts_made_to_collide() -> None:
    assert differences(seed=7, lexicons=100) == []


@pytest.mark.parametrize(
    ("terms", "text", "field"),
    [
        (("𠮷野", "野-"), "吃𠮷野吧", Field.POST),
        (("加！！", "赌博"), "赌博+", Field.POST),
        (("赌博网",), "好" * 90 + "网博赌", Field.DISPLAY_NAME),
        (("咖赌aa",), "Ⅲ" * 21 + "aa赌咖", Field.POST),
        (("博彩",), "博彩\u200dtuō", Field.POST),
        (("嘻-嘻嘻", "嘻-嘻"), "嘻嘻嘻嘻", Field.POST),
        (("赌博", "赌博网站"), "赌博网站", Field.POST),
    ],
)
def test_what_once_made_a_difference_makes_none(terms: tuple[str, ...], text: str, field: Field) -> None:
    lines = [Term(term, Category("gambling"), Action.BLOCK, severity) for severity, term in enumerate(terms, 1)]
    assert Matcher.load(compile_terms(lines)).screen(text, field) == SlowMatcher(lines).screen(text, field)
