"""From what was found in a text to what becomes of it."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from app.screening import tables
from app.screening.domain import Action, Category, Decision, Evasion, Hit, Term, Verdict, strictest
from app.screening.forms import SPOKEN, Form
from app.screening.masking import masked

Span = tuple[int, int]
_PASS = Verdict(Decision.PASS)
_DECISIONS = {Action.MASK: Decision.MASK, Action.REVIEW: Decision.REVIEW, Action.BLOCK: Decision.BLOCK}
_RANKS = {action: decision.rank for action, decision in _DECISIONS.items()}
_ORDER = {evasion: number for number, evasion in enumerate(Evasion)}


def hit(form: Form, span: Span, ways: frozenset[Evasion]) -> Hit:
    """What sounds like a term is reviewed at most."""
    action = form.term.action
    if form.kind in SPOKEN and action is Action.BLOCK:
        action = Action.REVIEW
    return Hit(*span, form.term.category, form.term.severity, action, in_order(ways), form.term.term)


def rule_hit(term: Term, start: int, end: int, ways: frozenset[Evasion]) -> Hit:
    return Hit(start, end, term.category, term.severity, term.action, in_order(ways), term.term)


def more_hidden(one: Hit, way: Evasion) -> Hit:
    return one._replace(evasions=in_order(frozenset(one.evasions) | {way}))


def in_order(ways: frozenset[Evasion]) -> tuple[Evasion, ...]:
    return tuple(sorted(ways, key=_ORDER.__getitem__)) if ways else ()


def verdict(text: str, hits: Sequence[Hit], allowed: Sequence[Span], *, too_many: bool) -> Verdict:
    """The strictest that the hits ask for which no allowed term holds; a review at least where not all were judged."""
    if len(hits) == 1 and not (allowed or too_many or (one := hits[0]).action is Action.ALLOW):
        return Verdict(_DECISIONS[one.action], (one,), masked(text, [(one.start, one.end)]))
    spans = [*allowed, *((one.start, one.end) for one in hits if one.action is Action.ALLOW)]
    counted = _not_held(hits, spans) if spans else hits
    asked = [_DECISIONS[one.action] for one in counted]
    if too_many:
        asked.append(Decision.REVIEW)
    if not asked:
        return _PASS
    cover = masked(text, [(one.start, one.end) for one in counted]) if counted else None
    return Verdict(strictest(asked), _told(counted), cover)


def as_sent(text: str, hits: Sequence[Hit], allowed: Sequence[Span]) -> tuple[list[Hit], list[Span]]:
    """Offsets of the text as it was sent, of those in the text with its forms of several characters spelled out."""
    forms = tables.expansions()
    origin = [offset for offset, character in enumerate(text) for _ in forms.get(character, character)]
    told = []
    for one in hits:
        start, end = origin[one.start], origin[one.end - 1] + 1
        ways = frozenset(one.evasions)
        if not forms.keys().isdisjoint(text[start:end]):
            ways |= {Evasion.WIDTH}
        told.append(Hit(start, end, one.category, one.severity, one.action, in_order(ways), one.term))
    return told, [(origin[start], origin[end - 1] + 1) for start, end in allowed]


def _not_held(hits: Sequence[Hit], spans: Iterable[Span]) -> list[Hit]:
    """The hits that lie within none of the spans."""
    in_order_of_start = sorted(spans)
    starts = [start for start, _ in in_order_of_start]
    furthest = list(accumulate((end for _, end in in_order_of_start), max))
    before = [bisect_right(starts, one.start) for one in hits]
    return [one for one, count in zip(hits, before, strict=True) if not count or furthest[count - 1] < one.end]


def _told(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """In the order of the text; of those that lie within one another in one category the longest, then the gravest."""
    told: list[Hit] = []
    reached: dict[Category, int] = {}
    for one in sorted(hits, key=_weight):
        if one.end > reached.get(one.category, 0):
            told.append(one)
            reached[one.category] = one.end
    return tuple(told)


def _weight(hit: Hit) -> tuple[int, int, int, int, int, str, tuple[Evasion, ...]]:
    """An order of all hits, so that the same is told however they were found."""
    return hit.start, -hit.end, -_RANKS[hit.action], -hit.severity, len(hit.evasions), hit.term, hit.evasions
