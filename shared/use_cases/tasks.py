"""The use cases of people: create, read, restart, end and cancel tasks."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shared.domain.attempt_record import AttemptRecord
from shared.domain.ids import is_sortable_id, sortable_id
from shared.domain.orchestration import Output, SubtaskDocument
from shared.domain.subtask import Subtask, SubtaskStatus
from shared.domain.task import MAX_SUBTASKS, TASK_ACTIONS, OrchestrationRef, Task
from shared.domain.wait import WaitExplanation, explain_waits
from shared.errors import Conflict, NotFound, RequestRejected, ServiceBusy
from shared.services import Services
from shared.stores.dynamodb import stored_form
from shared.stores.s3 import source_not_found
from shared.stores.task_store import TokenClaim
from shared.telemetry import count
from shared.use_cases.catalog import ORCHESTRATION, get_document, read_templates
from shared.use_cases.dispatch import enqueue
from shared.use_cases.planning import plan_subtasks


@dataclass(frozen=True)
class NewTask:
    """A request for a task: a source, and an orchestration or a list of subtasks with the location of their outputs."""

    bucket: str
    key: str
    version_id: str | None = None
    orchestration: str | None = None
    subtasks: tuple[SubtaskDocument, ...] = ()
    output: Output = field(default_factory=Output)
    priority: int | None = None
    client_token: str | None = None
    session_context: str | None = None


@dataclass(frozen=True)
class ExplainedTask:
    """A task in one of its runs, the number of its newest run, and why its subtasks wait, by their numbers."""

    task: Task
    newest_run: int
    waiting: Mapping[int, WaitExplanation]


@dataclass(frozen=True)
class ExplainedSubtask:
    """A subtask, why it waits, and the records of its attempts with their numbers."""

    subtask: Subtask
    waiting: WaitExplanation | None
    records: Sequence[tuple[int, AttemptRecord]]

    @property
    def final(self) -> AttemptRecord | None:
        """The record of the attempt that ended the subtask; None before its end."""
        if not self.subtask.record:
            return None
        return next((record for number, record in self.records if number == self.subtask.attempt), None)


def create_task(services: Services, tenant: str, wanted: NewTask, random: Callable[[int], bytes]) -> tuple[Task, bool]:
    """Create a task and return it and True; a repeated request with a client token returns the first task and False.

    Raise NotFound if the source or the orchestration doesn't exist, RequestRejected if a parameter is invalid, Conflict
    if another request used the client token.
    """
    now, token = services.now(), wanted.client_token
    claim = TokenClaim(sortable_id(now, random(16)), request_hash(wanted))
    if token and (first := services.tasks.get_token(tenant, token)):
        claim = same_request(token, claim, first)
        if task := services.tasks.get(claim.task_id):  # its creator may have crashed between the write and the messages
            return enqueue(services, task), False
    task = plan_task(services, tenant, wanted, now)
    if token:  # only now, so that a rejected request leaves its token unused
        claim = same_request(token, claim, services.tasks.claim_token(tenant, token, claim))
    task = replace(task, id=claim.task_id)
    if not services.tasks.create(task):
        return enqueue(services, read_task(services, tenant, task.id)), False
    count("TasksCreated")
    return enqueue(services, task), True


def plan_task(services: Services, tenant: str, wanted: NewTask, now: int) -> Task:
    """Return the task of a request, without an ID; raise NotFound or RequestRejected."""
    if services.tenant_of(wanted.key) != tenant:  # another tenant's object: the same answer as if it didn't exist
        raise source_not_found(wanted.bucket, wanted.key)
    orchestration = (
        get_document(services, ORCHESTRATION, tenant, wanted.orchestration) if wanted.orchestration else None
    )
    documents = orchestration.subtasks if orchestration else wanted.subtasks
    source = services.objects.read_source(wanted.bucket, wanted.key, wanted.version_id)
    if source.size == 0:
        message = f"s3://{wanted.bucket}/{wanted.key} is empty; upload the file again"
        raise RequestRejected(message, code="EmptySource")
    return Task(
        id="",
        source=source,
        subtasks=plan_subtasks(read_templates(services, tenant, documents), documents),
        created_at=now,
        output_prefix=(orchestration.output if orchestration else wanted.output).prefix,
        orchestration=OrchestrationRef(orchestration.name, orchestration.version) if orchestration else None,
        tenant=tenant,
        priority=(orchestration.priority if orchestration else 0) if wanted.priority is None else wanted.priority,
        client_token=wanted.client_token,
        session_context=wanted.session_context,
    ).with_pending()


def request_hash(wanted: NewTask) -> str:
    """Return a hash of a request for a task, without its client token.

    Defaults are left out. So a version with more fields returns the same hash for the same request.
    """
    fields = stored_form(NewTask).dump_python(wanted, mode="json", exclude={"client_token"}, exclude_defaults=True)
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def same_request(token: str, claim: TokenClaim, first: TokenClaim) -> TokenClaim:
    """Return the first claim of a client token; raise Conflict if it is of another request than this claim."""
    if first.request != claim.request:
        message = (
            f"the client token {token} was used for another request, which asked for task {first.task_id}; "
            "use a new token for each task"
        )
        raise Conflict(message, code="TokenReused", details={"taskId": first.task_id})
    return first


def read_task(services: Services, tenant: str, identifier: str) -> Task:
    """Return a task; raise NotFound, also if it belongs to another tenant."""
    task = services.tasks.get(identifier) if is_sortable_id(identifier) else None
    if task is None or task.tenant != tenant:
        message = f"there is no task {identifier}"
        raise NotFound(message, code="TaskNotFound")
    return task


def read_run(services: Services, tenant: str, identifier: str, run: int | None) -> Task:
    """Return a task in its newest run, or at the end of an earlier one; raise NotFound."""
    return select_run(services, read_task(services, tenant, identifier), run)


def select_run(services: Services, task: Task, run: int | None) -> Task:
    """Return a task, which was read in its newest run, in the given run; raise NotFound."""
    selected = task if run is None else services.tasks.get_run(task, run)
    if selected is None:
        message = f"task {task.id} has no run {run}; its newest run is {task.run}"
        raise NotFound(message, code="RunNotFound")
    return selected


def read_subtask(services: Services, tenant: str, identifier: str, run: int | None, no: int) -> tuple[Task, Subtask]:
    """Return a run of a task and one of its subtasks; raise NotFound."""
    task = read_run(services, tenant, identifier, run)
    subtask = task.subtask(no)
    if subtask is None:
        message = f"task {identifier} has no subtask {no}; its subtasks are 1 to {len(task.subtasks)}"
        raise NotFound(message, code="SubtaskNotFound")
    return task, subtask


def explain_task(services: Services, tenant: str, identifier: str, run: int | None) -> ExplainedTask:
    """Return a run of a task, and why its subtasks wait; raise NotFound."""
    newest = read_task(services, tenant, identifier)
    task = services.progress.add_to(select_run(services, newest, run))
    waits = explain_waits(task, task.subtasks, services.now(), services.queues.count_messages)
    return ExplainedTask(task, newest.run, waits)


def explain_subtask(services: Services, tenant: str, identifier: str, run: int | None, no: int) -> ExplainedSubtask:
    """Return a subtask in a run of its task, why it waits, and its attempts; raise NotFound."""
    task = services.progress.add_to(read_subtask(services, tenant, identifier, run, no)[0])
    subtask = task.subtasks[no - 1]
    waiting = explain_waits(task, [subtask], services.now(), services.queues.count_messages).get(no)
    return ExplainedSubtask(subtask, waiting, services.tasks.get_records(task.id, subtask.carried_from or task.run, no))


def restart_task(
    services: Services, tenant: str, identifier: str, run: int | None = None, *, only_failed: bool = False
) -> Task:
    """Begin the next run of a completed task, of all or of the failed subtasks; raise NotFound or Conflict.

    With `run`, only that run is followed by another one: a repeated request returns the task that the first began.
    """
    task = read_task(services, tenant, identifier)
    if run is None or run == task.run:
        restarted = begin_next_run(services, task, only_failed=only_failed)
        if restarted:
            return enqueue(services, restarted)
        task = read_task(services, tenant, identifier)
    if run is None or run == task.run:
        raise status_conflict(task, "only a COMPLETED task can be restarted")
    next_run = select_run(services, task, run).restarted(services.now(), only_failed=only_failed)
    if not task.began_like(next_run):
        raise run_conflict(task, run)
    return enqueue(services, task)  # its creator may have crashed between the write and the messages


def begin_next_run(services: Services, task: Task, *, only_failed: bool) -> Task | None:
    """Return a task in its next run; None if its status forbids that. Raise Conflict if no subtask has failed."""
    if task.status not in TASK_ACTIONS["restart"]:
        return None
    if only_failed and all(subtask.status is SubtaskStatus.SUCCESSFUL for subtask in task.subtasks):
        message = f"no subtask of task {task.id} has failed; restart the whole task, or leave it unchanged"
        raise Conflict(message, code="NothingFailed")
    services.tasks.put_run(services.progress.add_to(task))
    return services.tasks.restart(task, services.now(), only_failed=only_failed)


def end_task(services: Services, tenant: str, identifier: str, run: int | None = None) -> Task:
    """Complete a waiting task before any of its subtasks starts; raise NotFound or Conflict.

    With `run`, only that run is ended, and a repeated request returns the task that the first ended.
    """
    task = read_meant(services, tenant, identifier, run)
    ended = services.tasks.end(task, services.now()) if task.status in TASK_ACTIONS["end"] else None
    if ended:
        return ended
    task = read_meant(services, tenant, identifier, run)
    if run is not None and task.was_stopped("end"):
        return task
    raise status_conflict(task, "only a WAITING task can be ended")


def cancel_task(services: Services, tenant: str, identifier: str, run: int | None = None) -> Task:
    """Stop an unfinished task: ended subtasks stay, the others fail. Raise NotFound, Conflict or ServiceBusy.

    A running attempt learns of it at its next heartbeat and kills its ffmpeg. With `run`, only that run is canceled,
    and a repeated request returns the task that the first canceled.
    """
    task = read_meant(services, tenant, identifier, run)
    for _ in range(MAX_SUBTASKS + 1):  # a subtask may end meanwhile, and then there is less to cancel
        if run is not None and task.was_stopped("cancel"):
            return task
        if task.status not in TASK_ACTIONS["cancel"]:
            raise status_conflict(task, "only a WAITING or IN_PROGRESS task can be canceled")
        if canceled := services.tasks.cancel(task, services.now()):
            return canceled
        task = read_meant(services, tenant, identifier, task.run)
    message = f"task {identifier} changes too fast to be canceled; try again"
    raise ServiceBusy(message)


def read_meant(services: Services, tenant: str, identifier: str, run: int | None) -> Task:
    """Return a task; raise NotFound, or Conflict if `run` is an earlier run than the newest."""
    task = read_task(services, tenant, identifier)
    if run is not None and run != task.run:
        select_run(services, task, run)
        raise run_conflict(task, run)
    return task


def run_conflict(task: Task, run: int) -> Conflict:
    """Return the error of an action on an earlier run than the newest."""
    message = f"run {run} of task {task.id} is over, and run {task.run} has begun; actions change only the newest run"
    return Conflict(message, code="RunIsOver", details={"newestRun": task.run})


def status_conflict(task: Task, remedy: str) -> Conflict:
    """Return the error of an action that the task's status forbids."""
    return Conflict(
        f"task {task.id} is {task.status}; {remedy}", code="InvalidTaskStatus", details={"status": task.status}
    )
