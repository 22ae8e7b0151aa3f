"""The shape of every refusal."""

from app.api.screening_shapes import Screening
from app.api.shapes import Answer


class FieldProblem(Answer):
    pointer: str
    detail: str
    reason: str


class Remedy(Answer):
    text: str
    url: str


class DenialReason(Answer):
    code: str
    detail: str
    remedy: Remedy | None


class Problem(Answer):
    """RFC 9457. `errors` comes with 422; `reasons` with `posting-denied`, and `screening` where content was sent along.

    `field` and `categories` come with `screening-blocked`.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    errors: list[FieldProblem] | None = None
    reasons: list[DenialReason] | None = None
    screening: Screening | None = None
    field: str | None = None
    categories: list[str] | None = None
