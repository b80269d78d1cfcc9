"""What every DynamoDB table has in common: bounded calls, and what a refusal means."""

from typing import TypeVar

from pynamodb.exceptions import DoesNotExist, PutError, PynamoDBException
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

from shared.errors import ServiceBusy, ServiceRefused
from shared.telemetry import logger

NO_ANSWER = "DynamoDB did not answer as it should"
REFUSED = "ConditionalCheckFailedException"
# The request itself is at fault, as an item of over 400 KB. Whatever else is refused may be granted later: new rights
# take a while to be known everywhere, and people mend those that are missing.
NEVER = "ValidationException"

M = TypeVar("M", bound=Model)


def bound(model: type[M], table: str) -> type[M]:
    """Return the model on the table of that name, with the limits that every call to DynamoDB keeps."""
    meta = {
        "table_name": table,
        "connect_timeout_seconds": 3,
        "read_timeout_seconds": 5,
        "max_retry_attempts": 5,
    }
    return type(model.__name__, (model,), {"Meta": type("Meta", (), meta)})


def read(model: type[M], key: str, sort_key: str | None = None) -> M | None:
    """Return an item as it stands now, None when there is none; raise ServiceBusy or ServiceRefused."""
    try:
        return model.get(key, sort_key, consistent_read=True)
    except DoesNotExist:
        return None
    except PynamoDBException as error:
        raise busy(error) from error


def save(item: Model, condition: Condition | None = None) -> bool:
    """Put an item; return False when the condition refuses it; raise ServiceBusy or ServiceRefused."""
    try:
        item.save(condition=condition)
    except PutError as error:
        if error.cause_response_code == REFUSED:
            return False
        raise busy(error) from error
    return True


def busy(error: PynamoDBException) -> ServiceBusy | ServiceRefused:
    """Return what a failed call to DynamoDB means: not now, or never. AWS's own words are for the log alone."""
    logger().warning(NO_ANSWER, reason=str(error))
    if error.cause_response_code == NEVER:
        return ServiceRefused(f"DynamoDB does not take this: {NEVER}")
    return ServiceBusy(f"{NO_ANSWER}: {error.cause_response_code or type(error.cause or error).__name__}")
