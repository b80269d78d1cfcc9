"""What the API takes and gives: its JSON as typed models, the source of its OpenAPI document."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from shared.media_store import MAX_UPLOAD_BYTES
from shared.orchestration import (
    Name,
    Output,
    SubtaskRules,
)
from shared.task import (
    AttemptRecord,
    Failure,
    Outcome,
    Source,
    Subtask,
    SubtaskStatus,
    SubtaskType,
    Task,
    TaskStatus,
)


class View(BaseModel):
    """The base of all that goes out or comes in: camelCase, closed."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", defer_build=True)


def moment(at: int | None) -> str | None:
    """Return epoch milliseconds as ISO 8601 in UTC, with milliseconds."""
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class FailureView(View):
    """Why something failed: a code for a program, a sentence for a person."""

    code: str
    message: str

    @classmethod
    def of(cls, failure: Failure | None) -> "FailureView | None":
        """Return the view, None of nothing."""
        return cls(code=failure.code, message=failure.message) if failure else None


class SourceView(View):
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


class OrchestrationRefView(View):
    """Which orchestration, at which version, made a task."""

    name: str
    version: int


class SubtaskView(View):
    """A subtask in a task. `progress` is percent, `needs` and `input` are subtask numbers."""

    no: int
    name: str
    type: SubtaskType
    template: str | None
    needs: list[int]
    input: int | None
    status: SubtaskStatus
    started_at: str | None
    ended_at: str | None
    progress: int
    phase: str | None
    attempt: int
    output: str | None
    error: FailureView | None


def subtask_fields(subtask: Subtask) -> dict[str, Any]:
    """Return what every view of a subtask shows."""
    return {
        "no": subtask.no,
        "name": subtask.name,
        "type": subtask.type,
        "template": subtask.template,
        "needs": list(subtask.needs),
        "input": subtask.input,
        "status": subtask.status,
        "started_at": moment(subtask.started_at),
        "ended_at": moment(subtask.ended_at),
        "progress": 100 if subtask.status is SubtaskStatus.SUCCESSFUL else subtask.progress,
        "phase": subtask.phase,
        "attempt": subtask.attempt,
        "output": subtask.output,
        "error": FailureView.of(subtask.failure),
    }


class TaskSummary(View):
    """A task in a list; `error` is that of its first subtask that failed by itself."""

    task_id: str
    status: TaskStatus
    outcome: Outcome | None
    run: int
    priority: int
    source: SourceView
    orchestration: OrchestrationRefView | None
    session_context: str | None
    created_at: str
    started_at: str | None
    ended_at: str | None
    progress: int
    subtask_counts: dict[SubtaskStatus, int]
    error: FailureView | None


class TaskView(TaskSummary):
    """A task with its subtasks."""

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
        "source": SourceView.of(task.source),
        "orchestration": OrchestrationRefView(name=ref.name, version=ref.version) if ref else None,
        "session_context": task.session_context,
        "created_at": moment(task.created_at),
        "started_at": moment(task.started_at),
        "ended_at": moment(task.ended_at),
        "progress": task.progress,
        "subtask_counts": task.subtask_counts,
        "error": FailureView.of(task.first_failure),
    }


def task_view(task: Task) -> TaskView:
    """Return the whole view of a task."""
    return TaskView(**task_fields(task), subtasks=[SubtaskView(**subtask_fields(s)) for s in task.subtasks])


class TaskPage(View):
    """Some tasks, newest first; `nextToken` asks for the next ones, null at the end."""

    tasks: list[TaskSummary]
    next_token: str | None = None


class OutputView(View):
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


class OutputList(View):
    """The files of one subtask."""

    outputs: list[OutputView]


class AttemptView(View):
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
            started_at=moment(record.started_at) or "",
            ended_at=moment(record.ended_at) or "",
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


class LinkView(View):
    """A link to one object; it works until `expiresAt`."""

    url: str
    expires_at: str
    content_type: str


class SourceBody(View):
    """The object that a new task reads."""

    bucket: Annotated[str, StringConstraints(min_length=3, max_length=63)]
    key: Annotated[str, StringConstraints(min_length=1, max_length=1024)]
    version_id: Annotated[str, StringConstraints(min_length=1, max_length=1024)] | None = None


class TaskBody(View):
    """A new task: a stored orchestration by name, or a list of subtasks of its own."""

    source: SourceBody
    orchestration: Name | None = None
    subtasks: SubtaskRules | None = None
    output: Output = Field(default_factory=Output)
    priority: Annotated[int, Field(ge=-10, le=10)] = 0
    client_token: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    session_context: Annotated[str, StringConstraints(max_length=1000)] | None = None

    @model_validator(mode="after")
    def one_plan(self) -> "TaskBody":
        """Ask for exactly one of `orchestration` and `subtasks`."""
        if (self.orchestration is None) == (self.subtasks is None):
            message = "give either orchestration or subtasks"
            raise ValueError(message)
        return self


def checked_upload_key(key: str) -> str:
    """Return a key that a browser and a shell can live with; raise ValueError otherwise."""
    if key.startswith("/") or key.endswith("/") or not key.isprintable() or {".", ".."} & set(key.split("/")):
        message = "a key neither begins nor ends with '/', and has no '.' or '..' folders and no unprintable characters"
        raise ValueError(message)
    if len(key.encode()) > 1024:  # noqa: PLR2004 - S3: the length of a key in UTF-8
        message = "a key has at most 1024 bytes in UTF-8"
        raise ValueError(message)
    return key


class UploadBody(View):
    """A file that a caller wants to upload. `size` in bytes."""

    key: Annotated[str, StringConstraints(min_length=1), AfterValidator(checked_upload_key)]
    size: Annotated[int, Field(ge=1, le=MAX_UPLOAD_BYTES)]
    content_type: Annotated[str, StringConstraints(pattern=r"^[\w.+-]+/[\w.+-]+$", max_length=100)] = (
        "application/octet-stream"
    )


class PartView(View):
    """One part of a large upload."""

    number: int
    url: str


class CallView(View):
    """A presigned call that is not a PUT."""

    method: str
    url: str


class UploadView(View):
    """How to upload: one PUT with these headers, or `parts` of `partSize` bytes and then the completing POST."""

    bucket: str
    key: str
    expires_at: str
    method: str | None = None
    url: str | None = None
    headers: dict[str, str] | None = None
    upload_id: str | None = None
    part_size: int | None = None
    parts: list[PartView] | None = None
    complete: CallView | None = None
    abort: CallView | None = None


class Health(View):
    """That the API answers, and as which version."""

    status: str
    version: str
