"""(e) Capacity units and requests of a list page and of each move, by how many tasks the table holds.

On dynalite, whose answers tell their units. It counts as AWS does, by sizes rounded up to 1 KB written or 4 KB read,
except that it leaves out what `benchmarks.capacity` adds: the indexes' part of a write, and the least of a query.
A refused write it doesn't charge at all, as AWS would; none of these is refused.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from itertools import count
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from rich.table import Table

from benchmarks.capacity import Meter, Spent, index_units, metered
from shared.domain.ids import sortable_id
from shared.domain.page_token import write_token
from shared.domain.subtask import Failure, FinalState, Lease, Subtask, SubtaskRef, SubtaskStatus
from shared.domain.task import OrchestrationRef, Outcome, Source, Task, TaskStatus
from shared.stores.presets import preset_templates
from shared.stores.task_codec import TASK, index_status, shard
from shared.stores.task_queries import TaskFilter, TaskQueries
from shared.stores.task_store import TaskStore
from tests.support.deployment import BEGINNING
from tests.support.dynalite import dynalite

TABLE = "TasksTable"
SECOND = 1000  # milliseconds; a task a second
LEASE = 120 * SECOND
MAX_ATTEMPTS = 3
PAGE = 20  # tasks
AT_ONCE = 4  # threads that fill the table
BATCH = 25  # DynamoDB: items in one BatchWriteItem
TEMPLATES = ("h264-1080p", "h264-720p", "h264-360p", "m4a-192k", "screenshot-jpeg-middle")
ORCHESTRATIONS = ("web-video", "archive", "podcast")
OFTEN = "uploads/news/today.mp4"  # the source of each tenth task
# Of twenty tasks, how many stand where.
MIXTURE: Mapping[TaskStatus | Outcome, int] = {
    TaskStatus.WAITING: 1,
    TaskStatus.IN_PROGRESS: 1,
    Outcome.SUCCEEDED: 14,
    Outcome.PARTIALLY_FAILED: 2,
    Outcome.FAILED: 1,
    Outcome.ENDED: 1,
}
STATES = [state for state, number in MIXTURE.items() for _ in range(number)]

T = TypeVar("T")
Item = dict[str, Any]
Costs = dict[str, Spent]

serial = count()


def a_task(tenant: str = "main") -> Task:
    """Return a new task of five subtasks, not stored yet."""
    templates = [preset_templates()[name] for name in TEMPLATES]
    return Task(
        id=sortable_id(BEGINNING, f"{tenant} {next(serial)}".encode()),
        source=Source("reelmill-input-123456789012", OFTEN, 734_003_200, '"9b2cf535f27731c974343645a3985328-44"', "v1"),
        subtasks=tuple(
            Subtask(no, template.name, template.operation, template.params, template.name)
            for no, template in enumerate(templates, start=1)
        ),
        created_at=BEGINNING,
        output_prefix="{inputDir}/{inputName}/",
        orchestration=OrchestrationRef(ORCHESTRATIONS[0], 1),
        tenant=tenant,
    ).begun()


def claim(store: TaskStore, task: Task, no: int) -> Task:
    """Return the task once a subtask is claimed."""
    ref = SubtaskRef(task.id, task.run, no, task.tenant)
    return made(store.claim(ref, BEGINNING, BEGINNING + LEASE, MAX_ATTEMPTS))


def finish(store: TaskStore, seen: Task, no: int, *, good: bool = True) -> Task:
    """Return the task once a claimed subtask is finished."""
    lease = Lease(seen.id, seen.run, no, seen.tenant, attempt=1)
    place = f"s3://reelmill-output-123456789012/uploads/news/today/{seen.id}/{lease.record}/"
    failure = Failure("SourceFileError.NoVideo", "the file has no video: choose a template for audio alone")
    final_state = (
        FinalState(SubtaskStatus.SUCCESSFUL, output=place, record=lease.record)
        if good
        else FinalState(SubtaskStatus.FAILED, failure, record=lease.record)
    )
    return made(store.finish(seen, lease, final_state, BEGINNING + LEASE))


def made(moved: T | None) -> T:
    """Return what a move returned, which must not have been refused."""
    if not moved:
        message = "a move was refused"
        raise RuntimeError(message)
    return moved


def patterns(store: TaskStore, read: Callable[[str], Item]) -> dict[TaskStatus | Outcome, Item]:
    """Lead a task to each state by its moves; return the items."""
    found: dict[TaskStatus | Outcome, Item] = {}
    for state in MIXTURE:
        task = a_task("pattern")
        made(store.create(task))
        task = made(store.mark_sent(task, task.unsent))
        match state:
            case TaskStatus.WAITING:
                pass
            case TaskStatus.IN_PROGRESS:
                claim(store, finish(store, claim(store, task, 1), 1), 2)
            case Outcome.ENDED:
                made(store.end(task, BEGINNING))
            case _:
                for no in range(1, len(TEMPLATES) + 1):
                    good = state is Outcome.SUCCEEDED or (state is Outcome.PARTIALLY_FAILED and no > 1)
                    task = finish(store, claim(store, task, no), no, good=good)
        found[state] = read(task.id)
    return found


def nth_id(number: int) -> str:
    """Return the ID of a task that fills the table, by its number."""
    return sortable_id(BEGINNING + number * SECOND, str(number).encode())


def nth_item(found: Mapping[TaskStatus | Outcome, Item], number: int) -> Item:
    """Return a task that fills the table: a pattern under another ID, and what follows from that."""
    state = STATES[number % len(STATES)]
    pattern, identifier = found[state], nth_id(number)
    place = shard(identifier)
    name = ORCHESTRATIONS[number % len(ORCHESTRATIONS)]
    key = OFTEN if number % 10 == 0 else f"uploads/{number:09}.mp4"
    strings = {
        "pk": identifier,
        "tenant": "main",
        "ix_age": f"main#{place}",
        "ix_status": index_status("main", state, identifier),
        "ix_source": f"main#{key}",
        "ix_orchestration": f"main#{name}#{place}",
        "ix_due": str(place),
    }
    return {
        **pattern,
        **{attribute: {"S": value} for attribute, value in strings.items()},
        "source": {"M": {**pattern["source"]["M"], "key": {"S": key}}},
        "orchestration": {"M": {**pattern["orchestration"]["M"], "name": {"S": name}}},
        "created_at": {"N": str(BEGINNING + number * SECOND)},
    }


class Stock:
    """A table that is filled by and by, and what reading and moving cost in it."""

    def __init__(self, endpoint: str, meter: Meter) -> None:
        """Begin with an empty table."""
        self._meter = meter
        self._store = TaskStore(TABLE)
        self._lists = TaskQueries(self._store)
        config = Config(parameter_validation=False)  # which takes longer than all else
        self._client = boto3.client("dynamodb", endpoint_url=endpoint, config=config)
        self._patterns = patterns(self._store, self._item)
        self._size = 0

    def grow(self, size: int) -> None:
        """Fill the table up to that many tasks."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for _ in pool.map(self._put, range(self._size, size, BATCH)):
                pass  # but for an error
        self._size = size

    def pages(self) -> Costs:
        """Return what a page costs by each filter: the first, and one in the middle of the list."""
        from_quarter, to_quarter = (BEGINNING + self._size * SECOND * quarter // 4 for quarter in (1, 3))
        filters = {
            "all": TaskFilter(),
            "status WAITING": TaskFilter(status=TaskStatus.WAITING),
            "status COMPLETED": TaskFilter(status=TaskStatus.COMPLETED),
            "outcome FAILED": TaskFilter(outcome=Outcome.FAILED),
            "orchestration": TaskFilter(orchestration=ORCHESTRATIONS[1]),
            "orchestration and outcome": TaskFilter(orchestration=ORCHESTRATIONS[1], outcome=Outcome.SUCCEEDED),
            "source key": TaskFilter(source_key=OFTEN),
            "time range": TaskFilter(created_after=from_quarter, created_before=to_quarter),
        }
        costs: Costs = {}
        for name, wanted in filters.items():
            costs[f"page: {name}, first"] = self._page(wanted, None)
            costs[f"page: {name}, middle"] = self._page(wanted, write_token(nth_id(self._size // 2), wanted))
        return costs

    def moves(self) -> Costs:
        """Lead one task through all moves; return what each costs."""
        store, costs = self._store, Costs()
        task = a_task("bench")

        def cost(name: str, move: Callable[[], T | None]) -> T:
            before = self._item(task.id)
            self._meter.taken()
            result = made(move())
            spent = self._meter.taken()
            costs[name] = Spent(spent.requests, spent.units + index_units(TABLE, before, self._item(task.id)))
            return result

        cost("create", partial(store.create, task))
        cost("mark_sent", partial(store.mark_sent, task, task.unsent))
        cost("claim, the task's first", partial(claim, store, task, 1))
        seen = cost("claim", partial(claim, store, task, 2))
        lease = Lease(task.id, 1, 1, task.tenant, attempt=1)
        cost("renew", partial(store.renew, lease, BEGINNING + LEASE, 50, "operation"))
        cost("look again", partial(store.look_again, task, BEGINNING + LEASE))
        seen = cost("finish", partial(finish, store, seen, 1))
        seen = finish(store, seen, 2)
        for no in (3, 4):
            seen = finish(store, claim(store, seen, no), no)
        seen = claim(store, seen, 5)
        seen = cost("finish, the task's last", partial(finish, store, seen, 5))
        cost("get", partial(store.get, task.id))
        seen = cost("restart", partial(store.restart, seen, BEGINNING))
        seen = cost("end", partial(store.end, seen, BEGINNING))
        seen = claim(store, made(store.restart(seen, BEGINNING)), 1)
        cost("cancel", partial(store.cancel, seen, BEGINNING))
        return costs

    def _page(self, wanted: TaskFilter, token: str | None) -> Spent:
        self._meter.taken()
        page = self._lists.page(wanted, PAGE, token)
        spent = self._meter.taken()
        if len(page.items) != PAGE or page.next_token is None:
            message = f"{wanted} has no full page here: too few tasks"
            raise RuntimeError(message)
        return spent

    def _item(self, identifier: str) -> Item:
        answer = self._client.get_item(TableName=TABLE, Key={"pk": {"S": identifier}, "sk": {"S": TASK}})
        return dict(answer.get("Item", {}))

    def _put(self, start: int) -> None:
        items = [nth_item(self._patterns, number) for number in range(start, start + BATCH)]
        unprocessed = self._client.batch_write_item(
            RequestItems={TABLE: [{"PutRequest": {"Item": item}} for item in items]}
        )["UnprocessedItems"]
        if unprocessed:
            message = "dynalite took a part of a batch"
            raise RuntimeError(message)


def measure(sizes: Sequence[int]) -> dict[int, Costs]:
    """Fill a table, and stop at each size to see what things cost."""
    found: dict[int, Costs] = {}
    with metered() as meter, dynalite() as endpoint:
        stock = Stock(endpoint, meter)
        for size in sizes:
            stock.grow(size)
            found[size] = {**stock.pages(), **stock.moves()}
    return found


def figures(found: Mapping[int, Costs]) -> dict[str, Any]:
    """Return what each operation costs by size, and whether that is the same everywhere."""
    names = next(iter(found.values()))
    return {
        "page": PAGE,
        "operations": {
            name: {
                "sizes": {str(size): asdict(costs[name]) for size, costs in found.items()},
                "equal": len({costs[name] for costs in found.values()}) == 1,
            }
            for name in names
        },
    }


def table(found: dict[str, Any]) -> Table:
    """Return the figures as a table."""
    shown = Table(
        title=f"(e) Requests and capacity units by the number of tasks in the table; pages of {found['page']} tasks"
    )
    shown.add_column("operation")
    for size in next(iter(found["operations"].values()))["sizes"]:
        shown.add_column(f"{int(size):,} tasks", justify="right")
    shown.add_column("equal")
    for name, values in found["operations"].items():
        cells = [f"{spent['requests']} / {spent['units']:g}" for spent in values["sizes"].values()]
        shown.add_row(name, *cells, "yes" if values["equal"] else "[red]no[/]")
    return shown
