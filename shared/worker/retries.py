"""Whether a failed attempt is followed by another one, and when. Pure."""

from shared.domain.subtask import Failure, Subtask, Wait, WaitReason
from shared.errors import AccessDenied, AttemptFailed, Interrupted, JobRunning, WorkerFailed
from shared.worker.results import Retry, failure_of

RETRY_SECONDS = 5  # Before the second attempt; three times as long before each further one, up to:
MAX_RETRY_SECONDS = 900
DENIED_SECONDS = 60  # The first pause when AWS denied access: to fix a policy or a key takes minutes.
# Between two looks at a job of another service; the pause doubles with each look. Each look is an attempt. A
# subtask has at most `MaxAttempts` times UNCOUNTED_FACTOR of them: with three, a job gets over four hours.
JOB_SECONDS = 20
MAX_JOB_SECONDS = 1800
JOB_OVERDUE = "LimitError.JobOverdue"  # The failure of a subtask whose job has not finished by then.


def retry_after(error: AttemptFailed, claimed: Subtask, max_attempts: int, now: int) -> Retry | None:
    """Return how the subtask is tried again after an error; None if it has failed for good.

    `claimed` is the subtask as the attempt claimed it: its `counted_attempts` include this one.
    """
    uncounted = isinstance(error, Interrupted)
    counted_attempts = claimed.counted_attempts - 1 if uncounted else claimed.counted_attempts
    if not isinstance(error, Interrupted | WorkerFailed) or claimed.is_exhausted(max_attempts, counted_attempts):
        return None
    pause = pause_after(error, claimed.attempt)
    reason = WaitReason.JOB if isinstance(error, JobRunning) else WaitReason.RETRY
    return Retry(Wait(reason, now + pause * 1000, failure_of(error)), pause, uncounted)


def pause_after(error: AttemptFailed, attempt: int) -> int:
    """Return the seconds between that attempt, which ended with an error, and the next one."""
    if isinstance(error, JobRunning):
        return min(JOB_SECONDS << (attempt - 1), MAX_JOB_SECONDS)
    first = DENIED_SECONDS if isinstance(error, AccessDenied) else RETRY_SECONDS
    return int(min(first * 3 ** (attempt - 1), MAX_RETRY_SECONDS))


def final_failure(error: AttemptFailed, claimed: Subtask, now: int) -> Failure:
    """Return the failure that a subtask ends with when its last attempt ended with that error."""
    match error:
        case JobRunning():
            hours, minutes = divmod((now - (claimed.started_at or now)) // 60_000, 60)
            message = (
                f"the job did not finish within {hours} h {minutes} min: after {claimed.attempt} looks, still "
                f"{error.message}; restart the task to start a new job"
            )
            return Failure(JOB_OVERDUE, message)
        case AccessDenied():
            return failure_of(error.final)
        case _:
            return failure_of(error)
