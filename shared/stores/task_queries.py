"""Lists of tasks: filters, the indexes that answer them, and pages whose cost doesn't grow with the table."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

from pynamodb.exceptions import PynamoDBException

from shared.domain.ids import id_before, id_range
from shared.domain.output_names import MAX_KEY_BYTES
from shared.domain.page import Page
from shared.domain.page_token import read_token, write_token
from shared.domain.subtask import DEFAULT_TENANT
from shared.domain.task import Outcome, Task, TaskStatus
from shared.stores.dynamodb import dynamodb_error
from shared.stores.task_codec import SHARDS, TASK, TaskItem
from shared.stores.task_store import TaskStore

# The states of most tasks. Fewer tasks belong to an orchestration than are in these states; in the long run, more tasks
# belong to it than are in any other state.
COMMON_STATES = frozenset({None, TaskStatus.COMPLETED, Outcome.SUCCEEDED})
# The limit of tasks that a page reads if few tasks of the index match the other filters.
READ_PER_PAGE = 1000
MAX_BATCH = 100  # DynamoDB: items in one BatchGetItem
MIN_KEYS = 50  # An index has only keys, so a query of this size reads less than 4 KB: half a unit (DynamoDB).
DUE_PER_PAGE = 50


@dataclass(frozen=True)
class TaskFilter:
    """A filter of tasks; None means any. Times are epoch milliseconds; `id_prefix` is the beginning of task IDs."""

    tenant: str = DEFAULT_TENANT
    status: TaskStatus | None = None
    outcome: Outcome | None = None
    id_prefix: str = ""
    source_key: str | None = None
    orchestration: str | None = None
    created_after: int | None = None
    created_before: int | None = None

    def matches(self, item: TaskItem) -> bool:
        """Whether a task's item matches the filter, except for the times, which its ID contains."""
        orchestration = item.orchestration.as_dict() if item.orchestration else {}
        return (
            item.tenant == self.tenant
            and item.pk.startswith(self.id_prefix)
            and self.status in {None, item.status}
            and self.outcome in {None, item.outcome}
            and self.source_key in {None, item.source.as_dict().get("key")}
            and self.orchestration in {None, orchestration.get("name")}
        )


class TaskQueries:
    """Lists from the indexes of the tasks table. A failed request raises ServiceBusy or ServiceRefused."""

    def __init__(self, store: TaskStore) -> None:
        """Read the table of that store."""
        self._store, self._items = store, store.items

    def page(self, wanted: TaskFilter, limit: int, token: str | None = None) -> Page[Task]:
        """Return one page, newest first. Raise RequestRejected if the token is from a list with another filter.

        `unreadable` are the IDs of tasks that only a newer version can read.
        """
        low, high = id_range(wanted.id_prefix, wanted.created_after, wanted.created_before)
        if token is not None:
            high = min(high, id_before(read_token(token, wanted)))
        found: list[Task] = []
        unreadable: list[str] = []
        read, last = 0, ""
        try:
            identifiers = self._identifiers(wanted, low, high, limit)
            while len(found) < limit and read < READ_PER_PAGE:
                # The fewer tasks match, the more are read at a time, but at most twice as many as needed.
                batch = list(islice(identifiers, min(max(limit - len(found), read), MAX_BATCH)))
                if not batch:
                    return Page(tuple(found), None, tuple(unreadable))
                read, last = read + len(batch), batch[-1]
                tasks, others = self._tasks(batch, wanted)
                found += tasks
                unreadable += others
            more = len(found) > limit or next(identifiers, None) is not None
        except PynamoDBException as error:
            raise dynamodb_error(error) from error
        if len(found) > limit:
            last = found[limit - 1].id
        shown = tuple(identifier for identifier in unreadable if identifier >= last)
        return Page(tuple(found[:limit]), write_token(last, wanted) if more else None, shown)

    def due_tasks(self, now: int) -> Iterator[str]:
        """Yield the IDs of unfinished tasks whose check is due, the longest due first; read them lazily."""
        lists = [
            self._items.by_due.query(str(number), self._items.due_at <= now, page_size=DUE_PER_PAGE)
            for number in range(SHARDS)
        ]
        try:
            for row in heapq.merge(*lists, key=lambda row: int(row.due_at or 0)):
                yield row.pk
        except PynamoDBException as error:
            raise dynamodb_error(error) from error

    def _identifiers(self, wanted: TaskFilter, low: str, high: str, limit: int) -> Iterator[str]:
        """Yield the IDs from the most selective index, newest first."""
        if low > high or len((wanted.source_key or "").encode()) > MAX_KEY_BYTES:
            return iter(())
        index, keys = self._index(wanted)
        between = self._items.pk.between(low, high)
        size = max(limit, MIN_KEYS) + 1
        lists = [
            (row.pk for row in index.query(key, between, scan_index_forward=False, page_size=size)) for key in keys
        ]
        # A task that changes while the lists are read may be in two of them.
        return (identifier for identifier, _ in groupby(heapq.merge(*lists, reverse=True)))

    def _index(self, wanted: TaskFilter) -> tuple[Any, list[str]]:
        tenant, state = wanted.tenant, wanted.outcome or wanted.status
        if wanted.source_key is not None:
            return self._items.by_source, [f"{tenant}#{wanted.source_key}"]
        if wanted.orchestration is not None and state in COMMON_STATES:
            return self._items.by_orchestration, [f"{tenant}#{wanted.orchestration}#{n}" for n in range(SHARDS)]
        if state is None:
            return self._items.by_age, [f"{tenant}#{n}" for n in range(SHARDS)]
        states = list(Outcome) if state is TaskStatus.COMPLETED else [state]
        return self._items.by_status, [f"{tenant}#{each}#{n}" for each in states for n in range(SHARDS)]

    def _tasks(self, identifiers: Sequence[str], wanted: TaskFilter) -> tuple[list[Task], list[str]]:
        """Read the tasks with these IDs that match, in their order; also return the IDs of the unreadable ones."""
        rows = {row.pk: row for row in self._items.batch_get([(identifier, TASK) for identifier in identifiers])}
        found = (rows[identifier] for identifier in identifiers if identifier in rows)
        matching = [row for row in found if wanted.matches(row)]
        tasks = list(self._store.read_many(matching))
        readable = {task.id for task in tasks}
        return tasks, [row.pk for row in matching if row.pk not in readable]
