"""The sweeper, as the schedule and the dead-letter queue invoke it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from functions.sweep.handler import handler
from shared.domain.subtask import SubtaskRef, SubtaskStatus, SubtaskType
from shared.domain.task import Outcome, Task
from shared.errors import NewerVersion, ServiceBusy
from shared.services import Services
from shared.stores.subtask_queue import message_body, parse_message_body
from shared.use_cases.sweeper import RETRY_CHECK_MS
from tests.support.deployment import received
from tests.support.factories import make_subtask, make_task
from tests.support.functions import Context, an_event, logged, metrics
from tests.support.outages import outage, refusal
from tests.support.transitions import spoiled

AN_HOUR = 3_600_000


def an_unsent_task(services: Services, age: int, name: str = "a") -> Task:
    """Create a task of that age in milliseconds, whose creator died before it sent the messages."""
    task = make_task(
        [make_subtask(name="cover", type=SubtaskType.SCREENSHOT, params={})], at=services.now() - age, name=name
    )
    assert services.tasks.create(task)
    return task


def dead_letters(*bodies: str) -> dict[str, Any]:
    """Return the event of some messages that no worker could finish."""
    (usual,) = an_event("sqs-receive-message")["Records"]
    return {"Records": [{**usual, "messageId": str(number), "body": body} for number, body in enumerate(bodies)]}


def test_an_unsent_subtask_is_sent(services: Services, context: Context) -> None:
    task = an_unsent_task(services, AN_HOUR)

    assert handler(an_event("scheduled-event"), context) == {"checked": 1, "failed": 0}

    assert [parse_message_body(m["Body"]) for m in received(services.settings)] == [SubtaskRef(task.id, 1, 1)]
    assert services.tasks.get(task.id) == replace(task, unsent=frozenset())
    assert handler(an_event("scheduled-event"), context) == {"checked": 0, "failed": 0}


def test_a_recent_subtask_is_not_sent_again(services: Services, context: Context) -> None:
    an_unsent_task(services, 0)

    assert handler(an_event("scheduled-event"), context) == {"checked": 0, "failed": 0}
    assert received(services.settings) == []


def test_a_task_that_could_not_be_healed_is_counted_and_the_others_are_healed(
    services: Services,
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, second = an_unsent_task(services, AN_HOUR, "a"), an_unsent_task(services, AN_HOUR - 1000, "b")

    with outage("SendMessageBatch"):
        assert handler(an_event("scheduled-event"), context) == {"checked": 2, "failed": 1}

    assert [parse_message_body(m["Body"]).task_id for m in received(services.settings)] == [second.id]
    counted = metrics(capsys)
    assert (counted["TasksSwept"], counted["TasksNotHealed"]) == ([2.0], [1.0])
    entry = logged(caplog, "task not healed")
    assert (entry["task_id"], entry["exception_name"]) == (first.id, "ServiceBusy")
    soon = services.now() + RETRY_CHECK_MS
    monkeypatch.setattr(services, "now", lambda: soon)
    assert handler(an_event("scheduled-event"), context) == {"checked": 1, "failed": 0}


def test_a_sweep_stops_in_time(services: Services, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    an_unsent_task(services, AN_HOUR)
    monkeypatch.setattr(context, "get_remaining_time_in_millis", lambda: 5000)

    assert handler(an_event("scheduled-event"), context) == {"checked": 0, "failed": 0}


def test_a_sweep_that_cannot_list_the_due_tasks_fails(services: Services, context: Context) -> None:
    an_unsent_task(services, AN_HOUR)

    with outage("Query", error=refusal("InternalServerError")), pytest.raises(ServiceBusy):
        handler(an_event("scheduled-event"), context)

    assert handler(an_event("scheduled-event"), context) == {"checked": 1, "failed": 0}


def test_the_subtask_of_a_dead_letter_has_failed(
    services: Services, context: Context, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = an_unsent_task(services, 0, "a"), an_unsent_task(services, 0, "b")

    answer = handler(dead_letters(*(message_body(SubtaskRef(task.id, 1, 1)) for task in (first, second))), context)

    assert answer == {"handled": 2}
    for identifier in (first.id, second.id):
        done = services.tasks.get(identifier)
        assert done
        assert done.outcome is Outcome.FAILED
        assert done.subtasks[0].failure
        assert done.subtasks[0].failure.code == "InternalError.Undeliverable"
    counted = metrics(capsys)
    assert (counted["DeadLetters"], counted["SubtasksFailed"]) == ([1.0, 1.0], [1.0, 1.0])


def test_a_dead_letter_of_a_running_subtask_ends_nothing(services: Services, context: Context) -> None:
    task = an_unsent_task(services, 0)
    ref = SubtaskRef(task.id, 1, 1)
    held = services.tasks.claim(ref, services.now(), services.now() + AN_HOUR, 3)

    assert handler(dead_letters(message_body(ref)), context) == {"handled": 1}

    assert held
    assert held.subtasks[0].status is SubtaskStatus.IN_PROGRESS
    assert services.tasks.get(task.id) == held


@pytest.mark.parametrize("body", ["", "not JSON", "[]", '{"taskId": "X", "run": 1e999, "subtask": 1}'])
def test_an_invalid_dead_letter_is_logged_and_dropped(
    services: Services, context: Context, caplog: pytest.LogCaptureFixture, body: str
) -> None:
    task = an_unsent_task(services, 0)

    answer = handler(dead_letters(body, message_body(SubtaskRef(task.id, 1, 1))), context)

    assert answer == {"handled": 1}
    assert repr(body) in logged(caplog, "dead letter names no subtask")["reason"]
    done = services.tasks.get(task.id)
    assert done
    assert done.outcome is Outcome.FAILED


@pytest.mark.parametrize("newer", ["task", "message"])
def test_a_dead_letter_that_only_a_newer_version_can_read_stays(
    services: Services, context: Context, newer: str
) -> None:
    task = an_unsent_task(services, 0)
    if newer == "task":
        spoiled(services, task)
    body = {"taskId": task.id, "run": 1, "subtask": 1, "schemaVersion": 1 if newer == "task" else 2}

    with pytest.raises(NewerVersion):
        handler(dead_letters(json.dumps(body)), context)


def test_a_dead_letter_that_cannot_be_buried_now_is_delivered_again(services: Services, context: Context) -> None:
    task = an_unsent_task(services, 0)
    event = dead_letters(json.dumps({"taskId": task.id, "run": 1, "subtask": 1}))

    with outage("UpdateItem"), pytest.raises(ServiceBusy):
        handler(event, context)

    assert handler(event, context) == {"handled": 1}
