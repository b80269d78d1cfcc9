"""A subtask: one operation of a task, with its plan and its state in the newest run. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

DEFAULT_TENANT = "main"
CONDITION_NOT_MET = "ConditionNotMet"
# Interrupted attempts are uncounted, but all attempts together are limited to this many times the counted ones.
UNCOUNTED_FACTOR = 5


class SubtaskStatus(StrEnum):
    """The status of a subtask."""

    WAITING = "WAITING"  # for a predecessor, for its message, or for another attempt
    IN_PROGRESS = "IN_PROGRESS"  # an attempt holds the lease
    SUCCESSFUL = "SUCCESSFUL"
    FAILED = "FAILED"


class SubtaskType(StrEnum):
    """The types of operation."""

    TRANSCODE = "TRANSCODE"
    STREAM = "STREAM"
    ENHANCE = "ENHANCE"
    SCREENSHOT = "SCREENSHOT"
    SAMPLE_SCREENSHOTS = "SAMPLE_SCREENSHOTS"
    SPRITE = "SPRITE"
    ANIMATE = "ANIMATE"
    ANALYZE = "ANALYZE"
    RECOGNIZE = "RECOGNIZE"
    MODERATE = "MODERATE"
    INSPECT = "INSPECT"
    SEPARATE_AUDIO = "SEPARATE_AUDIO"


class WaitReason(StrEnum):
    """What a waiting subtask waits for. The first three are stored with it; the others follow from its task."""

    BUDGET = "BUDGET"  # the next day, or a larger budget
    JOB = "JOB"  # a job of another service; the next attempt checks it
    RETRY = "RETRY"  # the time of its next attempt
    PREDECESSOR = "PREDECESSOR"  # a subtask that it needs has not succeeded yet
    UNSENT = "UNSENT"  # its message has not been sent
    QUEUED = "QUEUED"  # a worker


TERMINAL = frozenset({SubtaskStatus.SUCCESSFUL, SubtaskStatus.FAILED})


@dataclass(frozen=True)
class Failure:
    """Why a subtask failed: a code for programs, a message for people."""

    code: str
    message: str


@dataclass(frozen=True)
class Wait:
    """Why a waiting subtask can't start before `until` (epoch milliseconds).

    `detail` is the failure of its last attempt, the job of another service, or the limit of the budget.
    """

    reason: WaitReason
    until: int
    detail: Failure


@dataclass(frozen=True)
class SubtaskRef:
    """A reference to one subtask of one run of a task; a message in the queue contains one."""

    task_id: str
    run: int
    no: int
    tenant: str = DEFAULT_TENANT


@dataclass(frozen=True, kw_only=True)
class Lease(SubtaskRef):
    """The lease of an attempt on one subtask of one run. `attempt` is the fence against late writers."""

    attempt: int

    @property
    def record(self) -> str:
        """The sort key of the attempt's record."""
        return f"RUN#{self.run:04}#SUB#{self.no:02}#ATT#{self.attempt}"


@dataclass(frozen=True)
class FinalState:
    """The final state of a subtask: `record` is the sort key of the attempt's record, `output` an S3 URI."""

    status: SubtaskStatus
    failure: Failure | None = None
    output: str | None = None
    record: str | None = None
    skipped: str | None = None


@dataclass(frozen=True)
class SubtaskPlan:
    """What a subtask does; this never changes. `needs` and `input` are subtask numbers; no `input` means the source.

    `when` is a condition. If it isn't met, the subtask does nothing and is successful. `unknown` are the fields that a
    newer version of Reelmill stored with it.
    """

    no: int
    name: str
    type: SubtaskType
    params: Mapping[str, Any]
    template: str | None = None
    needs: tuple[int, ...] = ()
    input: int | None = None
    file_name: str | None = None
    when: str | None = None
    unknown: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class SubtaskState:
    """The state of a subtask in the task's newest run.

    `attempt` is the number of the newest attempt and only grows within a run; `counted_attempts` is how many of them
    count against the file. `owner` is the token of the newest attempt's claim. `wait` belongs to a waiting subtask.
    `skipped` says why a successful one did nothing; a subtask that needs it is skipped too. `carried_from` is the
    earlier run that the success comes from. Times are epoch milliseconds, `progress` is percent, `record` is the sort
    key of the attempt's record, and `output` is an S3 URI.
    """

    status: SubtaskStatus = SubtaskStatus.WAITING
    attempt: int = 0
    counted_attempts: int = 0
    lease_until: int = 0
    owner: str | None = field(default=None, compare=False)
    wait: Wait | None = None
    progress: int = 0
    phase: str | None = None
    started_at: int | None = None
    ended_at: int | None = None
    failure: Failure | None = None
    output: str | None = None
    record: str | None = None
    skipped: str | None = None
    carried_from: int | None = None


@dataclass(frozen=True)
class Subtask(SubtaskState, SubtaskPlan):
    """One operation of a task: its plan, and its state in the task's newest run."""

    @property
    def is_terminal(self) -> bool:
        """Whether its state never changes again in this run."""
        return self.status in TERMINAL

    @property
    def wait_until(self) -> int:
        """The time before which it can't start, in epoch milliseconds; 0 if it may start now."""
        return self.wait.until if self.wait else 0

    @property
    def is_over_budget(self) -> bool:
        """Whether it waits for the day's budget."""
        return self.wait is not None and self.wait.reason is WaitReason.BUDGET

    def is_exhausted(self, max_attempts: int, counted_attempts: int | None = None) -> bool:
        """Whether the subtask has no attempts left; `counted_attempts` defaults to the subtask's count."""
        counted = self.counted_attempts if counted_attempts is None else counted_attempts
        return counted >= max_attempts or self.attempt >= max_attempts * UNCOUNTED_FACTOR

    def fresh(self) -> "Subtask":
        """Return the same plan with an empty state, for a new run."""
        return Subtask(**{plan.name: getattr(self, plan.name) for plan in fields(SubtaskPlan)})
