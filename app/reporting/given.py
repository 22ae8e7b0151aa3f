"""What people typed, as it can be kept: within its length, without control and invisible characters, not blank.

Nothing of it is published, so nothing of it is screened.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app import policies
from app.kernel.errors import FieldError, Invalid
from app.kernel.secret import Secret
from app.kernel.sentence import Sentence
from app.reporting.domain import Contact
from app.screening.domain import Field, Text

LONGEST_TEXT = policies.COMPLAINT_LONGEST.value
LONGEST_REF = 2000
LONGEST_NAME = 200
MOST_EVIDENCE = policies.COMPLAINT_EVIDENCE.value
LONGEST_EVIDENCE = policies.COMPLAINT_EVIDENCE_LONGEST.value
LONGEST_OUTCOME = policies.COMPLAINT_OUTCOME_LONGEST.value
LONGEST_REASON = 400
LONGEST_CONTACT = 254
_TOO_LONG = Sentence("太长，最多 {most} 字。", "Too long: it has at most {most} characters.")
_TOO_MANY = Sentence("太多，最多 {most} 条。", "Too many: at most {most}.")
_NO_EMAIL = Sentence("邮箱地址要有 @。", "An e-mail address holds an @.")
_NO_PHONE = Sentence("电话要有数字。", "A phone number holds digits.")


@dataclass(frozen=True, slots=True)
class Given:
    """One text as it was sent, and where it stands in the body."""

    pointer: str
    text: Secret[str]
    longest: int = LONGEST_TEXT

    def read(self) -> Secret[str]:
        """With line ends and tabs as they are kept everywhere."""
        return Secret(self.text.reveal().replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))

    def faults(self) -> list[FieldError]:
        said = self.read().reveal()
        if len(said) > self.longest:
            return [FieldError(self.pointer, "too-long", _TOO_LONG.with_values(most=str(self.longest)))]
        return Text(Field.REASON, self.pointer, said).faults()


def read_all(*given: Given) -> Sequence[Secret[str]]:
    """Raises `Invalid` with every fault of every text."""
    faults = [fault for one in given for fault in one.faults()]
    if faults:
        raise Invalid(faults)
    return [one.read() for one in given]


def read_text(pointer: str, text: Secret[str], longest: int = LONGEST_TEXT) -> Secret[str]:
    """Raises `Invalid`."""
    return read_all(Given(pointer, text, longest))[0]


def read_evidence(evidence: Sequence[Secret[str]]) -> tuple[Secret[str], ...]:
    """Raises `Invalid`."""
    if len(evidence) > MOST_EVIDENCE:
        raise Invalid([FieldError("/evidence", "too-long", _TOO_MANY.with_values(most=str(MOST_EVIDENCE)))])
    given = [Given(f"/evidence/{place}", one, LONGEST_EVIDENCE) for place, one in enumerate(evidence)]
    return tuple(read_all(*given))


def refuse_unusable_contact(contact: Contact | None) -> None:
    """Raises `Invalid`."""
    if contact is None:
        return
    for pointer, said, is_wanted, fault in (
        ("/contact/phone", contact.phone, str.isdigit, _NO_PHONE),
        ("/contact/email", contact.email, "@".__eq__, _NO_EMAIL),
    ):
        if said is None:
            continue
        read_text(pointer, said, LONGEST_CONTACT)
        if not any(map(is_wanted, said.reveal())):
            raise Invalid([FieldError(pointer, "not-allowed", fault)])
