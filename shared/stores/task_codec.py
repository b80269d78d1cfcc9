"""The form of tasks and attempts in DynamoDB: the PynamoDB models, and the conversion in both directions."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from pynamodb.attributes import (
    Attribute,
    MapAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
)
from pynamodb.constants import BINARY
from pynamodb.indexes import KeysOnlyProjection

from shared.domain.attempt_record import AttemptRecord
from shared.domain.subtask import Subtask, Wait
from shared.domain.task import OrchestrationRef, Outcome, Source, Task, TaskStatus
from shared.stores.dynamodb import VersionedItem, define_index, stored_form
from shared.stores.forward_compatibility import reading

TASK = "TASK"
TOKEN = "TOKEN"  # noqa: S105 - a sort key, not a secret
# The limit of all subtasks of a new task together. DynamoDB limits their item to 400 KB. Later, each of 50 subtasks
# gets a failure (1,000 characters of up to 4 bytes; or the URI of its output, which is shorter) and 300 bytes of times,
# counts and names: 215 KB. The other fields of the task take less than 20 KB: its source, that key once more, prefix,
# session context, token.
MAX_PLAN_BYTES = 160 * 1024
# Fields of a newer version are ignored, except that a subtask keeps them.
SUBTASK_FIELDS = frozenset(field.name for field in fields(Subtask))
SHARDS = 4  # A partition accepts 1,000 writes a second (DynamoDB quotas), and a page costs one query per shard.


class CompressedJSONAttribute(Attribute[Any]):
    """Compressed JSON, because an item is limited to 400 KB and long records are repetitive."""

    attr_type = BINARY

    def serialize(self, value: Any) -> bytes:  # noqa: ANN401 - any JSON
        """Return a value as bytes."""
        return zlib.compress(json.dumps(value, separators=(",", ":")).encode())

    def deserialize(self, value: bytes) -> Any:  # noqa: ANN401
        """Return the value in bytes."""
        return json.loads(zlib.decompress(value))


class TaskItem(VersionedItem):
    """A task with all its subtasks: one item, so that no transition needs a transaction."""

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
    by_age = define_index("ix_age", KeysOnlyProjection(), pk=UnicodeAttribute(range_key=True))
    by_status = define_index("ix_status", KeysOnlyProjection(), pk=UnicodeAttribute(range_key=True))
    by_source = define_index("ix_source", KeysOnlyProjection(), pk=UnicodeAttribute(range_key=True))
    by_orchestration = define_index("ix_orchestration", KeysOnlyProjection(), pk=UnicodeAttribute(range_key=True))
    # Only unfinished tasks, by the time of the sweeper's next check.
    by_due = define_index("ix_due", KeysOnlyProjection(), due_at=NumberAttribute(range_key=True))


class AttemptItem(VersionedItem):
    """The record of one attempt, written before the transition that refers to it."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    record = CompressedJSONAttribute()
    expires_at = NumberAttribute(null=True)


class RunItem(VersionedItem):
    """A completed run of a task, written before the transition that begins the next run."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    record = CompressedJSONAttribute()


class TokenItem(VersionedItem):
    """A client token of a caller, the ID of its task, and the hash of the request that created the task."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=TOKEN)
    task_id = UnicodeAttribute()
    request = UnicodeAttribute()


def shard(task_id: str) -> int:
    """Return the shard of a task in the indexes."""
    return zlib.crc32(task_id.encode()) % SHARDS


def index_status(tenant: str, state: TaskStatus | Outcome, task_id: str) -> str:
    """Return a task's key in by_status; a completed task is listed by its outcome."""
    return f"{tenant}#{state}#{shard(task_id)}"


def subtask_map(subtask: Subtask) -> dict[str, Any]:
    """Return a subtask in its stored form; parameters stay JSON, because no expression reads them."""
    known: dict[str, Any] = stored_form(Subtask).dump_python(
        subtask, mode="json", exclude={"no", "params", "unknown"}, exclude_none=True
    )
    params = json.dumps(dict(subtask.params), separators=(",", ":"), ensure_ascii=False)
    return {**subtask.unknown, **known, "params": params}


def wait_map(wait: Wait) -> dict[str, Any]:
    """Return the wait of a subtask in its stored form."""
    stored: dict[str, Any] = stored_form(Wait).dump_python(wait, mode="json")
    return stored


def stored_size(subtask: Subtask) -> int:
    """Return the size of a subtask in its task's item (DynamoDB: the bytes of names and values in UTF-8)."""
    return sum(len(f"{name}{value}".encode()) for name, value in subtask_map(subtask).items())


def subtask_from(no: int, stored: Mapping[str, Any]) -> Subtask:
    """Return a subtask from its stored form."""
    known = {name: value for name, value in stored.items() if name in SUBTASK_FIELDS}
    unknown = {name: value for name, value in stored.items() if name not in SUBTASK_FIELDS}
    params = json.loads(stored["params"])
    return stored_form(Subtask).validate_python({**known, "no": no, "params": params, "unknown": unknown})


def task_item(task: Task, model: type[TaskItem], due_at: int) -> TaskItem:
    """Return the item of a new task."""
    return model(
        task.id,
        TASK,
        tenant=task.tenant,
        run=task.run,
        status=str(task.status),
        source=stored_form(Source).dump_python(task.source, exclude_none=True),
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
    """Return the task in an item; raise NewerVersion if this version can't read it."""
    with reading(f"task {item.pk}", item.schema_version):
        return _task_from(item)


def _task_from(item: TaskItem) -> Task:
    subtasks = item.subtasks.as_dict()
    orchestration = item.orchestration.as_dict() if item.orchestration else None
    return Task(
        id=item.pk,
        source=stored_form(Source).validate_python(item.source.as_dict()),
        subtasks=tuple(subtask_from(no, subtasks[str(no)]) for no in range(1, len(subtasks) + 1)),
        created_at=int(item.created_at),
        output_prefix=item.output_prefix,
        orchestration=stored_form(OrchestrationRef).validate_python(orchestration) if orchestration else None,
        tenant=item.tenant,
        run=int(item.run),
        status=TaskStatus(item.status),
        outcome=Outcome(item.outcome) if item.outcome else None,
        priority=int(item.priority),
        client_token=item.client_token,
        session_context=item.session_context,
        restarted_at=optional_int(item.restarted_at),
        started_at=optional_int(item.started_at),
        ended_at=optional_int(item.ended_at),
        pending=frozenset(int(no) for no in item.pending or ()),
        unsent=frozenset(int(no) for no in item.unsent or ()),
    )


def optional_int(number: float | None) -> int | None:
    """Return a number from DynamoDB as an integer; None if there is none."""
    return None if number is None else int(number)


def token_key(tenant: str, token: str) -> str:
    """Return the partition key of a client token."""
    return f"TOKEN#{tenant}#{token}"


def run_key(run: int) -> str:
    """Return the sort key of a run; its attempts sort after it."""
    return f"RUN#{run:04}"


def run_json(task: Task) -> dict[str, Any]:
    """Return a completed run as plain JSON."""
    return {
        "run": task.run,
        "status": str(task.status),
        "outcome": str(task.outcome),
        "restarted_at": task.restarted_at,
        "started_at": task.started_at,
        "ended_at": task.ended_at,
        "subtasks": [subtask_map(subtask) for subtask in task.subtasks],
    }


def run_from(task: Task, item: RunItem) -> Task:
    """Return the task at the end of an earlier run; raise NewerVersion if this version can't read it."""
    with reading(f"an earlier run of task {task.id}", item.schema_version):
        record = item.record
        return replace(
            task,
            run=record["run"],
            status=TaskStatus(record["status"]),
            outcome=Outcome(record["outcome"]),
            restarted_at=record["restarted_at"],
            started_at=record["started_at"],
            ended_at=record["ended_at"],
            subtasks=tuple(subtask_from(no, stored) for no, stored in enumerate(record["subtasks"], start=1)),
            pending=frozenset(),
            unsent=frozenset(),
        )


def record_from(item: AttemptItem) -> AttemptRecord:
    """Return the record of an attempt; raise NewerVersion if this version can't read it."""
    with reading(f"the record of an attempt at task {item.pk}", item.schema_version):
        return stored_form(AttemptRecord).validate_python(item.record)


def record_json(record: AttemptRecord) -> dict[str, Any]:
    """Return the record of an attempt as plain JSON."""
    return asdict(record)
