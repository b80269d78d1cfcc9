"""The use cases of the clock and of the dead-letter queue: what a crash left behind is healed, or ended."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.domain.subtask import Failure, SubtaskRef, SubtaskStatus
from shared.domain.task import Task, TaskStatus
from shared.errors import ServiceBusy
from shared.services import Services
from shared.telemetry import logger
from shared.use_cases.dispatch import fail, give_up

OLDEST_LOOK_MS = 6 * 3600 * 1000
PUT_OFF_MS = 5 * 60 * 1000  # Until the next look at a task that could not be healed: the others come first.
A_DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True)
class Swept:
    """How many tasks were looked at, and how many of them could not be healed now."""

    looked: int
    failed: int


def sweep(services: Services, seconds_left: Callable[[], float]) -> Swept:
    """Look at every task that is due a look, the longest due first, and heal what a crash left behind.

    A task that can't be healed now is looked at again minutes later and holds up none behind it. Raise ServiceBusy
    when the list of due tasks can't be read.
    """
    looked = failed = 0
    for identifier in services.task_queries.due(services.now()):
        if seconds_left() <= 0:
            break
        looked += 1
        try:
            look_at(services, identifier)
        except Exception:  # noqa: BLE001 - whatever is wrong with this one, the others want their look
            failed += 1
            logger().exception("task not healed", task_id=identifier)
    return Swept(looked, failed)


def look_at(services: Services, identifier: str) -> None:
    """Heal a task that is due a look, unless it has completed meanwhile."""
    try:
        task = services.tasks.get(identifier)
        if task and task.status is not TaskStatus.COMPLETED:
            heal(services, task, services.now())
    except Exception:
        services.tasks.put_off(identifier, services.now() + PUT_OFF_MS)
        raise


def heal(services: Services, task: Task, now: int) -> None:
    """Send what was not sent, send again what lost its worker or its message, give up what has run out of attempts."""
    resend_after = services.settings.resend_after_seconds * 1000
    again = set(task.due_for_sending(now))
    for subtask in task.subtasks:
        if subtask.no not in task.pending or not task.is_available(subtask.no, now):
            continue
        lapsed = subtask.status is SubtaskStatus.IN_PROGRESS
        if subtask.exhausted(services.settings.max_attempts):
            task = give_up(services, task, subtask.no, now) or task
        elif lapsed or (subtask.no in task.ready() and now - task.ready_at(subtask.no) >= resend_after):
            again.add(subtask.no)
    again &= task.pending
    if again:
        logger().warning("messages sent again", task_id=task.id, subtasks=sorted(again))
        services.queues.send(task, again)
        services.tasks.mark_sent(task, again)
    if task.status is not TaskStatus.COMPLETED:
        services.tasks.look_again(task, next_look(task, now, resend_after))


def next_look(task: Task, now: int, resend_after: int) -> int:
    """Return when to look at an unfinished task next: when it may stir, or a message have got lost."""
    # The older a run, the rarer the looks: a message that waits behind a long queue needs no twins.
    wait = max(resend_after, min(now - task.run_at, OLDEST_LOOK_MS))
    return min([*task.next_due_times(now), now + wait])


def bury(services: Services, ref: SubtaskRef) -> None:
    """End a subtask whose message has come to the dead-letter queue, unless it has ended or is being worked on.

    The message of one that has succeeded goes round again, since its files may not be kept yet, which RunSubtask alone
    may do. Raise ServiceBusy when it has done so for a day: then it stays, and the alarm rings before they expire.
    """
    task = services.tasks.get_in_run(ref.task_id, ref.run)
    subtask = task.subtask(ref.no) if task else None
    if task is None or subtask is None or subtask.status is SubtaskStatus.FAILED:
        return
    if subtask.status is SubtaskStatus.SUCCESSFUL:
        if services.now() - (subtask.ended_at or 0) > A_DAY_MS:
            message = (
                f"RunSubtask could not get through the message of subtask {ref.no} of task {task.id} for a day, though "
                "it has succeeded: its files may expire. Its log tells why; mend that, then redrive the dead letters"
            )
            raise ServiceBusy(message)
        services.queues.send(task, {ref.no})
        return
    failure = Failure(
        "InternalError.Undeliverable",
        "no worker got through its message, though it was handed out many times; the log of RunSubtask tells why, "
        "under the task's ID. Mend that, then restart the task",
    )
    fail(services, task, ref.no, subtask.wait.detail if subtask.wait else failure, services.now())
