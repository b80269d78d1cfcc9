"""AWS around the functions: it brings events and messages until they have served, and asks the sweeper every minute.

Its clock is the test's, and so is that of its queues. The functions are the real ones, on moto; each of their
invocations is a process, which a test may kill at any call to AWS.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote_plus

import pytest
from moto.sqs.models import sqs_backends

from functions.on_upload.handler import handler as on_upload
from functions.run_subtask.handler import handler as run_subtask
from functions.sweep.handler import handler as sweep
from shared.domain.task import Task
from shared.errors import Conflict, ReelmillError, ServiceBusy
from shared.stores.task_codec import TASK
from shared.telemetry import logger
from tests.support.attempts import A_DAY
from tests.support.deployment import BEGINNING, ClockedServices, cached_services, client, emulated, put, resources
from tests.support.functions import Context, an_event
from tests.support.outages import process
from tests.support.permitted import permitted

MINUTE = 60_000
ROUNDS = 100
ACCOUNT = "123456789012"  # moto's
ASYNCHRONOUS_TRIES = 3  # Lambda: an event whose function fails is brought twice more, then goes to its destination
PATIENCE = 20  # how often a person who gets no answer asks again
QUEUE_ATTRIBUTES = ("VisibilityTimeout", "MessageRetentionPeriod")

Handler = Callable[[dict[str, Any], Context], Any]


@dataclass(frozen=True)
class Delivery:
    """An event on its way to OnUpload, and how often it has been brought in vain."""

    event: dict[str, Any]
    due: int
    failures: int = 0


class Cloud:
    """What brings events and messages to the functions of one deployment."""

    def __init__(self, services: ClockedServices, clip: bytes) -> None:
        """Make the queues behind the queues, and give all of them what the template says."""
        self.services = services
        self.clip = clip
        self.deliveries: list[Delivery] = []
        self.brought: list[tuple[str, Handler, dict[str, Any]]] = []
        settings = services.settings
        dead, failed = (a_queue(name) for name in ("SubtaskDeadLetterQueue", "FailedUploadsQueue"))
        self.dead_letters = dead
        self.failed_uploads = failed
        self.consumers: dict[str, tuple[str, Handler]] = {}
        for url, resource in (
            (settings.standard_queue_url, "SubtaskQueue"),
            (settings.urgent_queue_url, "UrgentQueue"),
            (settings.background_queue_url, "BackgroundQueue"),
        ):
            client("sqs").set_queue_attributes(QueueUrl=url, Attributes=attributes(resource, arn(dead)))
            self.consumers[url] = ("run", run_subtask)
        self.consumers |= {dead: ("fail_undeliverable", sweep), failed: ("accept", on_upload)}

    def upload(self, key: str) -> None:
        """Put the clip into the bucket; S3 sends the event to OnUpload."""
        source = put(key, self.clip)
        (record,) = an_event("s3-put")["Records"]
        record["eventTime"] = datetime.fromtimestamp(self.services.now() / 1000, UTC).isoformat()
        record["s3"]["bucket"]["name"] = source.bucket
        record["s3"]["object"] |= {
            "key": quote_plus(key, safe="/"),
            "size": source.size,
            "eTag": source.e_tag,
            "versionId": source.version_id,
        }
        self.deliveries.append(Delivery({"Records": [record]}, due=self.services.now()))

    def until_quiet(self) -> None:
        """Go on until every task is completed and no message is left.

        Time passes in minutes. Each minute ends with a sweep; minutes in which nothing is due are skipped.
        """
        for _ in range(ROUNDS):
            self.deliver()
            self.work()
            moments = self.moments()
            if not moments:
                return
            self.services.time += MINUTE * max(1, ceil((min(moments) - self.services.now()) / MINUTE))
            self.sweep()
        pytest.fail(f"something still moves: {self.tasks()}")

    def moments(self) -> list[float]:
        """Return when something is going to happen."""
        rows = client("dynamodb").scan(TableName="TasksTable", ConsistentRead=True)["Items"]
        return [
            *(delivery.due for delivery in self.deliveries),
            *(until + 1 for _, until in self.messages()),
            *(int(row["due_at"]["N"]) for row in rows if "due_at" in row),
        ]

    def messages(self) -> list[tuple[str, float]]:
        """Return the queue of each message, and until when it is hidden there."""
        queues = sqs_backends[ACCOUNT]["us-east-1"].queues
        return [
            (url, message.visible_at)
            for url in self.consumers
            for message in queues[name_of(url)]._messages  # noqa: SLF001 - the API does not return hidden ones
        ]

    def deliver(self) -> None:
        """Bring the events that are due; those that fail come again, at last by their queue."""
        due = [delivery for delivery in self.deliveries if delivery.due <= self.services.now()]
        for delivery in due:
            self.deliveries.remove(delivery)
            if self.served("accept", on_upload, delivery.event):
                continue
            failures = delivery.failures + 1
            if failures < ASYNCHRONOUS_TRIES:
                again = self.services.now() + failures * MINUTE
                self.deliveries.append(Delivery(delivery.event, again, failures))
            else:
                body = json.dumps({"requestPayload": delivery.event})
                client("sqs").send_message(QueueUrl=self.failed_uploads, MessageBody=body)

    def work(self) -> None:
        """Take messages until none is visible."""
        while queues := [url for url, until in self.messages() if until < self.services.now()]:
            self.poll(queues[0])

    def poll(self, url: str) -> None:
        """Bring the next message that a queue shows to its function; delete it if it has served."""
        found = client("sqs").receive_message(QueueUrl=url, AttributeNames=["All"]).get("Messages")
        if not found:  # it has just gone to the dead-letter queue
            return
        (message,) = found
        record = {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "eventSource": "aws:sqs",
            "eventSourceARN": arn(url),
        }
        if self.served(*self.consumers[url], {"Records": [record]}):
            client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def sweep(self) -> None:
        """Let the clock call the sweeper."""
        self.served("sweep", sweep, an_event("scheduled-event"))

    def served(self, name: str, handler: Handler, event: dict[str, Any]) -> bool:
        """Invoke a function in a separate process; return False if it failed, died, or wants the message again."""
        if name != "sweep":
            self.brought.append((name, handler, event))
        done = False
        with process(name) as running:
            try:
                answer = handler(event, Context())
                done = not (isinstance(answer, dict) and answer.get("batchItemFailures"))
            except ReelmillError:  # anything else is a fault, and ends the test
                done = False
        return done and not running.dead

    def ask(self, name: str, action: Callable[[], object]) -> None:
        """Let a person ask until there is an answer; from the second time, "already done" is an answer too."""
        for asked in range(PATIENCE):
            with process(name) as running:
                try:
                    action()
                except ServiceBusy:
                    continue
                except Conflict:
                    if not asked:
                        raise
            if not running.dead:
                return
        pytest.fail(f"{name} was not answered {PATIENCE} times")

    def bring_again(self) -> None:
        """Bring all that was ever brought once more, as S3 and SQS may."""
        for name, handler, event in tuple(self.brought):
            assert self.served(name, handler, event), f"in vain: {event}"

    def tasks(self) -> list[Task]:
        """Return all tasks there are."""
        rows = client("dynamodb").scan(TableName="TasksTable", ConsistentRead=True)["Items"]
        found = [self.services.tasks.get(row["pk"]["S"]) for row in rows if row["sk"]["S"] == TASK]
        return [task for task in found if task]

    def task(self) -> Task:
        """Return the only task there is."""
        (task,) = self.tasks()
        return task


@contextmanager
def a_cloud(monkeypatch: pytest.MonkeyPatch, clip: bytes) -> Iterator[Cloud]:
    """Lend an empty deployment on which time stands still."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "function")
    logger()  # it keeps the first stdout that it sees, and pytest closes that of a test
    with emulated() as settings, permitted(monkeypatch):
        services = cached_services(settings)
        services.settings, services.time = settings, BEGINNING
        for function in ("on_upload", "run_subtask", "sweep"):
            monkeypatch.setattr(f"functions.{function}.handler.services", lambda: services)
        monkeypatch.setattr("moto.sqs.models.unix_time_millis", lambda: float(services.time))
        monkeypatch.setattr("moto.sqs.models.unix_time", lambda: services.time / 1000)

        def wait(seconds: float) -> None:
            services.time += int(seconds * 1000)

        monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=wait))  # before it tries again
        # On a busy machine a beat could come or not; there is a test of its own for them.
        monkeypatch.setattr("shared.worker.heartbeat.FIRST_BEAT", A_DAY)
        yield Cloud(services, clip)


def a_queue(resource: str) -> str:
    """Make the queue of that name in the template; return its URL."""
    url: str = client("sqs").create_queue(QueueName=resource, Attributes=attributes(resource))["QueueUrl"]
    return url


def attributes(resource: str, dead_letters: str | None = None) -> dict[str, str]:
    """Return what the template says of a queue."""
    properties = resources()[resource]["Properties"]
    found = {name: str(properties[name]) for name in QUEUE_ATTRIBUTES}
    if dead_letters:
        policy = {
            "deadLetterTargetArn": dead_letters,
            "maxReceiveCount": properties["RedrivePolicy"]["maxReceiveCount"],
        }
        found["RedrivePolicy"] = json.dumps(policy)
    return found


def arn(url: str) -> str:
    """Return the ARN of a queue."""
    return f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name_of(url)}"


def name_of(url: str) -> str:
    """Return the name of a queue."""
    return url.rpartition("/")[2]
