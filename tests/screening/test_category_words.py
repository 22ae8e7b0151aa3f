"""What people are told of the kind of a text that may not be used."""

from app.screening.category_words import CATEGORY_WORDS, OTHER, words_of
from app.screening.errors import ScreeningBlocked


def test_every_category_has_words_of_its_language() -> None:
    for category, words in CATEGORY_WORDS.items():
        assert words.zh, category
        assert not words.zh.isascii(), category
        assert words.en.isascii(), category
        assert "other" not in words.en.split(), category


def test_several_categories_are_named_once_each_and_in_one_order() -> None:
    assert words_of(["pornography", "gambling", "gambling"]).zh == "赌博、色情"
    assert words_of(["politics", "fraud"]).en == "fraud, politics"


def test_the_words_of_the_operator_alone_are_not_shown_to_others() -> None:
    assert words_of(["project_x_2024"]) == OTHER
    assert words_of([]) == OTHER
    assert words_of(["gambling", "{category}"]).en == "gambling, other"


def test_a_refusal_names_the_kind_and_not_the_word() -> None:
    refusal = ScreeningBlocked("handle", ["gambling"], [])
    assert refusal.detail.zh == "含不可用内容（赌博）。换一个"
    assert refusal.detail.en == "Not allowed (gambling). Try another"
