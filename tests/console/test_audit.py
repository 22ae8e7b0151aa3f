"""The audit log at the console: searched, paged, and each entry with what proves it."""

import re
from hashlib import sha256

from app.audit.domain import Action
from app.disclosure.refusals import record_refusal
from app.kernel.actor import OPERATOR
from app.wiring import Services
from tests.support.console import AtConsole
from tests.support.forum import ForumBackend
from tests.support.staff import make_staff

HERE = "/console/audit"


def rows(text: str) -> int:
    return len(re.findall(r"<tr>", text)) - 1


def test_entries_are_found_by_act_actor_and_object_and_paged(services: Services, address: str) -> None:
    forums = [services.forums.add(OPERATOR, f"论坛 {number}").forum_id for number in range(55)]
    services.audit.sequencer.catch_up()
    with AtConsole(address, make_staff(services, "auditor")) as at:
        first = at.get(HERE, action="forum.added")
        assert rows(first.text) == 50
        more = re.search(r'href="([^"]+)" rel="next"', first.text)
        assert more
        assert rows(at.get(more[1].replace("&amp;", "&")).text) == 5
        assert rows(at.get(HERE, object=forums[3]).text) == 1
        assert rows(at.get(HERE, actor=OPERATOR.id, action="forum.added", after="2000-01-01").text) == 50
        nothing = at.get(HERE, action="forum.added", before="2001-01-01").text
        assert f'href="{HERE}"' in nothing
        assert "No match" in nothing
        for hostile in ("'; DROP TABLE x", "<script>alert(1)</script>", "9" * 300):
            answer = at.get(HERE, actor=hostile, object=hostile, cursor=hostile)
            assert answer.status_code == 200
            assert "<script>alert" not in answer.text
        for day in ("yesterday", "0001-01-01", "9999-12-31"):
            assert (at.get(HERE, before=day).status_code, 'id="before-error"' in at.page.text) == (422, True)
        services.audit.sequencer.catch_up()
        assert rows(at.get(HERE, action="audit.searched").text) > 5


def test_entries_name_who_and_what_in_words_and_lead_there(services: Services, address: str) -> None:
    credentials = services.forums.add(OPERATOR, "镜湖")
    forum, who = ForumBackend(address, credentials), make_staff(services, "auditor", "admin")
    account = forum.post("/v1/accounts", {"handle": "渔樵"}).json()
    forum.http.close()
    record_refusal(services.unit_of_work, who.member().as_actor(), Action.DISCLOSURE_REQUESTED, "x", "too-few-staff")
    services.audit.sequencer.catch_up()
    with AtConsole(address, who, language="zh") as at:
        page = at.get(HERE).text
        for said in (
            "账号“渔樵”",
            ">论坛 镜湖</a>",
            f">{who.email}</a>",
            "系统管理员（命令行）",
            '<td data-label="对象">—</td>',
        ):
            assert said in page, said
        assert f'href="/console/forums/{credentials.forum_id}">论坛“镜湖”</a>' in page
        entry_id = re.search(rf'href="{HERE}/([0-9a-f-]+)"', at.get(HERE, object=account["id"]).text)
        assert entry_id
        page = at.get(f"{HERE}/{entry_id[1]}").text
        assert "账号“渔樵”" in page
        assert f">{account['id']}</code>" in page


def test_an_entry_shows_its_bytes_its_proof_and_the_checkpoint(services: Services, address: str) -> None:
    services.forums.add(OPERATOR, "论坛")
    services.audit.sequencer.catch_up()
    with AtConsole(address, make_staff(services, "auditor")) as at:
        entry_id = re.search(rf'href="{HERE}/([0-9a-f-]+)"', at.get(HERE).text)
        assert entry_id
        page = at.get(f"{HERE}/{entry_id[1]}").text
        assert services.audit.proofs.inclusion(entry_id[1]).checkpoint.splitlines()[2] in page
        entry = at.get(f"{HERE}/{entry_id[1]}", part="entry")
        assert entry.headers["content-disposition"].startswith("attachment")
        assert sha256(b"\0" + entry.content).hexdigest() in page
        assert at.get(f"{HERE}/{entry_id[1]}", part="proof").text.startswith("c2sp.org/tlog-proof@v1\n")
        assert at.get(f"{HERE}/nobody").status_code == 404
    with AtConsole(address, make_staff(services, "reviewer")) as at:
        assert at.get(HERE).status_code == 403
        assert at.get(f"{HERE}/{entry_id[1]}").status_code == 403
