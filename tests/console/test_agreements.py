"""Agreements at the console: written, looked through for what is missing, compared, and published."""

from datetime import timedelta

from app.agreements.domain import AgreementKind
from app.policies import AGREEMENT_LONGEST_TEXT
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.console import AtConsole
from tests.support.staff import make_staff

HERE = "/console/agreements"
WRITE = f"{HERE}/write"
SCRIPT = "<script>alert(1)</script>"


def test_a_draft_is_written_mended_compared_and_published(services: Services, address: str, clock: FakeClock) -> None:
    admin = make_staff(services, "admin")
    current = services.agreements.current(AgreementKind.USER)
    with AtConsole(address, admin) as at:
        assert current.text_zh[:40] in at.get(f"{HERE}/new", kind="user").text
        typed = {"version": "../", "title": SCRIPT, "text-zh": "# 空\n", "text-en": "# Empty\n"}
        refused = at.send(WRITE, **typed)
        assert (refused.status_code, SCRIPT in refused.text, "# Empty" in refused.text) == (422, False, True)
        too_long = at.send(
            WRITE, **{**typed, "version": "2027-01", "text-zh": "字" * (AGREEMENT_LONGEST_TEXT.value + 1)}
        )
        assert (too_long.status_code, 'id="text-zh-error"' in too_long.text) == (422, True)
        lacking = at.send(WRITE, **{**typed, "version": "2027-01"})
        assert (lacking.text.count("not found"), "<del>" in lacking.text, SCRIPT in lacking.text) == (4, True, False)
        draft = lacking.url.path
        assert at.get(f"{draft}/publish").url.path.endswith("/publish")
        assert "Publish this draft" not in at.page.text
        at.get(f"{draft}/edit")
        text = current.text_zh + "\n" + "字" * (AGREEMENT_LONGEST_TEXT.value - len(current.text_zh) - 10)
        full = {
            "version": "2027-01",
            "title": "用户协议",
            "text-zh": text,
            "text-en": current.text_en + f"\n{SCRIPT}\n",
        }
        page = at.send(WRITE, **full).text
        assert (page.count("not found"), f"<ins>{SCRIPT}" in page, "<ins>&lt;script&gt;" in page) == (0, False, True)
        clock.advance(minutes=6)
        begins = clock.now() + timedelta(days=2)
        form = {"effective_at": begins.date().isoformat(), "accept_by": begins.date().isoformat()}
        at.get(f"{draft}/publish")
        refused = at.send(f"{draft}/publish", **form, code=admin.code())
        assert (refused.status_code, 'id="accept_by-error"' in refused.text) == (422, True)
        form["accept_by"] = (begins + timedelta(days=9)).date().isoformat()
        done = at.send(f"{draft}/publish", **form)
        assert (done.status_code, "on record" in done.text, "To come" in done.text) == (200, True, True), done.text
        newest = services.agreement_drafts.published(None, 1)[0]
        assert SCRIPT not in at.get(f"{HERE}/versions/{newest.number}").text
        assert newest.version.sha256 in at.page.text
        assert at.get(f"{draft}/edit").url.path == draft
        assert at.post(WRITE, {"form": at.get(f"{HERE}/new").text and at.held("form"), "kind": "x"}).url.path == HERE
        for nothing in ("versions/0", "versions/99999999999", "versions/x", "drafts/agd_0", "drafts/agd_0/publish"):
            assert at.get(f"{HERE}/{nothing}").status_code == 404


def test_publishing_takes_a_second_factor_and_only_an_admin_writes(
    services: Services, address: str, clock: FakeClock
) -> None:
    admin, current = make_staff(services, "admin"), services.agreements.current(AgreementKind.MODERATOR)
    with AtConsole(address, admin) as at:
        at.get(f"{HERE}/new", kind="moderator")
        draft = at.send(
            WRITE, version="2027-02", title="版主协议", **{"text-zh": current.text_zh, "text-en": current.text_en}
        ).url.path
        clock.advance(minutes=6)
        day = clock.now().date()
        form = {"effective_at": day.isoformat(), "accept_by": (day + timedelta(days=8)).isoformat()}
        at.get(f"{draft}/publish")
        assert at.send(f"{draft}/publish", **form).status_code == 403
        assert services.agreements.current(AgreementKind.MODERATOR).version == current.version
        at.get(draft)
        assert "given up" in at.send(f"{draft}/withdraw").text
    with AtConsole(address, make_staff(services, "compliance")) as at:
        assert at.get(HERE).status_code == 403
        assert at.post(WRITE, {"kind": "user"}).status_code == 403
