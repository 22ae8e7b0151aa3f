"""Chinese first; English for who asks for it, in the address or in `Accept-Language`."""

import pytest
from starlette.requests import HTTPConnection

from app.kernel.sentence import Language
from app.web.language import language_of
from tests.support.forum import ForumBackend

ZH, EN = Language.CHINESE, Language.ENGLISH


def asked(header: str | None = None, query: str = "") -> Language:
    headers = [(b"accept-language", header.encode("latin-1"))] if header is not None else []
    return language_of(HTTPConnection({"type": "http", "query_string": query.encode(), "headers": headers}))


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, ZH),
        ("", ZH),
        ("*", ZH),
        ("fr, de;q=0.9", ZH),
        ("zh", ZH),
        ("zh-CN,zh;q=0.9,en;q=0.8", ZH),
        ("zh-Hant-TW", ZH),
        ("en", EN),
        ("EN-us", EN),
        ("en-GB,en;q=0.9", EN),
        ("en-US,en;q=0.9,zh-CN;q=0.8", EN),
        ("zh;q=0.5,en;q=0.6", EN),
        ("en;q=0.5,zh;q=0.5", EN),
        ("zh;q=0.5,en;q=0.5", ZH),
        ("fr,en;q=0.1", EN),
        ("en;q=0", ZH),
        ("en;q=0.0,zh;q=0.1", ZH),
        ("english", ZH),
        ("fen", ZH),
    ],
)
def test_the_language_liked_best_is_spoken_and_chinese_in_doubt(header: str | None, language: Language) -> None:
    assert asked(header) is language


@pytest.mark.parametrize("header", ["en; q=0.9, zh; q=0.1", "en ;q=0.9", "fr, en;Q=0.7"])
def test_spaces_and_capitals_around_a_weight_change_nothing(header: str) -> None:
    """RFC 9110 part 12.4.2 allows white space around the semicolon."""
    assert asked(header) is EN


@pytest.mark.parametrize(
    "header", ["en;q=", "en;q=x", "en;q=nan", "en;q=-1", "en;q=1;q=2", ";;;,,,", "\xff\xfe", "," * 10_000, "en" * 5_000]
)
def test_a_header_that_cannot_be_read_is_no_accident(header: str) -> None:
    assert asked(header) in {ZH, EN}


def test_a_header_is_read_only_as_far_as_a_sane_one_reaches() -> None:
    assert asked("x," * 1_000 + "en") is ZH


def test_the_address_is_stronger_than_the_header() -> None:
    assert asked("zh", "lang=en") is EN
    assert asked("en", "lang=zh") is ZH
    assert asked("en", "lang=") is EN
    assert asked("en", "lang=fr") is EN
    assert asked("zh", "lang=EN") is ZH
    assert asked(None, "lang=%00") is ZH


def test_a_refusal_says_in_which_language_it_speaks(forum: ForumBackend) -> None:
    for path, header, language, detail in (
        ("/nowhere", "zh-CN", "zh", "没有这个地址，见 /docs。"),
        ("/nowhere", "en", "en", "There is nothing at this address; see /docs."),
        ("/nowhere?lang=en", "zh", "en", "There is nothing at this address; see /docs."),
        ("/nowhere", "fr", "zh", "没有这个地址，见 /docs。"),
    ):
        answer = forum.get(path, headers={"accept-language": header})
        assert answer.headers["content-language"] == language
        assert answer.json()["detail"] == detail
