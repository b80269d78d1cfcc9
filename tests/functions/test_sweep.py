"""The sweeper, as the clock calls it."""

from dataclasses import replace

import pytest

from functions.sweep.handler import handler
from shared.errors import ServiceBusy
from shared.services import Services
from shared.subtask_queue import ref_from
from shared.task import Source, Subtask, SubtaskRef, SubtaskType, Task, task_id
from tests.deployment import received
from tests.functions.conftest import Context, an_event
from tests.outages import outage

AN_HOUR = 3_600_000


def an_unsent_task(world: Services, age: int) -> Task:
    """Make a task whose maker died before its messages went out, so many milliseconds ago."""
    at = world.now() - age
    task = Task(
        id=task_id(at, b"a"),
        source=Source("input", "uploads/a.mp4", 1000, "etag"),
        subtasks=(Subtask(1, "cover", SubtaskType.SCREENSHOT, {}),),
        created_at=at,
        output_prefix="",
    ).begun()
    assert world.tasks.create(task)
    return task


def test_what_was_never_sent_is_sent(world: Services, context: Context) -> None:
    task = an_unsent_task(world, AN_HOUR)

    assert handler(an_event("scheduled-event"), context) == {"looked": 1}

    assert [ref_from(m["Body"]) for m in received(world.settings)] == [SubtaskRef(task.id, 1, 1)]
    assert world.tasks.get(task.id) == replace(task, unsent=frozenset())
    assert handler(an_event("scheduled-event"), context) == {"looked": 0}


def test_what_is_young_is_left_alone(world: Services, context: Context) -> None:
    an_unsent_task(world, 0)

    assert handler(an_event("scheduled-event"), context) == {"looked": 0}
    assert received(world.settings) == []


def test_a_sweep_that_fails_shows_as_failed(world: Services, context: Context) -> None:
    an_unsent_task(world, AN_HOUR)

    with outage("SendMessageBatch"), pytest.raises(ServiceBusy):
        handler(an_event("scheduled-event"), context)

    assert handler(an_event("scheduled-event"), context) == {"looked": 1}
