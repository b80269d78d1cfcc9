"""What follows a transition of a task: send ready subtasks, and end those that can't run."""

from collections.abc import Collection

from shared.domain.subtask import Failure, FinalState, SubtaskStatus
from shared.domain.task import Task
from shared.errors import ServiceBusy
from shared.services import Services
from shared.telemetry import count, logger

TRANSFERS = frozenset({"download", "upload"})  # phases of an attempt in which only the worker itself works


def enqueue(services: Services, task: Task) -> Task:
    """Send the subtasks that are due. If AWS is busy, they stay unsent until the sweeper's next check."""
    return send_subtasks(services, task, task.due_for_sending(services.now()))


def send_subtasks(services: Services, task: Task, numbers: Collection[int]) -> Task:
    """Send subtasks to the queue. If AWS is busy, they stay unsent until the sweeper's next check."""
    if not numbers:
        return task
    try:
        services.queues.send(task, numbers)
        return services.tasks.mark_sent(task, numbers) or task
    except ServiceBusy as error:
        logger().warning("messages left to the sweeper", task_id=task.id, reason=error.message)
        return task


def give_up_subtask(services: Services, task: Task, no: int, now: int) -> Task | None:
    """Fail a subtask that has no attempts left and no owner."""
    subtask = task.subtasks[no - 1]
    if subtask.wait:
        last = subtask.wait.detail
        failure = Failure(last.code, f"given up after {subtask.attempt} attempts; the last error: {last.message}")
    else:
        phase = services.progress.add_to(task).subtasks[no - 1].phase
        failure = Failure("InternalError.AttemptsExhausted", explain_loss(subtask.attempt, phase))
    return fail_subtask(services, task, no, failure, now)


def explain_loss(attempts: int, phase: str | None) -> str:
    """Return why the worker of the last attempt disappeared in that phase, and what to do."""
    if phase is None:  # no heartbeat
        return f"the worker disappeared at the beginning of the last of {attempts} attempts; restart the task"
    if phase in TRANSFERS:  # nothing that takes much memory runs then
        return (
            f"the worker disappeared during the {phase} in the last of {attempts} attempts, most likely because the "
            "time of its function was over; request smaller outputs or process a shorter file"
        )
    return (
        f"the worker disappeared in the last of {attempts} attempts, most likely out of memory; "
        "deploy with a larger WorkerMemory and restart the task"
    )


def fail_subtask(services: Services, task: Task, no: int, failure: Failure, now: int) -> Task | None:
    """Fail a subtask that has no owner, for a reason that is not from an attempt."""
    failed = services.tasks.give_up(task, no, FinalState(SubtaskStatus.FAILED, failure=failure), now)
    if failed:
        count("SubtasksFailed")
        logger().error("subtask given up", task_id=task.id, run=task.run, no=no, failure=failure.code)
    return failed
