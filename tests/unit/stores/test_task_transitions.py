"""A transition whose answer was lost is recognized by its result, and no other transition is mistaken for it."""

from dataclasses import replace

from shared.domain.subtask import (
    Failure,
    FinalState,
    Lease,
    Subtask,
    SubtaskRef,
    SubtaskStatus,
    SubtaskType,
    Wait,
    WaitReason,
)
from shared.domain.task import STOP_FAILURES, OrchestrationRef, Source, Task
from shared.stores.task_transitions import was_ended, was_released, was_restarted, was_stopped

NOW = 1_750_000_000_000
LEASE = Lease("0" * 26, 1, 1, attempt=1)
GOOD = FinalState(SubtaskStatus.SUCCESSFUL, output="s3://output/x.mp4", record=LEASE.record)
BAD = FinalState(SubtaskStatus.FAILED, failure=Failure("SourceFileError.NotMedia", "it is not a media file"))
RETRY = Wait(WaitReason.RETRY, NOW, Failure("InternalError.Storage", "S3 did not answer"))
CANCELED, ENDED = STOP_FAILURES["cancel"], STOP_FAILURES["end"]


def a_task() -> Task:
    return Task(
        id=LEASE.task_id,
        source=Source("input", "uploads/a.mp4", 1000, "etag"),
        subtasks=tuple(Subtask(no, f"s{no}", SubtaskType.TRANSCODE, {}) for no in (1, 2)),
        created_at=NOW,
        output_prefix="",
        orchestration=OrchestrationRef("web-video", 1),
    ).with_pending()


def test_a_release_is_known_by_its_attempt_its_reason_and_the_time_of_the_next() -> None:
    task = a_task()
    waiting = replace(task.subtasks[0], attempt=1, wait=RETRY)
    task = replace(task, subtasks=(waiting, task.subtasks[1]))

    assert was_released(task, LEASE, RETRY)
    assert not was_released(task, replace(LEASE, run=2), RETRY)
    assert not was_released(task, replace(LEASE, attempt=2), RETRY)
    assert not was_released(task, LEASE, replace(RETRY, until=NOW + 1))
    assert not was_released(task, LEASE, replace(RETRY, detail=CANCELED))
    begun = replace(waiting, status=SubtaskStatus.IN_PROGRESS)
    assert not was_released(replace(task, subtasks=(begun, task.subtasks[1])), LEASE, RETRY)


def test_an_end_of_a_subtask_is_known_by_its_record() -> None:
    ref, task = SubtaskRef(LEASE.task_id, 1, 1), a_task().after(1, GOOD, NOW)

    assert was_ended(task, ref, GOOD)
    assert not was_ended(task, replace(ref, run=2), GOOD)
    assert not was_ended(task, ref, replace(GOOD, record="RUN#0001#SUB#01#ATT#2"))
    assert not was_ended(task, ref, replace(GOOD, status=SubtaskStatus.FAILED))
    assert not was_ended(a_task().after(1, BAD, NOW), ref, BAD), "without a record its attempt is unknown"


def test_a_stop_is_known_by_its_moment_and_by_what_it_ended() -> None:
    seen = a_task()
    task = seen.stopped(CANCELED, NOW)

    assert was_stopped(task, seen, CANCELED, NOW)
    assert not was_stopped(task, replace(seen, run=2), CANCELED, NOW)
    assert not was_stopped(task, seen, ENDED, NOW)
    assert not was_stopped(task, seen, CANCELED, NOW + 1)
    assert not was_stopped(seen.after(1, GOOD, NOW).stopped(CANCELED, NOW), seen, CANCELED, NOW)


def test_a_restart_is_known_by_its_moment_and_by_what_it_carried_over() -> None:
    task = a_task().after(1, GOOD, NOW).after(2, BAD, NOW)
    new = task.restarted(NOW)

    assert was_restarted(new, new)
    assert was_restarted(new.after(1, GOOD, NOW), new)
    assert not was_restarted(task, new)
    assert not was_restarted(new.after(1, GOOD, NOW).after(2, GOOD, NOW).restarted(NOW), new)
    assert not was_restarted(task.restarted(NOW + 1), new)
    assert not was_restarted(task.restarted(NOW, only_failed=True), new)
