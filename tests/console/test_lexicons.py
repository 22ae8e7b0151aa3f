"""Lexicons at the console: brought in, compared, rehearsed, published over an alarm, tried, withdrawn."""

from app.kernel.actor import OPERATOR
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.console import AtConsole
from tests.support.forum import ForumBackend
from tests.support.lexicons import HEADER, lexicon_file, put_in_force
from tests.support.staff import make_staff

HERE = "/console/lexicons"
SCRIPT = "<b>alert</b>"


def test_a_version_is_brought_in_compared_rehearsed_published_and_withdrawn(services: Services, address: str) -> None:
    with AtConsole(address, make_staff(services, "reviewer")) as at:
        at.get(f"{HERE}/import")
        refused = at.send(HERE, name="own", file=f"{HEADER}{SCRIPT},gambling,forbid,4,,,\r\n")
        assert (refused.status_code, 'id="file-error"' in refused.text, "Line 2" in refused.text) == (422, True, True)
        assert SCRIPT not in refused.text
        assert at.send(HERE, name="O W N", file=HEADER).status_code == 422
        many = "".join(f"赌博网站{number},gambling,block,4,,,\r\n" for number in range(3_000))
        page = at.send(HERE, name="own", file=f"{HEADER}{many}").text
        assert ("3000 terms" in page, "own/1" in page, "50 shown" in page) == (True, True, True), page[
            page.index("<main") :
        ][:1500]
        one = at.page.url.path
        rehearsed = at.send(f"{one}/rehearse")
        assert (rehearsed.status_code, "Nothing out of the ordinary" in rehearsed.text) == (200, True)
        assert "in force" in at.send(f"{one}/publish").text
        put_in_force(services.lexicons, f"{SCRIPT},gambling,block,4,,,", name="own")
        assert "1 removed, 0 changed" in at.get(one).text
        assert "&lt;b&gt;alert&lt;/b&gt;" in at.page.text
        newest = services.lexicons.list_all()[0].versions[0].id
        assert at.post(f"{one}/withdraw", {"form": at.held("form")}).status_code == 409
        at.get(f"{HERE}/{newest}")
        assert "Withdrawn" in at.send(f"{HERE}/{newest}/withdraw").text
        assert "own/2" in at.get(HERE, name="own", csv="1").text
        assert at.get(f"{HERE}/lex_0").status_code == 404
    with AtConsole(address, make_staff(services, "compliance")) as at:
        assert at.get(HERE).status_code == 403
        assert at.post(HERE, {"name": "own"}).status_code == 403


def test_an_alarm_stops_a_publication_until_it_is_ticked_and_a_recent_code_is_needed(
    services: Services, clock: FakeClock, address: str, forum: ForumBackend
) -> None:
    account = forum.member("山间清风")["id"]
    posts = [
        {"field": "post", "text": f"{number} 号茶馆", "account_id": account, "ref": str(number)} for number in range(9)
    ]
    forum.post("/v1/screenings", {"items": posts}).raise_for_status()
    imported = services.lexicons.import_file(
        OPERATOR, "own", lexicon_file("茶馆", *(f"{word},gambling,block,4,,single," for word in "的我是"))
    )
    one = f"{HERE}/{imported.version.id}"
    admin = make_staff(services, "admin")
    clock.advance(minutes=6)
    with AtConsole(address, admin) as at:
        at.get(one)
        assert "Alarm" in at.send(f"{one}/rehearse").text
        assert at.http.get(f"{one}/rehearse").headers["location"] == one
        refused = at.send(f"{one}/publish", despite="yes")
        assert (refused.status_code, 'id="code-error"' in refused.text) == (403, True)
        assert services.lexicons.in_force() == []
        refused = at.send(f"{one}/publish", code=admin.code())
        assert (refused.status_code, 'id="despite-error"' in refused.text) == (409, True)
        assert "Published" in at.send(f"{one}/publish", despite="yes").text


def test_a_text_is_tried_and_nothing_of_it_is_kept(services: Services, address: str) -> None:
    put_in_force(services.lexicons, "赌球")
    with AtConsole(address, make_staff(services, "admin")) as at:
        at.get(f"{HERE}/try")
        assert at.send(f"{HERE}/try", text=" ", field="post").status_code == 422
        tried = at.send(f"{HERE}/try", text=f"{SCRIPT}去赌球", field="post", lexicon="")
        assert ("赌球" in tried.text, "gambling" in tried.text, SCRIPT in tried.text) == (True, True, False)
        assert str(tried.url).endswith("/try")
        missing = at.send(f"{HERE}/try", text="x", field="post", lexicon="lex_0")
        assert missing.status_code == 404
        assert at.get(f"{HERE}/suggestions").status_code == 200
        assert at.get(f"{HERE}/suggestions", csv="1").headers["content-type"].startswith("text/csv")
