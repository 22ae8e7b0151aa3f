"""What a lexicon does to texts: decisions by field and category, reasons, and any text in bounded time."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import policies
from app.screening.compiling import compile_terms
from app.screening.domain import SCREENED, Action, Boundary, Category, Decision, Evasion, Field, Term
from app.screening.errors import BlobOutdated
from app.screening.matcher import Matcher
from tests.screening.cases import KNOWN, lexicon, read

_FRAUD, _GAMBLING = Category("fraud"), Category("gambling")


def _matcher(*terms: Term) -> Matcher:
    return Matcher.load(compile_terms(terms))


def test_the_strictest_of_the_terms_for_a_field_decides() -> None:
    matcher = _matcher(
        Term("网上赌场", _GAMBLING, Action.BLOCK, 4, frozenset({Field.HANDLE})),
        Term("网上赌场", _GAMBLING, Action.REVIEW, 4, frozenset({Field.POST, Field.TITLE})),
        Term("刷单兼职", _FRAUD, Action.MASK, 2),
    )
    decisions = {field: matcher.screen("网上赌场和刷单兼职", field).decision for field in SCREENED}
    assert decisions.pop(Field.HANDLE) is Decision.BLOCK
    assert decisions.pop(Field.POST) is decisions.pop(Field.TITLE) is Decision.REVIEW
    assert set(decisions.values()) == {Decision.MASK}
    assert matcher.screen("今天天气很好", Field.POST).decision is Decision.PASS


def test_a_hit_says_where_what_and_how_and_everything_is_covered() -> None:
    matcher = _matcher(Term("网上赌场", _GAMBLING, Action.REVIEW, 4), Term("刷单", _FRAUD, Action.MASK, 2))
    verdict = matcher.screen("😀快来網上*賭*場，刷单！", Field.POST)
    assert [(hit.start, hit.end, hit.category, hit.severity, hit.action) for hit in verdict.hits] == [
        (3, 9, "gambling", 4, Action.REVIEW),
        (10, 12, "fraud", 2, Action.MASK),
    ]
    assert verdict.hits[0].evasions == (Evasion.SCRIPT, Evasion.SKIP)
    assert verdict.masked == "😀快来******，**！"


def test_of_two_terms_of_a_category_in_one_place_the_longer_is_told_and_the_stricter_decides() -> None:
    matcher = _matcher(
        Term("澳门赌场", _GAMBLING, Action.MASK, 1),
        Term("赌场", _GAMBLING, Action.BLOCK, 5),
        Term("门赌", _FRAUD, Action.REVIEW, 1, boundary=Boundary.NONE),
    )
    verdict = matcher.screen("去澳门赌场。", Field.POST)
    assert [hit.term for hit in verdict.hits if hit.category == "gambling"] == ["澳门赌场"]
    assert verdict.decision is Decision.BLOCK


def test_an_allowed_term_spares_what_lies_within_it_and_nothing_else() -> None:
    matcher = _matcher(
        Term("黄片", Category("pornography"), Action.BLOCK, 3), Term("三黄片", Category("pornography"), Action.ALLOW, 1)
    )
    assert matcher.screen("三黄片一天两次", Field.POST).decision is Decision.PASS
    verdict = matcher.screen("三黄片。看黄片", Field.POST)
    assert [(hit.start, hit.end) for hit in verdict.hits] == [(5, 7)]


def test_an_allowed_term_counts_only_for_its_fields() -> None:
    matcher = _matcher(
        Term("官方", Category("impersonation"), Action.BLOCK, 3),
        Term("非官方", Category("impersonation"), Action.ALLOW, 1, frozenset({Field.POST})),
    )
    assert matcher.screen("非官方汉化", Field.POST).decision is Decision.PASS
    assert matcher.screen("非官方汉化", Field.HANDLE).decision is Decision.BLOCK


def test_what_only_sounds_like_a_term_is_reviewed_and_never_blocked_and_only_where_its_category_asks() -> None:
    verdict = _matcher(Term("博彩平台", _GAMBLING, Action.BLOCK, 4)).screen("菠菜平台稳定", Field.POST)
    assert (verdict.decision, verdict.hits[0].evasions) == (Decision.REVIEW, (Evasion.HOMOPHONE,))
    office = _matcher(Term("博彩平台", Category("impersonation"), Action.BLOCK, 4))
    assert office.screen("菠菜平台稳定", Field.POST).decision is Decision.PASS


def test_a_term_of_one_character_stands_anywhere_when_it_says_so() -> None:
    matcher = _matcher(Term("赌", _GAMBLING, Action.REVIEW, 1, boundary=Boundary.SINGLE))
    assert [(hit.start, hit.end) for hit in matcher.screen("赌气，豪赌", Field.POST).hits] == [(0, 1), (4, 5)]


def test_a_term_that_asks_for_words_is_not_within_longer_ones() -> None:
    wide, narrow = (
        _matcher(Term("发票", _FRAUD, Action.REVIEW, 1, boundary=boundary))
        for boundary in (Boundary.NONE, Boundary.WORD)
    )
    assert wide.screen("电子发票单", Field.POST).hits
    assert narrow.screen("要发票", Field.POST).hits


@pytest.mark.parametrize(
    ("text", "term", "evasion"),
    [
        ("ｃａｓｉｎｏ", "casino", Evasion.WIDTH),
        ("賭場開戶", "赌场开户", Evasion.SCRIPT),
        ("代.开.发.票", "代开发票", Evasion.SKIP),
        ("c4sin0", "casino", Evasion.LEET),
        ("cas!no", "casino", Evasion.LEET),
        ("саsinо", "casino", Evasion.HOMOGLYPH),
        ("睹场开户", "赌场开户", Evasion.HOMOGLYPH),
        ("cásinó", "casino", Evasion.ACCENT),
        ("caaasinooo", "casino", Evasion.REPEAT),
        ("壹壹选伍", "11选5", Evasion.NUMERAL),
        ("daikaifapiao", "代开发票", Evasion.PINYIN),
        ("网络堵博", "网络赌博", Evasion.HOMOPHONE),
        ("贝者场开户", "赌场开户", Evasion.SPLIT),
        ("票发开代", "代开发票", Evasion.REVERSED),
        ("+V信", "加V信", Evasion.CONTACT),
        ("加Ⅷ信", "加viii信", Evasion.WIDTH),
    ],
)
def test_every_way_to_hide_a_term_has_its_name(text: str, term: str, evasion: Evasion) -> None:
    (hit,) = lexicon([term]).screen(text, Field.POST).hits
    assert evasion in hit.evasions


def test_a_hit_in_a_form_of_several_characters_covers_all_of_it() -> None:
    (hit,) = lexicon(["加viii信"]).screen("请㏌加Ⅷ信", Field.POST).hits
    assert (hit.start, hit.end) == (2, 5)


def test_an_empty_lexicon_finds_nothing_and_a_lexicon_of_nothing_that_can_be_seen_neither() -> None:
    assert Matcher.empty().screen("网上赌场", Field.POST).decision is Decision.PASS
    assert Matcher.empty().suspects(["网上赌场", ""]) == []
    nothing = _matcher(Term("。！", _FRAUD, Action.BLOCK, 1), Term("\u200b", _FRAUD, Action.BLOCK, 1))
    assert nothing.screen("网上。！赌场", Field.POST).decision is Decision.PASS
    assert nothing.suspects(["。！", "a"]) == []


def test_fields_that_nobody_else_reads_are_not_matched() -> None:
    assert lexicon(["网上赌场"]).screen("网上赌场", Field.REASON).decision in {Decision.PASS, Decision.BLOCK}


def test_the_same_terms_compile_to_the_same_bytes_and_other_engines_are_told_apart() -> None:
    terms = [Term("网上赌场", _GAMBLING, Action.BLOCK, 4), Term("@phone", Category("doxxing"), Action.MASK, 3)]
    blob = compile_terms(terms)
    assert blob == compile_terms(terms)
    other = blob[:20] + bytes([blob[20] ^ 1]) + blob[21:]
    for wrong in (b"", blob[:10], blob[:-1], blob + b"\0", other, b"x" * 200):
        with pytest.raises(BlobOutdated):
            Matcher.load(wrong)


def test_more_candidates_than_are_judged_ask_for_a_review() -> None:
    text = "bets " * (policies.CANDIDATES_JUDGED.value + 1)
    verdict = _matcher(Term("bet", _GAMBLING, Action.MASK, 1)).screen(text, Field.POST)
    assert verdict.decision is Decision.REVIEW


_KNOWN = sorted({case.term for case in read(KNOWN) if not case.term.startswith("@")})
_HOSTILE: dict[str, Callable[[int], str]] = {
    "half characters": lambda size: "\ud83d代\udc00开" * (size // 4),
    "NUL": lambda size: "\0" * size,
    "one character": lambda size: "赌" * size,
    "one letter": lambda size: "a" * size,
    "skipped only": lambda size: "。*\u200b" * (size // 3),
    "invisible between": lambda size: "代" + "\u200b" * size + "开发票",
    "marks": lambda size: "e" + "\u0301" * size,
    "right to left": lambda size: "\u202eمرحبا" * (size // 6),
    "families": lambda size: "👨\u200d👩\u200d👧" * (size // 5),
    "Indic": lambda size: "क्‍ष" * (size // 4),
    "hits": lambda size: "网上赌场" * (size // 4),
    "hidden hits": lambda size: "网.上.赌.场." * (size // 8),
    "half a term": lambda size: "网上赌" * (size // 3),
    "numbers": lambda size: "1380013800" * (size // 10),
    "spaced numbers": lambda size: "1 3 8 0 " * (size // 8),
    "addresses": lambda size: "a-a.a。a@" * (size // 8),
    "words": lambda size: "the dai kai fa " * (size // 15),
    "splits": lambda size: "贝者女子" * (size // 4),
    "forms of several": lambda size: "Ⅷ㎏🆗" * (size // 3),
    "signs": lambda size: "a!b|" * (size // 4),
    "separators": lambda size: "\uffff赌\uffff" * (size // 3),
    "private": lambda size: "\ue000\ue900\U0010ffff" * (size // 3),
}


@pytest.mark.parametrize("name", _HOSTILE)
def test_any_text_is_screened_in_time_that_grows_with_its_length(name: str) -> None:
    rules = ["@phone", "@id_number", "@url", "@email"]
    matcher = lexicon([*_KNOWN, *rules])
    small, large = (_HOSTILE[name](size) for size in (20_000, 160_000))
    took = []
    for text in (small, large):
        began = time.thread_time()
        verdict = matcher.screen(text, Field.POST)
        took.append(time.thread_time() - began)
        assert verdict.masked is None or len(verdict.masked) == len(text)
        assert all(0 <= hit.start < hit.end <= len(text) for hit in verdict.hits)
    assert took[1] < 30 * max(took[0], 0.01)
    assert took[1] < 2


def test_nested_terms_are_all_found_and_cost_little() -> None:
    matcher = lexicon(["嘻哈" * half for half in range(1, 33)])
    assert {hit.term for hit in matcher.screen("嘻哈嘻哈", Field.POST).hits} == {"嘻哈嘻哈"}
    began = time.thread_time()
    matcher.screen("嘻哈" * 10_000, Field.POST)
    assert time.thread_time() - began < 0.5


def test_many_threads_search_at_once_and_see_the_same() -> None:
    matcher = lexicon(_KNOWN)
    cases = read(KNOWN)
    alone = [matcher.screen(case.text, case.field) for case in cases]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda case: matcher.screen(case.text, case.field), cases * 3)) == alone * 3


_TEXT = st.text(
    st.one_of(st.sampled_from("网上赌场代开发票贝者casino。 *\u200b1380！+V信Ⅷ㎏е\ufe0f!l"), st.characters(codec=None)),
    max_size=60,
)


@given(st.lists(_TEXT, max_size=12), st.sampled_from(SCREENED))
@settings(max_examples=80, deadline=None)
def test_a_patrol_suspects_every_text_that_would_not_pass(texts: list[str], field: Field) -> None:
    matcher = lexicon([*_KNOWN, "@phone", "@url"])
    hit = {number for number, text in enumerate(texts) if matcher.screen(text, field).decision is not Decision.PASS}
    assert hit <= set(matcher.suspects(texts))


def test_a_patrol_suspects_the_known_cases_and_few_others() -> None:
    matcher = lexicon([*_KNOWN, "@phone", "@id_number"])
    hidden = [case.text for case in read(KNOWN) if case.should_hit]
    innocent = ["山间清风", "misty_river", "老王的茶馆", "今天天气很好", "ok2026"] * 100
    assert matcher.suspects(innocent + hidden + innocent) == list(range(500, 500 + len(hidden)))
