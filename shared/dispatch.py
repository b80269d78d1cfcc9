"""What every use case does with a task that has moved: send what became ready, end what nobody can run."""

from shared.errors import ServiceBusy
from shared.services import Services
from shared.task import Ending, Failure, SubtaskStatus, Task
from shared.telemetry import count, logger


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


def give_up(services: Services, task: Task, no: int, now: int) -> Task | None:
    """Fail a subtask that has run out of attempts, none of which came back to tell why."""
    tried = task.subtasks[no - 1].attempt
    failure = Failure(
        "InternalError.AttemptsExhausted",
        f"the worker vanished in each of {tried} attempts, most likely out of memory; "
        "deploy with a larger WorkerMemory and restart the task",
    )
    count("SubtasksFailed")
    return services.tasks.give_up(task, no, Ending(SubtaskStatus.FAILED, failure=failure), now)
