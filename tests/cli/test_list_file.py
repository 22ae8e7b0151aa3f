"""A list as other systems write it, as people break it, and as somebody hostile would."""

import io
from collections.abc import Iterable

import pytest

from app import policies
from app.accounts.domain import ExistingUser, Profile
from app.cli.accounts import user_of
from app.cli.list_file import MODERATORS, USERS, BadLine, Columns, GoodLine, read_list
from app.kernel.errors import StartRefused

_MOST = policies.IMPORT_LONGEST_LINE.value


def read(text: str | bytes, header: str = "handle,external_id\n", columns: Columns = USERS) -> list[GoodLine | BadLine]:
    raw = text if isinstance(text, bytes) else text.encode()
    return list(read_list(io.BytesIO(header.encode() + raw), columns))


def short(lines: Iterable[GoodLine | BadLine]) -> list[tuple[int, str]]:
    return [(line.number, line.code if isinstance(line, BadLine) else line.fields["handle"]) for line in lines]


def test_a_list_is_read_with_or_without_mark_optional_columns_and_either_line_end() -> None:
    plain = read("山间清风,42\n\n海上,43")
    assert short(plain) == [(2, "山间清风"), (4, "海上")]
    full = "\ufeffexternal_id,handle,bio,display_name,signature\r\n"
    (line,) = read('42,山间清风,"第一行\r\n第二, ""行""",,\r\n', full)
    assert isinstance(line, GoodLine)
    assert user_of(line.fields) == ExistingUser("山间清风", "42", Profile(None, '第一行\n第二, "行"', None))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "handle\n",
        "handle,external_id,handle\n",
        "handle,external_id,phone\n",
        "山间清风,42\n",
        '"handle,external_id\n',
        "handle;external_id\n",
        "handle,external_id\rx,1\r",
        "board,external_id,role\n",
        "x" * 1_000_000,
    ],
)
def test_a_wrong_header_refuses_the_file_and_says_what_it_must_be(header: str) -> None:
    with pytest.raises(StartRefused, match="handle,external_id, and perhaps display_name") as refused:
        read("a1,1\n", header)
    assert "山间清风" not in str(refused.value)


def test_a_list_of_moderators_names_them_in_one_of_two_ways_and_never_in_both() -> None:
    for header in ("board,external_id,role", "role,handle,board", '\ufeff board ,"handle",role\r'):
        (line,) = read("a,b,c\n", f"{header}\n", MODERATORS)
        assert isinstance(line, GoodLine), header
        assert sorted(line.fields.values()) == ["a", "b", "c"]
    for header in ("board,role", "board,external_id", "external_id,role", "board,handle,external_id,role", "a,b,c"):
        with pytest.raises(StartRefused, match="columns: board,external_id,role or board,handle,role; in UTF-8"):
            read("a,b,c\n", f"{header}\n", MODERATORS)


BROKEN: dict[str, tuple[str | bytes, list[tuple[int, str]]]] = {
    "not UTF-8": (b"\xff\xfe,1\n" + "海上,2\n".encode(), [(2, "not-utf-8"), (3, "海上")]),
    "a line of a megabyte": ("x" * 1_000_000 + ",1\n海上,2\n", [(2, "line-too-long"), (3, "海上")]),
    "a last line of a megabyte": ("海上,2\n" + "x" * 1_000_000, [(2, "海上"), (3, "line-too-long")]),
    "a lone quote": ('"山,1\n海上,2\n', [(2, "quotes-broken"), (3, "海上")]),
    "lone quotes": (
        '"山,1\n海上,2\n"月,3\n云上,4\n',
        [(2, "quotes-broken"), (3, "海上"), (4, "quotes-broken"), (5, "云上")],
    ),
    "a quote in the middle": ('山"风,1\n', [(2, '山"风')]),
    "text after a quote": ('"山"风,1\n海上,2\n', [(2, "quotes-broken"), (3, "海上")]),
    "a lone quote before something unreadable": (
        '"山,1\n海上,2\n'.encode() + b"\xff\n",
        [(2, "quotes-broken"), (3, "海上"), (4, "not-utf-8")],
    ),
    "a lone quote before more than fits": (
        '"山,1\n' + "海上的人,2\n" * (_MOST // 6),
        [(2, "quotes-broken"), (3, "海上的人")],
    ),
    "too few and too many": ("山\n海,1,2\n", [(2, "columns-differ"), (3, "columns-differ")]),
    "a break in a name": ('"山\n风",1\n海上,2\n', [(2, "山\n风"), (4, "海上")]),
    "NUL": ("山\0,1\n", [(2, "山\0")]),
    "nothing": ("", []),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_with_a_line_is_that_lines_alone(case: str) -> None:
    text, expected = BROKEN[case]
    assert short(read(text))[: len(expected)] == expected


def test_a_file_of_lone_quotes_is_read_in_one_pass_over_each_line() -> None:
    """Each looks ahead for its other half; none may read the whole file again."""
    lines = read('"\n' + "x,1\n" * 50 + '"a,1\n' * 2000 + '"open\n' + 'a"",1\n' * 2000)
    assert sum(isinstance(line, BadLine) for line in lines) >= 1000
    assert short(lines[-1:]) == [(4053, 'a""')]


def test_no_sentence_repeats_what_stands_in_the_line() -> None:
    for text in ('"canary,1\n', "canary\n", "canary,1,2,3\n", b"canary\xff\n"):
        (line,) = read(text)
        assert isinstance(line, BadLine)
        assert "canary" not in line.said
