"""The progress of running subtasks in DynamoDB: one small item per task, which each heartbeat changes.

DynamoDB bills a write by the size of the whole item, and the states of a task's subtasks may take 200 KB. No decision
depends on progress, so it needs no condition.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pynamodb.attributes import ListAttribute, UnicodeAttribute
from pynamodb.exceptions import PynamoDBException

from shared.domain.subtask import Lease, Subtask, SubtaskStatus
from shared.domain.task import MAX_SUBTASKS, Task
from shared.stores.dynamodb import VersionedItem, bind_model, dynamodb_error, read_item, update_item
from shared.stores.forward_compatibility import SCHEMA_VERSION

PROGRESS = "PROGRESS"
# An update can set an attribute of an item that doesn't exist yet, but no element of a map in it.
ATTRIBUTES = {no: f"subtask_{no}" for no in range(1, MAX_SUBTASKS + 1)}


class ProgressKeys(VersionedItem):
    """The keys of the progress of a task."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=PROGRESS)


# For each subtask a list: the run, the attempt, percent, and the phase.
ProgressItem = type("ProgressItem", (ProgressKeys,), {name: ListAttribute(null=True) for name in ATTRIBUTES.values()})


class ProgressStore:
    """The progress of running subtasks. A failed request raises ServiceBusy or ServiceRefused."""

    def __init__(self, table: str) -> None:
        """Bind to the tasks table of that name; this makes no request."""
        self._items: Any = bind_model(ProgressItem, table)

    def put(self, lease: Lease, percent: int, phase: str) -> None:
        """Store the progress of a running attempt."""
        progress = getattr(self._items, ATTRIBUTES[lease.no])
        update_item(self._items(lease.task_id), [progress.set([lease.run, lease.attempt, percent, phase])])

    def add_to(self, task: Task) -> Task:
        """Return a task with the progress of its subtasks; the TaskStore returns it without."""
        item = read_item(self._items, task.id, PROGRESS) if has_progress(task) else None
        return with_progress(task, item) if item else task

    def add_to_all(self, tasks: Sequence[Task]) -> list[Task]:
        """Return tasks with the progress of their subtasks."""
        wanted = [(task.id, PROGRESS) for task in tasks if has_progress(task)]
        try:
            found = {item.pk: item for item in self._items.batch_get(wanted)} if wanted else {}
        except PynamoDBException as error:
            raise dynamodb_error(error) from error
        return [with_progress(task, found[task.id]) if task.id in found else task for task in tasks]


def has_progress(task: Task) -> bool:
    """Whether a subtask of the task has started and has not succeeded."""
    return any(s.attempt > 0 and s.status is not SubtaskStatus.SUCCESSFUL for s in task.subtasks)


def with_progress(task: Task, item: Any) -> Task:  # noqa: ANN401 - a ProgressItem
    """Return a task with the progress in an item, as far as it is of the newest attempts in the task's run."""
    if (item.schema_version or 0) > SCHEMA_VERSION:
        return task

    def shown(subtask: Subtask) -> Subtask:
        run, attempt, percent, phase = getattr(item, ATTRIBUTES[subtask.no]) or (0, 0, 0, None)
        if (run, attempt) != (task.run, subtask.attempt):
            return subtask
        return replace(subtask, progress=int(percent), phase=phase)

    return replace(task, subtasks=tuple(map(shown, task.subtasks)))
