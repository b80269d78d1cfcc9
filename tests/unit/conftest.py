"""Fixtures of the unit tests: the template's own tables on moto, which is single-threaded and quick."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from shared.domain.ids import sortable_id
from shared.domain.subtask import Subtask, SubtaskRef, SubtaskType
from shared.domain.task import OrchestrationRef, Source, Task
from shared.domain.upload import Upload
from shared.providers.aws import Aws
from shared.settings import Settings
from shared.stores.subtask_queue import ref_from
from shared.use_cases.sweeper import sweep
from shared.use_cases.uploads import accept_upload
from tests.support.deployment import BEGINNING, ClockedServices, emulated, received

A_DAY = 24 * 3600.0


@cache
def cached_services(settings: Settings) -> ClockedServices:
    """Return the services on a deployment of those names: their clients outlive a test."""
    return ClockedServices(settings)


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[ClockedServices]:
    """Lend the services on empty tables, buckets and queues."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    # moto has no locks: a heart beats only where the test sees to it that nobody else calls meanwhile.
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


def a_task(
    services: ClockedServices, subtasks: int = 2, *, needs: dict[int, tuple[int, ...]] | None = None, name: str = "a"
) -> Task:
    """Return a new task that is not stored yet."""
    return Task(
        id=sortable_id(services.now(), name.encode()),
        source=Source("input", f"uploads/{name}.mp4", 1000, "etag", "v1"),
        subtasks=tuple(
            Subtask(
                no,
                f"s{no}",
                SubtaskType.TRANSCODE,
                {"crf": 20.5, "audio": None},
                needs=(needs or {}).get(no, ()),
            )
            for no in range(1, subtasks + 1)
        ),
        created_at=services.now(),
        output_prefix="{inputDir}/{inputName}/",
        orchestration=OrchestrationRef("web-video", 1),
    ).begun()


def sent(services: ClockedServices) -> list[SubtaskRef]:
    """Receive what is in the queues: the subtasks that their messages name."""
    return [ref_from(message["Body"]) for message in received(services.settings)]


def swept(services: ClockedServices) -> int:
    """Sweep with plenty of time; return how many tasks were looked at, of which each must have been healed."""
    done = sweep(services, lambda: 60)
    assert done.failed == 0
    return done.looked


def an_upload(services: ClockedServices, key: str = "uploads/clip.mp4", **changes: Any) -> Upload:  # noqa: ANN401
    """Return an upload as its event tells, of an object that need not be there."""
    usual = Upload("input", key, 1000, "etag", services.now(), version_id="v1", sequencer="0A")
    return replace(usual, **changes)


def accepted(services: ClockedServices, upload: Upload | None = None) -> Task:
    """Make a task by an upload that exactly one orchestration takes."""
    (decision,) = accept_upload(services, upload or an_upload(services))
    task = services.tasks.get(decision.task_id or "")
    assert task
    return task
