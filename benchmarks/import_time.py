"""(d) The import time of each handler as packaged, compared with `import boto3` as packaged: most of a cold start."""

import json
import platform
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from rich.table import Table

PROJECT = Path(__file__).parent.parent
BARE = "boto3"
# Each is imported from the package of its function. They all contain boto3.
PACKAGES = {
    BARE: "OnUploadFunction",
    "functions.on_upload.handler": "OnUploadFunction",
    "functions.run_subtask.handler": "RunSubtaskFunction",
    "functions.task_api.handler": "TaskApiFunction",
    "functions.sweep.handler": "SweepFunction",
}
CLOCKS = ("cpu", "wall")
# Runs in a new interpreter. As on Lambda, only the standard library and the package can be imported, and no byte code
# is written: what the package doesn't bring is compiled each time.
SCRIPT = """
import sys, time
sys.path.append(sys.argv[1])
from importlib import import_module
cpu, wall = time.process_time(), time.perf_counter()
import_module(sys.argv[2])
print("[%f, %f]" % (time.process_time() - cpu, time.perf_counter() - wall))
"""
GOAL = 1.5  # times a bare boto3

Samples = dict[str, list[tuple[float, float]]]


def measure(repeats: int) -> Samples:
    """Import each module in a new interpreter, in turns: a slow minute affects all. The first turn doesn't count."""
    samples: Samples = defaultdict(list)
    with TemporaryDirectory() as folder:
        for function in sorted(set(PACKAGES.values())):
            build(function, Path(folder, function))
        for turn in range(repeats + 1):
            for module, function in PACKAGES.items():
                taken = seconds(module, Path(folder, function))
                if turn:
                    samples[module].append(taken)
    return samples


def build(function: str, package: Path) -> None:
    """Package a function as for AWS, for this machine and its Python."""
    package.mkdir()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    variables = {
        "ARTIFACTS_DIR": str(package),
        "LAMBDA_PYTHON": version,
        "LAMBDA_PLATFORM": f"{platform.machine()}-manylinux_2_28",
    }
    subprocess.run(
        ["make", "--silent", f"build-{function}", *(f"{name}={value}" for name, value in variables.items())],  # noqa: S607
        cwd=PROJECT,
        check=True,
    )


def seconds(module: str, package: Path) -> tuple[float, float]:
    """Return the CPU time and the wall time of one import from a package."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", SCRIPT, str(package), module],
        cwd=package,
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
    for module in PACKAGES:
        columns = dict(zip(CLOCKS, zip(*samples[module], strict=True), strict=True))
        found[module] = {clock: {"min": min(column), "median": median(column)} for clock, column in columns.items()}
    for clock in CLOCKS:
        for module in PACKAGES:
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
