"""The subtask queue: one SQS message per subtask that is ready to run."""

import json
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from shared.errors import RequestRejected, ServiceBusy
from shared.task import DEFAULT_TENANT, SubtaskRef, Task

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10  # SQS: messages in one SendMessageBatch.
# SQS hides a message for 12 h at most, counted from its receipt, which lies up to 15 min back by then.
MAX_DELAY_SECONDS = 11 * 3600


class SubtaskQueue:
    """The queue of that URL; trouble with AWS raises ServiceBusy."""

    def __init__(self, url: str) -> None:
        """Note the queue; no request is made yet."""
        self._url = url

    @cached_property
    def _client(self) -> "SQSClient":
        return boto3.client("sqs")

    def send(self, task: Task, numbers: Collection[int]) -> None:
        """Put a message for each of these subtasks into the queue, ten to a request."""
        for some in batches(sorted(numbers)):
            entries = [
                {"Id": str(no), "MessageBody": body_of(SubtaskRef(task.id, task.run, no, task.tenant))} for no in some
            ]
            try:
                answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)  # type: ignore[arg-type]
            except (BotoCoreError, ClientError) as error:
                message = f"SQS did not take the messages of task {task.id}: {error}"
                raise ServiceBusy(message) from error
            if failed := answer.get("Failed"):
                message = f"SQS refused {len(failed)} messages of task {task.id}: {failed[0].get('Message', '')}"
                raise ServiceBusy(message)

    def put_back(self, receipt: str, seconds: int) -> None:
        """Hide a received message for so long; then it comes again."""
        try:
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=min(seconds, MAX_DELAY_SECONDS)
            )
        except (BotoCoreError, ClientError) as error:
            message = f"SQS did not put a message back: {error}"
            raise ServiceBusy(message) from error


def body_of(ref: SubtaskRef) -> str:
    """Return the message that names a subtask."""
    return json.dumps({"taskId": ref.task_id, "run": ref.run, "subtask": ref.no, "tenant": ref.tenant})


def ref_from(body: str) -> SubtaskRef:
    """Return the subtask that a message names; raise RequestRejected when it names none."""
    try:
        fields = json.loads(body)
        return SubtaskRef(
            str(fields["taskId"]),
            int(fields["run"]),
            int(fields["subtask"]),
            str(fields.get("tenant", DEFAULT_TENANT)),
        )
    except (ValueError, TypeError, KeyError) as error:
        message = f"a message in the subtask queue is not of the form {{taskId, run, subtask}}: {body[:200]!r}"
        raise RequestRejected(message) from error


def batches(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield the numbers in groups that fit one request."""
    for start in range(0, len(numbers), BATCH):
        yield numbers[start : start + BATCH]
