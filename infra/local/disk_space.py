"""The free space on the data directory's disk, and what may be written there.

Nothing is acknowledged that isn't on the disk. So a request that stores something is refused while little space is
left, and a write that fails all the same is taken back before its request is answered.
"""

import errno
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.local.errors import DiskFull

# Bytes that must stay free. An object may not take the space of items and messages, which are small and say what
# becomes of objects; those may not take the space of a save, which is some 3 MB, and of a journal that is written anew.
FOR_OBJECTS = 32 * 1024**2
FOR_RECORDS = 8 * 1024**2
NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
# IAM actions that store nothing new. Deletions are among them, since they make room. Any other action counts as one
# that stores something.
STORES_NOTHING = re.compile(
    r"[a-z0-9-]+:(Get|List|Describe|Head|Query|Scan|Select|Search|Filter|Lookup|Simulate|Validate|Batch(Get|Delete)"
    r"|TransactGet|ConditionCheck|PartiQLSelect|Receive|Change|Delete|Purge|Abort|Untag|Remove|Invoke|Assume|Cancel)"
)


@dataclass(frozen=True)
class DiskSpace:
    """The disk of a data directory. `unsaved` returns why the last save failed, None when it didn't."""

    folder: Path
    unsaved: Callable[[], str | None] = lambda: None

    def refusal(self, needed: int, margin: int) -> str | None:
        """Return why so many bytes may not be written, None when `margin` bytes stay free after them."""
        free = shutil.disk_usage(self.folder).free
        if free - needed >= margin:
            return None
        return f"The disk of {self.folder} is full ({free / 1024**2:.1f} MB are free). Make room there, then try again."

    def require(self, needed: int, margin: int) -> None:
        """Raise DiskFull unless `margin` bytes stay free after so many were written."""
        if reason := self.refusal(needed, margin):
            raise DiskFull(reason)

    def settings_refusal(self) -> str | None:
        """Return why a change may not be made that only the next save writes to the disk."""
        if reason := self.refusal(0, FOR_RECORDS):
            return reason
        unsaved = self.unsaved()
        return unsaved and f"The state in {self.folder} can't be saved ({unsaved}). Check that disk, then try again."

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Raise DiskFull in place of an OSError of what is written within."""
        try:
            yield
        except OSError as error:
            remedy = "Make room there" if error.errno in NO_SPACE else "Check that disk"
            message = f"The disk of {self.folder} takes no more ({error.strerror}). {remedy}, then try again."
            raise DiskFull(message) from error


def stores_something(action: str | None, method: str) -> bool:
    """Whether a request stores something, by its IAM action; by its method when it has none."""
    if action is None:
        return method not in {"GET", "HEAD", "OPTIONS", "DELETE"}
    return STORES_NOTHING.match(action) is None
