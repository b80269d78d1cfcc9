"""A message in the subtask queue becomes one attempt at one subtask."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.errors import ReelmillError
from shared.pipeline import run_subtask
from shared.services import services
from shared.subtask_queue import ref_from
from shared.telemetry import count, instrumented, logger


@instrumented
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """Return the messages that must come again, in the form that Lambda's SQS mapping reads."""
    again = [record["messageId"] for record in event["Records"] if not done(record, context)]
    count("MessagesPutBack", len(again))
    return {"batchItemFailures": [{"itemIdentifier": message} for message in again]}


def done(record: dict[str, Any], context: LambdaContext) -> bool:
    """Whether the message has served; one that hasn't is hidden until it makes sense again."""
    try:
        put_back = run_subtask(
            services(), ref_from(record["body"]), context.get_remaining_time_in_millis() / 1000
        )
        if put_back:
            services().queue.put_back(record["receiptHandle"], put_back.seconds)
    except ReelmillError as error:
        logger().exception("message put back", code=error.code)
        return False
    return put_back is None
