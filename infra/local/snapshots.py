"""Snapshots of the emulated AWS: one folder for each save, which is valid once it has its final name.

A kill during a save leaves a folder without a number, and the next start reads the snapshot before.
"""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

KEPT = 2  # the second one is for a power failure that loses the newest before it is written to the disk
UNFINISHED = ".unfinished"
BROKEN = ".broken"
FRESH = ".new"
# The time since which uploads may lack their tasks; a stack that stopped in order leaves no such file.
UPLOADS_SINCE = "uploads-since"


@dataclass(frozen=True)
class Snapshots:
    """The snapshots of one stack: numbered folders, the highest number being the newest."""

    folder: Path

    def all(self) -> Sequence[Path]:
        """Return the complete ones, the oldest first."""
        return sorted(path for path in self.folder.iterdir() if path.name.isdigit())

    def newest(self) -> Path:
        """Return the snapshot that the next start reads; before the first save, an empty folder."""
        for path in reversed(self.all()):
            return path
        first = self.folder / f"{0:08}"
        unnumbered = list(self.folder.iterdir())  # version 0.1 had no snapshots and saved its files here
        first.mkdir()
        for path in unnumbered:
            path.rename(first / path.name)
        return first

    def begin(self) -> Path:
        """Return the folder of the next snapshot. It contains the files of the newest one until they are replaced.

        Both folders share their files, so files must be replaced and never written into.
        """
        before = self.newest()
        unfinished = self.folder / f"{int(before.name) + 1:08}{UNFINISHED}"
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(before, unfinished, copy_function=os.link)
        return unfinished

    def abandon(self) -> None:
        """Delete unfinished snapshots: they take space."""
        for path in self.folder.glob(f"*{UNFINISHED}"):
            shutil.rmtree(path, ignore_errors=True)

    def finish(self, unfinished: Path) -> None:
        """Make a snapshot the newest, in one step, and delete those that are no longer needed."""
        sync_folder(unfinished)
        unfinished.rename(unfinished.with_suffix(""))
        sync_folder(self.folder)
        for path in self.all()[:-KEPT]:
            shutil.rmtree(path, ignore_errors=True)

    def set_aside_broken(self) -> str | None:
        """Set broken snapshots aside until the newest one is readable; return what is wrong with the newest of them.

        Raise ValueError, and leave them where they are, if none is readable.
        """
        self.newest()  # which creates the first one from files without a snapshot
        faults: dict[Path, str] = {}
        for path in reversed(self.all()):
            if (fault := find_fault(path)) is None and any(path.iterdir()):
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
        """Return since when uploads may lack their tasks, in epoch seconds; None after an orderly stop."""
        try:
            return float((self.newest() / UPLOADS_SINCE).read_text())
        except FileNotFoundError:
            return None


def record_uploads_since(snapshot: Path, uploads_since: float | None) -> None:
    """Record since when uploads may lack their tasks; None if none is missing."""
    path = snapshot / UPLOADS_SINCE
    if uploads_since is None:
        path.unlink(missing_ok=True)
    else:
        replace_file(path, str(uploads_since).encode())


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file and force it to the disk; on an error the earlier file stays. Raise OSError."""
    fresh = path.with_name(path.name + FRESH)
    try:
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)  # at every moment there is either the old or the new one
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to the disk; raise OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def find_fault(snapshot: Path) -> str | None:
    """Return which of its files cannot be read, and why; None if all can."""
    for path in sorted(snapshot.glob("*.json")):
        try:
            json.loads(path.read_bytes())
        except ValueError as error:
            return f"{path} is broken ({error})"
    return None
