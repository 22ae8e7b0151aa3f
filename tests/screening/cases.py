"""Texts of which it is known whether they hide a term, and the lexicons that they are tried with."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.screening.compiling import compile_terms
from app.screening.domain import Action, Category, Field, Hit, Term
from app.screening.matcher import Matcher

KNOWN = Path(__file__).parents[3] / "shared" / "data" / "screening-cases.json"
_ALLOWED = ("三黄片", "白粉墙", "非官方")


@dataclass(frozen=True)
class Case:
    text: str
    term: str
    should_hit: bool
    kind: str
    span: tuple[int, int] | None
    field: Field
    allow: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind}: {self.term} in {self.text!r}"


def read(file: Path) -> list[Case]:
    return [_case(**written) for written in json.loads(file.read_text(encoding="utf-8"))]


def _case(**written: Any) -> Case:
    return Case(
        written["text"],
        written["term"],
        written["should_hit"],
        written["kind"],
        tuple(written["span"]) if written["should_hit"] else None,
        Field(written.get("field", "post")),
        tuple(written.get("allow", ())),
    )


def lexicon(terms: Iterable[str], allowed: Iterable[str] = _ALLOWED, action: Action = Action.BLOCK) -> Matcher:
    """Every term a term of its own category, `gambling`."""
    denied = [Term(term, Category("gambling"), action, 3) for term in terms]
    return Matcher.load(compile_terms(denied + [Term(term, Category("gambling"), Action.ALLOW, 1) for term in allowed]))


def hits(matcher: Matcher, case: Case) -> list[Hit]:
    return [hit for hit in matcher.screen(case.text, case.field).hits if hit.term == case.term]


def is_right(case: Case, found: list[Hit]) -> bool:
    if not case.should_hit:
        return not found
    return case.span in {(hit.start, hit.end) for hit in found}
