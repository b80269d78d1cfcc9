"""The use cases of people: they make tasks, read them, restart, end and cancel them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.domain.attempt_record import AttemptRecord
from shared.domain.ids import is_sortable_id, sortable_id
from shared.domain.orchestration import Output, SubtaskRule
from shared.domain.subtask import Subtask, SubtaskStatus
from shared.domain.task import MAX_SUBTASKS, TASK_ACTIONS, OrchestrationRef, Task
from shared.domain.wait import Waiting, explain
from shared.errors import Conflict, NotFound, RequestRejected, ServiceBusy
from shared.services import Services
from shared.stores.s3 import source_not_found
from shared.telemetry import count
from shared.use_cases.catalog import ORCHESTRATION, get_document, read_templates
from shared.use_cases.dispatch import enqueue
from shared.use_cases.planning import plan_subtasks


@dataclass(frozen=True)
class NewTask:
    """What a caller asks for: a source, and an orchestration or a list of subtasks with the place of their outputs."""

    bucket: str
    key: str
    version_id: str | None = None
    orchestration: str | None = None
    subtasks: tuple[SubtaskRule, ...] = ()
    output: Output = field(default_factory=Output)
    priority: int | None = None
    client_token: str | None = None
    session_context: str | None = None


@dataclass(frozen=True)
class ExplainedTask:
    """A task in one of its runs, the number of its newest run, and why its subtasks wait, by their numbers."""

    task: Task
    newest_run: int
    waiting: Mapping[int, Waiting]


@dataclass(frozen=True)
class ExplainedSubtask:
    """A subtask, why it waits, and the records of its attempts with their numbers."""

    subtask: Subtask
    waiting: Waiting | None
    records: Sequence[tuple[int, AttemptRecord]]

    @property
    def final(self) -> AttemptRecord | None:
        """The record of the attempt that ended the subtask; None if it has not ended."""
        if not self.subtask.record:
            return None
        return next((record for number, record in self.records if number == self.subtask.attempt), None)


def create_task(services: Services, tenant: str, wanted: NewTask, random: Callable[[int], bytes]) -> tuple[Task, bool]:
    """Make the task that a caller asks for; with a client token used before, return the first one and False.

    Raise NotFound when the source or the orchestration isn't there, RequestRejected when a parameter is wrong.
    """
    now = services.now()
    identifier = sortable_id(now, random(16))
    if wanted.client_token:
        identifier = services.tasks.claim_token(tenant, wanted.client_token, identifier)
        first = services.tasks.get(identifier)
        if first:  # whose maker may have died between the write and the messages
            return enqueue(services, first), False
    if services.owner_of(wanted.key) != tenant:  # another tenant's object, which might as well not be there
        raise source_not_found(wanted.bucket, wanted.key)
    orchestration = (
        get_document(services, ORCHESTRATION, tenant, wanted.orchestration) if wanted.orchestration else None
    )
    rules = orchestration.subtasks if orchestration else wanted.subtasks
    source = services.objects.pin(wanted.bucket, wanted.key, wanted.version_id)
    if source.size == 0:
        message = f"s3://{wanted.bucket}/{wanted.key} is empty"
        raise RequestRejected(message, code="EmptySource")
    task = Task(
        id=identifier,
        source=source,
        subtasks=plan_subtasks(read_templates(services, tenant, rules), rules),
        created_at=now,
        output_prefix=(orchestration.output if orchestration else wanted.output).prefix,
        orchestration=OrchestrationRef(orchestration.name, orchestration.version) if orchestration else None,
        tenant=tenant,
        priority=(orchestration.priority if orchestration else 0) if wanted.priority is None else wanted.priority,
        client_token=wanted.client_token,
        session_context=wanted.session_context,
    ).begun()
    if not services.tasks.create(task):
        return enqueue(services, read_task(services, tenant, identifier)), False
    count("TasksCreated")
    return enqueue(services, task), True


def read_task(services: Services, tenant: str, identifier: str) -> Task:
    """Return a task; raise NotFound, also for another tenant's."""
    task = services.tasks.get(identifier) if is_sortable_id(identifier) else None
    if task is None or task.tenant != tenant:
        message = f"there is no task {identifier}"
        raise NotFound(message, code="TaskNotFound")
    return task


def read_run(services: Services, tenant: str, identifier: str, run: int | None) -> Task:
    """Return a task as it stands in its newest run, or as it stood in an earlier one; raise NotFound."""
    return select_run(services, read_task(services, tenant, identifier), run)


def select_run(services: Services, task: Task, run: int | None) -> Task:
    """Return a task, read in its newest run, as it stood in that one; raise NotFound."""
    selected = task if run is None else services.tasks.get_run(task, run)
    if selected is None:
        message = f"task {task.id} has no run {run}; its newest is {task.run}"
        raise NotFound(message, code="RunNotFound")
    return selected


def read_subtask(services: Services, tenant: str, identifier: str, run: int | None, no: int) -> tuple[Task, Subtask]:
    """Return a run of a task and one of its subtasks; raise NotFound."""
    task = read_run(services, tenant, identifier, run)
    subtask = task.subtask(no)
    if subtask is None:
        message = f"task {identifier} has no subtask {no}; they are numbered 1 to {len(task.subtasks)}"
        raise NotFound(message, code="SubtaskNotFound")
    return task, subtask


def explain_task(services: Services, tenant: str, identifier: str, run: int | None) -> ExplainedTask:
    """Return a run of a task, and why its subtasks wait; raise NotFound."""
    newest = read_task(services, tenant, identifier)
    task = select_run(services, newest, run)
    return ExplainedTask(task, newest.run, explain(task, task.subtasks, services.now(), services.queues.waiting))


def explain_subtask(services: Services, tenant: str, identifier: str, run: int | None, no: int) -> ExplainedSubtask:
    """Return a subtask in a run of its task, why it waits, and its attempts; raise NotFound."""
    task, subtask = read_subtask(services, tenant, identifier, run, no)
    waiting = explain(task, [subtask], services.now(), services.queues.waiting).get(no)
    return ExplainedSubtask(subtask, waiting, services.tasks.get_records(task.id, subtask.carried_from or task.run, no))


def restart_task(services: Services, tenant: str, identifier: str, *, only_failed: bool = False) -> Task:
    """Begin the next run of a completed task, or of what failed in it; raise NotFound or Conflict."""
    task = read_task(services, tenant, identifier)
    restarted = None
    if task.status in TASK_ACTIONS["restart"]:
        if only_failed and all(subtask.status is SubtaskStatus.SUCCESSFUL for subtask in task.subtasks):
            message = f"no subtask of task {task.id} has failed; restart all of it, or leave it as it is"
            raise Conflict(message, code="NothingFailed")
        services.tasks.put_run(task)
        restarted = services.tasks.restart(task, services.now(), only_failed=only_failed)
    if restarted is None:
        raise wrong_status(read_task(services, tenant, identifier), "only a COMPLETED task can be restarted")
    return enqueue(services, restarted)


def end_task(services: Services, tenant: str, identifier: str) -> Task:
    """Complete a waiting task before anything of it starts; raise NotFound or Conflict."""
    task = read_task(services, tenant, identifier)
    ended = services.tasks.end(task, services.now()) if task.status in TASK_ACTIONS["end"] else None
    if ended is None:
        raise wrong_status(read_task(services, tenant, identifier), "only a WAITING task can be ended")
    return ended


def cancel_task(services: Services, tenant: str, identifier: str) -> Task:
    """Stop an unfinished task: what has ended stays, the rest fails; raise NotFound, Conflict or ServiceBusy.

    A running attempt hears of it by its next beat, and kills its ffmpeg.
    """
    task = read_task(services, tenant, identifier)
    run = task.run
    for _ in range(MAX_SUBTASKS + 1):  # a subtask that ends meanwhile changes what there is to cancel
        if task.status not in TASK_ACTIONS["cancel"]:
            raise wrong_status(task, "only a WAITING or IN_PROGRESS task can be canceled")
        if cancelled := services.tasks.cancel(task, services.now()):
            return cancelled
        task = read_task(services, tenant, identifier)
        if task.run != run:
            message = f"run {run} of task {task.id} ended before it could be canceled, and run {task.run} has begun"
            raise Conflict(message, code="InvalidTaskStatus", details={"status": task.status})
    message = f"task {identifier} changes too fast to be canceled; try again"
    raise ServiceBusy(message)


def wrong_status(task: Task, rule: str) -> Conflict:
    """Return the error of a move that the task's status forbids."""
    return Conflict(
        f"task {task.id} is {task.status}; {rule}", code="InvalidTaskStatus", details={"status": task.status}
    )
