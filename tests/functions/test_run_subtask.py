"""Messages of the subtask queues, as Lambda's event source mapping delivers them."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from signal import SIGTERM, getsignal
from typing import Any

import pytest

from functions.run_subtask.handler import NEWER_VERSION_SECONDS, handler
from shared.domain.orchestration import SubtaskDocument
from shared.domain.subtask import Failure, SubtaskStatus
from shared.domain.task import Lane, Outcome, Task, TaskStatus
from shared.services import Services
from shared.stores.subtask_queue import parse_message_body
from shared.use_cases.tasks import NewTask, create_task, read_task
from tests.support.attempts import LONG, WORKSPACE
from tests.support.clips import Clips
from tests.support.deployment import client, keys, put
from tests.support.functions import Context, an_event, logged, metrics
from tests.support.outages import meanwhile, outage
from tests.support.processes import encoders, processes, until
from tests.support.queues import delayed, hidden_for
from tests.support.transitions import spoiled

COVER = SubtaskDocument.model_validate({"name": "cover", "type": "SCREENSHOT", "params": {"at": [0]}})
ENDLESS = SubtaskDocument.model_validate(LONG)


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop heartbeats during other calls: moto has no locks."""
    monkeypatch.setattr("shared.worker.heartbeat.FIRST_BEAT", 3600.0)


def a_waiting_task(
    services: Services, key: str, body: bytes, *, rule: SubtaskDocument = COVER, priority: int | None = None
) -> Task:
    """Create a task whose only message is in the queue."""
    put(key, body)
    wanted = NewTask("input", key, subtasks=(rule,), priority=priority)
    return create_task(services, "main", wanted, lambda size: key.encode()[-size:])[0]


def an_event_of(*records: dict[str, Any]) -> dict[str, Any]:
    """Return the event of some messages, received or made up."""
    (usual,) = an_event("sqs-receive-message")["Records"]
    return {"Records": [{**usual, **record} for record in records]}


def received_records(services: Services, lane: Lane = Lane.STANDARD) -> list[dict[str, Any]]:
    """Receive the messages of a lane's queue as the records of an event; they stay in the queue, hidden."""
    url = services.settings.require(f"{lane.lower()}_queue_url")
    queue = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    answer = client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [
        {"messageId": m["MessageId"], "receiptHandle": m["ReceiptHandle"], "body": m["Body"], "eventSourceARN": queue}
        for m in answer.get("Messages", [])
    ]


def failed(answer: dict[str, Any]) -> list[str]:
    """Return the messages that Lambda is asked to bring again."""
    assert set(answer) == {"batchItemFailures"}
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


def test_a_message_leads_to_outputs(services: Services, context: Context, blink: bytes) -> None:
    task = a_waiting_task(services, "uploads/a.mp4", blink)

    answer = handler(an_event_of(*received_records(services)), context)

    done = read_task(services, "main", task.id)
    assert failed(answer) == []
    assert (done.status, done.outcome) == (TaskStatus.COMPLETED, Outcome.SUCCEEDED)
    assert done.subtasks[0].output == f"s3://output/{keys()[0]}"


def test_a_message_is_done_when_its_file_is_not_media(services: Services, context: Context) -> None:
    task = a_waiting_task(services, "uploads/diary.mp4", b"Dear diary")

    assert failed(handler(an_event_of(*received_records(services)), context)) == []
    assert read_task(services, "main", task.id).outcome is Outcome.FAILED


def test_the_message_that_sam_makes_names_a_task_that_is_gone_and_is_dropped(
    services: Services, context: Context
) -> None:
    assert services

    assert failed(handler(an_event("sqs-receive-message"), context)) == []


@pytest.mark.parametrize("body", ["", "not JSON", "[]", '{"taskId": "X"}', '{"taskId": "", "run": 1, "subtask": 1}'])
def test_an_invalid_message_is_reported_and_the_others_are_processed(
    services: Services, context: Context, body: str
) -> None:
    task = a_waiting_task(services, "uploads/diary.mp4", b"Dear diary")
    poison = {"messageId": "poison", "body": body}

    answer = handler(an_event_of(poison, *received_records(services), {**poison, "messageId": "too"}), context)

    assert failed(answer) == ["poison", "too"]
    assert read_task(services, "main", task.id).status is TaskStatus.COMPLETED


def test_a_message_of_a_running_subtask_is_hidden_for_five_minutes(services: Services, context: Context) -> None:
    a_waiting_task(services, "uploads/diary.mp4", b"Dear diary")
    (record,) = received_records(services)
    now = services.now()
    services.tasks.claim(parse_message_body(record["body"]), now, now + 3_600_000, 3)

    answer = handler(an_event_of(record), context)

    assert failed(answer) == [record["messageId"]]
    assert hidden_for(services.settings.standard_queue_url) == [pytest.approx(300, abs=30)]
    with outage("ChangeMessageVisibility"):
        assert failed(handler(an_event_of(record), context)) == [record["messageId"]]


@pytest.mark.parametrize(("lane", "priority"), [(Lane.URGENT, 1), (Lane.STANDARD, 0), (Lane.BACKGROUND, -1)])
def test_a_message_whose_attempt_was_interrupted_is_delivered_again_by_its_own_queue(
    services: Services, context: Context, monkeypatch: pytest.MonkeyPatch, lane: Lane, priority: int
) -> None:
    task = a_waiting_task(services, "uploads/diary.mp4", b"Dear diary", priority=priority)
    (record,) = received_records(services, lane)

    with outage("HeadObject"):
        answer = handler(an_event_of(record), context)

    assert failed(answer) == [record["messageId"]]
    assert hidden_for(services.settings.require(f"{lane.lower()}_queue_url")) == [pytest.approx(5, abs=4)]
    assert read_task(services, "main", task.id).unsent == frozenset()
    in_five_seconds = services.now() + 5000
    monkeypatch.setattr(services, "now", lambda: in_five_seconds)
    assert failed(handler(an_event_of(record), context)) == []
    assert read_task(services, "main", task.id).subtasks[0].attempt == 2


def test_a_message_that_cannot_be_put_back_is_delivered_again_by_its_queue(
    services: Services, context: Context
) -> None:
    a_waiting_task(services, "uploads/diary.mp4", b"Dear diary")
    (record,) = received_records(services)

    with outage("HeadObject"):
        answer = handler(an_event_of({**record, "eventSourceARN": "arn:aws:sqs:us-east-1:1:another"}), context)

    assert failed(answer) == [record["messageId"]]


@pytest.mark.parametrize("newer", ["subtask type", "schema version", "message"])
def test_the_message_of_what_only_a_newer_version_can_read_is_sent_again_and_nothing_is_claimed(
    services: Services, context: Context, newer: str
) -> None:
    task = a_waiting_task(services, "uploads/diary.mp4", b"Dear diary")
    (record,) = received_records(services)
    if newer == "message":
        record["body"] = json.dumps({**json.loads(record["body"]), "schemaVersion": 2})
    elif newer == "schema version":
        services.tasks.items(task.id).update(actions=[services.tasks.items.schema_version.set(2)])
    else:
        spoiled(services, task)
    before = client("dynamodb").scan(TableName="TasksTable")["Items"]

    answer = handler(an_event_of({**record, "attributes": {"MessageGroupId": "main.none"}}), context)

    assert failed(answer) == []
    assert client("dynamodb").scan(TableName="TasksTable")["Items"] == before
    ((body, group, seconds),) = delayed(services.settings.require("standard_queue_url"))
    assert (body, group) == (record["body"], "main.none")
    assert seconds == pytest.approx(NEWER_VERSION_SECONDS, abs=30)
    with outage("SendMessageBatch"):
        assert failed(handler(an_event_of(record), context)) == [record["messageId"]]


def test_a_worker_that_receives_sigterm_releases_its_subtask_uncounted(
    services: Services, context: Context, clip: Clips
) -> None:
    task = a_waiting_task(services, "uploads/a.mp4", clip("bigbuckbunny.mp4").read_bytes(), rule=ENDLESS)
    (record,) = received_records(services)
    before = getsignal(SIGTERM)

    def stop() -> None:
        until(lambda: encoders(WORKSPACE))
        os.kill(os.getpid(), SIGTERM)

    with ThreadPoolExecutor(1) as other:
        stopped = other.submit(stop)
        answer = handler(an_event_of(record), context)
        stopped.result()

    assert failed(answer) == [record["messageId"]]
    assert not processes(WORKSPACE)
    waiting = read_task(services, "main", task.id).subtasks[0]
    assert (waiting.status, waiting.attempt, waiting.counted_attempts) == (SubtaskStatus.WAITING, 1, 0)
    assert waiting.wait
    assert waiting.wait.detail == Failure("InternalError.Interrupted", "the worker received a signal to stop")
    assert getsignal(SIGTERM) is before


def test_a_worker_that_receives_sigterm_during_a_download_releases_its_subtask_too(
    services: Services, context: Context
) -> None:
    task = a_waiting_task(services, "uploads/diary.mp4", b"Dear diary")
    (record,) = received_records(services)

    with meanwhile("HeadObject", lambda: os.kill(os.getpid(), SIGTERM)):
        answer = handler(an_event_of(record), context)

    assert failed(answer) == [record["messageId"]]
    waiting = read_task(services, "main", task.id).subtasks[0]
    assert (waiting.status, waiting.counted_attempts) == (SubtaskStatus.WAITING, 0)
    assert waiting.wait
    assert waiting.wait.detail.code == "InternalError.Interrupted"


@pytest.mark.parametrize("call", ["UpdateItem", "PutItem"])
def test_a_message_is_delivered_again_when_dynamodb_does_not_respond(
    services: Services, context: Context, call: str
) -> None:
    a_waiting_task(services, "uploads/diary.mp4", b"Dear diary")
    (record,) = received_records(services)

    with outage(call):
        answer = handler(an_event_of(record), context)

    assert failed(answer) == [record["messageId"]]


def test_an_error_is_logged_with_its_subtask(
    services: Services, context: Context, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    task = a_waiting_task(services, "uploads/diary.mp4", b"Dear diary")

    handler(an_event_of({"body": "poison"}, *received_records(services)), context)

    assert logged(caplog, "message put back")["code"] == "InvalidRequest"
    finished = logged(caplog, "subtask finished")
    assert (finished["task_id"], finished["no"], finished["failure"]) == (
        task.id,
        1,
        "SourceFileError.NotMedia",
    )
    counted = metrics(capsys)
    assert (counted["SubtasksFailed"], counted["MessagesPutBack"]) == ([1.0], [1.0])
