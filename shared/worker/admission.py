"""Whether the attempt that a message asks for may start now."""

from math import ceil

from shared.domain.subtask import Lease, SubtaskRef
from shared.domain.task import TaskStatus
from shared.services import Services
from shared.telemetry import logger
from shared.use_cases.dispatch import give_up_subtask
from shared.worker.budget import check_budget, confirm_start
from shared.worker.results import Admitted, Finished, Redelivery

RACE_SECONDS = 5  # When the claim lost a race that is already over.
# The message of a running subtask comes again, in case its worker dies. SQS counts each delivery, and the sweeper
# notices a dead worker sooner, so it stays hidden for long.
BUSY_SECONDS = 300


def admit(services: Services, ref: SubtaskRef) -> Admitted | Finished | Redelivery | None:
    """Claim the subtask of a message. Without a lease, return what follows for the message; None: it is done with.

    Raise NewerVersion if only a newer version can read the task.
    """
    now = services.now()
    task = services.tasks.get(ref.task_id)  # before the claim, since a task that is unreadable must stay unchanged
    decision = check_budget(services, ref, task, now)
    if not decision.is_allowed:
        return None  # the sweeper sends it again
    lease_until = now + services.settings.lease_seconds * 1000
    task = services.tasks.claim(ref, now, lease_until, services.settings.max_attempts)
    confirm_start(services, decision, task, ref.no, now)
    if task is None:
        return resolve_refusal(services, ref, now)
    lease = Lease(ref.task_id, ref.run, ref.no, ref.tenant, attempt=task.subtasks[ref.no - 1].attempt)
    logger().info("attempt started", task_id=lease.task_id, run=lease.run, no=lease.no, attempt=lease.attempt)
    return Admitted(task, lease)


def resolve_refusal(services: Services, ref: SubtaskRef, now: int) -> Finished | Redelivery | None:
    """Return what follows for a message whose claim was refused, according to its subtask's state."""
    # Also in an earlier run: its outputs still have to be committed if its worker died before.
    task = services.tasks.get_in_run(ref.task_id, ref.run)
    subtask = task.subtask(ref.no) if task else None
    if task is None or subtask is None:
        return None
    if subtask.is_terminal or task.status is TaskStatus.COMPLETED:
        return Finished(task, subtask)
    if not task.is_available(ref.no, now):
        return Redelivery(BUSY_SECONDS)
    if subtask.is_exhausted(services.settings.max_attempts):
        give_up_subtask(services, task, ref.no, now)
        return None
    if left := task.delay_before(ref.no, now):
        return Redelivery(ceil(left / 1000))  # an attempt of a duplicate delivery has failed meanwhile
    return Redelivery(RACE_SECONDS)
