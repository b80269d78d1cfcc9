"""(e) Capacity units and requests of a list page and of each transition, by the number of tasks in the table.

This uses dynalite, whose responses contain the consumed units. It counts like AWS, by sizes rounded up to 1 KB written
or 4 KB read, but leaves out what `benchmarks.capacity` adds: the indexes' part of a write, and the minimum of a query.
It doesn't charge a refused write, which AWS would; all writes here succeed.
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

from benchmarks.capacity import Consumption, Meter, index_units, meter_clients
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
SECOND = 1000  # milliseconds; there is one task per second
LEASE = 120 * SECOND
MAX_ATTEMPTS = 3
PAGE = 20  # tasks
AT_ONCE = 4  # threads that fill the table
BATCH = 25  # DynamoDB: items in one BatchWriteItem
TEMPLATES = ("h264-1080p", "h264-720p", "h264-360p", "m4a-192k", "screenshot-jpeg-middle")
ORCHESTRATIONS = ("web-video", "archive", "podcast")
E_TAG = '"9b2cf535f27731c974343645a3985328-44"'
USUAL_KEY = "uploads/news/today.mp4"  # the source of every tenth task
# The number of tasks in each state, of twenty.
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
Costs = dict[str, Consumption]

serial = count()


def make_task(tenant: str = "main") -> Task:
    """Return a new task of five subtasks, which is not stored yet."""
    templates = [preset_templates()[name] for name in TEMPLATES]
    return Task(
        id=sortable_id(BEGINNING, f"{tenant} {next(serial)}".encode()),
        source=Source("reelmill-input-123456789012", USUAL_KEY, 734_003_200, E_TAG, "v1"),
        subtasks=tuple(
            Subtask(no, template.name, template.operation, template.params, template.name)
            for no, template in enumerate(templates, start=1)
        ),
        created_at=BEGINNING,
        output_prefix="{inputDir}/{inputName}/",
        orchestration=OrchestrationRef(ORCHESTRATIONS[0], 1),
        tenant=tenant,
    ).with_pending()


def claim_subtask(store: TaskStore, task: Task, no: int) -> Task:
    """Claim a subtask; return the task."""
    ref = SubtaskRef(task.id, task.run, no, task.tenant)
    return require_applied(store.claim(ref, BEGINNING, BEGINNING + LEASE, MAX_ATTEMPTS))


def finish_subtask(store: TaskStore, seen: Task, no: int, *, good: bool = True) -> Task:
    """Finish a claimed subtask; return the task."""
    lease = Lease(seen.id, seen.run, no, seen.tenant, attempt=1)
    folder = f"s3://reelmill-output-123456789012/uploads/news/today/{seen.id}/{lease.record}/"
    failure = Failure("SourceFileError.NoVideo", "the file has no video: choose a template for audio alone")
    final_state = (
        FinalState(SubtaskStatus.SUCCESSFUL, output=folder, record=lease.record)
        if good
        else FinalState(SubtaskStatus.FAILED, failure, record=lease.record)
    )
    return require_applied(store.finish(seen, lease, final_state, BEGINNING + LEASE))


def require_applied(result: T | None) -> T:
    """Return the result of a transition; raise RuntimeError if the transition was refused."""
    if not result:
        message = "a transition was refused"
        raise RuntimeError(message)
    return result


def make_patterns(store: TaskStore, read: Callable[[str], Item]) -> dict[TaskStatus | Outcome, Item]:
    """Bring a task into each state by transitions; return the items."""
    found: dict[TaskStatus | Outcome, Item] = {}
    for state in MIXTURE:
        task = make_task("pattern")
        require_applied(store.create(task))
        task = require_applied(store.mark_sent(task, task.unsent))
        match state:
            case TaskStatus.WAITING:
                pass
            case TaskStatus.IN_PROGRESS:
                claim_subtask(store, finish_subtask(store, claim_subtask(store, task, 1), 1), 2)
            case Outcome.ENDED:
                require_applied(store.end(task, BEGINNING))
            case _:
                for no in range(1, len(TEMPLATES) + 1):
                    good = state is Outcome.SUCCEEDED or (state is Outcome.PARTIALLY_FAILED and no > 1)
                    task = finish_subtask(store, claim_subtask(store, task, no), no, good=good)
        found[state] = read(task.id)
    return found


def nth_id(number: int) -> str:
    """Return the ID of a filler task, by its number."""
    return sortable_id(BEGINNING + number * SECOND, str(number).encode())


def nth_item(found: Mapping[TaskStatus | Outcome, Item], number: int) -> Item:
    """Return the item of a filler task: a pattern with another ID and the attributes that depend on it."""
    state = STATES[number % len(STATES)]
    pattern, identifier = found[state], nth_id(number)
    part = shard(identifier)
    name = ORCHESTRATIONS[number % len(ORCHESTRATIONS)]
    key = USUAL_KEY if number % 10 == 0 else f"uploads/{number:09}.mp4"
    strings = {
        "pk": identifier,
        "tenant": "main",
        "ix_age": f"main#{part}",
        "ix_status": index_status("main", state, identifier),
        "ix_source": f"main#{key}",
        "ix_orchestration": f"main#{name}#{part}",
        "ix_due": str(part),
    }
    return {
        **pattern,
        **{attribute: {"S": value} for attribute, value in strings.items()},
        "source": {"M": {**pattern["source"]["M"], "key": {"S": key}}},
        "orchestration": {"M": {**pattern["orchestration"]["M"], "name": {"S": name}}},
        "created_at": {"N": str(BEGINNING + number * SECOND)},
    }


class GrowingTable:
    """A table that grows step by step, and the cost of pages and transitions in it."""

    def __init__(self, endpoint: str, meter: Meter) -> None:
        """Start with an empty table."""
        self._meter = meter
        self._store = TaskStore(TABLE)
        self._lists = TaskQueries(self._store)
        config = Config(parameter_validation=False)  # validation would take most of the time
        self._client = boto3.client("dynamodb", endpoint_url=endpoint, config=config)
        self._patterns = make_patterns(self._store, self._item)
        one = self._patterns[TaskStatus.WAITING]
        self._plan = self._item(one["pk"]["S"], one["plan"]["S"])  # which all patterns have
        self._size = 0

    def grow(self, size: int) -> None:
        """Add tasks until the table has that many."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for _ in pool.map(self._put, range(self._size, size, BATCH)):
                pass  # raises errors
        self._size = size

    def measure_pages(self) -> Costs:
        """Return the cost of a page with each filter: the first page, and one in the middle of the list."""
        from_quarter, to_quarter = (BEGINNING + self._size * SECOND * quarter // 4 for quarter in (1, 3))
        filters = {
            "all": TaskFilter(),
            "status WAITING": TaskFilter(status=TaskStatus.WAITING),
            "status COMPLETED": TaskFilter(status=TaskStatus.COMPLETED),
            "outcome FAILED": TaskFilter(outcome=Outcome.FAILED),
            "orchestration": TaskFilter(orchestration=ORCHESTRATIONS[1]),
            "orchestration and outcome": TaskFilter(orchestration=ORCHESTRATIONS[1], outcome=Outcome.SUCCEEDED),
            "source key": TaskFilter(source_key=USUAL_KEY),
            "time range": TaskFilter(created_after=from_quarter, created_before=to_quarter),
        }
        costs: Costs = {}
        for name, wanted in filters.items():
            costs[f"page: {name}, first"] = self._page(wanted, None)
            costs[f"page: {name}, middle"] = self._page(wanted, write_token(nth_id(self._size // 2), wanted))
        return costs

    def measure_transitions(self) -> Costs:
        """Apply all transitions to one task; return the cost of each."""
        store, costs = self._store, Costs()
        task = make_task("bench")

        def measure_cost(name: str, transition: Callable[[], T | None]) -> T:
            before = self._item(task.id)
            self._meter.take()
            result = require_applied(transition())
            spent = self._meter.take()
            costs[name] = Consumption(spent.requests, spent.units + index_units(TABLE, before, self._item(task.id)))
            return result

        measure_cost("create", partial(store.create, task))
        measure_cost("mark_sent", partial(store.mark_sent, task, task.unsent))
        measure_cost("claim, the task's first", partial(claim_subtask, store, task, 1))
        seen = measure_cost("claim", partial(claim_subtask, store, task, 2))
        lease = Lease(task.id, 1, 1, task.tenant, attempt=1)
        measure_cost("renew", partial(store.renew, lease, BEGINNING + LEASE))
        measure_cost("schedule_check", partial(store.schedule_check, task, BEGINNING + LEASE))
        seen = measure_cost("finish", partial(finish_subtask, store, seen, 1))
        seen = finish_subtask(store, seen, 2)
        for no in (3, 4):
            seen = finish_subtask(store, claim_subtask(store, seen, no), no)
        seen = claim_subtask(store, seen, 5)
        seen = measure_cost("finish, the task's last", partial(finish_subtask, store, seen, 5))
        measure_cost("get", partial(store.get, task.id))
        seen = measure_cost("restart", partial(store.restart, seen, BEGINNING))
        seen = measure_cost("end", partial(store.end, seen, BEGINNING))
        seen = claim_subtask(store, require_applied(store.restart(seen, BEGINNING)), 1)
        measure_cost("cancel", partial(store.cancel, seen, BEGINNING))
        return costs

    def _page(self, wanted: TaskFilter, token: str | None) -> Consumption:
        self._meter.take()
        page = self._lists.page(wanted, PAGE, token)
        spent = self._meter.take()
        if len(page.items) != PAGE or page.next_token is None:
            message = f"{wanted} has no full page: there are too few tasks"
            raise RuntimeError(message)
        return spent

    def _item(self, identifier: str, sort_key: str = TASK) -> Item:
        answer = self._client.get_item(TableName=TABLE, Key={"pk": {"S": identifier}, "sk": {"S": sort_key}})
        return dict(answer.get("Item", {}))

    def _put(self, start: int) -> None:
        items = [nth_item(self._patterns, number) for number in range(start, start + BATCH)]
        for some in (items, [{**self._plan, "pk": item["pk"]} for item in items]):
            self._put_batch(some)

    def _put_batch(self, items: Sequence[Item]) -> None:
        unprocessed = self._client.batch_write_item(
            RequestItems={TABLE: [{"PutRequest": {"Item": item}} for item in items]}
        )["UnprocessedItems"]
        if unprocessed:
            message = "dynalite processed only a part of a batch"
            raise RuntimeError(message)


def measure(sizes: Sequence[int]) -> dict[int, Costs]:
    """Fill a table, and measure the costs at each size."""
    found: dict[int, Costs] = {}
    with meter_clients() as meter, dynalite() as endpoint:
        growing = GrowingTable(endpoint, meter)
        for size in sizes:
            growing.grow(size)
            found[size] = {**growing.measure_pages(), **growing.measure_transitions()}
    return found


def figures(found: Mapping[int, Costs]) -> dict[str, Any]:
    """Return the cost of each operation by size, and whether it is the same at all sizes."""
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
