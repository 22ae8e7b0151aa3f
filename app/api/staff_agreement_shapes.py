"""Shapes of agreements as staff write and publish them."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from app import policies
from app.agreements.clauses import Missing
from app.agreements.differences import Change, Line
from app.agreements.domain import (
    AgreementKind,
    AgreementVersion,
    BindingDates,
    Draft,
    DraftChange,
    DraftStatus,
    PublishedVersion,
    WrittenDraft,
)
from app.agreements.drafts import ReadDraft
from app.api.account_shapes import AgreementText
from app.api.receipt_shapes import ReceiptShown
from app.api.shapes import Answer, Moment, Request, Stamp
from app.kernel.errors import FieldError, Invalid
from app.kernel.sentence import Language, Sentence

_NOTHING_GIVEN = FieldError(
    "", "nothing-given", Sentence("至少给出一个要改的字段。", "Give at least one field to change.")
)
_LongText = Annotated[str, Field(max_length=policies.AGREEMENT_LONGEST_TEXT.value)]
_Version = Annotated[str, Field(pattern="^[0-9A-Za-z][0-9A-Za-z.-]{0,31}$", description="Like 2026-12.")]
_Title = Annotated[str, Field(min_length=1, max_length=120)]
_Revision = Annotated[int, Field(ge=1, le=1_000_000, description="That of the draft as it was read.")]


class TextGiven(Request):
    """The Chinese text decides. A heading begins with `#`; a clause stands between two of them.

    Two long texts do not fit into one request: give one, then the other.
    """

    zh: _LongText | None = None
    en: _LongText | None = None


class NewDraft(Request):
    kind: Annotated[AgreementKind, Field(strict=False)]
    version: _Version
    title: _Title
    text: TextGiven

    def as_draft(self) -> Draft:
        return Draft(self.kind, self.version, self.text.zh or "", self.text.en or "")


class ChangedDraft(Request):
    """Only what is given changes."""

    revision: _Revision
    version: _Version | None = None
    title: _Title | None = None
    text: TextGiven | None = None

    def as_change(self) -> DraftChange:
        """Raises `Invalid` when nothing is given."""
        text = self.text or TextGiven()
        change = DraftChange(self.version, self.title, text.zh, text.en)
        if change == DraftChange():
            raise Invalid([_NOTHING_GIVEN])
        return change


class OfRevision(Request):
    revision: _Revision


class PublicationAsked(Request):
    revision: _Revision
    effective_at: Moment
    accept_by: (
        Annotated[Moment, Field(description="At least 7 days after effective_at; that long where not given.")] | None
    ) = None

    def as_dates(self) -> BindingDates:
        return BindingDates(self.effective_at, self.accept_by)


class DraftListed(Answer):
    id: str
    kind: AgreementKind
    version: str
    title: str
    status: DraftStatus
    revision: int
    created_at: Stamp
    updated_at: Stamp
    updated_by: str

    @classmethod
    def of(cls, written: WrittenDraft) -> "DraftListed":
        return cls(
            id=written.id,
            kind=written.draft.kind,
            version=written.draft.version,
            title=written.title,
            status=written.status,
            revision=written.revision,
            created_at=written.created_at,
            updated_at=written.updated_at,
            updated_by=written.updated_by,
        )


class DraftPage(Answer):
    items: list[DraftListed]
    next_cursor: str | None


class MissingClause(Answer):
    clause: str
    language: Language
    words: str = Field(description="What one section would have to say: all of it, of words between / any one.")

    @classmethod
    def of(cls, missing: Missing) -> "MissingClause":
        return cls(clause=missing.clause, language=missing.language, words=missing.words)


class LineShown(Answer):
    change: Change
    text: str


class Differences(Answer):
    zh: list[LineShown]
    en: list[LineShown]


class DraftShown(DraftListed):
    text: AgreementText
    missing: list[MissingClause]
    """Clauses that the text does not show; with any it cannot be published."""
    against: str | None
    """The version in force, with which it is compared."""
    differences: Differences

    @classmethod
    def read(cls, found: ReadDraft) -> "DraftShown":
        written = found.written
        return cls(
            **dict(DraftListed.of(written)),
            text=AgreementText(zh=written.draft.zh, en=written.draft.en),
            missing=[MissingClause.of(one) for one in found.missing],
            against=found.against,
            differences=Differences(
                zh=_lines(found.differences[Language.CHINESE]), en=_lines(found.differences[Language.ENGLISH])
            ),
        )


class VersionListed(Answer):
    kind: AgreementKind
    version: str
    title: str
    sha256: str
    effective_at: Stamp
    accept_by: Stamp
    in_force: bool

    @classmethod
    def of(cls, published: PublishedVersion) -> "VersionListed":
        version = published.version
        return cls(
            kind=version.kind,
            version=version.version,
            title=version.title,
            sha256=version.sha256,
            effective_at=version.effective_at,
            accept_by=version.accept_by,
            in_force=published.in_force,
        )


class VersionPage(Answer):
    items: list[VersionListed]
    next_cursor: str | None


class PublishedShown(Answer):
    kind: AgreementKind
    version: str
    sha256: str
    effective_at: Stamp
    accept_by: Stamp
    receipt: ReceiptShown

    @classmethod
    def of(cls, version: AgreementVersion, receipt: ReceiptShown) -> "PublishedShown":
        return cls(
            kind=version.kind,
            version=version.version,
            sha256=version.sha256,
            effective_at=version.effective_at,
            accept_by=version.accept_by,
            receipt=receipt,
        )


def _lines(lines: Sequence[Line]) -> list[LineShown]:
    return [LineShown(change=line.change, text=line.text) for line in lines]
