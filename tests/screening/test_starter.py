"""The starter lexicon: a file like the operator's own, careful with what ordinary texts hold."""

import csv
from importlib.resources import files

from app.screening import tables
from app.screening.domain import SCREENED, Action, Boundary, Category, Field, Term
from app.screening.lexicon_file import HEADER

_NAMES = frozenset({Field.HANDLE, Field.DISPLAY_NAME, Field.BOARD_NAME})


def _terms() -> list[Term]:
    header, *rows = csv.reader((files("app.screening") / "data" / "starter.csv").read_text("utf-8").splitlines())
    assert tuple(header) == HEADER
    return [
        Term(
            term,
            Category(category),
            Action(action),
            int(severity),
            frozenset(Field(name) for name in fields.split()),
            Boundary(boundary),
            note,
        )
        for term, category, action, severity, fields, boundary, note in rows
    ]


def _fold(text: str) -> str:
    plain = tables.plain_table()
    return "".join(chr(plain[ord(character)]) for character in text if plain[ord(character)])


def test_no_term_stands_twice_for_a_field() -> None:
    said = [(_fold(term.term), field) for term in _terms() for field in term.fields or SCREENED]
    assert len(said) == len(set(said))


def test_clear_terms_block_in_names_only_and_no_common_word_is_a_term_for_texts() -> None:
    terms = _terms()
    assert {term.fields for term in terms if term.action is Action.BLOCK} == {_NAMES}
    denied = [term for term in terms if term.action is not Action.ALLOW]
    for_texts = {_fold(term.term) for term in denied if not term.fields or term.fields - _NAMES}
    common = tables.common_words().keys() | tables.english_words()
    assert for_texts & common == set()


def test_an_english_term_stands_for_a_whole_word() -> None:
    for term in _terms():
        if term.term.isascii() and not term.term.startswith("@") and term.action is not Action.ALLOW:
            assert term.boundary is Boundary.WORD


def test_what_is_excepted_holds_a_term() -> None:
    terms = _terms()
    denied = {term.term for term in terms if term.action is not Action.ALLOW}
    excepted = {
        term.term for term in terms if term.action is Action.ALLOW and any(word in term.term for word in denied)
    }
    assert {"三黄片", "非官方", "图书管理员", "unofficial"} <= excepted


def test_the_rules_hide_numbers_in_texts_and_hold_addresses_in_names() -> None:
    found = {(term.term, field): term.action for term in _terms() for field in term.fields if term.term[0] == "@"}
    assert {found["@phone", field] for field in (Field.TITLE, Field.POST, Field.REPLY, Field.MESSAGE)} == {Action.MASK}
    assert {found[rule, Field.HANDLE] for rule in ("@phone", "@id_number", "@url", "@email")} == {Action.REVIEW}
    assert ("@url", Field.POST) not in found
