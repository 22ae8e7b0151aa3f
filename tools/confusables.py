"""Writes `app/accounts/data/confusables.txt`: what looks like what, and which script a character belongs to.

Needs PyICU beside a current ICU (Debian: `apt-get install python3-icu`, then `/usr/bin/python3 tools/confusables.py`).
ICU carries the tables of UTS 39 (`confusables.txt`) and UAX 24 (`Scripts.txt`) of its Unicode version. Only what may
stand in a handle is kept: letters, marks and digits that NFKD leaves alone, `_` and `-`.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import icu

_FILE = Path(__file__).parents[1] / "app" / "accounts" / "data" / "confusables.txt"
_MAY_STAND = icu.UnicodeSet("[\\p{Lu}\\p{Ll}\\p{Lt}\\p{Lm}\\p{Lo}\\p{Nd}\\p{Mn}\\p{Mc}_\\-]")
_NO_SCRIPT = frozenset({"Zyyy", "Zinh", "Zzzz"})
_HEAD = """# Look-alikes (UTS 39) and scripts (UAX 24) of the characters that a handle may hold, Unicode {version}.
# Made from ICU {icu} by tools/confusables.py; do not edit. Copyright Unicode, Inc.; licence: LICENSE-UNICODE.txt here.
# First part: `prototype: characters that look like it`. Second part: `script: its characters`. All hexadecimal.
"""


def _characters() -> Iterator[str]:
    decompose = icu.Normalizer2.getNFKDInstance()
    return (character for character in _MAY_STAND if decompose.normalize(character) == character)


def _prototypes(characters: list[str]) -> Iterator[str]:
    checker, alike = icu.SpoofChecker(), defaultdict(list)
    for character in characters:
        prototype = checker.getSkeleton(0, character)
        if prototype != character:
            alike[prototype].append(character)
    for prototype, others in sorted(alike.items()):
        yield f"{_hex(prototype)}: {_hex(''.join(others))}\n"


def _scripts(characters: list[str]) -> Iterator[str]:
    ranges: dict[str, list[list[int]]] = defaultdict(list)
    for character in characters:
        script, code = icu.Script.getScript(character).getShortName(), ord(character)
        if script in _NO_SCRIPT:
            continue
        if ranges[script] and ranges[script][-1][1] == code - 1:
            ranges[script][-1][1] = code
        else:
            ranges[script].append([code, code])
    for script, found in sorted(ranges.items()):
        yield f"{script}: {' '.join(f'{a:X}' if a == b else f'{a:X}-{b:X}' for a, b in found)}\n"


def _hex(text: str) -> str:
    return " ".join(f"{ord(character):X}" for character in text)


def main() -> None:
    characters = list(_characters())
    head = _HEAD.format(version=icu.UNICODE_VERSION, icu=icu.ICU_VERSION)
    _FILE.write_text(head + "\n" + "".join(_prototypes(characters)) + "\n" + "".join(_scripts(characters)), "ascii")


if __name__ == "__main__":
    main()
