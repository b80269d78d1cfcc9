"""(b) The wait from put_object to the first running subtask."""

from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from rich.table import Table

from benchmarks import workload
from benchmarks.figures import percentile
from benchmarks.stack import Put, Stack

CLIP_SECONDS = 1
WARM_UPS = 3
STEPS = {
    "put": "put_object called → returned",
    "created": "put_object called → task created by on_upload",
    "queued": "task created → first subtask claimed by run_subtask",
    "started": "put_object called → first subtask started",
}


@dataclass(frozen=True)
class Waits:
    """The waits of one upload, in seconds."""

    put: float
    created: float
    queued: float
    started: float

    @classmethod
    def of(cls, put: Put) -> "Waits":
        """Return the waits of an upload."""
        created, started = put.seconds_until("runAt"), put.seconds_until("startedAt")
        return cls(put.returned_at - put.called_at, created, started - created, started)


def measure(stack: Stack, puts: int) -> list[Waits]:
    """Upload a small clip repeatedly, each time after the last task has ended; the first few don't count."""
    clip = workload.clip(CLIP_SECONDS)
    folder = workload.name_of(1)
    waits = [Waits.of(stack.put(clip, f"{folder}/start-{number:02}.mp4")) for number in range(WARM_UPS + puts)]
    return waits[WARM_UPS:]


def figures(waits: list[Waits]) -> dict[str, Any]:
    """Return the figures of each step, and all measured values."""
    steps = {}
    for step in STEPS:
        values = [asdict(wait)[step] for wait in waits]
        steps[step] = {"median": median(values), "p95": percentile(values, 95), "max": max(values)}
    return {"puts": len(waits), "seconds": steps, "each": [asdict(wait) for wait in waits]}


def table(found: dict[str, Any]) -> Table:
    """Return the figures as a table."""
    shown = Table(title=f"(b) S3 put → first subtask started: {found['puts']} puts, warm; milliseconds")
    shown.add_column("step")
    for name in ("median", "p95", "max"):
        shown.add_column(name, justify="right")
    for step, meaning in STEPS.items():
        values = found["seconds"][step]
        style = "bold" if step == "started" else ""
        shown.add_row(meaning, *(f"{values[name] * 1000:.0f}" for name in ("median", "p95", "max")), style=style)
    return shown
