"""What runs in a page or counts in a spreadsheet does neither, in any field of a complaint, appeal or violation."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from html import unescape

import httpx2
import pytest

from app.kernel.actor import OPERATOR
from app.organisation.domain import AuthorityEntry, AuthorityKind
from app.staff.access import Role
from app.wiring import Services
from tests.console.test_hostile import LEADS_WITHIN, NEVER, Page, acts, packed
from tests.reporting.complaining import Anybody, act, decide, ok, waiting
from tests.support.clock import TODAY
from tests.support.console import AtConsole
from tests.support.forum import NO_CERTIFICATES, ForumBackend, Json
from tests.support.payloads import FORMULAS, SCRIPTS
from tests.support.serving import serving
from tests.support.staff import make_staff
from tests.torture.form import Form
from tests.torture.scenarios import GENEROUS

_PAYLOADS = tuple(one for one in (*SCRIPTS, *FORMULAS) if one.isprintable() and one.isascii())
_LONG, _SHORT = packed(_PAYLOADS, 5000), packed(_PAYLOADS, 180)
_AT = "2026-11-21T03:00:00Z"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the same pages on the other one
def test_what_is_typed_is_text_on_every_page_and_in_every_file(services: Services, form: Form) -> None:
    assert len(_PAYLOADS) >= 60
    with ExitStack() as stack:
        address = stack.enter_context(serving(services, GENEROUS))
        forum = stack.enter_context(_forum(services, address))
        http = stack.enter_context(httpx2.Client(base_url=address, timeout=30, verify=NO_CERTIFICATES))
        handler, second = make_staff(services, *Role), make_staff(services, *Role)
        staff, other = (stack.enter_context(one.http(address)) for one in (handler, second))
        account = forum.member("山间清风")["id"]
        codes, cases = _complained(http, staff, other, forum, account)
        violation, report = _recorded(services, staff, other, forum, account)
        console = stack.enter_context(AtConsole(address, handler))
        paths = ["/console", "/console/complaints", "/console/violations", "/console/reports", "/console/audit"]
        paths += [f"/console/complaints/{case}" for case in cases]
        paths += [f"/console/violations/{violation}", f"/console/reports/{report}", f"/console/reports/{report}/print"]
        shown = {path: console.get(path) for path in paths}
        console.get(f"/console/complaints/{cases[0]}")
        contact = f"/console/complaints/{cases[0]}/contact"
        shown[contact] = console.send(contact, why_contact=_SHORT[0])
        console.get(f"/console/violations/{violation}")
        evidence = f"/console/violations/{violation}/evidence"
        shown[evidence] = console.send(evidence, why_open=_SHORT[0])
        shown |= {f"track {n}": http.post("/complaints/track", data={"code": code}) for n, code in enumerate(codes)}
        shown |= {path: http.get(path) for path in ("/complaints", "/appeals", "/transparency")}
        figures = http.get("/transparency/figures.csv")
        told = console.http.get(f"/console/reports/{report}/json")
    for path, answer in shown.items():
        assert answer.status_code == httpx2.codes.OK, path
        assert _faults(answer) == [], path
    for path in (*(f"/console/complaints/{case}" for case in cases[:1]), "track 0"):
        read = unescape(shown[path].text)
        assert all(one in read for one in _PAYLOADS), path
    assert all(one in unescape(shown[evidence].text) for one in _PAYLOADS)
    assert all(one in unescape(shown[f"/console/reports/{report}/print"].text) for one in _PAYLOADS)
    assert told.headers["content-type"].startswith("application/json")
    assert "attachment" in told.headers["content-disposition"]
    assert figures.status_code == httpx2.codes.OK
    assert [cell for line in figures.text.splitlines() for cell in line.split(",") if cell[:1] in {*"=+-@\t"}] == []
    form.tell("payloads where somebody complains", f"{len(_PAYLOADS)} in every field, {len(shown)} pages: all text")


@contextmanager
def _forum(services: Services, address: str) -> Iterator[ForumBackend]:
    backend = ForumBackend(address, services.forums.add(OPERATOR, "测试论坛"))
    yield backend
    backend.http.close()


def _complained(
    http: httpx2.Client, staff: httpx2.Client, other: httpx2.Client, forum: ForumBackend, account: str
) -> tuple[list[str], list[str]]:
    """A complaint through all that can be said in it, and an appeal that nobody proved."""
    anybody = Anybody(http, forum.credentials.forum_id)
    given: Json = {
        "evidence": [*_SHORT[:9], _LONG[0][:2000]],
        "contact": {"phone": f"1{_SHORT[0]}", "email": f"@{_SHORT[1]}"},
    }
    target = {"kind": "other", "ref": _LONG[0][:2000], "account": _SHORT[0], "board": _SHORT[1]}
    code = anybody.code(target=target, description=_LONG[0], on_behalf="company", **given)
    (case,) = (one["id"] for one in waiting(staff))
    ok(act(staff, case, "accept", take=True))
    ok(act(staff, case, "reply", text=_LONG[0], question=True))
    ok(anybody.says(code, _LONG[0]))
    ok(decide(staff, case, "not_upheld", text=_LONG[0][:2000]))
    ok(anybody.appeals(code, _LONG[0]))
    ok(decide(other, case, "rejected", text=_LONG[0][:2000]))
    against = {"kind": "suspension", "ref": _SHORT[0][:80]}
    body = {"forum_id": anybody.forum_id, "against": against, "grounds": _LONG[0], "account_id": account, **given}
    appealed = ok(http.post("/v1/appeals", json=body), 201)["tracking_code"]
    (appeal,) = (one["id"] for one in waiting(staff))
    return [code, appealed], [case, appeal]


def _recorded(
    services: Services, staff: httpx2.Client, other: httpx2.Client, forum: ForumBackend, account: str
) -> tuple[str, str]:
    content = {"ref": _SHORT[0], "text": _LONG[0], "published_at": _AT}
    found = {"account_id": account, "category": "fraud", "source": "patrol", "discovered_at": _AT, "content": content}
    violation = ok(forum.post("/v1/violations", found), 201)["id"]
    at = f"/v1/staff/violations/{violation}"
    ok(staff.post(f"{at}/measures", json={"measure": "delete", "reason": _SHORT[0]}), 201)
    ok(staff.post(f"{at}/hold", json={"reason": _SHORT[0]}))
    entry = AuthorityEntry("公安局", AuthorityKind.PS_LOCAL, "测试市", "110", TODAY.date())
    services.organisation.add_authority(OPERATOR, entry)
    report = ok(staff.post(f"{at}/reports", json={"authority": "ps_local", "note": _SHORT[0]}), 201)["id"]
    ok(other.post(f"/v1/staff/reports/{report}/approve", json={}))
    ok(staff.post(f"/v1/staff/reports/{report}/sent", json={"receipt_no": _SHORT[0][:100]}))
    return violation, report


def _faults(answer: httpx2.Response) -> list[object]:
    """Elements and attributes that no page of ours has, and addresses that lead elsewhere."""
    page = Page(answer.text)
    found: list[object] = [one for one in page.addresses if not LEADS_WITHIN.match(one)]
    return found + [shape for shape in page.shapes if shape[0] in NEVER or acts(shape[1])]
