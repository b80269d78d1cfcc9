"""The real task store, compared with the model at every transition."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from itertools import count
from typing import TypeVar
from zlib import crc32

from shared.domain.subtask import Failure, FinalState, Lease, SubtaskRef, SubtaskStatus, Wait
from shared.domain.task import Task, TaskStatus
from shared.stores.dynamodb import read_item
from shared.stores.task_codec import TASK
from shared.stores.task_store import TaskStore, TokenClaim
from tests.proof.model import ENDED, Model, Violation

TRANSITIONS = (
    "create",
    "claim_token",
    "mark_sent",
    "claim",
    "renew",
    "release",
    "postpone",
    "finish",
    "give_up",
    "restart",
    "end",
    "cancel",
    "schedule_check",
)
UNFINISHED = (TaskStatus.WAITING, TaskStatus.IN_PROGRESS)

R = TypeVar("R", bool, Task | None)


class CheckedStore(TaskStore):
    """The tasks table with one task in it; the model makes the same transitions."""

    def __init__(self, table: str) -> None:
        """Bind to the table; `begin` says which task."""
        super().__init__(table)
        self.transitions: Counter[tuple[str, bool]] = Counter()
        self.transition = ""  # the one that is being made

    def begin(self, model: Model) -> None:
        """Go on with another task."""
        self.model = model
        self.owners = count(1)
        self.last: Task | None = None
        self.log: list[tuple[str, bool]] = []
        self.violation: Violation | None = None

    def new_owner(self) -> str:
        return f"owner {next(self.owners)}"

    def create(self, task: Task) -> bool:
        return self._made("create", self.model.create(), lambda: TaskStore.create(self, task))

    def claim_token(self, tenant: str, token: str, claim: TokenClaim) -> TokenClaim:
        self.transition = "claim_token"
        first = super().claim_token(tenant, token, claim)
        self._note("claim_token", accepted=first == claim)
        return first

    def mark_sent(self, task: Task, numbers: Collection[int]) -> Task | None:
        expected = self.model.mark_sent(task, numbers)
        return self._made("mark_sent", expected, lambda: TaskStore.mark_sent(self, task, numbers))

    def claim(self, ref: SubtaskRef, now: int, lease_until: int, max_attempts: int) -> Task | None:
        expected = self.model.claim(ref, now, lease_until)
        return self._made("claim", expected, lambda: TaskStore.claim(self, ref, now, lease_until, max_attempts))

    def renew(self, lease: Lease, lease_until: int) -> Task | None:
        expected = self.model.renew(lease, lease_until)
        return self._made("renew", expected, lambda: TaskStore.renew(self, lease, lease_until))

    def release(self, lease: Lease, wait: Wait, *, uncounted: bool) -> Task | None:
        expected = self.model.release(lease, wait, uncounted=uncounted)
        return self._made("release", expected, lambda: TaskStore.release(self, lease, wait, uncounted=uncounted))

    def postpone(self, task: Task, no: int, now: int, wait: Wait) -> Task | None:
        expected = self.model.postpone(task, no, now, wait)
        return self._made("postpone", expected, lambda: TaskStore.postpone(self, task, no, now, wait))

    def finish(self, seen: Task, lease: Lease, final_state: FinalState, now: int) -> Task | None:
        expected = self.model.finish(seen, lease, final_state, now)
        return self._made("finish", expected, lambda: TaskStore.finish(self, seen, lease, final_state, now))

    def give_up(self, seen: Task, no: int, final_state: FinalState, now: int) -> Task | None:
        expected = self.model.give_up(seen, no, final_state, now)
        return self._made("give_up", expected, lambda: TaskStore.give_up(self, seen, no, final_state, now))

    def restart(self, task: Task, now: int, *, only_failed: bool = False) -> Task | None:
        expected = self.model.restart(task, now, only_failed=only_failed)
        return self._made("restart", expected, lambda: TaskStore.restart(self, task, now, only_failed=only_failed))

    def put_run(self, task: Task) -> None:
        self.model.past[task.run] = replace(task, pending=frozenset(), unsent=frozenset())
        super().put_run(task)

    def end(self, task: Task, now: int) -> Task | None:
        failure = Failure("Canceled.TaskEnded", "the task was ended before this subtask started")
        expected = self.model.stop(task, [TaskStatus.WAITING], failure, now)
        return self._made("end", expected, lambda: TaskStore.end(self, task, now))

    def cancel(self, task: Task, now: int) -> Task | None:
        failure = Failure("Canceled.TaskCanceled", "the task was canceled before this subtask finished")
        expected = self.model.stop(task, UNFINISHED, failure, now)
        return self._made("cancel", expected, lambda: TaskStore.cancel(self, task, now))

    def schedule_check(self, task: Task, due_at: int) -> Task | None:
        expected = self.model.schedule_check(task)
        return self._made("schedule_check", expected, lambda: TaskStore.schedule_check(self, task, due_at))

    def look(self) -> Task:
        """Read the task; it must stand as the model says, its indexes must agree, and no law may be broken."""
        item = read_item(self.items, self.model.task.id, TASK)
        if item is None:
            raise self._violated("the task is gone")
        task = self.read(item)
        expected = self.model.expected()
        if task != expected:
            raise self._violated(f"it stands as\n{task}\nand not as\n{expected}")
        number = crc32(task.id.encode()) % 4
        places = (item.ix_age, item.ix_status, item.ix_source, item.ix_due)
        if places != (f"main#{number}", f"main#{task.outcome or task.status}#{number}", "main#k", str(number)):
            raise self._violated(f"the indexes have it at {places}")
        if (item.due_at is None) != (task.status is TaskStatus.COMPLETED):
            raise self._violated(f"{task.status}, it is due at {item.due_at}")
        if broken := broken_laws(self.last, task):
            raise self._violated(broken)
        self.last = task
        return task

    def _made(self, transition: str, expected: bool, real: Callable[[], R]) -> R:  # noqa: FBT001 - what a transition returns
        self.transition = transition
        answer = real()
        self._note(transition, accepted=bool(answer))
        if bool(answer) is not expected:
            raise self._violated(f"{transition} must be {'accepted' if expected else 'refused'}; {answer=}")
        task = self.look()
        if isinstance(answer, Task) and answer != self.model.in_run(answer.run):
            raise self._violated(f"{transition} returned\n{answer}\nand left\n{task}")
        return answer

    def _note(self, transition: str, *, accepted: bool) -> None:
        self.log.append((transition, accepted))
        self.transitions[transition, accepted] += 1

    def _violated(self, how: str) -> Violation:
        """Return the error, and keep it: a sweep continues after an error."""
        self.violation = Violation(how)
        return self.violation


def broken_laws(before: Task | None, task: Task) -> str:
    """Return which law is broken, an empty text if none is. The laws apply after any transitions."""
    pending = {subtask.no for subtask in task.subtasks if subtask.status not in ENDED}
    done = {subtask.no for subtask in task.subtasks if subtask.status is SubtaskStatus.SUCCESSFUL}
    running = [subtask for subtask in task.subtasks if subtask.status is SubtaskStatus.IN_PROGRESS]
    laws = {
        "pending is what has not ended": task.pending == pending,
        "only what is pending can be unsent": task.unsent <= pending,
        "completed is what has nothing pending": (task.status is TaskStatus.COMPLETED) is not bool(pending),
        "only what is completed has an outcome": (task.outcome is None) is bool(pending),
        "nothing starts before what it needs": all(done.issuperset(subtask.needs) for subtask in running),
        "what runs is in progress": not running or task.status is TaskStatus.IN_PROGRESS,
    }
    if before:
        laws["runs only grow"] = task.run >= before.run
    if before and task.run == before.run:
        pairs = list(zip(before.subtasks, task.subtasks, strict=True))
        laws["attempts only grow within a run"] = all(new.attempt >= old.attempt for old, new in pairs)
        laws["what has ended stays so"] = all(new == old for old, new in pairs if old.status in ENDED)
        laws["a completed run stays so"] = before.status is not TaskStatus.COMPLETED or task == before
    elif before:
        laws["only a completed task is run again"] = before.status is TaskStatus.COMPLETED
        laws["what is carried over keeps its output"] = all(
            (new.status, new.output, new.record) == (SubtaskStatus.SUCCESSFUL, old.output, old.record)
            for old, new in zip(before.subtasks, task.subtasks, strict=True)
            if new.carried_from
        )
    return ", ".join(law for law, kept in laws.items() if not kept)
