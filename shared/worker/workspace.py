"""The folder that an attempt works in, locked while its worker lives."""

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
    """Provide an empty folder on the function's disk; first delete those of killed workers."""
    for left in Path(tempfile.gettempdir()).glob(f"{NAME}*/"):
        with (
            suppress(OSError),
            locked_folder(left),
        ):  # locked if its worker lives; another may have deleted it
            shutil.rmtree(left, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp())
    with locked_folder(fresh):
        # Others find it by its name, so it gets that name once it is locked; it keeps the lock.
        folder = fresh.rename(fresh.with_name(f"{NAME}{os.getpid()}-{fresh.name}"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Lock a folder during the block, at most until the process ends; raise BlockingIOError if it is locked."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
