"""Whether a sighting is the term: each check gives the ways it was hidden, or refuses."""

from app.screening import folding, relations
from app.screening.domain import Evasion
from app.screening.forms import Form
from app.screening.sightings import Sighting


def judge(form: Form, sighting: Sighting) -> frozenset[Evasion] | None:
    """The ways it was hidden, none for a plain hit; None where it is not the term."""
    found: set[Evasion] = set()
    for part, run in zip(sighting.parts, form.runs, strict=True):
        written = part.stands_for or "".join(sighting.text[offset] for offset in part.offsets)
        if len(written) < len(run):
            return None
        if len(written) > len(run):
            found.add(Evasion.REPEAT)
        for number, character in enumerate(written):
            ways = relations.written_for(character, run[min(number, len(run) - 1)])
            if ways is None:
                return None
            found |= ways
    if any(not folding.plain(character) for character in sighting.text[sighting.start : sighting.end]):
        found.add(Evasion.SKIP)
    return frozenset(found)
