"""Lexicon files that nobody should write: each is read, or refused line by line, and never with a traceback."""

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import policies
from app.screening.compiling import compile_terms
from app.screening.domain import Action, Boundary, Category, Decision, Field, Term
from app.screening.errors import LexiconFaulty
from app.screening.lexicon_file import HEADER, read_terms, write_terms
from app.screening.matcher import Matcher
from tests.screening.counting import lines_run

_HEADER = (",".join(HEADER) + "\n").encode()
_GOOD = "赌博网站,gambling,block,3,,,\n".encode()
_MARK = b"\xef\xbb\xbf"


def faults(data: bytes) -> list[tuple[int, str]]:
    """Line and reason of each, none where the file is in order."""
    try:
        read_terms(data)
    except LexiconFaulty as faulty:
        return [(fault.line, fault.reason) for fault in faulty.faults]
    return []


def line(term: str, rest: str = ",gambling,block,3,,,\n") -> bytes:
    return (term + rest).encode()


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"\n", "empty-line"),
        (b"\r\n", "empty-line"),
        (line(""), "empty-term"),
        (line("  "), "empty-term"),
        (_GOOD, "duplicate"),
        (line("賭博網站"), "duplicate"),
        (line("赌-博-网-站"), "duplicate"),
        (line("赌"), "one-character"),
        (line("赌。"), "one-character"),
        (line("赌博", ",gambling,block,3,,single,\n"), "not-one-character"),
        (line("！？"), "folds-to-nothing"),
        (line("👨\u200d👩\u200d👧"), "folds-to-nothing"),
        (line("\u200b\u202e\ufeff"), "folds-to-nothing"),
        (line("\uffff\uffff"), "folds-to-nothing"),
        (line("长" * 65), "term-too-long"),
        (line("长" * 5000), "line-too-long"),
        (line("赌\0博"), "bad-character"),
        (line("赌\x07博"), "bad-character"),
        (b"\xed\xa0\xbd" + _GOOD, "not-utf-8"),
        ("赌博,gambling,block,3,,,\n".encode("gbk"), "not-utf-8"),
        (line('"赌博'), "bad-quotes"),
        (line('"赌"博'), "bad-quotes"),
        (line("赌博", ",gambling,block,3\n"), "wrong-columns"),
        (line("赌博", "," * 4000 + "\n"), "wrong-columns"),
        (line("赌博", ",Gambling,block,3,,,\n"), "bad-category"),
        (line("赌博", ",gambling,BLOCK,3,,,\n"), "unknown-action"),
        (line("赌博", ",gambling,block,３,,,\n"), "bad-severity"),
        (line("赌博", ",gambling,block,99999999999999999999,,,\n"), "bad-severity"),
        (line("赌博", ",gambling,block,3,reason,,\n"), "unknown-field"),
        (line("赌博", ",gambling,block,3,,everywhere,\n"), "unknown-boundary"),
        (line("赌博", ",gambling,block,3,,,\x1b[31m\n"), "bad-note"),
        (line("@anything"), "unknown-rule"),
    ],
)
@pytest.mark.parametrize("mark", [b"", _MARK], ids=["plain", "with a mark"])
def test_a_bad_line_is_named_and_nothing_of_the_file_is_loaded(bad: bytes, reason: str, mark: bytes) -> None:
    assert faults(mark + _HEADER + _GOOD + bad) == [(3, reason)]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "wrong-header"),
        (_GOOD, "wrong-header"),
        (_HEADER.upper() + _GOOD, "wrong-header"),
        (_HEADER.replace(b",note", b"") + _GOOD, "wrong-header"),
        ((_HEADER + _GOOD).replace(b"\n", b"\r"), "wrong-header"),
        ((_HEADER + _GOOD).decode().encode("utf-16"), "not-utf-8"),
        ((_HEADER + _GOOD).decode().encode("utf-16-le"), "wrong-header"),
        ((_HEADER + _GOOD).decode().encode("utf-32"), "not-utf-8"),
        (bytes(range(128, 256)) * 9, "not-utf-8"),
        (b"\x89PNG\r\n\x1a\n", "not-utf-8"),
    ],
)
def test_what_is_no_lexicon_at_all_is_refused_at_its_first_line(data: bytes, reason: str) -> None:
    assert faults(data) == [(1, reason)]


def test_a_quote_left_open_swallows_no_line() -> None:
    assert faults(_HEADER + line('"赌博') + _GOOD + line('"赌球') + line("\ufeff")) == [
        (2, "bad-quotes"),
        (4, "bad-quotes"),
        (5, "folds-to-nothing"),
    ]


def test_too_large_a_file_is_refused_unread_and_too_long_a_one_uncounted() -> None:
    largest, lines = policies.LEXICON_LARGEST.value << 20, policies.LEXICON_LINES.value
    assert faults(b"x" * (largest + 1)) == [(1, "file-too-large")]
    assert faults(_HEADER + b"\n" * (lines + 1)) == [(lines + 2, "too-many-lines")]
    assert faults(_HEADER + b"a" * (largest - len(_HEADER))) == [(2, "line-too-long")]


def test_too_many_characters_in_all_terms_are_refused_at_the_line_that_is_too_much() -> None:
    longest = policies.TERM_LONGEST.value
    most = policies.LEXICON_CHARACTERS.value // longest
    assert faults(_HEADER + line("长" * longest) * (most + 2)) == [(most + 2, "too-much-text")]


def test_of_very_many_faults_the_first_are_told_and_all_are_counted() -> None:
    with pytest.raises(LexiconFaulty) as refused:
        read_terms(_HEADER + _GOOD * 5000)
    assert len(refused.value.faults) == policies.LEXICON_FAULTS_TOLD.value
    assert refused.value.count == 4999
    assert refused.value.faults[0].line == 3


@pytest.mark.parametrize(
    "bad",
    [
        lambda count: _GOOD * count,
        lambda count: b'"' * count + b"\n",
        lambda count: b'"\n' * count,
        lambda count: b"\xff\n" * count,
        lambda count: b"".join(line("赌博", f",gambling,block,3,{field},,\n") for field in ("bio", "post")) * count,
        lambda count: b"".join(line(f"词{number}") for number in range(count)),
    ],
)
def test_twice_the_lines_are_twice_the_work(bad: Callable[[int], bytes]) -> None:
    """Counted in lines of Python that run."""
    faults(_HEADER + bad(10))
    once, twice = (lines_run(partial(faults, _HEADER + bad(count))) for count in (200, 400))
    assert twice < 2.3 * once + 2000


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_BYTES = st.lists(
    st.one_of(st.binary(max_size=20), _TEXT.map(str.encode), st.sampled_from([_GOOD, b"\n", b'"', b",", _MARK, b"\r"])),
    max_size=12,
).map(b"".join)


@settings(max_examples=150)
@given(_BYTES)
def test_any_bytes_behind_a_header_are_terms_or_faults_of_lines_that_exist(data: bytes) -> None:
    last = data.count(b"\n") + 2
    assert all(2 <= number <= last for number, _ in faults(_HEADER + data))


_TERMS = st.builds(
    Term,
    st.text(st.sampled_from('赌博网站abXY,"; \u2028\u200b@１'), min_size=2, max_size=8).filter(
        lambda text: text[0] != "@"
    ),
    st.sampled_from([Category("gambling"), Category("a_1")]),
    st.sampled_from(Action),
    st.integers(1, 5),
    st.frozensets(st.sampled_from([Field.BIO, Field.POST]), max_size=2),
    st.sampled_from([Boundary.NONE, Boundary.WORD]),
    st.text(st.sampled_from('字,"a '), max_size=6),
)


@settings(max_examples=100)
@given(st.lists(_TERMS, max_size=4))
def test_what_is_written_is_read_back_and_what_is_read_is_searched_for(terms: list[Term]) -> None:
    written = write_terms(terms)
    if faults(written):
        assert {reason for _, reason in faults(written)} <= {"duplicate", "folds-to-nothing", "one-character"} | {
            "empty-term"
        }
        return
    assert read_terms(written) == terms
    Matcher.load(compile_terms(terms))


def test_terms_that_no_file_would_let_through_do_no_harm_when_they_are_compiled() -> None:
    bad = [
        "",
        "！",
        "\ud83d",
        "\ud83d\ud83d",
        "\0",
        "\uffff",
        "\ue900\ue900",
        "a",
        "aa",
        "Ⅲ",
        "长" * 5000,
        "@",
        "@x",
        "加",
        "加+",
        "加！！",
    ]
    terms = [Term(text, Category("gambling"), Action.BLOCK, 1) for text in [*bad, "赌博网站"]]
    matcher = Matcher.load(compile_terms(terms))
    assert matcher.screen("上赌博网站玩", Field.POST).decision is Decision.BLOCK
    assert matcher.screen("今天天气很好", Field.POST).decision is Decision.PASS


def test_every_term_may_have_a_category_of_its_own() -> None:
    terms = [Term(f"q{number:06}x", Category(f"c{number}"), Action.BLOCK, 1) for number in range(1 << 16, 0, -1)]
    (hit,) = Matcher.load(compile_terms(terms)).screen("q000001x", Field.POST).hits
    assert hit.category == "c1"
