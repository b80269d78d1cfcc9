"""Lists of tasks: a filter, an index that answers it, and pages whose cost doesn't grow with the table."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

from pynamodb.exceptions import PynamoDBException

from shared.domain.ids import id_before, id_range
from shared.domain.orchestration import MAX_KEY_BYTES
from shared.domain.page import Page
from shared.domain.page_token import read_token, write_token
from shared.domain.subtask import DEFAULT_TENANT
from shared.domain.task import Outcome, Task, TaskStatus
from shared.errors import NewerVersion
from shared.stores.dynamodb import busy
from shared.stores.task_codec import SHARDS, TASK, TaskItem, task_from
from shared.stores.task_store import TaskStore

# States of nearly all tasks: an orchestration has fewer tasks than these, and in the long run more than any other.
HISTORY = frozenset({None, TaskStatus.COMPLETED, Outcome.SUCCEEDED})
# What a page may read beyond what it shows, when a second filter leaves little of the first one's index.
READ_PER_PAGE = 1000
TASKS_AT_ONCE = 100  # DynamoDB: items in one BatchGetItem
KEYS_AT_ONCE = 50  # An index has keys alone, so that a query of so many reads less than 4 KB: half a unit (DynamoDB).
DUE_PER_PAGE = 50


@dataclass(frozen=True)
class TaskFilter:
    """Which tasks are asked for; None means any. Times are epoch milliseconds, `id_prefix` begins a task ID."""

    tenant: str = DEFAULT_TENANT
    status: TaskStatus | None = None
    outcome: Outcome | None = None
    id_prefix: str = ""
    source_key: str | None = None
    orchestration: str | None = None
    created_after: int | None = None
    created_before: int | None = None

    def takes(self, task: Task) -> bool:
        """Whether the filter takes a task, by all that it asks."""
        return (
            task.tenant == self.tenant
            and task.id.startswith(self.id_prefix)
            and self.status in {None, task.status}
            and self.outcome in {None, task.outcome}
            and self.source_key in {None, task.source.key}
            and (
                self.orchestration is None
                or (task.orchestration is not None and task.orchestration.name == self.orchestration)
            )
        )


class TaskQueries:
    """The tasks table, read by its indexes."""

    def __init__(self, store: TaskStore) -> None:
        """Read the table of that store."""
        self._items = store.items

    def page(self, wanted: TaskFilter, limit: int, token: str | None = None) -> Page[Task]:
        """Return one page. Raise RequestRejected for a token that this filter's list didn't give."""
        low, high = id_range(wanted.id_prefix, wanted.created_after, wanted.created_before)
        if token is not None:
            high = min(high, id_before(read_token(token, wanted)))
        found: list[Task] = []
        read, last = 0, ""
        try:
            identifiers = self._identifiers(wanted, low, high, limit)
            while len(found) < limit and read < READ_PER_PAGE:
                # The fewer a second filter leaves, the more are read at a time; at most twice as many as it takes.
                batch = list(islice(identifiers, min(max(limit - len(found), read), TASKS_AT_ONCE)))
                if not batch:
                    return Page(tuple(found), None)
                read, last = read + len(batch), batch[-1]
                found += [task for task in self._tasks(batch) if wanted.takes(task)]
            more = len(found) > limit or next(identifiers, None) is not None
        except PynamoDBException as error:
            raise busy(error) from error
        if len(found) > limit:
            last = found[limit - 1].id
        return Page(tuple(found[:limit]), write_token(last, wanted) if more else None)

    def due(self, now: int) -> Iterator[str]:
        """Yield the IDs of unfinished tasks that want a look, the longest due first, as they are asked for."""
        lists = [
            self._items.by_due.query(str(number), self._items.due_at <= now, page_size=DUE_PER_PAGE)
            for number in range(SHARDS)
        ]
        try:
            for row in heapq.merge(*lists, key=lambda row: int(row.due_at or 0)):
                yield row.pk
        except PynamoDBException as error:
            raise busy(error) from error

    def _identifiers(self, wanted: TaskFilter, low: str, high: str, limit: int) -> Iterator[str]:
        """Yield the IDs of the index that narrows the most, newest first."""
        if low > high or len((wanted.source_key or "").encode()) > MAX_KEY_BYTES:
            return iter(())
        index, keys = self._index(wanted)
        between = self._items.pk.between(low, high)
        size = max(limit, KEYS_AT_ONCE) + 1
        lists = [
            (row.pk for row in index.query(key, between, scan_index_forward=False, page_size=size)) for key in keys
        ]
        # One that moves while the lists are read may stand in two of them.
        return (identifier for identifier, _ in groupby(heapq.merge(*lists, reverse=True)))

    def _index(self, wanted: TaskFilter) -> tuple[Any, list[str]]:
        tenant, state = wanted.tenant, wanted.outcome or wanted.status
        if wanted.source_key is not None:
            return self._items.by_source, [f"{tenant}#{wanted.source_key}"]
        if wanted.orchestration is not None and state in HISTORY:
            return self._items.by_orchestration, [f"{tenant}#{wanted.orchestration}#{n}" for n in range(SHARDS)]
        if state is None:
            return self._items.by_age, [f"{tenant}#{n}" for n in range(SHARDS)]
        states = list(Outcome) if state is TaskStatus.COMPLETED else [state]
        return self._items.by_status, [f"{tenant}#{each}#{n}" for each in states for n in range(SHARDS)]

    def _tasks(self, identifiers: Sequence[str]) -> list[Task]:
        """Read whole tasks, in the order of their IDs; one that is gone, or can't be read, is left out."""
        rows = {row.pk: row for row in self._items.batch_get([(identifier, TASK) for identifier in identifiers])}
        tasks = (readable(rows[identifier]) for identifier in identifiers if identifier in rows)
        return [task for task in tasks if task]


def readable(item: TaskItem) -> Task | None:
    """Return the task that an item holds; None when this version can't read it, as after a rollback."""
    try:
        return task_from(item)
    except NewerVersion:  # which is in the log; the others are to be shown
        return None
