"""What people type is text at the console, in every field that a page or a file of it shows."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser
from itertools import groupby
from unicodedata import category

import pytest

from app.staff.access import Role
from app.wiring import Services
from tests.console.test_hostile_requests import EVERYTHING, paths
from tests.support.clock import FakeClock
from tests.support.console import AtConsole
from tests.support.forum import ForumBackend
from tests.support.furnishing import SHORT, furnish, type_everywhere
from tests.support.payloads import FORMULAS, SCRIPTS
from tests.support.staff import StaffLogin, make_staff

ACTS = ("rotate", "confirm", "disable", "restore", "reset")
ADDRESSES = {"href", "src", "action", "formaction", "data", "srcset", "poster", "xlink:href", "hx-get", "hx-post"}
LEADS_WITHIN = re.compile(r"[/?#](?!/)|$|tel:12377$|mailto:jubao@12377\.cn$|https://www\.12377\.cn/?$")
SHOWN = {
    *("accounts.handle", "accounts.external_id", "account_acts.reason", "boards.name", "pauses.reason"),
    *("reverification_orders.reason", "webhook_endpoints.url", "forums.name", "forums.direct_verification"),
    *("drills.scenario", "drills.outcome", "staff.email", "job_runs.last_failure"),
}
"""Fields that some page shows for certain."""
PUBLIC = ("/", "/me", "/console/sign-in?to=/console/%22%3E%3Cb%3E")
NEVER = {"b", "i", "img", "iframe", "math", "mi", "object", "base", "plaintext", "style"}
"""Elements of what was typed that no page of ours has."""


FIELD = re.compile(r"\[([a-z_]+\.[a-z_]+)\]\d")
Shapes = Counter[tuple[str, tuple[str, ...]]]


class Page(HTMLParser):
    """What a browser makes of it: elements with the names of their attributes, addresses, and texts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.shapes: Shapes = Counter()
        self.addresses: list[str] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shapes[tag, tuple(sorted(name for name, _ in attrs))] += 1
        self.addresses += [value or "" for name, value in attrs if name in ADDRESSES]
        self.texts += [value or "" for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.shapes[data, ()] += 1

    handle_pi = unknown_decl = handle_comment


def packed(texts: tuple[str, ...], size: int) -> list[str]:
    """As few as hold them all, each whole."""
    found = [""]
    for one in texts:
        if len(found[-1]) + len(one) > size:
            found.append("")
        found[-1] += one
    return found


def addresses(ids: Mapping[str, str]) -> list[str]:
    """Every page, with what stands in the places of its ids; and those that only a question leads to."""
    found = {path for act in ACTS for path in paths("GET", ({**ids, "named": act}).__getitem__)}
    asked = (
        *("accounts?handle=山间清风", f"accounts?handle={ids['account_id']}", "moderators/order?scope=all"),
        *(f"moderators?board={ids['board']}", "moderators?state=ended", "boards?state=frozen", "reviews?keys=off"),
        *(f"moderators/order?scope=account:{ids['account_id']}", f"switch?place={ids['board']}"),
        *(f"disclosures/{one}" for one in ids["disclosures"].split()),
        *(f"reviews?open={one}" for one in ids["reviews"].split()),
        *(f"disclosures/new?account={ids['account_id']}", f"moderators?forum={ids['forum_id']}"),
    )
    return sorted(found | {f"/console/{one}" for one in asked})


SEALED = packed(tuple(one for one in SCRIPTS if one.isprintable()), SHORT)


@pytest.fixture
def ids(services: Services, clock: FakeClock, address: str, forum: ForumBackend) -> dict[str, str]:
    return furnish(services, clock, address, forum, SEALED)


@pytest.fixture
def crews(services: Services, ids: dict[str, str]) -> list[StaffLogin]:
    """Who opens every page between them."""
    assert ids
    return [make_staff(services, *EVERYTHING), make_staff(services, Role.PRIVACY)]


def acts(names: Sequence[str]) -> bool:
    """Whether one of these attributes runs or hides something."""
    return any(name.startswith("on") or name in {"style", "srcdoc", "nonce"} for name in names)


def opened(address: str, crews: list[StaffLogin], ids: Mapping[str, str]) -> list[tuple[StaffLogin | None, str]]:
    """Who opens which pages; those without an account come last."""
    found: list[tuple[StaffLogin | None, str]] = []
    for who in crews:
        with AtConsole(address, who) as at:
            found += [(who, path) for path in addresses(ids) if at.get(path).status_code not in {403, 404}]
    every = set(paths("GET", ({**ids, "named": "disable"}).__getitem__))
    assert every - {path for _, path in found} == {f"/console/members/{ids['staff_id']}/confirm"}  # nobody waits
    return found + [(None, path) for path in PUBLIC]


def seen(address: str, pages: list[tuple[StaffLogin | None, str]], language: str) -> Iterator[tuple[str, Page]]:
    for who, some in groupby(pages, key=lambda one: one[0]):
        with AtConsole(address, who or next(one for one, _ in pages if one), language) as at:
            if who is None:
                at.http.cookies.clear()
            for _, path in some:
                answer = at.get(path)
                assert answer.status_code in {200, 409, 422}, path
                if answer.headers["content-type"] == "application/json":  # a file: no browser reads it as a page
                    assert answer.headers["content-disposition"].startswith("attachment"), path
                    assert answer.headers["x-content-type-options"] == "nosniff", path
                    continue
                yield f"{language} {who.staff_id if who else 'nobody'} {path}", Page(answer.text)


def faults(page: Page, harmless: Shapes, said: str, text: str) -> list[object]:
    """Elements that only this text makes, addresses that lead elsewhere, and fields that do not show it as it is."""
    found: list[object] = [*(page.shapes - harmless).items(), *(harmless - page.shapes).items()]
    found += [one for one in page.addresses if not LEADS_WITHIN.match(one)]
    found += [shape for shape in page.shapes if shape[0] in NEVER or acts(shape[1])]
    return found + [one for one in FIELD.findall(text) if f"{said}[{one}]" not in text]


def test_what_people_type_is_shown_as_text_on_every_page_in_both_languages(
    services: Services, address: str, crews: list[StaffLogin], ids: dict[str, str], pytestconfig: pytest.Config
) -> None:
    """In the short form every second page in the one language, and the others in the other."""
    told = "".join(SCRIPTS)
    pages = opened(address, crews, ids)
    alone = SCRIPTS if pytestconfig.option.long else ()
    turns = {
        language: pages if pytestconfig.option.long else pages[turn::2] for turn, language in enumerate(("en", "zh"))
    }
    type_everywhere(services, "harmless")
    harmless = {at: page.shapes for language, some in turns.items() for at, page in seen(address, some, language)}
    for said in (told, *alone):
        type_everywhere(services, said)
        wrong, everything = list[object](), ""
        for language, some in turns.items():
            for at, page in seen(address, some, language):
                text = "\0".join(page.texts)
                wrong += [(at, fault) for fault in faults(page, harmless[at], said, text)]
                everything += text
        assert wrong == []
        assert set(FIELD.findall(everything)) >= SHOWN
        assert [one for one in SEALED if everything.count(one) < 2] == []


def begins_well(mark: str) -> bool:
    """With a letter, a digit, a picture, or a mark that a spreadsheet takes for text."""
    return category(mark) in {"Lu", "Ll", "Lo", "Nd", "So"} or mark in "'\"–/:<>&{[("


def files_of(address: str, who: StaffLogin, ids: Mapping[str, str]) -> list[tuple[StaffLogin, str]]:
    with AtConsole(address, who) as at:
        kinds = {path: at.get(path, csv="1").headers["content-type"] for path in addresses(ids)}
    return [(who, path) for path, kind in kinds.items() if kind.startswith("text/csv")]


def test_no_cell_of_a_file_begins_like_a_formula(
    services: Services, address: str, crews: list[StaffLogin], ids: dict[str, str], pytestconfig: pytest.Config
) -> None:
    files = [one for who in crews for one in files_of(address, who, ids)]
    assert len({path.partition("?")[0] for _, path in files}) >= 5
    for said in FORMULAS if pytestconfig.option.long else FORMULAS[::4]:
        type_everywhere(services, said)
        for who, path in files:
            with AtConsole(address, who) as at:
                written = at.get(path, csv="1").text.removeprefix("\ufeff")
            cells = [cell for row in csv.reader(io.StringIO(written, newline="")) for cell in row]
            assert [cell for cell in cells if cell and not begins_well(cell[0])] == [], path
