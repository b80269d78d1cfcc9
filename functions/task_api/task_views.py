"""Tasks as the API takes and shows them; the OpenAPI document describes these models."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from functions.task_api.file_views import OutputView
from functions.task_api.views import FailureView, IsoTime, ListView, PageView, RunNumber, optional_timestamp
from shared.domain.attempt_record import AttemptRecord
from shared.domain.camel_case import CamelCaseModel
from shared.domain.ids import id_time
from shared.domain.orchestration import BucketName, Name, Output, Priority, SubtaskDocuments
from shared.domain.subtask import Subtask, SubtaskStatus, SubtaskType, WaitReason
from shared.domain.task import Lane, Outcome, Source, Task, TaskStatus
from shared.domain.timestamps import iso_timestamp
from shared.domain.wait import WaitExplanation


class SourceView(CamelCaseModel):
    """The input object, pinned when the task was created. `size` is in bytes."""

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
    """The orchestration that a task was created from, and its version."""

    name: str
    version: int


class WaitingView(CamelCaseModel):
    """Why a subtask waits.

    `needs` are the numbers of the subtasks that it waits for. `ahead` is the approximate number of subtasks before it
    in the queue.
    """

    reason: WaitReason
    message: str
    needs: list[int] | None
    retry_at: IsoTime | None
    ahead: int | None
    queue: Lane

    @classmethod
    def of(cls, waiting: WaitExplanation | None) -> "WaitingView | None":
        """Return the view, None for None."""
        if waiting is None:
            return None
        return cls(
            reason=waiting.reason,
            message=waiting.message,
            needs=None if waiting.needs is None else list(waiting.needs),
            retry_at=optional_timestamp(waiting.until),
            ahead=waiting.ahead,
            queue=waiting.lane,
        )


class SubtaskView(CamelCaseModel):
    """A subtask of a task. `progress` is a percentage; `needs` and `input` are subtask numbers.

    `when` is the condition of the subtask. `skipped` is the reason why a SUCCESSFUL subtask did nothing, for example
    ConditionNotMet. `carriedFrom` is the earlier run in which the subtask succeeded, `retryAt` the time of its next
    attempt, and `waiting` the reason why it has not started yet.
    """

    no: int
    name: str
    type: SubtaskType
    template: str | None
    needs: list[int]
    input: int | None
    when: str | None
    status: SubtaskStatus
    started_at: IsoTime | None
    ended_at: IsoTime | None
    progress: int
    phase: str | None
    attempt: int
    carried_from: int | None
    skipped: str | None
    retry_at: IsoTime | None
    waiting: WaitingView | None
    output: str | None
    error: FailureView | None


def subtask_fields(subtask: Subtask, waiting: WaitExplanation | None) -> dict[str, Any]:
    """Return the fields of every view of a subtask; the phase and the error only while they apply."""
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

    `createdAt` is the time of the upload, backfill or request that created the task; lists are sorted and filtered by
    it. `runAt` is the time when this run was created, which can be later even for the first run. `skippedCount` is the
    number of SUCCESSFUL subtasks that did nothing because their condition was not met. `error` is the error of the
    first subtask that failed, not counting those that were skipped because of another failure.
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
    created_at: IsoTime
    run_at: IsoTime
    started_at: IsoTime | None
    ended_at: IsoTime | None
    progress: int
    subtask_counts: dict[SubtaskStatus, int]
    skipped_count: int
    error: FailureView | None


class TaskView(TaskSummary):
    """A task with its subtasks, in one of its runs. `newestRun` is the number of the newest run."""

    newest_run: int
    subtasks: list[SubtaskView]


def task_fields(task: Task) -> dict[str, Any]:
    """Return the fields of every view of a task."""
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
        "created_at": iso_timestamp(id_time(task.id)),  # by which lists sort and filter
        "run_at": iso_timestamp(task.run_at),
        "started_at": optional_timestamp(task.started_at),
        "ended_at": optional_timestamp(task.ended_at),
        "progress": task.progress,
        "subtask_counts": task.subtask_counts,
        "skipped_count": task.skipped_count,
        "error": FailureView.of(task.first_failure),
    }


def task_view(task: Task, newest_run: int, waiting: Mapping[int, WaitExplanation]) -> TaskView:
    """Return the view of a task in one of its runs; `waiting` explains its waiting subtasks by their numbers."""
    subtasks = [SubtaskView(**subtask_fields(subtask, waiting.get(subtask.no))) for subtask in task.subtasks]
    return TaskView(**task_fields(task), newest_run=newest_run, subtasks=subtasks)


class TaskPage(PageView, ListView):
    """A page of tasks, newest first."""

    tasks: list[TaskSummary]


class AttemptView(CamelCaseModel):
    """The record of one attempt. `commands` can be pasted into a shell; `seconds` is the time spent in each phase."""

    attempt: int
    started_at: IsoTime
    ended_at: IsoTime
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
    """A subtask with its parameters, attempts, outputs and result."""

    params: dict[str, Any]
    attempts: list[AttemptView]
    outputs: list[OutputView]
    result: dict[str, Any] | None
    warnings: list[str]


class SourceBody(CamelCaseModel):
    """The input object of a new task."""

    bucket: BucketName
    key: Annotated[str, StringConstraints(min_length=1, max_length=1024)]
    version_id: Annotated[str, StringConstraints(min_length=1, max_length=1024)] | None = None


class TaskBody(CamelCaseModel):
    """A new task, from either `orchestration`, the name of a stored one, or `subtasks`.

    Without `priority`, the task has the orchestration's. The same request with the same `clientToken` returns the
    task that the first one created; another request with that token is refused.
    """

    source: SourceBody
    orchestration: Name | None = None
    subtasks: SubtaskDocuments | None = None
    output: Output = Field(default_factory=Output)
    priority: Priority | None = None
    client_token: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    session_context: Annotated[str, StringConstraints(max_length=1000)] | None = None

    @model_validator(mode="after")
    def check_plan(self) -> "TaskBody":
        """Raise ValueError unless exactly one of `orchestration` and `subtasks` is given."""
        if (self.orchestration is None) == (self.subtasks is None):
            message = "give either orchestration or subtasks"
            raise ValueError(message)
        return self


class ActionBody(CamelCaseModel):
    """The run that is meant: the action is refused if a newer one has begun, so repeating the request is harmless."""

    run: RunNumber | None = None


class RestartBody(ActionBody):
    """The subtasks that the next run does: all, or with `only` those that failed and those that depend on them.

    `run` is the run that is followed by the next one. A repeated request returns the run that the first one began.
    """

    only: Literal[SubtaskStatus.FAILED] | None = None
