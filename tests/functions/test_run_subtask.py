"""Messages of the subtask queue, as Lambda's mapping hands them over."""

from typing import Any

import pytest

from functions.run_subtask.handler import handler
from shared.orchestration import SubtaskRule
from shared.pipeline import NewTask, create_task, get_task
from shared.services import Services
from shared.subtask_queue import ref_from
from shared.task import Outcome, Task, TaskStatus
from tests.deployment import client, keys, put
from tests.functions.conftest import Context, an_event, logged, metrics
from tests.outages import calls, outage

COVER = SubtaskRule.model_validate({"name": "cover", "type": "SCREENSHOT", "params": {"at": [0]}})


def a_waiting_task(world: Services, key: str, body: bytes) -> Task:
    """Make a task whose one message is in the queue."""
    put(key, body)
    return create_task(world, "main", NewTask("input", key, subtasks=(COVER,)), lambda size: key.encode()[-size:])[0]


def an_event_of(*records: dict[str, Any]) -> dict[str, Any]:
    """Return the event of some messages, received ones or made up."""
    (usual,) = an_event("sqs-receive-message")["Records"]
    return {"Records": [{**usual, **record} for record in records]}


def received_records(world: Services) -> list[dict[str, Any]]:
    """Receive what the queue holds, as the records of an event; it stays in the queue, hidden."""
    answer = client("sqs").receive_message(QueueUrl=world.settings.queue_url, MaxNumberOfMessages=10)
    return [
        {"messageId": m["MessageId"], "receiptHandle": m["ReceiptHandle"], "body": m["Body"]}
        for m in answer.get("Messages", [])
    ]


def failed(answer: dict[str, Any]) -> list[str]:
    """Return the messages that Lambda is asked to bring again."""
    assert set(answer) == {"batchItemFailures"}
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


def test_a_message_becomes_outputs(world: Services, context: Context, blink: bytes) -> None:
    task = a_waiting_task(world, "uploads/a.mp4", blink)

    answer = handler(an_event_of(*received_records(world)), context)

    done = get_task(world, "main", task.id)
    assert failed(answer) == []
    assert (done.status, done.outcome) == (TaskStatus.COMPLETED, Outcome.SUCCEEDED)
    assert done.subtasks[0].output == f"s3://output/{keys()[0]}"


def test_a_file_that_is_no_film_serves_its_message(world: Services, context: Context) -> None:
    task = a_waiting_task(world, "uploads/diary.mp4", b"Dear diary")

    assert failed(handler(an_event_of(*received_records(world)), context)) == []
    assert get_task(world, "main", task.id).outcome is Outcome.FAILED


def test_the_message_that_sam_makes_names_a_task_that_is_gone_and_is_dropped(world: Services, context: Context) -> None:
    assert world

    assert failed(handler(an_event("sqs-receive-message"), context)) == []


@pytest.mark.parametrize("body", ["", "not JSON", "[]", '{"taskId": "X"}', '{"taskId": "", "run": 1, "subtask": 1}'])
def test_a_message_that_is_none_is_reported_and_breaks_no_other(world: Services, context: Context, body: str) -> None:
    task = a_waiting_task(world, "uploads/diary.mp4", b"Dear diary")
    poison = {"messageId": "poison", "body": body}

    answer = handler(an_event_of(poison, *received_records(world), {**poison, "messageId": "too"}), context)

    assert failed(answer) == ["poison", "too"]
    assert get_task(world, "main", task.id).status is TaskStatus.COMPLETED


def test_a_message_of_a_subtask_in_work_is_hidden_until_the_lease_is_over(world: Services, context: Context) -> None:
    a_waiting_task(world, "uploads/diary.mp4", b"Dear diary")
    (record,) = received_records(world)
    now = world.now()
    world.tasks.claim(ref_from(record["body"]), now, now + 3_600_000, 3)

    with calls() as made:
        answer = handler(an_event_of(record), context)

    assert failed(answer) == [record["messageId"]]
    assert made[-1] == "ChangeMessageVisibility"
    with outage("ChangeMessageVisibility"):
        assert failed(handler(an_event_of(record), context)) == [record["messageId"]]


def test_a_message_whose_attempt_was_interrupted_comes_again(world: Services, context: Context) -> None:
    task = a_waiting_task(world, "uploads/diary.mp4", b"Dear diary")
    (record,) = received_records(world)

    with outage("HeadObject"):
        answer = handler(an_event_of(record), context)

    assert failed(answer) == [record["messageId"]]
    assert get_task(world, "main", task.id).unsent == frozenset()
    assert failed(handler(an_event_of(record), context)) == []
    assert get_task(world, "main", task.id).subtasks[0].attempt == 2


@pytest.mark.parametrize("call", ["UpdateItem", "PutItem"])
def test_a_message_that_dynamodb_had_no_answer_for_comes_again(world: Services, context: Context, call: str) -> None:
    a_waiting_task(world, "uploads/diary.mp4", b"Dear diary")
    (record,) = received_records(world)

    with outage(call):
        answer = handler(an_event_of(record), context)

    assert failed(answer) == [record["messageId"]]


def test_trouble_is_logged_with_what_it_is_about(
    world: Services, context: Context, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    task = a_waiting_task(world, "uploads/diary.mp4", b"Dear diary")

    handler(an_event_of({"body": "poison"}, *received_records(world)), context)

    assert logged(caplog, "message put back")["code"] == "InvalidRequest"
    finished = logged(caplog, "subtask finished")
    assert (finished["task_id"], finished["no"], finished["failure"]) == (
        task.id,
        1,
        "SourceFileError.NotMedia",
    )
    counted = metrics(capsys)
    assert (counted["SubtasksFailed"], counted["MessagesPutBack"]) == ([1.0], [1.0])
