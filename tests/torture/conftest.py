"""The form in which the tests of this folder run."""

import pytest

from tests.torture.form import Form


@pytest.fixture
def form(request: pytest.FixtureRequest) -> Form:
    return Form(request.config.option.long, request.node.nodeid)
