"""A lexicon is read whole or not at all, and every faulty line is named."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import policies
from app.screening.domain import SCREENED, Action, Boundary, Category, Field, Term
from app.screening.errors import LexiconFaulty
from app.screening.lexicon_file import read_terms, warnings, write_terms

HEADER = "term,category,action,severity,fields,boundary,note\n"


def _file(*lines: str) -> bytes:
    return (HEADER + "\n".join(lines) + "\n").encode("utf-8", "surrogatepass")


def _faults(data: bytes) -> list[tuple[int, str]]:
    with pytest.raises(LexiconFaulty) as refused:
        read_terms(data)
    assert refused.value.count == len(refused.value.faults)
    assert [field.pointer for field in refused.value.fields] == [
        f"/lines/{fault.line}" for fault in refused.value.faults
    ]
    return [(fault.line, fault.reason) for fault in refused.value.faults]


def _read(data: bytes) -> tuple[list[Term], set[str]]:
    """The terms, or why there are none."""
    try:
        return read_terms(data), set()
    except LexiconFaulty as refused:
        return [], {fault.reason for fault in refused.faults}


def test_a_line_becomes_a_term() -> None:
    data = _file(
        '"a, ""b""",gambling,block,5,handle post,word,why not',
        "赌,gambling,allow,1,,single,",
        "@phone,doxxing,mask,3,,,",
    )
    assert read_terms(data) == [
        Term(
            'a, "b"',
            Category("gambling"),
            Action.BLOCK,
            5,
            frozenset({Field.HANDLE, Field.POST}),
            Boundary.WORD,
            "why not",
        ),
        Term("赌", Category("gambling"), Action.ALLOW, 1, boundary=Boundary.SINGLE),
        Term("@phone", Category("doxxing"), Action.MASK, 3),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "empty-line"),
        (",gambling,block,3,,,", "empty-term"),
        ("　,gambling,block,3,,,", "empty-term"),
        ("。！\u200b,gambling,block,3,,,", "folds-to-nothing"),
        ("的,gambling,block,3,,,", "one-character"),
        ("的*,gambling,block,3,,,", "one-character"),
        ("赌场,gambling,block,3,,single,", "not-one-character"),
        ("赌" * 65 + ",gambling,block,3,,,", "term-too-long"),
        ("赌\x00场,gambling,block,3,,,", "bad-character"),
        ("赌\r场,gambling,block,3,,,", "bad-character"),
        ("赌场,Gambling,block,3,,,", "bad-category"),
        ("赌场,,block,3,,,", "bad-category"),
        ("赌场,gambling,ban,3,,,", "unknown-action"),
        ("赌场,gambling,block,6,,,", "bad-severity"),
        ("赌场,gambling,block,３,,,", "bad-severity"),
        ("赌场,gambling,block,3,post body,,", "unknown-field"),
        ("赌场,gambling,block,3,external_id,,", "unknown-field"),
        ("赌场,gambling,block,3,,words,", "unknown-boundary"),
        ("赌场,gambling,block,3,,,a\x07b", "bad-note"),
        ("@passport,doxxing,mask,3,,,", "unknown-rule"),
        ("赌场,gambling,block,3,,", "wrong-columns"),
        ("赌场,gambling,block,3,,,,", "wrong-columns"),
        ('"赌场,gambling,block,3,,,', "bad-quotes"),
        ('"赌"场,gambling,block,3,,,', "bad-quotes"),
        ("赌场,gambling,block,3,,," + "x" * 5000, "line-too-long"),
    ],
)
def test_a_faulty_line_is_named_and_the_lines_after_it_are_still_read(line: str, reason: str) -> None:
    assert _faults(_file(line, "开户,Fraud,block,3,,,")) == [(2, reason), (3, "bad-category")]


def test_half_a_character_and_other_encodings_are_told_with_their_line() -> None:
    assert _faults(_file("赌场,gambling,block,3,,,", "赌\ud800场,gambling,block,3,,,")) == [(3, "not-utf-8")]
    assert _faults(
        (HEADER + "赌场,gambling,block,3,,,\n").encode("utf-8").replace("赌".encode(), "赌".encode("gbk"))
    ) == [(2, "not-utf-8")]
    assert _faults((HEADER + "赌场,gambling,block,3,,,\n").encode("utf-16")) == [(1, "not-utf-8")]


@pytest.mark.parametrize("head", ["", "term,category\n", HEADER.replace("term", "word"), HEADER.upper(), '"' + HEADER])
def test_a_file_begins_with_its_header(head: str) -> None:
    assert _faults((head + "赌场,gambling,block,3,,,\n").encode()) == [(1, "wrong-header")]


def test_a_byte_order_mark_and_windows_line_ends_are_no_fault() -> None:
    data = b"\xef\xbb\xbf" + _file("赌场,gambling,block,3,,,").replace(b"\n", b"\r\n")
    assert [term.term for term in read_terms(data)] == ["赌场"]
    assert read_terms(HEADER.encode()) == read_terms(HEADER.strip().encode()) == []


def test_the_same_term_twice_is_told_with_the_line_of_the_first() -> None:
    same = _file("赌场,gambling,block,3,post,,", "賭場,fraud,mask,1,post bio,,", "赌 场,gambling,block,3,,,")
    assert _faults(same) == [(3, "duplicate"), (4, "duplicate")]
    with pytest.raises(LexiconFaulty) as refused:
        read_terms(same)
    assert "2" in refused.value.faults[0].detail.en
    other = _file(
        "赌场,gambling,block,3,post,,", "赌场,gambling,review,3,handle,,", "赌场,gambling,review,3,post,word,"
    )
    assert len(read_terms(other)) == 3
    assert _faults(_file("@phone,doxxing,mask,3,,,", "@phone,doxxing,mask,3,post,,")) == [(3, "duplicate")]


def test_of_very_many_faults_the_first_hundred_are_told_and_all_are_counted() -> None:
    with pytest.raises(LexiconFaulty) as refused:
        read_terms(_file(*["的,gambling,block,3,,,"] * 1000))
    assert (len(refused.value.faults), refused.value.count) == (policies.LEXICON_FAULTS_TOLD.value, 1000)


def test_a_file_that_is_too_large_is_refused_at_once() -> None:
    began = time.process_time()
    assert _faults(HEADER.encode() + b"\n" * 200_001) == [(policies.LEXICON_LINES.value + 2, "too-many-lines")]
    assert _faults(b"\0" * ((policies.LEXICON_LARGEST.value << 20) + 1)) == [(1, "file-too-large")]
    assert time.process_time() - began < 1


def test_a_quote_left_open_spoils_one_line() -> None:
    lines = ['"赌场,gambling,block,3,,,', *[f"赌场{number},gambling,block,3,,," for number in range(1000)]]
    assert _faults(_file(*lines)) == [(2, "bad-quotes")]


@given(st.binary(max_size=400))
@settings(max_examples=60, deadline=None)
def test_no_bytes_do_more_than_be_refused(data: bytes) -> None:
    for given_bytes in (data, HEADER.encode() + data):
        terms, reasons = _read(given_bytes)
        assert reasons or len(terms) <= given_bytes.count(b"\n")


_TERMS = st.builds(
    Term,
    st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=20),
    st.sampled_from([Category("fraud"), Category("gambling")]),
    st.sampled_from(Action),
    st.integers(1, 5),
    st.frozensets(st.sampled_from(SCREENED)),
    st.sampled_from([Boundary.NONE, Boundary.WORD]),
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=20),
)


@given(_TERMS)
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_back_the_same(term: Term) -> None:
    terms, reasons = _read(write_terms([term]))
    assert terms == [term] or reasons <= {"folds-to-nothing", "one-character", "unknown-rule", "empty-term"}


def test_terms_that_may_hit_innocent_texts_are_pointed_out_and_still_loaded() -> None:
    lines = [
        "平台,gambling,review,3,,,",
        "ab,gambling,block,3,,,",
        "非官方,x,allow,1,,,",
        "赌场,gambling,block,3,,,",
        "赌场风云,x,allow,1,,,",
        "@phone,doxxing,mask,3,,,",
    ]
    found = [(fault.line, fault.reason) for fault in warnings(read_terms(_file(*lines)))]
    assert (2, "common-word") in found
    assert (3, "short-block") in found
    assert (4, "never-allowed") in found
    assert all(line not in {6, 7} for line, _ in found)
    assert warnings([]) == []
