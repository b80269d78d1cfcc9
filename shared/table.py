"""What every DynamoDB table has in common: bounded calls, and what a refusal means."""

from typing import TypeVar

from pynamodb.exceptions import PynamoDBException
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


def busy(error: PynamoDBException) -> ServiceBusy:
    """Return what a failed call to DynamoDB means to the caller: not now."""
    return ServiceBusy(f"DynamoDB did not answer as it should: {error.cause_response_code or error}")
