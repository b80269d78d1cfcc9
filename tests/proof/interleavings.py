"""One task and its actors: workers that come late or twice, people, the sweeper, and a clock that jumps."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from shared.domain.ids import sortable_id
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
from shared.domain.task import Lane, Task, TaskStatus
from shared.services import Services
from shared.settings import Settings
from shared.stores.subtask_queue import parse_message_body
from shared.stores.task_store import TokenClaim
from shared.use_cases.dispatch import enqueue
from shared.use_cases.sweeper import fail_undeliverable, sweep
from shared.worker.admission import resolve_refusal
from shared.worker.conclusion import conclude_again
from shared.worker.results import Finished, Redelivery
from tests.proof.checked_store import CheckedStore
from tests.proof.model import BAD, GOOD, Model, Violation
from tests.support.deployment import BEGINNING, ClockedServices
from tests.support.factories import make_source, make_subtask, make_task
from tests.support.in_memory_table import InMemoryTables

Pick = Callable[[Sequence[Any]], Any]
Needs = Sequence[Sequence[int]]

MAX_SUBTASKS = 5
REMEMBERED = 12  # states of the task that a process may still remember
ROUNDS = 3  # of sweeping and honest work, after which everything must have ended
HOUR = 3_600_000
# Only this one may lose its answer for good: a process that gives up looks again.
UNHEARD = ("give_up",)
FAILURE = Failure("OperationError.Failed", "it went wrong")
SPENT = Failure("Budget.DailyTasks", "the day's budget is spent")
SETTINGS = Settings(
    tasks_table="TasksTable",
    catalog_table="CatalogTable",
    uploads_table="UploadsTable",
    **{f"{lane.lower()}_queue_url": lane.lower() for lane in Lane},
    input_bucket="input",
    output_bucket="output",
)


class Stage(ClockedServices):
    """Services whose task store is checked at every transition, and whose messages the in-memory queue takes."""

    def __init__(self, in_memory_tables: InMemoryTables) -> None:
        """Open the stage: one lasts for many interleavings, since clients are dear to make."""
        super().__init__(SETTINGS)
        self.in_memory_tables = in_memory_tables
        in_memory_tables.loses = self.loses
        self.losing = False
        self.checked = CheckedStore(SETTINGS.tasks_table)
        self.tasks = self.checked

    def loses(self, operation: str) -> bool:
        """Return whether the answer to this request must be lost."""
        lost = self.losing and operation == "UpdateItem" and self.checked.transition not in UNHEARD
        self.losing = self.losing and not lost
        return lost


@dataclass
class Worker:
    """A worker with an accepted claim, and the task as it saw it."""

    lease: Lease
    seen: list[Task]


@dataclass
class Interleaving:
    """The actions on one task; `pick` makes every choice in them."""

    stage: Stage
    task: Task
    queue: list[SubtaskRef] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)
    memory: list[Task] = field(default_factory=list)
    tokens: dict[str, TokenClaim] = field(default_factory=dict)

    @classmethod
    def begin(cls, stage: Stage, identifier: str, pick: Pick) -> "Interleaving":
        """Create a task of some shape, whose maker may die before its messages are sent."""
        stage.in_memory_tables.clear()
        stage.time, stage.losing = BEGINNING, False
        stage.settings = SETTINGS.model_copy(update={"max_attempts": pick((1, 2, 3))})
        links = pick(((False,), (False, False, True)))
        numbers = range(1, pick(range(1, MAX_SUBTASKS + 1)) + 1)
        task = a_task(identifier, [[other for other in range(1, no) if pick(links)] for no in numbers])
        stage.checked.begin(Model(task, stage.settings.max_attempts))
        if not stage.tasks.create(task):
            raise Violation("there is such a task before it is made")
        if pick((True, False)):
            enqueue(stage, task)
        interleaving = cls(stage, task)
        interleaving.settle()
        return interleaving

    def settle(self) -> None:
        """Remember the task after a transition."""
        if self.stage.checked.violation:
            raise self.stage.checked.violation
        task = self.stage.checked.last
        if task and (not self.memory or task != self.memory[-1]):
            self.memory = [*self.memory[-REMEMBERED:], task]
        self.queue += map(parse_message_body, self.stage.in_memory_tables.taken())

    def seen(self, pick: Pick) -> Task:
        """Return the task as a process saw it: just now, or a while ago."""
        task: Task = pick(pick((self.memory, self.memory[-1:])))
        return task

    @property
    def lease_until(self) -> int:
        """Until when a lease lasts that is taken now."""
        return self.stage.now() + self.stage.settings.lease_seconds * 1000

    def create(self, _: Pick) -> None:
        """The event comes again."""
        self.stage.tasks.create(self.task)

    def claim_token(self, pick: Pick) -> None:
        """A caller's token comes, perhaps again: it stands for its first task."""
        token, claim = pick("ab"), TokenClaim(pick("xy"), pick("xy"))
        first = self.tokens.setdefault(token, claim)
        if self.stage.tasks.claim_token(self.task.id, token, claim) != first:
            raise Violation(f"token {token} stood for task {first}, and does no more")

    def enqueue(self, pick: Pick) -> None:
        """A process sends the subtasks that it saw unsent, and may die before it marks them as sent."""
        seen = self.seen(pick)
        if pick((True, False)):
            enqueue(self.stage, seen)
        else:
            self.stage.queues.send(seen, seen.unsent)

    def mark_sent(self, pick: Pick) -> None:
        """A process marks subtasks as sent late; perhaps their messages were lost."""
        seen = self.seen(pick)
        if seen.unsent:
            self.stage.tasks.mark_sent(seen, seen.unsent)

    def lose_message(self, pick: Pick) -> None:
        """A message is gone."""
        self.queue.pop(pick(range(len(self.queue))))

    def lose_answer(self, _: Pick) -> None:
        """The next answer of the table gets lost on its way."""
        self.stage.losing = True

    def deliver(self, pick: Pick) -> None:
        """A message comes to a worker, and perhaps it will come again."""
        place = pick(range(len(self.queue)))
        ref = self.queue[place]
        if pick((True, True, False)):
            self.queue.pop(place)
        task = self.claim(ref)
        if task is None and pick((True, False)) and follow_refusal(self.stage, ref, self.stage.now()):
            self.queue.append(ref)

    def claim(self, ref: SubtaskRef) -> Task | None:
        """A worker claims what its message names."""
        limit = self.stage.settings.max_attempts
        task = self.stage.tasks.claim(ref, self.stage.now(), self.lease_until, limit)
        if task:
            attempt = task.subtasks[ref.no - 1].attempt
            self.workers.append(Worker(Lease(ref.task_id, ref.run, ref.no, ref.tenant, attempt=attempt), [task]))
        return task

    def renew(self, pick: Pick) -> None:
        """A worker shows that it is there; it may be late."""
        worker = pick(self.workers)
        self.stage.progress.put(worker.lease, pick((1, 50)), pick(("download", "encoding")))
        seen = self.stage.tasks.renew(worker.lease, self.lease_until)
        if seen:
            worker.seen.append(seen)

    def release(self, pick: Pick) -> None:
        """A worker gives its subtask back, and its message comes again; it may be late."""
        lease = pick(self.workers).lease
        if self.give_back(lease, pick((0, 5000)), uncounted=False):
            self.queue.append(ref_of(lease))

    def release_uncounted(self, pick: Pick) -> None:
        """A worker is interrupted, and perhaps those after it are, too: such attempts don't count."""
        lease = pick(self.workers).lease
        if self.give_back(lease, pick((0, 5000)), uncounted=True):
            self.queue.append(ref_of(lease))
        for _ in range(pick((0, 0, UNCOUNTED_FACTOR))):
            if self.claim(ref_of(lease)):
                self.give_back(self.workers.pop().lease, 0, uncounted=True)

    def give_back(self, lease: Lease, pause: int, *, uncounted: bool) -> Task | None:
        """A worker gives its subtask back."""
        return self.stage.tasks.release(
            lease, Wait(WaitReason.RETRY, self.stage.now() + pause, FAILURE), uncounted=uncounted
        )

    def postpone(self, pick: Pick) -> None:
        """A message finds the day's budget spent; its worker knows the task as it was a moment ago."""
        ref = self.queue.pop(pick(range(len(self.queue))))
        seen, now = self.seen(pick), self.stage.now()
        wait = Wait(WaitReason.BUDGET, now + pick((1, HOUR)), SPENT)
        if seen.run != ref.run or not self.stage.tasks.postpone(seen, ref.no, now, wait):
            self.queue.append(ref)

    def finish(self, pick: Pick) -> None:
        """A worker ends its subtask by what it saw last, or before; it may be late, or do it twice."""
        worker = pick(self.workers)
        newest = self.memory[-1]
        seen = pick([*worker.seen, newest] if newest.run == worker.lease.run else worker.seen)
        done = self.stage.tasks.finish(seen, worker.lease, an_ending(worker.lease, pick((GOOD, BAD))), self.stage.now())
        if done and pick((True, False)):
            enqueue(self.stage, done)

    def vanish(self, pick: Pick) -> None:
        """A worker is gone for good."""
        self.workers.remove(pick(self.workers))

    def give_up(self, pick: Pick) -> None:
        """A process fails a subtask that had no owner when the process looked."""
        seen = self.seen(pick)
        no = pick([subtask.no for subtask in seen.subtasks])
        self.stage.tasks.give_up(seen, no, FinalState(BAD, failure=FAILURE), self.stage.now())

    def fail_undeliverable(self, pick: Pick) -> None:
        """A message comes to the dead-letter queue."""
        fail_undeliverable(self.stage, self.queue.pop(pick(range(len(self.queue)))))

    def sweep(self, _: Pick) -> None:
        """The sweeper looks at what is due."""
        if failed := sweep(self.stage, lambda: 60).failed:
            raise self.stage.checked.violation or Violation(f"{failed} tasks could not be healed")

    def restart(self, pick: Pick) -> None:
        """A person restarts the task as they saw it: all of it, or what had failed."""
        seen = self.seen(pick)
        completed = seen.status is TaskStatus.COMPLETED
        failed = completed and any(subtask.status is BAD for subtask in seen.subtasks)
        if completed:
            self.stage.tasks.put_run(seen)
        new = self.stage.tasks.restart(seen, self.stage.now(), only_failed=failed and pick((True, False)))
        if new and pick((True, False)):
            enqueue(self.stage, new)

    def end(self, pick: Pick) -> None:
        """A person ends the task as they saw it."""
        self.stage.tasks.end(self.seen(pick), self.stage.now())

    def cancel(self, pick: Pick) -> None:
        """A person cancels the task as they saw it."""
        self.stage.tasks.cancel(self.seen(pick), self.stage.now())

    def schedule_check(self, pick: Pick) -> None:
        """A sweeper that was slow says when to look again."""
        self.stage.tasks.schedule_check(self.seen(pick), self.stage.now() + pick((0, HOUR)))

    def wait(self, pick: Pick) -> None:
        """Time passes: less than a lease, or more; until messages are sent again; or for hours."""
        lease = self.stage.settings.lease_seconds * 1000
        self.stage.time += pick((1, lease // 2, lease + 1, HOUR // 4, 7 * HOUR))

    def close(self) -> None:
        """All workers die. From any state, sweeping and honest work bring the task to its end."""
        self.workers.clear()
        for _ in range(ROUNDS):
            self.stage.time += 8 * HOUR
            self.sweep(random.choice)
            self.settle()
            self.work()
            if self.stage.checked.look().status is TaskStatus.COMPLETED:
                return
        raise Violation(f"the task never ends: {self.stage.checked.look()}")

    def work(self) -> None:
        """Do all that the queue asks for, as the worker does."""
        again = []
        while self.queue:
            ref = self.queue.pop(0)
            task = self.claim(ref)
            if task:
                lease = self.workers.pop().lease
                done = self.stage.tasks.finish(task, lease, an_ending(lease, GOOD), self.stage.now())
                enqueue(self.stage, done or task)
            elif isinstance(follow_refusal(self.stage, ref, self.stage.now()), Redelivery):
                again.append(ref)
            self.settle()
        self.queue = again


def follow_refusal(services: Services, ref: SubtaskRef, now: int) -> Redelivery | None:
    """Do what a worker does with a message whose claim was refused."""
    refused = resolve_refusal(services, ref, now)
    return conclude_again(services, refused) if isinstance(refused, Finished) else refused


class Action(NamedTuple):
    """An action; `weight` is how often it is tried, compared with the others."""

    make: Callable[[Interleaving, Pick], None]
    weight: int
    wants: str = ""

    def open(self, interleaving: Interleaving) -> bool:
        """Whether there is something to make it with."""
        return not self.wants or bool(getattr(interleaving, self.wants))


ACTIONS = {
    "create": Action(Interleaving.create, 1),
    "claim_token": Action(Interleaving.claim_token, 1),
    "enqueue": Action(Interleaving.enqueue, 3),
    "mark_sent": Action(Interleaving.mark_sent, 1),
    "lose_message": Action(Interleaving.lose_message, 1, "queue"),
    "lose_answer": Action(Interleaving.lose_answer, 2),
    "deliver": Action(Interleaving.deliver, 10, "queue"),
    "renew": Action(Interleaving.renew, 3, "workers"),
    "release": Action(Interleaving.release, 3, "workers"),
    "postpone": Action(Interleaving.postpone, 2, "queue"),
    "release_uncounted": Action(Interleaving.release_uncounted, 3, "workers"),
    "finish": Action(Interleaving.finish, 6, "workers"),
    "vanish": Action(Interleaving.vanish, 1, "workers"),
    "give_up": Action(Interleaving.give_up, 2),
    "fail_undeliverable": Action(Interleaving.fail_undeliverable, 1, "queue"),
    "sweep": Action(Interleaving.sweep, 2),
    "restart": Action(Interleaving.restart, 2),
    "end": Action(Interleaving.end, 1),
    "cancel": Action(Interleaving.cancel, 1),
    "schedule_check": Action(Interleaving.schedule_check, 1),
    "wait": Action(Interleaving.wait, 4),
}


def interleave(stage: Stage, seed: int, steps: int) -> Interleaving:
    """Run random actions, the same ones for the same seed; then kill every process."""
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    # Each seed leaves out some actions and prefers others.
    weights = {name: action.weight * chance.choice((0.001, 1, 1, 2)) for name, action in ACTIONS.items()}
    interleaving = Interleaving.begin(stage, sortable_id(BEGINNING, str(seed).encode()), chance.choice)
    for _ in range(steps):
        names = [name for name, action in ACTIONS.items() if action.open(interleaving)]
        (name,) = chance.choices(names, [weights[name] for name in names])
        ACTIONS[name].make(interleaving, chance.choice)
        interleaving.settle()
    interleaving.close()
    return interleaving


def a_task(identifier: str, needs: Needs) -> Task:
    """Return a task whose subtasks need those numbers."""
    subtasks = [make_subtask(no, needs=tuple(others)) for no, others in enumerate(needs, start=1)]
    return make_task(subtasks, id=identifier, source=make_source("k"), output_prefix="out/")


def ref_of(lease: Lease) -> SubtaskRef:
    """Return what the message named that led to a claim."""
    return SubtaskRef(lease.task_id, lease.run, lease.no, lease.tenant)


def an_ending(lease: Lease, status: SubtaskStatus) -> FinalState:
    """Return how that attempt ends its subtask."""
    if status is BAD:
        return FinalState(BAD, failure=FAILURE, record=lease.record)
    return FinalState(GOOD, output=f"s3://output/{lease.record}", record=lease.record)
