"""What a person does on a page: fills in, presses, and waits until the page has answered."""

from playwright.sync_api import Page, expect

PRIMARY = "main .button.primary, main .button.danger"


def fill(page: Page, **fields: str) -> None:
    """Types into boxes by their names."""
    for name, value in fields.items():
        page.locator(f"[name={name}]:not([type=hidden])").fill(value)


def press(page: Page, button: str = PRIMARY) -> None:
    """Returns when another heading stands there, whether the page was left or only its middle was exchanged."""
    page.locator("h1").evaluate("heading => heading.dataset.before = ''")
    page.locator(button).click()
    settled(page)


def settled(page: Page) -> None:
    expect(page.locator("h1:not([data-before])")).to_have_count(1)
    page.wait_for_load_state("load")
