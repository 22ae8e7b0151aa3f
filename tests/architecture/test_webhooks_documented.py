"""`docs/webhooks.md` against the catalogue: every type with the fields of its data, and the contract's types first."""

import re
from dataclasses import fields
from pathlib import Path

from app import policies
from app.events.catalogue import PAYLOADS, EventType
from app.events.sender import Fault

_DOCS = Path(__file__).parents[2] / "docs"
_OUR_OWN = {
    EventType.MODERATOR_WARNED,
    EventType.BOARD_UNATTENDED,
    EventType.RECONCILIATION_REQUESTED,
    EventType.REVIEW_OPENED,
    EventType.WEBHOOK_TEST,
}
_FIELDS_OF_THE_CONTRACT = {
    "account": "account_id, external_id, handle, status, until",
    "moderator": "moderator_id, board_id, board, account_id, external_id, handle, role, state, due_at, suspends_at",
    "board": "board_id, board, status",
    "posting": "scope",
}


def _page() -> str:
    return (_DOCS / "webhooks.md").read_text(encoding="utf-8")


def test_every_type_stands_on_the_page_with_the_fields_of_its_data() -> None:
    rows = dict(re.findall(r"^\| `([a-z.]+)` \| (.+) \|$", _page(), re.MULTILINE))
    assert rows == {
        kind.value: ", ".join(f"`{one.name}`{'?' if one.metadata else ''}" for one in fields(payload))
        for kind, payload in PAYLOADS.items()
    }
    assert set(PAYLOADS) == set(EventType)


def test_the_types_are_those_of_the_contract_and_a_few_of_our_own() -> None:
    part = (_DOCS / "api.md").read_text(encoding="utf-8").partition("## 11 ")[2].partition("## 12 ")[0]
    listed = re.findall(r"`([a-z]+\.[a-z]+)`", part.partition("Types: ")[2])
    assert [kind for kind in EventType if kind not in _OUR_OWN] == listed
    takedown = re.search(r"`\{(violation_id, .+?)\}`", part)
    assert takedown is not None
    told = {**_FIELDS_OF_THE_CONTRACT, "violation.takedown": takedown[1]}
    for kind, payload in PAYLOADS.items():
        wanted = told.get(kind) or told.get(kind.partition(".")[0])
        if wanted and kind is not EventType.VIOLATION_RECORDED:
            required = [one.name for one in fields(payload) if not one.metadata]
            assert ", ".join(required) == wanted, kind
            assert f"{{{wanted}}}" in part


def test_the_page_names_every_fault_and_every_pause_between_attempts() -> None:
    page = _page()
    assert [fault for fault in Fault if f"`{fault}`" not in page] == []
    said = re.search(r"Another attempt after (.+?), each", page)
    assert said is not None
    units = {"s": 1, "min": 60, "h": 3600}
    pauses = [int(number) * units[unit] for number, unit in re.findall(r"(\d+) (s|min|h)", said[1])]
    assert pauses == [pause.value for pause in policies.EVENT_RETRIES]
