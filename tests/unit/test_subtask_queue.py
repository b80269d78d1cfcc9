"""The queue: what a message says, how many go at once, and what is no message at all."""

import json
from typing import Any

import pytest

from shared.errors import RequestRejected, ServiceBusy
from shared.subtask_queue import MAX_DELAY_SECONDS, SubtaskQueue, body_of, ref_from
from shared.task import SubtaskRef
from tests.deployment import World, client, received
from tests.outages import calls, outage
from tests.unit.conftest import a_task


def received_one(world: World) -> dict[str, Any]:
    """Receive one message, which stays in the queue."""
    (message,) = client("sqs").receive_message(QueueUrl=world.settings.queue_url)["Messages"]
    return dict(message)


def hidden(world: World) -> int:
    """Return how many messages the queue hides."""
    name = "ApproximateNumberOfMessagesNotVisible"
    answer = client("sqs").get_queue_attributes(QueueUrl=world.settings.queue_url, AttributeNames=[name])
    return int(answer["Attributes"][name])


def test_a_message_names_its_subtask_and_nothing_more(world: World) -> None:
    task = a_task(world)

    world.queue.send(task, {2})

    (message,) = received(world.settings)
    assert json.loads(message["Body"]) == {"taskId": task.id, "run": 1, "subtask": 2, "tenant": "main"}
    assert ref_from(message["Body"]) == SubtaskRef(task.id, 1, 2)


@pytest.mark.parametrize(("subtasks", "requests"), [(1, 1), (10, 1), (11, 2), (50, 5)])
def test_messages_go_ten_to_a_request(world: World, subtasks: int, requests: int) -> None:
    task = a_task(world, subtasks)

    with calls() as made:
        world.queue.send(task, task.unsent)

    assert made == ["SendMessageBatch"] * requests
    numbers = [ref_from(message["Body"]).no for message in received(world.settings)]
    assert sorted(numbers) == list(range(1, subtasks + 1))


def test_a_queue_that_does_not_answer_is_busy(world: World) -> None:
    with outage("SendMessageBatch"), pytest.raises(ServiceBusy, match="did not take the messages of task"):
        world.queue.send(a_task(world), {1})


def test_a_queue_that_is_gone_is_busy(world: World) -> None:
    gone = SubtaskQueue(world.settings.queue_url + "-gone")

    with pytest.raises(ServiceBusy):
        gone.send(a_task(world), {1})
    with pytest.raises(ServiceBusy, match="did not put a message back"):
        gone.put_back("receipt", 5)


def test_a_message_that_is_put_back_is_hidden_for_so_long(world: World) -> None:
    world.queue.send(a_task(world), {1})
    receipt = received_one(world)["ReceiptHandle"]

    world.queue.put_back(receipt, 900)
    assert hidden(world) == 1

    world.queue.put_back(receipt, 0)
    assert hidden(world) == 0
    assert received_one(world)


def test_a_message_is_never_hidden_longer_than_sqs_takes(world: World) -> None:
    world.queue.send(a_task(world), {1})

    world.queue.put_back(received_one(world)["ReceiptHandle"], MAX_DELAY_SECONDS + 1000)

    assert hidden(world) == 1


@pytest.mark.parametrize("ref", [SubtaskRef("0" * 26, 1, 1), SubtaskRef("Z" * 26, 9999, 50, "other")])
def test_what_is_written_is_what_is_read(ref: SubtaskRef) -> None:
    assert ref_from(body_of(ref)) == ref


def test_a_message_without_a_tenant_is_the_main_ones() -> None:
    assert ref_from('{"taskId": "X", "run": 1, "subtask": 2}') == SubtaskRef("X", 1, 2, "main")


@pytest.mark.parametrize(
    "body",
    ["", "null", "[]", "5", '"x"', "{}", "not JSON", '{"taskId": "X", "run": "one", "subtask": 1}', "\x00"],
)
def test_what_is_no_message_is_refused_and_shown(body: str) -> None:
    with pytest.raises(RequestRejected, match="not of the form") as refused:
        ref_from(body)

    assert repr(body) in refused.value.message
