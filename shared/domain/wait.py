"""Explanations of why a subtask waits, for the person on call. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.domain.subtask import Subtask, SubtaskStatus, WaitReason
from shared.domain.task import Lane, Task
from shared.errors import ServiceBusy


@dataclass(frozen=True)
class WaitExplanation:
    """Why a subtask waits: a reason for programs, a sentence for people, and the facts of that reason.

    `needs` has the numbers of the subtasks that it waits for. `until` is when its next attempt may start, in epoch
    milliseconds. `ahead` is about how many messages of other subtasks wait in its lane's queue.
    """

    reason: WaitReason
    message: str
    lane: Lane
    needs: tuple[int, ...] | None = None
    until: int | None = None
    ahead: int | None = None


def explain_waits(
    task: Task, subtasks: Iterable[Subtask], now: int, messages_in: Callable[[Lane], int] | None = None
) -> dict[int, WaitExplanation]:
    """Return why each waiting subtask among these waits, by its number.

    `messages_in` returns how many messages wait in a lane's queue. It is called once, and only if a subtask is queued.
    """
    waiting = [s for s in subtasks if s.status is SubtaskStatus.WAITING]
    reasons = [reason_to_wait(task, s, now) for s in waiting]
    ahead = messages_ahead(task.lane, messages_in) if messages_in and WaitReason.QUEUED in reasons else None
    return {s.no: explain_wait(task, s, reason, ahead) for s, reason in zip(waiting, reasons, strict=True)}


def reason_to_wait(task: Task, subtask: Subtask, now: int) -> WaitReason:
    """Return the reason why a waiting subtask waits."""
    if subtask.no not in task.ready():
        return WaitReason.PREDECESSOR
    later = subtask.wait if subtask.wait_until > now else None
    if later and later.reason is WaitReason.BUDGET and subtask.no in task.unsent:
        return WaitReason.BUDGET
    if subtask.no in task.unsent:
        return WaitReason.UNSENT
    return later.reason if later and later.reason is not WaitReason.BUDGET else WaitReason.QUEUED


def messages_ahead(lane: Lane, messages_in: Callable[[Lane], int]) -> int | None:
    """Return about how many messages of other subtasks wait in a lane; None if the queue is too busy to answer."""
    try:
        return max(messages_in(lane) - 1, 0)
    except ServiceBusy:
        return None


def explain_wait(task: Task, subtask: Subtask, reason: WaitReason, ahead: int | None) -> WaitExplanation:
    """Return the full explanation of a reason."""
    if reason is WaitReason.PREDECESSOR:
        needed = (task.subtasks[no - 1] for no in subtask.needs)
        missing = [one for one in needed if one.status is not SubtaskStatus.SUCCESSFUL]
        *first, last = [f"{one.no} ({one.name})" for one in missing]
        names = f"subtasks {', '.join(first)} and {last}" if first else f"subtask {last}"
        needs = tuple(one.no for one in missing)
        return WaitExplanation(reason, f"waiting for {names} to succeed", task.lane, needs=needs)
    if reason is WaitReason.BUDGET and subtask.wait:
        message = (
            f"{subtask.wait.detail.message}; next check at {_start_time(subtask)}; the new day begins at 00:00 UTC"
        )
        return WaitExplanation(reason, message, task.lane, until=subtask.wait_until)
    if reason is WaitReason.UNSENT:
        return WaitExplanation(reason, "not queued yet; it will be within minutes", task.lane)
    if reason is WaitReason.JOB:
        message = f"{_awaited_job(subtask)}; next check at {_start_time(subtask)} (check {subtask.attempt + 1})"
        return WaitExplanation(reason, message, task.lane, until=subtask.wait_until)
    if reason is WaitReason.RETRY:
        cause = f": {subtask.wait.detail.message}" if subtask.wait else ""
        message = f"retrying at {_start_time(subtask)} (attempt {subtask.attempt + 1}){cause}"
        return WaitExplanation(reason, message, task.lane, until=subtask.wait_until)
    return WaitExplanation(reason, _explain_queue(task.lane, subtask, ahead), task.lane, ahead=ahead)


def _start_time(subtask: Subtask) -> str:
    """Return the time of a subtask's next attempt."""
    return f"{datetime.fromtimestamp(subtask.wait_until / 1000, UTC):%H:%M:%S} UTC"


def _explain_queue(lane: Lane, subtask: Subtask, ahead: int | None) -> str:
    """Return the sentence about a subtask that waits for a worker."""
    queue = f"the {lane.lower()} queue"
    job = _awaited_job(subtask)
    attempt = f"queued for {'check' if job else 'attempt'} {subtask.attempt + 1}" if subtask.attempt else "queued"
    if ahead is None:
        position = f"in {queue}"
    elif ahead == 0:
        position = f"next in {queue}: the next free worker starts it"
    else:
        position = f"behind about {ahead:,} other subtask{'s' if ahead > 1 else ''} in {queue}"
    if job:
        return f"{job}; {attempt} {position}"
    before = f"; attempt {subtask.attempt} ended: {subtask.wait.detail.message}" if subtask.wait else ""
    return f"{attempt} {position}{before}"


def _awaited_job(subtask: Subtask) -> str | None:
    """Return the job of another service that a subtask waits for ("waiting for …"); None if there is none."""
    return subtask.wait.detail.message if subtask.wait and subtask.wait.reason is WaitReason.JOB else None
