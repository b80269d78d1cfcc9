"""The folder with everything that a stack on this machine owns: its lock, its secret, its log, its saved state."""

import fcntl
import os
import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from infra.local.errors import DataDirUnusable, SavedStateBroken
from infra.local.snapshots import Snapshots

PRIVATE = 0o600
LITTLE_SPACE = 2 * 1024**3  # bytes; a source, its outputs and a copy of each during the work
# Bytes: a start writes 14 MB and must leave FOR_RECORDS. A stack that accepted objects until its disk was full, and so
# left FOR_OBJECTS, can start again.
TOO_LITTLE_SPACE = 24 * 1024**2
LINE = 1000  # bytes of a reason; the smallest block of a file system has 1,024


@dataclass(frozen=True)
class DataDir:
    """One stack's folder. The process that has its lock runs the stack; the lock ends with that process."""

    root: Path

    @classmethod
    def at(cls, path: Path) -> "DataDir":
        """Return the folder at `path` with links resolved, so that one folder has one name."""
        return cls(path.expanduser().resolve())

    @property
    def lock(self) -> Path:
        """The file that is locked while a stack runs.

        Its first line is the server's process ID; a second line, if any, says why the state could not be saved.
        """
        return self.root / "lock"

    @property
    def info(self) -> Path:
        """What a ready stack offers, as JSON."""
        return self.root / "stack.json"

    @property
    def ports(self) -> Path:
        """The ports of the last start, as JSON; unlike `info` it stays when the stack stops."""
        return self.root / "ports.json"

    @property
    def log(self) -> Path:
        """The output of the server and the functions."""
        return self.root / "server.log"

    @property
    def saved(self) -> Path:
        """Everything that outlives the server: `state` and `objects` belong together."""
        return self.root / "aws"

    @property
    def state(self) -> Path:
        """The snapshots (infra.local.snapshots)."""
        return self.saved / "state"

    @property
    def objects(self) -> Path:
        """The files of the buckets."""
        return self.saved / "s3"

    @property
    def scratch(self) -> Path:
        """The functions' /tmp, and their unpacked code."""
        return self.root / "tmp"

    def prepare(self) -> None:
        """Create the folders; raise DataDirUnusable if that is impossible."""
        try:
            for folder in (self.root, self.saved, self.state, self.objects, self.scratch):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe, link = self.root / ".writable", self.root / ".linkable"
            probe.write_bytes(b"")
            os.link(probe, link)  # as a snapshot shares files with the one before
            link.unlink()
            probe.unlink()
        except OSError as error:
            raise DataDirUnusable(
                f"the data directory {self.root} cannot be written ({error.strerror}); mount its disk, change its "
                "owner, or choose another with --data-dir on a disk that supports hard links"
            ) from error
        if self.free_space() < TOO_LITTLE_SPACE:
            raise DataDirUnusable(
                f"the disk of {self.root} is full; free space there, or choose another disk with --data-dir"
            )

    def free_space(self) -> int:
        """Return the bytes that are free on the folder's disk."""
        return shutil.disk_usage(self.root).free

    def space_warning(self) -> str | None:
        """Return a warning if the disk is nearly full."""
        free = self.free_space()
        if free >= LITTLE_SPACE:
            return None
        return f"only {free / 1024**3:.1f} GB are free on the disk of {self.root}; videos may not fit"

    def try_lock(self, *, probe: bool = False) -> int | None:
        """Return a file descriptor that owns the lock, None if another process has the lock.

        A `probe` shares the lock with other probes; it only shows whether a stack is running.
        """
        descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT, PRIVATE)
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if probe else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def is_locked(self) -> bool:
        """Whether a stack is running, starting or stopping here."""
        if not self.lock.exists():
            return False
        descriptor = self.try_lock(probe=True)
        if descriptor is None:
            return True
        os.close(descriptor)
        return False

    def owner(self) -> int | None:
        """Return the process ID of the server that has the lock; only meaningful while `is_locked()`."""
        try:
            return int(self.lock.read_text().partition("\n")[0])
        except (FileNotFoundError, ValueError):
            return None

    def note_unsaved(self, reason: str | None) -> None:
        """Record why the state could not be saved, None if it was saved.

        The line fits into the block that the file already has: a full disk has no other.
        """
        pid = self.owner()
        with self.lock.open("r+b", buffering=0) as file:
            head = f"{pid}\n".encode() if pid else b"\n"
            file.seek(len(head))
            file.truncate()
            file.write(" ".join((reason or "").split()).encode()[:LINE])

    def unsaved(self) -> str | None:
        """Return why the state of the running stack, or of the last one, could not be saved; None if it was."""
        try:
            return self.lock.read_text(errors="replace").partition("\n")[2] or None
        except FileNotFoundError:
            return None

    def secret(self) -> str:
        """Return this folder's secret access key, which is created at its first use."""
        path = self.root / "secret"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(30))
        return path.read_text()

    def set_aside_broken_state(self, now: datetime) -> str | None:
        """Go back to an earlier snapshot if the newest cannot be read, and return a sentence that says so.

        If none can be read, move everything that was saved out of the way and raise SavedStateBroken: the files refer
        to each other, so a stack from the remaining ones would be incomplete.
        """
        try:
            fault = Snapshots(self.state).set_aside_broken()
        except ValueError as error:
            kept = self.saved.with_name(f"aws.broken-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")
            self.saved.rename(kept)
            raise SavedStateBroken(
                f"the saved state {error}; everything that was saved is now in {kept}. Run `reelmill up` again to "
                f"start empty, or repair the file there and rename {kept.name} to {self.saved.name}"
            ) from error
        return fault and f"the saved state {fault}; using the snapshot before, which is about a second older"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read; it appears completely or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "w") as file:
        file.write(text)
    fresh.replace(path)
