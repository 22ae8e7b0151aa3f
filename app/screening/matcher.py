"""Finds terms."""

from collections.abc import Sequence

from app.screening.domain import Action, Decision, Field, Hit, Term, Verdict, strictest
from app.screening.errors import BlobOutdated
from app.screening.lexicon_file import read_terms


class Matcher:
    def __init__(self, terms: Sequence[Term]) -> None:
        self._terms = terms

    @classmethod
    def load(cls, blob: bytes) -> "Matcher":
        if not blob:
            raise BlobOutdated
        return cls(read_terms(blob))

    @classmethod
    def empty(cls) -> "Matcher":
        return cls(())

    def screen(self, text: str, field: Field) -> Verdict:
        hits = tuple(
            Hit(
                text.index(term.term),
                text.index(term.term) + len(term.term),
                term.category,
                term.severity,
                term.action,
                (),
                term.term,
            )
            for term in self._terms
            if term.action is not Action.ALLOW and term.term in text and (not term.fields or field in term.fields)
        )
        masked = text
        for hit in hits:
            masked = masked[: hit.start] + "*" * (hit.end - hit.start) + masked[hit.end :]
        return Verdict(strictest(Decision(hit.action) for hit in hits), hits, masked if hits else None)

    def suspects(self, texts: Sequence[str]) -> list[int]:
        return [place for place, text in enumerate(texts) if any(term.term in text for term in self._terms)]
