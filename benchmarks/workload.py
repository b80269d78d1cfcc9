"""The workload of the benchmarks: a clip of a real video, and tasks of 1, 4 and 8 subtasks."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cli.demo import big_buck_bunny
from shared.media.ffmpeg import binary

RESULTS = Path(__file__).parent / "results"
AT_ONCE = 2  # subtasks that the local stack runs in parallel

# A typical combination of shipped templates. Half of the eight take at most a second.
TEMPLATES: Mapping[int, Sequence[str]] = {
    1: ("h264-720p",),
    4: ("h264-720p", "h264-480p", "h264-360p", "screenshot-jpeg-middle"),
    8: (
        "h264-720p",
        "h264-480p",
        "h264-360p",
        "m4a-192k",
        "mp3-128k",
        "h264-source",
        "screenshot-webp-tenths",
        "screenshot-jpeg-middle",
    ),
}


def name_of(size: int) -> str:
    """Return the name of the orchestration with that many subtasks, which is also its folder."""
    return f"bench-{size}"


def orchestration(size: int) -> dict[str, Any]:
    """Return the orchestration with that many subtasks, in the form of the API."""
    return {
        "trigger": {"prefix": f"{name_of(size)}/"},
        "subtasks": [
            {"name": template, "type": operation(template), "template": template} for template in TEMPLATES[size]
        ],
    }


def operation(template: str) -> str:
    """Return the operation of a shipped template."""
    return "SCREENSHOT" if template.startswith("screenshot") else "TRANSCODE"


def clip(seconds: int) -> Path:
    """Return a 720p clip of that length, made once: the video repeated, with copied streams."""
    return make_clip(seconds, "clip", "-c", "copy")


def full_hd(seconds: int) -> Path:
    """Return a 1080p clip of that length, made once: the video repeated and enlarged."""
    return make_clip(
        seconds, "full-hd", "-vf", "scale=1920:1080", "-c:v", "libx264", "-preset", "veryfast", "-c:a", "copy"
    )


def make_clip(seconds: int, name: str, *how: str) -> Path:
    """Return a clip of that length from the repeated video, made once with these ffmpeg options."""
    target = RESULTS / f"{name}-{seconds}s.mp4"
    if not target.exists():
        RESULTS.mkdir(exist_ok=True)
        partial = target.with_suffix(".partial")
        footage = ("-stream_loop", "-1", "-i", str(big_buck_bunny()), "-t", str(seconds))
        output = ("-movflags", "+faststart", "-f", "mp4", str(partial))
        subprocess.run([binary(), "-nostdin", "-loglevel", "error", "-y", *footage, *how, *output], check=True)
        partial.rename(target)
    return target
