"""The subtask queues: one SQS message per subtask that is ready to run, in the queue of its task's lane."""

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

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

BATCH = 10  # SQS: messages in one SendMessageBatch.
# SQS hides a message for 12 h at most, counted from its receipt, which lies up to 15 min back by then.
MAX_DELAY_SECONDS = 11 * 3600


class SubtaskQueues:
    """The queues of those URLs, one for each lane; trouble with AWS raises ServiceBusy."""

    def __init__(self, urls: Mapping[Lane, str]) -> None:
        """Note the queues; no request is made yet."""
        self._urls = urls

    @cached_property
    def _client(self) -> "SQSClient":
        # By default SQS would be waited for longer than an API's answer may take.
        return boto3.client("sqs", config=Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 4}))

    def send(self, task: Task, numbers: Collection[int]) -> None:
        """Put a message for each of these subtasks into the queue of the task's lane, ten to a request."""
        for some in batches(sorted(numbers)):
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {
                    "Id": str(no),
                    "MessageBody": body_of(SubtaskRef(task.id, task.run, no, task.tenant)),
                    "MessageGroupId": fair_group(task),
                }
                for no in some
            ]
            try:
                answer = self._client.send_message_batch(QueueUrl=self._urls[task.lane], Entries=entries)
            except (BotoCoreError, ClientError) as error:
                message = f"SQS did not take the messages of task {task.id}: {error}"
                raise ServiceBusy(message) from error
            if failed := answer.get("Failed"):
                message = f"SQS refused {len(failed)} messages of task {task.id}: {failed[0].get('Message', '')}"
                raise ServiceBusy(message)

    def put_back(self, queue_arn: str, receipt: str, seconds: int) -> None:
        """Hide a message that was received from that queue for so long; then it comes again."""
        name = queue_arn.rpartition(":")[2]
        url = next((url for url in self._urls.values() if url.rpartition("/")[2] == name), "")
        try:
            self._client.change_message_visibility(
                QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=min(seconds, MAX_DELAY_SECONDS)
            )
        except (BotoCoreError, ClientError) as error:
            message = f"SQS did not put a message back: {error}"
            raise ServiceBusy(message) from error

    def waiting(self, lane: Lane) -> int:
        """Return about how many messages wait in a lane's queue."""
        try:
            answer = self._client.get_queue_attributes(
                QueueUrl=self._urls[lane], AttributeNames=["ApproximateNumberOfMessages"]
            )
        except (BotoCoreError, ClientError) as error:
            message = f"SQS did not return how many messages wait: {error}"
            raise ServiceBusy(message) from error
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def fair_group(task: Task) -> str:
    """Return the group by which SQS shares a queue fairly: a thousand files of one orchestration hold up no other."""
    return f"{task.tenant}.{task.orchestration.name if task.orchestration else 'none'}"


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
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        message = f"a message in the subtask queue is not of the form {{taskId, run, subtask}}: {body[:200]!r}"
        raise RequestRejected(message) from error


def batches(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield the numbers in groups that fit one request."""
    for start in range(0, len(numbers), BATCH):
        yield numbers[start : start + BATCH]
