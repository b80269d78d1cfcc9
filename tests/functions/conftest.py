"""Fixtures of the functions' tests: no handler may ask AWS for what its role doesn't allow."""

from collections.abc import Iterator

import pytest

from tests.support.functions import api, context, services  # noqa: F401 - fixtures
from tests.support.permitted import permitted


@pytest.fixture(autouse=True)
def _permitted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let no handler ask AWS for what its role doesn't allow."""
    with permitted(monkeypatch):
        yield
