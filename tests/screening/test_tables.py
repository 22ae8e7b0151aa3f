"""The folding tables: consistent in themselves, and on the sides of what is hidden and what is plain."""

import unicodedata

import numpy as np
import pytest

from app.screening import tables
from app.screening.domain import Evasion


def _fold(text: str) -> str:
    plain = tables.plain_table()
    whole = "".join(tables.expansions().get(character, character) for character in text)
    return "".join(chr(plain[ord(character)]) for character in whole if plain[ord(character)])


def test_folding_twice_is_folding_once() -> None:
    for table in (tables.plain_table(), tables.coarse_table()):
        assert np.array_equal(table[table], table)
    assert all(_fold(whole) == whole for whole in tables.expansions().values())


def test_what_is_skipped_is_skipped_by_both_tables_and_nothing_else_is() -> None:
    assert np.array_equal(tables.plain_table() == 0, tables.coarse_table() == 0)


def test_nobody_writes_into_a_table() -> None:
    for table in (tables.plain_table(), tables.coarse_table()):
        assert not table.flags.writeable


@pytest.mark.parametrize(
    ("written", "plain", "kind"),
    [
        ("ＡａＺ９＠", "aaz9@", Evasion.WIDTH),
        ("𝐜𝔠𝕔𝒸ⓒⒸ🅲🄲⒞🇨ᶜᴄ", "c" * 12, Evasion.WIDTH),
        ("①❶⑴⒈¹₁𝟙⓵", "1" * 8, Evasion.WIDTH),
        ("㊙㊗㈱", "秘祝株", Evasion.WIDTH),
        ("賭國戶說", "赌国户说", Evasion.SCRIPT),
        ("図円広", "图圆广", Evasion.SCRIPT),
        ("\u2f47\u2f0a\u2ec9\uf90a", "日入贝金", Evasion.SCRIPT),
        ("аАеоυрсΗНᏟꓚ", "aaeoupchhcc", Evasion.HOMOGLYPH),
        ("ıɡɑɐǝ", "igaae", Evasion.HOMOGLYPH),
        ("áÀøłç", "aaolc", Evasion.ACCENT),
        ("٣३๓〣", "3333", Evasion.NUMERAL),
        ("aZ一", "az一", None),
    ],
)
def test_a_way_to_write_is_taken_away_and_named(written: str, plain: str, kind: Evasion | None) -> None:
    assert _fold(written) == plain
    assert {tables.kind_of(character) for character in written} == {kind}


@pytest.mark.parametrize(
    "nothing",
    [
        "\u0e47\u0947\u0591\u064b\u0f71",
        "\0\t\r\n \u3000\u00a0\u2028",
        "\u200b\u200d\u00ad\u202e\u2066\ufeff\ufe0f\U000e0061\U000e0100\u3164",
        "。，、！!|*_-~【】「」©™…",
        "\u0301\u0336\u20e3ˇˋ丶丨⿰○",
        "😀👨🎲💰❤▓║→√+=<>^`¥",
        "\ud800\udfff\ue000\U000f0000\u0378\U0010ffff",
    ],
)
def test_what_stands_between_is_skipped(nothing: str) -> None:
    assert _fold(nothing) == ""


def test_what_words_are_made_of_is_left_alone() -> None:
    for text in ("का", "กน", "כתב", "가각", "がガぱ", "予芸", "零幺洞"):
        assert _fold(text) == unicodedata.normalize("NFC", text)
    assert _fold("क्\u200dय") != _fold("क्ष")


@pytest.mark.parametrize(("form", "whole"), [("Ⅷ", "viii"), ("㎏", "kg"), ("ß", "ss"), ("🆗", "ok"), ("½", "12")])
def test_a_form_of_several_characters_is_written_out(form: str, whole: str) -> None:
    assert tables.expansions()[form] == whole
    assert chr(tables.plain_table()[ord(form)]) == whole[0]


def test_a_class_of_the_coarse_table_holds_what_stands_for_each_other() -> None:
    coarse = tables.coarse_table()
    for same in ("o0零〇OО", "il1一壹幺Iı①", "a4@四Ä", "e3€三", "s5$＄五", "赌睹賭", "未末"):
        assert len({int(coarse[ord(character)]) for character in same}) == 1
    assert len({int(coarse[ord(character)]) for character in "aeiosztbg6"}) == 10


def test_hand_written_tables_name_each_character_once_and_folded() -> None:
    members = list(tables.classes())
    written = [member for group in set(tables.classes().values()) for member in group]
    assert sorted(written) == sorted(members)
    assert _fold("".join(members)) == "".join(members)
    for character, ways in tables.splits().items():
        assert _fold(character) == character
        assert all(len(way) == 2 and _fold(way) == way for way in ways)
    assert _fold("".join(tables.digits())) == "".join(way for way in tables.digits() if way not in "○◯")


def test_a_character_has_its_most_common_sound_first() -> None:
    sounds = tables.sounds()
    assert (sounds["赌"], sounds["行"][:2], sounds["女"][0]) == (("du",), ("xing", "hang"), "nv")
    assert all(1 <= len(ways) <= 3 and all(way.isascii() and way.isalpha() for way in ways) for ways in sounds.values())
    assert _fold("".join(sounds)) == "".join(sounds)


def test_common_words_are_counted_and_folded() -> None:
    words = tables.common_words()
    assert words["现在"] > words["信任"] > words["票价"] > 0
    assert all(1 <= len(word) <= 4 and times > 0 for word, times in words.items())
    assert _fold("".join(words)) == "".join(words)
    assert {"abet", "better"} & tables.english_words() == {"better"}
