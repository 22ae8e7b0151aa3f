"""The audit log: how it stands, what is in it, and what shows that an entry is. Source: L8i."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends
from fastapi.responses import Response
from markupsafe import Markup

from app.audit.domain import Action
from app.audit.errors import EntryUnknown, NotNumberedYet, NotProvable
from app.audit.findings import Outcome
from app.audit.proofs import Receipt, in_base64
from app.audit.search import FoundEntry, Question
from app.audit.watch import AnchorWatched
from app.compliance.named import Pair
from app.console.audit_words import NOTHING, Words, pair, words_for
from app.console.lists import PAGE, Cell, Chip, Column, Listing, address, chips
from app.console.moments import ago, period, said_moment
from app.console.visits import Visit, console_router, visit_at
from app.kernel.clock import SHANGHAI
from app.web.problems import status_of

if TYPE_CHECKING:
    from app.audit.checkpoint import Checkpoint

router = console_router()
_HERE = "/console/audit"
VisitOf = Annotated[Visit, Depends(visit_at("audit"))]
_ASKED = ("action", "actor", "object", "after", "before")
_OFTEN = (Action.IDENTITY_READ, Action.DISCLOSURE_APPROVED, Action.STAFF_CHANGED, Action.POSTING_PAUSED)
_LONGEST = 200
_TREE_DIGITS, _ENTRY_DIGITS = 9, 15
"""Fewer than PostgreSQL has room for."""
_DAY = timedelta(days=1)
_BADGES = {Outcome.CLEAN: "ok", Outcome.TAMPERED: "bad", Outcome.UNVERIFIABLE: "warn"}
_LEAF = b"\x00"
_LINK = Markup('<a href="{}">{}</a>')
Place = tuple[int, int]


@router.get("/audit")
def audit(visit: VisitOf) -> Response:
    """How the log stands, and its entries, newest first; that somebody has looked is an entry as well."""
    question, wrong = _question(visit)
    found = visit.services.audit.search.find_for(visit.actor, question, PAGE + 1, _place(visit.query.get("cursor", "")))
    shown = found[:PAGE]
    last = shown[-1].place if len(found) > PAGE else None
    words = words_for(visit, [one.entry for one in shown if one.entry is not None])
    listing = Listing(
        visit.say("audit.list.caption"),
        [Column(visit.say(f"audit.list.{name}")) for name in ("at", "action", "actor", "object", "outcome")],
        [_cells(words, one) for one in shown],
        visit.say("audit.list.empty"),
        _chips(visit),
        clear=_HERE if any(visit.query.get(name) for name in _ASKED) else None,
        first=address(visit.request) if visit.query.get("cursor") else None,
        next=address(visit.request, cursor=f"{last[0]}.{last[1]}") if last else None,
    )
    actions = [(one.value, visit.say(f"console.act.{one}")) for one in Action]
    return visit.show(
        "audit",
        errors=wrong,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK,
        listing=listing,
        asked={name: visit.query.get(name, "") for name in _ASKED},
        actions=[("", visit.say("console.list.all")), *actions],
        **_standing(visit),
    )


def _question(visit: Visit) -> tuple[Question, list[tuple[str, str]]]:
    """Days are those of Shanghai, both included; one that is none is left out and said."""
    asked = {name: visit.query.get(name, "").strip()[:_LONGEST] or None for name in _ASKED}
    question, wrong = Question(asked["action"], asked["actor"], asked["object"]), list[tuple[str, str]]()
    for name, added in (("after", timedelta()), ("before", _DAY)):
        try:
            day = _day(asked[name])
        except ValueError:
            wrong.append((name, visit.say("audit.error.day")))
            continue
        moment = day + added if day else None
        question = replace(question, after=moment) if name == "after" else replace(question, before=moment)
    return question, wrong


def _day(written: str | None) -> datetime | None:
    """Raises `ValueError`."""
    found = datetime.strptime(written, "%Y-%m-%d").replace(tzinfo=SHANGHAI) if written else None
    if found is not None and not datetime(2000, 1, 1, tzinfo=SHANGHAI) <= found < datetime(9999, 1, 1, tzinfo=SHANGHAI):
        raise ValueError("no day of this log")
    return found


def _place(cursor: str) -> Place | None:
    """The beginning for whatever is no place."""
    tree, _, number = cursor.partition(".")
    known = all(part.isascii() and part.isdigit() for part in (tree, number))
    short = len(tree) <= _TREE_DIGITS and len(number) <= _ENTRY_DIGITS
    return (int(tree), int(number)) if known and short else None


def _chips(visit: Visit) -> list[Chip]:
    often = [(one.value, visit.say(f"console.act.{one}")) for one in _OFTEN]
    return chips(visit.request, "action", often, visit.say("console.list.all"))


def _cells(words: Words, found: FoundEntry) -> list[Cell]:
    entry, visit = found.entry, words.visit
    here = f"{_HERE}/{found.entry_id}"
    if entry is None:
        return [Cell(found.entry_id, here), Cell(visit.say("audit.list.unreadable")), *([Cell(NOTHING)] * 3)]
    actor, acted_on = pair(entry.get("actor")), pair(entry.get("object"))
    said = words.what(acted_on)
    leads = words.leads_to(acted_on) or (None if said == NOTHING else address(visit.request, object=acted_on[1]))
    return [
        Cell(_moment(visit, entry.get("ts")), here),
        Cell(words.act(str(entry.get("action")))),
        Cell(words.who(actor), address(visit.request, actor=actor[1])),
        Cell(said, leads),
        Cell(words.outcome(entry)),
    ]


def _moment(visit: Visit, written: object) -> str:
    try:
        return said_moment(visit, datetime.fromisoformat(str(written)))
    except ValueError:
        return str(written)


def _standing(visit: Visit) -> dict[str, object]:
    """The newest checkpoint, each anchor, and the verification of the night."""
    desk, verified = visit.services.audit, visit.services.audit_verifications.recall()
    watched = desk.watch.recall()
    late = watched.is_late(visit.now)
    newest: Checkpoint | None = None
    trouble = ""
    try:
        newest = desk.proofs.newest()
    except (NotNumberedYet, NotProvable) as refusal:
        trouble = visit.sentence(refusal.detail)
    return {
        "newest": newest,
        "root": in_base64([newest.root])[0] if newest else "",
        "trouble": trouble,
        "lag": period(visit, watched.lag(visit.now)) if late and watched.waiting_since else None,
        "late": late,
        "anchors": [(one.sink, _anchor(visit, one)) for one in watched.anchors],
        "verified": verified,
        "verified_badge": _BADGES.get(verified.outcome, "") if verified and verified.outcome else "",
    }


def _anchor(visit: Visit, anchor: AnchorWatched) -> str:
    age = anchor.age(visit.now)
    if age is None or anchor.state is None:
        said = visit.say("audit.anchor.never")
    else:
        said = visit.say("audit.anchor.written", size=anchor.state.size or 0, ago=ago(visit, age))
    if anchor.state is None or not anchor.state.failure:
        return said
    return visit.say("audit.anchor.failing", said=said, code=anchor.state.failure)


@router.get("/audit/{entry_id}")
def entry(visit: VisitOf, entry_id: str) -> Response:
    """One entry byte for byte, and what shows to anybody that it stands in the log. `part` gives a file of either."""
    try:
        receipt = visit.services.audit.proofs.inclusion(entry_id[:_LONGEST])
    except (EntryUnknown, NotNumberedYet, NotProvable) as refusal:
        said = [("", visit.sentence(refusal.detail))]
        return visit.show("audit_entry", errors=said, status=status_of(type(refusal)), receipt=None)
    part = visit.query.get("part")
    if part in {"entry", "proof"}:
        return _file(receipt, part)
    parsed = _parsed(receipt.entry)
    words, actor, acted_on = words_for(visit, [parsed]), pair(parsed.get("actor")), pair(parsed.get("object"))
    return visit.show(
        "audit_entry",
        receipt=receipt,
        facts=_facts(words, parsed, actor, acted_on),
        links=(("actor", actor[1]), ("object", acted_on[1] if words.what(acted_on) != NOTHING else "")),
        leaf=sha256(_LEAF + receipt.entry.encode()).hexdigest(),
        proof=in_base64(receipt.proof),
        keys=visit.services.audit.proofs.verifier_keys(),
    )


def _facts(words: Words, entry: dict[str, object], actor: Pair, acted_on: Pair) -> Sequence[tuple[str, str]]:
    leads, what = words.leads_to(acted_on), words.what(acted_on)
    facts = (
        ("at", _moment(words.visit, entry.get("ts"))),
        ("action", words.act(str(entry.get("action")))),
        ("actor", _beside(words.who(actor), actor[1])),
        ("object", _beside(_LINK.format(leads, what) if leads else what, "" if what == NOTHING else acted_on[1])),
        ("outcome", words.outcome(entry)),
        ("case", _code(entry.get("case"))),
        ("req", _code(entry.get("req"))),
    )
    return [(words.visit.say(f"audit.list.{name}"), said) for name, said in facts if said]


def _beside(said: str, named: str) -> str:
    """Words, and the id as the entry has it."""
    return Markup('{}<br><code class="digest">{}</code>').format(said, named) if named else said


def _code(said: object) -> str:
    return Markup('<code class="digest">{}</code>').format(said) if said else ""


def _parsed(text: str) -> dict[str, object]:
    """Nothing for bytes that are no entry: they have their proof as well."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _file(receipt: Receipt, part: str) -> Response:
    """The bytes that were hashed, or what proves them, as other tools read it. Source: C2SP tlog-proof."""
    text, name, kind = (
        (receipt.entry, f"{receipt.entry_id}.json", "application/json")
        if part == "entry"
        else (receipt.text(), f"{receipt.entry_id}.tlog-proof", "text/plain; charset=utf-8")
    )
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(text.encode(), media_type=kind, headers=headers)
