"""How a task and its attempts lie in DynamoDB: the PynamoDB models, and the way there and back."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from pydantic import TypeAdapter
from pynamodb.attributes import (
    Attribute,
    MapAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
)
from pynamodb.constants import BINARY
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from shared.domain.attempt_record import AttemptRecord
from shared.domain.subtask import Subtask, Wait
from shared.domain.task import OrchestrationRef, Outcome, Source, Task, TaskStatus
from shared.stores.forward_compatibility import reading

TASK = "TASK"
TOKEN = "TOKEN"  # noqa: S105 - a sort key, not a secret
# All subtasks of a new task together. DynamoDB ends their item at 400 KB, and each of 50 gets why it failed (1,000
# letters of up to 4 bytes; else the address of its output, which is shorter) and 300 bytes of times, counts and names:
# 215 KB. The task's own fields take less than 20 KB: its source, that key once more, prefix, session context, token.
MAX_PLAN_BYTES = 160 * 1024
# Fields of a newer version are ignored.
SUBTASK = TypeAdapter(Subtask)
WAIT = TypeAdapter(Wait)
SOURCE = TypeAdapter(Source)
ORCHESTRATION = TypeAdapter(OrchestrationRef)
RECORD = TypeAdapter(AttemptRecord)
SHARDS = 4  # A partition takes 1,000 writes a second (DynamoDB quotas), and a page costs one query for each.


class ByAge(GlobalSecondaryIndex[Any]):
    """Every task of a tenant."""

    class Meta:
        """Its name and what it holds."""

        index_name = "by_age"
        projection = KeysOnlyProjection()

    ix_age = UnicodeAttribute(hash_key=True)
    pk = UnicodeAttribute(range_key=True)


class ByStatus(GlobalSecondaryIndex[Any]):
    """Tasks by status; completed ones by their outcome."""

    class Meta:
        """Its name and what it holds."""

        index_name = "by_status"
        projection = KeysOnlyProjection()

    ix_status = UnicodeAttribute(hash_key=True)
    pk = UnicodeAttribute(range_key=True)


class BySource(GlobalSecondaryIndex[Any]):
    """Tasks by their source's key."""

    class Meta:
        """Its name and what it holds."""

        index_name = "by_source"
        projection = KeysOnlyProjection()

    ix_source = UnicodeAttribute(hash_key=True)
    pk = UnicodeAttribute(range_key=True)


class ByOrchestration(GlobalSecondaryIndex[Any]):
    """Tasks by the orchestration that made them."""

    class Meta:
        """Its name and what it holds."""

        index_name = "by_orchestration"
        projection = KeysOnlyProjection()

    ix_orchestration = UnicodeAttribute(hash_key=True)
    pk = UnicodeAttribute(range_key=True)


class ByDue(GlobalSecondaryIndex[Any]):
    """Unfinished tasks by the time at which the sweeper looks at them: completed ones have left it."""

    class Meta:
        """Its name and what it holds."""

        index_name = "by_due"
        projection = KeysOnlyProjection()

    ix_due = UnicodeAttribute(hash_key=True)
    due_at = NumberAttribute(range_key=True)


class Packed(Attribute[Any]):
    """JSON, compressed: an item ends at 400 KB, and what is long in a record says nearly the same many times."""

    attr_type = BINARY

    def serialize(self, value: Any) -> bytes:  # noqa: ANN401 - whatever JSON can say
        """Return it as bytes."""
        return zlib.compress(json.dumps(value, separators=(",", ":")).encode())

    def deserialize(self, value: bytes) -> Any:  # noqa: ANN401
        """Return what bytes say."""
        return json.loads(zlib.decompress(value))


class TaskItem(Model):
    """A task with all its subtasks: one item, so that no move needs a transaction."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=TASK)
    tenant = UnicodeAttribute()
    run = NumberAttribute()
    status = UnicodeAttribute()
    outcome = UnicodeAttribute(null=True)
    source: MapAttribute[str, Any] = MapAttribute()
    orchestration: MapAttribute[str, Any] = MapAttribute(null=True)
    output_prefix = UnicodeAttribute()
    priority = NumberAttribute()
    client_token = UnicodeAttribute(null=True)
    session_context = UnicodeAttribute(null=True)
    created_at = NumberAttribute()
    restarted_at = NumberAttribute(null=True)
    started_at = NumberAttribute(null=True)
    ended_at = NumberAttribute(null=True)
    subtasks: MapAttribute[str, Any] = MapAttribute()
    pending = NumberSetAttribute(null=True)
    unsent = NumberSetAttribute(null=True)
    ix_age = UnicodeAttribute()
    ix_status = UnicodeAttribute()
    ix_source = UnicodeAttribute()
    ix_orchestration = UnicodeAttribute(null=True)
    ix_due = UnicodeAttribute()
    due_at = NumberAttribute(null=True)
    by_age = ByAge()
    by_status = ByStatus()
    by_source = BySource()
    by_orchestration = ByOrchestration()
    by_due = ByDue()


class AttemptItem(Model):
    """What one attempt did; written before the move that points at it."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    record = Packed()
    expires_at = NumberAttribute(null=True)


class RunItem(Model):
    """A task as a completed run left it; written before the move that begins the next one."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    record = Packed()


class TokenItem(Model):
    """A caller's client token, and the ID of the task that it stands for."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=TOKEN)
    task_id = UnicodeAttribute()


def shard(task_id: str) -> int:
    """Return the shard of the indexes that a task belongs to."""
    return zlib.crc32(task_id.encode()) % SHARDS


def index_status(tenant: str, state: TaskStatus | Outcome, task_id: str) -> str:
    """Return a task's place in by_status; a completed task lies under its outcome."""
    return f"{tenant}#{state}#{shard(task_id)}"


def subtask_map(subtask: Subtask) -> dict[str, Any]:
    """Return a subtask as DynamoDB keeps it; parameters stay JSON, since no expression looks inside."""
    fields: dict[str, Any] = SUBTASK.dump_python(subtask, mode="json", exclude={"no", "params"}, exclude_none=True)
    return fields | {"params": json.dumps(dict(subtask.params), separators=(",", ":"), ensure_ascii=False)}


def wait_map(wait: Wait) -> dict[str, Any]:
    """Return the wait of a subtask as DynamoDB keeps it."""
    fields: dict[str, Any] = WAIT.dump_python(wait, mode="json")
    return fields


def stored_size(subtask: Subtask) -> int:
    """Return how many bytes a subtask takes in its task's item (DynamoDB: names and values, in UTF-8)."""
    return sum(len(f"{name}{value}".encode()) for name, value in subtask_map(subtask).items())


def subtask_from(no: int, fields: Mapping[str, Any]) -> Subtask:
    """Return the subtask that DynamoDB kept."""
    return SUBTASK.validate_python({**fields, "no": no, "params": json.loads(fields["params"])})


def task_item_from(task: Task, model: type[TaskItem], due_at: int) -> TaskItem:
    """Return the item of a task that is about to be put."""
    return model(
        task.id,
        TASK,
        tenant=task.tenant,
        run=task.run,
        status=str(task.status),
        source=SOURCE.dump_python(task.source, exclude_none=True),
        orchestration=vars(task.orchestration) if task.orchestration else None,
        output_prefix=task.output_prefix,
        priority=task.priority,
        client_token=task.client_token,
        session_context=task.session_context,
        created_at=task.created_at,
        subtasks={str(s.no): subtask_map(s) for s in task.subtasks},
        pending=set(task.pending),
        unsent=set(task.unsent),
        ix_age=f"{task.tenant}#{shard(task.id)}",
        ix_status=index_status(task.tenant, task.outcome or task.status, task.id),
        ix_source=f"{task.tenant}#{task.source.key}",
        ix_orchestration=f"{task.tenant}#{task.orchestration.name}#{shard(task.id)}" if task.orchestration else None,
        ix_due=str(shard(task.id)),
        due_at=due_at,
    )


def task_from(item: TaskItem) -> Task:
    """Return the task that an item holds; raise NewerVersion when this version of Reelmill can't read it."""
    with reading(f"task {item.pk}"):
        return _task_from(item)


def _task_from(item: TaskItem) -> Task:
    subtasks = item.subtasks.as_dict()
    orchestration = item.orchestration.as_dict() if item.orchestration else None
    return Task(
        id=item.pk,
        source=SOURCE.validate_python(item.source.as_dict()),
        subtasks=tuple(subtask_from(no, subtasks[str(no)]) for no in range(1, len(subtasks) + 1)),
        created_at=int(item.created_at),
        output_prefix=item.output_prefix,
        orchestration=ORCHESTRATION.validate_python(orchestration) if orchestration else None,
        tenant=item.tenant,
        run=int(item.run),
        status=TaskStatus(item.status),
        outcome=Outcome(item.outcome) if item.outcome else None,
        priority=int(item.priority),
        client_token=item.client_token,
        session_context=item.session_context,
        restarted_at=whole(item.restarted_at),
        started_at=whole(item.started_at),
        ended_at=whole(item.ended_at),
        pending=frozenset(int(no) for no in item.pending or ()),
        unsent=frozenset(int(no) for no in item.unsent or ()),
    )


def whole(number: float | None) -> int | None:
    """Return a time as DynamoDB gives it, as an integer where there is one."""
    return None if number is None else int(number)


def run_key(run: int) -> str:
    """Return the sort key of a run; its attempts sort behind it."""
    return f"RUN#{run:04}"


def run_json(task: Task) -> dict[str, Any]:
    """Return what a run left, as plain JSON."""
    return {
        "run": task.run,
        "status": str(task.status),
        "outcome": str(task.outcome),
        "restarted_at": task.restarted_at,
        "started_at": task.started_at,
        "ended_at": task.ended_at,
        "subtasks": [subtask_map(subtask) for subtask in task.subtasks],
    }


def run_from(task: Task, record: Mapping[str, Any]) -> Task:
    """Return the task as an earlier run left it; raise NewerVersion when this version of Reelmill can't read it."""
    with reading(f"run {record.get('run')} of task {task.id}"):
        return replace(
            task,
            run=record["run"],
            status=TaskStatus(record["status"]),
            outcome=Outcome(record["outcome"]),
            restarted_at=record["restarted_at"],
            started_at=record["started_at"],
            ended_at=record["ended_at"],
            subtasks=tuple(subtask_from(no, fields) for no, fields in enumerate(record["subtasks"], start=1)),
            pending=frozenset(),
            unsent=frozenset(),
        )


def record_from(fields: Mapping[str, Any]) -> AttemptRecord:
    """Return the record of an attempt; raise NewerVersion when this version of Reelmill can't read it."""
    with reading("the record of an attempt"):
        return RECORD.validate_python(fields)


def record_json(record: AttemptRecord) -> dict[str, Any]:
    """Return the record of an attempt as plain JSON."""
    return asdict(record)
