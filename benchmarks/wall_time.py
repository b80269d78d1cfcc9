"""(a) The wall time of a task, divided by that of its ffmpeg commands alone, with the same order and parallelism."""

import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.table import Table

from benchmarks import workload
from benchmarks.stack import Put, Stack, epoch
from shared.media.ffmpeg import binary

SOURCE = "source.mp4"  # its name in the attempts' commands
PHASES = ("download", "operation", "upload")


@dataclass(frozen=True)
class Round:
    """One task, and its commands alone. All in seconds; `phases` are sums over the subtasks."""

    put_to_ended: float
    created_to_ended: float
    put_to_started: float
    bare: float
    ffmpeg_bare: float
    phases: dict[str, float]

    @property
    def ratio(self) -> float:
        """The wait from put_object to the end, divided by the time of the bare commands."""
        return self.put_to_ended / self.bare


def measure(stack: Stack, seconds: int, rounds: Mapping[int, int]) -> dict[int, list[Round]]:
    """Run tasks of each size, each followed by its commands alone; a short task warms up the stack."""
    clip = workload.clip(seconds)
    stack.put(workload.clip(1), f"{workload.name_of(4)}/warm-up.mp4")
    return {
        size: [run_round(stack, clip, f"{workload.name_of(size)}/wall-{n}.mp4") for n in range(rounds[size])]
        for size in workload.TEMPLATES
    }


def run_round(stack: Stack, clip: Path, key: str) -> Round:
    """Run one task, then its commands alone."""
    put = stack.put(clip, key)
    subtasks = [stack.subtask(put.task, subtask["no"]) for subtask in put.task["subtasks"]]
    subtasks.sort(key=lambda subtask: epoch(subtask["startedAt"]))
    attempts = [subtask["attempts"][-1] for subtask in subtasks]
    bare, each = run_bare(clip, [attempt["commands"] for attempt in attempts])
    phases = {phase: sum(attempt["seconds"][phase] for attempt in attempts) for phase in PHASES}
    return Round(
        put_to_ended=put.seconds_until("endedAt"),
        created_to_ended=seconds_between(put, "runAt", "endedAt"),
        put_to_started=put.seconds_until("startedAt"),
        bare=bare,
        ffmpeg_bare=sum(each),
        phases=phases,
    )


def seconds_between(put: Put, first: str, last: str) -> float:
    """Return the seconds between two times of a task."""
    return epoch(put.task[last]) - epoch(put.task[first])


def run_bare(clip: Path, jobs: Sequence[Sequence[str]]) -> tuple[float, list[float]]:
    """Run each job's commands in sequence, with the stack's number of parallel jobs; return the wall times."""
    with tempfile.TemporaryDirectory(prefix="reelmill-bare-") as folder:
        places = [Path(folder) / str(number) for number in range(len(jobs))]
        for place in places:
            place.mkdir()
            (place / "out").mkdir()
            (place / SOURCE).symlink_to(clip)
        begun = time.perf_counter()
        with ThreadPoolExecutor(workload.AT_ONCE) as pool:
            each = list(pool.map(run_job, jobs, places))
        return time.perf_counter() - begun, each


def run_job(commands: Sequence[str], place: Path) -> float:
    """Run one job's commands; return the seconds."""
    begun = time.perf_counter()
    for command in commands:
        _, *arguments = shlex.split(command)
        subprocess.run(
            [binary(), *arguments],
            cwd=place,
            env={},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
    return time.perf_counter() - begun


def figures(seconds: int, found: dict[int, list[Round]]) -> dict[str, Any]:
    """Return the median round of each size, and all rounds."""
    sizes = {}
    for size, rounds in found.items():
        sizes[str(size)] = {
            "ratio": median(r.ratio for r in rounds),
            "task": median(r.put_to_ended for r in rounds),
            "created_to_ended": median(r.created_to_ended for r in rounds),
            "put_to_started": median(r.put_to_started for r in rounds),
            "bare": median(r.bare for r in rounds),
            "templates": list(workload.TEMPLATES[size]),
            "rounds": [asdict(r) | {"ratio": r.ratio} for r in rounds],
        }
    return {"clip_seconds": seconds, "at_once": workload.AT_ONCE, "cpus": os.cpu_count(), "sizes": sizes}


def table(found: dict[str, Any]) -> Table:
    """Return the figures as a table."""
    shown = Table(
        title=f"(a) A task on {found['clip_seconds']} s of 720p, put_object → endedAt, over its ffmpeg "
        f"commands alone, {found['at_once']} in parallel; seconds, medians"
    )
    for heading in ("subtasks", "task", "bare", "task / bare", "rounds", "put → started"):
        shown.add_column(heading, justify="right")
    for size, values in found["sizes"].items():
        ratios = ", ".join(f"{one['ratio']:.3f}" for one in values["rounds"])
        shown.add_row(
            size,
            f"{values['task']:.2f}",
            f"{values['bare']:.2f}",
            f"[bold]{values['ratio']:.3f}[/]",
            ratios,
            f"{values['put_to_started']:.2f}",
        )
    return shown
