"""The values that the steps of an attempt pass on: admit, perform, conclude."""

from dataclasses import dataclass

from shared.domain.attempt_record import AttemptRecord, OutputFile
from shared.domain.subtask import Failure, Lease, Subtask, Wait
from shared.domain.task import Task
from shared.errors import AttemptFailed

MAX_MESSAGE_CHARACTERS = 1000  # A task's item holds the failures of up to 50 subtasks, and ends at 400 KB.


@dataclass(frozen=True)
class Redelivery:
    """The message must be delivered again after that many seconds."""

    seconds: int


@dataclass(frozen=True)
class Finished:
    """The subtask of a message has ended already, but its worker may have died before it concluded."""

    task: Task
    subtask: Subtask


@dataclass(frozen=True)
class Admitted:
    """An attempt may start: its lease, and the task as the claim left it."""

    task: Task
    lease: Lease

    @property
    def subtask(self) -> Subtask:
        """The claimed subtask."""
        return self.task.subtasks[self.lease.no - 1]


@dataclass(frozen=True)
class Retry:
    """The subtask goes back to the queue: `wait` is stored with it, its message comes again after `seconds`."""

    wait: Wait
    seconds: int
    uncounted: bool


@dataclass(frozen=True)
class AttemptResult:
    """What an attempt came to. Without `retry` its subtask ends: it failed, was skipped or succeeded, as `record` says.

    `task` is the newest state that the attempt has seen, `outputs` are all files that it uploaded.
    """

    task: Task
    record: AttemptRecord
    outputs: tuple[OutputFile, ...]
    retry: Retry | None = None


def failure_of(error: AttemptFailed) -> Failure:
    """Return the failure that is stored for an error."""
    return Failure(error.code, error.message[:MAX_MESSAGE_CHARACTERS])
