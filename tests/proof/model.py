"""What must happen: a second, plain implementation of the transitions, to compare the real ones with."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from shared.domain.subtask import (
    UNCOUNTED_FACTOR,
    Failure,
    FinalState,
    Lease,
    Subtask,
    SubtaskRef,
    SubtaskStatus,
    Wait,
    WaitReason,
)
from shared.domain.task import Outcome, Task, TaskStatus

WAITING, RUNNING = SubtaskStatus.WAITING, SubtaskStatus.IN_PROGRESS
GOOD, BAD = SubtaskStatus.SUCCESSFUL, SubtaskStatus.FAILED
ENDED = (GOOD, BAD)


class Violation(AssertionError):
    """The real store broke a rule."""


@dataclass
class Model:
    """A task that makes the transitions. Each returns whether it was accepted."""

    task: Task
    max_attempts: int
    subtasks: dict[int, Subtask] = field(default_factory=dict)
    unsent: set[int] = field(default_factory=set)
    made: bool = False
    run: int = 1
    touched: bool = False
    stopped: bool = False
    restarted_at: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    past: dict[int, Task] = field(default_factory=dict)  # what was kept of each run, by its number

    def __post_init__(self) -> None:
        """Begin as the task is that will be created."""
        self.subtasks = {subtask.no: subtask for subtask in self.task.subtasks}
        self.unsent = set(self.ready())

    def pending(self) -> frozenset[int]:
        """Return the numbers of the subtasks that have not ended yet."""
        return frozenset(no for no, subtask in self.subtasks.items() if subtask.status not in ENDED)

    def ready(self) -> set[int]:
        """Return what waits for no other."""
        return {
            no
            for no, subtask in self.subtasks.items()
            if subtask.status is WAITING and all(self.subtasks[other].status is GOOD for other in subtask.needs)
        }

    def status(self) -> TaskStatus:
        """Return where the task stands."""
        if not self.pending():
            return TaskStatus.COMPLETED
        return TaskStatus.IN_PROGRESS if self.touched else TaskStatus.WAITING

    def outcome(self) -> Outcome | None:
        """Return how the task ended, if it did."""
        if self.pending():
            return None
        kinds = {subtask.status for subtask in self.subtasks.values()}
        if self.stopped:
            return Outcome.ENDED
        if kinds == {GOOD}:
            return Outcome.SUCCEEDED
        return Outcome.FAILED if kinds == {BAD} else Outcome.PARTIALLY_FAILED

    def expected(self) -> Task:
        """Return the task as it must stand."""
        return replace(
            self.task,
            run=self.run,
            status=self.status(),
            outcome=self.outcome(),
            subtasks=tuple(self.subtasks.values()),
            pending=self.pending(),
            unsent=frozenset(self.unsent),
            restarted_at=self.restarted_at,
            started_at=self.started_at,
            ended_at=self.ended_at,
        )

    def in_run(self, run: int) -> Task | None:
        """Return the task as it must stand in that run, or as that run was kept; None if it was not."""
        return self.expected() if run == self.run else self.past.get(run)

    def free(self, no: int, now: int) -> bool:
        """Whether that subtask has no owner."""
        subtask = self.subtasks[no]
        return subtask.status is WAITING or (subtask.status is RUNNING and subtask.lease_until < now)

    def is_owner(self, lease: Lease) -> bool:
        """Whether that attempt is the one that has the subtask."""
        subtask = self.subtasks[lease.no]
        return (self.run, RUNNING, subtask.attempt) == (lease.run, subtask.status, lease.attempt)

    def create(self) -> bool:
        """Only once."""
        first, self.made = not self.made, True
        return first

    def mark_sent(self, seen: Task, numbers: Iterable[int]) -> bool:
        """Only in this run, and while no subtask waits for another time than was seen."""
        for no in numbers:
            wait, seen_wait = self.subtasks[no].wait, seen.subtasks[no - 1].wait
            if wait and (seen_wait is None or wait.until != seen_wait.until):
                return False
        if seen.run != self.run:
            return False
        self.unsent -= set(numbers)
        return True

    def claim(self, ref: SubtaskRef, now: int, lease_until: int) -> bool:
        """Only in this run, while it has no owner, when its time has come, and not more often than allowed."""
        subtask = self.subtasks[ref.no]
        spent = subtask.counted_attempts >= self.max_attempts or subtask.attempt >= self.max_attempts * UNCOUNTED_FACTOR
        wait = subtask.wait
        early = wait is not None and wait.reason is not WaitReason.BUDGET and wait.until > now + 1000
        if ref.run != self.run or spent or not self.free(ref.no, now) or early:
            return False
        if any(self.subtasks[other].status is not GOOD for other in subtask.needs):
            raise Violation(f"subtask {ref.no} was sent before what it needs had succeeded")
        self.subtasks[ref.no] = replace(
            subtask,
            status=RUNNING,
            attempt=subtask.attempt + 1,
            counted_attempts=subtask.counted_attempts + 1,
            lease_until=lease_until,
            started_at=subtask.started_at or now,
            wait=None,
        )
        self.unsent.discard(ref.no)
        self.touched, self.started_at = True, self.started_at or now
        return True

    def renew(self, lease: Lease, lease_until: int) -> bool:
        """Only the owner."""
        if not self.is_owner(lease):
            return False
        self.subtasks[lease.no] = replace(self.subtasks[lease.no], lease_until=lease_until)
        return True

    def release(self, lease: Lease, wait: Wait, *, uncounted: bool) -> bool:
        """Only the owner. The same request again changes nothing and succeeds."""
        subtask = self.subtasks[lease.no]
        if not self.is_owner(lease):
            told = (lease.run, WAITING, lease.attempt, wait)
            return told == (self.run, subtask.status, subtask.attempt, subtask.wait)
        counted_attempts = subtask.counted_attempts - 1 if uncounted else subtask.counted_attempts
        self.subtasks[lease.no] = replace(subtask, status=WAITING, counted_attempts=counted_attempts, wait=wait)
        return True

    def postpone(self, seen: Task, no: int, now: int, wait: Wait) -> bool:
        """Only in this run, while it has no owner, and for a task that was seen waiting only while it waits."""
        begun = seen.status is TaskStatus.WAITING and self.status() is not TaskStatus.WAITING
        if seen.run != self.run or begun or not self.free(no, now):
            return False
        self.subtasks[no] = replace(self.subtasks[no], status=WAITING, wait=wait)
        self.unsent.add(no)
        return True

    def finish(self, seen: Task, lease: Lease, final_state: FinalState, now: int) -> bool:
        """Only the owner. The same request again succeeds, even if the run is over by then."""
        if self.is_owner(lease):
            self._end(lease.no, final_state, now)
            return True
        task = self.in_run(lease.run)
        if task is None or lease.no not in seen.pending:
            return False
        subtask = task.subtasks[lease.no - 1]
        return (subtask.status, subtask.record) == (final_state.status, final_state.record)

    def give_up(self, seen: Task, no: int, final_state: FinalState, now: int) -> bool:
        """Only in this run, and while it has no owner."""
        if seen.run != self.run or not self.free(no, now):
            return False
        self._end(no, final_state, now)
        return True

    def restart(self, seen: Task, now: int, *, only_failed: bool) -> bool:
        """Only a completed task, as it was seen. The same request again changes nothing and succeeds."""
        if seen.run != self.run or self.pending():
            begun = self.in_run(seen.run + 1)
            kept = {one.no for one in seen.subtasks if only_failed and one.status is GOOD}
            over = {one.no for one in begun.subtasks if one.carried_from} if begun else set()
            return begun is not None and (now, kept) == (begun.restarted_at, over)
        for no, subtask in self.subtasks.items():
            carried = replace(subtask, carried_from=subtask.carried_from or self.run)
            keep = only_failed and subtask.status is GOOD
            self.subtasks[no] = carried if keep else self.task.subtasks[no - 1]
        self.run += 1
        self.touched = self.stopped = False
        self.restarted_at, self.started_at, self.ended_at = now, None, None
        self.unsent = self.ready()
        return True

    def stop(self, seen: Task, statuses: Iterable[TaskStatus], failure: Failure, now: int) -> bool:
        """Only in those statuses, and while exactly the seen subtasks are pending. The same request again succeeds."""
        if not seen.pending:
            return False
        if (seen.run, seen.pending) != (self.run, self.pending()) or self.status() not in statuses:
            task = self.in_run(seen.run)
            ends = {(one.failure, one.ended_at) for one in task.subtasks if one.no in seen.pending} if task else set()
            return ends == {(failure, now)}
        for no in self.pending():
            self.subtasks[no] = replace(self.subtasks[no], status=BAD, wait=None, failure=failure, ended_at=now)
        self.stopped, self.ended_at = True, now
        self.unsent.clear()
        return True

    def schedule_check(self, seen: Task) -> bool:
        """Only an unfinished task, in this run."""
        return seen.run == self.run and bool(self.pending())

    def _end(self, no: int, final_state: FinalState, now: int) -> None:
        """End a subtask; what needs it is freed, or can never start."""
        before = self.ready()
        self.subtasks[no] = replace(
            self.subtasks[no],
            status=final_state.status,
            wait=None,
            failure=final_state.failure,
            output=final_state.output,
            record=final_state.record,
            ended_at=now,
        )
        self.touched = True
        self.unsent -= {no}
        if final_state.status is GOOD:
            self.unsent |= self.ready() - before
        else:
            self._skip(no, f"subtask {no} ({self.subtasks[no].name}) failed", now)
        if not self.pending():
            self.ended_at = now

    def _skip(self, failed: int, why: str, now: int) -> None:
        for no, subtask in self.subtasks.items():
            if failed in subtask.needs and subtask.status is WAITING:
                skipped = Failure("Skipped.PredecessorFailed", why)
                self.subtasks[no] = replace(subtask, status=BAD, wait=None, failure=skipped, ended_at=now)
                self._skip(no, why, now)
