"""What an attempt leaves behind: the files that it wrote, and a record for the person who asks why. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.task import Failure


@dataclass(frozen=True)
class OutputFile:
    """A file that a subtask wrote. `size` in bytes; `facts` as the operation gave them; `crc32` of all its bytes."""

    bucket: str
    key: str
    size: int
    content_type: str
    number: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    crc32: int | None = None

    @property
    def file_name(self) -> str:
        """The last part of its key."""
        return self.key.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class AttemptRecord:
    """What one attempt did, for the person who asks why. Times are epoch milliseconds, `seconds` by phase."""

    started_at: int
    ended_at: int
    outputs: tuple[OutputFile, ...] = ()
    result: Mapping[str, Any] | None = None
    warnings: tuple[str, ...] = ()
    failure: Failure | None = None
    skipped: str | None = None
    commands: tuple[str, ...] = ()
    log_tail: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
