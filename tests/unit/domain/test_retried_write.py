"""A move whose answer was lost is recognised by what it has left, and no other move is taken for it."""

from dataclasses import replace

from shared.domain import retried_write as lost_answer
from shared.domain.task import (
    STOP_FAILURES,
    Failure,
    FinalState,
    Lease,
    OrchestrationRef,
    Source,
    Subtask,
    SubtaskRef,
    SubtaskStatus,
    SubtaskType,
    Task,
)

NOW = 1_750_000_000_000
HOLD = Lease("0" * 26, 1, 1, attempt=1)
GOOD = FinalState(SubtaskStatus.SUCCESSFUL, output="s3://output/x.mp4", record=HOLD.record)
BAD = FinalState(SubtaskStatus.FAILED, failure=Failure("SourceFileError.NotMedia", "it is not a media file"))
STORAGE = Failure("InternalError.Storage", "S3 did not answer")
CANCELLED, ENDED = STOP_FAILURES["cancel"], STOP_FAILURES["end"]


def a_task() -> Task:
    return Task(
        id=HOLD.task_id,
        source=Source("input", "uploads/a.mp4", 1000, "etag"),
        subtasks=tuple(Subtask(no, f"s{no}", SubtaskType.TRANSCODE, {}) for no in (1, 2)),
        created_at=NOW,
        output_prefix="",
        orchestration=OrchestrationRef("web-video", 1),
    ).begun()


def test_a_release_is_known_by_its_attempt_its_reason_and_the_time_of_the_next() -> None:
    task = a_task()
    waiting = replace(task.subtasks[0], attempt=1, retry_at=NOW, failure=STORAGE)
    task = replace(task, subtasks=(waiting, task.subtasks[1]))

    assert lost_answer.released(task, HOLD, NOW, STORAGE)
    assert not lost_answer.released(task, replace(HOLD, run=2), NOW, STORAGE)
    assert not lost_answer.released(task, replace(HOLD, attempt=2), NOW, STORAGE)
    assert not lost_answer.released(task, HOLD, NOW + 1, STORAGE)
    assert not lost_answer.released(task, HOLD, NOW, CANCELLED)
    begun = replace(waiting, status=SubtaskStatus.IN_PROGRESS)
    assert not lost_answer.released(replace(task, subtasks=(begun, task.subtasks[1])), HOLD, NOW, STORAGE)


def test_an_end_of_a_subtask_is_known_by_its_record() -> None:
    ref, task = SubtaskRef(HOLD.task_id, 1, 1), a_task().after(1, GOOD, NOW)

    assert lost_answer.ended(task, ref, GOOD)
    assert not lost_answer.ended(task, replace(ref, run=2), GOOD)
    assert not lost_answer.ended(task, ref, replace(GOOD, record="RUN#0001#SUB#01#ATT#2"))
    assert not lost_answer.ended(task, ref, replace(GOOD, status=SubtaskStatus.FAILED))
    assert not lost_answer.ended(a_task().after(1, BAD, NOW), ref, BAD), "without a record nobody knows whose it was"


def test_a_stop_is_known_by_its_moment_and_by_what_it_ended() -> None:
    seen = a_task()
    task = seen.stopped(CANCELLED, NOW)

    assert lost_answer.stopped(task, seen, CANCELLED, NOW)
    assert not lost_answer.stopped(task, replace(seen, run=2), CANCELLED, NOW)
    assert not lost_answer.stopped(task, seen, ENDED, NOW)
    assert not lost_answer.stopped(task, seen, CANCELLED, NOW + 1)
    assert not lost_answer.stopped(seen.after(1, GOOD, NOW).stopped(CANCELLED, NOW), seen, CANCELLED, NOW)


def test_a_restart_is_known_by_its_moment_and_by_what_it_carried_over() -> None:
    task = a_task().after(1, GOOD, NOW).after(2, BAD, NOW)
    new = task.restarted(NOW)

    assert lost_answer.restarted(new, new)
    assert lost_answer.restarted(new.after(1, GOOD, NOW), new)
    assert not lost_answer.restarted(task, new)
    assert not lost_answer.restarted(new.after(1, GOOD, NOW).after(2, GOOD, NOW).restarted(NOW), new)
    assert not lost_answer.restarted(task.restarted(NOW + 1), new)
    assert not lost_answer.restarted(task.restarted(NOW, only_failed=True), new)
