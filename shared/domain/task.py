"""A task: one source, its numbered subtasks, and the legal transitions. Pure: no clock, no AWS."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from shared.domain.subtask import DEFAULT_TENANT, Failure, FinalState, Lease, Subtask, SubtaskStatus

MAX_SUBTASKS = 50  # One DynamoDB item stores all of them, and an item is limited to 400 KB.
SKIPPED = "Skipped.PredecessorFailed"
# How early the next attempt may begin: SQS hides its message by another clock than the one that set its time.
EARLY_MS = 1000


class TaskStatus(StrEnum):
    """The status of a task, derived from its subtasks."""

    WAITING = "WAITING"  # no subtask of this run has started
    IN_PROGRESS = "IN_PROGRESS"  # a subtask has started, and not all are terminal
    COMPLETED = "COMPLETED"  # all subtasks are terminal; the outcome shows the result


class Outcome(StrEnum):
    """The outcome of a completed task, which is not necessarily a success."""

    SUCCEEDED = "SUCCEEDED"
    PARTIALLY_FAILED = "PARTIALLY_FAILED"
    FAILED = "FAILED"
    ENDED = "ENDED"  # by a person: before it started, or canceled while it ran


class Lane(StrEnum):
    """The queue of a task's subtasks: a backlog in one queue doesn't delay the others."""

    URGENT = "URGENT"  # priority above 0
    STANDARD = "STANDARD"
    BACKGROUND = "BACKGROUND"  # priority below 0


# The actions that people take on a task, and the statuses in which each is legal.
TASK_ACTIONS: Mapping[str, frozenset[TaskStatus]] = {
    "restart": frozenset({TaskStatus.COMPLETED}),
    "end": frozenset({TaskStatus.WAITING}),
    "cancel": frozenset({TaskStatus.WAITING, TaskStatus.IN_PROGRESS}),
}


@dataclass(frozen=True)
class Source:
    """The input object, fixed to one version when the task is created. `size` in bytes."""

    bucket: str
    key: str
    size: int
    e_tag: str
    version_id: str | None = None


@dataclass(frozen=True)
class OrchestrationRef:
    """The orchestration, and its version, that created a task."""

    name: str
    version: int


# The failure of subtasks that a person's action ended.
STOP_FAILURES: Mapping[str, Failure] = {
    "end": Failure("Canceled.TaskEnded", "the task was ended before this subtask started"),
    "cancel": Failure("Canceled.TaskCanceled", "the task was canceled before this subtask finished"),
}


@dataclass(frozen=True)
class Task:
    """One source, its subtasks, and the state of one run. Times are epoch milliseconds."""

    id: str
    source: Source
    subtasks: tuple[Subtask, ...]
    created_at: int
    output_prefix: str
    orchestration: OrchestrationRef | None = None
    tenant: str = DEFAULT_TENANT
    run: int = 1
    status: TaskStatus = TaskStatus.WAITING
    outcome: Outcome | None = None
    priority: int = 0
    client_token: str | None = None
    session_context: str | None = None
    restarted_at: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    pending: frozenset[int] = field(default=frozenset())
    unsent: frozenset[int] = field(default=frozenset())

    @property
    def lane(self) -> Lane:
        """The queue of its subtasks."""
        if self.priority == 0:
            return Lane.STANDARD
        return Lane.URGENT if self.priority > 0 else Lane.BACKGROUND

    @property
    def run_at(self) -> int:
        """When this run was requested."""
        return self.created_at if self.restarted_at is None else self.restarted_at

    def subtask(self, no: int) -> Subtask | None:
        """Return the subtask of that number; None if there is none."""
        return self.subtasks[no - 1] if 1 <= no <= len(self.subtasks) else None

    @property
    def progress(self) -> int:
        """Progress in percent: the mean of its subtasks, where ended ones count as 100."""
        return sum(100 if s.is_terminal else s.progress for s in self.subtasks) // len(self.subtasks)

    @property
    def subtask_counts(self) -> dict[SubtaskStatus, int]:
        """The number of subtasks in each status; every status is present."""
        counts = Counter(s.status for s in self.subtasks)
        return {status: counts[status] for status in SubtaskStatus}

    @property
    def skipped_count(self) -> int:
        """The number of successful subtasks that did nothing, because their condition was not met."""
        return sum(s.skipped is not None for s in self.subtasks)

    @property
    def first_failure(self) -> Failure | None:
        """The failure of the first failed subtask, except for skipped ones, which explain nothing."""
        failed = (s.failure for s in self.subtasks if s.status is SubtaskStatus.FAILED)
        return next((failure for failure in failed if failure and failure.code != SKIPPED), None)

    def has_lease(self, lease: Lease) -> bool:
        """Whether that lease still owns its subtask."""
        subtask = self.subtask(lease.no)
        return (
            self.run == lease.run
            and subtask is not None
            and subtask.status is SubtaskStatus.IN_PROGRESS
            and subtask.attempt == lease.attempt
        )

    def is_success_of(self, lease: Lease) -> bool:
        """Whether its subtask succeeded in this run by exactly that attempt."""
        subtask = self.subtask(lease.no)
        return subtask is not None and (subtask.status, subtask.record) == (SubtaskStatus.SUCCESSFUL, lease.record)

    def is_available(self, no: int, now: int) -> bool:
        """Whether an attempt may take that subtask: it is waiting, or its lease has expired."""
        subtask = self.subtasks[no - 1]
        expired = subtask.status is SubtaskStatus.IN_PROGRESS and subtask.lease_until < now
        return expired or subtask.status is SubtaskStatus.WAITING

    def delay_before(self, no: int, now: int) -> int:
        """Return the milliseconds until that subtask's next attempt may begin; 0 means now.

        A subtask that is postponed for the budget may begin as soon as it is sent, which may be early.
        """
        subtask = self.subtasks[no - 1]
        left = subtask.wait_until - now
        return left if left > EARLY_MS and not subtask.is_over_budget else 0

    def ready(self) -> frozenset[int]:
        """Return the waiting subtasks whose predecessors have all succeeded."""
        done = {s.no for s in self.subtasks if s.status is SubtaskStatus.SUCCESSFUL}
        return frozenset(s.no for s in self.subtasks if s.status is SubtaskStatus.WAITING and done.issuperset(s.needs))

    def is_first_attempt(self, no: int) -> bool:
        """Whether the attempt at subtask `no` that was just claimed is the first one of this run."""
        others = (s.attempt for s in self.subtasks if s.no != no and not s.carried_from)
        return self.subtasks[no - 1].attempt == 1 and not any(others)

    @property
    def postponed(self) -> frozenset[int]:
        """The unsent subtasks that wait for the day's budget."""
        return self.unsent & {s.no for s in self.subtasks if s.is_over_budget}

    def due_for_sending(self, now: int) -> frozenset[int]:
        """Return the unsent subtasks whose messages may be sent now, without those that are postponed until later."""
        return frozenset(no for no in self.unsent if self.subtasks[no - 1].wait_until <= now)

    def next_due_times(self, now: int) -> list[int]:
        """Return when each lease expires if no worker renews it, and when each postponed subtask may be sent."""
        leases = (s.lease_until + 1 for s in self.subtasks if s.status is SubtaskStatus.IN_PROGRESS)
        postponed = (self.subtasks[no - 1].wait_until for no in self.unsent)
        return [at for at in (*leases, *postponed) if at > now]

    def ready_at(self, no: int) -> int:
        """Return when a waiting subtask became ready, or when it will be, in epoch milliseconds."""
        subtask = self.subtasks[no - 1]
        freed = [self.subtasks[needed - 1].ended_at or 0 for needed in subtask.needs]
        return max(self.run_at, subtask.wait_until, *freed)

    def unreachable_after(self, no: int) -> frozenset[int]:
        """Return the waiting subtasks that can never start once subtask `no` has failed."""
        doomed: set[int] = {no}
        while more := {s.no for s in self.subtasks if s.no not in doomed and doomed.intersection(s.needs)}:
            doomed |= more
        return frozenset(doomed - {no})

    def after(self, no: int, final_state: FinalState, at: int) -> "Task":
        """Return the task after subtask `no` has ended: its successors become ready or are skipped."""
        changed = {
            no: replace(
                self.subtasks[no - 1],
                status=final_state.status,
                ended_at=at,
                wait=None,
                failure=final_state.failure,
                output=final_state.output,
                record=final_state.record,
                skipped=final_state.skipped,
            )
        }
        if final_state.status is SubtaskStatus.FAILED:
            skipped = Failure(SKIPPED, f"subtask {no} ({self.subtasks[no - 1].name}) failed")
            for other in self.unreachable_after(no):
                changed[other] = replace(
                    self.subtasks[other - 1], status=SubtaskStatus.FAILED, ended_at=at, wait=None, failure=skipped
                )
        before = self.ready()
        task = replace(
            self,
            pending=self.pending - changed.keys(),
            subtasks=tuple(changed.get(s.no, s) for s in self.subtasks),
        )
        task = replace(task, unsent=self.unsent - changed.keys() | task.ready() - before)
        if task.pending:
            return replace(task, status=TaskStatus.IN_PROGRESS)
        outcome = outcome_of(s.status for s in task.subtasks)
        return replace(task, status=TaskStatus.COMPLETED, outcome=outcome, ended_at=at)

    def stopped(self, failure: Failure, at: int) -> "Task":
        """Return the task after a person ended or canceled it: the subtasks that had not ended have failed."""
        subtasks = tuple(
            s if s.is_terminal else replace(s, status=SubtaskStatus.FAILED, wait=None, failure=failure, ended_at=at)
            for s in self.subtasks
        )
        return replace(
            self,
            subtasks=subtasks,
            pending=frozenset(),
            unsent=frozenset(),
            status=TaskStatus.COMPLETED,
            outcome=Outcome.ENDED,
            ended_at=at,
        )

    def restarted(self, at: int, *, only_failed: bool = False) -> "Task":
        """Return the task at the beginning of its next run; with `only_failed`, successes are carried over."""
        subtasks = (
            replace(s, carried_from=s.carried_from or self.run)
            if only_failed and s.status is SubtaskStatus.SUCCESSFUL
            else s.fresh()
            for s in self.subtasks
        )
        task = replace(
            self,
            run=self.run + 1,
            subtasks=tuple(subtasks),
            outcome=None,
            restarted_at=at,
            started_at=None,
            ended_at=None,
        )
        return task.with_pending()

    def began_like(self, new: "Task") -> bool:
        """Whether this run has the same number as `new`, and began with the same successes carried over."""
        carried = [[s.carried_from for s in one.subtasks] for one in (self, new)]
        return self.run == new.run and carried[0] == carried[1]

    def was_stopped(self, action: str) -> bool:
        """Whether this run was completed by that action."""
        return any(s.failure == STOP_FAILURES[action] for s in self.subtasks)

    def with_pending(self) -> "Task":
        """Return the task with all subtasks that have not ended as pending, and the ready ones as unsent."""
        pending = frozenset(s.no for s in self.subtasks if not s.is_terminal)
        task = replace(self, status=TaskStatus.WAITING, pending=pending)
        return replace(task, unsent=task.ready())


def outcome_of(statuses: Iterable[SubtaskStatus]) -> Outcome:
    """Return the outcome of a task whose subtasks are all terminal."""
    kinds = set(statuses)
    if kinds == {SubtaskStatus.SUCCESSFUL}:
        return Outcome.SUCCEEDED
    return Outcome.PARTIALLY_FAILED if SubtaskStatus.SUCCESSFUL in kinds else Outcome.FAILED


def parse_version_id(text: str | None) -> str | None:
    """Return a version ID from S3; None without versions, where S3 returns nothing or "null"."""
    return None if text in {"", "null"} else text
