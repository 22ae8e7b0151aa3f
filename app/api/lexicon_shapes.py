"""Shapes of lexicons, of how two versions differ, and of what one would change."""

from collections import Counter
from typing import Annotated, Literal

from pydantic import Field

from app.api.screening_shapes import DecisionName, FieldName
from app.api.shapes import Answer, Request, Stamp
from app.api.staff_callers import Named
from app.api.staff_reviews import StaffHit
from app.kernel.actor import Actor
from app.kernel.sentence import Language
from app.screening import domain
from app.screening.domain import Boundary, Category, Decision, Term
from app.screening.editions import Difference, Imported, Lexicon, LexiconVersion, Published, Tried
from app.screening.rehearsing import Example, Rehearsal, Tally, WrongCase

BoundaryName = Literal["word", "single"]
_BOUNDARIES: dict[Boundary, BoundaryName | None] = {
    Boundary.NONE: None,
    Boundary.WORD: "word",
    Boundary.SINGLE: "single",
}


class NewLexicon(Request):
    name: Annotated[str, Field(min_length=1, max_length=64, description="1-64 small letters, digits or hyphens.")]
    content: Annotated[
        str, Field(max_length=4_000_000, description="CSV: term,category,action,severity,fields,boundary,note")
    ]


class OwnCases(Request):
    cases: Annotated[str | None, Field(max_length=60_000, description="CSV of your own: text,field,decision")] = None


class Publication(Request):
    despite_alarm: bool = False
    """Also where the dry run raises an alarm."""


class TextToTry(Request):
    text: Annotated[str, Field(max_length=10_000)]
    field: FieldName = "post"
    lexicon_id: Annotated[str | None, Field(min_length=1, max_length=60, description="As if it were in force.")] = None


class LexiconVersionShown(Answer):
    id: str
    version: int
    terms: int
    imported_at: Stamp
    imported_by: Named
    in_force: bool


class PublishedShown(Answer):
    name: str
    version: int | None
    """Null for a lexicon that was withdrawn."""
    publication: int
    """What screenings name as `lexicon_version`."""
    published_at: Stamp
    published_by: Named

    @classmethod
    def of(cls, published: Published) -> "PublishedShown":
        return cls(
            name=published.lexicon,
            version=published.version,
            publication=published.publication,
            published_at=published.published_at,
            published_by=_named(published.actor),
        )


class LexiconShown(Answer):
    name: str
    in_force: PublishedShown | None
    versions: list[LexiconVersionShown]
    """Newest first."""

    @classmethod
    def of(cls, lexicon: Lexicon) -> "LexiconShown":
        decides = lexicon.in_force
        return cls(
            name=lexicon.name,
            in_force=PublishedShown.of(decides) if decides else None,
            versions=[_version(one, decides) for one in lexicon.versions],
        )


class LexiconPage(Answer):
    items: list[LexiconShown]
    next_cursor: str | None


class LexiconWarning(Answer):
    line: int
    reason: str
    detail: str


class ImportedShown(Answer):
    id: str
    name: str
    version: int
    terms: int
    new: bool
    """False where the newest version says the same already."""
    warnings: list[LexiconWarning]

    @classmethod
    def of(cls, imported: Imported, language: Language) -> "ImportedShown":
        version = imported.version
        told = [
            LexiconWarning(line=one.line, reason=one.reason, detail=one.detail.in_language(language))
            for one in imported.warnings
        ]
        return cls(
            id=version.id,
            name=version.name,
            version=version.number,
            terms=version.terms,
            new=imported.is_new,
            warnings=told,
        )


class TermShown(Answer):
    term: str
    category: str
    action: domain.Action
    severity: int
    fields: list[str]
    """Empty for all."""
    boundary: BoundaryName | None
    note: str

    @classmethod
    def of(cls, term: Term) -> "TermShown":
        return cls(
            term=term.term,
            category=term.category,
            action=term.action,
            severity=term.severity,
            fields=sorted(term.fields),
            boundary=_BOUNDARIES[term.boundary],
            note=term.note,
        )


class ChangeShown(Answer):
    before: TermShown
    after: TermShown
    columns: list[str]


class DifferenceShown(Answer):
    name: str
    version: int
    against: int | None
    """The version in force; null where none is."""
    unchanged: int
    added_count: int
    removed_count: int
    changed_count: int
    added: list[TermShown]
    """The first of each kind."""
    removed: list[TermShown]
    changed: list[ChangeShown]

    @classmethod
    def of(cls, found: Difference) -> "DifferenceShown":
        return cls(
            name=found.lexicon,
            version=found.number,
            against=found.against,
            unchanged=found.unchanged,
            added_count=found.added_count,
            removed_count=found.removed_count,
            changed_count=found.changed_count,
            added=[TermShown.of(term) for term in found.added],
            removed=[TermShown.of(term) for term in found.removed],
            changed=[
                ChangeShown(before=TermShown.of(one.before), after=TermShown.of(one.after), columns=list(one.columns))
                for one in found.changed
            ],
        )


class DecisionCount(Answer):
    decision: DecisionName
    before: int
    after: int


class CategoryCount(Answer):
    category: str
    before: int
    after: int


class ExampleShown(Answer):
    text: str
    field: FieldName
    before: DecisionName
    after: DecisionName
    categories: list[str]

    @classmethod
    def of(cls, one: Example) -> "ExampleShown":
        return cls.model_validate(
            {
                "text": one.text,
                "field": one.field.value,
                "before": one.before.value,
                "after": one.after.value,
                "categories": list(one.categories),
            }
        )


class TallyShown(Answer):
    texts: int
    stricter: int
    milder: int
    decisions: list[DecisionCount]
    categories: list[CategoryCount]
    examples: list[ExampleShown]
    """The first that change, the stricter ones before the milder."""

    @classmethod
    def of(cls, tally: Tally) -> "TallyShown":
        return cls(
            texts=tally.texts,
            stricter=tally.stricter,
            milder=tally.milder,
            decisions=[_decisions(one, tally.before, tally.after) for one in Decision],
            categories=[
                _categories(one, tally.categories_before, tally.categories_after)
                for one in sorted(tally.categories_before | tally.categories_after)
            ],
            examples=[ExampleShown.of(one) for one in tally.examples],
        )


class WrongCaseShown(Answer):
    text: str
    field: FieldName
    must_be: DecisionName
    before: DecisionName
    after: DecisionName

    @classmethod
    def of(cls, wrong: WrongCase) -> "WrongCaseShown":
        return cls.model_validate(
            {
                "text": wrong.case.text,
                "field": wrong.case.field.value,
                "must_be": wrong.case.decision.value,
                "before": wrong.before.value,
                "after": wrong.after.value,
            }
        )


class RehearsalShown(Answer):
    alarm: bool
    """So much would be dealt with more strictly that a line looks wrong."""
    spoilt: int
    """Cases that are decided well and would no longer be."""
    cases: int
    recent: TallyShown
    """The newest public texts."""
    innocent: TallyShown
    """Cases that must pass."""
    wrong: list[WrongCaseShown]

    @classmethod
    def of(cls, found: Rehearsal) -> "RehearsalShown":
        return cls(
            alarm=found.alarming,
            spoilt=found.spoilt,
            cases=found.cases,
            recent=TallyShown.of(found.recent),
            innocent=TallyShown.of(found.innocent),
            wrong=[WrongCaseShown.of(one) for one in found.wrong],
        )


class TriedShown(Answer):
    publication: int | None
    """Null where a version was tried that is not in force."""
    decision: DecisionName
    masked_text: str | None
    hits: list[StaffHit]

    @classmethod
    def of(cls, tried: Tried) -> "TriedShown":
        verdict = tried.verdict
        return cls.model_validate(
            {
                "publication": tried.publication,
                "decision": verdict.decision.value,
                "masked_text": verdict.masked,
                "hits": [StaffHit.of(hit) for hit in verdict.hits],
            }
        )


def _named(actor: Actor) -> Named:
    return Named(kind=actor.kind.value, id=actor.id)


def _version(one: LexiconVersion, decides: Published | None) -> LexiconVersionShown:
    return LexiconVersionShown(
        id=one.id,
        version=one.number,
        terms=one.terms,
        imported_at=one.created_at,
        imported_by=_named(one.actor),
        in_force=decides is not None and decides.version == one.number,
    )


def _decisions(one: Decision, before: Counter[Decision], after: Counter[Decision]) -> DecisionCount:
    return DecisionCount.model_validate({"decision": one.value, "before": before[one], "after": after[one]})


def _categories(one: Category, before: Counter[Category], after: Counter[Category]) -> CategoryCount:
    return CategoryCount(category=one, before=before[one], after=after[one])
