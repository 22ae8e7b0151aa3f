"""Opening what was approved: the passphrase on a page, once; then the file, in which alone an identity leaves."""

import base64
from collections.abc import Sequence
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app.audit.domain import Action
from app.console.disclosure_pages import HERE, again_at, may_open, show, tries
from app.console.sealed_file import contents, write_file
from app.console.visits import FormOf, Visit, act, console_router
from app.disclosure.sealing import is_slip
from app.staff.access import Permission

router = console_router()
ExecutorOf = Annotated[Visit, Depends(tries(Permission.DISCLOSURE_REQUEST, Action.DISCLOSURE_EXECUTED))]


@router.get("/disclosures/{disclosure_id}/open")
def opening(visit: ExecutorOf, disclosure_id: str) -> Response:
    """What it takes and what it does; nothing is opened yet."""
    return _page(visit, disclosure_id)


def _page(
    visit: Visit, disclosure_id: str, errors: Sequence[tuple[str, str]] = (), status: int = HTTPStatus.OK
) -> Response:
    """What only a code mends is said here, everything else where the request stands. Raises `NoSuchDisclosure`."""
    seen = visit.services.disclosures.requests.get(visit.actor, disclosure_id)
    if errors and not any(name == "code" for name, _ in errors):
        return show(visit, disclosure_id, errors, status)
    if not may_open(visit, seen):
        return visit.go(f"{HERE}/{disclosure_id}")
    return visit.show("disclosure_open", errors=errors, status=status, seen=seen, request=seen.disclosure.request)


@router.post("/disclosures/{disclosure_id}/open")
def show_passphrase(visit: ExecutorOf, form: FormOf, disclosure_id: str) -> Response:
    """A passphrase that was never shown before and is stored nowhere; each time another."""

    def work(now: Visit) -> Response:
        seen = now.services.disclosures.requests.get(now.actor, disclosure_id)
        if not may_open(now, seen):
            return now.go(f"{HERE}/{disclosure_id}")
        slip = now.services.disclosures.sealing.new_slip(now.actor, disclosure_id)
        return now.show(
            "disclosure_passphrase",
            request=seen.disclosure.request,
            passphrase=slip.passphrase.reveal(),
            slip_number=slip.number,
        )

    page = again_at(
        visit,
        disclosure_id,
        Action.DISCLOSURE_EXECUTED,
        lambda errors, status: _page(visit, disclosure_id, errors, status),
    )
    return act(visit, form, work, page, fresh=True, each_time=True)


@router.post("/disclosures/{disclosure_id}/file")
def save_file(visit: ExecutorOf, form: FormOf, disclosure_id: str) -> Response:
    """Opens, and answers with the file; asked again it is the same one execution, in another file.

    The form holds the number of the slip and no passphrase: neither an address nor a body tells it.
    """
    slip_number = form.get("slip", "")
    if not is_slip(slip_number):
        return visit.go(f"{HERE}/{disclosure_id}/open")

    def work(now: Visit) -> Response:
        desk = now.services.disclosures
        seen = desk.requests.get(now.actor, disclosure_id)
        sealed = desk.sealing.seal(
            now.actor, now.session, disclosure_id, slip_number, lambda opened: contents(now, seen, opened)
        )
        file = write_file(now, seen, sealed).encode()
        digest = sha256(file).digest()
        desk.sealing.note_file(now.actor, disclosure_id, digest)
        return _download(file, digest, f"disclosure-{disclosure_id}.html")

    page = again_at(
        visit,
        disclosure_id,
        Action.DISCLOSURE_EXECUTED,
        lambda errors, status: _page(visit, disclosure_id, errors, status),
    )
    return act(visit, form, work, page, fresh=True, each_time=True)


def _download(file: bytes, digest: bytes, name: str) -> Response:
    """Saved, never shown here. Source: RFC 9530."""
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        "repr-digest": f"sha-256=:{base64.b64encode(digest).decode()}:",
    }
    return Response(file, media_type="text/html; charset=utf-8", headers=headers)
