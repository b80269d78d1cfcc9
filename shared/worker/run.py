"""The use case of the queue: a message becomes one attempt at one subtask, and its end a move of the task."""

from dataclasses import dataclass, replace
from math import ceil

from shared.domain.attempt_record import AttemptRecord, OutputFile
from shared.domain.subtask import Failure, FinalState, Lease, Subtask, SubtaskRef, SubtaskStatus, Wait, WaitReason
from shared.domain.task import Task, TaskStatus
from shared.errors import (
    AccessDenied,
    AttemptFailed,
    Interrupted,
    JobRunning,
    ServiceBusy,
    ServiceRefused,
    WorkerFailed,
)
from shared.services import Services
from shared.telemetry import count, logger
from shared.use_cases.dispatch import enqueue, give_up
from shared.worker.attempt import Attempt, failure_of
from shared.worker.budget import Admission, confirm_admission, request_admission

RETRY_SECONDS = 5  # Before the second attempt; three times as long before each further one, but at most:
MAX_RETRY_SECONDS = 900
DENIED_SECONDS = 60  # The same when AWS denied access: a policy or a key takes minutes to change, and to be noticed.
# Between two looks at a job that runs elsewhere, the longer the longer it has taken; each look is an attempt, and of
# those there may be `MaxAttempts` times EXCUSES: with three, a job gets over four hours.
JOB_SECONDS = 20
MAX_JOB_SECONDS = 1800
RECORD_TOO_LARGE = "LimitError.Record"  # What a subtask fails with that has done more than can be noted.
JOB_OVERDUE = "LimitError.JobOverdue"  # What a subtask fails with whose job has not finished by then.
RACE_SECONDS = 5  # When a claim was refused for a reason that had passed by the time it was looked up.
# A message whose subtask is being worked on comes again, in case its worker dies. SQS counts each coming, and the
# sweeper sees to dead workers sooner, so it stays away for long.
BUSY_SECONDS = 300
UNSENT_SECONDS = 60  # When the messages of what has become ready could not be sent.
LOSER_RECORD_SECONDS = 30 * 24 * 3600  # How long the record of an attempt that lost is kept, for whoever asks.


@dataclass(frozen=True)
class Redelivery:
    """A message that must come again, after so many seconds."""

    seconds: int


def run_subtask(services: Services, ref: SubtaskRef, seconds_left: float) -> Redelivery | None:
    """Make one attempt at the subtask that a message names; tell when the message must come again."""
    now = services.now()
    limit = services.settings.max_attempts
    leave = request_admission(services, ref, now)
    if leave is Admission.REFUSED:
        return None
    task = services.tasks.claim(ref, now, now + services.settings.lease_seconds * 1000, limit)
    confirm_admission(services, leave, task, ref.no, now)
    if task is None:
        return refused_claim(services, ref, now)
    claimed = task.subtasks[ref.no - 1]
    lease = Lease(ref.task_id, ref.run, ref.no, ref.tenant, attempt=claimed.attempt)
    logger().info("attempt started", task_id=lease.task_id, run=lease.run, no=lease.no, attempt=lease.attempt)
    attempt = Attempt(services, task, lease, seconds_left)
    record, trouble = attempt.run()
    uncounted = isinstance(trouble, Interrupted)
    counted = replace(claimed, counted_attempts=claimed.counted_attempts - 1) if uncounted else claimed
    if isinstance(trouble, Interrupted | WorkerFailed) and not counted.exhausted(limit):
        return retry(services, attempt, record, trouble, uncounted=uncounted)
    if isinstance(trouble, JobRunning):
        record = replace(record, failure=overdue(trouble, claimed, services.now()))
    if isinstance(trouble, AccessDenied):
        record = replace(record, failure=failure_of(trouble.final))
    record = noted(services, lease, record)
    done = services.tasks.finish(attempt.task, lease, final_state_of(lease, record), services.now())
    if done is None:
        lose(services, attempt, record)
        return None
    succeeded = record.failure is None
    count("SubtasksSuccessful" if succeeded else "SubtasksFailed")
    logger().info(
        "subtask finished", task_id=lease.task_id, no=lease.no, failure=record.failure and record.failure.code
    )
    if succeeded:
        services.objects.commit(record.outputs)
    else:
        discard(services, attempt.outputs)
    return send_ready(services, done)


def send_ready(services: Services, task: Task) -> Redelivery | None:
    """Send what an ended subtask made ready. Should AWS not take it now, the subtask's own message comes again for it.

    The sweeper would see to it too, but of an old task only hours later.
    """
    left = enqueue(services, task).due_for_sending(services.now())
    return Redelivery(UNSENT_SECONDS) if left else None


def refused_claim(services: Services, ref: SubtaskRef, now: int) -> Redelivery | None:
    """Decide what to do with a message whose claim was refused, by what stands in the task."""
    # Of an earlier run the files are still to be kept, if its worker died before that.
    task = services.tasks.get_in_run(ref.task_id, ref.run)
    subtask = task.subtask(ref.no) if task else None
    if task is None or subtask is None:
        return None  # Of a task or a run that is gone: nobody waits for it.
    if subtask.terminal or task.status is TaskStatus.COMPLETED:
        # Its worker may have died between the finish and what follows a finish.
        if subtask.status is SubtaskStatus.SUCCESSFUL and subtask.record:
            record = services.tasks.get_record(task.id, subtask.record)
            services.objects.commit(record.outputs if record else ())
        return send_ready(services, task)
    if not task.is_available(ref.no, now):
        return Redelivery(BUSY_SECONDS)
    if subtask.exhausted(services.settings.max_attempts):
        give_up(services, task, ref.no, now)
        return None
    if left := task.delay_before(ref.no, now):
        return Redelivery(ceil(left / 1000))  # A twin's attempt has failed meanwhile.
    return Redelivery(RACE_SECONDS)


def retry(
    services: Services, attempt: Attempt, record: AttemptRecord, trouble: AttemptFailed, *, uncounted: bool
) -> Redelivery | None:
    """Give the subtask back for another attempt, if this one still holds it."""
    lease = attempt.lease
    failure = failure_of(trouble)
    pause = pause_after(trouble, lease.attempt)
    record = noted(services, lease, record)
    reason = WaitReason.JOB if isinstance(trouble, JobRunning) else WaitReason.RETRY
    wait = Wait(reason, services.now() + pause * 1000, failure)
    released = services.tasks.release(lease, wait, uncounted=uncounted)
    if released is None:
        lose(services, attempt, record)
        return None
    discard(services, attempt.outputs)
    logger().warning(
        "attempt interrupted", task_id=lease.task_id, no=lease.no, failure=failure.code, uncounted=uncounted
    )
    return Redelivery(pause)


def pause_after(trouble: AttemptFailed, attempt: int) -> int:
    """Return the seconds until the attempt after that one."""
    if isinstance(trouble, JobRunning):
        return min(JOB_SECONDS << (attempt - 1), MAX_JOB_SECONDS)
    first = DENIED_SECONDS if isinstance(trouble, AccessDenied) else RETRY_SECONDS
    return int(min(first * 3 ** (attempt - 1), MAX_RETRY_SECONDS))


def overdue(trouble: JobRunning, subtask: Subtask, now: int) -> Failure:
    """Return the failure of a subtask whose job elsewhere took longer than it may be waited for."""
    hours, minutes = divmod((now - (subtask.started_at or now)) // 60_000, 60)
    message = (
        f"it did not finish within {hours} h {minutes} min: {subtask.attempt} looks, and still {trouble.message}; "
        "restart the task to have it done anew"
    )
    return Failure(JOB_OVERDUE, message)


def noted(services: Services, lease: Lease, record: AttemptRecord) -> AttemptRecord:
    """Store the record of an attempt; return it, or the shorter one of a failure where DynamoDB will never take it."""
    try:
        services.tasks.put_record(lease, record)
    except ServiceRefused as error:
        logger().error("record refused", task_id=lease.task_id, no=lease.no, reason=error.message)
        message = (
            "what it made is more than a record in DynamoDB holds, 400 KB with the names of all files; "
            "ask for fewer files or shorter names, then restart the task"
        )
        failure = record.failure or Failure(RECORD_TOO_LARGE, message)
        record = replace(record, outputs=(), result=None, warnings=(), failure=failure)
        services.tasks.put_record(lease, record)
    return record


def lose(services: Services, attempt: Attempt, record: AttemptRecord) -> None:
    """Clear up after an attempt whose finish or release was refused: another one had the subtask by then.

    What a success names is never touched: a second look costs one read, and a wrong one a finished file.
    """
    lease = attempt.lease
    task = services.tasks.get_in_run(lease.task_id, lease.run)
    if task and task.is_success_of(lease):
        logger().error("attempt kept, since its success stands", task_id=lease.task_id, no=lease.no)
        services.objects.commit(record.outputs)
        return
    logger().warning("attempt lost its subtask", task_id=lease.task_id, no=lease.no, attempt=lease.attempt)
    services.tasks.put_record(lease, record, expires_at=services.now() // 1000 + LOSER_RECORD_SECONDS)
    discard(services, attempt.outputs)


def discard(services: Services, outputs: list[OutputFile]) -> None:
    """Remove what a lost attempt stored; what can't be removed now expires by its tag."""
    try:
        services.objects.discard(outputs)
    except ServiceBusy as error:
        logger().warning("outputs left to expire", reason=error.message)


def final_state_of(lease: Lease, record: AttemptRecord) -> FinalState:
    """Return how an attempt ends its subtask: with its one file's address, or the folder of several."""
    if record.failure:
        return FinalState(SubtaskStatus.FAILED, failure=record.failure, record=lease.record)
    if record.skipped:
        return FinalState(SubtaskStatus.SUCCESSFUL, record=lease.record, skipped=record.skipped)
    output = None
    if record.outputs:
        first = f"s3://{record.outputs[0].bucket}/{record.outputs[0].key}"
        output = first if len(record.outputs) == 1 else first.rsplit("/", 1)[0] + "/"
    return FinalState(SubtaskStatus.SUCCESSFUL, output=output, record=lease.record)
