"""Disclosures at the console: asked for, approved, refused, and opened into a file that only its passphrase opens."""

import base64
import json
import re
from datetime import timedelta
from hashlib import pbkdf2_hmac, sha256

import httpx2
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.accounts.models import AccountRow
from app.audit.search import Question
from app.kernel.actor import OPERATOR
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.console import AtConsole
from tests.support.disclosing import WANTED, Office, open_office
from tests.support.forum import NAME, PERSON, ForumBackend
from tests.support.staff import make_staff

HERE = "/console/disclosures"
FORM = {
    "field-name": "yes",
    "field-document_number": "yes",
    **{name: str(WANTED[name]) for name in ("authority", "instrument_no", "legal_basis", "purpose")},
}
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def office(services: Services, address: str) -> Office:
    return open_office(services, address)


def waiting(at: AtConsole) -> int:
    """What the menu says beside the disclosures."""
    found = re.search(rf'href="{HERE}"[^>]*><span>[^<]*</span> <span class="count">([0-9]+)<', at.page.text)
    return int(found[1]) if found else 0


def slip(at: AtConsole, disclosure_id: str) -> str:
    """Asks for a passphrase and reads it off the page."""
    assert at.get(f"{HERE}/{disclosure_id}/open").status_code == 200
    shown = at.send(f"{HERE}/{disclosure_id}/open")
    assert shown.status_code == 200, shown.text
    found = re.search(r'sealed-code" translate="no">([a-z0-9-]{24})<', shown.text)
    assert found
    return found[1]


def sealed_in(file: httpx2.Response) -> dict[str, str]:
    found = re.search(r'<script type="application/json" id="sealed">(.*?)</script>', file.text)
    assert found
    sealed: dict[str, str] = json.loads(found[1])
    return sealed


def opened(file: httpx2.Response, passphrase: str) -> dict[str, object]:
    """As `docs/disclosure.md` tells everybody to."""
    sealed = sealed_in(file)
    raw = {name: base64.b64decode(sealed[name]) for name in ("salt", "nonce", "ciphertext")}
    key = pbkdf2_hmac("sha256", passphrase.replace("-", "").encode(), raw["salt"], int(sealed["rounds"]), 32)
    plain: dict[str, object] = json.loads(
        AESGCM(key).decrypt(raw["nonce"], raw["ciphertext"], sealed["about"].encode())
    )
    return plain


def test_a_disclosure_is_asked_for_approved_by_two_and_leaves_in_a_sealed_file_alone(
    office: Office, forum: ForumBackend, address: str
) -> None:
    account = forum.member("山间清风")
    with AtConsole(address, office.asker) as asker:
        form = asker.get(f"{HERE}/new", account=account["id"])
        assert "山间清风" in form.text
        assert all(f"{one.email} · can approve" in form.text for one in office.approvers)
        assert " checked" not in form.text
        made = asker.send(f"{HERE}/new", account_id=account["id"], **FORM)
        assert made.status_code == 200, made.text
        disclosure_id = made.url.path.rpartition("/")[2]
        for one in office.approvers[:2]:
            with AtConsole(address, one) as approver:
                assert WANTED["authority"] in approver.get(f"{HERE}/{disclosure_id}").text
                assert waiting(approver) == 1
                done = approver.send(f"{HERE}/{disclosure_id}/approve")
                assert waiting(approver) == 0
                assert (done.status_code, "Approved" in done.text) == (200, True), done.text
        asker.get(HERE)
        assert waiting(asker) == 1
        passphrase, other = slip(asker, disclosure_id), ""
        file = asker.send(f"{HERE}/{disclosure_id}/file")
        assert (file.status_code, file.headers["cache-control"]) == (200, "no-store"), file.text
        assert file.headers["content-disposition"].startswith("attachment; ")
        for closed in (NAME, PERSON, passphrase):
            assert closed not in file.text
        assert opened(file, passphrase)["fields"] == {"name": NAME, "document_number": PERSON}
        other = slip(asker, disclosure_id)
        again = asker.send(f"{HERE}/{disclosure_id}/file")
        assert other != passphrase
        assert opened(again, other)["fields"] == opened(file, passphrase)["fields"]
        assert len(office.on_record("identity.read")) == 1
        digests = {sha256(one.content).hexdigest() for one in (file, again)}
        assert {one["case"] for one in office.on_record("disclosure.sealed")} == digests
        page = asker.get(f"{HERE}/{disclosure_id}").text
        assert all(digest in page for digest in digests)
        assert waiting(asker) == 0
        assert NAME not in page
        assert PERSON not in page


def test_who_could_not_get_enough_approvals_reads_so_before_anything_is_typed(
    services: Services, clock: FakeClock, address: str
) -> None:
    asker = make_staff(services, "privacy")
    new = make_staff(services, "privacy", since=clock.now())
    with AtConsole(address, asker) as at:
        form = at.get(f"{HERE}/new").text
        assert "2 more approvers are needed" in form
        assert f"{new.email} · can approve from" in form
        assert f"{asker.email} · can" not in form


def test_what_is_left_out_is_said_at_its_field_with_what_was_typed(
    office: Office, forum: ForumBackend, address: str
) -> None:
    account = forum.member("山间清风")
    with AtConsole(address, office.asker) as asker:
        asker.get(f"{HERE}/new")
        wrong = asker.send(f"{HERE}/new", account_id=account["id"], authority=SCRIPT, notify_after="tomorrow")
        assert wrong.status_code == 422
        assert re.findall(r'id="([a-z_]+)-error"', wrong.text) == [
            "fields",
            "purpose",
            "instrument_no",
            "legal_basis",
            "notify_after",
        ]
        assert SCRIPT not in wrong.text
        assert 'value="&lt;script&gt;alert(1)&lt;/script&gt;"' in wrong.text
        late = {**FORM, "purpose": "subject_request", "notify_after": "2099-01-01"}
        refused = asker.send(f"{HERE}/new", account_id=account["id"], **late)
        assert (refused.status_code, 'id="notify_after-error"' in refused.text) == (422, True)
        nobody = asker.send(f"{HERE}/new", account_id="acc_nobody", **FORM)
        assert (nobody.status_code, "There is no such account" in nobody.text) == (404, True)
    assert office.refusals()["disclosure.requested", "account-unknown"] == 1


def test_who_may_not_approve_is_told_with_the_reason_and_every_attempt_is_on_record(
    office: Office, forum: ForumBackend, address: str, services: Services, clock: FakeClock
) -> None:
    disclosure_id = office.ask(forum.member("山间清风")["id"])
    new = make_staff(services, "privacy", since=clock.now() - timedelta(hours=3), email="new@staff.example")
    reviewer, compliance = make_staff(services, "reviewer"), office.asker
    with AtConsole(address, new) as at:
        page = at.get(f"{HERE}/{disclosure_id}")
        assert f'action="{HERE}/{disclosure_id}/approve"' not in page.text
        assert re.search(r"new@staff\.example</td>.*?May not: Only who has been here", page.text, re.DOTALL)
    with AtConsole(address, compliance) as at:
        form = re.search(r'name="form" value="([0-9a-f]+)"', at.get(f"{HERE}/{disclosure_id}").text)
        assert form
        assert at.post(f"{HERE}/{disclosure_id}/approve", {"form": form[1]}).status_code == 403
        early = at.post(f"{HERE}/{disclosure_id}/file", {"form": form[1], "slip": "0" * 32})
        assert (early.status_code, "Too few approvals count" in early.text) == (409, True)
    with AtConsole(address, reviewer) as at:
        assert at.get(HERE).status_code == 403
    with AtConsole(address, office.approvers[0]) as at:
        at.get(f"{HERE}/{disclosure_id}")
        other = at.send(f"{HERE}/{disclosure_id}/approve", digest="0" * 64)
        assert (other.status_code, "not the request that you saw" in other.text) == (409, True)
        clock.advance(minutes=6)
        stale = at.send(f"{HERE}/{disclosure_id}/approve")
        assert (stale.status_code, 'id="code-error"' in stale.text) == (403, True)
        code = office.approvers[0].code()
        other = at.send(f"{HERE}/{disclosure_id}/approve", code=code, digest="0" * 64)
        assert (other.status_code, 'id="code"' in other.text) == (409, False)
        done = at.send(f"{HERE}/{disclosure_id}/approve")
        assert (done.status_code, "Approved" in done.text) == (200, True), done.text
        at.get(f"{HERE}/{disclosure_id}")
        assert "Refused" in at.send(f"{HERE}/{disclosure_id}/refuse").text
    assert office.refusals() == {
        ("disclosure.approved", "role-not-sufficient"): 1,
        ("disclosure.executed", "not-approved"): 1,
        ("disclosure.approved", "another-digest"): 2,
        ("disclosure.approved", "second-factor-needed"): 1,
    }


def test_neither_addresses_nor_logs_tell_a_passphrase_or_an_identity(
    office: Office, forum: ForumBackend, address: str, services: Services, capfd: pytest.CaptureFixture[str]
) -> None:
    disclosure_id = office.approved(forum.member("山间清风")["id"])
    with AtConsole(address, office.asker) as asker:
        passphrase = slip(asker, disclosure_id)
        assert passphrase not in re.sub(r'sealed-code".*?</p>', "", asker.page.text)
        file = asker.send(f"{HERE}/{disclosure_id}/file")
        assert file.status_code == 200
        strange = asker.post(f"{HERE}/{disclosure_id}/file", {"form": form_of(asker), "slip": "../x"})
        assert strange.url.path == f"{HERE}/{disclosure_id}/open"
    services.audit.sequencer.catch_up()
    said = str([one.entry for one in services.audit.search.find(Question(), 1000)]) + "".join(capfd.readouterr())
    for secret in (passphrase, passphrase.replace("-", ""), PERSON, NAME):
        assert secret not in said


def test_a_handle_that_is_another_one_by_now_is_shown_as_it_was(
    office: Office, services: Services, forum: ForumBackend
) -> None:
    account_id = forum.member("山间清风")["id"]
    disclosure_id = office.ask(account_id)
    with AtConsole(office.address, office.approvers[0]) as at:
        assert "山间清风" in at.get(f"{HERE}/{disclosure_id}").text
        assert "it went by" not in at.page.text
        with services.unit_of_work.begin(OPERATOR) as tx:
            tx.session.get_one(AccountRow, account_id).handle = "另一个人"
        assert "it went by: 山间清风" in at.get(f"{HERE}/{disclosure_id}").text


def form_of(at: AtConsole) -> str:
    found = re.search(r'name="form" value="([0-9a-f]+)"', at.page.text)
    assert found
    return found[1]
