"""Fixtures: pages do not know databases, so one is enough."""

import pytest


@pytest.fixture(params=["sqlite"])
def database_url(database_url: str) -> str:
    return database_url
