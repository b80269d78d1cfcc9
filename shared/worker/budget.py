"""The day's budget: what may start within its limits, and what is postponed."""

from dataclasses import dataclass
from uuid import uuid4

from shared.domain.subtask import Failure, SubtaskRef, Wait, WaitReason
from shared.domain.task import Task, TaskStatus
from shared.domain.timestamps import day_after
from shared.errors import ServiceBusy
from shared.services import Services
from shared.telemetry import count, logger
from shared.use_cases.dispatch import send_subtasks

LOOK_AGAIN_MS = 3600 * 1000  # Until the next day at most, but at least every hour: somebody may have raised the limit.


@dataclass(frozen=True)
class BudgetDecision:
    """Whether the day's budget lets an attempt start; `token` is set if its task was counted among those of the day."""

    is_allowed: bool
    token: str | None = None


ALLOWED = BudgetDecision(is_allowed=True)
POSTPONED = BudgetDecision(is_allowed=False)  # its subtask waits, and its state says why


def check_budget(services: Services, ref: SubtaskRef, task: Task | None, now: int) -> BudgetDecision:
    """Return whether a subtask may start today. If not, postpone it: the sweeper sends its message again.

    `task` is its newest state. The first subtask of a run counts its task. Without limits no request is made. Raise
    ServiceBusy.
    """
    settings = services.settings
    if not (settings.daily_tasks or settings.daily_compute_seconds):
        return ALLOWED
    if task is None or not startable(task, ref, now, settings.max_attempts):
        return ALLOWED  # the claim will be refused
    reason = compute_limit_reached(services, now)
    counts = bool(settings.daily_tasks) and task.status is TaskStatus.WAITING
    if reason is None and counts:
        token = uuid4().hex
        if services.budget.take_task(now, settings.daily_tasks, token):
            return BudgetDecision(is_allowed=True, token=token)
        reason = task_limit_reached(settings.daily_tasks)
    if reason is None:
        return ALLOWED
    wait = Wait(WaitReason.BUDGET, min(day_after(now), now + LOOK_AGAIN_MS), reason)
    if services.tasks.postpone(task, ref.no, now, wait) is None:
        return ALLOWED  # it has changed meanwhile: the claim decides whether it may start
    count("SubtasksPostponed")
    logger().warning("subtask postponed", task_id=task.id, run=task.run, no=ref.no, reason=reason.code)
    return POSTPONED


def startable(task: Task, ref: SubtaskRef, now: int, max_attempts: int) -> bool:
    """Whether a claim of that subtask would be accepted now."""
    subtask = task.subtask(ref.no) if task.run == ref.run else None
    if subtask is None or subtask.is_exhausted(max_attempts):
        return False
    return task.is_available(ref.no, now) and not task.delay_before(ref.no, now)


def confirm_start(services: Services, decision: BudgetDecision, task: Task | None, no: int, now: int) -> None:
    """Subtract a counted task if this attempt did not start it; if it did, confirm it, send its postponed subtasks.

    `task` is what the claim of its subtask `no` returned.
    """
    if decision.token is None:
        return
    is_first = task is not None and task.is_first_attempt(no)
    if task and is_first:
        send_subtasks(services, task, task.postponed)  # those whose messages came while the task was being counted
    try:
        if is_first:
            services.budget.confirm_task(now, decision.token)
        else:
            services.budget.return_task(now, decision.token)
    except ServiceBusy as error:  # to count one task too many is better than to fail this attempt
        logger().warning("task stays counted", no=no, reason=error.message)


def compute_limit_reached(services: Services, now: int) -> Failure | None:
    """Return why nothing may start today if the day's compute seconds are used up, else None."""
    limit = services.settings.daily_compute_seconds
    if not limit or services.budget.read_cost(now).compute_ms < limit * 1000:
        return None
    return Failure(
        "Budget.DailyComputeSeconds",
        f"today's compute time is used up (DailyComputeSeconds: {limit:,})",
    )


def task_limit_reached(limit: int) -> Failure:
    """Return why no further task may start today."""
    return Failure("Budget.DailyTasks", f"the maximum number of tasks has started today (DailyTasks: {limit:,})")
