"""Commands of reviewers: what waits for a person, one of them in full, the decision, and what comes of it."""

import json
from typing import Annotated

import typer

from app.accounts.errors import NoSuchAccount
from app.cli.moments import AsJson, moment
from app.kernel.actor import OPERATOR
from app.posting.domain import StandingFilter
from app.screening.docket import Ended, OpenReview, PastReview, Review, ReviewFilter
from app.screening.domain import Field, Hit, Ruling, Text
from app.screening.reviews import LONGEST_REASON
from app.screening.service import refuse_unreadable
from app.settings import Settings
from app.wiring import Services, build

reviews = typer.Typer(help="What a lexicon caught and a person decides.", no_args_is_help=True)
_OPEN, _CLOSE = "【", "】"
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


@reviews.command("list")
def list_open(
    forum: Annotated[str | None, typer.Option(metavar="FORUM_ID", help="Of one forum only.")] = None,
    account: Annotated[str | None, typer.Option(metavar="ACCOUNT_ID", help="Of one account only.")] = None,
    handle: Annotated[str | None, typer.Option(help="Likewise, by its handle; needs --forum.")] = None,
    field: Annotated[Field | None, typer.Option(help="Of one field only.")] = None,
    after: Annotated[str | None, typer.Option(metavar="REVIEW_ID", help="Go on behind this one.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="So many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """What waits, the oldest first; of a text only what stands around its hits."""
    if not f"{account or ''}{after or ''}".isascii():
        raise typer.BadParameter("ids are ASCII")
    if handle is not None and forum is None:
        raise typer.BadParameter("--handle needs --forum")
    if handle is not None:
        refuse_unreadable([Text(Field.HANDLE, "--handle", handle)])
    services = build(Settings())
    forum_id = services.forums.get(forum).id if forum else None
    if handle is not None and forum_id is not None:
        found = services.posting.list_accounts(StandingFilter(forum_id, handle=handle))
        if not found:
            raise NoSuchAccount
        account = found[0].standing.account.id
    listed = services.reviews.list_open(ReviewFilter(forum_id, account, field, after, limit))
    waiting = services.reviews.count_open()
    oldest = int((services.clock.now() - waiting.oldest).total_seconds()) if waiting.oldest else None
    if as_json:
        rows = [_row(one) for one in listed]
        shown = {"open": waiting.open, "oldest_seconds": oldest, "items": rows}
        typer.echo(json.dumps(shown, ensure_ascii=False))
        return
    for one in listed:
        typer.echo(_line_of(one))
    typer.echo(f"{waiting.open} wait, the oldest for {_age(oldest)}." if oldest is not None else "Nothing waits.")


@reviews.command()
def show(review_id: Annotated[str, typer.Argument(metavar="ID")], as_json: AsJson = False) -> None:
    """One review: its text with the hits in 【】, and what was decided about the same account before."""
    services = build(Settings())
    found = services.reviews.show(review_id)
    handle = _handle_of(services, found)
    if as_json:
        typer.echo(json.dumps(_in_full(found, handle), ensure_ascii=False))
        return
    typer.echo("\n".join(_lines_of(found, handle)))


@reviews.command()
def decide(
    review_id: Annotated[str, typer.Argument(metavar="ID")],
    version: Annotated[int, typer.Option(min=1, help="The version that was read.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    pass_it: Annotated[bool, typer.Option("--pass", help="Show it as it is.")] = False,
    mask_it: Annotated[bool, typer.Option("--mask", help="Show it with the hits covered.")] = False,
    block_it: Annotated[bool, typer.Option("--block", help="Do not show it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Decide; 1 when somebody else was quicker."""
    given = [ruling for ruling, wanted in zip(_RULINGS, (pass_it, mask_it, block_it), strict=True) if wanted]
    if len(given) != 1:
        raise typer.BadParameter("give one of --pass, --mask, --block")
    if not 0 < len(reason) <= LONGEST_REASON:
        raise typer.BadParameter(f"--reason has 1 to {LONGEST_REASON} characters")
    ended = build(Settings()).reviews.decide(OPERATOR, review_id, version, given[0], reason)
    shown = {"id": review_id, "decision": ended.ruling.value, "decided_at": moment(ended.at)}
    typer.echo(json.dumps(shown) if as_json else f"{review_id}: {ended.ruling}.")


@reviews.command()
def suggestions(as_json: AsJson = False) -> None:
    """Terms for an allow list, out of what reviewers have lately let pass; the likeliest first."""
    found = [
        {
            "piece": one.piece.reveal(),
            "term": one.term,
            "category": one.category,
            "overturned": one.overturned,
            "upheld": one.upheld,
        }
        for one in build(Settings()).reviews.suggestions()
    ]
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for row in found:
        typer.echo(
            f"{visible(str(row['piece']))}  passed {row['overturned']} times though {row['term']} ({row['category']})"
            f" hit; upheld {row['upheld']} times"
        )
    if not found:
        typer.echo("Nothing to suggest.")


_RULINGS = (Ruling.PASS, Ruling.MASK, Ruling.BLOCK)


def visible(text: str) -> str:
    """With every character that a terminal would obey, or that nobody sees, written out."""
    return "".join(mark if mark.isprintable() else f"⟨{ord(mark):04X}⟩" for mark in text)


def marked(text: str, hits: tuple[Hit, ...]) -> str:
    """With the hits in 【】; those that touch or overlap in one pair."""
    shown: list[str] = []
    end = 0
    for hit in sorted(hits, key=lambda hit: (hit.start, hit.end)):
        if hit.start < end or (hit.start == end and shown):
            shown[-1] = shown[-1].removesuffix(_CLOSE) + visible(text[end : hit.end]) + _CLOSE
        else:
            shown += [visible(text[end : hit.start]), _OPEN + visible(text[hit.start : hit.end]) + _CLOSE]
        end = max(end, hit.end)
    return "".join([*shown, visible(text[end:])])


def _handle_of(services: Services, found: Review) -> str | None:
    if found.account_id is None:
        return None
    try:
        return services.accounts.get(found.forum_id, found.account_id).handle
    except NoSuchAccount:
        return None


def _row(one: OpenReview) -> dict[str, object]:
    return {
        "id": one.id,
        "version": one.version,
        "forum_id": one.forum_id,
        "origin": one.origin.value,
        "field": one.field.value,
        "decision": one.decision.value,
        "categories": list(one.categories),
        "subject": one.subject_id,
        "account_id": one.account_id,
        "held": one.held,
        "opened_at": moment(one.opened_at),
        "age_seconds": int(one.age.total_seconds()),
        "excerpt": one.excerpt.reveal() if one.excerpt else None,
    }


def _line_of(one: OpenReview) -> str:
    held = "held" if one.held else "shown"
    text = visible(one.excerpt.reveal()) if one.excerpt else ""
    age = _age(int(one.age.total_seconds()))
    whose = one.account_id or one.subject_id or "-"
    return (
        f"{one.id}  version {one.version}  {age:>4}  {one.origin}  {one.field}  {one.decision}  {held} "
        f" {','.join(one.categories)}  {whose}  {text}"
    )


def _age(seconds: int) -> str:
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _in_full(found: Review, handle: str | None) -> dict[str, object]:
    return {
        "id": found.id,
        "version": found.version,
        "forum_id": found.forum_id,
        "origin": found.origin.value,
        "field": found.field.value,
        "decision": found.decision.value,
        "subject": found.subject_id,
        "account_id": found.account_id,
        "handle": handle,
        "board": found.board,
        "ref": found.ref,
        "screening_id": found.screening_id,
        "held": found.held,
        "opened_at": moment(found.opened_at),
        "text": found.text.reveal() if found.text else None,
        "hits": [_hit(hit) for hit in found.hits],
        "lexicon_version": str(found.lexicon_version),
        "ended": _ended(found.ended) if found.ended else None,
        "history": [_past(one) for one in found.history],
        "also_waiting": list(found.also_waiting),
    }


def _hit(hit: Hit) -> dict[str, object]:
    return {
        "start": hit.start,
        "end": hit.end,
        "category": hit.category,
        "severity": hit.severity,
        "action": hit.action.value,
        "evasions": [evasion.value for evasion in hit.evasions],
        "term": hit.term,
    }


def _ended(ended: Ended) -> dict[str, object]:
    return {
        "decision": ended.ruling.value,
        "decided_at": moment(ended.at),
        "by": f"{ended.actor_kind} {ended.actor_id}",
        "reason": ended.reason,
    }


def _past(one: PastReview) -> dict[str, object]:
    return {"id": one.id, "field": one.field.value, "categories": list(one.categories), **_ended(one.ended)}


def _lines_of(found: Review, handle: str | None) -> list[str]:
    whose = " ".join(filter(None, (handle, found.account_id or found.subject_id))) or "nobody known"
    where = "".join(f"  {name} {value}" for name, value in (("board", found.board), ("ref", found.ref)) if value)
    text = found.text.reveal() if found.text else None
    lines = [
        f"{found.id}  version {found.version}  {found.origin}  {found.field}  {'held' if found.held else 'shown'}",
        f"  of {whose} in {found.forum_id}{where}; opened {moment(found.opened_at)}",
        f"  lexicon version {found.lexicon_version} says {found.decision}",
        f"  {marked(text, found.hits) if text is not None else 'its text is kept no more'}",
    ]
    for hit in found.hits:
        evasions = f" hidden by {', '.join(hit.evasions)}" if hit.evasions else ""
        lines.append(f"  {hit.start}-{hit.end}  {hit.term}  {hit.category} {hit.severity}  {hit.action}{evasions}")
    if found.ended:
        lines.append(f"  decided: {_told(found.ended)}")
    lines += [f"  earlier: {one.id}  {one.field}  {_told(one.ended)}" for one in found.history]
    if found.also_waiting:
        lines.append(f"  also waiting: {' '.join(found.also_waiting)}")
    return lines


def _told(ended: Ended) -> str:
    reason = f": {visible(ended.reason)}" if ended.reason else ""
    return f"{ended.ruling} at {moment(ended.at)} by {ended.actor_kind} {ended.actor_id}{reason}"
