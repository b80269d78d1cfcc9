"""The folder that an attempt works in, locked for as long as its worker lives."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NAME = "reelmill-attempt-"


@contextmanager
def workspace() -> Iterator[Path]:
    """Lend an empty folder on the function's disk; what killed workers left there goes first."""
    for left in Path(tempfile.gettempdir()).glob(f"{NAME}*/"):
        with suppress(OSError), locked(left):  # refused while its worker lives; another may have just removed it
            shutil.rmtree(left, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp())
    with locked(fresh):
        # It gets the name by which others find it when it is locked, and keeps the lock.
        folder = fresh.rename(fresh.with_name(f"{NAME}{os.getpid()}-{fresh.name}"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, which ends with the process if not before; raise BlockingIOError when it is held."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
