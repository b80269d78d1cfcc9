"""What is saved of the emulated AWS, as a whole: a folder a save, which counts once it has its name.

A kill in the middle of a save leaves a folder that has no number yet, and the next start reads the one before.
"""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

KEPT = 2  # the second is for the day on which the power failed and the newest was never written to the disk
UNFINISHED = ".unfinished"
BROKEN = ".broken"
FRESH = ".new"
# Since when uploads may not have become tasks; a stack that ended in good order leaves no such file.
UPLOADS_SINCE = "uploads-since"


@dataclass(frozen=True)
class Snapshots:
    """The saves of one stack, each in a folder of its own, named by growing numbers."""

    folder: Path

    def all(self) -> Sequence[Path]:
        """Return the whole ones, the oldest first."""
        return sorted(path for path in self.folder.iterdir() if path.name.isdigit())

    def newest(self) -> Path:
        """Return what the next start reads: before the first save an empty folder."""
        for path in reversed(self.all()):
            return path
        first = self.folder / f"{0:08}"
        earlier = list(self.folder.iterdir())  # version 0.1 knew no generations, and kept its files here
        first.mkdir()
        for path in earlier:
            path.rename(first / path.name)
        return first

    def begin(self) -> Path:
        """Return the folder of the next one: it holds what the newest holds, until something else is put there.

        Files are the same under both names, so they must be replaced, never written into.
        """
        before = self.newest()
        unfinished = self.folder / f"{int(before.name) + 1:08}{UNFINISHED}"
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(before, unfinished, copy_function=os.link)
        return unfinished

    def abandon(self) -> None:
        """Delete what was begun and not finished: it takes space."""
        for path in self.folder.glob(f"*{UNFINISHED}"):
            shutil.rmtree(path, ignore_errors=True)

    def finish(self, unfinished: Path) -> None:
        """Let it be the newest, in one step, and forget those that nobody needs any more."""
        force_out(unfinished)
        unfinished.rename(unfinished.with_suffix(""))
        force_out(self.folder)
        for path in self.all()[:-KEPT]:
            shutil.rmtree(path, ignore_errors=True)

    def settle(self) -> str | None:
        """Set broken ones aside, so that the newest is whole; return what was wrong with the last of them.

        Raise ValueError, and leave them where they are, when none is whole.
        """
        self.newest()  # which is made of what lies there without a generation
        faults: dict[Path, str] = {}
        for path in reversed(self.all()):
            if (fault := fault_of(path)) is None and any(path.iterdir()):
                break
            if fault:
                faults[path] = fault
        else:
            if faults:
                raise ValueError(next(iter(faults.values())))
        for path in faults:
            aside = path.with_name(path.name + BROKEN)
            shutil.rmtree(aside, ignore_errors=True)
            path.rename(aside)
        return next(iter(faults.values()), None)

    def uploads_since(self) -> float | None:
        """Return since when uploads may not have become tasks, in epoch seconds; None after an end in good order."""
        try:
            return float((self.newest() / UPLOADS_SINCE).read_text())
        except FileNotFoundError:
            return None


def mark(snapshot: Path, uploads_since: float | None) -> None:
    """Note since when uploads may not have become tasks; None when all of them have."""
    path = snapshot / UPLOADS_SINCE
    if uploads_since is None:
        path.unlink(missing_ok=True)
    else:
        put_on_disk(path, str(uploads_since).encode())


def put_on_disk(path: Path, content: bytes) -> None:
    """Write a file anew, forced to the disk; on an error what was there stays. Raise OSError."""
    fresh = path.with_name(path.name + FRESH)
    try:
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)  # at no moment is there neither the old nor the new
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def force_out(folder: Path) -> None:
    """Force the names in a folder to the disk; raise OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fault_of(snapshot: Path) -> str | None:
    """Return which of its files can't be read, and why; None when all can."""
    for path in sorted(snapshot.glob("*.json")):
        try:
            json.loads(path.read_bytes())
        except ValueError as error:
            return f"{path} is broken ({error})"
    return None
