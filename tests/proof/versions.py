"""Two versions of the code at once: this one, and one that writes one field and one type of subtask more.

The next version is this code behind another wire: what it writes gets a new field at every level, and its ANIMATE is
stored as a type that this version doesn't know. So both versions run our real code.
"""

import json
import random
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple
from unittest.mock import patch

from shared.domain.attempt_record import AttemptRecord
from shared.domain.orchestration import OrchestrationDocument
from shared.domain.subtask import Failure, Wait, WaitReason
from shared.domain.task import Task, TaskStatus
from shared.domain.upload import Upload, Verdict
from shared.errors import NewerVersion, ReelmillError
from shared.stores.decision_store import DecisionFilter
from shared.stores.subtask_queue import parse_message_body
from shared.stores.task_codec import TASK
from shared.stores.task_queries import TaskQueries
from shared.stores.task_store import TaskStore
from shared.use_cases.catalog import store_orchestration, switch_orchestration
from shared.use_cases.sweeper import sweep
from shared.use_cases.tasks import cancel_task, restart_task
from shared.use_cases.uploads import accept_upload
from shared.worker.admission import admit
from shared.worker.conclusion import conclude, conclude_again
from shared.worker.results import Admitted, AttemptResult, Finished, Redelivery, Retry
from tests.proof.model import Violation
from tests.proof.uploads import Stage
from tests.support.deployment import BEGINNING
from tests.support.factories import make_upload
from tests.support.in_memory_table import Answer, InMemoryTables, Request
from tests.support.next_version import NEW_FIELD, NEW_VALUE, newer, newer_fields

STEPS = 40
HOUR = 3_600_000
ROUNDS = 12  # of work by the next version, after which everything must have ended
KNOWN, NEW_TYPE = "ANIMATE", "DREAM"
REPLACED = ("wait", "failure", "notified", "listed", "verdict")  # parts that a change replaces as a whole
SHOT = {"name": "shot", "type": "SCREENSHOT"}
FILMS = {"prefix": "films/"}
PLAIN = {"name": "plain", "trigger": FILMS, "subtasks": [SHOT, {**SHOT, "name": "next", "needs": ["shot"]}]}
DREAMS = {"name": "dreams", "trigger": FILMS, "subtasks": [{"name": "dream", "type": KNOWN}, SHOT]}
BUSY = Failure("InternalError.Storage", "S3 did not answer")

Place = tuple[str, tuple[Any, ...]]
Items = dict[Place, dict[str, Any]]


class Version(StrEnum):
    """A version of the code."""

    THIS = "this version"
    NEXT = "the next version"


THIS, NEXT = VERSIONS = tuple(Version)


@dataclass
class Wire:
    """The way to the tables and queues, for the version that acts."""

    tables: InMemoryTables
    serve: Callable[[str, Request], Answer]
    by: Version = THIS
    stamps: bool = True  # whether the next version gives a higher schema version to what this one can't read

    def answer(self, operation: str, request: Request) -> Answer:
        """Serve a request of the version that acts."""
        if self.by is THIS:
            return self.serve(operation, request)
        request = renamed(request, KNOWN, NEW_TYPE)
        for entry in request.get("Entries", ()):
            entry["MessageBody"] = json.dumps(newer(json.loads(entry["MessageBody"])))
        answer = self.serve(operation, request)
        if operation in {"PutItem", "UpdateItem"}:
            self.add_fields(request)
        seen: Answer = without_schema(renamed(answer, NEW_TYPE, KNOWN))
        return seen

    def add_fields(self, request: Request) -> None:
        """Let the item that a request wrote be as the next version writes it."""
        table = self.tables.tables[request["TableName"]]
        key = table.key(request.get("Item") or request["Key"])
        item = {**newer_fields(table.items[key]), NEW_FIELD: {"S": NEW_VALUE}}
        if self.stamps and is_of_new_type(item):
            item["schema_version"] = {"N": "2"}
        table.items[key] = item


def renamed(value: Any, old: str, new: str) -> Any:  # noqa: ANN401 - any part of a request
    """Return a part of a request or an answer with one name in place of another."""
    match value:
        case dict():
            return {name: renamed(each, old, new) for name, each in value.items()}
        case list():
            return [renamed(each, old, new) for each in value]
        case str():
            return value.replace(old, new)
        case bytes():
            return zlib.compress(zlib.decompress(value).replace(old.encode(), new.encode()))
    return value


def without_schema(answer: Any) -> Any:  # noqa: ANN401 - any part of an answer
    """Return a part of an answer in which every schema version is one that our code reads."""
    if isinstance(answer, dict):
        return {name: {"N": "1"} if name == "schema_version" else without_schema(each) for name, each in answer.items()}
    return [without_schema(each) for each in answer] if isinstance(answer, list) else answer


def is_of_new_type(item: dict[str, Any]) -> bool:
    """Whether an item names the type of subtask that only the next version knows."""
    known: dict[str, Any] = renamed(item, NEW_TYPE, KNOWN)
    return item != known


def new_fields(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - any part of an item
    """Yield where a part of an item has the field of the next version."""
    if isinstance(value, dict):
        for name, each in value.items():
            if name == NEW_FIELD:
                yield path
            elif name not in REPLACED:
                yield from new_fields(each, (*path, name))
    elif isinstance(value, str) and value.startswith('{"'):
        yield from new_fields(json.loads(value), path)


class Running(NamedTuple):
    """A worker of a version, and the attempt that it makes."""

    by: Version
    admitted: Admitted


@dataclass
class Play:
    """One random play of both versions on one deployment."""

    stage: Stage
    wire: Wire
    chance: random.Random
    queue: list[str] = field(default_factory=list)
    events: list[Upload] = field(default_factory=list)
    uploads: list[Upload] = field(default_factory=list)
    workers: list[Running] = field(default_factory=list)
    attempts: Counter[tuple[str, int, int]] = field(default_factory=Counter)
    share: float = 0.5  # of the next version in what acts
    stores: dict[Version, TaskStore] = field(default_factory=dict)

    @classmethod
    def begin(cls, stage: Stage, wire: Wire, seed: int) -> "Play":
        """Deploy; the next version stores an orchestration that only it can plan."""
        stage.in_memory_tables.clear()
        stage.time = BEGINNING
        stores = {version: TaskStore(stage.settings.tasks_table) for version in VERSIONS}
        play = cls(stage, wire, random.Random(seed), stores=stores)  # noqa: S311 - not for secrets
        wire.stamps = play.chance.random() < 0.5
        for document, by in ((PLAIN, play.chance.choice(VERSIONS)), (DREAMS, NEXT)):
            with play.acting(by):
                store_orchestration(stage, "main", OrchestrationDocument.model_validate(document))
        return play

    @contextmanager
    def acting(self, by: Version) -> Iterator[None]:
        """Let a version act; this one must leave alone what it can't read, and lose no field of the next one."""
        before = self.items()
        self.use(by)
        try:
            yield
        except NewerVersion:
            if by is NEXT:
                raise
        finally:
            self.use(THIS)
            self.queue += self.stage.in_memory_tables.taken()
        if by is THIS:
            self.check_change(before, self.items())

    def use(self, by: Version) -> None:
        """Let a version send the next requests, from its own process, which keeps the plans that it has read."""
        self.wire.by = by
        self.stage.tasks = self.stores[by]
        self.stage.task_queries = TaskQueries(self.stores[by])

    def items(self) -> Items:
        """Return all items as they are stored."""
        tables = self.stage.in_memory_tables.tables
        return {(name, key): item for name, table in tables.items() for key, item in table.items.items()}

    def check_change(self, before: Items, after: Items) -> None:
        """Check what this version did with the items of the next one."""
        plans = {key[0] for (_, key), item in before.items() if key[-1].startswith(b"PLAN#") and is_of_new_type(item)}
        for place, item in before.items():
            now = after.get(place)
            if now is None:
                raise Violation(f"{place} is gone")
            unreadable = is_of_new_type(item) or (place[0] == "TasksTable" and place[1][0] in plans)
            if unreadable and {**item, "due_at": 0} != {**now, "due_at": 0}:
                raise Violation(f"{place} can't be read, and was changed from\n{item}\nto\n{now}")
            lost = set(new_fields(item)) - set(new_fields(now))
            if lost and item.get("verdict") == now.get("verdict"):
                raise Violation(f"{place} lost the new field at {lost}:\n{item}\n{now}")

    def act(self) -> None:
        """Let one version do one thing."""
        if self.chance.random() < 0.1:  # a deployment, a rollback, or the middle of one
            self.share = self.chance.choice((0.0, 0.5, 1.0))
        actions = [action for action in ACTIONS if not action.wants or getattr(self, action.wants)]
        (action,) = self.chance.choices(actions, [action.weight for action in actions])
        action.make(self, NEXT if self.chance.random() < self.share else THIS)

    def upload(self, _: Version) -> None:
        """A file comes."""
        number = len(self.uploads) + 1
        version_id = self.chance.choice((f"v{number}", None))
        upload = make_upload(
            f"films/{self.chance.choice('ab')}.mp4",
            at=self.stage.now(),
            version_id=version_id,
            sequencer=f"{number:04X}",
            e_tag=f"content {number}",
        )
        self.stage.time += 1
        self.uploads.append(upload)
        self.events.append(upload)

    def accept(self, by: Version) -> None:
        """An event is delivered, perhaps not for the last time; one that fails is delivered again."""
        event = self.chance.choice(self.events)
        with self.acting(by):
            try:
                accept_upload(self.stage, event)
            except ReelmillError:
                if by is NEXT:
                    raise
            else:
                if self.chance.random() < 0.8:
                    self.events.remove(event)

    def deliver(self, by: Version) -> None:
        """A worker receives a message."""
        body = self.queue.pop(self.chance.randrange(len(self.queue)))
        with self.acting(by):
            try:
                admitted = admit(self.stage, parse_message_body(body))
            except NewerVersion:
                self.queue.append(body)  # as the function sends it again
                raise
            match admitted:
                case Admitted():
                    lease = admitted.lease
                    self.attempts[lease.task_id, lease.run, lease.no] += 1
                    self.workers.append(Running(by, admitted))
                case Finished():
                    conclude_again(self.stage, admitted)
                case Redelivery():
                    self.queue.append(body)

    def work(self, _: Version) -> None:
        """A worker ends its attempt: it succeeds, is interrupted, or dies."""
        running = self.workers.pop(self.chance.randrange(len(self.workers)))
        with self.acting(running.by):
            self.conclude(running.admitted, self.chance.choice(("success", "success", "interrupted", "death")))

    def conclude(self, admitted: Admitted, end: str) -> None:
        """End an attempt."""
        now = self.stage.now()
        record = AttemptRecord(started_at=now, ended_at=now)
        retry = Retry(Wait(WaitReason.RETRY, now + 5000, BUSY), 5, uncounted=True) if end == "interrupted" else None
        if end != "death":  # the sweeper sends the message of the next attempt, as it does with lost ones
            conclude(self.stage, admitted.lease, AttemptResult(admitted.task, record, (), retry))

    def beat(self, _: Version) -> None:
        """A worker renews its lease."""
        running = self.chance.choice(self.workers)
        with self.acting(running.by):
            self.stage.tasks.renew(running.admitted.lease, self.stage.now() + 120_000)
            self.stage.progress.put(running.admitted.lease, 50, "operation")

    def sweep(self, by: Version) -> None:
        """The sweeper looks at what is due."""
        with self.acting(by):
            failed = sweep(self.stage, lambda: 60).failed
            if failed and by is NEXT:
                raise Violation(f"the next version could not heal {failed} tasks")

    def restart(self, by: Version) -> None:
        """A person restarts a task."""
        task = self.chance.choice(self.tasks())
        with self.acting(by), suppress(ReelmillError):
            restart_task(self.stage, "main", task.id, only_failed=self.chance.random() < 0.5)

    def cancel(self, by: Version) -> None:
        """A person cancels a task."""
        task = self.chance.choice(self.tasks())
        with self.acting(by), suppress(ReelmillError):
            cancel_task(self.stage, "main", task.id)

    def switch(self, by: Version) -> None:
        """A person disables an orchestration and enables it again, so that no upload is missed."""
        name = self.chance.choice(("plain", "dreams"))
        with self.acting(by):
            for enabled in (False, True):
                switch_orchestration(self.stage, "main", name, enabled=enabled)

    def wait(self, _: Version) -> None:
        """Time passes."""
        self.stage.time += self.chance.choice((1000, 60_000, 130_000, HOUR))

    def tasks(self) -> list[Task]:
        """Return all tasks, as the next version reads them."""
        rows = self.stage.in_memory_tables.tables["TasksTable"].items.values()
        identifiers = [row["pk"]["S"] for row in rows if row["sk"]["S"] == TASK]
        self.use(NEXT)
        found = [self.stage.tasks.get(identifier) for identifier in identifiers]
        self.use(THIS)
        return [task for task in found if task]

    def close(self) -> None:
        """The next version is deployed for good: all that was asked for gets done, and no attempt is missing."""
        self.share = 1.0
        self.workers.clear()
        for _ in range(ROUNDS):
            while self.events:
                self.accept(NEXT)
            self.stage.time += 8 * HOUR
            self.sweep(NEXT)
            for _ in range(len(self.queue)):
                self.deliver(NEXT)
            while self.workers:
                with self.acting(NEXT):
                    self.conclude(self.workers.pop().admitted, "success")
            if all(task.status is TaskStatus.COMPLETED for task in self.tasks()) and not self.queue:
                break
        self.check_end()

    def check_end(self) -> None:
        """Check that each upload has both tasks, that all have ended, and how many attempts each subtask had."""
        tasks = self.tasks()
        self.wire.by = NEXT
        decisions = self.stage.decisions.page(DecisionFilter(verdict=Verdict.MATCHED), 1000).items
        self.wire.by = THIS
        if sorted(str(one.task_id) for one in decisions) != sorted(task.id for task in tasks):
            raise Violation(f"the tasks are not those of the verdicts: {decisions}\n{tasks}")
        for task in tasks:
            if task.status is not TaskStatus.COMPLETED:
                raise Violation(f"the task never ends: {task}")
            for subtask in task.subtasks:
                made = self.attempts[task.id, subtask.carried_from or task.run, subtask.no]
                if subtask.attempt != made:
                    raise Violation(f"subtask {subtask.no} has used up {subtask.attempt} attempts for {made}: {task}")


class Action(NamedTuple):
    """An action; `weight` is how often it is tried, compared with the others."""

    make: Callable[[Play, Version], None]
    weight: int
    wants: str = ""


ACTIONS = (
    Action(Play.upload, 3),
    Action(Play.accept, 5, "events"),
    Action(Play.deliver, 8, "queue"),
    Action(Play.work, 6, "workers"),
    Action(Play.beat, 2, "workers"),
    Action(Play.sweep, 3),
    Action(Play.restart, 2, "attempts"),
    Action(Play.cancel, 1, "attempts"),
    Action(Play.switch, 1),
    Action(Play.wait, 3),
)


@contextmanager
def two_versions(stage: Stage) -> Iterator[Wire]:
    """Put the wire between the services and the tables."""
    tables = stage.in_memory_tables
    wire = Wire(tables, tables.answer)
    with patch.object(tables, "answer", wire.answer):
        yield wire


def play(stage: Stage, wire: Wire, seed: int) -> Play:
    """Run random actions of both versions, the same ones for the same seed; then deploy the next version for good."""
    begun = Play.begin(stage, wire, seed)
    for _ in range(STEPS):
        begun.act()
    begun.close()
    return begun
