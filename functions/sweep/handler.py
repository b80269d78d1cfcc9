"""Repairs every minute what crashes left behind, and ends the subtasks of dead letters."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.errors import RequestRejected
from shared.services import services
from shared.stores.subtask_queue import ref_from
from shared.telemetry import count, instrumented, logger
from shared.use_cases.sweeper import bury, sweep

CLOSING_SECONDS = 5


@instrumented
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Return how many tasks were checked, or how many dead letters were buried; a failure delivers these again."""
    if "Records" in event:
        return {"buried": sum(bury_message(record["body"]) for record in event["Records"])}
    swept = sweep(services(), lambda: context.get_remaining_time_in_millis() / 1000 - CLOSING_SECONDS)
    count("TasksSwept", swept.looked)
    count("TasksNotHealed", swept.failed)
    return {"looked": swept.looked, "failed": swept.failed}


def bury_message(body: str) -> bool:
    """End the subtask of a dead letter, unless a worker has it; return whether the dead letter names a subtask."""
    try:
        ref = ref_from(body)
    except RequestRejected as error:
        logger().exception("dead letter names no subtask", reason=error.message)
        return False
    bury(services(), ref)
    count("DeadLetters")
    return True
