"""What every use case does with a task that has moved: send what became ready, end what nobody can run."""

from collections.abc import Collection

from shared.domain.subtask import Failure, FinalState, SubtaskStatus
from shared.domain.task import Task
from shared.errors import ServiceBusy
from shared.services import Services
from shared.telemetry import count, logger


def enqueue(services: Services, task: Task) -> Task:
    """Put into the queue what is due for it. Should AWS not take it now, it stays unsent until the sweeper looks."""
    return send(services, task, task.due_for_sending(services.now()))


def send(services: Services, task: Task, numbers: Collection[int]) -> Task:
    """Put subtasks into the queue. Should AWS not take them now, they stay unsent until the sweeper looks."""
    if not numbers:
        return task
    try:
        services.queues.send(task, numbers)
        return services.tasks.mark_sent(task, numbers) or task
    except ServiceBusy as error:
        logger().warning("messages left to the sweeper", task_id=task.id, reason=error.message)
        return task


def give_up(services: Services, task: Task, no: int, now: int) -> Task | None:
    """Fail a subtask that has had all its attempts, and that nobody holds."""
    subtask = task.subtasks[no - 1]
    if subtask.wait:
        last = subtask.wait.detail
        failure = Failure(last.code, f"given up after {subtask.attempt} attempts; the last one failed: {last.message}")
    else:
        failure = Failure(
            "InternalError.AttemptsExhausted",
            f"the worker vanished in the last of {subtask.attempt} attempts, most likely out of memory; "
            "deploy with a larger WorkerMemory and restart the task",
        )
    return fail(services, task, no, failure, now)


def fail(services: Services, task: Task, no: int, failure: Failure, now: int) -> Task | None:
    """End a subtask that nobody holds, for a reason that no attempt of its own gave."""
    failed = services.tasks.give_up(task, no, FinalState(SubtaskStatus.FAILED, failure=failure), now)
    if failed:
        count("SubtasksFailed")
        logger().error("subtask given up", task_id=task.id, run=task.run, no=no, failure=failure.code)
    return failed
