"""The file in which an identity leaves: saved from the console, opened from a disk without any network."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from app.kernel.actor import OPERATOR
from app.wiring import Services
from tests.browser.conftest import NewVisitor
from tests.support.disclosing import open_office
from tests.support.forum import NAME, PERSON, ForumBackend


def test_a_sealed_file_opens_offline_under_its_passphrase_and_no_other(
    browser: Browser, services: Services, address: str, new_visitor: NewVisitor, tmp_path: Path
) -> None:
    office = open_office(services, address, 2)
    forum = ForumBackend(address, services.forums.add(OPERATOR, "镜湖论坛"))
    disclosure_id = office.approved(forum.member("山间清风")["id"])
    forum.http.close()
    visitor = new_visitor(language="zh")
    visitor.context.add_cookies([{"name": "staff", "value": office.asker.cookie, "url": address}])
    tab = visitor.tab()
    tab.goto(f"/console/disclosures/{disclosure_id}/open")
    tab.get_by_role("button", name="显示口令").click()
    passphrase = tab.locator(".sealed-code").inner_text()
    with tab.expect_download() as saved:
        tab.get_by_role("button", name="打开身份并保存加密文件").click()
    path = tmp_path / saved.value.suggested_filename
    saved.value.save_as(path)
    assert PERSON not in tab.content()

    elsewhere = browser.new_context(offline=True)
    said: list[str] = []
    asked: list[str] = []
    elsewhere.on("console", lambda message: said.append(message.text))
    elsewhere.on("request", lambda request: asked.append(request.url))
    page = elsewhere.new_page()
    page.goto(path.as_uri())
    field = page.get_by_label("口令", exact=True)
    field.fill(passphrase[:-1] + ("a" if passphrase[-1] != "a" else "b"))
    page.get_by_role("button", name="打开").click()
    expect(page.get_by_role("alert")).to_contain_text("口令不对")
    assert PERSON not in page.content()
    field.fill(f" {passphrase.replace('-', ' ').upper()} ")
    page.get_by_role("button", name="打开").click()
    expect(page.get_by_text(NAME, exact=True)).to_be_visible()
    expect(page.get_by_text(PERSON, exact=True)).to_be_visible()
    elsewhere.close()
    assert said == []
    assert asked == [path.as_uri()]
