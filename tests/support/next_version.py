"""What the next version of Reelmill writes: the same, with one more field at every level."""

import json
import zlib
from typing import Any

from tests.support.deployment import client

NEW_FIELD = "newField"
NEW_VALUE = "of the next version"
FREE = frozenset({"params", "facts", "result", "seconds"})  # whose fields an operation or a person names


def rows(table: str) -> list[dict[str, Any]]:
    """Return the items of a table, as DynamoDB has them."""
    found: list[dict[str, Any]] = client("dynamodb").scan(TableName=table)["Items"]
    return found


def newer(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a document with one more field wherever it has fields, but for what people name themselves."""
    if isinstance(value, dict):
        own = {name: each if name in FREE else newer(each) for name, each in value.items()}
        return {**own, NEW_FIELD: NEW_VALUE}
    return [newer(each) for each in value] if isinstance(value, list) else value


def newer_attribute(name: str, value: dict[str, Any]) -> dict[str, Any]:
    """Return an attribute of DynamoDB with one more field wherever it has fields."""
    field = {"S": NEW_VALUE}
    if name == "subtasks" and "M" in value:
        return {"M": {no: {"M": {**newer_fields(one["M"]), NEW_FIELD: field}} for no, one in value["M"].items()}}
    if "M" in value:
        return {"M": {**newer_fields(value["M"]), NEW_FIELD: field}}
    if name in {"record", "subtasks"} and "B" in value:
        return {"B": zlib.compress(json.dumps(newer(json.loads(zlib.decompress(value["B"])))).encode())}
    if name in {"document", "history"}:
        return {"S": json.dumps(newer(json.loads(value["S"])))}
    return value


def newer_fields(item: dict[str, Any]) -> dict[str, Any]:
    """Return attributes of DynamoDB, each with one more field wherever it has fields."""
    return {name: newer_attribute(name, value) for name, value in item.items()}


def written_by_the_next_version(table: str) -> None:
    """Let the next version have written each item of a table: with one more field, at every level."""
    for item in rows(table):
        client("dynamodb").put_item(TableName=table, Item={**newer_fields(item), NEW_FIELD: {"S": NEW_VALUE}})


def stamped(table: str, schema_version: int, version: int | None = None) -> None:
    """Let a version have written all items of a table with that schema version, or those of a document's version."""
    for row in rows(table):
        if version is None or row["version"] == {"N": str(version)}:
            client("dynamodb").put_item(TableName=table, Item={**row, "schema_version": {"N": str(schema_version)}})
