"""Use cases on lexicons: bring in a version, see what it would change, put it in force, go back."""

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from app import policies
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.db.unit_of_work import Transaction, UnitOfWork, hold_key
from app.events.catalogue import EventType, LexiconPayload
from app.events.service import publish_to_all
from app.kernel.actor import Actor
from app.kernel.ids import new_id
from app.screening import lexicon_rows
from app.screening.compiling import compile_terms
from app.screening.domain import Field, Term, TextSource
from app.screening.editions import Difference, Imported, Lexicon, LexiconVersion, Published, Tried, difference
from app.screening.errors import (
    BlobOutdated,
    CatchesTooMuch,
    InForceAlready,
    LexiconNameInvalid,
    LineFault,
    NoSuchLexicon,
    NotInForce,
    PublishedMeanwhile,
)
from app.screening.in_force import in_force
from app.screening.lexicon_file import read_terms, warnings, write_terms
from app.screening.matcher import Matcher
from app.screening.rehearsing import Case, Rehearsal, read_cases, rehearse, shipped_cases
from app.screening.repository import blob_of
from app.screening.versions import all_terms, pack, terms_of, unpack

STARTER = "starter"
_STARTER_FILE = Path(__file__).parent / "data" / "starter.csv"
_NAME = re.compile(r"[a-z0-9-]{1,64}")
_HIGHEST = 2**31 - 1
"""No database can be asked for a higher number."""
_PUBLICATIONS = sha256(b"publications of lexicons").digest()
_SUBJECT = "lexicons"
"""One for all, so that a forum hears of publications in their order."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A file that has been read and has no fault; `told` are its warnings."""

    name: str
    terms: int
    digest: bytes
    content: bytes
    told: tuple[LineFault, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be in force, and the publication that it was worked out against."""

    lexicon: str
    version: int | None
    """None for a withdrawal."""
    against: int | None
    """The version that is in force, if any."""
    newest: int
    parts: Mapping[str, int]
    terms: Sequence[Term]


@dataclass(frozen=True, slots=True)
class Compiled:
    """What would be in force, ready to be put there in a moment."""

    plan: Plan
    digest: bytes
    packed: bytes


class Lexicons:
    """`sources` hold the public texts that a dry run reads. Source: L5b, L8f, L8g."""

    def __init__(self, unit_of_work: UnitOfWork, sources: Sequence[TextSource]) -> None:
        self._unit_of_work = unit_of_work
        self._sources = sources

    def import_file(self, actor: Actor, name: str, data: bytes) -> Imported:
        """A new version, which decides nothing before it is published; or the newest one where that says the same.

        Raises `LexiconNameInvalid`, `LexiconFaulty`.
        """
        return self.add(actor, read_draft(name, data))

    def add(self, actor: Actor, draft: Draft) -> Imported:
        """The same for a file that `read_draft` has read."""
        name = draft.name
        with self._unit_of_work.begin(actor) as tx:
            hold_key(tx, sha256(f"versions of lexicon {name}".encode()).digest())
            newest = lexicon_rows.find_version(tx.session, name, None)
            if newest is not None and newest.digest == draft.digest:
                return Imported(newest, is_new=False, warnings=draft.told)
            number = newest.number + 1 if newest else 1
            version = LexiconVersion(new_id("lex", tx.now), name, number, draft.terms, draft.digest, tx.now, actor)
            lexicon_rows.add_version(tx.session, version, draft.content)
            audit.record(tx, Action.LEXICON_IMPORTED, ObjectKind.LEXICON, f"{name}/{number}")
        return Imported(version, is_new=True, warnings=draft.told)

    def list_all(self) -> list[Lexicon]:
        """Every lexicon by its name."""
        with self._unit_of_work.read() as tx:
            versions, published = lexicon_rows.versions(tx.session), lexicon_rows.newest_of_each(tx.session)
        names = dict.fromkeys(version.name for version in versions)
        return [
            Lexicon(name, tuple(version for version in versions if version.name == name), _in_force(published, name))
            for name in names
        ]

    def find(self, version_id: str) -> LexiconVersion:
        """Raises `NoSuchLexicon`."""
        with self._unit_of_work.read() as tx:
            version = lexicon_rows.version_called(tx.session, version_id) if version_id.isascii() else None
        if version is None:
            raise NoSuchLexicon
        return version

    def in_force(self) -> list[Published]:
        """What decides now: the version of each lexicon, and by which publication it came into force."""
        with self._unit_of_work.read() as tx:
            published = lexicon_rows.newest_of_each(tx.session)
        return [one for name in sorted(published) if (one := _in_force(published, name))]

    def export(self, name: str, number: int | None = None) -> bytes:
        """A version as a file that `import_file` reads back; the newest where none is named. Raises `NoSuchLexicon`."""
        with self._unit_of_work.read() as tx:
            version = _version(tx, name, number)
            terms = terms_of(tx, name, version.number)
        return write_terms(terms)

    def diff(self, name: str, number: int | None = None) -> Difference:
        """How a version differs from the one in force, or from nothing. Raises `NoSuchLexicon`."""
        with self._unit_of_work.read() as tx:
            version = _version(tx, name, number)
            against = lexicon_rows.newest_parts(tx.session)[1].get(name)
            before = [] if against is None else terms_of(tx, name, against)
            after = terms_of(tx, name, version.number)
        return difference(version, against, before, after)

    def try_text(self, text: str, field: Field, name: str | None = None, number: int | None = None) -> Tried:
        """What becomes of a text now, or where a lexicon is named, if that version were in force.

        Raises `NoSuchLexicon`.
        """
        if name is not None:
            return Tried(None, _matcher_of(self._plan(name, number)).screen(text, field))
        with self._unit_of_work.read() as tx:
            lexicons = in_force(tx)
        return Tried(lexicons.version, lexicons.matcher.screen(text, field))

    def rehearse(self, name: str, number: int | None = None, own_cases: bytes | None = None) -> Rehearsal:
        """What would change if a version came into force: for the newest public texts, and for cases.

        The cases are the project's own, and those of a file `text,field,decision` where one is given.
        Raises `NoSuchLexicon`, `CasesFaulty`.
        """
        cases = [*shipped_cases(), *(read_cases(own_cases) if own_cases is not None else ())]
        after = _matcher_of(self._plan(name, number))
        return self._rehearse(policies.REHEARSAL_TEXTS.value, cases, after)

    def publish(self, actor: Actor, name: str, number: int | None = None, *, despite_alarm: bool = False) -> Published:
        """Puts a version in force beside the other lexicons; an older one goes back to what was.

        From its commit on every process decides by it. What is published meanwhile by somebody else stays.
        Raises `NoSuchLexicon`, `InForceAlready`; `CatchesTooMuch` unless `despite_alarm`.
        """
        return _until_first(lambda: self.put_in_force(actor, self.compile(name, number, despite_alarm=despite_alarm)))

    def compile(self, name: str, number: int | None = None, *, despite_alarm: bool = False) -> Compiled:
        """What publishing it would put in force: outside any transaction, since it may take seconds.

        Raises `NoSuchLexicon`, `InForceAlready`; `CatchesTooMuch` unless `despite_alarm`.
        """
        plan = self._plan(name, number)
        if plan.against == plan.version:
            raise InForceAlready
        blob = compile_terms(plan.terms)
        if not despite_alarm:
            self._raise_alarm(Matcher.load(blob))
        return Compiled(plan, sha256(blob).digest(), pack(blob))

    def withdraw(self, actor: Actor, name: str) -> Published:
        """The lexicon decides nothing more. Raises `NoSuchLexicon`, `NotInForce`."""
        return _until_first(lambda: self.put_in_force(actor, self.compile_without(name)))

    def compile_without(self, name: str) -> Compiled:
        """What would be in force without it. Raises `NoSuchLexicon`, `NotInForce`."""
        plan = self._plan_without(name)
        blob = compile_terms(plan.terms)
        return Compiled(plan, sha256(blob).digest(), pack(blob))

    def publish_starter(self, actor: Actor) -> None:
        """Puts the starter lexicon in force where nothing was ever published: what an operator chose stays."""
        with self._unit_of_work.read() as tx:
            newest, _ = lexicon_rows.newest_parts(tx.session)
        if newest == 0:
            imported = self.import_file(actor, STARTER, _STARTER_FILE.read_bytes())
            self.publish(actor, STARTER, imported.version.number, despite_alarm=True)

    def renew_blob(self, actor: Actor) -> None:
        """Compiles what is in force anew where an earlier version of this service has compiled it."""
        with self._unit_of_work.read() as tx:
            newest, parts = lexicon_rows.newest_parts(tx.session)
            blob = blob_of(tx.session, newest) if newest else None
            if newest == 0 or _is_current(blob):
                return
            terms = all_terms(tx, parts)
        renewed = compile_terms(terms)
        packed = pack(renewed)
        with self._unit_of_work.begin(actor) as tx:
            hold_key(tx, _PUBLICATIONS)
            lexicon_rows.replace_blob(tx.session, newest, sha256(renewed).digest(), packed)

    def _plan(self, name: str, number: int | None) -> Plan:
        """Raises `NoSuchLexicon`."""
        with self._unit_of_work.read() as tx:
            version = _version(tx, name, number).number
            newest, parts = lexicon_rows.newest_parts(tx.session)
            wanted, against = parts | {name: version}, parts.get(name)
            return Plan(name, version, against, newest, wanted, all_terms(tx, wanted))

    def _plan_without(self, name: str) -> Plan:
        """Raises `NoSuchLexicon`, `NotInForce`."""
        with self._unit_of_work.read() as tx:
            newest, parts = lexicon_rows.newest_parts(tx.session)
            _version(tx, name, None)
            if name not in parts:
                raise NotInForce
            left = {other: number for other, number in parts.items() if other != name}
            return Plan(name, None, parts[name], newest, left, all_terms(tx, left))

    def put_in_force(self, actor: Actor, compiled: Compiled) -> Published:
        """Raises `PublishedMeanwhile` where somebody else has published since it was compiled."""
        plan = compiled.plan
        with self._unit_of_work.begin(actor) as tx:
            hold_key(tx, _PUBLICATIONS)
            if lexicon_rows.newest_parts(tx.session)[0] != plan.newest:
                raise PublishedMeanwhile
            published = Published(plan.lexicon, plan.version, plan.newest + 1, tx.now, actor)
            lexicon_rows.add_publication(tx.session, published, plan.parts, compiled.digest, compiled.packed)
            lexicon_rows.forget_blobs(tx.session, published.publication - policies.LEXICON_BLOBS_KEPT.value)
            _tell(tx, published)
            return published

    def _raise_alarm(self, after: Matcher) -> None:
        """Raises `CatchesTooMuch`."""
        found = self._rehearse(policies.REHEARSAL_TEXTS_BEFORE_PUBLICATION.value, shipped_cases(), after)
        for tally in (found.recent, found.innocent):
            if tally.alarming:
                raise CatchesTooMuch(tally.stricter, tally.texts)

    def _rehearse(self, limit: int, cases: Sequence[Case], after: Matcher) -> Rehearsal:
        """With the newest public texts, as many from each source; they are screened outside the transaction."""
        with self._unit_of_work.read() as tx:
            before = in_force(tx).matcher
            recent = [
                (text.field, text.text)
                for source in self._sources
                for text in source.recent(tx, limit // len(self._sources))
            ]
        return rehearse(recent, cases, before, after)


def read_draft(name: str, data: bytes) -> Draft:
    """Reads a whole file outside any transaction. Raises `LexiconNameInvalid`, `LexiconFaulty`."""
    if not _NAME.fullmatch(name):
        raise LexiconNameInvalid
    terms = read_terms(data)
    written = write_terms(terms)
    return Draft(name, len(terms), sha256(written).digest(), zlib.compress(written), tuple(warnings(terms)))


def _until_first(publish: Callable[[], Published]) -> Published:
    """Again where somebody else was quicker. Raises `PublishedMeanwhile`, which says to try later."""
    for _ in range(policies.LEXICON_ROUNDS.value - 1):
        with suppress(PublishedMeanwhile):
            return publish()
    return publish()


def _version(tx: Transaction, name: str, number: int | None) -> LexiconVersion:
    """Raises `NoSuchLexicon`."""
    if not _NAME.fullmatch(name) or (number or 0) > _HIGHEST:
        raise NoSuchLexicon
    version = lexicon_rows.find_version(tx.session, name, number)
    if version is None:
        raise NoSuchLexicon
    return version


def _in_force(published: Mapping[str, Published], name: str) -> Published | None:
    newest = published.get(name)
    return newest if newest and newest.version is not None else None


def _matcher_of(plan: Plan) -> Matcher:
    return Matcher.load(compile_terms(plan.terms))


def _is_current(blob: bytes | None) -> bool:
    try:
        Matcher.load(unpack(blob or b""))
    except BlobOutdated:
        return False
    return True


def _tell(tx: Transaction, published: Published) -> None:
    """Puts it on record, and tells all forums: they send their newest posts again."""
    named, publication = published.lexicon, str(published.publication)
    if published.version is None:
        audit.record(tx, Action.LEXICON_WITHDRAWN, ObjectKind.LEXICON, named, reason=publication)
    else:
        version = f"{named}/{published.version}"
        audit.record(tx, Action.LEXICON_PUBLISHED, ObjectKind.LEXICON, version, reason=publication)
    publish_to_all(tx, EventType.LEXICON_PUBLISHED, LexiconPayload(named, publication), subject=_SUBJECT)
