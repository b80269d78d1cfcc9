"""(i) Write units a second of a task whose subtasks all run: the largest plan, counted on dynalite.

dynalite has no transactions. So the count of compute time, which only a deployment with DailyComputeSeconds makes, is
computed: a transaction costs twice the units of its writes (AWS's guide on DynamoDB transactions).
"""

import random
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from benchmarks.capacity import Meter, meter_clients
from shared.domain.subtask import Lease, Subtask, SubtaskRef
from shared.domain.task import MAX_SUBTASKS
from shared.settings import Settings
from shared.stores.progress_store import ProgressStore
from shared.stores.task_codec import MAX_PLAN_BYTES, plan_size
from shared.stores.task_store import TaskStore
from shared.worker.attempt import RENEW_AFTER
from shared.worker.heartbeat import BEAT_EVERY
from tests.support.deployment import BEGINNING
from tests.support.dynalite import dynalite
from tests.support.factories import make_subtask, make_task

TABLE = "TasksTable"
LONGEST_PHASE = "waiting for Amazon Rekognition"
LEASE_SECONDS = Settings().lease_seconds
COMPUTE_UNITS = 2  # one item of under 1 KB, in a transaction


@dataclass(frozen=True)
class BeatCost:
    """Write units of one report of progress and of one renewal, and their sum for the whole task in a second."""

    plan_bytes: int
    progress: float
    renewal: float
    a_second: float
    a_second_with_budget: float


def measure() -> BeatCost:
    """Let all subtasks of the largest task run, report their progress and renew their leases."""
    with meter_clients() as meter, dynalite():
        store, progress = TaskStore(TABLE), ProgressStore(TABLE)
        task = make_task([largest_subtask(no) for no in range(1, MAX_SUBTASKS + 1)])
        store.create(task)
        leases = [Lease(task.id, 1, no, attempt=1) for no in range(1, MAX_SUBTASKS + 1)]
        for lease in leases:
            store.claim(SubtaskRef(task.id, 1, lease.no), BEGINNING, BEGINNING + 1000 * LEASE_SECONDS, 3)
            progress.put(lease, 99, LONGEST_PHASE)
        meter.take()
        for lease in leases:
            progress.put(lease, 99, LONGEST_PHASE)
        report = take_mean(meter)
        for lease in leases:
            store.renew(lease, BEGINNING + 2000 * LEASE_SECONDS)
        renewal = take_mean(meter)
    beats = MAX_SUBTASKS / BEAT_EVERY
    # A beat renews the lease once a part of it is over: at the latest one beat later.
    renewals = MAX_SUBTASKS / (LEASE_SECONDS * RENEW_AFTER)
    a_second = beats * report + renewals * renewal
    return BeatCost(sum(map(plan_size, task.subtasks)), report, renewal, a_second, a_second + beats * COMPUTE_UNITS)


def largest_subtask(no: int) -> Subtask:
    """Return a subtask whose plan takes its share of the limit, and can't be compressed much."""
    text = random.Random(no).randbytes(MAX_PLAN_BYTES // MAX_SUBTASKS // 2 - 60).hex()  # noqa: S311 - not for secrets
    return make_subtask(no, params={"words": [text]})


def take_mean(meter: Meter) -> float:
    """Return the units of each of the last requests, which are one per subtask."""
    return meter.take().units / MAX_SUBTASKS


def figures(found: BeatCost) -> dict[str, Any]:
    """Return the figures."""
    return asdict(found)


def table(found: dict[str, Any]) -> Table:
    """Return the figures as a table."""
    shown = Table(
        title=f"(i) Write units of {MAX_SUBTASKS} running subtasks with {found['plan_bytes'] // 1024} KB of plan"
    )
    shown.add_column("write")
    shown.add_column("units", justify="right")
    shown.add_row("report of progress", f"{found['progress']:.1f}")
    shown.add_row("renewal of a lease", f"{found['renewal']:.1f}")
    shown.add_row("all subtasks, a second", f"{found['a_second']:.1f}", style="bold")
    shown.add_row("the same with a limit of compute time", f"{found['a_second_with_budget']:.1f}")
    return shown
