"""What an attempt leaves behind: the files that it wrote, and a record for the person who asks why. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from shared.domain.subtask import Failure

COMMANDS_ROOM = 65_536  # Letters: hundreds of images take as many commands, and nobody reads them all.


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


def kept(commands: Sequence[str]) -> tuple[str, ...]:
    """Return the commands; when they take too much room, the first ones and the last, with a remark in between."""
    *first, last = commands or [""]
    taken = accumulate(map(len, first), initial=len(last))
    fitting = max(sum(size <= COMMANDS_ROOM for size in taken) - 1, 0)
    left_out = len(first) - fitting
    return (*first[:fitting], f"# commands left out here: {left_out}", last) if left_out else tuple(commands)
