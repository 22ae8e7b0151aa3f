"""Writes `app/screening/data/folding.txt`: how every character is folded before texts and terms are compared.

Needs PyICU beside a current ICU, the Unicode character database (Debian: `python3-icu`, `unicode-data`) and OpenCC's
dictionaries (PyPI: `opencc-python-reimplemented`). `docs/screening.md` says what is folded and why.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby
from pathlib import Path

import icu
from chinese import SOURCE, simplified

_FILE = Path(__file__).parents[1] / "app" / "screening" / "data" / "folding.txt"
_HOMOGLYPHS = Path(__file__).parent / "homoglyphs.txt"
_RADICALS = Path("/usr/share/unicode/EquivalentUnifiedIdeograph.txt")
_HEAD = """# How characters are folded before texts and terms are compared; docs/screening.md says what and why.
# Made by tools/folding.py from Unicode {version} (ICU {icu}, UCD, UTS 39; licence: LICENSE-UNICODE.txt) and OpenCC's
# dictionaries ({opencc}; licence: LICENSE-OPENCC.txt); do not edit.
# [kept]: ranges that fold to themselves, unless a later section names them. What no section names is skipped.
# [case] to [homoglyph]: `target: characters`; [expand]: `character: what it stands for`. Numbers are hexadecimal.
"""
_KINDS = ("case", "width", "script", "accent", "numeral", "homoglyph")
"""From the mildest to the strictest: a character that is changed in several ways is of the last."""

_NOT_WRITTEN = icu.UnicodeSet(
    "[[:Default_Ignorable_Code_Point:][:Cc:][:Cf:][:Cs:][:Co:][:Cn:][:Z:][:Me:]\\u2800\\u2122\\u2120"
    "\\u0640\\u4E28\\u4E36\\u4E37\\u4E3F\\u4E40\\u4E41\\u4E44\\u4E85\\u706C"
    "[:Mn:][[:M:]&[[:sc=Zinh:][:sc=Zyyy:][:sc=Latn:][:sc=Grek:][:sc=Cyrl:]]]]"
)
"""Strokes that only decorate (赌丶博) too, and every mark that takes no room: those of Thai and India stack on any
character. Where they are letters, `app/screening/checks.py` compares them. Marks that take room are letters.
"""
_SIGNS = icu.UnicodeSet("[[:P:][:S:][\\u02B0-\\u02FF]-[@\\u0024\\u00A2\\u00A3\\u20AC]]")
_MARKED = icu.UnicodeSet("[[:sc=Latn:][:sc=Grek:][:sc=Cyrl:]]")
_HAN = icu.UnicodeSet("[[:sc=Hani:]]")
_ALPHABETS = icu.UnicodeSet(
    "[[[:L:][:Nl:]]&[[:sc=Latn:][:sc=Grek:][:sc=Cyrl:][:sc=Armn:][:sc=Cher:][:sc=Copt:][:sc=Lisu:][:sc=Cans:][:sc=Dsrt:]"
    "[:sc=Osge:][:sc=Wara:][:sc=Ital:][:sc=Cari:][:sc=Lyci:][:sc=Lydi:][:sc=Goth:][:sc=Tfng:][:sc=Elba:][:sc=Plrd:]]]"
)
_ENCLOSED = re.compile(r"(?:CROSSED )?(?:NEGATIVE )?(?:SQUARED|CIRCLED) (?:LATIN CAPITAL LETTER )?([A-Z]+)$")
_REGIONAL = re.compile(r"REGIONAL INDICATOR SYMBOL LETTER ([A-Z])$")
_STYLED = re.compile(r"(?:LATIN LETTER|MODIFIER LETTER) SMALL(?: CAPITAL)? ([A-Z])$")
_CHANGED = re.compile(r"LATIN (?:CAPITAL|SMALL) LETTER ([A-Z]|AE|OE|OU|AA|AO|AU|AV|AY|OO|TZ|VY) WITH\b")
_JOINED = re.compile(r"LATIN (?:CAPITAL|SMALL) (?:LETTER|LIGATURE) (AE|OE|OU|AA|AO|AU|AV|AY|OO|TZ|VY)$")
_TURNED = re.compile(
    r"LATIN (?:LETTER |CAPITAL |SMALL )+(?:SIDEWAYS |TURNED |REVERSED |INVERTED |SCRIPT |OPEN |DOTLESS |LONG |TAILLESS "
    r"|STRETCHED |BLACKLETTER |INSULAR |BARRED |CAPITAL |CLOSED )+([A-Z])(?: WITH\b.*)?$"
)
_NAMES = ((_ENCLOSED, "width"), (_REGIONAL, "width"), (_STYLED, "width"), (_CHANGED, "accent"), (_JOINED, "width"))
_HANGZHOU = dict(zip("〡〢〣〤〥〦〧〨〩", "123456789", strict=True))


def fold(character: str) -> tuple[str, str]:
    """What a character is folded to, and the strictest of the ways that lead there."""
    if character in _NOT_WRITTEN:
        return "", ""
    step = _step(character)
    if step is None:
        return ("", "") if character in _SIGNS else (character, "")
    written, kind = step
    parts = [fold(part) for part in written]
    return "".join(part for part, _ in parts), max([kind, *(way for _, way in parts if way)], key=_KINDS.index)


def _step(character: str) -> tuple[str, str] | None:
    """One step towards the plain form."""
    steps = (_compatible, _unmarked, _alike_capital, _small, _number, _named, _chinese, _alike)
    return next((found for step in steps if (found := step(character))), None)


def _compatible(character: str) -> tuple[str, str] | None:
    plain = icu.Normalizer2.getNFKCInstance().normalize(character)
    if plain == character:
        return None
    return plain, "script" if character in _HAN else "width"


def _alike_capital(character: str) -> tuple[str, str] | None:
    """Where a capital looks like a letter that its small form does not look like: capital eta is H, small eta is n."""
    is_capital = icu.Char.charType(character) == icu.UCharCategory.UPPERCASE_LETTER
    letter = _prototypes().get(_skeleton(character)) if is_capital and _is_foreign(character) else None
    return (letter, "homoglyph") if letter and letter != "l" else None


def _small(character: str) -> tuple[str, str] | None:
    small = str(icu.UnicodeString(character).foldCase())
    return None if small == character else (small, "case")


def _unmarked(character: str) -> tuple[str, str] | None:
    parts = icu.Normalizer2.getNFDInstance().normalize(character)
    return (parts[0], "accent") if len(parts) > 1 and character in _MARKED else None


def _number(character: str) -> tuple[str, str] | None:
    if character in _HANGZHOU:
        return _HANGZHOU[character], "numeral"
    value, sort = icu.Char.getNumericValue(character), icu.Char.charType(character)
    if character.isascii() or sort not in {icu.UCharCategory.DECIMAL_DIGIT_NUMBER, icu.UCharCategory.OTHER_NUMBER}:
        return None
    enclosed = "CIRCLED" in icu.Char.charName(character)
    most = 99 if enclosed else 9
    return (str(int(value)), "width" if enclosed else "numeral") if 0 <= value <= most and value % 1 == 0 else None


def _named(character: str) -> tuple[str, str] | None:
    name = icu.Char.charName(character)
    for pattern, kind in _NAMES:
        if found := pattern.match(name):
            return found[1].lower(), kind
    return None


def _chinese(character: str) -> tuple[str, str] | None:
    plain = simplified(_radicals().get(character, character))
    return None if plain == character else (plain, "script")


def _alike(character: str) -> tuple[str, str] | None:
    if character in _homoglyphs():
        return _homoglyphs()[character], "homoglyph"
    if not _is_foreign(character):
        return None
    letter = _prototypes().get(_skeleton(character))
    if letter is None and (turned := _TURNED.match(icu.Char.charName(character))):
        letter = turned[1].lower()
    return (letter, "homoglyph") if letter else None


def _is_foreign(character: str) -> bool:
    return character in _ALPHABETS and not character.isascii()


def _skeleton(character: str) -> str:
    """What UTS 39 takes a character to, without the marks that it hangs on it."""
    skeleton = icu.SpoofChecker().getSkeleton(0, character)
    return "".join(part for part in skeleton if part not in _NOT_WRITTEN) or skeleton


@cache
def _prototypes() -> dict[str, str]:
    """The ASCII letters and digits that the prototypes of UTS 39 stand for; `l` for `I` and `1`, `o` for `0`."""
    checker = icu.SpoofChecker()
    letters = "lOabcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return {checker.getSkeleton(0, letter): letter.lower() for letter in reversed(letters)}


@cache
def _homoglyphs() -> dict[str, str]:
    lines = (line for line in _HOMOGLYPHS.read_text("utf-8").splitlines() if not line.startswith("#"))
    return {letter: line[0] for line in lines for letter in line[3:]}


@cache
def _radicals() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _RADICALS.read_text("utf-8").splitlines():
        written, _, character = line.partition("#")[0].partition(";")
        if character:
            first, _, last = written.strip().partition("..")
            for code in range(int(first, 16), int(last or first, 16) + 1):
                found[chr(code)] = chr(int(character, 16))
    return found


def _tables() -> tuple[list[int], dict[str, dict[str, list[int]]], dict[str, str]]:
    kept: list[int] = []
    folds: dict[str, dict[str, list[int]]] = {kind: defaultdict(list) for kind in _KINDS}
    whole: dict[str, str] = {}
    for code in range(0x110000):
        target, kind = fold(chr(code))
        if len(target) > 1:
            whole[chr(code)] = target
        elif kind and target:
            folds[kind][target].append(code)
        elif target:
            kept.append(code)
    return kept, folds, whole


def _kept(kept: Iterable[int], changed: Iterable[int]) -> Iterator[str]:
    """Ranges that may hold what later sections name: there are fewer of them."""
    own, codes = frozenset(kept), sorted({*kept, *changed})
    for _, group in groupby(enumerate(codes), lambda pair: pair[1] - pair[0]):
        run = [code for _, code in group]
        while run and run[0] not in own:
            run.pop(0)
        while run and run[-1] not in own:
            run.pop()
        if run:
            yield f"{_range(run[0], run[-1])}\n"


def _range(first: int, last: int) -> str:
    return f"{first:04X}" if first == last else f"{first:04X}-{last:04X}"


def _written(codes: list[int]) -> str:
    """Chinese characters as themselves, unless an editor may normalise them; all others as numbers."""
    composed = icu.Normalizer2.getNFCInstance().normalize
    return " ".join(
        chr(code) if chr(code) in _HAN and code > 0x3400 and composed(chr(code)) == chr(code) else f"{code:04X}"  # noqa: PLR2004
        for code in codes
    )


def main() -> None:
    kept, folds, whole = _tables()
    changed = [code for targets in folds.values() for codes in targets.values() for code in codes]
    text = _HEAD.format(version=icu.UNICODE_VERSION, icu=icu.ICU_VERSION, opencc=SOURCE)
    text += "\n[kept]\n" + "".join(_kept(kept, [*changed, *map(ord, whole)]))
    for kind, targets in folds.items():
        text += f"\n[{kind}]\n" + "".join(f"{target}: {_written(codes)}\n" for target, codes in sorted(targets.items()))
    text += "\n[expand]\n" + "".join(f"{ord(form):04X}: {target}\n" for form, target in sorted(whole.items()))
    _FILE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
