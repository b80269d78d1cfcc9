"""Every minute: look at the tasks that are due a look, and heal what a crash left behind."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.services import services
from shared.sweeper import sweep
from shared.telemetry import count, instrumented

CLOSING_SECONDS = 5


@instrumented
def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Return how many tasks were looked at."""
    looked = sweep(services(), lambda: context.get_remaining_time_in_millis() / 1000 - CLOSING_SECONDS)
    count("TasksSwept", looked)
    return {"looked": looked}
