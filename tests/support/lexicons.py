"""Lexicon files as an operator writes them."""

from app.db.unit_of_work import Transaction
from app.kernel.actor import OPERATOR
from app.kernel.ids import ForumId
from app.screening.domain import Field, PublicText
from app.screening.lexicons import Lexicons
from app.wiring import Services

HEADER = "term,category,action,severity,fields,boundary,note\n"
BLOCKED, REVIEWED, MASKED = "网上赌场", "代办证件", "加微信"
"""Terms of `publish_terms`, by what they ask for."""
TERMS = (
    f"{BLOCKED},gambling,block,5,,,",
    f"{REVIEWED},forged_papers,review,3,,,",
    f"{MASKED},advertising,mask,1,bio post reply,,",
)


def lexicon_file(*terms: str) -> bytes:
    """Each term blocks everywhere, unless it is a whole line itself."""
    lines = [term if "," in term else f"{term},gambling,block,4,,," for term in terms]
    return (HEADER + "".join(f"{line}\n" for line in lines)).encode()


def put_in_force(lexicons: Lexicons, *terms: str, name: str = "own") -> int:
    """Gives the number of the publication."""
    imported = lexicons.import_file(OPERATOR, name, lexicon_file(*terms))
    return lexicons.publish(OPERATOR, name, imported.version.number, despite_alarm=True).publication


def publish_terms(services: Services, terms: tuple[str, ...] = TERMS) -> int:
    """From now on these decide, beside the starter lexicon; gives the number of the publication."""
    return put_in_force(services.lexicons, *terms)


class Posts:
    """A source of public texts."""

    def __init__(self, *texts: str) -> None:
        self._texts = [
            PublicText(f"{number:06}", Field.POST, text, ForumId("frm_1"), None) for number, text in enumerate(texts)
        ]

    def page(self, _tx: Transaction, after: str, limit: int) -> list[PublicText]:
        return [text for text in self._texts if text.key > after][:limit]

    def recent(self, _tx: Transaction, limit: int) -> list[PublicText]:
        return self._texts[::-1][:limit]
