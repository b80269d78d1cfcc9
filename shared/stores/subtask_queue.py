"""The subtask queues: one SQS message for each subtask that is ready to run, in the queue of its task's lane."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shared.domain.subtask import DEFAULT_TENANT, SubtaskRef
from shared.domain.task import Lane, Task
from shared.errors import RequestRejected, ServiceBusy
from shared.stores.forward_compatibility import SCHEMA_VERSION, refuse_newer

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

BATCH = 10  # SQS: messages in one SendMessageBatch
# SQS hides a message for at most 12 h from its receipt, which is up to 15 min ago by then.
MAX_DELAY_SECONDS = 11 * 3600


class SubtaskQueues:
    """The queues with those URLs, one for each lane. A failed request raises ServiceBusy."""

    def __init__(self, urls: Mapping[Lane, str]) -> None:
        """Remember the queues; this makes no request."""
        self._urls = urls

    @cached_property
    def _client(self) -> "SQSClient":
        # By default, the client would wait for SQS longer than a response of the API may take.
        return boto3.client("sqs", config=Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 4}))

    def send(self, task: Task, numbers: Collection[int]) -> None:
        """Send a message for each of these subtasks to the queue of the task's lane, ten per request."""
        for some in batches(sorted(numbers)):
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {
                    "Id": str(no),
                    "MessageBody": message_body(SubtaskRef(task.id, task.run, no, task.tenant)),
                    "MessageGroupId": fair_group(task),
                }
                for no in some
            ]
            self._send(self._urls[task.lane], entries, f"the messages of task {task.id}")

    def send_again(self, queue_arn: str, body: str, group: str | None, seconds: int) -> None:
        """Send a message that was received from that queue again, as a new one that SQS delivers after some seconds.

        A message that is only put back becomes a dead letter after a number of deliveries.
        """
        entry: SendMessageBatchRequestEntryTypeDef = {"Id": "again", "MessageBody": body, "DelaySeconds": seconds}
        if group:
            entry["MessageGroupId"] = group
        self._send(self._url(queue_arn), [entry], "a message again")

    def put_back(self, queue_arn: str, receipt: str, seconds: int) -> None:
        """Hide a message that was received from that queue for some seconds; then SQS delivers it again."""
        try:
            self._client.change_message_visibility(
                QueueUrl=self._url(queue_arn), ReceiptHandle=receipt, VisibilityTimeout=min(seconds, MAX_DELAY_SECONDS)
            )
        except (BotoCoreError, ClientError) as error:
            message = f"SQS did not return a message to its queue: {error}"
            raise ServiceBusy(message) from error

    def _send(self, url: str, entries: "Sequence[SendMessageBatchRequestEntryTypeDef]", what: str) -> None:
        try:
            answer = self._client.send_message_batch(QueueUrl=url, Entries=entries)
        except (BotoCoreError, ClientError) as error:
            message = f"SQS did not accept {what}: {error}"
            raise ServiceBusy(message) from error
        if failed := answer.get("Failed"):
            message = f"SQS rejected {len(failed)} messages, {what}: {failed[0].get('Message', '')}"
            raise ServiceBusy(message)

    def _url(self, queue_arn: str) -> str:
        name = queue_arn.rpartition(":")[2]
        return next((url for url in self._urls.values() if url.rpartition("/")[2] == name), "")

    def count_messages(self, lane: Lane) -> int:
        """Return about how many messages wait in a lane's queue."""
        try:
            answer = self._client.get_queue_attributes(
                QueueUrl=self._urls[lane], AttributeNames=["ApproximateNumberOfMessages"]
            )
        except (BotoCoreError, ClientError) as error:
            message = f"SQS did not return the number of waiting messages: {error}"
            raise ServiceBusy(message) from error
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def fair_group(task: Task) -> str:
    """Return the message group for fair queues of SQS: a thousand files of one orchestration don't delay another."""
    return f"{task.tenant}.{task.orchestration.name if task.orchestration else 'none'}"


def message_body(ref: SubtaskRef) -> str:
    """Return the body of the message for a subtask."""
    fields = {"taskId": ref.task_id, "run": ref.run, "subtask": ref.no, "tenant": ref.tenant}
    return json.dumps({"schemaVersion": SCHEMA_VERSION, **fields})


def parse_message_body(body: str) -> SubtaskRef:
    """Return the subtask in a message; raise RequestRejected if the message is invalid, or NewerVersion."""
    try:
        fields = json.loads(body)
        refuse_newer("a message in the subtask queue", float(fields.get("schemaVersion", 1)))
        return SubtaskRef(
            str(fields["taskId"]),
            int(fields["run"]),
            int(fields["subtask"]),
            str(fields.get("tenant", DEFAULT_TENANT)),
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        message = f"a message in the subtask queue doesn't have the form {{taskId, run, subtask}}: {body[:200]!r}"
        raise RequestRejected(message) from error


def batches(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield the numbers in groups, one for each request."""
    for start in range(0, len(numbers), BATCH):
        yield numbers[start : start + BATCH]
