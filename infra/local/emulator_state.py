"""What the emulator holds in memory: saved into a folder, and brought back. infra.local.write_ahead journals it.

Of S3 that is the buckets' settings alone: infra.local.object_files puts the objects on the disk.
"""

import functools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any

from ministack import app as emulated  # type: ignore[import-untyped]  # it ships no types
from ministack.core import lambda_runtime, persistence  # type: ignore[import-untyped]  # the same
from ministack.core.responses import AccountRegionScopedDict  # type: ignore[import-untyped]  # the same
from ministack.services import dynamodb, lambda_svc, sqs  # type: ignore[import-untyped]  # the same

from infra.local.journal import ITEM, MESSAGE, Entry, Journal
from infra.local.snapshots import put_on_disk

# ruff: noqa: SLF001 - ministack offers none of this in the open

Table = dict[str, Any]

# What changes by use. All else, the ever growing logs too, is saved when the stack is ready and when it ends.
CHANGING = frozenset({"apigateway", "cloudformation", "dynamodb", "eventbridge", "iam", "lambda", "s3", "sqs", "sts"})


def busy() -> bool:
    """Whether a function runs, which may change something at any time."""
    return bool(lambda_runtime.workers_in_use())


def states(folder: Path, *, everything: bool) -> dict[str, Callable[[], Any]]:
    """Return what can be saved, by name; the functions' code goes into `folder` as it is read."""
    lambda_svc.CODE_BLOB_DIR = str(folder / "lambda-blobs")
    known: Mapping[str, Callable[[], Any]] = emulated._build_persistence_save_dict() | {"dynamodb": tables}
    return {name: state for name, state in known.items() if everything or name in CHANGING}


def tables() -> Any:  # noqa: ANN401 - ministack's own
    """Return DynamoDB's state but for the items, which the journal has: of those it would copy every value."""
    empty = AccountRegionScopedDict()
    for (account, region, name), table in dynamodb._tables.all_items():
        empty.set_scoped(account, region, name, table | {"items": {}, "ItemCount": 0, "TableSizeBytes": 0})
    # Its own function, which for once sees the empty tables under the name of the real ones.
    return FunctionType(dynamodb.get_state.__code__, vars(dynamodb) | {"_tables": empty})()


def write(folder: Path, name: str, state: object) -> None:
    """Write a service's state as ministack reads it; its own way to do so says nothing of a full disk."""
    document = {"__ministack_format__": persistence._state_format_version(name), "payload": state}
    put_on_disk(folder / f"{name}.json", json.dumps(document, default=persistence._json_default).encode())


def item_count() -> int:
    """Return how many items there are."""
    return sum(table.get("ItemCount", 0) for table in dynamodb._tables.all_values())


def items() -> Iterator[Callable[[], Entry | None]]:
    """Yield a look at every item, which returns its line for the journal, None when it is gone by then."""
    for table in dynamodb._tables.all_values():
        for pk, by_sk in list(table["items"].items()):
            for sk in list(by_sk):
                yield functools.partial(look, table, pk, sk)


def look(table: Table, pk: str, sk: str) -> Entry | None:
    """Return an item's line for the journal."""
    item = table["items"].get(pk, {}).get(sk)
    return item and [ITEM, table["TableArn"], pk, sk, item]


def bring_back(journal: Journal, snapshot: Path) -> None:
    """Let the emulator load, when it loads a generation, what the journal adds to it."""
    load, load_queues = emulated._load_persisted_state, sqs.load_persisted_state

    @functools.wraps(load)
    def load_all() -> None:
        load()
        tables = {table["TableArn"]: table for table in dynamodb._tables.all_values()}
        for kind, arn, *told in journal.resume(snapshot):
            if kind == MESSAGE:
                bring_back_message(sqs._queue_by_arn(arn), *told)
            elif arn in tables:  # else its deployment was never finished
                bring_back_item(tables[arn], *told)

    @functools.wraps(load_queues)
    def load_waiting(state: Mapping[str, Any]) -> None:
        for queue in state["queues"].all_values():
            queue["messages"] = [waiting(message) for message in queue["messages"]]
        load_queues(state)

    sqs.load_persisted_state = load_waiting
    emulated._load_persisted_state = load_all


def bring_back_item(table: Table, pk: str, sk: str, item: Table | None) -> None:
    """Let an item be as it was."""
    if item is None:
        dynamodb._remove_item(table, pk, sk)
    else:
        dynamodb._set_item(table, pk, sk, item)


def bring_back_message(queue: Table | None, message: Table) -> None:
    """Let a message wait that was not saved. It may have been worked off: who receives messages expects them twice."""
    if queue and all(known["id"] != message["id"] for known in queue["messages"]):
        queue["messages"].append(waiting(message))


def waiting(message: Table) -> Table:
    """Return a message as if nobody had received it: no worker outlives its server."""
    return message | ({"visible_at": time.time()} if message["receive_count"] else {})
