"""Tasks in DynamoDB: every transition is one conditional update, which returns the updated task."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

from pynamodb.exceptions import PynamoDBException
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from shared.domain.attempt_record import AttemptRecord
from shared.domain.subtask import FinalState, Lease, SubtaskRef, Wait
from shared.domain.task import MAX_SUBTASKS, Task
from shared.errors import NewerVersion, ServiceBusy
from shared.stores.dynamodb import bind_model, dynamodb_error, read_item, save_item, update_item
from shared.stores.forward_compatibility import refuse_newer
from shared.stores.plan_store import PlanStore
from shared.stores.task_codec import (
    TASK,
    TOKEN,
    AttemptItem,
    RunItem,
    TaskItem,
    TokenItem,
    record_from,
    record_json,
    run_from,
    run_json,
    run_key,
    task_from,
    task_item,
    token_key,
)
from shared.stores.task_transitions import TaskTransitions, Transition

SENT_WITHIN_MS = 60_000  # The sweeper looks for a crash between "write" and "send" after this time.


@dataclass(frozen=True)
class TokenClaim:
    """A client token stands for the task of one request: the task's ID, and the hash of the request."""

    task_id: str
    request: str


class TaskStore:
    """The tasks in the tasks table. The progress of running subtasks is in the ProgressStore.

    A refused transition returns None or False. A failed request raises ServiceBusy or ServiceRefused.
    """

    def __init__(self, table: str, resend_after_seconds: int = 900) -> None:
        """Bind to the table of that name; this makes no request."""
        self.items = bind_model(TaskItem, table)
        self._plans = PlanStore(table)
        self._transitions = TaskTransitions(self.items)
        self._attempts = bind_model(AttemptItem, table)
        self._runs = bind_model(RunItem, table)
        self._tokens = bind_model(TokenItem, table)
        self._first_check_ms = min(SENT_WITHIN_MS, resend_after_seconds * 1000)

    def create(self, task: Task) -> bool:
        """Put a new task; return False if its ID exists."""
        plan = self._plans.put(task.id, task.subtasks)
        item = task_item(task, self.items, plan, due_at=task.created_at + self._first_check_ms)
        return save_item(item, self.items.pk.does_not_exist())

    def get(self, task_id: str) -> Task | None:
        """Read the current state of a task; None if there is none with that ID."""
        item = read_item(self.items, task_id, TASK)
        return self.read(item) if item else None

    def read(self, item: TaskItem) -> Task:
        """Return the task in an item; raise NewerVersion."""
        return task_from(item, self._plans.get((item.pk, item.plan)) if item.plan else None)

    def read_many(self, items: Iterable[TaskItem]) -> Iterator[Task]:
        """Yield the tasks in items, without those that this version can't read, for example after a rollback."""
        rows = list(items)
        plans = self._plans.get_many([(item.pk, item.plan) for item in rows if item.plan])
        for item in rows:
            with suppress(NewerVersion):  # The reason is in the log.
                plan = plans.get((item.pk, item.plan)) if item.plan else None
                # A plan that was just stored may not be in an eventually consistent batch yet.
                yield task_from(item, plan) if plan else self.read(item)

    def get_token(self, tenant: str, token: str) -> TokenClaim | None:
        """Read the first claim of a client token; None if it is unused. Raise NewerVersion."""
        item = read_item(self._tokens, token_key(tenant, token), TOKEN)
        if item is None:
            return None
        refuse_newer(f"the client token {token}", item.schema_version)
        return TokenClaim(item.task_id, item.request)

    def claim_token(self, tenant: str, token: str, claim: TokenClaim) -> TokenClaim:
        """Claim a client token, and return its first claim."""
        item = self._tokens(token_key(tenant, token), task_id=claim.task_id, request=claim.request)
        if save_item(item, self._tokens.pk.does_not_exist()):
            return claim
        return self.get_token(tenant, token) or claim

    def mark_sent(self, task: Task, numbers: Collection[int]) -> Task | None:
        """Record that the messages of these subtasks are in the queue; refused if one was postponed since."""
        return self._apply(task.id, self._transitions.mark_sent(task, numbers))

    def claim(self, ref: SubtaskRef, now: int, lease_until: int, max_attempts: int) -> Task | None:
        """Take the lease on a subtask for its next attempt."""
        claim = self._transitions.claim(ref, now, lease_until, max_attempts, self.new_owner())
        return self._apply(ref.task_id, claim)

    def renew(self, lease: Lease, lease_until: int) -> Task | None:
        """Renew a lease; refused if another attempt owns the subtask."""
        return self._apply(lease.task_id, self._transitions.renew(lease, lease_until))

    def release(self, lease: Lease, wait: Wait, *, uncounted: bool) -> Task | None:
        """Give a subtask back for another attempt; an uncounted attempt doesn't count against the file."""
        return self._apply(lease.task_id, self._transitions.release(lease, wait, uncounted=uncounted))

    def postpone(self, task: Task, no: int, now: int, wait: Wait) -> Task | None:
        """Let an available subtask wait, with its message unsent; refused if its task was waiting and has started."""
        return self._apply(task.id, self._transitions.postpone(task, no, now, wait))

    def finish(self, seen: Task, lease: Lease, final_state: FinalState, now: int) -> Task | None:
        """End the subtask of a lease; `seen` is the newest state of the task that the caller knows."""
        return self._end_subtask(
            seen,
            lease,
            build=lambda task: self._transitions.finish(task, lease, final_state, now),
            still_may=lambda task: task.has_lease(lease),
        )

    def give_up(self, seen: Task, no: int, final_state: FinalState, now: int) -> Task | None:
        """End an available subtask without an attempt."""
        return self._end_subtask(
            seen,
            SubtaskRef(seen.id, seen.run, no, seen.tenant),
            build=lambda task: self._transitions.give_up(task, no, final_state, now),
            still_may=lambda task: task.run == seen.run and task.is_available(no, now),
        )

    def restart(self, task: Task, now: int, *, only_failed: bool = False) -> Task | None:
        """Begin the next run of a completed task; with `only_failed`, successes are carried over."""
        transition = self._transitions.restart(task, now, self._first_check_ms, only_failed=only_failed)
        return self._apply(task.id, transition)

    def end(self, task: Task, now: int) -> Task | None:
        """Complete a waiting task before any of its subtasks starts."""
        return self._apply(task.id, self._transitions.end(task, now)) if task.pending else None

    def cancel(self, task: Task, now: int) -> Task | None:
        """Complete an unfinished task: ended subtasks stay, the others fail, and their attempts lose their leases."""
        return self._apply(task.id, self._transitions.cancel(task, now)) if task.pending else None

    def schedule_check(self, task: Task, due_at: int) -> Task | None:
        """Set the time of the sweeper's next check of an unfinished task."""
        return self._apply(task.id, self._transitions.schedule_check(task, due_at))

    def delay_check(self, task_id: str, due_at: int) -> None:
        """Set the time of the sweeper's next check of an unfinished task, even of one that this version can't read."""
        self._write(task_id, [self.items.due_at.set(due_at)], self.items.due_at.exists())

    def put_record(self, lease: Lease, record: AttemptRecord, expires_at: int | None = None) -> None:
        """Write the record of an attempt, before the transition that refers to it.

        The record of an attempt that lost its lease expires, at epoch seconds.
        """
        save_item(self._attempts(lease.task_id, lease.record, record=record_json(record), expires_at=expires_at))

    def put_run(self, task: Task) -> None:
        """Write a completed run, before the transition that begins the next one; repeating this is harmless."""
        save_item(self._runs(task.id, run_key(task.run), record=run_json(task)))

    def get_run(self, task: Task, run: int) -> Task | None:
        """Return a task in its newest run, or read it at the end of an earlier one; None if there is no such run."""
        if run == task.run:
            return task
        item = read_item(self._runs, task.id, run_key(run))
        return run_from(task, item) if item else None

    def get_in_run(self, task_id: str, run: int) -> Task | None:
        """Read a task in its newest run, or at the end of an earlier one; None if there is no such run."""
        newest = self.get(task_id)
        return self.get_run(newest, run) if newest else None

    def get_records(self, task_id: str, run: int, no: int) -> list[tuple[int, AttemptRecord]]:
        """Read the record of each attempt at a subtask, with the attempt's number."""
        prefix = Lease(task_id, run, no, attempt=0).record.removesuffix("0")
        try:
            items = list(self._attempts.query(task_id, self._attempts.sk.startswith(prefix), consistent_read=True))
        except PynamoDBException as error:
            raise dynamodb_error(error) from error
        return sorted(
            ((int(item.sk.removeprefix(prefix)), record_from(item)) for item in items),
            key=lambda found: found[0],
        )

    def get_record(self, task_id: str, key: str) -> AttemptRecord | None:
        """Read the record of an attempt."""
        item = read_item(self._attempts, task_id, key)
        return record_from(item) if item else None

    def new_owner(self) -> str:
        """Return a token that no other claim uses."""
        return uuid4().hex

    def _end_subtask(
        self, seen: Task, ref: SubtaskRef, build: Callable[[Task], Transition], still_may: Callable[[Task], bool]
    ) -> Task | None:
        """Try the transition that ends a subtask, built from the newest state that is known.

        `pending` only shrinks within a run. So without links between subtasks the second try, built from a consistent
        read, is accepted.
        """
        for _ in range(MAX_SUBTASKS + 1):
            if ref.no not in seen.pending:
                return None  # `pending` only shrinks: it has ended before
            transition = build(seen)
            if item := self._write(ref.task_id, transition.changes, transition.condition):
                return self.read(item)
            newest = self.get_in_run(ref.task_id, ref.run)
            if newest and transition.was_made and transition.was_made(newest):
                return newest
            if newest is None or not still_may(newest):
                return None
            seen = newest
        message = f"task {ref.task_id} changes too fast to end its subtask {ref.no}; it will be retried"
        raise ServiceBusy(message)

    def _apply(self, task_id: str, transition: Transition) -> Task | None:
        """Apply a transition; return the updated task, None if the condition refuses it."""
        item = self._write(task_id, transition.changes, transition.condition)
        if item:
            return self.read(item)
        if not transition.was_made:
            return None
        seen = self.get_in_run(task_id, transition.run)
        return seen if seen and transition.was_made(seen) else None

    def _write(self, task_id: str, changes: list[Action], condition: Condition) -> TaskItem | None:
        """Update the item of a task; return the updated item, None if the condition refuses the update."""
        item = self.items(task_id, TASK)
        return item if update_item(item, changes, condition) else None
