"""Why a waiting subtask waits, told to the person who asks at night. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.domain.subtask import Subtask, SubtaskStatus, WaitReason
from shared.domain.task import Lane, Task
from shared.errors import ServiceBusy


@dataclass(frozen=True)
class Waiting:
    """Why a subtask waits: a reason for a program, a sentence for a person, and what each reason has to tell.

    `needs` are the numbers of the subtasks that it waits for, `retry_at` is epoch milliseconds, and `ahead` says about
    how many messages of others wait in its lane's queue.
    """

    reason: WaitReason
    message: str
    lane: Lane
    needs: tuple[int, ...] | None = None
    retry_at: int | None = None
    ahead: int | None = None


def explain(
    task: Task, subtasks: Iterable[Subtask], now: int, messages_in: Callable[[Lane], int] | None = None
) -> dict[int, Waiting]:
    """Say of each of these subtasks that waits why it does, by its number.

    `messages_in` tells how many messages wait in a lane; it is asked once, and only if one of them is queued.
    """
    waiting = [s for s in subtasks if s.status is SubtaskStatus.WAITING]
    reasons = [reason_of(task, s, now) for s in waiting]
    ahead = others(task.lane, messages_in) if messages_in and WaitReason.QUEUED in reasons else None
    return {s.no: told(task, s, reason, ahead) for s, reason in zip(waiting, reasons, strict=True)}


def reason_of(task: Task, subtask: Subtask, now: int) -> WaitReason:
    """Return what a waiting subtask waits for."""
    if subtask.no not in task.ready():
        return WaitReason.PREDECESSOR
    later = subtask.wait if subtask.wait_until > now else None
    if later and later.reason is WaitReason.BUDGET and subtask.no in task.unsent:
        return WaitReason.BUDGET
    if subtask.no in task.unsent:
        return WaitReason.UNSENT
    return later.reason if later and later.reason is not WaitReason.BUDGET else WaitReason.QUEUED


def others(lane: Lane, messages_in: Callable[[Lane], int]) -> int | None:
    """Return about how many messages wait in a lane beside one's own; None when the queue can't tell now."""
    try:
        return max(messages_in(lane) - 1, 0)
    except ServiceBusy:
        return None


def told(task: Task, subtask: Subtask, reason: WaitReason, ahead: int | None) -> Waiting:
    """Return the whole explanation of a reason."""
    if reason is WaitReason.PREDECESSOR:
        needed = (task.subtasks[no - 1] for no in subtask.needs)
        missing = [one for one in needed if one.status is not SubtaskStatus.SUCCESSFUL]
        *first, last = [f"{one.no} ({one.name})" for one in missing]
        names = f"subtasks {', '.join(first)} and {last}" if first else f"subtask {last}"
        return Waiting(reason, f"waits for {names} to succeed", task.lane, needs=tuple(one.no for one in missing))
    if reason is WaitReason.BUDGET and subtask.wait:
        message = f"{subtask.wait.detail.message}; asks again at {clock(subtask)}, and the new day begins at 00:00 UTC"
        return Waiting(reason, message, task.lane, retry_at=subtask.wait_until)
    if reason is WaitReason.UNSENT:
        message = "not sent to the queue yet; it goes out within minutes"
        return Waiting(reason, message, task.lane)
    if reason is WaitReason.JOB:
        message = f"{job_of(subtask)}; looks again at {clock(subtask)} (look {subtask.attempt + 1})"
        return Waiting(reason, message, task.lane, retry_at=subtask.wait_until)
    if reason is WaitReason.RETRY:
        because = f", because {subtask.wait.detail.message}" if subtask.wait else ""
        message = f"tries again at {clock(subtask)}{because} (attempt {subtask.attempt + 1})"
        return Waiting(reason, message, task.lane, retry_at=subtask.wait_until)
    return Waiting(reason, queued(task.lane, subtask, ahead), task.lane, ahead=ahead)


def clock(subtask: Subtask) -> str:
    """Return the time of a subtask's next attempt."""
    return f"{datetime.fromtimestamp(subtask.wait_until / 1000, UTC):%H:%M:%S} UTC"


def queued(lane: Lane, subtask: Subtask, ahead: int | None) -> str:
    """Return the sentence about a subtask that waits for a worker."""
    queue = f"the {lane.lower()} queue"
    job = job_of(subtask)
    attempt = f"queued for {'look' if job else 'attempt'} {subtask.attempt + 1}" if subtask.attempt else "queued"
    if ahead is None:
        place = f"in {queue}"
    elif ahead == 0:
        place = f"in {queue}, where no other subtask waits: the next free worker takes it"
    else:
        place = f"behind about {ahead:,} other subtask{'s' if ahead > 1 else ''} in {queue}"
    if job:
        return f"{job}; {attempt} {place}"
    before = f"; attempt {subtask.attempt} ended because {subtask.wait.detail.message}" if subtask.wait else ""
    return f"{attempt} {place}{before}"


def job_of(subtask: Subtask) -> str | None:
    """Return the job elsewhere that a subtask waits for ("waiting for …"); None if it waits for something else."""
    return subtask.wait.detail.message if subtask.wait and subtask.wait.reason is WaitReason.JOB else None
