"""What people read when they are refused equals the committed table of sentences, word for word."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.accounts.errors import AccountNotFound
from app.kernel.errors import ShimingError, Unavailable
from app.kernel.sentence import Sentence
from app.posting.denials import DENIALS, NEW_AGREEMENT_VERSION, REMEDY_PLACES
from app.posting.errors import Denial, ReasonCode

_ROOT = Path(__file__).parents[2]
_REASON_CODES = _ROOT / "tests" / "architecture" / "reason_codes.txt"
_WITHOUT_A_DENIAL: dict[str, type[ShimingError]] = {"account-not-found": AccountNotFound, "unavailable": Unavailable}
_NO_BUTTON = {"none", "the forum opens a registration"}


@dataclass(frozen=True)
class Row:
    code: str
    variant: str
    detail: Sentence
    remedy: Sentence | None
    place: str | None
    """Where the remedy leads."""


def rows() -> list[Row]:
    lines = (_ROOT / "docs" / "sentences.md").read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("| `")]
    return [row for line in table for row in _rows_of([cell.strip() for cell in line.strip("|").split("|")])]


def _rows_of(cells: list[str]) -> Iterator[Row]:
    names, zh, en, remedy = cells
    variant = names.rsplit("`", 1)[1].strip(", ")
    for code in re.findall(r"`([^`]+)`", names):
        yield Row(code, variant, Sentence(zh, en), _remedy_of(remedy), _place_of(remedy))


def _remedy_of(cell: str) -> Sentence | None:
    if cell in _NO_BUTTON:
        return None
    texts = cell.rsplit(" → ", 1)[0]
    zh, en = texts.split(" / ", 1)
    return Sentence(zh, en)


def _place_of(cell: str) -> str | None:
    place = None if cell in _NO_BUTTON else cell.rsplit(" → ", 1)[1]
    return "explanation" if place is not None and place.startswith("`/problems/") else place


def _denial_of(row: Row) -> Denial:
    return NEW_AGREEMENT_VERSION if row.variant == "new version" else DENIALS[ReasonCode(row.code)]


def test_the_table_holds_every_reason_and_every_reason_has_a_denial() -> None:
    named = {row.code for row in rows()} - set(_WITHOUT_A_DENIAL)
    assert named == {code.value for code in ReasonCode}
    assert {code: denial.code for code, denial in DENIALS.items()} == {code: code for code in ReasonCode}


def test_every_sentence_and_remedy_is_the_one_in_the_table() -> None:
    compared = [row for row in rows() if row.code not in _WITHOUT_A_DENIAL]
    assert len(compared) == len(ReasonCode) + 1  # the agreement has a sentence for a new version too
    for row in compared:
        denial = _denial_of(row)
        assert (denial.code, denial.detail, denial.remedy) == (row.code, row.detail, row.remedy)
        assert REMEDY_PLACES.get(denial.code) == row.place


def test_the_refusals_that_are_no_denial_say_what_the_table_says() -> None:
    found = {row.code: row.detail for row in rows() if row.code in _WITHOUT_A_DENIAL}
    assert found == {code: error.sentence for code, error in _WITHOUT_A_DENIAL.items()}
    assert {code: error.code for code, error in _WITHOUT_A_DENIAL.items()} == {code: code for code in found}


def test_the_reasons_are_those_written_down_by_hand_in_their_order() -> None:
    assert _REASON_CODES.read_text(encoding="utf-8").split() == [code.value for code in ReasonCode]


def test_the_reasons_are_those_of_the_contract() -> None:
    contract = (_ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    listed = contract.split("Reason codes:", 1)[1].split("\n", 1)[0]
    listed = re.sub(r"\([^)]*\)", "", listed)
    assert re.findall(r"`([^`]+)`", listed) == [code.value for code in ReasonCode]
