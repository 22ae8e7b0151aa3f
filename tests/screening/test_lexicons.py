"""Lexicons as a service: versions, differences, dry runs, publication, and the way back."""

import json
from hashlib import sha256

import pytest
from sqlalchemy import select, update

from app import policies
from app.audit.models import StagedEntryRow
from app.events.catalogue import EventType
from app.events.domain import Subscription
from app.events.models import EventRow
from app.kernel.actor import OPERATOR
from app.kernel.errors import ShimingError
from app.screening.domain import Decision, Field
from app.screening.editions import Change
from app.screening.errors import (
    CasesFaulty,
    CatchesTooMuch,
    InForceAlready,
    LexiconFaulty,
    LexiconNameInvalid,
    NoSuchLexicon,
    NotInForce,
)
from app.screening.in_force import _loaded, in_force
from app.screening.lexicons import STARTER, Lexicons
from app.screening.models import PublicationRow
from app.screening.rehearsing import read_cases, shipped_cases
from app.screening.repository import blob_of
from app.screening.versions import unpack
from app.wiring import Services
from tests.support.at_once import at_once
from tests.support.clock import FakeClock
from tests.support.lexicons import HEADER, Posts, lexicon_file, put_in_force

_ORDINARY = tuple(f"第{number}天的天气很好，大家都去公园散步。" for number in range(30))


def _decision(services: Services, text: str, field: Field = Field.POST) -> Decision:
    return services.lexicons.try_text(text, field).verdict.decision


def _published_blobs(services: Services) -> list[bool]:
    with services.unit_of_work.read() as tx:
        rows = tx.session.scalars(select(PublicationRow).order_by(PublicationRow.number))
        return [row.blob is not None for row in rows]


def test_a_draft_decides_nothing_before_it_is_published(services: Services) -> None:
    imported = services.lexicons.import_file(OPERATOR, "own", lexicon_file("网上赌场"))
    assert (imported.is_new, imported.version.number, imported.version.terms) == (True, 1, 1)
    assert services.lexicons.in_force() == []
    assert _decision(services, "来网上赌场玩") is Decision.PASS
    tried = services.lexicons.try_text("来网上赌场玩", Field.POST, "own")
    assert (tried.publication, tried.verdict.decision) == (None, Decision.BLOCK)
    published = services.lexicons.publish(OPERATOR, "own")
    assert (published.lexicon, published.version, published.publication) == ("own", 1, 1)
    tried = services.lexicons.try_text("来网上赌场玩", Field.POST)
    assert (tried.publication, tried.verdict.decision) == (1, Decision.BLOCK)


def test_the_same_content_makes_no_second_version(services: Services) -> None:
    first = services.lexicons.import_file(OPERATOR, "own", lexicon_file("网上赌场"))
    again = services.lexicons.import_file(OPERATOR, "own", b"\xef\xbb\xbf" + lexicon_file("网上赌场"))
    assert (again.is_new, again.version) == (False, first.version)
    other = services.lexicons.import_file(OPERATOR, "own", lexicon_file("网上赌场", "线上赌场"))
    back = services.lexicons.import_file(OPERATOR, "own", lexicon_file("网上赌场"))
    assert (other.version.number, back.version.number, back.is_new) == (2, 3, True)


def test_a_file_with_a_fault_is_told_by_its_lines_and_nothing_of_it_is_loaded(services: Services) -> None:
    bad = lexicon_file("网上赌场", "线上赌场,gambling,burn,4,,,", "x,gambling,block,9,,,")
    with pytest.raises(LexiconFaulty) as refused:
        services.lexicons.import_file(OPERATOR, "own", bad)
    assert {fault.line for fault in refused.value.faults} == {3, 4}
    assert services.lexicons.list_all() == []


def test_a_name_that_is_none_is_refused(services: Services) -> None:
    for name in ("", "Own", "ä", "a b", "a/b", "a\n", "x" * 65, "黑名单", "\ud800", "a\0"):
        with pytest.raises(LexiconNameInvalid):
            services.lexicons.import_file(OPERATOR, name, lexicon_file("网上赌场"))


def test_lexicons_decide_together_and_each_goes_its_own_way(services: Services, clock: FakeClock) -> None:
    put_in_force(services.lexicons, "网上赌场")
    clock.advance(minutes=1)
    put_in_force(services.lexicons, "代开发票,fraud,review,3,,,", name="more")
    texts = ("网上赌场", "代开发票")
    assert [_decision(services, text) for text in texts] == [Decision.BLOCK, Decision.REVIEW]
    assert [(one.lexicon, one.publication) for one in services.lexicons.in_force()] == [("more", 2), ("own", 1)]
    withdrawn = services.lexicons.withdraw(OPERATOR, "own")
    assert (withdrawn.version, withdrawn.publication) == (None, 3)
    assert [_decision(services, text) for text in texts] == [Decision.PASS, Decision.REVIEW]
    listed = {one.name: one for one in services.lexicons.list_all()}
    assert listed["own"].in_force is None
    since = listed["more"].in_force
    assert since is not None
    assert since.published_at == clock.now()
    with pytest.raises(NotInForce):
        services.lexicons.withdraw(OPERATOR, "own")


def test_an_old_version_comes_back_by_its_number(services: Services) -> None:
    put_in_force(services.lexicons, "网上赌场")
    put_in_force(services.lexicons, "线上赌场")
    assert [_decision(services, text) for text in ("网上赌场", "线上赌场")] == [Decision.PASS, Decision.BLOCK]
    services.lexicons.publish(OPERATOR, "own", 1)
    assert [_decision(services, text) for text in ("网上赌场", "线上赌场")] == [Decision.BLOCK, Decision.PASS]
    assert [(one.version, one.publication) for one in services.lexicons.in_force()] == [(1, 3)]
    assert _published_blobs(services) == [False, True, True]
    with pytest.raises(InForceAlready):
        services.lexicons.publish(OPERATOR, "own", 1)


def test_while_a_new_one_is_loaded_what_was_in_force_goes_on_and_nothing_that_was_taken_back(
    services: Services,
) -> None:
    """The terms stand in no other test: a process keeps what it has loaded."""
    for terms in (("网上赌鹅",), ("线上赌鸡",)):
        put_in_force(services.lexicons, *terms)
        assert _decision(services, terms[0]) is Decision.BLOCK
    services.lexicons.publish(OPERATOR, "own", 1, despite_alarm=True)
    assert _decision(services, "网上赌鹅") is Decision.BLOCK
    put_in_force(services.lexicons, "网上赌牛")
    with _loaded._lock:  # another thread is at it
        assert [_decision(services, text) for text in ("网上赌鹅", "线上赌鸡")] == [Decision.BLOCK, Decision.PASS]
    assert [_decision(services, text) for text in ("网上赌鹅", "网上赌牛")] == [Decision.PASS, Decision.BLOCK]


def test_what_is_not_there_is_not_found(services: Services) -> None:
    put_in_force(services.lexicons, "网上赌场")
    lexicons = services.lexicons
    for ask in (lexicons.export, lexicons.diff, lexicons.rehearse):
        for name, number in (("none", None), ("own", 2), ("own", 0)):
            with pytest.raises(NoSuchLexicon):
                ask(name, number)
    for refused in (
        lambda: lexicons.publish(OPERATOR, "own", 2),
        lambda: lexicons.withdraw(OPERATOR, "none"),
        lambda: lexicons.try_text("好", Field.POST, "none"),
    ):
        with pytest.raises(NoSuchLexicon):
            refused()


def test_publishers_at_once_all_take_effect_one_after_the_other(services: Services) -> None:
    terms = {"one": "网上赌场", "two": "线上赌场", "three": "代开发票"}
    for name, term in terms.items():
        services.lexicons.import_file(OPERATOR, name, lexicon_file(term))
    published = at_once([lambda name=name: services.lexicons.publish(OPERATOR, name) for name in terms])  # type: ignore[misc]
    assert {one.publication for one in published} == {1, 2, 3}
    assert all(_decision(services, term) is Decision.BLOCK for term in terms.values())
    assert {one.lexicon for one in services.lexicons.in_force()} == set(terms)


def test_importers_at_once_make_versions_of_their_own(services: Services) -> None:
    files = [lexicon_file(f"网上赌场第{number}家") for number in range(4)]
    imported = at_once([lambda one=one: services.lexicons.import_file(OPERATOR, "own", one) for one in files])  # type: ignore[misc]
    assert sorted(one.version.number for one in imported) == [1, 2, 3, 4]


def test_two_who_publish_the_same_version_at_once_publish_it_once(services: Services) -> None:
    services.lexicons.import_file(OPERATOR, "own", lexicon_file("网上赌场"))

    def publish() -> str:
        try:
            return str(services.lexicons.publish(OPERATOR, "own").publication)
        except ShimingError as refusal:
            return refusal.code

    assert sorted(at_once([publish, publish])) == ["1", "state-conflict"]


def test_a_publication_is_on_record_and_every_forum_hears_of_it(services: Services) -> None:
    for name in ("甲", "乙"):
        forum = services.forums.add(OPERATOR, name).forum_id
        services.webhooks.add(OPERATOR, forum, "https://forum.example/hooks", Subscription(None))
    put_in_force(services.lexicons, "网上赌场")
    services.lexicons.withdraw(OPERATOR, "own")
    with services.unit_of_work.read() as tx:
        entries = [json.loads(entry) for entry in tx.session.scalars(select(StagedEntryRow.entry))]
        bodies = tx.session.scalars(select(EventRow.body).where(EventRow.kind == EventType.LEXICON_PUBLISHED))
        told = [json.loads(body)["data"] for body in bodies]
    recorded = [(one["action"], one["object"]["id"], one["reason"]) for one in entries if "own" in one["object"]["id"]]
    assert sorted(recorded) == [
        ("lexicon.imported", "own/1", None),
        ("lexicon.published", "own/1", "1"),
        ("lexicon.withdrawn", "own", "2"),
    ]
    assert sorted(one["version"] for one in told) == ["1", "1", "2", "2"]
    assert {one["lexicon"] for one in told} == {"own"}


def test_a_difference_names_what_came_what_went_and_which_columns_changed(services: Services) -> None:
    put_in_force(
        services.lexicons, "网上赌场", "线上赌场", "代开发票,fraud,review,3,handle,,", "代开发票,fraud,block,3,post,,"
    )
    other = ("网上赌场", "赌博平台", "代开发票,fraud,review,4,handle,,", "代开发票,fraud,block,3,post,,")
    services.lexicons.import_file(OPERATOR, "own", lexicon_file(*other))
    found = services.lexicons.diff("own")
    assert (found.number, found.against, found.unchanged) == (2, 1, 2)
    assert [term.term for term in found.added] == ["赌博平台"]
    assert [term.term for term in found.removed] == ["线上赌场"]
    assert [(change.after.term, change.columns) for change in found.changed] == [("代开发票", ("severity",))]
    assert isinstance(found.changed[0], Change)


def test_a_difference_against_nothing_is_all_new_and_shows_no_more_than_it_may(services: Services) -> None:
    count = policies.DIFFERENCE_SHOWN.value + 50
    services.lexicons.import_file(OPERATOR, "own", lexicon_file(*(f"网上赌场第{one}家" for one in range(count))))
    found = services.lexicons.diff("own")
    assert (found.against, found.added_count, len(found.added)) == (None, count, policies.DIFFERENCE_SHOWN.value)


def test_an_export_comes_back_as_the_same_version(services: Services) -> None:
    lines = ("网上赌场,gambling,block,4,handle post,,", '"a ""quoted"", term",fraud,mask,1,,word,"note, with comma"')
    first = services.lexicons.import_file(OPERATOR, "own", lexicon_file(*lines))
    exported = services.lexicons.export("own", 1)
    assert exported.decode().startswith(HEADER)
    assert services.lexicons.import_file(OPERATOR, "own", exported).version == first.version


def test_a_dry_run_says_what_would_change_and_changes_nothing(services: Services) -> None:
    lexicons = Lexicons(services.unit_of_work, [Posts(*_ORDINARY, "快来网上赌场"), Posts("代开发票")])
    put_in_force(lexicons, "代开发票,fraud,review,3,,,")
    lexicons.import_file(OPERATOR, "own", lexicon_file("网上赌场", "代开发票,fraud,mask,3,,,"))
    own_cases = "text,field,decision\n网上赌场见,bio,pass\n你好,handle,pass\n".encode()
    found = lexicons.rehearse("own", None, own_cases)
    recent = found.recent
    assert (recent.texts, recent.stricter, recent.milder, found.alarming) == (32, 1, 1, False)
    assert (recent.before[Decision.REVIEW], recent.after[Decision.REVIEW]) == (1, 0)
    assert (recent.after[Decision.BLOCK], recent.after[Decision.MASK]) == (1, 1)
    assert dict(recent.categories_after) == {"gambling": 1, "fraud": 1}
    assert [(one.text, one.before.value, one.after.value) for one in recent.examples] == [
        ("快来网上赌场", "pass", "block"),
        ("代开发票", "review", "mask"),
    ]
    assert found.cases == len(shipped_cases()) + 2
    assert "网上赌场见" in [one.case.text for one in found.wrong]
    assert [one.version for one in lexicons.in_force()] == [1]
    assert found.spoilt == 1 + sum(one.before is one.case.decision for one in found.wrong[:-1])


@pytest.mark.parametrize("texts", [_ORDINARY, ()])
def test_one_bad_line_raises_the_alarm_and_is_published_only_by_who_insists(
    services: Services, texts: tuple[str, ...]
) -> None:
    """With no texts at all, the cases that must pass raise it."""
    lexicons = Lexicons(services.unit_of_work, [Posts(*texts)])
    lexicons.import_file(OPERATOR, "own", lexicon_file("的,gambling,block,4,,single,"))
    assert lexicons.rehearse("own").alarming
    with pytest.raises(CatchesTooMuch) as refused:
        lexicons.publish(OPERATOR, "own")
    assert "--despite-alarm" in refused.value.detail.en
    assert "的" not in refused.value.detail.en
    assert lexicons.in_force() == []
    assert lexicons.publish(OPERATOR, "own", despite_alarm=True).publication == 1


@pytest.mark.parametrize(
    ("written", "line"),
    [
        (b"", 1),
        (b"text,decision\n", 1),
        (b"text,field,decision\na,post\n", 2),
        (b"text,field,decision\na,post,pass\na,nowhere,pass\n", 3),
        (b"text,field,decision\na,post,perhaps\n", 2),
        (b"text,field,decision\n\xff,post,pass\n", 2),
        (b'text,field,decision\n"a,post,pass\n', 2),
        (b"text,field,decision\n" + b"a" * 200_000 + b",post,pass\n", 2),
    ],
)
def test_cases_that_cannot_be_read_are_told_by_their_line(written: bytes, line: int) -> None:
    with pytest.raises(CasesFaulty) as refused:
        read_cases(written)
    assert f"Line {line} " in refused.value.detail.en


def test_the_starter_lexicon_is_published_once_and_a_choice_of_the_operator_stays(services: Services) -> None:
    services.lexicons.publish_starter(OPERATOR)
    services.lexicons.publish_starter(OPERATOR)
    assert [(one.lexicon, one.version, one.publication) for one in services.lexicons.in_force()] == [(STARTER, 1, 1)]
    services.lexicons.withdraw(OPERATOR, STARTER)
    services.lexicons.publish_starter(OPERATOR)
    assert services.lexicons.in_force() == []


def test_the_cases_that_come_with_the_starter_lexicon_are_decided_as_they_say(services: Services) -> None:
    services.lexicons.publish_starter(OPERATOR)
    assert len(shipped_cases()) >= 60
    decided = [(case.text, _decision(services, case.text, case.field)) for case in shipped_cases()]
    assert decided == [(case.text, case.decision) for case in shipped_cases()]


def test_what_an_earlier_version_of_the_service_compiled_is_compiled_anew(services: Services) -> None:
    put_in_force(services.lexicons, "网上赌场")
    with services.unit_of_work.begin(OPERATOR) as tx:
        outdated = b"of another time"
        tx.session.execute(update(PublicationRow).values(blob=outdated, digest=sha256(outdated).digest()))
    assert _decision(services, "网上赌场") is Decision.BLOCK
    services.lexicons.renew_blob(OPERATOR)
    with services.unit_of_work.read() as tx:
        row = tx.session.scalars(select(PublicationRow)).one()
        assert row.blob is not None
        assert row.blob != outdated
        assert row.digest == sha256(unpack(row.blob)).digest()
        assert in_force(tx).matcher.screen("网上赌场", Field.POST).decision is Decision.BLOCK
    services.lexicons.renew_blob(OPERATOR)


def test_a_large_lexicon_comes_out_of_the_database_as_it_went_in(services: Services) -> None:
    """Larger than the pieces in which it is read."""
    terms = (f"{number:05x}{sha256(bytes([number % 256, number >> 8])).hexdigest()[:40]}" for number in range(9_000))
    put_in_force(services.lexicons, *terms, "网上赌场")
    with services.unit_of_work.read() as tx:
        row = tx.session.scalars(select(PublicationRow)).one()
        stored = row.blob or b""
        assert len(stored) > 1 << 19
        assert blob_of(tx.session, 1) == stored
        assert blob_of(tx.session, 2) == b""
        assert row.digest == sha256(unpack(stored)).digest()
    assert _decision(services, "网上赌场") is Decision.BLOCK
