"""The task: its progress, its outcome, and what each final state changes. No AWS."""

from dataclasses import replace

import pytest

from shared.domain.attempt_record import OutputFile
from shared.domain.subtask import (
    UNCOUNTED_FACTOR,
    Failure,
    FinalState,
    Lease,
    SubtaskStatus,
    Wait,
    WaitReason,
)
from shared.domain.task import (
    STOP_FAILURES,
    TASK_ACTIONS,
    Lane,
    Outcome,
    Task,
    TaskStatus,
    outcome_of,
    parse_version_id,
)
from tests.support.factories import make_task

NOW = 1_750_000_000_000
GOOD = FinalState(SubtaskStatus.SUCCESSFUL, output="s3://output/x.mp4", record="RUN#0001#SUB#01#ATT#1")
BAD = FinalState(SubtaskStatus.FAILED, failure=Failure("SourceFileError.NotMedia", "it is not a media file"))
CANCELED = STOP_FAILURES["cancel"]


def started(task: Task, no: int, *, lease_until: int = NOW + 60_000, progress: int = 0) -> Task:
    """Return the task with an attempt at that subtask."""
    subtask = replace(
        task.subtasks[no - 1],
        status=SubtaskStatus.IN_PROGRESS,
        attempt=1,
        lease_until=lease_until,
        progress=progress,
    )
    subtasks = tuple(subtask if s.no == no else s for s in task.subtasks)
    return replace(task, subtasks=subtasks, status=TaskStatus.IN_PROGRESS, unsent=task.unsent - {no})


def test_a_new_task_waits_with_all_pending_and_the_first_ones_to_be_sent() -> None:
    task = make_task(3, needs={2: (1,)})

    assert (task.status, task.outcome, task.progress) == (TaskStatus.WAITING, None, 0)
    assert (task.pending, task.unsent) == (frozenset({1, 2, 3}), frozenset({1, 3}))


def test_a_subtask_is_found_by_its_number() -> None:
    task = make_task(2)

    assert [found and found.no for found in map(task.subtask, (-1, 0, 1, 2, 3))] == [None, None, 1, 2, None]


def test_progress_is_the_mean_of_the_subtasks_and_ended_ones_count_in_full() -> None:
    task = started(make_task(3), 1, progress=50).after(2, BAD, NOW)

    assert task.progress == (50 + 100 + 0) // 3


def test_every_status_is_counted_also_at_zero() -> None:
    assert started(make_task(2), 1).subtask_counts == {
        SubtaskStatus.WAITING: 1,
        SubtaskStatus.IN_PROGRESS: 1,
        SubtaskStatus.SUCCESSFUL: 0,
        SubtaskStatus.FAILED: 0,
    }


def test_a_lease_is_valid_for_one_attempt_of_one_run() -> None:
    task = started(make_task(1), 1)
    lease = Lease(task.id, 1, 1, attempt=1)

    assert task.has_lease(lease)
    assert not task.has_lease(replace(lease, attempt=2))
    assert not task.has_lease(replace(lease, run=2))
    assert not task.has_lease(replace(lease, no=2))
    assert not task.after(1, GOOD, NOW).has_lease(lease)


def test_a_subtask_is_free_until_it_starts_and_after_its_lease() -> None:
    task = started(make_task(2), 1, lease_until=NOW)

    assert [task.is_available(no, NOW) for no in (1, 2)] == [False, True]
    assert task.is_available(1, NOW + 1)
    assert not task.after(1, GOOD, NOW).is_available(1, NOW + 1)


def test_a_success_frees_what_needed_only_it() -> None:
    task = started(make_task(4, needs={3: (1,), 4: (1, 2)}), 1).after(1, GOOD, NOW)

    assert (task.status, task.outcome) == (TaskStatus.IN_PROGRESS, None)
    assert (task.pending, task.unsent) == (frozenset({2, 3, 4}), frozenset({2, 3}))


def test_a_failure_dooms_the_whole_chain_behind_it_and_nothing_beside_it() -> None:
    task = started(make_task(5, needs={2: (1,), 3: (2,), 5: (3, 4)}), 1)

    assert task.unreachable_after(1) == {2, 3, 5}
    assert task.unreachable_after(4) == {5}
    assert task.after(1, BAD, NOW).pending == {4}


def test_what_is_skipped_names_the_subtask_at_fault() -> None:
    skipped = started(make_task(2, needs={2: (1,)}), 1).after(1, BAD, NOW + 5).subtasks[1]

    assert skipped.failure == Failure("Skipped.PredecessorFailed", "subtask 1 (s1) failed")
    assert (skipped.status, skipped.ended_at) == (SubtaskStatus.FAILED, NOW + 5)


def test_the_failure_of_a_task_is_the_one_that_caused_the_others() -> None:
    task = started(make_task(2, needs={1: (2,)}), 2).after(2, BAD, NOW)

    assert [s.failure.code for s in task.subtasks if s.failure] == [
        "Skipped.PredecessorFailed",
        "SourceFileError.NotMedia",
    ]
    assert task.first_failure == BAD.failure
    assert make_task(1).first_failure is None


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ([SubtaskStatus.SUCCESSFUL] * 2, Outcome.SUCCEEDED),
        ([SubtaskStatus.SUCCESSFUL, SubtaskStatus.FAILED], Outcome.PARTIALLY_FAILED),
        ([SubtaskStatus.FAILED] * 2, Outcome.FAILED),
    ],
)
def test_the_outcome_sums_up_the_subtasks(statuses: list[SubtaskStatus], outcome: Outcome) -> None:
    assert outcome_of(statuses) is outcome


@pytest.mark.parametrize(
    ("counted_attempts", "attempt", "spent"),
    [(0, 0, False), (2, 2, False), (3, 3, True), (0, 14, False), (0, 15, True)],
)
def test_three_counted_attempts_or_five_times_as_many_in_all_exhaust_a_subtask(
    counted_attempts: int, attempt: int, *, spent: bool
) -> None:
    subtask = replace(make_task(1).subtasks[0], counted_attempts=counted_attempts, attempt=attempt)

    assert UNCOUNTED_FACTOR == 5
    assert subtask.is_exhausted(3) is spent


@pytest.mark.parametrize(
    ("priority", "lane"),
    [
        (-10, Lane.BACKGROUND),
        (-1, Lane.BACKGROUND),
        (0, Lane.STANDARD),
        (1, Lane.URGENT),
        (10, Lane.URGENT),
    ],
)
def test_the_sign_of_its_priority_says_which_queue_a_task_waits_in(priority: int, lane: Lane) -> None:
    assert replace(make_task(1), priority=priority).lane is lane


def test_a_subtask_is_ready_since_its_run_began_its_predecessors_ended_and_its_pause_was_over() -> None:
    task = make_task(3, needs={3: (1, 2)})
    done = started(started(task, 1), 2).after(1, GOOD, NOW + 5).after(2, GOOD, NOW + 7)
    paused = replace(
        task.subtasks[0], wait=Wait(WaitReason.RETRY, NOW + 9, Failure("InternalError.Storage", "S3 did not answer"))
    )

    assert task.ready_at(1) == NOW
    assert replace(task, restarted_at=NOW + 2).ready_at(1) == NOW + 2
    assert done.ready_at(3) == NOW + 7
    assert replace(task, subtasks=(paused, *task.subtasks[1:])).ready_at(1) == NOW + 9


def test_people_may_restart_what_is_over_end_what_waits_and_cancel_what_is_not_over() -> None:
    assert {
        "restart": {TaskStatus.COMPLETED},
        "end": {TaskStatus.WAITING},
        "cancel": {TaskStatus.WAITING, TaskStatus.IN_PROGRESS},
    } == TASK_ACTIONS


@pytest.mark.parametrize("move", ["end", "cancel"])
def test_a_stopped_task_has_nothing_left_to_do(move: str) -> None:
    task = make_task(2, needs={2: (1,)}).stopped(STOP_FAILURES[move], NOW + 5)

    assert (task.status, task.outcome, task.ended_at) == (TaskStatus.COMPLETED, Outcome.ENDED, NOW + 5)
    assert (task.pending, task.unsent, task.ready()) == (frozenset(), frozenset(), frozenset())
    assert [(s.status, s.failure, s.ended_at) for s in task.subtasks] == [
        (SubtaskStatus.FAILED, STOP_FAILURES[move], NOW + 5)
    ] * 2


def test_what_had_ended_before_a_cancel_stays_as_it_was() -> None:
    task = started(started(make_task(4, needs={3: (2,), 4: (1,)}), 1), 2).after(1, GOOD, NOW + 1).after(2, BAD, NOW + 2)

    canceled = task.stopped(CANCELED, NOW + 5)

    assert canceled.subtasks[:3] == task.subtasks[:3]
    assert (canceled.subtasks[3].failure, canceled.outcome) == (CANCELED, Outcome.ENDED)


def test_a_restarted_task_keeps_its_work_and_forgets_its_run() -> None:
    before = make_task(2, needs={2: (1,)})
    done = started(before, 1).after(1, BAD, NOW + 5)

    again = done.restarted(NOW + 10)

    assert again == replace(before, run=2, restarted_at=NOW + 10)
    assert (before.run_at, again.run_at) == (NOW, NOW + 10)


def test_a_restart_of_all_does_not_spare_what_had_succeeded() -> None:
    before = make_task(2)
    done = started(started(before, 1), 2).after(1, GOOD, NOW).after(2, BAD, NOW)

    assert done.restarted(NOW).subtasks == before.subtasks


def test_a_restart_of_the_failed_carries_successes_over_and_runs_again_what_hung_on_a_failure() -> None:
    before = make_task(4, needs={3: (2,), 4: (1, 3)})
    done = started(started(before, 1), 2).after(1, GOOD, NOW + 1).after(2, BAD, NOW + 2)

    again = done.restarted(NOW + 10, only_failed=True)

    assert again.subtasks[0] == replace(done.subtasks[0], carried_from=1)
    assert again.subtasks[1:] == before.subtasks[1:]
    assert (again.status, again.outcome, again.started_at, again.ended_at) == (TaskStatus.WAITING, None, None, None)
    assert (again.pending, again.unsent) == (frozenset({2, 3, 4}), frozenset({2}))


def test_a_success_that_is_carried_over_twice_still_names_the_run_that_made_it() -> None:
    done = started(started(make_task(2), 1), 2).after(1, GOOD, NOW).after(2, BAD, NOW)
    second = started(done.restarted(NOW, only_failed=True), 2).after(2, BAD, NOW)

    third = second.restarted(NOW, only_failed=True)

    assert (third.run, third.subtasks[0].carried_from, third.subtasks[1].carried_from) == (3, 1, None)


def test_a_task_ends_by_what_was_carried_over_as_well() -> None:
    done = started(started(make_task(2), 1), 2).after(1, GOOD, NOW).after(2, BAD, NOW)
    again = started(done.restarted(NOW, only_failed=True), 2)

    assert again.after(2, GOOD, NOW).outcome is Outcome.SUCCEEDED
    assert again.after(2, BAD, NOW).outcome is Outcome.PARTIALLY_FAILED


def test_an_output_is_called_by_the_last_part_of_its_key() -> None:
    assert OutputFile("output", "a/b/c d.mp4", 1, "video/mp4").file_name == "c d.mp4"


def test_the_records_of_attempts_sort_by_run_and_subtask() -> None:
    leases = [Lease("t", run, no, attempt=1) for run in (1, 2, 10) for no in (1, 2, 10, 50)]

    assert sorted(lease.record for lease in leases) == [lease.record for lease in leases]


@pytest.mark.parametrize(("said", "meant"), [("v1", "v1"), ("null", None), ("", None), (None, None)])
def test_without_versions_s3_says_null_or_nothing(said: str | None, meant: str | None) -> None:
    assert parse_version_id(said) == meant
