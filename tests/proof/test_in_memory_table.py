"""The in-memory table and dynalite give the same answers, refusals and validation errors."""

import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support.dynalite import dynalite
from tests.support.expressions import plain
from tests.support.in_memory_table import in_memory_tables
from tests.support.tallies import Tally

TABLE = "TasksTable"
KEY = {"pk": {"S": "a"}, "sk": {"S": "TASK"}}
ITEM = {
    **KEY,
    "run": {"N": "1"},
    "status": {"S": "WAITING"},
    "pending": {"NS": ["1", "2"]},
    "subtasks": {"M": {"1": {"M": {"attempt": {"N": "0"}, "name": {"S": "ü"}}}}},
    "list": {"L": [{"S": "x"}]},
    "ix_due": {"S": "0"},
    "due_at": {"N": "5"},
}
NUMBERS = {":n": {"N": "1"}}

pytestmark = pytest.mark.xdist_group("the in-memory table and dynalite")

Request = tuple[str, dict[str, Any]]


def put(**changes: dict[str, Any] | None) -> Request:
    """Put the item with changes; None leaves something out."""
    return "put_item", {"Item": {name: value for name, value in (ITEM | changes).items() if value is not None}}


def update(expression: str, key: dict[str, Any] | None = None, condition: str = "", **values: Any) -> Request:  # noqa: ANN401
    """Update the item; `values` are those of the placeholders."""
    names = re.findall(r"#\w+", f"{expression} {condition}")
    request = {
        "Key": key or KEY,
        "UpdateExpression": expression,
        "ConditionExpression": condition,
        "ExpressionAttributeNames": {name: name[1:] for name in names},
        "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
        "ReturnValues": "ALL_NEW",
    }
    return "update_item", {name: value for name, value in request.items() if value}


def only_if(condition: str, **values: Any) -> Request:  # noqa: ANN401
    """Update the item on a condition."""
    return update("SET x = :x", None, condition, x={"S": "x"}, **values)


def query(condition: str, index: str = "", **more: Any) -> Request:  # noqa: ANN401
    """Query the table or an index; lower-case words of `more` are values, others parts of the request."""
    values = {f":{name}": value for name, value in more.items() if name.islower()}
    request = {"KeyConditionExpression": condition, "IndexName": index, "ExpressionAttributeValues": values}
    parts = {name: value for name, value in more.items() if not name.islower()}
    return "query", {name: value for name, value in request.items() if value} | parts


REQUESTS: dict[str, Request] = {
    "get": ("get_item", {"Key": KEY, "ConsistentRead": True}),
    "get what is not there": ("get_item", {"Key": KEY | {"sk": {"S": "OTHER"}}}),
    "get by half a key": ("get_item", {"Key": {"pk": {"S": "a"}}}),
    "get by a key of another type": ("get_item", {"Key": KEY | {"sk": {"N": "1"}}}),
    "get of no table": ("get_item", {"Key": KEY, "TableName": "NoTable"}),
    "put": put(run={"N": "2"}),
    "put without a key": put(sk=None),
    "put an empty key": put(sk={"S": ""}),
    "put an index key of another type": put(due_at={"S": "soon"}),
    "put an empty set": put(pending={"NS": []}),
    "put a set with a duplicate in it": put(pending={"NS": ["1", "1"]}),
    "put too much": put(big={"S": "x" * 410_000}),
    "set": update("SET run = :n", n={"N": "7"}),
    "set in a map": update("SET subtasks.#1.attempt = subtasks.#1.attempt + :n", n={"N": "1"}),
    "set a new name in a map": update("SET subtasks.#1.phase = :s", s={"S": "x"}),
    "set below nothing": update("SET subtasks.#9.attempt = :n", n={"N": "1"}),
    "set below what is not a map": update("SET run.x = :n", n={"N": "1"}),
    "set by what is not there": update("SET run = absent", None),
    "add to what is not there": update("SET absent = absent + :n", n={"N": "1"}),
    "add to a text": update("SET #status = #status + :n", n={"N": "1"}),
    "subtract": update("SET run = run - :n", n={"N": "3"}),
    "set unless it is there": update("SET run = if_not_exists(run, :n), x = if_not_exists(x, :n)", n={"N": "9"}),
    "set by the old values": update("SET run = :n, x = run", n={"N": "9"}),
    "set a key": update("SET pk = :s", s={"S": "b"}),
    "set an index key of another type": update("SET due_at = :s", s={"S": "b"}),
    "set the same twice": update("SET run = :n, run = :n", n={"N": "1"}),
    "set within what is set": update("SET subtasks.#1 = :m, subtasks.#1.attempt = :n", n={"N": "1"}, m={"M": {}}),
    "set and remove the same": update("SET run = :n REMOVE run", n={"N": "1"}),
    "set an empty set": update("SET pending = :s", s={"NS": []}),
    "set makes an item": update("SET run = :n", KEY | {"sk": {"S": "NEW"}}, n={"N": "1"}),
    "remove": update("REMOVE run, ix_due"),
    "remove what is not there": update("REMOVE absent"),
    "remove in a map": update("REMOVE subtasks.#1.attempt"),
    "remove below nothing": update("REMOVE absent.x"),
    "add to a set": update("ADD pending :s", s={"NS": ["2", "3"]}),
    "add makes a set": update("ADD unsent :s", s={"NS": ["3"]}),
    "add to a number": update("ADD run :n, fresh :n", n={"N": "2"}),
    "add a number to a set": update("ADD pending :n", n={"N": "2"}),
    "delete from a set": update("DELETE pending :s", s={"NS": ["2", "3"]}),
    "delete empties a set": update("DELETE pending :s", s={"NS": ["2", "1"]}),
    "delete from nothing": update("DELETE unsent :s", s={"NS": ["2"]}),
    "delete from a set of another type": update("DELETE pending :s", s={"SS": ["2"]}),
    "delete a number": update("DELETE run :n", n={"N": "1"}),
    "four clauses": update(
        "SET x = :n REMOVE run ADD unsent :s DELETE pending :s", None, "run = :n", n={"N": "1"}, s={"NS": ["2"]}
    ),
    "a clause twice": update("SET x = :n SET y = :n", n={"N": "1"}),
    "no clause": update("run = :n", n={"N": "1"}),
    "a value that is not used": update("REMOVE run", n={"N": "1"}),
    "a value that is not given": update("SET run = :n"),
    "equal": only_if("run = :n", n={"N": "1.0"}),
    "equal, but of another type": only_if("run = :n", n={"S": "1"}),
    "equal sets": only_if("pending = :s", s={"NS": ["2", "1"]}),
    "unequal sets": only_if("pending = :s", s={"NS": ["1"]}),
    "nothing is unequal": only_if("absent <> :n", n={"N": "1"}),
    "nothing is not less": only_if("absent < :n", n={"N": "1"}),
    "less as numbers are": only_if("run < :n", n={"N": "10"}),
    "a number is not less than a text": only_if("run < :s", s={"S": "2"}),
    "deep down": only_if("subtasks.#1.attempt >= :n", n={"N": "0"}),
    "one of": only_if("#status IN (:a, :b)", a={"S": "x"}, b={"S": "WAITING"}),
    "none of": only_if("#status IN (:a, :b)", a={"S": "x"}, b={"S": "y"}),
    "between": only_if("run BETWEEN :a AND :b", a={"N": "1"}, b={"N": "1"}),
    "between the wrong way round": only_if("run BETWEEN :a AND :b", a={"N": "2"}, b={"N": "1"}),
    "size of a set": only_if("size(pending) = :n", n={"N": "2"}),
    "size of a text": only_if("size(sk) > :n", n={"N": "3"}),
    "size of a map": only_if("size(subtasks) = :n", n={"N": "1"}),
    "size of a number": only_if("size(run) = :n", n={"N": "1"}),
    "size of nothing": only_if("size(absent) = :n", n={"N": "0"}),
    "exists": only_if("attribute_exists(run)"),
    "does not exist": only_if("attribute_not_exists(run)"),
    "begins with": only_if("begins_with(sk, :s)", s={"S": "TA"}),
    "begins with a number": only_if("begins_with(run, :n)", n={"N": "1"}),
    "contains in a set": only_if("contains(pending, :n)", n={"N": "2"}),
    "contains in a list": only_if("contains(#list, :s)", s={"S": "x"}),
    "contains in a text": only_if("contains(sk, :s)", s={"S": "AS"}),
    "and before or": only_if("run = :n OR run = :n AND run = :m", n={"N": "1"}, m={"N": "2"}),
    "parentheses": only_if("(run = :n OR run = :n) AND run = :m", n={"N": "1"}, m={"N": "2"}),
    "not before and": only_if("NOT run = :m AND run = :n", n={"N": "1"}, m={"N": "2"}),
    "half a condition": only_if("run = :n AND", n={"N": "1"}),
    "a condition on nothing": update("SET x = :n", KEY | {"sk": {"S": "NEW"}}, "run = :n", n={"N": "1"}),
    "delete the item": ("delete_item", {"Key": KEY, "ConditionExpression": "attribute_exists(pk)"}),
    "delete what is not there": (
        "delete_item",
        {"Key": KEY | {"sk": {"S": "NEW"}}, "ConditionExpression": "attribute_exists(pk)"},
    ),
    "get several": ("batch_get_item", {"RequestItems": {TABLE: {"Keys": [KEY, KEY | {"sk": {"S": "NEW"}}]}}}),
    "get several, one twice": ("batch_get_item", {"RequestItems": {TABLE: {"Keys": [KEY, KEY]}}}),
    "query": query("pk = :p", p={"S": "q"}),
    "query backward": query("pk = :p", p={"S": "q"}, ScanIndexForward=False),
    "query by a beginning": query("pk = :p AND begins_with(sk, :s)", p={"S": "q"}, s={"S": "1"}),
    "query a range": query("pk = :p AND sk BETWEEN :a AND :b", p={"S": "q"}, a={"S": "1"}, b={"S": "2"}),
    "query below": query("pk = :p AND sk <= :s", p={"S": "q"}, s={"S": "10"}),
    "query a page": query("pk = :p", p={"S": "q"}, Limit=2),
    "query the last page": query("pk = :p", p={"S": "q"}, Limit=3),
    "query on": query("pk = :p", p={"S": "q"}, ExclusiveStartKey={"pk": {"S": "q"}, "sk": {"S": "10"}}),
    "query on from half a key": query("pk = :p", p={"S": "q"}, ExclusiveStartKey={"pk": {"S": "q"}}),
    "query an index": query("ix_due = :p AND due_at <= :n", "by_due", p={"S": "0"}, n={"N": "10"}),
    "query an index backward": query("ix_due = :p", "by_due", p={"S": "0"}, ScanIndexForward=False, Limit=2),
    "query an index consistently": query("ix_due = :p", "by_due", p={"S": "0"}, ConsistentRead=True),
    "query no index": query("ix_due = :p", "by_nothing", p={"S": "0"}),
    "query without the hash key": query("sk = :p", p={"S": "0"}),
    "query by another than a key": query("pk = :p AND run = :n", p={"S": "0"}, n={"N": "1"}),
    "query alternatives": query("pk = :p OR sk = :p", p={"S": "0"}),
}


@pytest.fixture(scope="module")
def judge() -> Iterator[Any]:
    with dynalite():
        yield boto3.client("dynamodb")


def answered(client: Any, request: Request) -> object:  # noqa: ANN401
    """Return the answer to a request, and what it left in the table; or the code of its error."""
    operation, parameters = request
    others = [
        {"pk": {"S": "q"}, "sk": {"S": sk}, "ix_due": {"S": "0"}, "due_at": {"N": due}}
        for sk, due in (("1", "10"), ("10", "9"), ("2", "100"))
    ]
    for key in (KEY, KEY | {"sk": {"S": "NEW"}}):
        client.delete_item(TableName=TABLE, Key=key)
    for item in (ITEM, *others):
        client.put_item(TableName=TABLE, Item=item)
    try:
        table = {} if "RequestItems" in parameters else {"TableName": TABLE}
        answer = getattr(client, operation)(**table | parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]
    left = client.query(TableName=TABLE, KeyConditionExpression="pk = :p", ExpressionAttributeValues={":p": KEY["pk"]})[
        "Items"
    ]
    told = {name: answer[name] for name in ("Count", "LastEvaluatedKey") if name in answer}
    several = answer.get("Responses", {}).get(TABLE, ())
    items = [answer.get("Item"), answer.get("Attributes"), *answer.get("Items", ()), *several, *left]
    return told, [plain({"M": item}) for item in items if item]


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS.keys())
def test_the_in_memory_table_answers_as_dynalite_does(judge: Any, request_: Request, tally: Tally) -> None:  # noqa: ANN401
    expected = answered(judge, request_)

    with in_memory_tables():
        actual = answered(boto3.client("dynamodb"), request_)

    assert actual == expected
    tally("requests that the in-memory table and dynalite answer alike")


def test_the_in_memory_table_refuses_an_empty_key_of_an_index() -> None:
    with in_memory_tables():  # DynamoDB takes none; dynalite does
        assert answered(boto3.client("dynamodb"), put(ix_due={"S": ""})) == "ValidationException"
