"""What follows an attempt: its record, the transition of its subtask, its outputs, and the subtasks it made ready."""

from collections.abc import Sequence
from dataclasses import replace

from shared.domain.attempt_record import AttemptRecord, OutputFile
from shared.domain.subtask import Failure, FinalState, Lease, SubtaskStatus
from shared.domain.task import Task
from shared.errors import ServiceBusy, ServiceRefused
from shared.services import Services
from shared.telemetry import count, logger
from shared.use_cases.dispatch import enqueue
from shared.worker.results import AttemptResult, Finished, Redelivery, Retry

RECORD_TOO_LARGE = "LimitError.Record"  # The failure of a subtask whose record DynamoDB does not take.
UNSENT_SECONDS = 60  # When the messages of subtasks that became ready could not be sent.
LOST_RECORD_SECONDS = 30 * 24 * 3600  # How long the record of an attempt that lost its lease is kept.


def conclude(services: Services, lease: Lease, result: AttemptResult) -> Redelivery | None:
    """Release or finish the subtask of an attempt; commit its outputs if it succeeded, else discard them."""
    record = save_record(services, lease, result.record)
    if result.retry:
        return release(services, lease, result.retry, record, result.outputs)
    task = services.tasks.finish(result.task, lease, final_state_of(lease, record), services.now())
    if task is None:
        handle_lost_lease(services, lease, record, result.outputs)
        return None
    succeeded = record.failure is None
    count("SubtasksSuccessful" if succeeded else "SubtasksFailed")
    logger().info(
        "subtask finished", task_id=lease.task_id, no=lease.no, failure=record.failure and record.failure.code
    )
    if succeeded:
        services.objects.commit(record.outputs)
    else:
        discard_outputs(services, result.outputs)
    return send_ready(services, task)


def conclude_again(services: Services, finished: Finished) -> Redelivery | None:
    """Repeat what follows the finish of a subtask, since its worker may have died in between."""
    if finished.subtask.status is SubtaskStatus.SUCCESSFUL and finished.subtask.record:
        record = services.tasks.get_record(finished.task.id, finished.subtask.record)
        services.objects.commit(record.outputs if record else ())
    return send_ready(services, finished.task)


def release(
    services: Services, lease: Lease, retry: Retry, record: AttemptRecord, outputs: Sequence[OutputFile]
) -> Redelivery | None:
    """Return the subtask to the queue for another attempt, if this one still owns it."""
    if services.tasks.release(lease, retry.wait, uncounted=retry.uncounted) is None:
        handle_lost_lease(services, lease, record, outputs)
        return None
    discard_outputs(services, outputs)
    logger().warning(
        "attempt interrupted",
        task_id=lease.task_id,
        no=lease.no,
        failure=retry.wait.detail.code,
        uncounted=retry.uncounted,
    )
    return Redelivery(retry.seconds)


def send_ready(services: Services, task: Task) -> Redelivery | None:
    """Send the subtasks that became ready. If AWS does not take them now, the message of this one comes again.

    The sweeper would send them too, but those of an old task only hours later.
    """
    unsent = enqueue(services, task).due_for_sending(services.now())
    return Redelivery(UNSENT_SECONDS) if unsent else None


def save_record(services: Services, lease: Lease, record: AttemptRecord) -> AttemptRecord:
    """Store the record of an attempt and return it. If DynamoDB refuses it, store a shorter one of a failure."""
    try:
        services.tasks.put_record(lease, record)
    except ServiceRefused as error:
        logger().error("record refused", task_id=lease.task_id, no=lease.no, reason=error.message)
        message = (
            "its results exceed what one record in DynamoDB can hold, 400 KB with the names of all files; "
            "ask for fewer files or shorter names, then restart the task"
        )
        failure = record.failure or Failure(RECORD_TOO_LARGE, message)
        record = replace(record, outputs=(), result=None, warnings=(), failure=failure)
        services.tasks.put_record(lease, record)
    return record


def handle_lost_lease(services: Services, lease: Lease, record: AttemptRecord, outputs: Sequence[OutputFile]) -> None:
    """Clean up after an attempt whose transition was refused, since another one owned the subtask by then.

    The outputs of a success are never deleted: the check costs one read, a mistake would cost a finished file.
    """
    task = services.tasks.get_in_run(lease.task_id, lease.run)
    if task and task.is_success_of(lease):
        logger().error("attempt kept, since its success stands", task_id=lease.task_id, no=lease.no)
        services.objects.commit(record.outputs)
        return
    logger().warning("attempt lost its subtask", task_id=lease.task_id, no=lease.no, attempt=lease.attempt)
    services.tasks.put_record(lease, record, expires_at=services.now() // 1000 + LOST_RECORD_SECONDS)
    discard_outputs(services, outputs)


def discard_outputs(services: Services, outputs: Sequence[OutputFile]) -> None:
    """Delete outputs; those that can't be deleted now expire by their tag."""
    try:
        services.objects.discard(outputs)
    except ServiceBusy as error:
        logger().warning("outputs left to expire", reason=error.message)


def final_state_of(lease: Lease, record: AttemptRecord) -> FinalState:
    """Return how an attempt ends its subtask; its output is the URI of the only file, or the folder of several."""
    if record.failure:
        return FinalState(SubtaskStatus.FAILED, failure=record.failure, record=lease.record)
    if record.skipped:
        return FinalState(SubtaskStatus.SUCCESSFUL, record=lease.record, skipped=record.skipped)
    output = None
    if record.outputs:
        first = f"s3://{record.outputs[0].bucket}/{record.outputs[0].key}"
        output = first if len(record.outputs) == 1 else first.rsplit("/", 1)[0] + "/"
    return FinalState(SubtaskStatus.SUCCESSFUL, output=output, record=lease.record)
