"""Texts that nobody should write: none raises, none is slow, whatever the lexicon.

Work is counted in lines of Python that run. Patterns and automata run in C: long texts go through them here, where the
square of their length would be felt.
"""

from collections.abc import Callable
from functools import partial

import pytest

from app.screening.compiling import compile_terms
from app.screening.domain import Action, Category, Decision, Field, Term
from app.screening.matcher import Matcher
from app.screening.rules import RULES
from tests.screening.counting import lines_run

Text = Callable[[int], str]
_GAMBLING = Category("gambling")


def _over(pattern: str) -> Text:
    return lambda length: (pattern * (length // len(pattern) + 1))[:length]


_TEXTS: dict[str, Text] = {
    "one character": _over("哈"),
    "one letter": _over("a"),
    "two in turn": _over("嘻哈"),
    "letters in turn": _over("ab"),
    "nothing seen": _over("\u200b"),
    "joiners": _over("\u200d"),
    "marks": _over("\u0301"),
    "signs": _over("。，！ "),
    "line breaks": _over("\r\n"),
    "nothing at all": _over("\0"),
    "halves of characters": _over("\ud83d"),
    "other halves": _over("\udc00\ud800"),
    "no characters": _over("\uffff\ufffe\ue900"),
    "right to left": _over("\u202eא\u202c赌\u2067"),
    "emoji": _over("👨\u200d👩\u200d👧👍🏽"),
    "flags": _over("🇨🇳"),
    "clusters of India": _over("क्\u200dष"),
    "letters of Korea": _over("\u1100\u1161\u11a8"),
    "forms of several characters": _over("Ⅲﷺ㎏"),
    "hits": _over("赌博网站"),
    "hits with joiners": _over("赌\u200d博\u200d网\u200d站\u200d"),
    "hits with marks": _over("赌\u0301\ufe0f博\u20e3网站"),
    "hits far apart": lambda length: "赌" + "\u200b" * (length // 2) + "博" + "." * (length // 2) + "网站",
    "emoji behind a hit": lambda length: "赌博网站" + "\u200d👨" * (length // 2),
    "parts of characters": _over("贝者十尃"),
    "pinyin": _over("du bo wang zhan xian"),
    "pinyin without spaces": _over("xianguoanerangan"),
    "ones": _over("1"),
    "ones apart": _over("1 "),
    "letters for ones": _over("iIl"),
    "digits and nothing seen": lambda length: "13800138000" + "\u200b" * length + "1",
    "telephones": _over("138 0013 8000,"),
    "telephones in one": _over("13800138000"),
    "numbers in Chinese": _over("一三八"),
    "cards": _over("11010519491231002X"),
    "dots": _over("a."),
    "spelled dots": _over("a点"),
    "wide dots": _over("a . "),
    "at": _over("a@"),
    "spelled at": _over("a at "),
    "nothing behind at": lambda length: "a" * length + "@",
    "addresses": _over("http://"),
    "a long address": lambda length: "http://" + "a" * length,
    "world wide": _over("www."),
    "brackets": _over("a(at)a[.]"),
}
_NESTED = [("嘻哈" * 32)[:length] for length in range(2, 65)] + ["哈" * length for length in range(2, 65)]
_LEXICONS = {
    "ordinary": ["赌博网站", "加V信", "bet365.com", "casino", "代开发票", "11选5", "क्षय"],
    "nested": [
        *_NESTED,
        *(("ab" * 32)[:length] for length in range(2, 65)),
        *("a" * length for length in range(2, 65)),
    ],
}
_MATCHERS = {
    name: Matcher.load(
        compile_terms(
            [
                *(Term(text, _GAMBLING, Action.BLOCK, 3) for text in (*texts, *RULES)),
                Term("反赌博网站", _GAMBLING, Action.ALLOW, 1),
            ]
        )
    )
    for name, texts in _LEXICONS.items()
}


@pytest.mark.parametrize("name", _TEXTS)
@pytest.mark.parametrize("lexicon", _MATCHERS)
def test_twice_the_text_is_twice_the_work(lexicon: str, name: str) -> None:
    matcher, make = _MATCHERS[lexicon], _TEXTS[name]
    for length in (500, 1000):
        matcher.screen(make(length), Field.POST)
    once, twice = (lines_run(partial(matcher.screen, make(length), Field.POST)) for length in (500, 1000))
    assert twice < 2.3 * once + 3000


@pytest.mark.parametrize("name", _TEXTS)
def test_a_long_text_is_screened_to_its_end_and_once_more_with_many(name: str) -> None:
    matcher = _MATCHERS["ordinary"]
    text = _TEXTS[name](30_000)
    verdict = matcher.screen(text, Field.HANDLE)
    assert verdict.masked is None or len(verdict.masked) == len(text)
    if verdict.decision is not Decision.PASS:
        assert matcher.suspects(["好", text, "好"]) == [1]


def test_what_blocks_is_found_at_the_end_of_a_megabyte() -> None:
    for before in ("好" * 1_000_000, "\u200b" * 1_000_000, "赌" * 1_000_000, "." * 1_000_000):
        verdict = _MATCHERS["ordinary"].screen(before + "赌博网站", Field.POST)
        assert (verdict.decision, verdict.hits[-1].end) == (Decision.BLOCK, 1_000_004)
