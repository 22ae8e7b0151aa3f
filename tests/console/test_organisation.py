"""The operator's own house at the console: who answers for what, filings, the directory, and who may change them."""

import re

from app.kernel.actor import OPERATOR
from app.wiring import Services
from tests.support.console import AtConsole
from tests.support.staff import make_staff

HERE = "/console/organisation"
HOSTILE = "<script>alert(1)</script>"
OFFICER = {"duty": "complaints", "rank": "principal", "title": "=HYPERLINK(1)", "contact": HOSTILE}
AUTHORITY = {"name": HOSTILE, "kind": "cac_local", "region": "杭州", "channel": "12377"}


def test_the_last_officer_of_a_duty_stays_and_a_successor_takes_over(services: Services, address: str) -> None:
    with AtConsole(address, make_staff(services, "admin")) as at:
        assert "10 posts are vacant" in at.get(HERE).text
        at.get(f"{HERE}/officers/new", duty="complaints", rank="deputy")
        assert re.search(r'value="deputy"[^>]* checked', at.page.text)
        refused = at.send(f"{HERE}/officers", **OFFICER, appointed_on="2999-01-01")
        assert (refused.status_code, 'id="appointed_on-error"' in refused.text) == (422, True)
        refused = at.send(f"{HERE}/officers", **{**OFFICER, "title": " "}, appointed_on="yesterday")
        assert (refused.status_code, "&lt;script&gt;" in refused.text, HOSTILE in refused.text) == (422, True, False)
        done = at.send(f"{HERE}/officers", **OFFICER, appointed_on="2020-01-01")
        assert "Appointed" in done.text
        first = services.organisation.officers(None, 9, current=True)[0]
        end = f"{HERE}/officers/{first.id}/end"
        page = at.get(f"{HERE}/officers/{first.id}").text
        assert "appoint a successor first" in page
        assert end not in page
        form = {"form": re.findall(r'name="form" value="([^"]+)"', page)[0], "reason": "离职"}
        assert at.post(end, form).status_code == 409
        at.get(f"{HERE}/officers/new")
        at.send(f"{HERE}/officers", **{**OFFICER, "title": "主任"}, appointed_on="2020-01-01")
        at.get(f"{HERE}/officers/{first.id}")
        assert at.send(end).status_code == 422
        assert "has ended" in at.send(end, reason="离职").text
        assert "离职" in at.get(f"{HERE}/officers").text
        assert "'=HYPERLINK(1)" in at.get(f"{HERE}/officers", csv="1").text
        assert at.get(f"{HERE}/officers/nobody").status_code == 404


def test_filings_and_authorities_are_recorded_and_keep_their_history(services: Services, address: str) -> None:
    forum_id = services.forums.add(OPERATOR, "镜湖论坛").forum_id
    with AtConsole(address, make_staff(services, "admin")) as at:
        assert "Never recorded" in at.get(HERE).text
        one = f"{HERE}/forums/{forum_id}"
        at.get(one)
        refused = at.send(one, icp_filing="浙ICP备1号", reviewed_on="2020-01-01")
        assert (refused.status_code, "浙ICP备1号" in refused.text) == (422, True)
        assert "Recorded" in at.send(one, responsible_unit="镜湖公司", reviewed_on="2020-01-01").text
        assert ", due" in at.get(HERE).text
        at.get(f"{HERE}/authorities/new", kind="cac_local")
        assert "added" in at.send(f"{HERE}/authorities", **AUTHORITY, reviewed_on="2020-01-01").text
        assert HOSTILE not in at.page.text
        authority = services.organisation.authorities(None, 9, current=True)[0]
        one = f"{HERE}/authorities/{authority.id}"
        assert "was due on" in at.get(one).text
        at.send(one, **{**AUTHORITY, "name": "杭州网信办"}, reviewed_on="2026-01-01")
        assert ("杭州网信办" in at.page.text, "&lt;script&gt;" in at.page.text) == (True, True)
        assert "has ended" in at.send(f"{one}/end", reason="合并").text
        assert "杭州网信办" not in at.get(HERE).text
        assert "杭州网信办" in at.get(HERE, show="all").text
        assert "杭州网信办" in at.get(HERE, show="all", csv="authorities").text


def test_compliance_reads_and_only_an_admin_changes(services: Services, address: str) -> None:
    with AtConsole(address, make_staff(services, "compliance")) as at:
        assert "officers/new" not in at.get(HERE).text
        assert at.get(f"{HERE}/officers/new").status_code == 403
        assert at.post(f"{HERE}/authorities", AUTHORITY).status_code == 403
    with AtConsole(address, make_staff(services, "auditor")) as at:
        assert at.get(HERE).status_code == 403
