"""Helpers for tests of attempts: small subtasks, tasks that use them, and their results."""

import os
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from shared.domain.orchestration import SubtaskDocument, SubtaskDocuments
from shared.domain.subtask import SubtaskRef, SubtaskStatus
from shared.domain.task import Source, Task
from shared.domain.upload import Upload
from shared.stores.subtask_queue import parse_message_body
from shared.use_cases.sweeper import sweep
from shared.use_cases.tasks import NewTask, create_task, read_task
from shared.use_cases.uploads import accept_upload
from shared.worker.run import run_subtask
from shared.worker.workspace import NAME
from tests.support.deployment import ClockedServices, client, received
from tests.support.factories import make_upload

A_DAY = 24 * 3600.0  # seconds
SECONDS = 60.0
LEASE_MS = 120_000
COVER = {"name": "cover", "type": "SCREENSHOT", "params": {"at": [0], "width": 64}}
SMALL = {"name": "small", "type": "TRANSCODE", "params": {"video": {"width": 64, "speed": "fastest"}}}
# Encodes for longer than any test waits.
LONG = {"name": "long", "type": "TRANSCODE", "params": {"video": {"codec": "h265", "speed": "slowest"}}}
TOO_LATE = {"name": "late", "type": "SCREENSHOT", "params": {"at": ["01:00:00"]}}
# Where an attempt of this process has its files; a part of its ffmpeg's command line.
WORKSPACE = f"/{NAME}{os.getpid()}-"
NO_FILM = b"Dear diary, today I was renamed to .mp4."
RULES: TypeAdapter[tuple[SubtaskDocument, ...]] = TypeAdapter(SubtaskDocuments)


def a_made_task(services: ClockedServices, source: Source, *rules: dict[str, Any], prefix: str | None = None) -> Task:
    """Create a task from an existing object."""
    wanted = NewTask(source.bucket, source.key, subtasks=RULES.validate_python(rules))
    if prefix is not None:
        wanted = replace(wanted, output=wanted.output.model_copy(update={"prefix": prefix}))
    return create_task(services, "main", wanted, bytes)[0]


def worked(services: ClockedServices, task: Task) -> Task:
    """Run every message in the queues until they are empty; no message may come again."""
    while queued := sent(services):
        for ref in queued:
            assert run_subtask(services, ref, SECONDS) is None
    return read_task(services, "main", task.id)


def statuses(task: Task) -> list[SubtaskStatus]:
    return [subtask.status for subtask in task.subtasks]


def codes(task: Task) -> list[str | None]:
    return [subtask.failure.code if subtask.failure else None for subtask in task.subtasks]


def tags(key: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = client("s3").get_object_tagging(Bucket="output", Key=key)["TagSet"]
    return found


def sent(services: ClockedServices) -> list[SubtaskRef]:
    """Receive all messages in the queues; return the subtasks that they name."""
    return [parse_message_body(message["Body"]) for message in received(services.settings)]


def swept(services: ClockedServices) -> int:
    """Sweep with plenty of time; return the number of checked tasks. The sweep must have repaired all of them."""
    done = sweep(services, lambda: 60)
    assert done.failed == 0
    return done.checked


def accepted(services: ClockedServices, upload: Upload | None = None) -> Task:
    """Accept an upload that exactly one orchestration takes; return its task."""
    (decision,) = accept_upload(services, upload or make_upload(at=services.now()))
    task = services.tasks.get(decision.task_id or "")
    assert task
    return task
