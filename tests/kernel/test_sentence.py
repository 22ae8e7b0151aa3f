"""Sentences in two languages, and the values that fill them."""

import pytest

from app.kernel.sentence import Language, Sentence

SUSPENDED = Sentence(
    "账号被暂停[，到 {until} 为止][：{reason}]。", "The account is suspended[ until {until}][: {reason}]."
)


def test_a_sentence_speaks_the_language_it_is_asked_in() -> None:
    sentence = Sentence("没有。", "None.")
    assert sentence.in_language(Language.CHINESE) == "没有。"
    assert sentence.in_language(Language.ENGLISH) == "None."


def test_a_bracket_stays_only_when_all_that_it_names_is_known() -> None:
    assert SUSPENDED.with_values(until="noon", reason="spam") == Sentence(
        "账号被暂停，到 noon 为止：spam。", "The account is suspended until noon: spam."
    )
    assert SUSPENDED.with_values(until=None, reason="spam").en == "The account is suspended: spam."
    assert SUSPENDED.with_values(until="noon").zh == "账号被暂停，到 noon 为止。"
    assert SUSPENDED.with_values().en == "The account is suspended."


def test_a_bracket_that_names_two_values_needs_both() -> None:
    sentence = Sentence("", "Wait[ {count} {unit}].")
    assert sentence.with_values(count="5", unit="minutes").en == "Wait 5 minutes."
    assert sentence.with_values(count="5").en == "Wait."


def test_a_name_outside_brackets_that_is_unknown_leaves_nothing() -> None:
    assert Sentence("", "Hello {name}!").with_values(name=None).en == "Hello !"
    assert Sentence("", "Hello[ {title}] {name}!").with_values(title="Dr", name=None).en == "Hello Dr !"


def test_a_value_that_is_a_sentence_is_filled_in_each_language() -> None:
    filled = Sentence("需要{level}。", "Needs {level}.").with_values(level=Sentence("证件", "a document"))
    assert filled == Sentence("需要证件。", "Needs a document.")


def test_an_empty_value_is_known() -> None:
    assert Sentence("", "Said[: “{reason}”].").with_values(reason="").en == "Said: “”."


@pytest.mark.parametrize("written", ["[x]", "]", "[", "a {until} b", "{reason}", "{", "}{"])
def test_what_a_person_wrote_is_filled_in_as_it_stands(written: str) -> None:
    # a reason is free text: whatever it looks like, it is not a pattern
    filled = Sentence("", "[{reason} until {until}]").with_values(reason=written, until="noon")
    assert filled.en == f"{written} until noon"
