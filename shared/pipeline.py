"""The use cases: an upload becomes tasks, a message becomes an attempt, a person restarts or ends, the sweeper heals."""

from collections.abc import Callable
from dataclasses import dataclass, field

from shared.attempt import Attempt
from shared.catalog import get_orchestration, list_orchestrations, plan_subtasks
from shared.errors import Conflict, Interrupted, NotFound, RequestRejected, ServiceBusy
from shared.orchestration import Orchestration, Output, SubtaskRule, Verdict, match
from shared.services import Services
from shared.task import (
    TASK_MOVES,
    AttemptRecord,
    Ending,
    Failure,
    Hold,
    OrchestrationRef,
    OutputFile,
    Source,
    Subtask,
    SubtaskRef,
    SubtaskStatus,
    Task,
    TaskStatus,
    task_id,
)
from shared.task_list import is_task_id
from shared.telemetry import count, logger

LEASE_GRACE_MS = 30_000  # Past the function's own end: a worker that is silent so long is gone.
RETRY_SECONDS = 5  # Before the second attempt; three times as long before each further one.
RACE_SECONDS = 5  # When a claim was refused for a reason that had passed by the time it was looked up.
LOSER_RECORD_SECONDS = (
    30 * 24 * 3600
)  # How long the record of an attempt that lost is kept, for whoever asks.
SWEEP_BATCH = 50
OLDEST_LOOK_MS = 6 * 3600 * 1000


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


@dataclass(frozen=True)
class PutBack:
    """A message that must come again, after so many seconds."""

    seconds: int


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
    identity = "\0".join([upload.bucket, upload.key, thing, tenant, orchestration.name])
    task = Task(
        id=task_id(upload.at, identity.encode()),
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


def create_task(
    services: Services, tenant: str, wanted: NewTask, random: Callable[[int], bytes]
) -> tuple[Task, bool]:
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
    orchestration = (
        get_orchestration(services, tenant, wanted.orchestration) if wanted.orchestration else None
    )
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


def get_subtask(
    services: Services, tenant: str, identifier: str, run: int | None, no: int
) -> tuple[Task, Subtask]:
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


def enqueue(services: Services, task: Task) -> Task:
    """Put the unsent subtasks into the queue. Should AWS not take them now, the sweeper sends them later."""
    if not task.unsent:
        return task
    try:
        services.queue.send(task, task.unsent)
        return services.tasks.sent(task, task.unsent) or task
    except ServiceBusy as error:
        logger().warning("messages left to the sweeper", task_id=task.id, reason=error.message)
        return task


def run_subtask(services: Services, ref: SubtaskRef, seconds_left: float) -> PutBack | None:
    """Make one attempt at the subtask that a message names; tell when the message must come again."""
    now = services.now()
    limit = services.settings.max_attempts
    task = services.tasks.claim(ref, now, now + int(seconds_left * 1000) + LEASE_GRACE_MS, limit)
    if task is None:
        return refused_claim(services, ref, now)
    hold = Hold(ref.task_id, ref.run, ref.no, ref.tenant, attempt=task.subtasks[ref.no - 1].attempt)
    logger().info("attempt started", task_id=hold.task_id, run=hold.run, no=hold.no, attempt=hold.attempt)
    attempt = Attempt(services, task, hold, seconds_left)
    record, trouble = attempt.run()
    if isinstance(trouble, Interrupted) and hold.attempt < limit:
        return retry(services, attempt, record)
    services.tasks.put_record(hold, record)
    done = services.tasks.finish(attempt.task, hold, ending_of(hold, record), services.now())
    if done is None:
        lose(services, attempt, record)
        return None
    succeeded = record.failure is None
    count("SubtasksSuccessful" if succeeded else "SubtasksFailed")
    logger().info(
        "subtask finished", task_id=hold.task_id, no=hold.no, failure=record.failure and record.failure.code
    )
    if succeeded:
        services.media.settle(record.outputs)
    else:
        discard(services, attempt.outputs)
    enqueue(services, done)
    return None


def refused_claim(services: Services, ref: SubtaskRef, now: int) -> PutBack | None:
    """Decide what to do with a message whose claim was refused, by what stands in the task."""
    task = services.tasks.get(ref.task_id)
    subtask = task.subtask(ref.no) if task and task.run == ref.run else None
    if task is None or subtask is None:
        return None  # Of a task that is gone, or of an earlier run: nobody waits for it.
    if subtask.terminal or task.status is TaskStatus.COMPLETED:
        # Its worker may have died between the finish and what follows a finish.
        if subtask.status is SubtaskStatus.SUCCESSFUL and subtask.record:
            record = services.tasks.get_record(task.id, subtask.record)
            services.media.settle(record.outputs if record else ())
        enqueue(services, task)
        return None
    if not task.free(ref.no, now):
        return PutBack(max(1, (subtask.lease_until - now) // 1000 + 1))
    if subtask.attempt >= services.settings.max_attempts:
        give_up(services, task, ref.no, now)
        return None
    return PutBack(RACE_SECONDS)


def retry(services: Services, attempt: Attempt, record: AttemptRecord) -> PutBack | None:
    """Give the subtask back for another attempt, if this one still holds it."""
    hold = attempt.hold
    services.tasks.put_record(hold, record)
    discard(services, attempt.outputs)
    if services.tasks.release(hold) is None:
        return None
    logger().warning(
        "attempt interrupted",
        task_id=hold.task_id,
        no=hold.no,
        failure=record.failure and record.failure.code,
    )
    return PutBack(RETRY_SECONDS * 3 ** (hold.attempt - 1))


def lose(services: Services, attempt: Attempt, record: AttemptRecord) -> None:
    """Clear up after an attempt whose finish was refused: another one had the subtask by then."""
    hold = attempt.hold
    logger().warning("attempt lost its subtask", task_id=hold.task_id, no=hold.no, attempt=hold.attempt)
    services.tasks.put_record(hold, record, expires_at=services.now() // 1000 + LOSER_RECORD_SECONDS)
    discard(services, attempt.outputs)


def discard(services: Services, outputs: list[OutputFile]) -> None:
    """Remove what a lost attempt stored; what can't be removed now expires by its tag."""
    try:
        services.media.discard(outputs)
    except ServiceBusy as error:
        logger().warning("outputs left to expire", reason=error.message)


def ending_of(hold: Hold, record: AttemptRecord) -> Ending:
    """Return how an attempt ends its subtask: with its one file's address, or the folder of several."""
    if record.failure:
        return Ending(SubtaskStatus.FAILED, failure=record.failure, record=hold.record)
    output = None
    if record.outputs:
        first = f"s3://{record.outputs[0].bucket}/{record.outputs[0].key}"
        output = first if len(record.outputs) == 1 else first.rsplit("/", 1)[0] + "/"
    return Ending(SubtaskStatus.SUCCESSFUL, output=output, record=hold.record)


def give_up(services: Services, task: Task, no: int, now: int) -> Task | None:
    """Fail a subtask that has run out of attempts, none of which came back to tell why."""
    tried = task.subtasks[no - 1].attempt
    failure = Failure(
        "InternalError.AttemptsExhausted",
        f"the worker vanished in each of {tried} attempts, most likely out of memory; restart the task with a larger WorkerMemory",
    )
    count("SubtasksFailed")
    return services.tasks.give_up(task, no, Ending(SubtaskStatus.FAILED, failure=failure), now)


def sweep(services: Services, seconds_left: Callable[[], float]) -> int:
    """Look at every task that is due a look, and heal what a crash left behind; return how many were looked at."""
    looked = 0
    while seconds_left() > 0:
        due = services.lists.due(services.now(), SWEEP_BATCH)
        for identifier in due:
            task = services.tasks.get(identifier)
            if task and task.status is not TaskStatus.COMPLETED:
                heal(services, task, services.now())
        looked += len(due)
        if len(due) < SWEEP_BATCH:
            break
    return looked


def heal(services: Services, task: Task, now: int) -> None:
    """Send what was not sent, send again what lost its worker or its message, give up what has run out of attempts."""
    resend_after = services.settings.resend_after_seconds * 1000
    age = now - task.run_at
    again = set(task.unsent)
    for subtask in task.subtasks:
        if subtask.no not in task.pending or not task.free(subtask.no, now):
            continue
        if subtask.attempt >= services.settings.max_attempts and subtask.status is SubtaskStatus.IN_PROGRESS:
            task = give_up(services, task, subtask.no, now) or task
        elif subtask.status is SubtaskStatus.IN_PROGRESS or (subtask.no in task.ready() and age >= resend_after):
            again.add(subtask.no)
    again &= task.pending
    if again:
        logger().warning("messages sent again", task_id=task.id, subtasks=sorted(again))
        services.queue.send(task, again)
        services.tasks.sent(task, again)
    leases = [
        s.lease_until + 1
        for s in task.subtasks
        if s.status is SubtaskStatus.IN_PROGRESS and s.lease_until >= now
    ]
    # The older a run, the rarer the looks: a message that waits behind a long queue needs no twins.
    wait = max(resend_after, min(age, OLDEST_LOOK_MS))
    services.tasks.look_again(task, min([*leases, now + wait]))
