"""A screening as a forum hears it: what was found where, never the lexicon's term."""

from app.kernel.sentence import Language
from app.screening.contents import Result, Screened, StoredResult, StoredScreening
from app.screening.domain import Decision, Hit
from app.screening.keeping import without_surrogates


def screening_said(screened: Screened, language: Language) -> dict[str, object]:
    return {
        "id": screened.id,
        "lexicon_version": str(screened.lexicon_version),
        "decision": screened.decision.value,
        "results": [_result(one, language) for one in screened.results],
    }


def stored_said(stored: StoredScreening, language: Language) -> dict[str, object]:
    """With all that is kept: of a text that passed, its place and its digest."""
    return {
        "id": stored.id,
        "lexicon_version": str(stored.lexicon_version),
        "decision": stored.decision.value,
        "created_at": stored.screened_at,
        "results": [_stored(place, one, language) for place, one in enumerate(stored.results)],
        "published": [
            {"content_ref": one.content_ref, "url": one.url, "published_at": one.published_at}
            for one in stored.published
        ],
    }


def _stored(place: int, stored: StoredResult, language: Language) -> dict[str, object]:
    said = _PASSED if stored.result is None else _result(stored.result, language)
    return {"index": place, "sha256": stored.digest.hex(), **said, "ruling": stored.ruling}


def _result(result: Result, language: Language) -> dict[str, object]:
    verdict = result.verdict
    if verdict.decision is Decision.PASS:
        return {**_PASSED, "ref": result.ref, "field": result.field.value}
    return {
        "ref": result.ref,
        "field": result.field.value,
        "decision": verdict.decision.value,
        "detail": result.detail.in_language(language) if result.detail else None,
        "masked_text": None if verdict.masked is None else without_surrogates(verdict.masked),
        "hits": [_hit(hit) for hit in verdict.hits],
    }


def _hit(hit: Hit) -> dict[str, object]:
    return {
        "start": hit.start,
        "end": hit.end,
        "category": hit.category,
        "severity": hit.severity,
        "evasions": [evasion.value for evasion in hit.evasions],
    }


_PASSED: dict[str, object] = {
    "ref": None,
    "field": None,
    "decision": Decision.PASS.value,
    "detail": None,
    "masked_text": None,
    "hits": [],
}
