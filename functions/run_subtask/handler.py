"""Runs one attempt at a subtask for each message of the subtask queue."""

from collections.abc import Iterator
from contextlib import contextmanager
from signal import SIGTERM, signal
from types import FrameType
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.errors import Interrupted, NewerVersion, ReelmillError
from shared.services import services

# Every invocation uses these stores. The others are imported when they are first used: see shared/services.py.
from shared.stores import object_store, progress_store, task_store  # noqa: F401
from shared.stores.subtask_queue import parse_message_body
from shared.telemetry import count, instrument, logger
from shared.worker.hardening import conceal_memory
from shared.worker.results import Redelivery
from shared.worker.run import run_subtask

# The message of a task that only a newer version can read waits for the deployment of that version. SQS: at most 900 s.
NEWER_VERSION_SECONDS = 900


@instrument
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """Return the messages to deliver again, in the form that Lambda's SQS event source mapping expects."""
    conceal_memory()
    with interruptible():
        again = [record["messageId"] for record in event["Records"] if not process_message(record, context)]
    count("MessagesPutBack", len(again))
    return {"batchItemFailures": [{"itemIdentifier": message} for message in again]}


@contextmanager
def interruptible() -> Iterator[None]:
    """Make SIGTERM interrupt the attempt instead of ending the process, so that the subtask is released at once."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        message = "the worker received a signal to stop"
        raise Interrupted(message)

    before = signal(SIGTERM, stop)
    try:
        yield
    finally:
        signal(SIGTERM, before)


def process_message(record: dict[str, Any], context: LambdaContext) -> bool:
    """Run the message's subtask; return whether the message is done, or else hide it until its next attempt."""
    try:
        put_back = run_readable(record, context.get_remaining_time_in_millis() / 1000)
        if put_back:
            services().queues.put_back(record["eventSourceARN"], record["receiptHandle"], put_back.seconds)
    except ReelmillError as error:
        logger().exception("message put back", code=error.code)
        return False
    return put_back is None


def run_readable(record: dict[str, Any], seconds_left: float) -> Redelivery | None:
    """Run the message's subtask; if only a newer version can read it, send the message again and change nothing."""
    try:
        return run_subtask(services(), parse_message_body(record["body"]), seconds_left)
    except NewerVersion as error:
        logger().warning("message left to a newer version", reason=error.message)
    group = record.get("attributes", {}).get("MessageGroupId")
    services().queues.send_again(record["eventSourceARN"], record["body"], group, NEWER_VERSION_SECONDS)
    return None
