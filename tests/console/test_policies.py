"""Numbers at the console: all of them listed, a change rehearsed before it is made, and made with a second factor."""

import re
from datetime import timedelta

from app import policies
from app.kernel.actor import OPERATOR
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.console import AtConsole
from tests.support.offices import plant_moderators
from tests.support.staff import make_staff

HERE = "/console/policies"
CHANGE = f"{HERE}/change"
INTERVAL = "reverification_interval"


def test_every_number_stands_in_the_list_with_its_unit_and_source(services: Services, address: str) -> None:
    with AtConsole(address, make_staff(services, "admin")) as at:
        file = at.get(HERE, csv="1").text
        for name, policy in policies.every_number():
            assert f"{name},{policy.value}," in file
        assert f"({len(list(policies.every_number()))})" in at.get(HERE).text
        rows, here = list[str](), {"lang": "zh"}
        while here:
            page = at.get(HERE, **here).text
            rows += re.findall(r'<td data-label="(?:名称|单位|来源)"[^>]*>(?:<a[^>]*>)?([^<]+)', page)
            following = re.search(r'cursor=([a-z0-9_]+)" rel="next"', page)
            here = {"cursor": following[1]} if following else {}
        assert len(rows) == 3 * len(list(policies.every_number()))
        assert [said for said in rows if not re.search(r"[\u4e00-\u9fff]|%|[KM]iB|docs/|^N[0-9]+$|^L[0-9]", said)] == []
        for hostile in ("'", "<script>", "9" * 300):
            assert at.get(HERE, show=hostile, cursor=hostile, forum=hostile, before=hostile).status_code == 200
    with AtConsole(address, make_staff(services, "compliance")) as at:
        assert at.get(HERE).status_code == 403
        assert at.post(CHANGE, {"name": INTERVAL, "value": "90"}).status_code == 403


def test_a_change_is_rehearsed_then_made_with_a_reason_and_a_fresh_second_factor(
    services: Services, address: str, clock: FakeClock
) -> None:
    forum_id = services.forums.add(OPERATOR, "镜湖论坛").forum_id
    with services.unit_of_work.begin(OPERATOR) as tx:
        plant_moderators(tx, forum_id, 30)
    admin = make_staff(services, "admin")
    clock.advance(minutes=6)
    soon = (clock.now() + timedelta(days=10)).date().isoformat()
    with AtConsole(address, admin) as at:
        assert 'method="post" action="/console/policies' not in at.get(CHANGE, name=INTERVAL).text
        for value, day in (("<b>", ""), ("9", ""), ("90", "then"), ("90", "2020-01-01"), ("90", "2999-01-01")):
            refused = at.get(CHANGE, name=INTERVAL, value=value, effective_at=day)
            assert (refused.status_code, "<b>" in refused.text, "<svg" in refused.text) == (422, False, False), value
        page = at.get(CHANGE, name=INTERVAL, value="90", effective_at=soon).text
        assert (page.count("<svg"), "30 of 30 moderators" in page) == (2, True)
        assert services.term_changes.history(None, None, 9) == []
        missing = at.send(CHANGE, reason="")
        assert (missing.status_code, 'id="reason-error"' in missing.text) == (422, True)
        asked = at.send(CHANGE, reason="<script>抽查", source="L8d")
        assert (asked.status_code, 'value="&lt;script&gt;抽查"' in asked.text) == (403, True)
        done = at.send(CHANGE, reason="<script>抽查", source="L8d", code=admin.code())
        assert (done.status_code, "on record" in done.text, "to come" in done.text) == (200, True, True), done.text
        assert "&lt;script&gt;抽查" in done.text
        [made] = services.term_changes.history(None, None, 9)
        assert (made.change.interval_days, made.source, made.changed_by) == (90, "L8d", admin.staff_id)
