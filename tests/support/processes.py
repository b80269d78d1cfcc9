"""Find processes of this machine by their command lines, and wait for them."""

import os
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = 10.0  # seconds


def processes(name: object) -> set[int]:
    """Return the processes, other than this one, that have the name in their command line."""
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(name).encode() in (entry / "cmdline").read_bytes():
                found.add(int(entry.name))
        except OSError:  # it has just ended
            continue
    return found - {os.getpid()}


def encoders(name: object) -> set[int]:
    """Return the processes that are ffmpeg itself, not the shell around it."""
    return {process for process in processes(name) if b"ulimit" not in command_line(process)}


def command_line(process: int) -> bytes:
    """Return what a process was started as; nothing if it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds; fail after a time."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
