"""The starter lexicon: a file like the operator's own, careful with what ordinary texts hold."""

from functools import cache
from importlib.resources import files

import pytest

from app.screening import folding, tables
from app.screening.compiling import compile_terms
from app.screening.domain import Action, Boundary, Decision, Field, Term
from app.screening.lexicon_file import read_terms
from app.screening.matcher import Matcher

_NAMES = frozenset({Field.HANDLE, Field.DISPLAY_NAME, Field.BOARD_NAME})


@cache
def _terms() -> tuple[Term, ...]:
    return tuple(read_terms((files("app.screening") / "data" / "starter.csv").read_bytes()))


@cache
def _matcher() -> Matcher:
    return Matcher.load(compile_terms(_terms()))


def test_clear_terms_block_in_names_and_are_looked_at_in_texts() -> None:
    assert {term.fields for term in _terms() if term.action is Action.BLOCK} == {_NAMES}
    assert _matcher().screen("網上賭場客服", Field.DISPLAY_NAME).decision is Decision.BLOCK
    assert _matcher().screen("最大的網上賭場", Field.POST).decision is Decision.REVIEW


def test_no_common_word_is_a_term_for_texts() -> None:
    denied = [term for term in _terms() if term.action is not Action.ALLOW]
    for_texts = folding.fold_all([term.term for term in denied if not term.fields or term.fields - _NAMES])
    assert not set(for_texts) & (tables.common_words().keys() | tables.english_words())


@pytest.mark.parametrize(
    "innocent",
    [
        "三黄片一天两次", "非官方汉化组", "图书管理员", "防骗小课堂", "Unofficial Fan Club", "badminton 羽毛球",
        "山间清风", "administrative law", "better together", "上网赌气", "白粉墙与黑瓦",
    ],
)  # fmt: skip
def test_an_innocent_name_passes(innocent: str) -> None:
    assert _matcher().screen(innocent, Field.DISPLAY_NAME).decision is Decision.PASS


@pytest.mark.parametrize(
    "innocent",
    [
        "远离网络赌博，珍惜家庭幸福。", "警惕刷单返利！", "老虎机灵地躲开了", "昨天去澳门，看了赌场外面的喷泉。",
        "枯黄片片落下", "The official site is down, ask the admin.", "支援交通建设，预约炮制中药",
        "秋天的树叶金黄片片", "I was betting on rain.",
    ],
)  # fmt: skip
def test_an_innocent_text_passes(innocent: str) -> None:
    assert _matcher().screen(innocent, Field.POST).decision is Decision.PASS


def test_an_english_term_stands_for_a_whole_word() -> None:
    for term in _terms():
        if term.term.isascii() and not term.term.startswith("@") and term.action is not Action.ALLOW:
            assert term.boundary is Boundary.WORD


@pytest.mark.parametrize("number", ["13800138000", "138 0013 8000", "一三八○○一三八○○○", "①③⑧⓪⓪①③⑧⓪⓪⓪"])
def test_numbers_are_hidden_in_texts_and_held_in_names(number: str) -> None:
    text = _matcher().screen(f"找我{number}", Field.POST)
    assert (text.decision, text.masked) == (Decision.MASK, "找我" + "*" * len(number))
    assert _matcher().screen(f"找我{number}", Field.DISPLAY_NAME).decision is Decision.REVIEW


def test_addresses_are_held_in_names_only() -> None:
    for address in ("www.example.com", "wang@example.com"):
        assert _matcher().screen(address, Field.DISPLAY_NAME).decision is Decision.REVIEW
        assert _matcher().screen(address, Field.POST).decision is Decision.PASS
