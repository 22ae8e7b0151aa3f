"""The matcher finds what a slow, obviously right one finds, and nothing else."""

from random import Random

from app.screening.compiling import compile_terms
from app.screening.domain import Decision, Field, Term, Verdict
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
