"""Style sheet and scripts: served by us alone, compressed once, kept by browsers until they change."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.web.problems import NoSuchAddress

_FOLDER = Path(__file__).parent / "static"
_MEDIA_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_FOR_EVER, _NOT_YET_KNOWN = "public, max-age=31536000, immutable", "no-cache"
_MARK_LENGTH = 12
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class _Asset:
    plain: bytes
    small: bytes
    mark: str
    media_type: str


@cache
def _assets() -> dict[str, _Asset]:
    return {path.name: _read(path) for path in _FOLDER.iterdir() if path.suffix[1:] in _MEDIA_TYPES}


def _read(path: Path) -> _Asset:
    plain = path.read_bytes()
    mark = hashlib.sha256(plain).hexdigest()[:_MARK_LENGTH]
    return _Asset(plain, gzip.compress(plain, mtime=0), mark, _MEDIA_TYPES[path.suffix[1:]])


def static_address(name: str) -> str:
    """The address of this file as it is now: another content has another address."""
    return f"/static/{name}?v={_assets()[name].mark}"


def static_text(name: str) -> str:
    """For a page that must be complete in itself."""
    return _assets()[name].plain.decode()


@router.get("/static/{name}")
async def static(name: str, request: Request) -> Response:
    """Raises `NoSuchAddress`."""
    asset = _assets().get(name)
    if asset is None:
        raise NoSuchAddress
    current = request.query_params.get("v") == asset.mark
    headers = {"cache-control": _FOR_EVER if current else _NOT_YET_KNOWN, "vary": "accept-encoding"}
    if takes_gzip(request):
        return Response(asset.small, media_type=asset.media_type, headers=headers | {"content-encoding": "gzip"})
    return Response(asset.plain, media_type=asset.media_type, headers=headers)


def takes_gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")
