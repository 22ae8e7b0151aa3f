"""What somebody has typed of a complaint so far: it travels in the form, and is judged one question at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from app.kernel.errors import FieldError, Invalid
from app.kernel.secret import Secret
from app.kernel.sentence import Language
from app.pages.sent_once import form_key, new_form_key
from app.reporting.desk import NewComplaint
from app.reporting.domain import Category, Contact, OnBehalf, TargetKind
from app.reporting.filing import NamedTarget
from app.reporting.given import (
    LONGEST_EVIDENCE,
    LONGEST_NAME,
    LONGEST_REF,
    LONGEST_TEXT,
    MOST_EVIDENCE,
    Given,
    refuse_unusable_contact,
)
from app.web.words import text

CATEGORY, TARGET, STORY, CONTACT, CHECK = "category", "target", "story", "contact", "check"
STEPS = (CATEGORY, TARGET, STORY, CONTACT, CHECK)
YES = "yes"
Errors = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Draft:
    """Every field is as it was typed; `checked` says that the last page has been seen, which one returns to then."""

    forum: str = ""
    key: str = ""
    category: str = ""
    kind: str = ""
    ref: str = field(default="", repr=False)
    account: str = field(default="", repr=False)
    board: str = field(default="", repr=False)
    description: str = field(default="", repr=False)
    evidence: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    company: str = ""
    checked: str = ""

    @property
    def said(self) -> dict[str, str]:
        """What is sent in the end."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name not in {"key", "checked"}}

    @property
    def links(self) -> list[str]:
        return lines_of(self.evidence)


_STEP_OF = {
    "category": CATEGORY,
    "kind": TARGET,
    "ref": TARGET,
    "description": STORY,
    "evidence": STORY,
    "phone": CONTACT,
    "email": CONTACT,
    "company": CONTACT,
}
"""Where each field is asked for; elsewhere it is carried along unseen."""


def hidden(draft: Draft, step: str) -> list[tuple[str, str]]:
    """What a page of this step carries along."""
    named = ((one.name, getattr(draft, one.name)) for one in fields(draft))
    return [(name, value) for name, value in named if value and _STEP_OF.get(name) != step]


def read_draft(form: Mapping[str, str]) -> Draft:
    known = {one.name: form.get(one.name, "") for one in fields(Draft)}
    return Draft(**{**known, "key": form_key(form)})


def begun(forum: str, query: Mapping[str, str]) -> Draft:
    """From the address that a forum's button has: what somebody complains of, and whose it is."""
    kind = query.get("kind", "")
    misuse = kind == TargetKind.IDENTITY_MISUSE
    given = {name: query.get(name, "")[:longest] for name, longest in _FROM_THE_FORUM.items()}
    draft = Draft(forum, new_form_key(), Category.IMPERSONATION if misuse else "", **given)
    return replace(draft, kind=kind) if kind in set(TargetKind) else draft


_FROM_THE_FORUM = {"ref": LONGEST_REF, "account": LONGEST_NAME, "board": LONGEST_NAME}


def faults_of(step: str, draft: Draft, language: Language) -> Errors:
    """What keeps this step from being left, field by field."""
    return _JUDGES[step](draft, language) if step in _JUDGES else []


def first_fault(draft: Draft, language: Language) -> tuple[str, Errors] | None:
    """The first step that must be done again."""
    judged = ((step, faults_of(step, draft, language)) for step in STEPS)
    return next(((step, errors) for step, errors in judged if errors), None)


def new_complaint(draft: Draft) -> NewComplaint:
    """Of a draft without faults."""
    return NewComplaint(
        draft.forum,
        Category(draft.category),
        NamedTarget(TargetKind(draft.kind), draft.ref.strip(), draft.account or None, draft.board or None),
        Secret(draft.description),
        tuple(Secret(one) for one in draft.links),
        contact_of(draft.phone, draft.email),
        OnBehalf.COMPANY if draft.company else OnBehalf.PERSON,
    )


def contact_of(phone: str, email: str) -> Contact | None:
    phone, email = phone.strip(), email.strip()
    if not phone and not email:
        return None
    return Contact(Secret(phone) if phone else None, Secret(email) if email else None)


def lines_of(evidence: str) -> list[str]:
    """One link or text a line."""
    return [line.strip() for line in evidence.splitlines() if line.strip()]


def text_faults(name: str, typed: str, empty: str, language: Language, longest: int = LONGEST_TEXT) -> Errors:
    """Of one text that must say something; `empty` is the key of what is said where it does not."""
    if not typed.strip():
        return [(name, text(language, empty))]
    return _told(name, Given(name, Secret(typed), longest).faults(), language, longest)


def evidence_faults(typed: str, language: Language) -> Errors:
    found = lines_of(typed)
    if len(found) > MOST_EVIDENCE:
        return [("evidence", text(language, "complaints.error.evidence", n=MOST_EVIDENCE))]
    faults = [fault for one in found for fault in Given("evidence", Secret(one), LONGEST_EVIDENCE).faults()]
    return _told("evidence", faults[:1], language, LONGEST_EVIDENCE)


def contact_faults(phone: str, email: str, language: Language) -> Errors:
    errors: Errors = []
    for name, contact in (("phone", contact_of(phone, "")), ("email", contact_of("", email))):
        try:
            refuse_unusable_contact(contact)
        except Invalid as refusal:
            errors.append((name, _without_stop(refusal.fields[0], language)))
    return errors


def _told(name: str, faults: list[FieldError], language: Language, longest: int) -> Errors:
    return [
        (name, text(language, "complaints.error.long", n=longest))
        if fault.reason == "too-long"
        else (name, _without_stop(fault, language))
        for fault in faults
    ]


def _without_stop(fault: FieldError, language: Language) -> str:
    return fault.detail.in_language(language).rstrip("。.")


def _category_faults(draft: Draft, language: Language) -> Errors:
    known = draft.category in set(Category)
    return [] if known else [("category", text(language, "complaints.error.category"))]


def _target_faults(draft: Draft, language: Language) -> Errors:
    errors: Errors = []
    if draft.kind not in set(TargetKind):
        errors.append(("kind", text(language, "complaints.error.kind")))
    misuse = draft.kind == TargetKind.IDENTITY_MISUSE
    empty = "complaints.error.ref_handle" if misuse else "complaints.error.ref"
    return errors + text_faults("ref", draft.ref, empty, language, LONGEST_REF)


def _story_faults(draft: Draft, language: Language) -> Errors:
    said = text_faults("description", draft.description, "complaints.error.description", language)
    return said + evidence_faults(draft.evidence, language)


def _contact_faults(draft: Draft, language: Language) -> Errors:
    return contact_faults(draft.phone, draft.email, language)


_JUDGES = {CATEGORY: _category_faults, TARGET: _target_faults, STORY: _story_faults, CONTACT: _contact_faults}
