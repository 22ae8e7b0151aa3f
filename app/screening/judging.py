"""Judges one candidate after another, up to a number of them, and keeps what they turn out to be."""

from collections.abc import Iterable

from app import policies
from app.screening import checks, folding, verdicts
from app.screening.domain import Action, Evasion, Hit
from app.screening.forms import SPOKEN, Form, FormKind
from app.screening.sightings import Places, Sighting

_MOST = policies.CANDIDATES_JUDGED.value
ToJudge = tuple[Form, Places, int]
"""A form, and where in a view it ends."""


class Findings:
    """Hits, and spans in which there are none since a longer term allows them."""

    def __init__(self) -> None:
        self.hits: list[Hit] = []
        self.allowed: list[verdicts.Span] = []
        self._judged = 0

    @property
    def too_many(self) -> bool:
        """Whether there was more than is judged."""
        return self._judged > _MOST

    def judge(self, candidates: Iterable[ToJudge]) -> None:
        exact: set[tuple[Places, int, str]] = set()  # judged as they are written: how they sound says nothing new
        for form, places, end in candidates:
            if form.kind is FormKind.SPOKEN and (places, end, form.term.term) in exact:
                continue
            self._judged += 1
            if self._judged > _MOST:
                return
            sighting = Sighting(places, end - len(form.runs), form)
            if sighting.exact and form.kind is FormKind.WRITTEN:
                exact.add((places, end, form.term.term))
            self._keep(form, sighting)

    def judge_signs(self, text: str, candidates: Iterable[ToJudge]) -> None:
        """Candidates of `folding.as_letters(text)`: only what has a sign in it was not judged before."""
        known, allowed = len(self.hits), len(self.allowed)
        self.judge(candidates)
        further = self.hits[known:]
        del self.hits[known:], self.allowed[allowed:]
        self.hits += [
            verdicts.more_hidden(one, Evasion.LEET)
            for one in further
            if folding.has_letter_signs(text[max(0, one.start - 1) : one.end + 1])
        ]

    def _keep(self, form: Form, sighting: Sighting) -> None:
        judged = settle(form, sighting)
        if judged is None:
            return
        span, ways = judged
        if form.term.action is Action.ALLOW:
            self.allowed.append(span)
        else:
            self.hits.append(verdicts.hit(form, span, ways))


def settle(form: Form, sighting: Sighting) -> tuple[verdicts.Span, frozenset[Evasion]] | None:
    """Where the term stands and how it is hidden; None where it does not."""
    judge = checks.judge_spoken if form.kind in SPOKEN else checks.judge
    ways = judge(form, sighting)
    if ways is None and (shorter := sighting.without_repeats()) is not None:
        sighting = shorter  # the second 场 of 赌场场地 belongs to the next word
        ways = judge(form, sighting)
    if ways is None:
        return None
    start, end = sighting.span()
    if form.kind is FormKind.CONTACT:
        start = checks.plus_before(sighting)
    return (start, end), ways | {Evasion.REVERSED} if sighting.backwards else ways
