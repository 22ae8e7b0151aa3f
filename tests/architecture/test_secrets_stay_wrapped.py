"""Who may take a secret out of its wrapper: these files, each for its reason, and no other."""

import ast
from collections.abc import Iterator
from pathlib import Path

_APP = Path(__file__).parents[2] / "app"

MAY_REVEAL = {
    "api/complaint_shapes.py": "shows whoever complained their code, once, and what was said in their case",
    "api/staff_complaint_shapes.py": "shows staff what somebody complained of, and how to reach them for a reason",
    "reporting/case_texts.py": "packs evidence and a contact before they are sealed",
    "reporting/desk.py": "takes what was read back into the name of a target",
    "reporting/given.py": "looks whether what somebody typed can be kept at all",
    "reporting/tracking.py": "reads a tracking code that was typed, and makes its digest",
    "screening/overturning.py": "shows a name again that a reviewer had refused",
    "verification/misuse.py": "makes digests of codes, and tells whoever typed a phone its last digit",
    "api/registrations.py": "shows the link of a new flow to the forum, once",
    "api/staff_forums.py": "shows a new client secret to an admin, once",
    "api/staff_reviews.py": "shows the text that a reviewer is to decide on",
    "audit/details.py": "commits to a detail, so that it can be erased and still be proved",
    "api/disclosure_shapes.py": "shows an identity to who asked for it, once two others have approved",
    "disclosure/repository.py": "reads by what instrument an identity was asked for",
    "api/webhook_shapes.py": "shows the secret of a webhook endpoint to the forum, once",
    "api/staff_organisation_shapes.py": "shows staff who answers for what",
    "api/staff_shapes.py": "shows a new member's credentials, and the token of a new session, once",
    "cli/staff.py": "shows a new member's credentials to the operator, once",
    "console/case_words.py": "shows staff what was said in a complaint",
    "console/complaint_pages.py": "shows staff what somebody complained of, and how to reach them for a reason",
    "console/violation_acts.py": "takes what a complaint names into a form",
    "console/credentials.py": "shows new credentials of a member, an authenticator or a forum, once",
    "console/decided_pages.py": "shows what stands around the hits of a text that was decided, to who decides them",
    "console/lexicon_try.py": "shows pieces of texts that reviewers let pass, for an allow list",
    "console/organisation_pages.py": "shows staff who answers for what",
    "console/review_pages.py": "shows the text that a reviewer is to decide on",
    "console/visits.py": "puts a digest of a session's token into its forms",
    "crypto/passwords.py": "hashes and compares passwords of the staff",
    "crypto/totp.py": "computes the codes of an authenticator, and writes what it reads from a QR code",
    "staff/password_rules.py": "looks whether a password that a member chose is tried first",
    "staff/second_factor.py": "reads a code that was typed, and makes digests of recovery codes",
    "staff/sessions.py": "makes the digest of a session's token",
    "cli/forum.py": "shows a new client secret to the operator, once",
    "crypto/blind_index.py": "computes the index of a number under the index key",
    "crypto/ed25519.py": "loads the private key that signs the audit log",
    "crypto/envelope.py": "seals and opens values under the root key and a person's key",
    "crypto/keyring.py": "writes a new key into its file",
    "crypto/mac.py": "derives keys for digests from the key material",
    "console/disclosure_opening.py": "shows the passphrase of a sealed file, once",
    "console/sealed_file.py": "puts an identity into what is sealed, for who asked for it",
    "crypto/sealed_files.py": "seals what was opened under the passphrase of its reader",
    "crypto/signing.py": "loads the private key that signs tokens",
    "demo/backend.py": "logs in as the forum that it plays",
    "demo/store.py": "keeps the demo forum's own client secret, and tells its browsers apart by a digest",
    "events/sender.py": "signs what is sent to an endpoint with its secret",
    "forums/service.py": "compares a client secret with its digest, and makes the digest of a new one",
    "idempotency/service.py": "opens a stored answer for the client that it belongs to",
    "organisation/service.py": "looks whether what is to be sealed can be read at all",
    "pages/complaints.py": "shows whoever complained their code, as often as they send the same form",
    "pages/misuse.py": "puts the tracking code into the forms of who proves that their identity is misused",
    "pages/sent_once.py": "packs the code that is told, for the sealed answer to the same form",
    "pages/tracking.py": "shows whoever has the code what was said in their case, and puts the code into its forms",
    "pages/flow_acts.py": "looks whether a box was left empty, and at the last digit of a phone",
    "pages/flow_finding.py": "names the cookie of a link, and sends a browser to the one that was made for it",
    "pages/flow_view.py": "puts the link into the address that forms are sent to, and shows a person their own handle",
    "pages/me.py": "sends a browser to the link that was made for it, and shows people their own names that wait",
    "pages/outbox.py": "shows the sandbox's outbox to a developer, in development only",
    "reporting/authority_reports.py": "reads the document of a report as it was approved",
    "reporting/documents.py": "puts a note of staff into what an authority is told",
    "reporting/evidence.py": "reads evidence, to check its digest and show it to staff",
    "registration/service.py": "puts a new link into its address, and makes its digest",
    "registration/visits.py": "makes the digest of the secret that a browser keeps",
    "cli/reviews.py": "shows the text that the operator is to decide on",
    "screening/kept_source.py": "reads kept texts again that a forum may show",
    "screening/reviews.py": "shows the text that a reviewer is to decide on, and settles the name that it is",
    "screening/suggestions.py": "puts pieces of texts that reviewers let pass in an order",
    "screening/screenings.py": "covers what was hit in a kept text, for the forum that sent it",
    "verification/codes.py": "makes and compares one-time codes",
    "verification/documents.py": "normalises and checks a number and a name",
    "verification/phones.py": "normalises a phone number",
    "verification/providers/sandbox.py": "decides by the number, and asks nobody",
    "verification/service.py": "makes the digest that counts attempts on one document",
    "verification/sign_ins.py": "makes and compares codes and the secrets of sessions, and shows how a phone ends",
    "verification/sms/sandbox.py": "looks which sandbox phone it is, and sends nothing",
    "verification/texts.py": "reads a code that was typed, and writes the text that carries one",
    "web/forms.py": "gives a browser the secret that it keeps",
}


def calls(path: Path, name: str) -> Iterator[ast.Attribute]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr == name:
            yield node


def files() -> list[Path]:
    found = sorted(_APP.rglob("*.py"))
    assert len(found) > 50
    return found


def test_only_the_listed_files_take_a_secret_out_of_its_wrapper() -> None:
    revealing = {str(path.relative_to(_APP)) for path in files() if any(calls(path, "reveal"))}
    assert revealing == set(MAY_REVEAL)
    assert all(reason for reason in MAY_REVEAL.values())


def test_nobody_reaches_around_the_wrapper() -> None:
    for path in files():
        if path.relative_to(_APP) == Path("kernel/secret.py"):
            continue
        text = path.read_text(encoding="utf-8")
        assert "_Secret__" not in text, path
        assert "getattr(secret" not in text, path
        assert '"reveal"' not in text, path
        assert "'reveal'" not in text, path


def test_no_face_but_the_listed_ones_reveals_anything() -> None:
    faces = {name for name in MAY_REVEAL if name.split("/")[0] in {"api", "pages", "console", "cli", "demo", "web"}}
    assert faces == {
        "api/complaint_shapes.py",
        "api/staff_complaint_shapes.py",
        "api/disclosure_shapes.py",
        "api/registrations.py",
        "api/staff_forums.py",
        "api/staff_reviews.py",
        "api/staff_organisation_shapes.py",
        "api/staff_shapes.py",
        "api/webhook_shapes.py",
        "cli/forum.py",
        "cli/reviews.py",
        "cli/staff.py",
        "console/case_words.py",
        "console/complaint_pages.py",
        "console/disclosure_opening.py",
        "console/violation_acts.py",
        "console/credentials.py",
        "console/decided_pages.py",
        "console/lexicon_try.py",
        "console/organisation_pages.py",
        "console/review_pages.py",
        "console/sealed_file.py",
        "console/visits.py",
        "demo/backend.py",
        "demo/store.py",
        "pages/complaints.py",
        "pages/flow_acts.py",
        "pages/flow_finding.py",
        "pages/flow_view.py",
        "pages/me.py",
        "pages/misuse.py",
        "pages/outbox.py",
        "pages/sent_once.py",
        "pages/tracking.py",
        "web/forms.py",
    }
