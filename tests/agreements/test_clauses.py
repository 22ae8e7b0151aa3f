"""A text shows its clauses by its words, section by section; and what it changes is told line by line."""

import re
from dataclasses import replace

import pytest

from app.agreements.clauses import CLAUSES, missing_clauses
from app.agreements.differences import Change, Line, difference
from app.agreements.domain import REQUIRED_CLAUSES, AgreementKind, Draft
from app.agreements.service import default_draft
from app.kernel.sentence import Language

_EVERY = [(kind, clause) for kind in AgreementKind for clause in sorted(REQUIRED_CLAUSES[kind])]


def without_section(text: str, clause: str) -> str:
    """The text without the section that marks this clause, and without all marks."""
    cut = re.sub(rf"<!-- clause: {clause} -->\n## .*?(?=\n<!-- |\n## |\Z)", "", text, flags=re.DOTALL)
    assert cut != text
    return re.sub(r"<!-- .*? -->\n", "", cut)


def unmarked(draft: Draft) -> Draft:
    zh, en = draft.without_marks()
    return replace(draft, zh=zh, en=en)


def test_every_clause_that_is_required_has_words_that_show_it() -> None:
    assert {kind: set(clauses) for kind, clauses in CLAUSES.items()} == {
        kind: set(names) for kind, names in REQUIRED_CLAUSES.items()
    }
    for clauses in CLAUSES.values():
        for clause in clauses.values():
            assert clause.zh
            assert clause.en
            assert all(word == word.lower() for group in clause.en for word in group)


@pytest.mark.parametrize("kind", list(AgreementKind))
def test_the_default_texts_show_every_clause_without_their_marks(kind: AgreementKind) -> None:
    assert missing_clauses(default_draft(kind)) == missing_clauses(unmarked(default_draft(kind))) == ()


@pytest.mark.parametrize(("kind", "clause"), _EVERY)
def test_a_text_without_the_section_of_a_clause_lacks_just_that(kind: AgreementKind, clause: str) -> None:
    draft = default_draft(kind)
    (in_chinese,) = missing_clauses(replace(draft, zh=without_section(draft.zh, clause)))
    (in_english,) = missing_clauses(replace(draft, en=without_section(draft.en, clause)))
    assert (in_chinese.clause, in_chinese.language) == (clause, Language.CHINESE)
    assert (in_english.clause, in_english.language) == (clause, Language.ENGLISH)


def test_what_is_missing_is_told_with_the_words_that_would_show_it() -> None:
    missing = missing_clauses(Draft(AgreementKind.USER, "1", "# 协议\n", "# Agreement\n"))
    assert len(missing) == 2 * len(REQUIRED_CLAUSES[AgreementKind.USER])
    assert missing[0].words == "不得 + 传播 + 禁止的信息/违法信息/违法和不良信息"
    said = "\n## 一条\n" + "".join(words.split("/")[0] for words in missing[0].words.split(" + "))
    assert missing_clauses(Draft(AgreementKind.USER, "1", f"# 协议{said}\n", "# Agreement\n"))[0] == missing[1]


def test_words_that_are_spread_over_sections_show_nothing() -> None:
    zh = "# 协议\n## 一\n不得\n## 二\n传播\n## 三\n禁止的信息\n"
    assert missing_clauses(Draft(AgreementKind.USER, "1", zh, ""))[0].clause == "prohibited-information"


def test_a_mark_without_the_words_shows_nothing() -> None:
    marked = Draft(AgreementKind.USER, "1", "<!-- clause: ban-or-close -->\n## 六\n无\n", "")
    assert "ban-or-close" in {one.clause for one in missing_clauses(marked)}


def test_the_difference_holds_every_line_of_both_texts_in_order() -> None:
    before, after = "# 协议\n\n第一\n第二\n第三\n", "# 协议\n第一\n新的\n\n第三\n第四"
    lines = difference(before, after)
    assert lines == (
        Line(Change.SAME, "# 协议"),
        Line(Change.SAME, "第一"),
        Line(Change.REMOVED, "第二"),
        Line(Change.ADDED, "新的"),
        Line(Change.SAME, "第三"),
        Line(Change.ADDED, "第四"),
    )
    for text, gone in ((before, Change.ADDED), (after, Change.REMOVED)):
        assert [line.text for line in lines if line.change is not gone] == [one for one in text.splitlines() if one]
    assert difference("", "") == ()
    assert {line.change for line in difference(before, before)} == {Change.SAME}
