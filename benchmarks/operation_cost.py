"""(g) The cost of each operation on 1080p: peak memory, and CPU seconds per second of video compared with ffmpeg."""

import json
import os
import resource
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks import workload
from shared.domain.subtask import SubtaskType
from shared.media.ffmpeg import Ffmpeg, Limits, binary
from shared.operations import OPERATIONS
from shared.stores.presets import preset_templates
from tests.support.local_files import LocalFiles, workbench

PROJECT = Path(__file__).parent.parent
# A typical template of each operation.
TEMPLATES: Mapping[SubtaskType, str] = {
    SubtaskType.TRANSCODE: "h264-1080p",
    SubtaskType.STREAM: "stream-hls-dash",
    SubtaskType.ENHANCE: "denoise-light",
    SubtaskType.SCREENSHOT: "screenshot-webp-tenths",
    SubtaskType.SAMPLE_SCREENSHOTS: "samples-every-10-percent",
    SubtaskType.SPRITE: "sprite-160",
    SubtaskType.ANIMATE: "gif-preview",
    SubtaskType.ANALYZE: "analyze-shots",
    SubtaskType.RECOGNIZE: "recognize-all",
    SubtaskType.MODERATE: "moderate-standard",
    SubtaskType.INSPECT: "inspect-full",
    SubtaskType.SEPARATE_AUDIO: "voice-and-background",
}
SOURCE = "source.mp4"  # its name in the recorded commands
A_LONG_TIME = 3600.0
DISK_BYTES = 10**10
MEGABYTE = 1024  # getrusage returns kilobytes on Linux


def measure(seconds: int) -> dict[str, dict[str, Any]]:
    """Run each operation in a separate process, then its ffmpeg commands alone."""
    clip = workload.full_hd(seconds)
    found = {}
    for kind, template in TEMPLATES.items():
        with tempfile.TemporaryDirectory(prefix="reelmill-bench-") as folder:
            source = Path(folder) / SOURCE
            source.symlink_to(clip)
            child = [sys.executable, "-m", __spec__.name, template, str(source)]
            done = subprocess.run(child, cwd=PROJECT, capture_output=True, text=True, check=True)
            one = json.loads(done.stdout)
            one["bare_cpu"] = run_bare_commands(one.pop("commands"), clip)
        found[str(kind)] = {"template": template, **one}
    return found


def run_operation(template_name: str, source: Path) -> dict[str, Any]:
    """Run one operation; return the consumption of this process and of its largest child."""
    template = preset_templates()[template_name]
    operation = OPERATIONS[template.operation]
    folder = source.parent / "out"
    folder.mkdir()
    ffmpeg = Ffmpeg(Limits(A_LONG_TIME, DISK_BYTES), folder, lambda _: None)
    operation.done(template.params, workbench(LocalFiles(source), ffmpeg))
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "own_cpu": own.ru_utime + own.ru_stime,
        "ffmpeg_cpu": children.ru_utime + children.ru_stime,
        "own_peak_mb": own.ru_maxrss / MEGABYTE,
        "ffmpeg_peak_mb": children.ru_maxrss / MEGABYTE,
        "commands": [shlex.join(command) for command in ffmpeg.commands],
    }


def run_bare_commands(commands: Sequence[str], clip: Path) -> float:
    """Run the commands one after another in a separate folder; return the CPU seconds of their processes.

    A command that reads what Reelmill itself wrote between two of them ends at once, and counts for nothing.
    """
    before = cpu_of_children()
    with tempfile.TemporaryDirectory(prefix="reelmill-bare-") as folder:
        (Path(folder) / SOURCE).symlink_to(clip)
        for command in commands:
            _, *arguments = shlex.split(command)
            subprocess.run([binary(), *arguments], cwd=folder, env={}, capture_output=True, check=False)
    return cpu_of_children() - before


def cpu_of_children() -> float:
    """Return the CPU seconds of all ended child processes."""
    times = os.times()
    return times.children_user + times.children_system


def figures(seconds: int, found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the measured values, with the sums that the table shows."""
    rows = {
        kind: {
            **one,
            # On Linux, the peak of a process includes that of its parent when it was started.
            "ffmpeg_measured": one["ffmpeg_peak_mb"] > one["own_peak_mb"],
            "cpu_per_second": (one["own_cpu"] + one["ffmpeg_cpu"]) / seconds,
            "bare_cpu_per_second": one["bare_cpu"] / seconds,
        }
        for kind, one in found.items()
    }
    return {"clip_seconds": seconds, "operations": rows}


def table(found: dict[str, Any]) -> Table:
    """Return the figures as a table."""
    shown = Table(title=f"(g) Each operation on {found['clip_seconds']} s of 1080p; CPU seconds per second of video")
    columns: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
        "template": lambda row: str(row["template"]),
        "Reelmill, MB": lambda row: f"{row['own_peak_mb']:.0f}",
        "ffmpeg, MB": lambda row: f"{row['ffmpeg_peak_mb']:.0f}" if row["ffmpeg_measured"] else "less",
        "CPU": lambda row: f"{row['cpu_per_second']:.2f}",
        "bare ffmpeg": lambda row: f"{row['bare_cpu_per_second']:.2f}",
    }
    shown.add_column("operation")
    for heading in columns:
        shown.add_column(heading, justify="left" if heading == "template" else "right")
    for kind, row in found["operations"].items():
        shown.add_row(kind, *(cell(row) for cell in columns.values()))
    return shown


if __name__ == "__main__":
    print(json.dumps(run_operation(sys.argv[1], Path(sys.argv[2]))))
