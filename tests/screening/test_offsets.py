"""Where hits stand, and what is covered: counted in the text as sent, and never half of what is seen as one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from app.screening import folding, tables, views
from app.screening.compiling import compile_terms
from app.screening.domain import Action, Boundary, Category, Decision, Evasion, Field, Term, Verdict
from app.screening.masking import COVER, masked
from app.screening.matcher import Matcher
from app.screening.rules import RULES
from app.screening.searching import Searched
from tests.screening.clusters import clusters, is_extending

_TERMS = [
    *(
        Term(text, Category("gambling"), Action.BLOCK, 3)
        for text in ("赌博", "博彩平台", "加微信", "casino", "bet365.com", "11选5")
    ),
    *(Term(text, Category("porn"), Action.MASK, 1) for text in ("黄片", "क्षय", "한글", "嘻嘻哈哈")),
    *(Term(rule, Category("doxxing"), Action.REVIEW, 2) for rule in RULES),
    Term("三黄片", Category("medicine"), Action.ALLOW, 1),
    Term("赌", Category("single"), Action.MASK, 1, boundary=Boundary.SINGLE),
]
_MATCHER = Matcher.load(compile_terms(_TERMS))
_PIECES = st.sampled_from(
    [
        *"赌博睹搏彩平台加微信黄片三嘻哈कष्한글e1五١Ⅲﷺ𝐜🅰①㎏+.@ \n\0\uffff\ud83d\udc00",
        *"\u0301\u0e33\ufe0f\u20e3\u200b\u200d\u202e\u2069\U000e0101\U0001f3fd🇨🇳👨👩👍🏿",
        *("casino", "bet365.com", "11选5", "13800138000", "www.bet.com", "a@b.com", "博彩平台", "bocaipingtai", "贝者"),
    ]
)
_ANYTHING = st.characters(codec=None, categories=None, exclude_categories=()) | st.characters(
    categories=["Cs", "Cf", "Mn"]
)
_TEXTS = st.lists(st.one_of(_PIECES, _PIECES, _ANYTHING), max_size=40).map("".join)
_MARKS = "".join(chr(point) for point in range(0x110000) if is_extending(chr(point)))
_FIELDS = st.sampled_from([Field.POST, Field.HANDLE])


def _in_order(verdict: Verdict, text: str) -> bool:
    spans = [(hit.start, -hit.end) for hit in verdict.hits]
    return spans == sorted(spans) and all(0 <= hit.start < hit.end <= len(text) for hit in verdict.hits)


@settings(max_examples=400)
@given(_TEXTS, _FIELDS)
def test_any_text_gets_a_verdict_whose_hits_lie_in_it_and_are_covered_whole(text: str, field: Field) -> None:
    verdict = _MATCHER.screen(text, field)
    assert _in_order(verdict, text)
    assert bool(verdict.hits) == (verdict.decision is not Decision.PASS) == (verdict.masked is not None)
    if verdict.masked is None:
        return
    assert len(verdict.masked) == len(text)
    assert all(set(verdict.masked[hit.start : hit.end]) == {COVER} for hit in verdict.hits)
    for start, end in clusters(text):
        shown = verdict.masked[start:end]
        assert shown == text[start:end] or set(shown) == {COVER}
        if shown != text[start:end]:
            assert any(hit.start < end and start < hit.end for hit in verdict.hits)


@settings(max_examples=200)
@given(_TEXTS)
def test_what_is_hit_plainly_is_the_term_letter_by_letter(text: str) -> None:
    for hit in _MATCHER.screen(text, Field.POST).hits:
        if hit.evasions == () and not hit.term.startswith("@"):
            assert folding.fold_all([text[hit.start : hit.end].rstrip(_MARKS)]) == folding.fold_all([hit.term])


@settings(max_examples=200)
@given(_TEXTS, st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)), max_size=4))
def test_a_cover_is_whole_clusters_and_no_more_than_it_needs(text: str, places: list[tuple[int, int]]) -> None:
    spans = [(start, min(start + length, len(text))) for start, length in places if start < len(text)]
    expected = "".join(
        COVER * (end - start) if any(a < end and start < b for a, b in spans) else text[start:end]
        for start, end in clusters(text)
    )
    assert masked(text, spans) == expected


@given(st.text(st.characters(codec=None, categories=None)))
def test_folding_twice_is_folding_once_and_every_kept_character_has_its_offset(text: str) -> None:
    (once,) = folding.fold_all([text])
    assert folding.fold_all([once]) == [once]
    seen = views.views(text)
    parts = Searched(text, seen).parts(0, seen.length)
    plain = tables.plain_table()
    kept = [offset for offset, character in enumerate(text) if plain[ord(character)]]
    assert [offset for part in parts for offset in part.offsets] == kept
    assert all(len({views.mark(text[offset]) for offset in part.offsets}) == 1 for part in parts)


@settings(max_examples=150)
@given(st.lists(_TEXTS, max_size=8), _FIELDS)
def test_no_text_that_is_hit_escapes_the_search_of_many(texts: list[str], field: Field) -> None:
    hit = {number for number, text in enumerate(texts) if _MATCHER.screen(text, field).decision is not Decision.PASS}
    assert hit <= set(_MATCHER.suspects(texts))


def test_a_term_is_found_wherever_it_stands_about_the_length_at_which_texts_are_searched_otherwise() -> None:
    for length in (62, 63, 64, 65, 66, 127, 128, 129, 1000):
        for before in {0, 1, length // 2, length - 10, length - 6} - {-4, -8}:
            text = "好" * before + "，博彩平台，" + "好" * (length - before - 6)
            (hit,) = _MATCHER.screen(text, Field.POST).hits
            assert (len(text), hit.start, hit.end) == (length, before + 1, before + 5)


def test_no_length_of_what_cannot_be_seen_hides_a_term() -> None:
    for hidden in (
        "\u200b",
        "\u0e47",
        "\u0591",
        "\u0941",
        "\u2060",
        "\u202e\u202c",
        "\ufe0f",
        "\u0301",
        "\ud83d",
        "\0",
    ):
        for count in (1, 31, 33, 64, 65, 1000, 100_000):
            text = "买" + ("赌" + hidden * count + "博") + "吗"
            (hit, *_) = _MATCHER.screen(text, Field.POST).hits
            assert (hit.term, hit.start, hit.evasions) == ("赌博", 1, (Evasion.SKIP,))


def test_marks_are_letters_in_scripts_that_are_written_with_them() -> None:
    matcher = Matcher.load(compile_terms([Term("कुल", Category("gambling"), Action.BLOCK, 3)]))
    found = {
        text: matcher.screen(text, Field.POST).decision for text in ("कुल", "कु\u200bल", "कल", "कूल", "कुलु", "क\u0301ुल")
    }
    assert [text for text, decision in found.items() if decision is Decision.BLOCK] == ["कुल", "कु\u200bल", "क\u0301ुल"]
