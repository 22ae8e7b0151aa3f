"""How commands print lexicons, their differences and rehearsals."""

import json
from collections.abc import Mapping, Sequence

import typer

from app.cli.moments import moment
from app.screening.domain import Decision, Term
from app.screening.editions import Difference, Imported, Lexicon, Published, Tried
from app.screening.rehearsing import Example, Rehearsal, Tally

_FIRST_WARNINGS = 20
Row = dict[str, object]


def printable(text: str) -> str:
    """On one line, and harmless for a terminal."""
    return "".join(mark if mark.isprintable() else "\ufffd" for mark in text)


def show_import(imported: Imported, published: Published | None, *, as_json: bool) -> None:
    version = imported.version
    warnings = [{"line": one.line, "reason": one.reason, "detail": one.detail.en} for one in imported.warnings]
    row: Row = {
        "lexicon": version.name,
        "version": version.number,
        "terms": version.terms,
        "new": imported.is_new,
        "warnings": warnings,
        "publication": published.publication if published else None,
    }
    if as_json:
        _print(row)
        return
    for one in imported.warnings[:_FIRST_WARNINGS]:
        typer.echo(f"line {one.line}: {one.reason}: {printable(one.detail.en)}")
    if len(warnings) > _FIRST_WARNINGS:
        typer.echo(f"and {len(warnings) - _FIRST_WARNINGS} warnings more; --json prints all")
    was = "Imported" if imported.is_new else "Imported before"
    stands = _said(published) if published else f"`shiming lexicon rehearse {version.name}` shows its effect."
    typer.echo(f"{was}: {version.name}/{version.number}, {version.terms} terms. {stands}")


def show_lexicons(lexicons: Sequence[Lexicon], *, as_json: bool) -> None:
    if as_json:
        _print([_lexicon_row(one) for one in lexicons])
        return
    for one in lexicons:
        for version in one.versions:
            decides = one.in_force if one.in_force and one.in_force.version == version.number else None
            since = f"in force since {moment(decides.published_at)}" if decides else "not in force"
            by = (decides or version).actor.id
            typer.echo(f"{version.name}/{version.number}  {version.terms} terms  {since}  by {by}")
    if not lexicons:
        typer.echo("No lexicons. Run `shiming lexicon import FILE --name NAME`.")


def _lexicon_row(lexicon: Lexicon) -> Row:
    in_force = lexicon.in_force
    return {
        "lexicon": lexicon.name,
        "in_force": in_force and _published_row(in_force),
        "versions": [
            {
                "version": one.number,
                "terms": one.terms,
                "imported_at": moment(one.created_at),
                "imported_by": one.actor.id,
            }
            for one in lexicon.versions
        ],
    }


def show_published(published: Published, *, as_json: bool) -> None:
    if as_json:
        _print(_published_row(published))
    else:
        typer.echo(_said(published))


def _published_row(published: Published) -> Row:
    return {
        "lexicon": published.lexicon,
        "version": published.version,
        "publication": published.publication,
        "published_at": moment(published.published_at),
        "published_by": published.actor.id,
    }


def _said(published: Published) -> str:
    if published.version is None:
        return f"Withdrawn: {published.lexicon}, with publication {published.publication}."
    return f"In force: {published.lexicon}/{published.version}, as of publication {published.publication}."


def show_tried(text: str, tried: Tried, *, as_json: bool) -> None:
    verdict = tried.verdict
    hits: list[Row] = [
        {
            "start": hit.start,
            "end": hit.end,
            "text": text[hit.start : hit.end],
            "term": hit.term,
            "category": hit.category,
            "action": hit.action.value,
            "severity": hit.severity,
            "evasions": [evasion.value for evasion in hit.evasions],
        }
        for hit in verdict.hits
    ]
    if as_json:
        decided = {"publication": tried.publication, "decision": verdict.decision.value}
        _print(decided | {"masked_text": verdict.masked, "hits": hits})
        return
    typer.echo(f"{verdict.decision.value}  (publication {tried.publication or 'none, a draft was tried'})")
    for hit in verdict.hits:
        evasions = f", hidden by {' '.join(hit.evasions)}" if hit.evasions else ""
        said = (
            f"{printable(text[hit.start : hit.end])} is {printable(hit.term)}: {hit.category}, {hit.action}{evasions}"
        )
        typer.echo(f"  {hit.start}-{hit.end}  {said}")


def show_difference(found: Difference, *, as_json: bool) -> None:
    counts = {
        "added": found.added_count,
        "removed": found.removed_count,
        "changed": found.changed_count,
        "unchanged": found.unchanged,
    }
    if as_json:
        row: Row = {"lexicon": found.lexicon, "version": found.number, "against": found.against, "counts": counts}
        changed = [
            {
                "term": one.after.term,
                "columns": list(one.columns),
                "before": _term(one.before),
                "after": _term(one.after),
            }
            for one in found.changed
        ]
        listed = {"added": [_term(one) for one in found.added], "removed": [_term(one) for one in found.removed]}
        _print(row | listed | {"changed": changed})
        return
    against = f"{found.lexicon}/{found.against}" if found.against else "nothing in force"
    counted = ", ".join(f"{count} {name}" for name, count in counts.items())
    typer.echo(f"{found.lexicon}/{found.number} against {against}: {counted}")
    for term in found.added:
        typer.echo(f"+ {_line(term)}")
    for term in found.removed:
        typer.echo(f"- {_line(term)}")
    for one in found.changed:
        before, after = _term(one.before), _term(one.after)
        columns = "; ".join(f"{name} {before[name] or 'blank'} -> {after[name] or 'blank'}" for name in one.columns)
        typer.echo(f"~ {printable(one.after.term)}  {printable(columns)}")
    left = sum((found.added_count, found.removed_count, found.changed_count))
    left -= sum(map(len, (found.added, found.removed, found.changed)))
    if left:
        typer.echo(f"and {left} more; `shiming lexicon export` writes whole versions")


def _term(term: Term) -> Row:
    return {
        "term": term.term,
        "category": term.category,
        "action": term.action.value,
        "severity": term.severity,
        "fields": " ".join(sorted(term.fields)),
        "boundary": term.boundary.value,
        "note": term.note,
    }


def _line(term: Term) -> str:
    return printable("  ".join(str(value) for value in _term(term).values() if value))


def show_rehearsal(found: Rehearsal, *, as_json: bool) -> None:
    if as_json:
        _print(
            {
                "alarm": found.alarming,
                "recent": _tally_row(found.recent),
                "cases": {"count": found.cases, "innocent": _tally_row(found.innocent), "wrong": _wrong_rows(found)},
            }
        )
        return
    if found.alarming:
        typer.echo("ALARM: so much would be dealt with more strictly that a line looks wrong.")
    _show_tally("recent texts", found.recent)
    _show_tally("cases that must pass", found.innocent)
    typer.echo(f"{len(found.wrong)} of {found.cases} cases would not be decided as they say")
    for one in found.wrong:
        must = f"must be {one.case.decision}, was {one.before}, would be {one.after}"
        typer.echo(f"  {one.case.field}  {must}: {printable(one.case.text)}")


def _show_tally(what: str, tally: Tally) -> None:
    typer.echo(f"{tally.texts} {what}: {tally.stricter} more strictly, {tally.milder} more mildly")
    for decision in Decision:
        typer.echo(f"  {decision:<8} {tally.before[decision]} -> {tally.after[decision]}")
    for category in sorted(tally.categories_before | tally.categories_after):
        counts = f"{tally.categories_before[category]} -> {tally.categories_after[category]}"
        typer.echo(f"  in {category}: {counts}")
    for one in tally.examples:
        categories = " ".join(one.categories)
        typer.echo(f"  {one.field}  {one.before} -> {one.after}  {categories}  {printable(one.text)}")


def _tally_row(tally: Tally) -> Row:
    return {
        "texts": tally.texts,
        "stricter": tally.stricter,
        "milder": tally.milder,
        "before": _counts(tally.before),
        "after": _counts(tally.after),
        "categories_before": dict(sorted(tally.categories_before.items())),
        "categories_after": dict(sorted(tally.categories_after.items())),
        "examples": [_example_row(one) for one in tally.examples],
    }


def _counts(counted: Mapping[Decision, int]) -> Row:
    return {decision.value: counted[decision] for decision in Decision}


def _example_row(example: Example) -> Row:
    return {
        "text": example.text,
        "field": example.field.value,
        "before": example.before.value,
        "after": example.after.value,
        "categories": list(example.categories),
    }


def _wrong_rows(found: Rehearsal) -> list[Row]:
    return [
        {
            "text": one.case.text,
            "field": one.case.field.value,
            "must_be": one.case.decision.value,
            "before": one.before.value,
            "after": one.after.value,
        }
        for one in found.wrong
    ]


def _print(data: object) -> None:
    """A lone surrogate has no bytes: it is printed as JSON spells it."""
    written = json.dumps(data, ensure_ascii=False)
    typer.echo("".join(f"\\u{ord(mark):04x}" if "\ud800" <= mark <= "\udfff" else mark for mark in written))
