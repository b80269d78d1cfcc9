"""Whether a move that was refused had been made: its answer was lost, it was sent again, and its own effect refused it.

Each compares what only that very move leaves. Pure.
"""

from shared.domain.task import Failure, FinalState, Lease, SubtaskRef, SubtaskStatus, Task


def released(newest: Task, lease: Lease, retry_at: int, failure: Failure) -> bool:
    """Whether that attempt gave its subtask back, until that time and for that reason."""
    subtask = newest.subtasks[lease.no - 1]
    left = (subtask.status, subtask.attempt, subtask.retry_at, subtask.failure)
    return newest.run == lease.run and left == (SubtaskStatus.WAITING, lease.attempt, retry_at, failure)


def ended(newest: Task, ref: SubtaskRef, final_state: FinalState) -> bool:
    """Whether a subtask ended just so; attempts are told apart by their records."""
    subtask = newest.subtasks[ref.no - 1]
    so = (newest.run, subtask.status, subtask.record) == (ref.run, final_state.status, final_state.record)
    return so and final_state.record is not None


def stopped(newest: Task, seen: Task, failure: Failure, at: int) -> bool:
    """Whether all that was seen pending was ended at that moment, for that reason."""
    left = {(s.failure, s.ended_at) for s in newest.subtasks if s.no in seen.pending}
    return newest.run == seen.run and left == {(failure, at)}


def restarted(newest: Task, new: Task) -> bool:
    """Whether its newest run began like `new`: at that moment, with that carried over."""
    carried = [[s.carried_from for s in task.subtasks] for task in (newest, new)]
    return (newest.run, newest.restarted_at) == (new.run, new.restarted_at) and carried[0] == carried[1]
