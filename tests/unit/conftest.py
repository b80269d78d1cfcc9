"""Fixtures of the unit tests: the template's own tables on moto, which is single-threaded and quick."""

from collections.abc import Iterator

import pytest

from shared.providers.aws import Aws
from tests.support.attempts import A_DAY
from tests.support.deployment import BEGINNING, ClockedServices, cached_services, emulated


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[ClockedServices]:
    """Lend the services on empty tables, buckets and queues."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    # moto has no locks: a heartbeat runs only in tests that make no other call meanwhile.
    monkeypatch.setattr("shared.worker.heartbeat.FIRST_BEAT", A_DAY)
    with emulated() as settings:
        lent = cached_services(settings)
        lent.settings, lent.time = settings, BEGINNING
        yield lent


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    """Lend a provider whose clients have what a Lambda's environment gives them."""
    for name, value in {"DEFAULT_REGION": "eu-west-1", "ACCESS_KEY_ID": "k", "SECRET_ACCESS_KEY": "s"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    return Aws()
