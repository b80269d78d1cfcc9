"""The use cases of the schedule and of the dead-letter queue: heal tasks after a crash, or end their subtasks."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.domain.subtask import Failure, SubtaskRef, SubtaskStatus
from shared.domain.task import Task, TaskStatus
from shared.errors import ServiceBusy
from shared.services import Services
from shared.telemetry import logger
from shared.use_cases.dispatch import fail_subtask, give_up_subtask

MAX_CHECK_INTERVAL_MS = 6 * 3600 * 1000
RETRY_CHECK_MS = 5 * 60 * 1000  # until the next check of a task that could not be healed, after all others
DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True)
class SweepResult:
    """How many tasks were checked, and how many of them could not be healed."""

    checked: int
    failed: int


def sweep(services: Services, seconds_left: Callable[[], float]) -> SweepResult:
    """Check every task whose check is due, the longest due first, and heal those that a crash affected.

    A task that can't be healed is checked again minutes later and doesn't delay the others. Raise ServiceBusy if the
    list of due tasks can't be read.
    """
    checked = failed = 0
    for identifier in services.task_queries.due_tasks(services.now()):
        if seconds_left() <= 0:
            break
        checked += 1
        try:
            check_task(services, identifier)
        except Exception:  # noqa: BLE001 - the other tasks must still be checked
            failed += 1
            logger().exception("task not healed", task_id=identifier)
    return SweepResult(checked, failed)


def check_task(services: Services, identifier: str) -> None:
    """Heal a task whose check is due, unless it has completed meanwhile."""
    try:
        task = services.tasks.get(identifier)
        if task and task.status is not TaskStatus.COMPLETED:
            heal(services, task, services.now())
    except Exception:
        services.tasks.delay_check(identifier, services.now() + RETRY_CHECK_MS)
        raise


def heal(services: Services, task: Task, now: int) -> None:
    """Send unsent subtasks, resend those that lost a worker or a message, give up those without attempts left."""
    resend_after = services.settings.resend_after_seconds * 1000
    again = set(task.due_for_sending(now))
    for subtask in task.subtasks:
        if subtask.no not in task.pending or not task.is_available(subtask.no, now):
            continue
        expired = subtask.status is SubtaskStatus.IN_PROGRESS
        if subtask.is_exhausted(services.settings.max_attempts):
            task = give_up_subtask(services, task, subtask.no, now) or task
        elif expired or (subtask.no in task.ready() and now - task.ready_at(subtask.no) >= resend_after):
            again.add(subtask.no)
    again &= task.pending
    if again:
        logger().warning("messages sent again", task_id=task.id, subtasks=sorted(again))
        services.queues.send(task, again)
        services.tasks.mark_sent(task, again)
    if task.status is not TaskStatus.COMPLETED:
        services.tasks.schedule_check(task, next_check_at(task, now, resend_after))


def next_check_at(task: Task, now: int, resend_after: int) -> int:
    """Return when to check an unfinished task next: when something in it is due, or a message may have been lost."""
    # The older a run, the rarer the checks: a message that waits in a long queue needs no duplicates.
    wait = max(resend_after, min(now - task.run_at, MAX_CHECK_INTERVAL_MS))
    return min([*task.next_due_times(now), now + wait])


def fail_undeliverable(services: Services, ref: SubtaskRef) -> None:
    """Fail a subtask whose message is in the dead-letter queue, unless it has ended or an attempt is running.

    The message of a successful subtask is sent again, because its files may not be committed yet, and only RunSubtask
    may do that. Raise ServiceBusy after a day of this: then the message stays, and the alarm rings before the files
    expire.
    """
    task = services.tasks.get_in_run(ref.task_id, ref.run)
    subtask = task.subtask(ref.no) if task else None
    if task is None or subtask is None or subtask.status is SubtaskStatus.FAILED:
        return
    if subtask.status is SubtaskStatus.SUCCESSFUL:
        if services.now() - (subtask.ended_at or 0) > DAY_MS:
            message = (
                f"RunSubtask has failed for a day to process the message of subtask {ref.no} of task {task.id}, which "
                "has succeeded: its files may expire. Fix the cause in its log, then redrive the dead letters"
            )
            raise ServiceBusy(message)
        services.queues.send(task, {ref.no})
        return
    failure = Failure(
        "InternalError.Undeliverable",
        "no worker could process its message, although it was delivered many times; find the cause in the log of "
        "RunSubtask under the task's ID, fix it, then restart the task",
    )
    fail_subtask(services, task, ref.no, subtask.wait.detail if subtask.wait else failure, services.now())
