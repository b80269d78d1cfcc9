"""Repairs every minute what crashes left behind, and ends the subtasks of dead-letter messages."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.errors import NewerVersion, RequestRejected
from shared.services import services

# Every invocation uses these stores. The others are imported when they are first used: see shared/services.py.
from shared.stores import task_queries, task_store  # noqa: F401
from shared.stores.subtask_queue import parse_message_body
from shared.telemetry import count, instrument, logger
from shared.use_cases.sweeper import fail_undeliverable, sweep

CLOSING_SECONDS = 5


@instrument
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Return how many tasks were checked, or how many dead letters named a subtask; if it fails, they come again."""
    if "Records" in event:
        return {"handled": sum(handle_dead_letter(record["body"]) for record in event["Records"])}
    swept = sweep(services(), lambda: context.get_remaining_time_in_millis() / 1000 - CLOSING_SECONDS)
    count("TasksSwept", swept.checked)
    count("TasksNotHealed", swept.failed)
    return {"checked": swept.checked, "failed": swept.failed}


def handle_dead_letter(body: str) -> bool:
    """End the subtask of a dead letter, unless a worker has it; return whether the dead letter names a subtask.

    Raise NewerVersion if only a newer version can read it or its task: then it stays.
    """
    try:
        ref = parse_message_body(body)
    except NewerVersion:
        raise
    except RequestRejected as error:
        logger().exception("dead letter names no subtask", reason=error.message)
        return False
    fail_undeliverable(services(), ref)
    count("DeadLetters")
    return True
