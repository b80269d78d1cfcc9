"""What the emulator keeps in memory: saved into a folder, and restored. infra.local.write_ahead journals its changes.

Of S3 these are only the settings of buckets: infra.local.object_files writes the objects to the disk.
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
from ministack.services import dynamodb, sqs  # type: ignore[import-untyped]  # the same

from infra.local.emulator_patches import Wrappers, set_code_folder
from infra.local.journal import ITEM, MESSAGE, Entry, Journal
from infra.local.snapshots import replace_file

# ruff: noqa: SLF001 - emulator_patches checks each of these names

Table = dict[str, Any]

# The services that change in use. The others, and the growing logs, are saved when the stack is ready and when it
# stops.
CHANGING = frozenset({"apigateway", "cloudformation", "dynamodb", "eventbridge", "iam", "lambda", "s3", "sqs", "sts"})


def is_busy() -> bool:
    """Whether a function is running, which may change something at any time."""
    return bool(lambda_runtime.workers_in_use())


def states(folder: Path, *, everything: bool) -> dict[str, Callable[[], Any]]:
    """Return what can be saved, by name; reading the functions' state writes their code into `folder`."""
    set_code_folder(str(folder / "lambda-blobs"))
    known: Mapping[str, Callable[[], Any]] = emulated._build_persistence_save_dict() | {"dynamodb": read_tables}
    return {name: state for name, state in known.items() if everything or name in CHANGING}


def read_tables() -> Any:  # noqa: ANN401 - ministack's own
    """Return DynamoDB's state without the items, which the journal has: the emulator would copy every value of them."""
    empty = AccountRegionScopedDict()
    for (account, region, name), table in dynamodb._tables.all_items():
        empty.set_scoped(account, region, name, table | {"items": {}, "ItemCount": 0, "TableSizeBytes": 0})
    # The emulator's own function, which here sees the empty tables under the name of the real ones.
    return FunctionType(dynamodb.get_state.__code__, vars(dynamodb) | {"_tables": empty})()


def write_state(folder: Path, name: str, state: object) -> None:
    """Write a service's state in the emulator's format; the emulator's own function does not report a full disk."""
    document = {"__ministack_format__": persistence._state_format_version(name), "payload": state}
    replace_file(folder / f"{name}.json", json.dumps(document, default=persistence._json_default).encode())


def item_count() -> int:
    """Return the number of items."""
    return sum(table.get("ItemCount", 0) for table in dynamodb._tables.all_values())


def items() -> Iterator[Callable[[], Entry | None]]:
    """Yield a look at every item, which returns its line for the journal, None if it has been deleted since."""
    for table in dynamodb._tables.all_values():
        for pk, by_sk in list(table["items"].items()):
            for sk in list(by_sk):
                yield functools.partial(look_at_item, table, pk, sk)


def look_at_item(table: Table, pk: str, sk: str) -> Entry | None:
    """Return an item's line for the journal."""
    item = table["items"].get(pk, {}).get(sk)
    return item and [ITEM, table["TableArn"], pk, sk, item]


def state_wrappers(journal: Journal, snapshot: Path) -> Wrappers:
    """Return what makes the emulator load the journal of a snapshot together with the snapshot."""
    return {
        "app._load_persisted_state": functools.partial(load_with_journal, journal, snapshot),
        "sqs.load_persisted_state": load_as_waiting,
    }


def load_with_journal(journal: Journal, snapshot: Path, load: Callable[[], None]) -> Callable[[], None]:
    """Return the emulator's load, which then also loads what the journal adds to the snapshot."""

    @functools.wraps(load)
    def load_all() -> None:
        load()
        tables = {table["TableArn"]: table for table in dynamodb._tables.all_values()}
        for kind, arn, *facts in journal.resume(snapshot):
            if kind == MESSAGE:
                restore_message(sqs._queue_by_arn(arn), *facts)
            elif arn in tables:  # otherwise its deployment never finished
                restore_item(tables[arn], *facts)

    return load_all


def load_as_waiting(load: Callable[..., Any]) -> Callable[..., Any]:
    """Return the emulator's load of queues, which then makes all messages available."""

    @functools.wraps(load)
    def load_queues(state: Mapping[str, Any]) -> Any:  # noqa: ANN401 - ministack's own
        for queue in state["queues"].all_values():
            queue["messages"] = [make_available(message) for message in queue["messages"]]
        return load(state)

    return load_queues


def restore_item(table: Table, pk: str, sk: str, item: Table | None) -> None:
    """Restore an item; None is a deletion."""
    if item is None:
        dynamodb._remove_item(table, pk, sk)
    else:
        dynamodb._set_item(table, pk, sk, item)


def restore_message(queue: Table | None, message: Table) -> None:
    """Restore a message that was not saved. It may already have been processed: receivers expect duplicates."""
    if queue and all(known["id"] != message["id"] for known in queue["messages"]):
        queue["messages"].append(make_available(message))


def make_available(message: Table) -> Table:
    """Return a message as if it had never been received: no worker outlives its server."""
    return message | ({"visible_at": time.time()} if message["receive_count"] else {})
