"""No route shows an identity, looks for one by who they are, or takes several people: but for one disclosure of one."""

import httpx2

from tests.architecture.test_contract import operations, served_fields

_EXECUTES = ("POST", "/v1/staff/disclosures/{disclosure_id}/execute")
_IDENTITY = {"document_number", "document_type", "phone", "real_name", "name", "number", "person_id", "id_number"}
_HAVE_A_NAME = {"/v1/boards", "/v1/staff"}
"""Boards, forums, policies and lexicons are called something."""
_OF_POLICIES = "/v1/staff/policies"
"""Their numbers are periods and limits."""
_GIVE_THEIR_OWN = {"/v1/verifications", "/v1/complaints", "/v1/appeals"}
"""A forum sends what a person typed, and hears whether it matched; whoever complains may leave a number."""
_OPENS_A_CONTACT = ("POST", "/v1/staff/complaints/{case_id}/contact")
"""What somebody left to be reached by, which is no identity; each opening is on record with its reason."""
_SEVERAL = ("account_ids", "accounts", "persons", "people", "handles", "external_ids")


def test_no_answer_but_that_of_an_execution_has_a_field_for_an_identity(address: str) -> None:
    document = httpx2.get(f"{address}/openapi.json").json()
    shown: dict[tuple[str, str], set[str]] = {}
    for operation, served in operations(document):
        for where, name in served_fields(document, served):
            last = name.split(".")[-1].removesuffix("[]")
            if (
                where == "response"
                and last in _IDENTITY
                and not (last == "number" and operation[1].startswith(_OF_POLICIES))
            ):
                shown.setdefault(operation, set()).add(last)
    assert shown.pop(_EXECUTES) == {"name", "document_type", "document_number", "phone"}
    assert shown.pop(_OPENS_A_CONTACT) == {"phone"}
    assert {operation for operation, fields in shown.items() if fields != {"name"}} == set()
    assert all(path.startswith(tuple(_HAVE_A_NAME)) for _, path in shown)


def test_nobody_is_looked_for_by_who_they_are_and_no_staff_route_takes_several_accounts(address: str) -> None:
    document = httpx2.get(f"{address}/openapi.json").json()
    for (method, path), served in operations(document):
        fields = served_fields(document, served)
        asked = {name.split(".")[-1].removesuffix("[]") for where, name in fields if where in {"query", "path"}}
        assert asked & _IDENTITY == set(), (method, path)
        sent = {name.split(".")[-1] for where, name in fields if where == "request"}
        if not path.startswith(tuple(_HAVE_A_NAME | _GIVE_THEIR_OWN)):
            assert sent & _IDENTITY == set(), (method, path)
        if path.startswith("/v1/staff/"):
            assert not [name for name in asked | sent if name.removesuffix("[]") in _SEVERAL], (method, path)
