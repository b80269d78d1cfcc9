"""What all DynamoDB tables have in common: bounded calls, indexes, and the meaning of errors."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import TypeAdapter
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import DoesNotExist, PutError, PynamoDBException, TransactWriteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, Projection
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from shared.errors import ServiceBusy, ServiceRefused
from shared.stores.forward_compatibility import SCHEMA_VERSION
from shared.telemetry import logger

NO_ANSWER = "DynamoDB did not answer as it should"
REFUSED = "ConditionalCheckFailedException"
# The request itself is wrong, for example an item of over 400 KB. Any other refused request may succeed later: new
# permissions take a while to propagate, and people add missing ones.
NEVER = "ValidationException"

LIMITS: Mapping[str, Any] = {"connect_timeout_seconds": 3, "read_timeout_seconds": 5, "max_retry_attempts": 5}

M = TypeVar("M", bound=Model)
T = TypeVar("T")


class VersionedItem(Model):
    """An item of any table: a version of Reelmill that knows only lower schema versions leaves it unchanged."""

    schema_version = NumberAttribute(default=SCHEMA_VERSION)


def bind_model(model: type[M], table: str) -> type[M]:
    """Return the model for the table of that name, with the limits of every call to DynamoDB."""
    return type(model.__name__, (model,), {"Meta": type("Meta", (), {"table_name": table, **LIMITS})})


def open_connection() -> Connection:
    """Return a connection for transactions, with the same limits; this makes no request."""
    return Connection(**LIMITS)


def stored_form(kind: type[T]) -> TypeAdapter[T]:
    """Return the converter between a dataclass and its stored form. It ignores fields of a newer version."""
    form: TypeAdapter[T] = build_form(kind)  # type: ignore[arg-type]  # mypy does not see that a class is hashable
    return form


@functools.cache  # at the first use: at import, it would be part of every cold start
def build_form(kind: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - a type
    """Return pydantic's adapter of a type."""
    return TypeAdapter(kind)


def define_index(
    hash_key: str, projection: Projection, **range_key: UnicodeAttribute | NumberAttribute
) -> GlobalSecondaryIndex[Any]:
    """Return an index for a model, which names it by the attribute that it assigns; the hash key is a text."""
    meta = type("Meta", (), {"projection": projection})
    attributes = {hash_key: UnicodeAttribute(hash_key=True), **range_key, "Meta": meta}
    index: type[GlobalSecondaryIndex[Any]] = type(f"Index_{hash_key}", (GlobalSecondaryIndex,), attributes)
    return index()


def read_item(model: type[M], key: str, sort_key: str | None = None) -> M | None:
    """Return the current state of an item; None if there is none. Raise ServiceBusy or ServiceRefused."""
    try:
        return model.get(key, sort_key, consistent_read=True)
    except DoesNotExist:
        return None
    except PynamoDBException as error:
        raise dynamodb_error(error) from error


def save_item(item: Model, condition: Condition | None = None) -> bool:
    """Put an item; return False if the condition refuses it. Raise ServiceBusy or ServiceRefused."""
    try:
        item.save(condition=condition)
    except PutError as error:
        if error.cause_response_code == REFUSED:
            return False
        raise dynamodb_error(error) from error
    return True


def update_item(item: Model, actions: Sequence[Action], condition: Condition | None = None) -> bool:
    """Change an item, or create it; return False if the condition refuses it. Raise ServiceBusy or ServiceRefused.

    Fields that a newer version stored are kept.
    """
    try:
        item.update(actions=list(actions), condition=condition)
    except UpdateError as error:
        if error.cause_response_code == REFUSED:
            return False
        raise dynamodb_error(error) from error
    return True


def update_versioned(item: VersionedItem, actions: Sequence[Action], condition: Condition | None = None) -> bool:
    """Change an item, or create it; return False if its schema version is too high, or if the condition refuses it."""
    readable = is_readable(type(item))
    return update_item(item, [*actions, stamp(type(item))], readable if condition is None else readable & condition)


def update_once(connection: Connection, item: VersionedItem, actions: Sequence[Action], token: str) -> bool:
    """Change an item, or create it; return False if its schema version is too high.

    The same request with the same token changes it only once: DynamoDB knows the token of a transaction for ten
    minutes (its API reference, TransactWriteItems). Raise ServiceBusy or ServiceRefused.
    """
    try:
        with TransactWrite(connection=connection, client_request_token=token) as transaction:
            transaction.update(item, [*actions, stamp(type(item))], is_readable(type(item)))
    except TransactWriteError as error:
        if [reason.code for reason in error.cancellation_reasons if reason] == [REFUSED.removesuffix("Exception")]:
            return False
        raise dynamodb_error(error) from error
    return True


def is_readable(model: type[VersionedItem]) -> Condition:
    """Return the condition that this version can read an item; the first version of Reelmill stored no number."""
    readable: Condition = model.schema_version.does_not_exist() | (model.schema_version <= SCHEMA_VERSION)
    return readable


def stamp(model: type[VersionedItem]) -> Action:
    """Return the change that gives an item a schema version, unless it has one."""
    version = model.schema_version
    return version.set(version | SCHEMA_VERSION)


def dynamodb_error(error: PynamoDBException) -> ServiceBusy | ServiceRefused:
    """Return the error for a failed call to DynamoDB: retry later, or never. AWS's own message goes to the log only."""
    logger().warning(NO_ANSWER, reason=str(error))
    if error.cause_response_code == NEVER:
        return ServiceRefused(f"DynamoDB rejects this request: {NEVER}")
    return ServiceBusy(f"{NO_ANSWER}: {error.cause_response_code or type(error.cause or error).__name__}")
