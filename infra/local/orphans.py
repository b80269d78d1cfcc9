"""What a killed server leaves behind: the processes of its functions, and files that it was writing."""

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
PATIENCE = 5.0  # seconds; a killed process that still exists after that waits for a dead disk


def end_orphans(scratch: Path) -> int:
    """Kill the processes that run code from `scratch`, empty it, and return how many there were.

    No ffmpeg survives them: its supervisor notices that the worker has ended (shared/media/ffmpeg.py).
    """
    pids = list(find_processes(scratch))
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while pids and any(True for _ in find_processes(scratch)):
        if time.monotonic() > deadline:
            raise StackFailed(f"processes {pids} of an earlier run do not end; kill them, then try again")
        time.sleep(0.02)
    for entry in scratch.iterdir() if scratch.is_dir() else ():
        shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)
    return len(pids)


def delete_partial_files(objects: Path) -> None:
    """Delete files that were not written completely; no object's file has such a name (ministack's key encoding)."""
    for path in objects.rglob("*.tmp"):
        path.unlink(missing_ok=True)


def find_processes(scratch: Path) -> Iterator[int]:
    """Yield the IDs of the processes whose command names a file below `scratch`."""
    mark = f"{scratch}{os.sep}"
    for pid, command in list_commands():
        if mark in command and pid != os.getpid():
            yield pid


def list_commands() -> Iterator[tuple[int, str]]:
    """Yield the ID and the command of every process; a zombie has no command."""
    if (PROC / "self").exists():
        for entry in PROC.iterdir():
            if entry.name.isdigit():
                with suppress(OSError):  # it has ended meanwhile, or belongs to another user
                    yield (
                        int(entry.name),
                        (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"),
                    )
        return
    listing = subprocess.run(  # only Linux has /proc; every other system ships ps
        ["/bin/ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=True
    ).stdout
    for line in listing.splitlines():
        pid, _, command = line.strip().partition(" ")
        yield int(pid), command
