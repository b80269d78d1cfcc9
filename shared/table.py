"""What every DynamoDB table has in common: bounded calls, and what a refusal means."""

from typing import TypeVar

from pynamodb.exceptions import DoesNotExist, PutError, PynamoDBException
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

from shared.errors import ServiceBusy

REFUSED = "ConditionalCheckFailedException"

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
    """Return an item as it stands now, None when there is none; raise ServiceBusy."""
    try:
        return model.get(key, sort_key, consistent_read=True)
    except DoesNotExist:
        return None
    except PynamoDBException as error:
        raise busy(error) from error


def save(item: Model, condition: Condition | None = None) -> bool:
    """Put an item; return False when the condition refuses it; raise ServiceBusy."""
    try:
        item.save(condition=condition)
    except PutError as error:
        if error.cause_response_code == REFUSED:
            return False
        raise busy(error) from error
    return True


def busy(error: PynamoDBException) -> ServiceBusy:
    """Return what a failed call to DynamoDB means to the caller: not now."""
    return ServiceBusy(f"DynamoDB did not answer as it should: {error.cause_response_code or error}")
