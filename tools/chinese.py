"""Which Chinese character is another one's simplified form: read from OpenCC's dictionaries and from Unihan."""

import bz2
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

SOURCE = f"opencc-python-reimplemented {version('opencc-python-reimplemented')}"
_BY_HAND = Path(__file__).parent / "variants.txt"
_UNIHAN = Path("/usr/share/unicode/Unihan_Variants.txt.bz2")
_DICTIONARIES = files("opencc") / "dictionary"
_KINDS_OF_VARIANTS = frozenset({"kZVariant", "kSimplifiedVariant", "kSemanticVariant"})


def simplified(character: str) -> str:
    """The simplified form; the character itself where there is none or it is one."""
    character = _traditional().get(character, character)
    return character if _is_simplified(character) else _variants().get(character, character)


def _is_simplified(character: str) -> bool:
    """Whether the basic set of simplified Chinese holds it: what Japan writes for 豫 (予) is a word of its own here."""
    try:
        return bool(character.encode("gb2312"))
    except UnicodeEncodeError:
        return False


@cache
def _traditional() -> dict[str, str]:
    return {old: new for old, new in _dictionary("TSCharacters") if old != new}


@cache
def _variants() -> dict[str, str]:
    """Forms of Japan, Hong Kong and Taiwan, and rare ones that Unihan knows only one meaning of."""
    regional = [(written, plain) for plain, written in _dictionary("JPVariants")]
    regional += [*_dictionary("HKVariantsRev"), *_dictionary("TWVariantsRev")]
    found: dict[str, str] = {}
    for written, plain in [*_by_hand(), *regional, *_unihan()]:
        form = _traditional().get(plain, plain)
        if not _is_simplified(written) and _is_simplified(form):
            found.setdefault(written, form)
    return found


def _by_hand() -> Iterator[tuple[str, str]]:
    for line in _BY_HAND.read_text("utf-8").splitlines():
        plain, _, variants = line.partition(": ")
        if len(plain) == 1:
            yield from ((variant, plain) for variant in variants.split())


def _dictionary(name: str) -> Iterator[tuple[str, str]]:
    for line in (_DICTIONARIES / f"{name}.txt").read_text("utf-8").splitlines():
        key, _, values = line.partition("\t")
        yield key, values.split()[0]


def _unihan() -> Iterator[tuple[str, str]]:
    with bz2.open(_UNIHAN, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("U+"):
                code, kind, values = line.rstrip("\n").split("\t")
                written, forms = _character(code), {value.partition("<")[0] for value in values.split()}
                if kind in _KINDS_OF_VARIANTS and len(forms - {code}) == 1:
                    yield written, _character(next(iter(forms - {code})))


def _character(code: str) -> str:
    return chr(int(code.removeprefix("U+"), base=16))
