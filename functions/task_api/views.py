"""What the API takes and gives: its JSON as typed models, the source of its OpenAPI document."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from shared.domain.attempt_record import AttemptRecord
from shared.domain.camel_case import CamelCaseModel
from shared.domain.ids import id_time
from shared.domain.orchestration import BucketName, Name, Output, Priority, SubtaskRules
from shared.domain.subtask import Failure, Subtask, SubtaskStatus, SubtaskType, WaitReason
from shared.domain.task import Lane, Outcome, Source, Task, TaskStatus
from shared.domain.timestamps import epoch_milliseconds, iso_timestamp
from shared.domain.wait import Waiting

# What a route answers where that is no JSON of its own, for the OpenAPI document.
REDIRECT_RESPONSES: dict[int, Any] = {302: {"description": "It lies elsewhere: follow `Location`.", "content": {}}}
DELETED_RESPONSES: dict[int, Any] = {204: {"description": "It is forgotten.", "content": {}}}


DATE = re.compile(r"\d{4}-\d\d-\d\d")


def optional_timestamp(at: int | None) -> str | None:
    """Return epoch milliseconds as ISO 8601, None for None."""
    return None if at is None else iso_timestamp(at)


def optional_milliseconds(at: datetime | None) -> int | None:
    """Return a time in epoch milliseconds, None for None."""
    return None if at is None else epoch_milliseconds(at)


def check_timestamp(at: object) -> object:
    """Return a moment that is written as one; raise ValueError for seconds since 1970."""
    if not isinstance(at, str | datetime) or (isinstance(at, str) and not DATE.match(at)):
        message = "a moment is written as 2026-11-24T20:00:00Z"
        raise ValueError(message)
    return at


Timestamp = Annotated[datetime, BeforeValidator(check_timestamp)]
Limit = Annotated[int, Field(ge=1, le=100, strict=True)]


class FailureView(CamelCaseModel):
    """Why something failed: a code for a program, a sentence for a person."""

    code: str
    message: str

    @classmethod
    def of(cls, failure: Failure | None) -> "FailureView | None":
        """Return the view, None of nothing."""
        return cls(code=failure.code, message=failure.message) if failure else None


class SourceView(CamelCaseModel):
    """The input object, pinned when the task was made. `size` in bytes."""

    bucket: str
    key: str
    version_id: str | None
    e_tag: str
    size: int

    @classmethod
    def of(cls, source: Source) -> "SourceView":
        """Return the view."""
        return cls(
            bucket=source.bucket,
            key=source.key,
            version_id=source.version_id,
            e_tag=source.e_tag,
            size=source.size,
        )


class OrchestrationRefView(CamelCaseModel):
    """Which orchestration, at which version, made a task."""

    name: str
    version: int


class WaitingView(CamelCaseModel):
    """Why a subtask waits: `needs` are the subtasks that it waits for, `ahead` counts roughly those before it."""

    reason: WaitReason
    message: str
    needs: list[int] | None
    retry_at: str | None
    ahead: int | None
    queue: Lane

    @classmethod
    def of(cls, waiting: Waiting | None) -> "WaitingView | None":
        """Return the view, None of nothing."""
        if waiting is None:
            return None
        return cls(
            reason=waiting.reason,
            message=waiting.message,
            needs=None if waiting.needs is None else list(waiting.needs),
            retry_at=optional_timestamp(waiting.retry_at),
            ahead=waiting.ahead,
            queue=waiting.lane,
        )


class SubtaskView(CamelCaseModel):
    """A subtask in a task. `progress` is percent, `needs` and `input` are subtask numbers.

    `when` is the rule that must be met; `skipped` says why a SUCCESSFUL one did nothing, as RuleNotMet.
    `carriedFrom` is the earlier run whose success it is, `retryAt` the time of its next attempt, and `waiting` says why
    it has not started yet.
    """

    no: int
    name: str
    type: SubtaskType
    template: str | None
    needs: list[int]
    input: int | None
    when: str | None
    status: SubtaskStatus
    started_at: str | None
    ended_at: str | None
    progress: int
    phase: str | None
    attempt: int
    carried_from: int | None
    skipped: str | None
    retry_at: str | None
    waiting: WaitingView | None
    output: str | None
    error: FailureView | None


def subtask_fields(subtask: Subtask, waiting: Waiting | None) -> dict[str, Any]:
    """Return what every view of a subtask shows: of what its attempts left, only what still counts."""
    status = subtask.status
    return {
        "no": subtask.no,
        "name": subtask.name,
        "type": subtask.type,
        "template": subtask.template,
        "needs": list(subtask.needs),
        "input": subtask.input,
        "when": subtask.when,
        "status": status,
        "started_at": optional_timestamp(subtask.started_at),
        "ended_at": optional_timestamp(subtask.ended_at),
        "progress": 100 if status is SubtaskStatus.SUCCESSFUL else subtask.progress,
        "phase": subtask.phase if status is SubtaskStatus.IN_PROGRESS else None,
        "attempt": subtask.attempt,
        "carried_from": subtask.carried_from,
        "skipped": subtask.skipped,
        "retry_at": optional_timestamp(subtask.wait.until) if subtask.wait else None,
        "waiting": WaitingView.of(waiting),
        "output": subtask.output,
        "error": FailureView.of(subtask.failure) if status is SubtaskStatus.FAILED else None,
    }


class TaskSummary(CamelCaseModel):
    """A task in a list.

    `createdAt` is when the upload, the backfill or the request that it is of came to be; lists sort and filter by it.
    `runAt` is when this run came to be: the first one with the task itself, which may be later. `skippedCount` of its
    SUCCESSFUL subtasks did nothing, since their rule was not met; `error` is that of its first subtask that failed by
    itself.
    """

    task_id: str
    status: TaskStatus
    outcome: Outcome | None
    run: int
    priority: int
    queue: Lane
    source: SourceView
    orchestration: OrchestrationRefView | None
    session_context: str | None
    created_at: str
    run_at: str
    started_at: str | None
    ended_at: str | None
    progress: int
    subtask_counts: dict[SubtaskStatus, int]
    skipped_count: int
    error: FailureView | None


class TaskView(TaskSummary):
    """A task with its subtasks, in one of its runs; `newestRun` is the number of the last one."""

    newest_run: int
    subtasks: list[SubtaskView]


def task_fields(task: Task) -> dict[str, Any]:
    """Return what every view of a task shows."""
    ref = task.orchestration
    return {
        "task_id": task.id,
        "status": task.status,
        "outcome": task.outcome,
        "run": task.run,
        "priority": task.priority,
        "queue": task.lane,
        "source": SourceView.of(task.source),
        "orchestration": OrchestrationRefView(name=ref.name, version=ref.version) if ref else None,
        "session_context": task.session_context,
        "created_at": optional_timestamp(id_time(task.id)),  # by which lists sort and filter
        "run_at": optional_timestamp(task.run_at),
        "started_at": optional_timestamp(task.started_at),
        "ended_at": optional_timestamp(task.ended_at),
        "progress": task.progress,
        "subtask_counts": task.subtask_counts,
        "skipped_count": task.skipped_count,
        "error": FailureView.of(task.first_failure),
    }


def task_view(task: Task, newest_run: int, waiting: Mapping[int, Waiting]) -> TaskView:
    """Return the whole view of a task in one of its runs, whose waiting subtasks are explained by their numbers."""
    subtasks = [SubtaskView(**subtask_fields(subtask, waiting.get(subtask.no))) for subtask in task.subtasks]
    return TaskView(**task_fields(task), newest_run=newest_run, subtasks=subtasks)


class TaskPage(CamelCaseModel):
    """Some tasks, newest first; `nextToken` asks for the next ones, null at the end."""

    tasks: list[TaskSummary]
    next_token: str | None = None


class OutputView(CamelCaseModel):
    """A file that a subtask wrote: `url` plays it, `downloadUrl` saves it, both until `expiresAt`."""

    key: str
    bucket: str
    file_name: str
    number: int | None
    size: int
    content_type: str
    facts: dict[str, Any]
    url: str
    download_url: str
    expires_at: str


class OutputList(CamelCaseModel):
    """The files of one subtask."""

    outputs: list[OutputView]


class AttemptView(CamelCaseModel):
    """What one attempt did: `commands` can be pasted into a shell, `seconds` is its time by phase."""

    attempt: int
    started_at: str
    ended_at: str
    error: FailureView | None
    warnings: list[str]
    commands: list[str]
    log_tail: str
    seconds: dict[str, float]

    @classmethod
    def of(cls, number: int, record: AttemptRecord) -> "AttemptView":
        """Return the view."""
        return cls(
            attempt=number,
            started_at=iso_timestamp(record.started_at),
            ended_at=iso_timestamp(record.ended_at),
            error=FailureView.of(record.failure),
            warnings=list(record.warnings),
            commands=list(record.commands),
            log_tail=record.log_tail,
            seconds=dict(record.seconds),
        )


class SubtaskDetail(SubtaskView):
    """All there is to know of a subtask."""

    params: dict[str, Any]
    attempts: list[AttemptView]
    outputs: list[OutputView]
    result: dict[str, Any] | None
    warnings: list[str]


class LinkView(CamelCaseModel):
    """A link to one object; it works until `expiresAt`."""

    url: str
    expires_at: str
    content_type: str


class SourceBody(CamelCaseModel):
    """The object that a new task reads."""

    bucket: BucketName
    key: Annotated[str, StringConstraints(min_length=1, max_length=1024)]
    version_id: Annotated[str, StringConstraints(min_length=1, max_length=1024)] | None = None


class TaskBody(CamelCaseModel):
    """A new task: a stored orchestration by name, whose priority it takes, or a list of subtasks of its own."""

    source: SourceBody
    orchestration: Name | None = None
    subtasks: SubtaskRules | None = None
    output: Output = Field(default_factory=Output)
    priority: Priority | None = None
    client_token: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    session_context: Annotated[str, StringConstraints(max_length=1000)] | None = None

    @model_validator(mode="after")
    def one_plan(self) -> "TaskBody":
        """Ask for exactly one of `orchestration` and `subtasks`."""
        if (self.orchestration is None) == (self.subtasks is None):
            message = "give either orchestration or subtasks"
            raise ValueError(message)
        return self


class RestartBody(CamelCaseModel):
    """Which subtasks the next run does: all of them, or those that failed and what depends on them."""

    only: Literal[SubtaskStatus.FAILED] | None = None


class Health(CamelCaseModel):
    """That the API answers, and as which version."""

    status: str
    version: str
