"""Judges one candidate after another, up to a number of them, and keeps what they turn out to be."""

from collections.abc import Iterable

from app import policies
from app.screening import checks, verdicts
from app.screening.domain import Action, Evasion, Hit
from app.screening.forms import Form, FormKind
from app.screening.sightings import Places, Sighting

ToJudge = tuple[Form, Places, int]
"""A form, and where in a view it ends."""


class Findings:
    """Hits, and spans in which there are none since a longer term allows them."""

    def __init__(self) -> None:
        self.hits: list[Hit] = []
        self.allowed: list[verdicts.Span] = []
        self.judged = 0

    @property
    def too_many(self) -> bool:
        """Whether there was more than is judged."""
        return self.judged > policies.CANDIDATES_JUDGED.value

    def take(self, text: str, further: "Findings") -> None:
        """What else was found when `text` was read otherwise: only that says more in which it was."""
        hits, allowed = verdicts.as_sent(text, further.hits, further.allowed)
        known = {(one.start, one.end, one.term) for one in self.hits}
        self.hits += [one for one in hits if (one.start, one.end, one.term) not in known]
        self.allowed += allowed
        self.judged = max(self.judged, further.judged)

    def judge(self, candidates: Iterable[ToJudge]) -> None:
        exact: set[tuple[int, str]] = set()  # judged as they are written: how they sound says nothing new
        for form, places, end in candidates:
            if form.kind is FormKind.SPOKEN and (end, form.term.term) in exact:
                continue
            self.judged += 1
            if self.too_many:
                return
            sighting = Sighting(places, end - len(form.runs), end, form.text)
            if sighting.exact:
                exact.add((end, form.term.term))
            self._keep(form, sighting)

    def _keep(self, form: Form, sighting: Sighting) -> None:
        ways = _judge(form, sighting)
        if ways is None and not sighting.exact and (shorter := sighting.without_repeats(form.runs)) is not None:
            sighting = shorter  # the second 场 of 赌场场地 belongs to the next word
            ways = _judge(form, sighting)
        if ways is None:
            return
        if form.term.action is Action.ALLOW:
            self.allowed.append(_span(form, sighting))
        else:
            ways |= {Evasion.REVERSED} if sighting.backwards else set()
            self.hits.append(verdicts.hit(form, _span(form, sighting), ways))


def _judge(form: Form, sighting: Sighting) -> frozenset[Evasion] | None:
    return checks.judge_spoken(form, sighting) if form.kind is FormKind.SPOKEN else checks.judge(form, sighting)


def _span(form: Form, sighting: Sighting) -> verdicts.Span:
    start, end = sighting.span()
    return (checks.plus_before(sighting), end) if form.kind is FormKind.CONTACT else (start, end)
