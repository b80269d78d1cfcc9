"""The transitions of a task: for each, its condition, its changes, and how its effect is recognized.

A transition is one conditional update of the task's item. AWS's clients repeat a request whose response was lost. If
the first request took effect, its effect makes the condition of the second one fail. Then `was_made` decides, by values
that only this transition writes.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.update import Action

from shared.domain.subtask import (
    UNCOUNTED_FACTOR,
    Failure,
    FinalState,
    Lease,
    SubtaskRef,
    SubtaskStatus,
    Wait,
    WaitReason,
)
from shared.domain.task import EARLY_MS, STOP_FAILURES, TASK_ACTIONS, Task, TaskStatus
from shared.stores.task_codec import TaskItem, index_status, state_map, wait_map


@dataclass(frozen=True)
class Transition:
    """A conditional update of a task. `was_made` gets the task in `run`; without it, the effect isn't recognized."""

    condition: Condition
    changes: list[Action]
    run: int
    was_made: Callable[[Task], bool] | None = None


class TaskTransitions:
    """Builds the transitions for the items of one table."""

    def __init__(self, items: type[TaskItem]) -> None:
        """Build them for that model."""
        self._items = items

    def mark_sent(self, task: Task, numbers: Collection[int]) -> Transition:
        """The messages of these subtasks are in the queue, and none was postponed since they were sent."""
        condition = self._items.run == task.run
        for no in sorted(numbers):
            wait, until = task.subtasks[no - 1].wait, self._subtask(no)["wait"]["until"]
            same = until.does_not_exist()  # also if it has been claimed meanwhile
            condition &= same | (until == wait.until) if wait else same
        return Transition(condition, [self._items.unsent.delete(set(numbers))], task.run)

    def claim(self, ref: SubtaskRef, now: int, lease_until: int, max_attempts: int, owner: str) -> Transition:
        """An attempt takes the lease on an available subtask whose time has come and that has attempts left.

        The owner is a token that no other claim uses, so that a claim whose response was lost is recognized.
        """
        subtask = self._subtask(ref.no)
        wait = subtask["wait"]
        in_time = wait.does_not_exist() | (wait["until"] <= now + EARLY_MS) | (wait["reason"] == str(WaitReason.BUDGET))
        condition = (
            (self._items.run == ref.run)
            & self._available(ref.no, now)
            & in_time
            & (subtask["counted_attempts"] < max_attempts)
            & (subtask["attempt"] < max_attempts * UNCOUNTED_FACTOR)
        )
        changes = [
            subtask["status"].set(str(SubtaskStatus.IN_PROGRESS)),
            subtask["attempt"].set(subtask["attempt"] + 1),
            subtask["counted_attempts"].set(subtask["counted_attempts"] + 1),
            subtask["lease_until"].set(lease_until),
            subtask["owner"].set(owner),
            subtask["started_at"].set(subtask["started_at"] | now),
            wait.remove(),
            self._items.status.set(str(TaskStatus.IN_PROGRESS)),
            self._items.ix_status.set(index_status(ref.tenant, TaskStatus.IN_PROGRESS, ref.task_id)),
            self._items.started_at.set(self._items.started_at | now),
            self._items.unsent.delete({ref.no}),
        ]
        return Transition(condition, changes, ref.run, lambda task: was_claimed(task, ref, owner))

    def renew(self, lease: Lease, lease_until: int) -> Transition:
        """The owner of a lease renews it."""
        changes = [self._subtask(lease.no)["lease_until"].set(lease_until)]
        return Transition(self._owns(lease), changes, lease.run)

    def release(self, lease: Lease, wait: Wait, *, uncounted: bool) -> Transition:
        """The owner gives the subtask back for another attempt; an uncounted one doesn't count against the file."""
        subtask = self._subtask(lease.no)
        changes = [
            subtask["status"].set(str(SubtaskStatus.WAITING)),
            subtask["wait"].set(wait_map(wait)),
        ]
        if uncounted:
            changes.append(subtask["counted_attempts"].set(subtask["counted_attempts"] - 1))
        return Transition(self._owns(lease), changes, lease.run, lambda task: was_released(task, lease, wait))

    def postpone(self, task: Task, no: int, now: int, wait: Wait) -> Transition:
        """An available subtask waits for the budget, its message unsent; if its task was waiting, it still is."""
        subtask = self._subtask(no)
        changes = [
            subtask["status"].set(str(SubtaskStatus.WAITING)),
            subtask["wait"].set(wait_map(wait)),
            self._items.unsent.add({no}),
            self._items.due_at.set(min([wait.until, *task.next_due_times(now)])),
        ]
        condition = (self._items.run == task.run) & self._available(no, now)
        if task.status is TaskStatus.WAITING:
            condition &= self._items.status == str(TaskStatus.WAITING)
        return Transition(condition, changes, task.run)

    def finish(self, seen: Task, lease: Lease, final_state: FinalState, now: int) -> Transition:
        """The owner ends its subtask; the changes are computed from `seen`, which must still be true."""
        return self._end_subtask(seen, lease, final_state, now, self._owns(lease))

    def give_up(self, seen: Task, no: int, final_state: FinalState, now: int) -> Transition:
        """An available subtask ends without an attempt."""
        ref = SubtaskRef(seen.id, seen.run, no, seen.tenant)
        condition = (self._items.run == seen.run) & self._available(no, now)
        return self._end_subtask(seen, ref, final_state, now, condition)

    def restart(self, task: Task, now: int, first_check_ms: int, *, only_failed: bool) -> Transition:
        """The next run of a completed task begins; with `only_failed`, successes are carried over."""
        new = task.restarted(now, only_failed=only_failed)
        changes = [
            self._items.run.set(new.run),
            self._items.subtasks.set({str(s.no): state_map(s) for s in new.subtasks}),
            self._items.pending.set(set(new.pending)),
            self._items.unsent.set(set(new.unsent)),
            self._items.due_at.set(now + first_check_ms),
            self._items.restarted_at.set(now),
            self._items.outcome.remove(),
            self._items.started_at.remove(),
            self._items.ended_at.remove(),
            *self._status_changes(new),
        ]
        return Transition(self._permits(task, "restart"), changes, new.run, lambda run: was_restarted(run, new))

    def end(self, task: Task, now: int) -> Transition:
        """A waiting task completes before any of its subtasks starts."""
        return self._stop(task, "end", now, self._permits(task, "end"))

    def cancel(self, task: Task, now: int) -> Transition:
        """An unfinished task completes: ended subtasks stay, the others fail, and their attempts lose their leases."""
        # `pending` shows that the task is unfinished and that no subtask has ended since it was read.
        return self._stop(
            task, "cancel", now, (self._items.run == task.run) & (self._items.pending == set(task.pending))
        )

    def schedule_check(self, task: Task, due_at: int) -> Transition:
        """The sweeper checks an unfinished task again at that time."""
        unfinished = self._items.status != str(TaskStatus.COMPLETED)
        return Transition((self._items.run == task.run) & unfinished, [self._items.due_at.set(due_at)], task.run)

    def _stop(self, task: Task, action: str, now: int, condition: Condition) -> Transition:
        after = task.stopped(STOP_FAILURES[action], now)
        changes = [self._items.pending.remove(), self._items.unsent.remove(), *self._completion_changes(after)]
        for no in sorted(task.pending):
            changes += self._subtask_changes(after, no, ("status", "ended_at", "failure"))
            changes.append(self._subtask(no)["wait"].remove())
        return Transition(condition, changes, task.run, lambda run: was_stopped(run, task, STOP_FAILURES[action], now))

    def _end_subtask(
        self, seen: Task, ref: SubtaskRef, final_state: FinalState, now: int, may_end: Condition
    ) -> Transition:
        """Return the transition that ends a subtask, and the task if it is the last one.

        The changes can't depend on a condition such as "if it is the last one". So they are computed from the state
        that the caller has seen, and the condition is that this state is still true.
        """
        after = seen.after(ref.no, final_state, now)
        gone = seen.pending - after.pending
        changes: list[Action] = [self._items.pending.delete(set(gone))]
        ends = ("status", "ended_at", "failure", "output", "record", "skipped")
        for other in sorted(gone):
            changes += self._subtask_changes(after, other, ends)
            changes.append(self._subtask(other)["wait"].remove())
        if freed := after.unsent - seen.unsent:
            changes.append(self._items.unsent.add(set(freed)))
        else:  # a success is never unsent; a subtask that is given up may have been postponed meanwhile
            changes.append(self._items.unsent.delete(set(gone)))
        if after.status is TaskStatus.COMPLETED:
            changes += self._completion_changes(after)
        elif after.status is not seen.status:
            changes += self._status_changes(after)
        return Transition(
            self._still_follows(may_end, seen, after),
            changes,
            ref.run,
            lambda task: was_ended(task, ref, final_state),
        )

    def _still_follows(self, may_end: Condition, seen: Task, after: Task) -> Condition:
        """Return the condition: the caller may end the subtask, and `after` still follows from the stored state."""
        if any(s.needs for s in seen.subtasks):
            others: Condition = self._items.pending == set(seen.pending)
        elif after.pending:
            others = size(self._items.pending) > 1
        else:  # It was the only pending one, and still is: `pending` only shrinks, and this one is unfinished.
            return may_end
        both: Condition = may_end & others
        return both

    def _subtask_changes(self, task: Task, no: int, names: Collection[str]) -> list[Action]:
        changed = state_map(task.subtasks[no - 1])
        return [self._subtask(no)[name].set(changed[name]) for name in names if name in changed]

    def _status_changes(self, task: Task) -> list[Action]:
        state = task.outcome or task.status
        return [
            self._items.status.set(str(task.status)),
            self._items.ix_status.set(index_status(task.tenant, state, task.id)),
        ]

    def _completion_changes(self, task: Task) -> list[Action]:
        return [
            *self._status_changes(task),
            self._items.outcome.set(str(task.outcome)),
            self._items.ended_at.set(task.ended_at or 0),
            self._items.due_at.remove(),
        ]

    def _subtask(self, no: int) -> Any:  # noqa: ANN401 - PynamoDB's paths are untyped
        return self._items.subtasks[str(no)]

    def _permits(self, task: Task, action: str) -> Condition:
        """Return the condition: the task is in this run, and in a status that permits the action."""
        permits: Condition = (self._items.run == task.run) & self._items.status.is_in(*map(str, TASK_ACTIONS[action]))
        return permits

    def _available(self, no: int, now: int) -> Condition:
        """Return the condition: the subtask waits, or its lease has expired. See Task.is_available."""
        subtask = self._subtask(no)
        expired = (subtask["status"] == str(SubtaskStatus.IN_PROGRESS)) & (subtask["lease_until"] < now)
        available: Condition = (subtask["status"] == str(SubtaskStatus.WAITING)) | expired
        return available

    def _owns(self, lease: Lease) -> Condition:
        """Return the condition: the lease still owns its subtask. See Task.has_lease."""
        subtask = self._subtask(lease.no)
        owns: Condition = (
            (self._items.run == lease.run)
            & (subtask["attempt"] == lease.attempt)
            & (subtask["status"] == str(SubtaskStatus.IN_PROGRESS))
        )
        return owns


def was_claimed(task: Task, ref: SubtaskRef, owner: str) -> bool:
    """Whether exactly that claim has the lease on its subtask, which may not exist."""
    subtask = task.subtask(ref.no)
    held = (task.run, subtask.status, subtask.owner) if subtask else None
    return held == (ref.run, SubtaskStatus.IN_PROGRESS, owner)


def was_released(task: Task, lease: Lease, wait: Wait) -> bool:
    """Whether that attempt gave its subtask back, with that wait."""
    subtask = task.subtasks[lease.no - 1]
    left = (subtask.status, subtask.attempt, subtask.wait)
    return task.run == lease.run and left == (SubtaskStatus.WAITING, lease.attempt, wait)


def was_ended(task: Task, ref: SubtaskRef, final_state: FinalState) -> bool:
    """Whether a subtask ended with exactly this state; the record identifies the attempt."""
    subtask = task.subtasks[ref.no - 1]
    same = (task.run, subtask.status, subtask.record) == (ref.run, final_state.status, final_state.record)
    return same and final_state.record is not None


def was_stopped(task: Task, seen: Task, failure: Failure, at: int) -> bool:
    """Whether all subtasks that were seen pending were ended at that time, for that reason."""
    left = {(s.failure, s.ended_at) for s in task.subtasks if s.no in seen.pending}
    return task.run == seen.run and left == {(failure, at)}


def was_restarted(task: Task, new: Task) -> bool:
    """Whether the task's run began like `new`: at the same time, with the same successes carried over."""
    return task.restarted_at == new.restarted_at and task.began_like(new)
