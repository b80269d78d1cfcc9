"""The queues: the content of a message, its queue, the size of a batch, and invalid messages."""

import json
from dataclasses import replace
from typing import Any

import pytest

from shared.domain.subtask import SubtaskRef
from shared.domain.task import Lane, OrchestrationRef
from shared.errors import NewerVersion, RequestRejected, ServiceBusy
from shared.stores.subtask_queue import SubtaskQueues, message_body, parse_message_body
from tests.support.deployment import ClockedServices, client, received
from tests.support.factories import make_task
from tests.support.outages import calls, outage
from tests.support.queues import hidden_for

PRIORITIES = {Lane.URGENT: 10, Lane.STANDARD: 0, Lane.BACKGROUND: -10}


def url_of(services: ClockedServices, lane: Lane) -> str:
    return services.settings.require(f"{lane.lower()}_queue_url")


def arn_of(services: ClockedServices, lane: Lane) -> str:
    """Return the name of a queue as a message from it has it."""
    answer = client("sqs").get_queue_attributes(QueueUrl=url_of(services, lane), AttributeNames=["QueueArn"])
    return str(answer["Attributes"]["QueueArn"])


def received_one(services: ClockedServices, lane: Lane = Lane.STANDARD) -> dict[str, Any]:
    """Receive one message, which stays in the queue."""
    (message,) = client("sqs").receive_message(
        QueueUrl=url_of(services, lane), MessageSystemAttributeNames=["MessageGroupId"]
    )["Messages"]
    return dict(message)


def test_a_message_names_its_subtask_and_nothing_more(services: ClockedServices) -> None:
    task = make_task(at=services.now())

    services.queues.send(task, {2})

    (message,) = received(services.settings)
    named = {"taskId": task.id, "run": 1, "subtask": 2, "tenant": "main"}
    assert json.loads(message["Body"]) == {**named, "schemaVersion": 1}
    assert parse_message_body(message["Body"]) == SubtaskRef(task.id, 1, 2)


def test_a_message_of_the_next_version_is_read_unless_its_schema_version_is_higher() -> None:
    fields = {"taskId": "X", "run": 1, "subtask": 2, "newField": "of the next version", "schemaVersion": 1}

    assert parse_message_body(json.dumps(fields)) == SubtaskRef("X", 1, 2)
    with pytest.raises(NewerVersion, match="a newer version of Reelmill stored a message in the subtask queue"):
        parse_message_body(json.dumps({**fields, "schemaVersion": 2}))


@pytest.mark.parametrize("lane", Lane)
def test_a_message_waits_in_the_queue_of_its_tasks_lane_alone(services: ClockedServices, lane: Lane) -> None:
    services.queues.send(replace(make_task(at=services.now()), priority=PRIORITIES[lane]), {1, 2})

    assert {each: services.queues.count_messages(each) for each in Lane} == {
        each: 2 if each is lane else 0 for each in Lane
    }


@pytest.mark.parametrize(
    ("orchestration", "group"), [(OrchestrationRef("x" * 63, 1), "main." + "x" * 63), (None, "main.none")]
)
def test_the_files_of_one_orchestration_share_its_part_of_a_queue(
    services: ClockedServices, orchestration: OrchestrationRef | None, group: str
) -> None:
    services.queues.send(replace(make_task(at=services.now()), orchestration=orchestration), {1})

    assert received_one(services)["Attributes"] == {"MessageGroupId": group}


@pytest.mark.parametrize(("subtasks", "requests"), [(1, 1), (10, 1), (11, 2), (50, 5)])
def test_messages_go_ten_to_a_request(services: ClockedServices, subtasks: int, requests: int) -> None:
    task = make_task(subtasks, at=services.now())

    with calls() as made:
        services.queues.send(task, task.unsent)

    assert made == ["SendMessageBatch"] * requests
    numbers = [parse_message_body(message["Body"]).no for message in received(services.settings)]
    assert sorted(numbers) == list(range(1, subtasks + 1))


def test_a_queue_that_does_not_answer_is_busy(services: ClockedServices) -> None:
    with outage("SendMessageBatch"), pytest.raises(ServiceBusy, match="did not accept the messages of task"):
        services.queues.send(make_task(at=services.now()), {1})
    with outage("GetQueueAttributes"), pytest.raises(ServiceBusy, match="did not return the number of"):
        services.queues.count_messages(Lane.STANDARD)


def test_a_queue_that_is_gone_is_busy(services: ClockedServices) -> None:
    gone = SubtaskQueues({lane: url_of(services, lane) + "-gone" for lane in Lane})

    with pytest.raises(ServiceBusy):
        gone.send(make_task(at=services.now()), {1})
    with pytest.raises(ServiceBusy, match="did not return a message to its queue"):
        gone.put_back(arn_of(services, Lane.STANDARD) + "-gone", "receipt", 5)
    with pytest.raises(ServiceBusy):
        gone.count_messages(Lane.URGENT)


@pytest.mark.parametrize("arn", ["arn:aws:sqs:us-east-1:123456789012:another", ""])
def test_a_message_of_another_queue_is_not_ours_to_put_back(services: ClockedServices, arn: str) -> None:
    with pytest.raises(ServiceBusy, match="did not return a message to its queue"):
        services.queues.put_back(arn, "receipt", 5)


@pytest.mark.parametrize("lane", Lane)
def test_a_message_that_is_put_back_is_hidden_for_so_long_in_the_queue_that_it_came_from(
    services: ClockedServices, lane: Lane
) -> None:
    services.queues.send(replace(make_task(at=services.now()), priority=PRIORITIES[lane]), {1})
    receipt = received_one(services, lane)["ReceiptHandle"]

    services.queues.put_back(arn_of(services, lane), receipt, 900)
    assert hidden_for(url_of(services, lane)) == [pytest.approx(900, abs=30)]

    services.queues.put_back(arn_of(services, lane), receipt, 0)
    assert received_one(services, lane)


def test_a_message_is_never_hidden_longer_than_sqs_takes(services: ClockedServices) -> None:
    services.queues.send(make_task(at=services.now()), {1})

    services.queues.put_back(arn_of(services, Lane.STANDARD), received_one(services)["ReceiptHandle"], 43_201)

    assert hidden_for(url_of(services, Lane.STANDARD)) == [pytest.approx(11 * 3600, abs=30)]


@pytest.mark.parametrize("ref", [SubtaskRef("0" * 26, 1, 1), SubtaskRef("Z" * 26, 9999, 50, "other")])
def test_what_is_written_is_what_is_read(ref: SubtaskRef) -> None:
    assert parse_message_body(message_body(ref)) == ref


def test_a_message_without_a_tenant_is_the_main_ones() -> None:
    assert parse_message_body('{"taskId": "X", "run": 1, "subtask": 2}') == SubtaskRef("X", 1, 2, "main")


@pytest.mark.parametrize(
    "body",
    [
        *("", "null", "[]", "5", '"x"', "{}", "not JSON", "\x00"),
        '{"taskId": "X", "run": "one", "subtask": 1}',
        '{"taskId": "X", "run": 1e999, "subtask": 1}',
        pytest.param("[" * 5000, id="deeper than Python reads"),
    ],
)
def test_an_invalid_message_is_refused_and_shown(body: str) -> None:
    with pytest.raises(RequestRejected, match="have the form") as refused:
        parse_message_body(body)

    assert repr(body[:200]) in refused.value.message
