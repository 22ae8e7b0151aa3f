"""What the gate stops today: text that cannot be seen, in every field, with all its faults at once."""

import pytest

from app.kernel.errors import Invalid
from app.screening.domain import Field, Text
from app.screening.service import refuse_unreadable

_WITH_LINES = {Field.BIO, Field.SIGNATURE, Field.BOARD_DESCRIPTION, Field.REASON}


@pytest.mark.parametrize("hidden", ["\u0007", "\u0000", "\u200b", "\u202e", "\u2028", "\ue000", "\ud83d", "\r"])
@pytest.mark.parametrize("field", Field)
def test_no_field_takes_what_nobody_sees(field: Field, hidden: str) -> None:
    (fault,) = Text(field, "/there", f"清{hidden}风").faults()
    assert (fault.pointer, fault.reason) == ("/there", "bad-character")


@pytest.mark.parametrize("field", Field)
def test_lines_are_for_the_fields_that_have_lines(field: Field) -> None:
    assert (Text(field, "", "一\n二").faults() == []) == (field in _WITH_LINES)


@pytest.mark.parametrize("field", Field)
def test_what_is_seen_passes_everywhere(field: Field) -> None:
    assert Text(field, "", "👨\u200d👩\u200d👧 می\u200cخواهم 山间清风 <b>").faults() == []


@pytest.mark.parametrize("blank", [" ", "\u3000\u00a0", "\u200d", "\u2003"])
def test_a_reason_and_the_name_of_a_board_are_never_blank(blank: str) -> None:
    blank_ones = {
        field for field in Field if [fault.reason for fault in Text(field, "", blank).faults()] == ["too-short"]
    }
    assert blank_ones == {Field.REASON, Field.BOARD_NAME}


def test_every_fault_of_every_text_is_told_together() -> None:
    texts = [Text(Field.BIO, "/bio", "\u200b"), Text(Field.HANDLE, "/handle", "好"), Text(Field.REASON, "/r", "\u0007")]
    with pytest.raises(Invalid) as refused:
        refuse_unreadable(texts)
    assert [fault.pointer for fault in refused.value.fields] == ["/bio", "/r"]
