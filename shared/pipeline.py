"""The use cases of uploads and of people: an upload becomes tasks; a person makes, reads, restarts and ends them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from shared.catalog import get_orchestration, list_orchestrations, plan_subtasks
from shared.dispatch import enqueue
from shared.errors import Conflict, NotFound, RequestRejected
from shared.orchestration import Orchestration, Output, SubtaskRule, Verdict, match
from shared.services import Services
from shared.task import TASK_MOVES, OrchestrationRef, Source, Subtask, Task, task_id
from shared.task_list import is_task_id
from shared.telemetry import count


@dataclass(frozen=True)
class Upload:
    """A new object, as its event tells. `at` is the event's time in epoch milliseconds."""

    bucket: str
    key: str
    size: int
    e_tag: str
    at: int
    version_id: str | None = None
    sequencer: str = ""


@dataclass(frozen=True)
class Accepted:
    """What became of an upload: one of these per orchestration that had a say, or a single one when none had."""

    verdict: Verdict
    reason: str
    orchestration: str | None = None
    task_id: str | None = None


@dataclass(frozen=True)
class NewTask:
    """What a caller asks for: a source, and an orchestration or a list of subtasks with the place of their outputs."""

    bucket: str
    key: str
    version_id: str | None = None
    orchestration: str | None = None
    subtasks: tuple[SubtaskRule, ...] = ()
    output: Output = field(default_factory=Output)
    priority: int = 0
    client_token: str | None = None
    session_context: str | None = None


def accept_upload(services: Services, tenant: str, upload: Upload) -> list[Accepted]:
    """Make a task for each orchestration that takes the upload; the same event again makes none and loses none."""
    if upload.bucket == services.settings.output_bucket:
        return [Accepted(Verdict.OWN_OUTPUT, "outputs start no tasks")]
    if upload.size == 0 or upload.key.endswith("/"):
        return [Accepted(Verdict.EMPTY_OBJECT, "the object is empty or a folder")]
    accepted, refused = [], []
    for orchestration in list_orchestrations(services, tenant):
        answer = match(orchestration, upload.bucket, upload.key)
        if answer.verdict is Verdict.MATCHED:
            accepted.append(accept_match(services, tenant, upload, orchestration))
        else:
            refused.append(answer)
    if accepted:
        return accepted
    closest = next((a for a in refused if a.verdict is Verdict.WRONG_FORMAT), None)
    if closest:
        return [Accepted(Verdict.WRONG_FORMAT, closest.reason, closest.orchestration)]
    return [Accepted(Verdict.NO_MATCH, "no enabled orchestration takes objects of this bucket and prefix")]


def accept_match(services: Services, tenant: str, upload: Upload, orchestration: Orchestration) -> Accepted:
    """Make the task of one upload and one orchestration, or find that it was made before."""
    try:
        subtasks = plan_subtasks(services, tenant, orchestration.subtasks)
    except RequestRejected as error:  # it was sound when it was stored; the others still take the upload
        return Accepted(Verdict.INVALID_ORCHESTRATION, error.message, orchestration.name)
    thing = upload.version_id or upload.sequencer or upload.e_tag
    parts = (upload.bucket, upload.key, thing, tenant, orchestration.name)
    task = Task(
        id=task_id(upload.at, "\0".join(parts).encode()),
        source=Source(upload.bucket, upload.key, upload.size, upload.e_tag, upload.version_id),
        subtasks=subtasks,
        created_at=services.now(),
        output_prefix=orchestration.output.prefix,
        orchestration=OrchestrationRef(orchestration.name, orchestration.version),
        tenant=tenant,
    ).begun()
    if services.tasks.create(task):
        count("TasksCreated")
        enqueue(services, task)
        return Accepted(Verdict.MATCHED, "a task was made", orchestration.name, task.id)
    # The first delivery may have died between the write and the messages.
    first = services.tasks.get(task.id)
    if first and first.unsent:
        enqueue(services, first)
    return Accepted(Verdict.DUPLICATE, "the event came before", orchestration.name, task.id)


def create_task(services: Services, tenant: str, wanted: NewTask, random: Callable[[int], bytes]) -> tuple[Task, bool]:
    """Make the task that a caller asks for; with a client token used before, return the first one and False.

    Raise NotFound when the source or the orchestration isn't there, RequestRejected when a parameter is wrong.
    """
    now = services.now()
    identifier = task_id(now, random(16))
    if wanted.client_token:
        identifier = services.tasks.claim_token(tenant, wanted.client_token, identifier)
        first = services.tasks.get(identifier)
        if first:  # whose maker may have died between the write and the messages
            return enqueue(services, first), False
    orchestration = get_orchestration(services, tenant, wanted.orchestration) if wanted.orchestration else None
    rules = orchestration.subtasks if orchestration else wanted.subtasks
    source = services.media.pin(wanted.bucket, wanted.key, wanted.version_id)
    if source.size == 0:
        message = f"s3://{wanted.bucket}/{wanted.key} is empty"
        raise RequestRejected(message, code="EmptySource")
    task = Task(
        id=identifier,
        source=source,
        subtasks=plan_subtasks(services, tenant, rules),
        created_at=now,
        output_prefix=(orchestration.output if orchestration else wanted.output).prefix,
        orchestration=OrchestrationRef(orchestration.name, orchestration.version) if orchestration else None,
        tenant=tenant,
        priority=wanted.priority,
        client_token=wanted.client_token,
        session_context=wanted.session_context,
    ).begun()
    if not services.tasks.create(task):
        return enqueue(services, get_task(services, tenant, identifier)), False
    count("TasksCreated")
    return enqueue(services, task), True


def get_task(services: Services, tenant: str, identifier: str) -> Task:
    """Return a task; raise NotFound, also for another tenant's."""
    task = services.tasks.get(identifier) if is_task_id(identifier) else None
    if task is None or task.tenant != tenant:
        message = f"there is no task {identifier}"
        raise NotFound(message, code="TaskNotFound")
    return task


def get_run(services: Services, tenant: str, identifier: str, run: int | None) -> Task:
    """Return a task as it stands in its newest run, or as it stood in an earlier one; raise NotFound."""
    task = get_task(services, tenant, identifier)
    found = task if run in {None, task.run} else services.tasks.get_run(task, run or 0)
    if found is None:
        message = f"task {identifier} has no run {run}; its newest is {task.run}"
        raise NotFound(message, code="RunNotFound")
    return found


def get_subtask(services: Services, tenant: str, identifier: str, run: int | None, no: int) -> tuple[Task, Subtask]:
    """Return a run of a task and one of its subtasks; raise NotFound."""
    task = get_run(services, tenant, identifier, run)
    subtask = task.subtask(no)
    if subtask is None:
        message = f"task {identifier} has no subtask {no}; they are numbered 1 to {len(task.subtasks)}"
        raise NotFound(message, code="SubtaskNotFound")
    return task, subtask


def restart_task(services: Services, tenant: str, identifier: str) -> Task:
    """Begin the next run of a completed task; raise NotFound or Conflict."""
    task = get_task(services, tenant, identifier)
    restarted = None
    if task.status in TASK_MOVES["restart"]:
        services.tasks.put_run(task)
        restarted = services.tasks.restart(task, services.now())
    if restarted is None:
        raise wrong_status(get_task(services, tenant, identifier), "only a COMPLETED task can be restarted")
    return enqueue(services, restarted)


def end_task(services: Services, tenant: str, identifier: str) -> Task:
    """Complete a waiting task before anything of it starts; raise NotFound or Conflict."""
    task = get_task(services, tenant, identifier)
    ended = services.tasks.end(task, services.now()) if task.status in TASK_MOVES["end"] else None
    if ended is None:
        raise wrong_status(get_task(services, tenant, identifier), "only a WAITING task can be ended")
    return ended


def wrong_status(task: Task, rule: str) -> Conflict:
    """Return the error of a move that the task's status forbids."""
    return Conflict(
        f"task {task.id} is {task.status}; {rule}", code="InvalidTaskStatus", details={"status": task.status}
    )
