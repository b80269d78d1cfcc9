"""`python -m benchmarks [a b c d e f g h i j]`: measure what Reelmill costs; print tables, and write a JSON file."""

import argparse
import json
import os
import platform
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks import (
    beat_cost,
    console_list,
    import_time,
    list_cost,
    operation_cost,
    put_to_start,
    requests_per_task,
    server_memory,
    soak,
    wall_time,
    workload,
)
from benchmarks.stack import running_stack
from infra.local.emulator import bypass_proxies

ROWS = 100  # the maximum of a page
FILE_WIDTH = 160  # columns if the output is a file


@dataclass(frozen=True)
class Effort:
    """How much to measure: more takes longer and gives better figures."""

    clip_seconds: int
    rounds: Mapping[int, int]  # by number of subtasks
    puts: int
    tasks: int
    imports: int
    table_sizes: Sequence[int]
    burst: int
    full_hd_seconds: int
    openings: int
    object_megabytes: int


FULL = Effort(
    clip_seconds=60,
    rounds={1: 3, 4: 2, 8: 2},
    puts=20,
    tasks=5,
    imports=20,
    table_sizes=(1_000, 10_000, 100_000),
    burst=500,
    full_hd_seconds=10,
    openings=10,
    object_megabytes=100,
)
QUICK = Effort(
    clip_seconds=5,
    rounds={1: 1, 4: 1, 8: 1},
    puts=5,
    tasks=2,
    imports=5,
    table_sizes=(1_000, 10_000),
    burst=50,
    full_hd_seconds=2,
    openings=3,
    object_megabytes=10,
)


def part_a(effort: Effort) -> dict[str, Any]:
    """Measure wall times."""
    with running_stack() as stack:
        found = wall_time.measure(stack, effort.clip_seconds, effort.rounds)
    return wall_time.figures(effort.clip_seconds, found)


def part_b(effort: Effort) -> dict[str, Any]:
    """Measure the wait for the first subtask."""
    with running_stack() as stack:
        return put_to_start.figures(put_to_start.measure(stack, effort.puts))


def part_c(effort: Effort) -> dict[str, Any]:
    """Count requests."""
    with running_stack() as stack:
        return requests_per_task.figures(requests_per_task.measure(stack, effort.tasks))


def part_d(effort: Effort) -> dict[str, Any]:
    """Measure imports."""
    return import_time.figures(import_time.measure(effort.imports))


def part_e(effort: Effort) -> dict[str, Any]:
    """Count capacity units."""
    return list_cost.figures(list_cost.measure(effort.table_sizes))


def part_f(effort: Effort) -> dict[str, Any]:
    """Count the results of a burst of uploads."""
    with running_stack() as stack:
        return soak.figures(soak.measure(stack, effort.burst))


def part_g(effort: Effort) -> dict[str, Any]:
    """Measure each operation."""
    return operation_cost.figures(effort.full_hd_seconds, operation_cost.measure(effort.full_hd_seconds))


def part_h(effort: Effort) -> dict[str, Any]:
    """Measure the list in the console."""
    with running_stack() as stack:
        return console_list.measure(stack, ROWS, effort.openings)


def part_i(effort: Effort) -> dict[str, Any]:  # noqa: ARG001 - it takes seconds
    """Count the write units of heartbeats."""
    return beat_cost.figures(beat_cost.measure())


def part_j(effort: Effort) -> dict[str, Any]:
    """Measure the memory of the server."""
    with running_stack() as stack:
        return server_memory.measure(stack, effort.object_megabytes)


Part = tuple[str, Callable[[Effort], dict[str, Any]], Callable[[dict[str, Any]], Table]]
PARTS: dict[str, Part] = {
    "a": ("wall_time", part_a, wall_time.table),
    "b": ("put_to_start", part_b, put_to_start.table),
    "c": ("requests_per_task", part_c, requests_per_task.table),
    "d": ("import_time", part_d, import_time.table),
    "e": ("list_cost", part_e, list_cost.table),
    "f": ("soak", part_f, soak.table),
    "g": ("operation_cost", part_g, operation_cost.table),
    "h": ("console_list", part_h, console_list.table),
    "i": ("beat_cost", part_i, beat_cost.table),
    "j": ("server_memory", part_j, server_memory.table),
}


def describe_machine() -> dict[str, Any]:
    """Return the machine that runs the benchmarks."""
    return {
        "cpus": os.cpu_count(),
        "architecture": platform.machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }


def parse_arguments() -> argparse.Namespace:
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        help="a wall time, b put to start, c requests, d imports, e capacity units, f a burst, g operations, "
        "h the console, i heartbeats, j the server's memory (default: all)",
    )
    parser.add_argument("--quick", action="store_true", help="a short clip and few rounds, to check that it works")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    return options


def save_report(report: dict[str, Any], started: datetime) -> Path:
    """Write the report and return its path."""
    workload.RESULTS.mkdir(exist_ok=True)
    path = workload.RESULTS / f"{started:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(report, indent=1) + "\n")
    return path


def main() -> None:
    """Measure, print tables, and save the report."""
    options = parse_arguments()
    os.environ |= bypass_proxies(os.environ)  # the measured stacks run on this machine
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # shuts the stack down cleanly, like Ctrl-C
    console = Console()
    if not console.is_terminal:
        console = Console(width=FILE_WIDTH)
    started = datetime.now(UTC)
    report: dict[str, Any] = {"started": started.isoformat(), "quick": options.quick, "machine": describe_machine()}
    for letter in options.parts or PARTS:
        name, measure, table = PARTS[letter]
        with console.status(f"({letter}) {name.replace('_', ' ')} …"):
            report[name] = measure(QUICK if options.quick else FULL)
        output = table(report[name])
        if not console.is_terminal:
            output.box = box.MARKDOWN  # the form of docs/explanation/measurements.md
        console.print(output)
    console.print(f"{save_report(report, started)} has all figures", soft_wrap=True)


if __name__ == "__main__":
    main()
