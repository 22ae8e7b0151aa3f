"""What a handle may be, and when two handles are one."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.accounts.domain import HANDLE_LENGTH, Profile, handle_key, is_handle, normalise_handle
from app.accounts.errors import HandleInvalid, HandleTaken
from app.kernel.actor import OPERATOR
from app.wiring import Services
from tests.support.forum import ForumBackend

NOTHING = Profile()
unhurried = settings(deadline=None, database=None)


def accepted(typed: str) -> bool:
    return is_handle(normalise_handle(typed))


@pytest.mark.parametrize(
    "handle",
    [
        "山间清风",
        "Alice",
        "José",
        "Jose\u0301",
        "Łukasz",
        "Владимир",
        "Ελένη",
        "さくら",
        "サクラ",
        "한글이름",
        "བོད",
        "བསྒྲུབས",
        "ئۇيغۇر",
        "ᠮᠣᠩᠭᠣᠯ",
        "ꆈꌠꁱꂷ",
        "हिन्दी",
        "ไทย",
        "2cats",
        "九九",
        "a_b-c",
        "a-",
        "\U00020bb7野家",
        "\uff21\uff4c\uff49\uff43\uff45",
    ],
)
def test_letters_and_digits_of_any_script_make_a_handle(handle: str) -> None:
    assert accepted(handle)


@pytest.mark.parametrize("length", [2, 20])
@pytest.mark.parametrize("character", ["a", "山", "\U00020bb7"])
def test_a_handle_has_2_to_20_code_points(character: str, length: int) -> None:
    assert accepted(character * length)


@pytest.mark.parametrize("length", [0, 1, 21])
@pytest.mark.parametrize("character", ["a", "山", "\U00020bb7"])
def test_a_handle_shorter_or_longer_is_refused(character: str, length: int) -> None:
    assert not accepted(character * length)


def test_the_length_counts_after_normalising() -> None:
    assert accepted("㋿")
    assert len(normalise_handle("㋿")) == 2
    assert accepted("e\u0301" * 20)
    assert not accepted("㍿" * 6)


@pytest.mark.parametrize(
    "handle",
    [
        "山间 清风",
        " 山间清风",
        "山间清风 ",
        "山间\u3000清风",
        "山间\u00a0清风",
        "a.b",
        "a·b",
        "a。b",
        "a@b",
        "a/b",
        "a'b",
        "a$b",
        "<b>",
        "山间\n清风",
        "山间\u0000清风",
        "笑脸😀",
        "😀😀",
        "❤a",
        "👨\u200d👩",
        "1\ufe0f\u20e3a",
        "山间\u200b清风",
        "山间\u200c清风",
        "山间\u200d清风",
        "山间\u2060清风",
        "\ufeff山间清风",
        "山\u202e间",
        "山\u00ad间",
        "a\U000e0061b",
        "a\ue000b",
        "a\ud83db",
        "a\uffffb",
        "_ab",
        "-ab",
        "\u0301ab",
        "a\u2013b",
    ],
)
def test_whatever_is_no_letter_or_digit_is_refused(handle: str) -> None:
    assert not accepted(handle)


@pytest.mark.parametrize(
    "handle",
    [
        "a" + "\u0301" * 3,
        "Z\u0351\u036b\u0343a",
        "q\u0323\u0307q\u0323\u0307",
        "a" + "\u20dd" + "b",
        "ก" + "\u0e49" * 4 + "ก",
        "ཨ" + "\u0f71" * 5,
    ],
)
def test_a_pile_of_marks_is_refused(handle: str) -> None:
    assert not accepted(handle)


@pytest.mark.parametrize(
    "invisible",
    ["\ufe0f", "\ufe00", "\U000e0100", "\u180b", "\u034f", "\u17b4", "\u115f", "\u1160", "\u3164", "\uffa0"],
)
def test_no_invisible_character_hides_in_a_handle(invisible: str) -> None:
    assert not accepted(f"山间{invisible}清风")
    assert not accepted(f"{invisible * 2}")


@pytest.mark.parametrize(
    ("handle", "variant"),
    [
        ("Alice", "alice"),
        ("Alice", "ALICE"),
        ("Alice", "\uff21\uff4c\uff49\uff43\uff45"),
        ("Alice", "\uff41lice"),
        ("Alice", "𝓐𝓵𝓲𝓬𝓮"),
        ("Straße", "STRASSE"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("José", "Jose\u0301"),
        ("サクラ", "ｻｸﾗ"),
        ("山间123", "山间１２３"),
        ("豈有此理", "\uf900有此理"),
    ],
)
def test_variants_of_width_case_and_composition_are_one_handle(handle: str, variant: str) -> None:
    assert accepted(handle)
    assert accepted(variant)
    assert handle_key(handle) == handle_key(variant)


@unhurried
@given(st.text(min_size=1, max_size=25))
def test_the_key_of_a_handle_does_not_depend_on_how_it_was_typed(typed: str) -> None:
    keys = {handle_key(form) for form in (typed, normalise_handle(typed), unicodedata.normalize("NFD", typed))}
    assert len(keys) == 1
    assert handle_key(keys.pop()) == handle_key(typed)


@unhurried
@given(st.text(max_size=30))
def test_an_accepted_handle_fits_its_column_and_stays_as_it_is(typed: str) -> None:
    handle = normalise_handle(typed)
    if is_handle(handle):
        assert len(handle) in HANDLE_LENGTH
        assert normalise_handle(handle) == handle
        assert len(handle_key(handle)) <= 120


def test_an_unusable_handle_registers_nothing(forum: ForumBackend) -> None:
    answer = forum.post("/v1/accounts", {"handle": "笑脸😀"})
    assert answer.status_code == 422
    assert answer.json()["code"] == "handle-invalid"
    assert forum.get("/v1/accounts").json()["items"] == []


def test_a_handle_is_shown_as_it_reads_after_normalising(forum: ForumBackend) -> None:
    assert forum.register("\uff21lice\uff11")["handle"] == "Alice1"


def test_a_variant_of_a_taken_handle_is_taken(forum: ForumBackend) -> None:
    forum.register("Alice山")
    for variant in ("Alice山", "aLICE山", "\uff21\uff2c\uff29\uff23\uff25山"):
        refused = forum.post("/v1/accounts", {"handle": variant})
        assert (refused.status_code, refused.json()["code"]) == (409, "handle-taken")
    assert len(forum.get("/v1/accounts").json()["items"]) == 1


def test_an_account_is_found_by_any_variant_of_its_handle(forum: ForumBackend) -> None:
    account = forum.register("Alice山")
    found = forum.get("/v1/accounts", params={"handle": "\uff21LICE山"}).json()["items"]
    assert [item["id"] for item in found] == [account["id"]]


def test_two_forums_may_hold_the_same_handle(services: Services) -> None:
    first, second = (services.forums.add(OPERATOR, name).forum_id for name in ("甲论坛", "乙论坛"))
    services.accounts.register(OPERATOR, first, "山间清风", None, NOTHING)
    assert services.accounts.register(OPERATOR, second, "山间清风", None, NOTHING).forum_id == second
    with pytest.raises(HandleTaken):
        services.accounts.register(OPERATOR, second, "山间清风", None, NOTHING)
    with pytest.raises(HandleInvalid):
        services.accounts.register(OPERATOR, second, "山 间", None, NOTHING)
