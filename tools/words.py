"""Writes `common_words.txt`, `english_words.txt` and `sounds.txt` of `app/screening/data/`.

Needs what `tools/folding.py` needs, and PyPI's `jieba` and `pypinyin` and Debian's `scowl`.
"""

import unicodedata
from collections import Counter, defaultdict
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from folding import fold
from pypinyin.pinyin_dict import pinyin_dict

_DATA = Path(__file__).parents[1] / "app" / "screening" / "data"
_SCOWL = Path("/usr/share/dict/scowl")
_SIZES = ("english-words.10", "english-words.20", "american-words.10", "american-words.20")
_LEAST_TIMES = 20
_LONGEST = 4
_SHORTEST_ENGLISH = 4
_READINGS = ("first", "second", "third")
_TONES = {"\u0304", "\u0301", "\u030c", "\u0300"}
_WORDS_HEAD = f"""# How often of 60 million, and the Chinese words of up to four characters that stand so often; folded.
# Made by tools/words.py from jieba {version("jieba")} (licence: LICENSE-JIEBA.txt); do not edit.
"""
_ENGLISH_HEAD = """# Common English words of four letters and more.
# Made by tools/words.py from SCOWL 2020.12.07, sizes 10 and 20 (licence: LICENSE-SCOWL.txt); do not edit.
"""
_SOUNDS_HEAD = f"""# Syllables without tones, `v` for ü, and the Chinese characters that are read so, folded.
# Made by tools/words.py from pypinyin {version("pypinyin")} (licence: LICENSE-PYPINYIN.txt); do not edit.
# [first] holds the most common reading of a character, [second] and [third] its others.
"""


def _chinese_words() -> dict[int, list[str]]:
    """How often, and the words that stand so often."""
    times: Counter[str] = Counter()
    for line in (files("jieba") / "dict.txt").read_text("utf-8").splitlines():
        word, count, *_ = line.split()
        if len(word) <= _LONGEST and all(_is_chinese(character) for character in word):
            times["".join(fold(character)[0] for character in word)] += int(count)
    found: dict[int, list[str]] = defaultdict(list)
    for word, count in sorted(times.items()):
        if count >= _LEAST_TIMES:
            found[count].append(word)
    return found


def _is_chinese(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"


def _english_words() -> list[str]:
    lines = (line for size in _SIZES for line in (_SCOWL / size).read_text("iso8859-1").splitlines())
    return sorted(
        {
            word
            for word in lines
            if len(word) >= _SHORTEST_ENGLISH and word.isascii() and word.isalpha() and word.islower()
        }
    )


def _sounds(characters: set[str]) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {place: defaultdict(list) for place in _READINGS}
    for code, readings in sorted(pinyin_dict.items()):
        character = chr(code)
        if fold(character)[0] == character and character in characters:
            syllables = dict.fromkeys(_toneless(reading) for reading in readings.split(","))
            for place, syllable in zip(_READINGS, [s for s in syllables if s.isalpha()], strict=False):
                found[place][syllable].append(character)
    return found


def _toneless(reading: str) -> str:
    parts = unicodedata.normalize("NFD", reading)
    plain = unicodedata.normalize("NFC", "".join(part for part in parts if part not in _TONES))
    return plain.replace("ü", "v").replace("ê", "e")


def _basic() -> set[str]:
    """The characters of the basic block: what is rarer nobody reads by its sound."""
    return {chr(code) for code in (0x3007, *range(0x4E00, 0xA000))}


def main() -> None:
    words = "".join(f"{count}: {' '.join(found)}\n" for count, found in sorted(_chinese_words().items()))
    (_DATA / "common_words.txt").write_text(_WORDS_HEAD + words, "utf-8")
    english = "".join(f"{word}\n" for word in _english_words())
    (_DATA / "english_words.txt").write_text(_ENGLISH_HEAD + english, "ascii")
    text = _SOUNDS_HEAD
    for place, syllables in _sounds(_basic()).items():
        text += f"\n[{place}]\n" + "".join(f"{s}: {''.join(found)}\n" for s, found in sorted(syllables.items()))
    (_DATA / "sounds.txt").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
