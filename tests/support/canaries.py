"""Searches bytes for what must not be there, however it is written down."""

import base64
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from os.path import commonprefix  # of texts, letter by letter
from pathlib import Path

_SHORTEST_STEM = 4
_EMPTY = re.compile(rb"\0{64,}")
_CODE = re.compile(rb"(?<![0-9A-Za-z.])[0-9]{6}(?![0-9A-Za-z])")


def spellings(text: str) -> dict[str, bytes]:
    """The text as nine encodings would write it; base64 at all three alignments."""
    raw, units = text.encode(), text.encode("utf-16-be")
    return {
        "utf-8": raw,
        "utf-16-le": text.encode("utf-16-le"),
        "utf-16-be": units,
        "gb18030": text.encode("gb18030"),
        "hex": raw.hex().encode(),
        "json-escapes": "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2)).encode(),
        "python-bytes": "".join(f"\\x{byte:02x}" for byte in raw).encode(),
        "percent": "".join(f"%{byte:02x}" for byte in raw).encode(),
        **{f"base64+{shift}": _base64_core(raw, shift) for shift in range(3)},
    }


def hits(canaries: Iterable[str], places: Mapping[str, bytes]) -> list[str]:
    """Where a canary stands, as `place: encoding`; never the canary itself. Upper and lower case are the same."""
    needles = [needle for family in _families(sorted(set(canaries))) for needle in _needles(family)]
    return [
        f"{place}: {encoding}"
        for place, content in places.items()
        for encoding in _found(needles, _EMPTY.sub(bytes(64), content.lower()))
    ]


def codes_in(codes: Collection[str], content: bytes) -> int:
    """How often one of these 6-digit codes stands by itself: not in a longer word, nor as a fraction of a second."""
    wanted = {code.encode() for code in codes}
    return sum(found in wanted for found in _CODE.findall(content))


def files_under(folder: Path, since: float = 0.0) -> dict[str, bytes]:
    """Every file that was written at or after `since` (epoch seconds): an older one holds nothing planted later."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_mtime >= since)
    return {str(path): path.read_bytes() for path in found}


@dataclass(frozen=True)
class _Needle:
    """Many canaries in one encoding: the beginning that they share, which is quick to find, and each of them whole."""

    encoding: str
    stem: bytes
    whole: Mapping[int, frozenset[bytes]]

    def is_in(self, content: bytes) -> bool:
        at = content.find(self.stem)
        while at >= 0:
            if any(content[at : at + length] in found for length, found in self.whole.items()):
                return True
            at = content.find(self.stem, at + 1)
        return False


def _families(canaries: list[str]) -> Iterator[list[str]]:
    """Canaries of one kind begin alike; what begins like no other is looked for by itself."""
    if len(commonprefix(canaries)) >= _SHORTEST_STEM:  # noqa: RUF071 -- texts, not paths
        yield canaries
    else:
        yield from ([canary] for canary in canaries)


def _needles(family: list[str]) -> Iterator[_Needle]:
    whole: dict[str, dict[int, set[bytes]]] = defaultdict(lambda: defaultdict(set))
    for canary in family:
        for encoding, spelled in spellings(canary).items():
            whole[encoding][len(spelled)].add(spelled.lower())
    for encoding, stem in spellings(commonprefix(family)).items():  # noqa: RUF071 -- texts, not paths
        found = {length: frozenset(spelled) for length, spelled in whole[encoding].items()}
        yield _Needle(encoding, stem.lower(), found)


def _found(needles: Iterable[_Needle], content: bytes) -> list[str]:
    return [needle.encoding for needle in needles if needle.is_in(content)]


def _base64_core(raw: bytes, shift: int) -> bytes:
    """The part of a base64 text that depends on the canary alone, when it begins `shift` bytes after a boundary."""
    encoded = base64.b64encode(b"\x00" * shift + raw)
    first = (shift * 8 + 5) // 6
    last = (shift + len(raw)) * 8 // 6
    return encoded[first:last]
