"""The use case of the clock: what a crash left behind is healed."""

from collections.abc import Callable

from shared.dispatch import give_up
from shared.services import Services
from shared.task import SubtaskStatus, Task, TaskStatus
from shared.telemetry import logger

SWEEP_BATCH = 50
OLDEST_LOOK_MS = 6 * 3600 * 1000


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
        s.lease_until + 1 for s in task.subtasks if s.status is SubtaskStatus.IN_PROGRESS and s.lease_until >= now
    ]
    # The older a run, the rarer the looks: a message that waits behind a long queue needs no twins.
    wait = max(resend_after, min(age, OLDEST_LOOK_MS))
    services.tasks.look_again(task, min([*leases, now + wait]))
