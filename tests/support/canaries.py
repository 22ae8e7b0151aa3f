"""Searches bytes for what must not be there, however it is written down."""

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote


def spellings(text: str) -> dict[str, bytes]:
    """The text as eight encodings would write it; base64 at all three alignments."""
    raw = text.encode()
    return {
        "utf-8": raw,
        "utf-16-le": text.encode("utf-16-le"),
        "utf-16-be": text.encode("utf-16-be"),
        "gb18030": text.encode("gb18030"),
        "hex": raw.hex().encode(),
        "json-escapes": "".join(f"\\u{ord(mark):04x}" for mark in text).encode(),
        "percent": quote(text, safe="").encode() if not text.isascii() else "".join(f"%{b:02X}" for b in raw).encode(),
        **{f"base64+{shift}": _base64_core(raw, shift) for shift in range(3)},
    }


def hits(canaries: Iterable[str], places: Mapping[str, bytes]) -> list[str]:
    """Where a canary stands, as `place: encoding`; never the canary itself."""
    wanted = [(name, spelled) for canary in canaries for name, spelled in spellings(canary).items()]
    return [
        f"{place}: {name}"
        for place, content in places.items()
        for name, spelled in wanted
        if spelled in content or (name == "hex" and spelled.upper() in content)
    ]


def files_under(folder: Path, since: float = 0.0) -> dict[str, bytes]:
    """Every file that was written at or after `since` (epoch seconds): an older one holds nothing planted later."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_mtime >= since)
    return {str(path): path.read_bytes() for path in found}


def _base64_core(raw: bytes, shift: int) -> bytes:
    """The part of a base64 text that depends on the canary alone, when it begins `shift` bytes after a boundary."""
    encoded = base64.b64encode(b"\x00" * shift + raw)
    first = (shift * 8 + 5) // 6
    last = (shift + len(raw)) * 8 // 6
    return encoded[first:last]
