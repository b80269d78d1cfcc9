"""The form of tasks and attempts in DynamoDB: the PynamoDB models, and the conversion in both directions."""

import json
import zlib
from collections.abc import Mapping, Sequence
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
from shared.domain.subtask import Subtask, SubtaskPlan, SubtaskState, Wait
from shared.domain.task import OrchestrationRef, Outcome, Source, Task, TaskStatus
from shared.stores.dynamodb import VersionedItem, define_index, stored_form
from shared.stores.forward_compatibility import reading

TASK = "TASK"
TOKEN = "TOKEN"  # noqa: S105 - a sort key, not a secret
# The limit of a task's plan: its item, and thus each reading of it, stays far below DynamoDB's limit of 400 KB.
MAX_PLAN_BYTES = 160 * 1024
PLAN_FIELDS = frozenset(field.name for field in fields(SubtaskPlan)) - {"no", "unknown"}
STATE_FIELDS = frozenset(field.name for field in fields(SubtaskState))
SHOWN_FIELDS = frozenset({"progress", "phase"})  # which change at each heartbeat, and have an item of their own
SHARDS = 4  # A partition accepts 1,000 writes a second (DynamoDB quotas), and a page costs one query per shard.

Plan = Sequence[Mapping[str, Any]]  # the plan of each subtask, in their order


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
    """A task with the states of all its subtasks: one item, so that no transition needs a transaction.

    50 subtasks that failed with messages of 1,000 characters of 4 bytes each, and 300 bytes of times, counts and names,
    take 215 KB. The other fields take less than 20 KB: the source, its key once more, the prefix, the session context
    and the token. DynamoDB's limit is 400 KB. `plan` is the sort key of the task's plan, which is another item.
    """

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=TASK)
    tenant = UnicodeAttribute()
    run = NumberAttribute()
    status = UnicodeAttribute()
    outcome = UnicodeAttribute(null=True)
    source: MapAttribute[str, Any] = MapAttribute()
    orchestration: MapAttribute[str, Any] = MapAttribute(null=True)
    output_prefix = UnicodeAttribute()
    plan = UnicodeAttribute(null=True)
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


def plan_json(subtask: Subtask) -> dict[str, Any]:
    """Return the plan of a subtask as plain JSON."""
    plan: dict[str, Any] = stored_form(Subtask).dump_python(
        subtask, mode="json", include=set(PLAN_FIELDS), exclude_none=True
    )
    return plan


def state_map(subtask: Subtask) -> dict[str, Any]:
    """Return the state of a subtask in its stored form, with the fields that a newer version stored."""
    state: dict[str, Any] = stored_form(Subtask).dump_python(
        subtask, mode="json", include=set(STATE_FIELDS - SHOWN_FIELDS), exclude_none=True
    )
    return {**subtask.unknown, **state}


def wait_map(wait: Wait) -> dict[str, Any]:
    """Return the wait of a subtask in its stored form."""
    stored: dict[str, Any] = stored_form(Wait).dump_python(wait, mode="json")
    return stored


def plan_size(subtask: Subtask) -> int:
    """Return the size of a subtask's plan in bytes, before its compression."""
    return len(json.dumps(plan_json(subtask), separators=(",", ":"), ensure_ascii=False).encode())


def subtask_from(no: int, plan: Mapping[str, Any] | None, stored: Mapping[str, Any]) -> Subtask:
    """Return a subtask from its plan and its state in their stored forms.

    The first version of Reelmill stored both together. There, `plan` is None.
    """
    state = {name: value for name, value in stored.items() if name in STATE_FIELDS}
    unknown = {name: value for name, value in stored.items() if name not in STATE_FIELDS}
    if plan is None:
        plan = {**unknown, "params": json.loads(unknown["params"])}
    known = {name: value for name, value in plan.items() if name in PLAN_FIELDS}
    return stored_form(Subtask).validate_python({**known, **state, "no": no, "unknown": unknown})


def subtasks_from(plan: Plan | None, states: Sequence[Mapping[str, Any]]) -> tuple[Subtask, ...]:
    """Return all subtasks of a task from its plan and their states, in their order."""
    plans = [None] * len(states) if plan is None else plan
    return tuple(subtask_from(no, *pair) for no, pair in enumerate(zip(plans, states, strict=True), start=1))


def task_item(task: Task, model: type[TaskItem], plan: str, due_at: int) -> TaskItem:
    """Return the item of a new task; `plan` is the sort key of its plan."""
    return model(
        task.id,
        TASK,
        tenant=task.tenant,
        run=task.run,
        status=str(task.status),
        source=stored_form(Source).dump_python(task.source, exclude_none=True),
        orchestration=vars(task.orchestration) if task.orchestration else None,
        output_prefix=task.output_prefix,
        plan=plan,
        priority=task.priority,
        client_token=task.client_token,
        session_context=task.session_context,
        created_at=task.created_at,
        subtasks={str(s.no): state_map(s) for s in task.subtasks},
        pending=set(task.pending),
        unsent=set(task.unsent),
        ix_age=f"{task.tenant}#{shard(task.id)}",
        ix_status=index_status(task.tenant, task.outcome or task.status, task.id),
        ix_source=f"{task.tenant}#{task.source.key}",
        ix_orchestration=f"{task.tenant}#{task.orchestration.name}#{shard(task.id)}" if task.orchestration else None,
        ix_due=str(shard(task.id)),
        due_at=due_at,
    )


def task_from(item: TaskItem, plan: Plan | None) -> Task:
    """Return the task in an item, with its plan; raise NewerVersion if this version can't read it."""
    with reading(f"task {item.pk}", item.schema_version):
        return _task_from(item, plan)


def _task_from(item: TaskItem, plan: Plan | None) -> Task:
    subtasks = item.subtasks.as_dict()
    orchestration = item.orchestration.as_dict() if item.orchestration else None
    return Task(
        id=item.pk,
        source=stored_form(Source).validate_python(item.source.as_dict()),
        subtasks=subtasks_from(plan, [subtasks[str(no)] for no in range(1, len(subtasks) + 1)]),
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
        "subtasks": [{**state_map(subtask), "progress": subtask.progress} for subtask in task.subtasks],
    }


def run_from(task: Task, item: RunItem) -> Task:
    """Return the task at the end of an earlier run, by its newest state; raise NewerVersion."""
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
            subtasks=subtasks_from([plan_json(subtask) for subtask in task.subtasks], record["subtasks"]),
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
