"""Whoever complains or appeals without a link of their forum finds it, however many there are."""

import httpx2
import pytest

from app.kernel.actor import OPERATOR
from app.wiring import Services


@pytest.mark.parametrize("where", ["complaints", "appeals"])
def test_every_forum_can_be_chosen_however_many_there_are(services: Services, address: str, where: str) -> None:
    names = [f"论坛{number}<b>" for number in range(15)]
    for number, name in enumerate(names):
        services.forums.add(OPERATOR, name)
        if number in {0, 1, len(names) - 1}:
            page = httpx2.get(f"{address}/{where}")
            assert page.status_code == httpx2.codes.OK, page.text
            assert [one for one in names[: number + 1] if one.replace("<b>", "&lt;b&gt;") not in page.text] == []
