"""(d) The import time of each handler, compared with a bare `import boto3`: most of a cold start."""

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

from rich.table import Table

PROJECT = Path(__file__).parent.parent
BARE = "boto3"
MODULES = (
    BARE,
    *(f"functions.{name}.handler" for name in ("on_upload", "run_subtask", "task_api", "sweep")),
)
CLOCKS = ("cpu", "wall")
# Runs in a new interpreter, the same for all; the first one writes the byte code and the others read it.
SCRIPT = """
import sys, time
from importlib import import_module
cpu, wall = time.process_time(), time.perf_counter()
import_module(sys.argv[1])
print("[%f, %f]" % (time.process_time() - cpu, time.perf_counter() - wall))
"""
GOAL = 1.8  # times a bare boto3

Samples = dict[str, list[tuple[float, float]]]


def measure(repeats: int) -> Samples:
    """Import each module in a new interpreter, in turns: a slow minute affects all. The first turn doesn't count."""
    samples: Samples = defaultdict(list)
    for turn in range(repeats + 1):
        for module in MODULES:
            taken = seconds(module)
            if turn:
                samples[module].append(taken)
    return samples


def seconds(module: str) -> tuple[float, float]:
    """Return the CPU time and the wall time of one import."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, module],
        cwd=PROJECT,
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    cpu, wall = json.loads(done.stdout)
    return cpu, wall


def figures(samples: Samples) -> dict[str, Any]:
    """Return the minimum and median of each module, and their ratios to a bare boto3."""
    found: dict[str, Any] = {}
    for module in MODULES:
        columns = dict(zip(CLOCKS, zip(*samples[module], strict=True), strict=True))
        found[module] = {clock: {"min": min(column), "median": median(column)} for clock, column in columns.items()}
    for clock in CLOCKS:
        for module in MODULES:
            own, bare = found[module][clock], found[BARE][clock]
            own["ratio_min"], own["ratio_median"] = own["min"] / bare["min"], own["median"] / bare["median"]
    return {"repeats": len(samples[BARE]), "goal": GOAL, "modules": found}


def table(found: dict[str, Any]) -> Table:
    """Return the figures as a table."""
    shown = Table(title=f"(d) Imports, in ms and times boto3's: {found['repeats']} new interpreters each, in turns")
    shown.add_column("module")
    for clock in CLOCKS:
        for name in ("least", "median"):
            shown.add_column(f"{clock} {name}", justify="right")
            shown.add_column("times", justify="right")
    for module, clocks in found["modules"].items():
        cells = [
            cell
            for clock in CLOCKS
            for name in ("min", "median")
            for cell in (f"{clocks[clock][name] * 1000:.0f}", ratio(clocks[clock][f"ratio_{name}"]))
        ]
        shown.add_row(module.removeprefix("functions.").removesuffix(".handler"), *cells)
    return shown


def ratio(value: float) -> str:
    """Return a ratio, in red if it exceeds the goal."""
    return f"[red]{value:.2f}[/]" if value > GOAL else f"{value:.2f}"
