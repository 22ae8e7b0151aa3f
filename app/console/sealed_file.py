"""The file in which an identity leaves: one page that is complete in itself and opens without us or any network."""

import base64
import json
from hashlib import sha256

from markupsafe import Markup

from app.console.moments import language, plain
from app.console.visits import Visit
from app.disclosure.domain import FIELDS, DisclosureView, OpenedIdentity
from app.disclosure.sealing import SealedIdentity
from app.kernel.secret import Secret
from app.web.static import static_text
from app.web.templating import environment

_STYLE, _SCRIPT = "style.css", "sealed.js"
_POLICY = "default-src 'none'; style-src {style}; script-src {script}; base-uri 'none'; form-action 'none'"
_NOT_IN_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
"""JSON inside a script element: nothing in it ends the element."""


def contents(visit: Visit, seen: DisclosureView, opened: OpenedIdentity) -> Secret[str]:
    """What is sealed: rows of words to read, and the fields by their names for programs."""
    request, wanted = seen.disclosure.request, seen.disclosure.request.wanted
    fields = {one.value: opened.fields[one].reveal() for one in FIELDS if one in opened.fields}
    rows = [(visit.say(f"me.opened.field.{name}"), said) for name, said in fields.items()]
    rows += [
        (visit.say("disclosures.fact.account"), wanted.account_id),
        (visit.say("disclosures.fact.authority"), wanted.authority),
        (visit.say("disclosures.fact.instrument_no"), wanted.instrument_no),
        (visit.say("disclosures.fact.legal_basis"), wanted.legal_basis),
        (visit.say("disclosures.fact.purpose"), visit.say(f"disclosures.purpose.{wanted.purpose}")),
        (visit.say("disclosures.fact.requested_at"), plain(request.requested_at)),
        (visit.say("disclosures.fact.digest"), seen.disclosure.digest.hex()),
        (visit.say("disclosures.fact.entry"), opened.receipt.entry_id),
    ]
    return Secret(json.dumps({"rows": rows, "fields": fields}, ensure_ascii=False))


def write_file(visit: Visit, seen: DisclosureView, sealed: SealedIdentity) -> str:
    """The page, with the ciphertext in it; its policy lets it load nothing and run this one script."""
    text = sealed.text
    data = {
        "v": 1,
        "about": sealed.about,
        "kdf": "PBKDF2-SHA-256",
        "rounds": text.rounds,
        "salt": base64.b64encode(text.salt).decode(),
        "cipher": "AES-256-GCM",
        "nonce": base64.b64encode(text.nonce).decode(),
        "ciphertext": base64.b64encode(text.ciphertext).decode(),
    }
    style, script = static_text(_STYLE), static_text(_SCRIPT)
    return environment(language(visit)).get_template("console/sealed_file.html").render(
        policy=_POLICY.format(style=_hash(style), script=_hash(script)),
        style=Markup(style),  # noqa: S704 -- ours, whole
        script=Markup(script),  # noqa: S704 -- likewise
        data=Markup(json.dumps(data).translate(_NOT_IN_HTML)),  # noqa: S704 -- base64 and ids, with no markup left
        request=seen.disclosure.request,
        digest=seen.disclosure.digest.hex(),
        receipt=sealed.receipt,
        receipt_text=json.dumps(sealed.receipt.shown(), ensure_ascii=False, indent=1),
        sealed_at=visit.now,
    )  # fmt: skip


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"
