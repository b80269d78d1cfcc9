"""What a killed server left behind: its functions' processes, and files that it was just writing."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from infra.local.errors import StackFailed

PROC = Path("/proc")
PATIENCE = 5.0  # seconds; a killed process that is still there by then waits for a dead disk


def end(scratch: Path) -> int:
    """Kill the processes that run code out of `scratch`, empty it, and return how many there were.

    ffmpeg runs on under none of them: its supervisor sees the worker's end (shared/media/ffmpeg.py).
    """
    found = list(running_from(scratch))
    for pid in found:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while found and any(True for _ in running_from(scratch)):
        if time.monotonic() > deadline:
            message = f"processes {found} of an earlier run don't end; end them by hand, then try again"
            raise StackFailed(message)
        time.sleep(0.02)
    for entry in scratch.iterdir() if scratch.is_dir() else ():
        shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)
    return len(found)


def discard_torn(objects: Path) -> None:
    """Delete what was not written to its end; no object's file has such a name (ministack's `_plain_path_key`)."""
    for path in objects.rglob("*.tmp"):
        path.unlink(missing_ok=True)


def running_from(scratch: Path) -> Iterator[int]:
    """Yield the IDs of the processes whose command names a file below `scratch`."""
    mark = f"{scratch}{os.sep}"
    for pid, command in commands():
        if mark in command and pid != os.getpid():
            yield pid


def commands() -> Iterator[tuple[int, str]]:
    """Yield the ID and the command of every process; a zombie has none."""
    if (PROC / "self").exists():
        for entry in PROC.iterdir():
            if entry.name.isdigit():
                with suppress(OSError):  # it ended meanwhile, or belongs to someone else
                    yield (
                        int(entry.name),
                        (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"),
                    )
        return
    listing = subprocess.run(  # /proc is Linux's alone; every other system ships ps
        ["/bin/ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=True
    ).stdout
    for line in listing.splitlines():
        pid, _, command = line.strip().partition(" ")
        yield int(pid), command
