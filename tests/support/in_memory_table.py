"""DynamoDB in memory: linearizable, fast, and as strict as the real one where our code could be wrong.

It replaces the method with which botocore's clients make their calls, so PynamoDB and boto3 run unchanged. It sends no
request and makes no signature. Its tables are those of template.yaml. It also takes SQS messages, into plain lists.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, cast
from unittest.mock import patch

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from tests.support.deployment import resources
from tests.support.expression_parser import Parsed, parse_condition, parse_update
from tests.support.expressions import (
    SETS,
    BeginsWith,
    Between,
    Both,
    Case,
    Comparison,
    Condition,
    Invalid,
    Item,
    Path,
    Update,
    Value,
    copied,
    kind_of,
    packed,
    plain,
)

Request = Mapping[str, Any]
Answer = dict[str, Any]
Key = tuple[Any, ...]

MAX_ITEM_BYTES = 400 * 1024  # DynamoDB quotas
MAX_BATCH = 100  # keys in one BatchGetItem
EVERYWHERE = {"TableName", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics"}
WRITING = {"ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues", "ReturnValues"}
KNOWN: Mapping[str, set[str]] = {
    "GetItem": EVERYWHERE | {"Key", "ConsistentRead"},
    "PutItem": EVERYWHERE | WRITING | {"Item"},
    "UpdateItem": EVERYWHERE | WRITING | {"Key", "UpdateExpression"},
    "DeleteItem": EVERYWHERE | WRITING | {"Key"},
    "TransactWriteItems": {"TransactItems", "ClientRequestToken", "ReturnConsumedCapacity"},
    "Query": EVERYWHERE
    | {"IndexName", "KeyConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues"}
    | {"ScanIndexForward", "Limit", "ExclusiveStartKey", "ConsistentRead"},
    "BatchGetItem": {"RequestItems", "ReturnConsumedCapacity"},
    "SendMessageBatch": {"QueueUrl", "Entries"},
    "GetQueueAttributes": {"QueueUrl", "AttributeNames"},
}


class Refused(Exception):
    """The condition of a write doesn't hold."""


@dataclass
class Table:
    """A table's definition, and its items by their keys."""

    name: str
    keys: tuple[str, ...]
    kinds: dict[str, str]
    indexes: dict[str, tuple[tuple[str, ...], dict[str, Any]]]
    items: dict[Key, Item] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, definition: Mapping[str, Any]) -> "Table":
        """Return the empty table of a definition in the template."""
        return cls(
            name,
            keys_of(definition),
            {each["AttributeName"]: each["AttributeType"] for each in definition["AttributeDefinitions"]},
            {
                index["IndexName"]: (keys_of(index), index["Projection"])
                for index in definition.get("GlobalSecondaryIndexes", ())
            },
        )

    def key(self, item: Item) -> Key:
        """Return the key of an item; refuse one that lacks it."""
        for name in self.keys:
            if kind_of(item.get(name) or {"": None}) != self.kinds[name]:
                raise Invalid("The provided key element does not match the schema")
            if not plain(item[name]) and self.kinds[name] != "N":
                raise Invalid(
                    f"The AttributeValue for a key attribute cannot contain an empty string value. Key: {name}"
                )
        return tuple(plain(item[name]) for name in self.keys)

    def whole_key(self, given: Item) -> Key:
        """Return a key that was given as such: it holds nothing else."""
        if given.keys() != set(self.keys):
            raise Invalid("The provided key element does not match the schema")
        return self.key(given)

    def put(self, item: Item) -> None:
        """Store an item, if the table and its indexes can hold it."""
        key = self.key(item)
        for name, kind in self.kinds.items():
            if name in item and (kind_of(item[name]) != kind or item[name] == {"S": ""}):
                raise Invalid(f"One or more parameter values were invalid: Type mismatch for Index Key {name}")
        # Packed, it is never smaller than DynamoDB counts it.
        if len(packed(item)) > MAX_ITEM_BYTES and size_of({"M": item}) > MAX_ITEM_BYTES:
            raise Invalid("Item size has exceeded the maximum allowed size")
        self.items[key] = item

    def rows(self, index: str | None) -> tuple[tuple[str, ...], list[Item]]:
        """Return the keys of the table or an index, and the items in it."""
        if index is None:
            return self.keys, list(self.items.values())
        if index not in self.indexes:
            raise Invalid(f"The table does not have the specified index: {index}")
        keys, projection = self.indexes[index]
        shown = {*self.keys, *keys, *projection.get("NonKeyAttributes", ())}
        rows = [item for item in self.items.values() if all(name in item for name in keys)]
        if projection["ProjectionType"] != "ALL":
            rows = [{name: value for name, value in item.items() if name in shown} for item in rows]
        return keys, rows


@dataclass
class InMemoryTables:
    """The tables and the queues. Every request is served alone."""

    tables: dict[str, Table] = field(default_factory=dict)
    messages: dict[str, list[str]] = field(default_factory=dict)
    committed: dict[str, Request] = field(default_factory=dict)  # transactions, by their tokens
    lock: Lock = field(default_factory=Lock)
    judge: Callable[[Condition, Case], bool] = lambda condition, case: condition.holds(case)
    # Whether the answer to a request is lost, so that its client sends it again.
    loses: Callable[[str], bool] = lambda _: False

    def __post_init__(self) -> None:
        """Begin empty."""
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.messages.clear()
        self.committed.clear()
        for name, resource in resources().items():
            if resource["Type"] == "AWS::DynamoDB::Table":
                self.tables[name] = Table.of(name, resource["Properties"])

    def taken(self) -> list[str]:
        """Return the bodies of the messages in all queues, which are empty then."""
        with self.lock:
            bodies = [body for queue in self.messages.values() for body in queue]
            self.messages.clear()
            return bodies

    def answer(self, operation: str, request: Request) -> Answer:
        """Serve one request; raise ClientError as AWS would."""
        if operation not in KNOWN or request.keys() - KNOWN[operation]:
            unknown = sorted(request.keys() - KNOWN.get(operation, set()))
            raise NotImplementedError(f"the in-memory table knows no {operation} with {unknown}")
        serve = SERVED[operation]
        try:
            with self.lock:
                if self.loses(operation):
                    serve(self, request)
                return serve(self, request)
        except Refused as error:
            raise refusal_of(operation) from error
        except Invalid as error:
            raise failure("ValidationException", str(error), operation) from error

    def table(self, request: Request) -> Table:
        """Return the table that a request names."""
        name = request["TableName"]
        if name not in self.tables:
            raise failure("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found", "Any")
        return self.tables[name]

    def get(self, request: Request) -> Answer:
        """Serve GetItem."""
        table = self.table(request)
        item = table.items.get(table.whole_key(request["Key"]))
        return {"Item": copied(item)} if item else {}

    def put(self, request: Request) -> Answer:
        """Serve PutItem."""
        table, item = self.table(request), copied(request["Item"])
        if not item.keys() >= set(table.keys):
            raise Invalid("One or more parameter values were invalid: Missing the key in the item")
        check({"M": item})
        self.allow(request, table.items.get(table.key(item)))
        table.put(item)
        return {}

    def delete(self, request: Request) -> Answer:
        """Serve DeleteItem."""
        table = self.table(request)
        key = table.whole_key(request["Key"])
        self.allow(request, table.items.get(key))
        table.items.pop(key, None)
        return {}

    def update(self, request: Request) -> Answer:
        """Serve UpdateItem."""
        table, names = self.table(request), names_of(request)
        key = table.whole_key(request["Key"])
        parsed = parse_update(request["UpdateExpression"], names)
        update = cast("Update", parsed.tree)
        if any(action.path[0] in table.keys for action in update.actions):
            raise Invalid("One or more parameter values were invalid: Cannot update attribute. It is part of the key")
        old = table.items.get(key)
        self.allow(request, old, parsed)
        new = copied(old if old is not None else request["Key"])
        update.apply(new, copied(request.get("ExpressionAttributeValues", {})))
        table.put(new)
        return {"Attributes": copied(new)} if request.get("ReturnValues") == "ALL_NEW" else {}

    def transact(self, request: Request) -> Answer:
        """Serve TransactWriteItems of one update; a token that was used before changes nothing."""
        token = request["ClientRequestToken"]
        (update,) = (each["Update"] for each in request["TransactItems"])
        if token not in self.committed:
            self.update(update)
            self.committed[token] = copied(update)
        if self.committed[token] != update:
            raise Invalid("The token was used with other parameters")
        return {}

    def query(self, request: Request) -> Answer:
        """Serve Query."""
        table = self.table(request)
        keys, rows = table.rows(request.get("IndexName"))
        if request.get("IndexName") and request.get("ConsistentRead"):
            raise Invalid("Consistent reads are not supported on global secondary indexes")
        values = request.get("ExpressionAttributeValues", {})
        parsed = parse_condition(request["KeyConditionExpression"], names_of(request))
        use(request, parsed)
        condition = cast("Condition", parsed.tree)
        check_key_condition(condition, keys)

        def place(row: Item) -> Key:
            return (*(plain(row[name]) for name in keys[1:]), *table.key(row))

        backward = not request.get("ScanIndexForward", True)
        rows = sorted((row for row in rows if condition.holds(Case(row, values))), key=place, reverse=backward)
        if start := request.get("ExclusiveStartKey"):
            if start.keys() != {*keys, *table.keys}:
                raise Invalid("The provided starting key is invalid")
            after = place(start)
            rows = [row for row in rows if (place(row) < after if backward else place(row) > after)]
        page = rows[: request.get("Limit")]
        answer: Answer = {"Items": [copied(row) for row in page], "Count": len(page), "ScannedCount": len(page)}
        if len(page) == request.get("Limit"):  # also when nothing is left: DynamoDB doesn't look further
            answer["LastEvaluatedKey"] = {name: page[-1][name] for name in {*keys, *table.keys}}
        return answer

    def batch_get(self, request: Request) -> Answer:
        """Serve BatchGetItem."""
        found: dict[str, list[Item]] = {}
        for name, wanted in request["RequestItems"].items():
            table = self.table({"TableName": name})
            keys = [table.whole_key(key) for key in wanted["Keys"]]
            if len(keys) > MAX_BATCH:
                raise Invalid("Too many items requested for the BatchGetItem call")
            if len(set(keys)) < len(keys):
                raise Invalid("Provided list of item keys contains duplicates")
            found[name] = [copied(table.items[key]) for key in keys if key in table.items]
        return {"Responses": found, "UnprocessedKeys": {}}

    def allow(self, request: Request, item: Item | None, *others: Parsed) -> None:
        """Refuse a write whose condition doesn't hold for the item that is there."""
        text = request.get("ConditionExpression")
        parsed = (parse_condition(text, names_of(request)),) if text else ()
        use(request, *parsed, *others)
        case = Case(item or {}, request.get("ExpressionAttributeValues", {}))
        if not all(self.judge(cast("Condition", each.tree), case) for each in parsed):
            raise Refused

    def send(self, request: Request) -> Answer:
        """Serve SendMessageBatch."""
        queue = self.messages.setdefault(request["QueueUrl"], [])
        queue += [entry["MessageBody"] for entry in request["Entries"]]
        return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]]}

    def count(self, request: Request) -> Answer:
        """Serve GetQueueAttributes."""
        waiting = len(self.messages.get(request["QueueUrl"], ()))
        return {"Attributes": {"ApproximateNumberOfMessages": str(waiting)}}


SERVED: Mapping[str, Callable[[InMemoryTables, Request], Answer]] = {
    "GetItem": InMemoryTables.get,
    "PutItem": InMemoryTables.put,
    "UpdateItem": InMemoryTables.update,
    "DeleteItem": InMemoryTables.delete,
    "TransactWriteItems": InMemoryTables.transact,
    "Query": InMemoryTables.query,
    "BatchGetItem": InMemoryTables.batch_get,
    "SendMessageBatch": InMemoryTables.send,
    "GetQueueAttributes": InMemoryTables.count,
}


@contextmanager
def in_memory_tables(*services: str) -> Iterator[InMemoryTables]:
    """Lend tables in memory for some services of AWS, by default DynamoDB and SQS; calls to others stay as they are."""
    served = services or ("dynamodb", "sqs")
    lent = InMemoryTables()
    call = BaseClient._make_api_call  # type: ignore[attr-defined]  # noqa: SLF001 - PynamoDB itself calls it

    def answer(client: BaseClient, operation: str, request: Request) -> Answer:
        if client.meta.service_model.service_name in served:
            return lent.answer(operation, request)
        return cast("Answer", call(client, operation, request))

    # A client without credentials is made anew for each call by PynamoDB, which takes long.
    environment = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "memory", "AWS_SECRET_ACCESS_KEY": "memory"}
    with patch.dict(os.environ, environment), patch.object(BaseClient, "_make_api_call", answer):
        yield lent


def failure(code: str, message: str, operation: str) -> ClientError:
    """Return an error that AWS answers with."""
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(answer, operation)  # type: ignore[arg-type]


def refusal_of(operation: str) -> ClientError:
    """Return the error of a write whose condition doesn't hold."""
    if operation != "TransactWriteItems":
        return failure("ConditionalCheckFailedException", "The conditional request failed", operation)
    error = failure("TransactionCanceledException", "Transaction cancelled [ConditionalCheckFailed]", operation)
    error.response["CancellationReasons"] = [{"Code": "ConditionalCheckFailed"}]
    return error


def keys_of(definition: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of a definition's keys, the hash key first."""
    keys = sorted(definition["KeySchema"], key=lambda key: str(key["KeyType"]))
    return tuple(key["AttributeName"] for key in keys)


def names_of(request: Request) -> tuple[tuple[str, str], ...]:
    """Return what a request's placeholders stand for."""
    return tuple(request.get("ExpressionAttributeNames", {}).items())


def use(request: Request, *expressions: Parsed) -> None:
    """Refuse placeholders that nothing uses or that nothing defines, and values that no item may hold."""
    values = request.get("ExpressionAttributeValues", {})
    given = {*request.get("ExpressionAttributeNames", {}), *values}
    used = {placeholder for each in expressions for placeholder in each.placeholders}
    if given - used:
        raise Invalid(f"Value unused in expressions: keys: {sorted(given - used)}")
    if used - given:
        raise Invalid(f"An expression attribute value used in expression is not defined: {sorted(used - given)}")
    for value in values.values():
        check(value)


def check(value: Value) -> None:
    """Refuse a set that is empty or holds something twice, at any depth."""
    ((kind, content),) = value.items()
    if kind in SETS and (not content or len(set(content)) < len(content)):
        raise Invalid("One or more parameter values were invalid: A set may not be empty or contain duplicates")
    if kind in {"M", "L"}:
        for each in content.values() if kind == "M" else content:
            check(each)


def size_of(value: Value) -> int:
    """Return about how many bytes a value takes."""
    ((kind, content),) = value.items()
    match kind:
        case "M":
            return 3 + sum(1 + len(name.encode()) + size_of(each) for name, each in content.items())
        case "L":
            return 3 + sum(1 + size_of(each) for each in content)
        case "SS" | "NS" | "BS":
            return sum(len(each) for each in content)
    return len(content.encode()) if isinstance(content, str) else len(content) if isinstance(content, bytes) else 1


def check_key_condition(condition: Condition, keys: Iterable[str]) -> None:
    """Refuse what isn't one hash key's value, and perhaps a range of the other key."""
    parts = [condition.left, condition.right] if isinstance(condition, Both) else [condition]
    paths: list[tuple[Path, str]] = []
    for part in parts:
        match part:
            case Comparison(sign, left) if sign != "<>":
                paths.append((getattr(left, "path", ()), sign))
            case Between(operand):
                paths.append((getattr(operand, "path", ()), "BETWEEN"))
            case BeginsWith(path):
                paths.append((path, "begins_with"))
            case _:
                raise Invalid("Invalid operator used in KeyConditionExpression")
    names = [path[0] for path, _ in paths if len(path) == 1]
    hash_key, *others = keys
    if len(names) < len(paths) or (((hash_key,), "=") not in paths) or set(names) - {hash_key, *others}:
        raise Invalid("Query condition missed key schema element")
    if len(set(names)) < len(names):
        raise Invalid("KeyConditionExpressions must only contain one condition per key")
