"""The day's budget: what may start within its limits, and what waits for the next day, saying so."""

from enum import Enum

from shared.domain.subtask import Failure, SubtaskRef, Wait, WaitReason
from shared.domain.task import Task, TaskStatus
from shared.errors import ServiceBusy
from shared.services import Services
from shared.stores.budget_store import Spent, day_after
from shared.telemetry import count, logger
from shared.use_cases.dispatch import send

LOOK_AGAIN_MS = 3600 * 1000  # Until the next day at most, but no longer: somebody may have raised the limit.


class Admission(Enum):
    """What an attempt was told when it asked whether it may start."""

    GIVEN = "GIVEN"
    GIVEN_AND_COUNTED = "GIVEN_AND_COUNTED"  # and its task counts among those of the day
    REFUSED = "REFUSED"  # its subtask waits, and says why


def request_admission(services: Services, ref: SubtaskRef, now: int) -> Admission:
    """Say whether a subtask may start today. One that may not is held back: its message can go, the sweeper sends it.

    Only the first subtask of a run asks for its whole task. Without limits no request is made.
    """
    settings = services.settings
    if not (settings.daily_tasks or settings.daily_compute_seconds):
        return Admission.GIVEN
    task = services.tasks.get(ref.task_id)
    if task is None or not startable(task, ref, now, settings.max_attempts):
        return Admission.GIVEN  # to a claim that will be refused
    reason = compute_spent(services, now)
    counts = bool(settings.daily_tasks) and task.status is TaskStatus.WAITING
    if reason is None and counts:
        if services.budget.take_task(now, settings.daily_tasks):
            return Admission.GIVEN_AND_COUNTED
        reason = tasks_spent(settings.daily_tasks)
    if reason is None:
        return Admission.GIVEN
    wait = Wait(WaitReason.BUDGET, min(day_after(now), now + LOOK_AGAIN_MS), reason)
    if services.tasks.postpone(task, ref.no, now, wait) is None:
        return Admission.GIVEN  # it moved meanwhile: the claim tells whether it may still start
    count("SubtasksHeldBack")
    logger().warning("subtask held back", task_id=task.id, run=task.run, no=ref.no, reason=reason.code)
    return Admission.REFUSED


def startable(task: Task, ref: SubtaskRef, now: int, max_attempts: int) -> bool:
    """Whether a claim of that subtask would be accepted now."""
    subtask = task.subtask(ref.no) if task.run == ref.run else None
    if subtask is None or subtask.exhausted(max_attempts):
        return False
    return task.is_available(ref.no, now) and not task.delay_before(ref.no, now)


def confirm_admission(services: Services, leave: Admission, task: Task | None, no: int, now: int) -> None:
    """Take back a task that was counted and did not start now; send what was held back of one that did.

    `task` is what the claim of its subtask `no` returned.
    """
    if leave is not Admission.GIVEN_AND_COUNTED:
        return
    if task and task.is_first_attempt(no):
        send(services, task, task.postponed)  # what came while this one was being counted
        return
    try:
        services.budget.return_task(now)
    except ServiceBusy as error:  # one too many on that day is better than an attempt that ends here
        logger().warning("task stays counted", no=no, reason=error.message)


def compute_spent(services: Services, now: int) -> Failure | None:
    """Return why nothing more may start today, if the day's compute seconds are used up."""
    limit = services.settings.daily_compute_seconds
    spent = services.budget.spent(now) if limit else Spent()
    if spent.compute_ms < limit * 1000 or not limit:
        return None
    return Failure(
        "Budget.DailyComputeSeconds",
        f"the compute time that a day may take is used up (DailyComputeSeconds: {limit:,})",
    )


def tasks_spent(limit: int) -> Failure:
    """Return why no other task may start today."""
    return Failure("Budget.DailyTasks", f"as many tasks have started today as may (DailyTasks: {limit:,})")
