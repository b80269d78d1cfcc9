"""The adapter to MediaInfo: a separate process for each file, which can open nothing and has limits."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from signal import SIGKILL, SIGXCPU

from shared.errors import Interrupted, LimitExceeded, MediaRejected, WorkerFailed

WALL_SECONDS = 15.0  # less than an attempt keeps for its end, so that a start in its last second ends in time


@dataclass(frozen=True)
class MediaInfoTrack:
    """MediaInfo's facts about a stream or, as `General`, about the container; None if it doesn't know.

    Texts are MediaInfo's: `48000 / 24000` if it found two values. Times in milliseconds.
    """

    kind: str
    title: str | None = None
    performer: str | None = None
    album: str | None = None
    format: str | None = None
    format_profile: str | None = None
    stream_order: str | None = None
    muxing_mode: str | None = None
    duration: str | None = None
    delay: str | None = None
    is_truncated: str | None = None
    overall_bit_rate: str | None = None
    bit_rate: str | None = None
    bit_depth: str | None = None
    frame_count: str | None = None
    frame_rate: str | None = None
    frame_rate_mode: str | None = None
    width: str | None = None
    height: str | None = None
    rotation: str | None = None
    pixel_aspect_ratio: str | None = None
    scan_type: str | None = None
    color_space: str | None = None
    chroma_subsampling: str | None = None
    hdr_format: str | None = None
    matrix_coefficients: str | None = None
    transfer_characteristics: str | None = None
    channels: str | None = None
    sampling_rate: str | None = None
    language: str | None = None
    default: str | None = None
    forced: str | None = None


def read_tracks(path: Path, name: str) -> list[MediaInfoTrack]:
    """Return MediaInfo's facts about a file, called `name` in messages: first the container, then its streams.

    Raise MediaRejected if it can't read the file, LimitExceeded if it takes too much CPU time, WorkerFailed if it was
    killed, Interrupted if the machine is overloaded.
    """
    try:
        found = [MediaInfoTrack(**stream) for stream in json.loads(_report(path, name))]
    except (ValueError, TypeError) as error:
        raise _undescribed(name) from error
    if not found or found[0].kind != "General":
        raise _undescribed(name)
    return found


def _report(path: Path, name: str) -> bytes:
    # Only workers have it.
    from shared.media import mediainfo_process  # noqa: PLC0415

    # -I and -S: neither its folder, the environment nor site-packages affect its imports.
    command = [sys.executable, "-I", "-S", mediainfo_process.__file__, _library()]
    # Into a file rather than a pipe: the kernel enforces its size limit.
    with path.open("rb") as media, tempfile.TemporaryFile() as report:
        try:
            done = subprocess.run(  # noqa: S603 - a list, and no part of it comes from outside
                command,
                stdin=media,
                stdout=report,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                timeout=WALL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as slow:  # its limit of CPU time would have ended it earlier
            message = f"MediaInfo did not get enough CPU time within {WALL_SECONDS:.0f} s; the machine is overloaded"
            raise Interrupted(message, code="InternalError.Overloaded") from slow
        if done.returncode == -SIGKILL:
            message = "MediaInfo was killed from outside, as happens when memory runs out"
            raise WorkerFailed(message, code="InternalError.Killed")
        if done.returncode == -SIGXCPU:
            raise _too_long(name)
        if done.returncode == mediainfo_process.TOO_MUCH or done.returncode < 0:  # a signal: MediaInfo crashed
            raise _undescribed(name)
        done.check_returncode()
        report.seek(0)
        return report.read()


@cache
def _library() -> str:
    """Return the path of the installed MediaInfo."""
    import pymediainfo  # noqa: PLC0415 - 60 ms that only a worker should pay

    return str(next(Path(pymediainfo.__file__).parent.glob("libmediainfo.*")))


def _environment() -> Mapping[str, str]:
    """Return only the place of Python's own library, which Lambda's Python needs."""
    return {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}


def _undescribed(name: str) -> MediaRejected:
    return MediaRejected(f"{name} can't be read: it is damaged, or has more metadata than any media needs")


def _too_long(name: str) -> LimitExceeded:
    return LimitExceeded(f"reading the properties of {name} took too long", code="LimitError.Time")
