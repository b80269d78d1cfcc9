"""Tasks in DynamoDB: every move is one conditional update, and what it returns is the task as it then stands."""

from collections.abc import Callable, Collection
from typing import Any

from pynamodb.exceptions import PynamoDBException, UpdateError
from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.update import Action

from shared.domain import retried_write as lost_answer
from shared.domain.attempt_record import AttemptRecord
from shared.domain.task import (
    EARLY_MS,
    MAX_SUBTASKS,
    OVER_BUDGET,
    STOP_FAILURES,
    TASK_ACTIONS,
    UNCOUNTED_FACTOR,
    Failure,
    FinalState,
    Lease,
    SubtaskRef,
    SubtaskStatus,
    Task,
    TaskStatus,
)
from shared.errors import ServiceBusy
from shared.stores.dynamodb import REFUSED, bound, busy, read, save
from shared.stores.task_codec import (
    TASK,
    TOKEN,
    AttemptItem,
    RunItem,
    TaskItem,
    TokenItem,
    index_status,
    item_from,
    record_from,
    record_json,
    run_from,
    run_json,
    run_key,
    subtask_map,
    task_from,
)

# The run that a move belongs to, and whether the move was made, by how the task stands in that run.
Made = tuple[int, Callable[[Task], bool]]

SENT_WITHIN_MS = 60_000  # A crash between "write" and "send" is looked for after this long.


class TaskStore:
    """The tasks table. A refused move returns None or False; trouble with AWS raises ServiceBusy or ServiceRefused."""

    def __init__(self, table: str, resend_after_seconds: int = 900) -> None:
        """Bind to the table of that name; no request is made yet."""
        self.items = bound(TaskItem, table)
        self._attempts = bound(AttemptItem, table)
        self._runs = bound(RunItem, table)
        self._tokens = bound(TokenItem, table)
        self._first_look_ms = min(SENT_WITHIN_MS, resend_after_seconds * 1000)

    def create(self, task: Task) -> bool:
        """Put a new task; False when its ID exists."""
        item = item_from(task, self.items, due_at=task.created_at + self._first_look_ms)
        return save(item, self.items.pk.does_not_exist())

    def get(self, task_id: str) -> Task | None:
        """Read a task as it stands now; None when there is none of that ID."""
        item = read(self.items, task_id, TASK)
        return task_from(item) if item else None

    def claim_token(self, tenant: str, token: str, task_id: str) -> str:
        """Let a client token stand for a task ID; return the ID that it has stood for from its first use on."""
        key = f"TOKEN#{tenant}#{token}"
        if save(self._tokens(key, task_id=task_id), self._tokens.pk.does_not_exist()):
            return task_id
        first = read(self._tokens, key, TOKEN)
        return first.task_id if first else task_id

    def sent(self, task: Task, numbers: Collection[int]) -> Task | None:
        """Note that the messages of these subtasks are in the queue; refused if one was held back since they went."""
        condition = self.items.run == task.run
        for no in sorted(numbers):
            seen, retry_at = task.subtasks[no - 1].retry_at, self._path(no)["retry_at"]
            same = retry_at.does_not_exist()  # also of one that has been claimed meanwhile
            condition &= same | (retry_at == seen) if seen else same
        return self._update(task.id, [self.items.unsent.delete(set(numbers))], condition)

    def claim(self, ref: SubtaskRef, now: int, lease_until: int, max_attempts: int) -> Task | None:
        """Take the lease on a subtask for its next attempt."""
        subtask = self._path(ref.no)
        condition = (
            (self.items.run == ref.run)
            & self._free(ref.no, now)
            & self._in_time(ref.no, now)
            & (subtask["counted_attempts"] < max_attempts)
            & (subtask["attempt"] < max_attempts * UNCOUNTED_FACTOR)
        )
        actions = [
            subtask["status"].set(str(SubtaskStatus.IN_PROGRESS)),
            subtask["attempt"].set(subtask["attempt"] + 1),
            subtask["counted_attempts"].set(subtask["counted_attempts"] + 1),
            subtask["lease_until"].set(lease_until),
            subtask["started_at"].set(subtask["started_at"] | now),
            subtask["progress"].set(0),
            subtask["failure"].remove(),
            subtask["retry_at"].remove(),
            subtask["phase"].remove(),
            self.items.status.set(str(TaskStatus.IN_PROGRESS)),
            self.items.ix_status.set(index_status(ref.tenant, TaskStatus.IN_PROGRESS, ref.task_id)),
            self.items.started_at.set(self.items.started_at | now),
            self.items.unsent.delete({ref.no}),
        ]
        return self._update(ref.task_id, actions, condition)

    def beat(self, lease: Lease, lease_until: int, progress: int, phase: str) -> Task | None:
        """Renew a lease, and show how far its attempt is, in percent; refused once it no longer holds its subtask."""
        subtask = self._path(lease.no)
        actions = [
            subtask["lease_until"].set(lease_until),
            subtask["progress"].set(progress),
            subtask["phase"].set(phase),
        ]
        return self._update(lease.task_id, actions, self._held(lease))

    def release(self, lease: Lease, retry_at: int, failure: Failure, *, uncounted: bool) -> Task | None:
        """Give a subtask back unfinished, for another attempt; an excused one doesn't count against the file."""
        subtask = self._path(lease.no)
        actions = [
            subtask["status"].set(str(SubtaskStatus.WAITING)),
            subtask["retry_at"].set(retry_at),
            subtask["failure"].set(vars(failure)),
        ]
        if uncounted:
            actions.append(subtask["counted_attempts"].set(subtask["counted_attempts"] - 1))
        return self._update(
            lease.task_id,
            actions,
            self._held(lease),
            (lease.run, lambda run: lost_answer.released(run, lease, retry_at, failure)),
        )

    def postpone(self, task: Task, no: int, now: int, until: int, reason: Failure) -> Task | None:
        """Let a subtask that nobody holds wait until then, its message unsent; refused if a waiting task began."""
        subtask = self._path(no)
        actions = [
            subtask["status"].set(str(SubtaskStatus.WAITING)),
            subtask["retry_at"].set(until),
            subtask["failure"].set(vars(reason)),
            self.items.unsent.add({no}),
            self.items.due_at.set(min([until, *task.next_due_times(now)])),
        ]
        condition = (self.items.run == task.run) & self._free(no, now)
        if task.status is TaskStatus.WAITING:
            condition &= self.items.status == str(TaskStatus.WAITING)
        return self._update(task.id, actions, condition)

    def finish(self, seen: Task, lease: Lease, final_state: FinalState, now: int) -> Task | None:
        """End a held subtask; `seen` is the newest state that the caller knows, from which the first try guesses."""
        return self._end_subtask(seen, lease, final_state, now, self._held(lease), lambda task: task.holds(lease))

    def give_up(self, seen: Task, no: int, final_state: FinalState, now: int) -> Task | None:
        """End a subtask that nobody holds: it waits, or its lease is over."""
        ref = SubtaskRef(seen.id, seen.run, no, seen.tenant)
        condition = (self.items.run == seen.run) & self._free(no, now)
        return self._end_subtask(
            seen, ref, final_state, now, condition, lambda task: task.run == seen.run and task.free(no, now)
        )

    def restart(self, task: Task, now: int, *, only_failed: bool = False) -> Task | None:
        """Begin the next run of a completed task; with `only_failed`, what succeeded is carried over."""
        new = task.restarted(now, only_failed=only_failed)
        actions = [
            self.items.run.set(new.run),
            self.items.subtasks.set({str(s.no): subtask_map(s) for s in new.subtasks}),
            self.items.pending.set(set(new.pending)),
            self.items.unsent.set(set(new.unsent)),
            self.items.due_at.set(now + self._first_look_ms),
            self.items.restarted_at.set(now),
            self.items.outcome.remove(),
            self.items.started_at.remove(),
            self.items.ended_at.remove(),
            *self._stands(new),
        ]
        made = (new.run, lambda run: lost_answer.restarted(run, new))
        return self._update(task.id, actions, self._movable(task, "restart"), made)

    def end(self, task: Task, now: int) -> Task | None:
        """Complete a waiting task so that nothing of it ever starts."""
        return self._stop(task, "end", now, self._movable(task, "end"))

    def cancel(self, task: Task, now: int) -> Task | None:
        """Complete an unfinished task: what has ended stays, the rest fails, and its attempts lose their leases."""
        # What is pending tells that the task is unfinished, and that nothing of it has ended since.
        return self._stop(task, "cancel", now, (self.items.run == task.run) & (self.items.pending == set(task.pending)))

    def look_again(self, task: Task, due_at: int) -> Task | None:
        """Set the time at which the sweeper looks at an unfinished task next."""
        unfinished = self.items.status != str(TaskStatus.COMPLETED)
        return self._update(task.id, [self.items.due_at.set(due_at)], (self.items.run == task.run) & unfinished)

    def put_off(self, task_id: str, due_at: int) -> None:
        """Set the time of the sweeper's next look at an unfinished task, also at one that this version can't read."""
        self._write(task_id, [self.items.due_at.set(due_at)], self.items.due_at.exists())

    def put_record(self, lease: Lease, record: AttemptRecord, expires_at: int | None = None) -> None:
        """Write what an attempt did, before the move that points at it. A loser's expires, at epoch seconds."""
        save(self._attempts(lease.task_id, lease.record, record=record_json(record), expires_at=expires_at))

    def put_run(self, task: Task) -> None:
        """Keep a completed run, before the move that begins the next; once more writes the same."""
        save(self._runs(task.id, run_key(task.run), record=run_json(task)))

    def get_run(self, task: Task, run: int) -> Task | None:
        """Return a task as it stands in its newest run, or read what an earlier one left; None if there was none."""
        if run == task.run:
            return task
        item = read(self._runs, task.id, run_key(run))
        return run_from(task, item.record) if item else None

    def get_in_run(self, task_id: str, run: int) -> Task | None:
        """Read a task as it stands in a run, or as that run left it; None if there is no such run."""
        newest = self.get(task_id)
        return self.get_run(newest, run) if newest else None

    def get_records(self, task_id: str, run: int, no: int) -> list[tuple[int, AttemptRecord]]:
        """Read what each attempt at a subtask did, by the attempt's number."""
        prefix = Lease(task_id, run, no, attempt=0).record.removesuffix("0")
        try:
            items = list(self._attempts.query(task_id, self._attempts.sk.startswith(prefix), consistent_read=True))
        except PynamoDBException as error:
            raise busy(error) from error
        return sorted(
            ((int(item.sk.removeprefix(prefix)), record_from(item.record)) for item in items),
            key=lambda found: found[0],
        )

    def get_record(self, task_id: str, key: str) -> AttemptRecord | None:
        """Read what an attempt did."""
        item = read(self._attempts, task_id, key)
        return record_from(item.record) if item else None

    def _stop(self, task: Task, move: str, now: int, condition: Condition) -> Task | None:
        """Make the move of a person that ends all that had not ended."""
        if not task.pending:
            return None  # nothing is left to end
        after = task.stopped(STOP_FAILURES[move], now)
        actions = [self.items.pending.remove(), self.items.unsent.remove(), *self._completed(after)]
        for no in sorted(task.pending):
            changed = subtask_map(after.subtasks[no - 1])
            actions += [self._path(no)[name].set(changed[name]) for name in ("status", "ended_at", "failure")]
        made = (task.run, lambda run: lost_answer.stopped(run, task, STOP_FAILURES[move], now))
        return self._update(task.id, actions, condition, made)

    def _movable(self, task: Task, move: str) -> Condition:
        """Return the condition that the task is in this run, and in a status from which people may make the move."""
        movable: Condition = (self.items.run == task.run) & self.items.status.is_in(*map(str, TASK_ACTIONS[move]))
        return movable

    def _end_subtask(  # noqa: PLR0913, PLR0917 - one move, made by two callers
        self,
        seen: Task,
        ref: SubtaskRef,
        final_state: FinalState,
        now: int,
        mine: Condition,
        still_mine: Callable[[Task], bool],
    ) -> Task | None:
        """Make the move that ends a subtask, and the task with its last one, in one update.

        Whether it is the last can't be written as a condition on the change itself, so the first try takes it from
        what its worker saw last, and the update is refused if the world is otherwise. `pending` only shrinks
        within a run: without links between subtasks the second try, made from a consistent read, holds.
        """
        for _ in range(MAX_SUBTASKS + 1):
            if ref.no not in seen.pending:
                return None  # `pending` only shrinks: it has ended before
            after = seen.after(ref.no, final_state, now)
            done = self._update(
                ref.task_id,
                self._ending_actions(seen, after),
                self._so(mine, seen, after),
            )
            if done:
                return done
            newest = self.get_in_run(ref.task_id, ref.run)
            if newest and lost_answer.ended(newest, ref, final_state):
                return newest
            if newest is None or not still_mine(newest):
                return None
            seen = newest
        message = f"task {ref.task_id} changes too fast to end its subtask {ref.no}; it will be tried again"
        raise ServiceBusy(message)

    def _so(self, mine: Condition, seen: Task, after: Task) -> Condition:
        """Return the condition under which `after` follows from what was seen, for whoever may end the subtask."""
        if any(s.needs for s in seen.subtasks):
            others: Condition = self.items.pending == set(seen.pending)
        elif after.pending:
            others = size(self.items.pending) > 1
        else:  # it was the only one pending, and still is: `pending` only shrinks, and it has not ended
            return mine
        both: Condition = mine & others
        return both

    def _ending_actions(self, before: Task, after: Task) -> list[Action]:
        gone = before.pending - after.pending
        actions: list[Action] = [self.items.pending.delete(set(gone))]
        for other in sorted(gone):
            changed = subtask_map(after.subtasks[other - 1])
            ends = [
                name for name in ("status", "ended_at", "failure", "output", "record", "skipped") if name in changed
            ]
            actions += [self._path(other)[name].set(changed[name]) for name in ends]
        if freed := after.unsent - before.unsent:
            actions.append(self.items.unsent.add(set(freed)))
        else:  # whoever succeeds is not among them; one that was given up may have been held back meanwhile
            actions.append(self.items.unsent.delete(set(gone)))
        if after.status is TaskStatus.COMPLETED:
            return [*actions, *self._completed(after)]
        return [*actions, *self._stands(after)] if after.status is not before.status else actions

    def _stands(self, task: Task) -> list[Action]:
        state = task.outcome or task.status
        return [
            self.items.status.set(str(task.status)),
            self.items.ix_status.set(index_status(task.tenant, state, task.id)),
        ]

    def _completed(self, task: Task) -> list[Action]:
        return [
            *self._stands(task),
            self.items.outcome.set(str(task.outcome)),
            self.items.ended_at.set(task.ended_at or 0),
            self.items.due_at.remove(),
        ]

    def _path(self, no: int) -> Any:  # noqa: ANN401 - PynamoDB's paths are untyped
        return self.items.subtasks[str(no)]

    def _free(self, no: int, now: int) -> Condition:
        """Return the condition that nobody holds the subtask: it waits, or its lease is over."""
        subtask = self._path(no)
        lapsed = (subtask["status"] == str(SubtaskStatus.IN_PROGRESS)) & (subtask["lease_until"] < now)
        free: Condition = (subtask["status"] == str(SubtaskStatus.WAITING)) | lapsed
        return free

    def _in_time(self, no: int, now: int) -> Condition:
        """Return the condition that the subtask's next attempt may begin: see Task.early_by."""
        subtask = self._path(no)
        due = subtask["retry_at"].does_not_exist() | (subtask["retry_at"] <= now + EARLY_MS)
        in_time: Condition = due | subtask["failure"]["code"].startswith(OVER_BUDGET)
        return in_time

    def _held(self, lease: Lease) -> Condition:
        subtask = self._path(lease.no)
        held: Condition = (
            (self.items.run == lease.run)
            & (subtask["attempt"] == lease.attempt)
            & (subtask["status"] == str(SubtaskStatus.IN_PROGRESS))
        )
        return held

    def _update(
        self,
        task_id: str,
        actions: list[Action],
        condition: Condition,
        made: Made | None = None,
    ) -> Task | None:
        """Make a move; `made` tells, once it is refused, whether it had been made: see lost_answer."""
        item = self._write(task_id, actions, condition)
        if item:
            return task_from(item)
        if not made:
            return None
        run, is_made = made
        seen = self.get_in_run(task_id, run)
        return seen if seen and is_made(seen) else None

    def _write(self, task_id: str, actions: list[Action], condition: Condition) -> TaskItem | None:
        """Update the item of a task; return it as it then stands, None when the condition refuses the update."""
        item = self.items(task_id, TASK)
        try:
            item.update(actions=actions, condition=condition)
        except UpdateError as error:
            if error.cause_response_code != REFUSED:
                raise busy(error) from error
            return None
        return item
