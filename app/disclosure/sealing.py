"""Use cases: what was opened leaves in a file that only its reader's passphrase opens; neither is stored here."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass

from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.audit.proofs import Receipt
from app.crypto.mac import Mac, MacUse
from app.crypto.sealed_files import SealedText, passphrase_of, seal_under
from app.db.unit_of_work import UnitOfWork
from app.disclosure.docket import Docket
from app.disclosure.domain import OpenedIdentity
from app.disclosure.openings import Openings
from app.kernel.actor import Actor
from app.kernel.secret import Secret
from app.staff.domain import StaffSession

Write = Callable[[OpenedIdentity], Secret[str]]
"""What was opened, in the words of a face."""
_SLIP_BYTES = 16
_SLIP = re.compile(r"[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Slip:
    """A passphrase, and what asks for a file under it: of no use to whoever has no key of this installation."""

    number: str
    passphrase: Secret[str]


@dataclass(frozen=True, slots=True)
class SealedIdentity:
    """`about` is what the sealed text is bound to, and the receipt that of the opening."""

    text: SealedText
    about: str
    receipt: Receipt


class Sealing:
    def __init__(self, unit_of_work: UnitOfWork, mac: Mac, docket: Docket, openings: Openings) -> None:
        self._unit_of_work = unit_of_work
        self._mac = mac
        self._docket = docket
        self._openings = openings

    def new_slip(self, actor: Actor, disclosure_id: str) -> Slip:
        """Opens nothing and writes nothing: the passphrase follows from the number, for this reader and request."""
        number = os.urandom(_SLIP_BYTES).hex()
        return Slip(number, self._passphrase(actor, disclosure_id, number))

    def seal(
        self, actor: Actor, session: StaffSession, disclosure_id: str, slip_number: str, write: Write
    ) -> SealedIdentity:
        """Opens what was approved, and seals it under the passphrase of this slip. Raises what `Openings.execute` does.

        The number must be one of `is_slip`. Asked again, with whichever slip, it is the same one execution.
        """
        passphrase = self._passphrase(actor, disclosure_id, slip_number)
        opened = self._openings.execute(actor, session, disclosure_id)
        about = f"{disclosure_id} {opened.receipt.entry_id}"
        return SealedIdentity(seal_under(passphrase, write(opened), about), about, opened.receipt)

    def note_file(self, actor: Actor, disclosure_id: str, digest: bytes) -> None:
        """Puts the SHA-256 of a file on record before it leaves, so that one that turns up has a reader and a minute.

        Raises `NoSuchDisclosure`.
        """
        with self._unit_of_work.begin(actor) as tx:
            found = self._docket.seen(tx, disclosure_id)
            audit.record(tx, Action.DISCLOSURE_SEALED, ObjectKind.DISCLOSURE, found.disclosure.id, case=digest.hex())

    def _passphrase(self, actor: Actor, disclosure_id: str, number: str) -> Secret[str]:
        return passphrase_of(self._mac.digest(MacUse.DISCLOSURE_PASSPHRASE, actor.id, disclosure_id, number))


def is_slip(number: str) -> bool:
    return _SLIP.fullmatch(number) is not None
