"""What is screened stands in no representation of our objects: it may come into a log or a message of an error."""

from app.kernel.ids import ForumId
from app.screening.compiling import compile_terms
from app.screening.domain import Action, Category, Field, Judged, Judgement, PublicText, Term, Text
from app.screening.matcher import Matcher

_TEXT = "来网上赌场玩"


def test_neither_a_text_nor_a_term_is_seen_in_what_a_programmer_prints() -> None:
    matcher = Matcher.load(compile_terms([Term("网上赌场", Category("gambling"), Action.MASK, 1)]))
    judged = Judged(Field.BIO, _TEXT, matcher.screen(_TEXT, Field.BIO))
    public = PublicText("key", Field.BIO, _TEXT, ForumId("frm_1"), None)
    seen = repr([judged, public, Text(Field.BIO, "/bio", _TEXT), Judgement(1, (judged,), {})])
    assert judged.verdict.hits
    assert set(_TEXT).isdisjoint(seen)
