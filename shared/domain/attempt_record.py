"""The record of an attempt: the files that it wrote, and what explains its outcome. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from shared.domain.subtask import Failure

MAX_COMMAND_CHARACTERS = 65_536  # hundreds of images need hundreds of commands, more than anyone reads


@dataclass(frozen=True)
class OutputFile:
    """A file that a subtask wrote: `size` in bytes, `facts` from the operation, `crc32` of its content."""

    bucket: str
    key: str
    size: int
    content_type: str
    number: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    crc32: int | None = None

    @property
    def file_name(self) -> str:
        """The last part of the key."""
        return self.key.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class AttemptRecord:
    """What one attempt did, and why it ended. Times are epoch milliseconds; `seconds` is the duration of each phase."""

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


def shorten_commands(commands: Sequence[str]) -> tuple[str, ...]:
    """Return the commands; if they are too long, the first ones and the last, with a comment in between."""
    *first, last = commands or [""]
    lengths = accumulate(map(len, first), initial=len(last))
    fitting = max(sum(length <= MAX_COMMAND_CHARACTERS for length in lengths) - 1, 0)
    omitted = len(first) - fitting
    return (*first[:fitting], f"# commands omitted here: {omitted}", last) if omitted else tuple(commands)
