"""The free space on the data directory's disk, and what may still be written there.

The stack acknowledges only what is on the disk. It therefore refuses requests that store something when little space
is left. If a write fails nevertheless, it is undone before its request is answered.
"""

import errno
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.local.errors import DiskFull

# Bytes that must stay free. Objects may not use the space of items and messages, which are small and say what happens
# to objects. Items and messages may not use the space of a save, about 3 MB, and of a rewritten journal.
FOR_OBJECTS = 32 * 1024**2
FOR_RECORDS = 8 * 1024**2
NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
# IAM actions that store nothing new. Deletions are among them, since they free space. Every other action is treated as
# one that stores something.
STORES_NOTHING = re.compile(
    r"[a-z0-9-]+:(Get|List|Describe|Head|Query|Scan|Select|Search|Filter|Lookup|Simulate|Validate|Batch(Get|Delete)"
    r"|TransactGet|ConditionCheck|PartiQLSelect|Receive|Change|Delete|Purge|Abort|Untag|Remove|Invoke|Assume|Cancel)"
)


@dataclass(frozen=True)
class DiskSpace:
    """The disk of a data directory. `unsaved` returns why the last save failed, None if it succeeded."""

    folder: Path
    unsaved: Callable[[], str | None] = lambda: None

    def refusal(self, needed: int, margin: int) -> str | None:
        """Return why `needed` bytes may not be written, None if `margin` bytes stay free after them."""
        free = shutil.disk_usage(self.folder).free
        if free - needed >= margin:
            return None
        return f"The disk of {self.folder} is full ({free / 1024**2:.1f} MB free). Free space there, then try again."

    def require(self, needed: int, margin: int) -> None:
        """Raise DiskFull unless `margin` bytes stay free after `needed` bytes are written."""
        if reason := self.refusal(needed, margin):
            raise DiskFull(reason)

    def settings_refusal(self) -> str | None:
        """Return why a change that only the next save writes to the disk is refused, None if it isn't."""
        if reason := self.refusal(0, FOR_RECORDS):
            return reason
        unsaved = self.unsaved()
        return unsaved and f"The state in {self.folder} cannot be saved ({unsaved}). Check that disk, then try again."

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Raise DiskFull in place of an OSError of the writes inside the block."""
        try:
            yield
        except OSError as error:
            remedy = "Free space there" if error.errno in NO_SPACE else "Check that disk"
            raise DiskFull(
                f"The disk of {self.folder} refused a write ({error.strerror}). {remedy}, then try again."
            ) from error


def stores_something(action: str | None, method: str) -> bool:
    """Whether a request stores something, judged by its IAM action, or by its method if it has no action."""
    if action is None:
        return method not in {"GET", "HEAD", "OPTIONS", "DELETE"}
    return STORES_NOTHING.match(action) is None
