"""What is covered has the length of what was sent, and nothing that is seen as one is cut."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.screening.masking import COVER, masked


@pytest.mark.parametrize(
    ("text", "span", "covered"),
    [
        ("a赌场b", (1, 3), "a**b"),
        ("e\u0301x", (0, 1), "**x"),
        ("e\u0301x", (1, 2), "**x"),
        ("赌\ufe00场\U000e0101。", (0, 3), "****。"),
        ("1\ufe0f\u20e32", (0, 1), "***2"),
        ("👨\u200d👩\u200d👧!", (2, 3), "*****!"),
        ("👍🏽!", (0, 1), "**!"),
        ("🇨🇳🇯🇵", (2, 3), "🇨🇳**"),
        ("🇨🇳🇯🇵", (1, 2), "**🇯🇵"),
        ("क्षx", (0, 1), "***x"),
        ("款\u2069秒", (0, 1), "**秒"),
        ("", (0, 0), ""),
    ],
)
def test_a_cover_reaches_over_all_that_is_seen_as_one(text: str, span: tuple[int, int], covered: str) -> None:
    assert masked(text, [span]) == covered


def test_covers_that_overlap_are_one() -> None:
    assert masked("abcdef", [(3, 5), (0, 2), (1, 4)]) == "*****f"
    assert masked("abc", []) == "abc"


@given(
    st.text(st.one_of(st.characters(), st.sampled_from("e\u0301\u200d\ufe0f🇨👩🏽\u0e33क्"))),
    st.integers(0, 30),
    st.integers(1, 9),
)
@settings(max_examples=200, deadline=None)
def test_whatever_is_covered_no_mark_is_left_without_its_letter(text: str, start: int, length: int) -> None:
    end = min(len(text), start + length)
    start = min(start, end)
    shown = masked(text, [(start, end)])
    assert len(shown) == len(text)
    assert set(shown[start:end]) <= {COVER}
    for offset in range(1, len(text)):
        if shown[offset - 1] == COVER and shown[offset] == text[offset] != COVER:
            assert unicodedata.category(text[offset]) not in {"Mn", "Me", "Mc", "Cf"}
