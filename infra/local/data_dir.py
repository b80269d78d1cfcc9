"""The folder that holds all a stack on this machine owns: its lock, its secret, its log, its saved state."""

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
LITTLE_SPACE = 2 * 1024**3  # bytes; a source, its outputs and a copy of each while it is worked on
# Bytes: a start writes 14 MB and must leave FOR_RECORDS. A stack that took objects until its disk was full, and so left
# FOR_OBJECTS, starts again.
TOO_LITTLE_SPACE = 24 * 1024**2
LINE = 1000  # bytes of a reason; the smallest block of a file system has 1,024


@dataclass(frozen=True)
class DataDir:
    """One stack's folder. Whoever holds its lock runs the stack; the lock ends with that process."""

    root: Path

    @classmethod
    def at(cls, path: Path) -> "DataDir":
        """Return the folder at `path`, links resolved, so that one folder has one name."""
        return cls(path.expanduser().resolve())

    @property
    def lock(self) -> Path:
        """The file that is locked while a stack runs.

        Its first line is the server's process ID; a second one says why the state could not be saved, if so.
        """
        return self.root / "lock"

    @property
    def info(self) -> Path:
        """What a ready stack offers, as JSON."""
        return self.root / "stack.json"

    @property
    def log(self) -> Path:
        """What the server and the functions say."""
        return self.root / "server.log"

    @property
    def saved(self) -> Path:
        """All that outlives the server: `state` and `objects` belong together."""
        return self.root / "aws"

    @property
    def state(self) -> Path:
        """The generations (infra.local.snapshots)."""
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
        """Make the folders; raise DataDirUnusable when that can't be."""
        try:
            for folder in (self.root, self.saved, self.state, self.objects, self.scratch):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe, twin = self.root / ".writable", self.root / ".linkable"
            probe.write_bytes(b"")
            os.link(probe, twin)  # as one save takes over what the one before has
            twin.unlink()
            probe.unlink()
        except OSError as error:
            message = (
                f"the data directory {self.root} can't be written ({error.strerror}); mount its disk or change its "
                "owner, or choose another with --data-dir, on a disk that knows hard links"
            )
            raise DataDirUnusable(message) from error
        if self.free_space() < TOO_LITTLE_SPACE:
            message = f"the disk of {self.root} is full; make room there, or choose another disk with --data-dir"
            raise DataDirUnusable(message)

    def free_space(self) -> int:
        """Return the bytes that are free on the folder's disk."""
        return shutil.disk_usage(self.root).free

    def space_warning(self) -> str | None:
        """Return a sentence when the disk is nearly full."""
        free = self.free_space()
        if free >= LITTLE_SPACE:
            return None
        return f"only {free / 1024**3:.1f} GB are free on the disk of {self.root}; videos may not fit"

    def try_lock(self, *, probe: bool = False) -> int | None:
        """Return a file descriptor that holds the lock, None when another process has it.

        A `probe` takes it only in common with other probes, to see whether a stack runs.
        """
        descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT, PRIVATE)
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if probe else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def locked(self) -> bool:
        """Whether a stack runs, starts or ends here."""
        if not self.lock.exists():
            return False
        descriptor = self.try_lock(probe=True)
        if descriptor is None:
            return True
        os.close(descriptor)
        return False

    def holder(self) -> int | None:
        """Return the process ID of the server that has the lock; only meaningful while `locked()`."""
        try:
            return int(self.lock.read_text().partition("\n")[0])
        except (FileNotFoundError, ValueError):
            return None

    def note_unsaved(self, reason: str | None) -> None:
        """Write down why the state could not be saved, None when it could.

        The line goes into the block that the file has already: a full disk has no other.
        """
        pid = self.holder()
        with self.lock.open("r+b", buffering=0) as file:
            head = f"{pid}\n".encode() if pid else b"\n"
            file.seek(len(head))
            file.truncate()
            file.write(" ".join((reason or "").split()).encode()[:LINE])

    def unsaved(self) -> str | None:
        """Return why the state of the stack that runs, or of the last one, could not be saved; None when it could."""
        try:
            return self.lock.read_text(errors="replace").partition("\n")[2] or None
        except FileNotFoundError:
            return None

    def secret(self) -> str:
        """Return this folder's secret access key, made at its first use."""
        path = self.root / "secret"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(30))
        return path.read_text()

    def set_aside_broken_state(self, now: datetime) -> str | None:
        """Fall back to the save before when the newest can't be read, and return a sentence that says so.

        When none can be read, raise SavedStateBroken, and move all that was saved out of the way: the files refer to
        each other, so what is left of them would make a stack that half works.
        """
        try:
            fault = Snapshots(self.state).settle()
        except ValueError as error:
            kept = self.saved.with_name(f"aws.broken-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")
            self.saved.rename(kept)
            message = (
                f"the saved state {error}; all that was saved is set aside in {kept}. "
                f"Run `reelmill up` again to start empty, or mend the file there and rename {kept.name} to "
                f"{self.saved.name}"
            )
            raise SavedStateBroken(message) from error
        return fault and f"the saved state {fault}; going back to the one before, which is older by a second or so"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read; it appears whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "w") as file:
        file.write(text)
    fresh.replace(path)
