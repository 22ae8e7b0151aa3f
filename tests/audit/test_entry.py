"""An entry has one spelling, whatever it says."""

import json

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from app.audit.domain import Action, AuditObject, Entry, ObjectKind, search_columns
from app.kernel.actor import Actor, ActorKind


@given(st.text(max_size=200), st.text(max_size=200), st.none() | st.text(max_size=200))
def test_whatever_is_said_the_bytes_are_those_of_rfc_8785(actor: str, acted_on: str, reason: str | None) -> None:
    entry = Entry(
        id="0",
        ts="2026-11-30T00:00:00.000Z",
        actor=Actor(ActorKind.CLIENT, actor, reason),
        action=Action.TOKEN_REVOKED,
        object=AuditObject(ObjectKind.TOKEN, acted_on),
        outcome="done",
        reason=reason,
        case=None,
    ).canonical()
    assert rfc8785.dumps(json.loads(entry)) == entry
    columns = search_columns(entry)
    assert (columns.action, columns.actor_kind, columns.object_kind) == ("token.revoked", "client", "token")
    assert acted_on.startswith(columns.object_id) or not acted_on.isprintable()
