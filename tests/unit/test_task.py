"""The task itself: its arithmetic, and what each ending makes of it. No AWS."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.task import (
    CROCKFORD,
    TASK_ID_LENGTH,
    Ending,
    Failure,
    Hold,
    Outcome,
    OutputFile,
    Source,
    Subtask,
    SubtaskStatus,
    SubtaskType,
    Task,
    TaskStatus,
    base32,
    id_time,
    outcome_of,
    task_id,
)

NOW = 1_750_000_000_000
GOOD = Ending(SubtaskStatus.SUCCESSFUL, output="s3://output/x.mp4", record="RUN#0001#SUB#01#ATT#1")
BAD = Ending(SubtaskStatus.FAILED, failure=Failure("SourceFileError.NotMedia", "it is not a media file"))
TIMES = st.integers(0, 2**48 - 1)


def a_task(*needs: tuple[int, ...]) -> Task:
    """Return a new task with one subtask per entry, which lists what it needs."""
    return Task(
        id=task_id(NOW, b"a"),
        source=Source("input", "uploads/a.mp4", 1000, "etag"),
        subtasks=tuple(
            Subtask(no, f"s{no}", SubtaskType.TRANSCODE, {}, needs=need) for no, need in enumerate(needs, start=1)
        ),
        created_at=NOW,
        output_prefix="",
    ).begun()


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


@given(TIMES, st.binary(), st.binary())
def test_the_same_event_gives_the_same_id_and_another_one_another(at: int, one: bytes, other: bytes) -> None:
    assert (task_id(at, one) == task_id(at, other)) is (one == other)


@given(TIMES, TIMES, st.binary())
def test_ids_sort_by_time_and_tell_it(one: int, other: int, identity: bytes) -> None:
    identifiers = task_id(one, identity), task_id(other, identity)

    assert [id_time(identifier) for identifier in identifiers] == [one, other]
    assert (identifiers[0] < identifiers[1]) is (one < other)
    assert all(len(i) == TASK_ID_LENGTH and set(i) <= set(CROCKFORD) for i in identifiers)


@given(st.integers(0, 2**50 - 1))
def test_base_32_loses_no_bit(value: int) -> None:
    digits = base32(value, 10)

    assert sum(CROCKFORD.index(digit) << 5 * place for place, digit in enumerate(reversed(digits))) == value


def test_a_new_task_waits_with_all_pending_and_the_first_ones_to_be_sent() -> None:
    task = a_task((), (1,), ())

    assert (task.status, task.outcome, task.progress) == (TaskStatus.WAITING, None, 0)
    assert (task.pending, task.unsent) == (frozenset({1, 2, 3}), frozenset({1, 3}))


def test_a_subtask_is_found_by_its_number() -> None:
    task = a_task((), ())

    assert [found and found.no for found in map(task.subtask, (-1, 0, 1, 2, 3))] == [None, None, 1, 2, None]


def test_progress_is_the_mean_of_the_subtasks_and_ended_ones_count_in_full() -> None:
    task = started(a_task((), (), ()), 1, progress=50).after(2, BAD, NOW)

    assert task.progress == (50 + 100 + 0) // 3


def test_every_status_is_counted_also_at_zero() -> None:
    assert started(a_task((), ()), 1).subtask_counts == {
        SubtaskStatus.WAITING: 1,
        SubtaskStatus.IN_PROGRESS: 1,
        SubtaskStatus.SUCCESSFUL: 0,
        SubtaskStatus.FAILED: 0,
    }


def test_a_hold_is_good_for_one_attempt_of_one_run() -> None:
    task = started(a_task(()), 1)
    hold = Hold(task.id, 1, 1, attempt=1)

    assert task.holds(hold)
    assert not task.holds(replace(hold, attempt=2))
    assert not task.holds(replace(hold, run=2))
    assert not task.holds(replace(hold, no=2))
    assert not task.after(1, GOOD, NOW).holds(hold)


def test_a_subtask_is_free_until_it_starts_and_after_its_lease() -> None:
    task = started(a_task((), ()), 1, lease_until=NOW)

    assert [task.free(no, NOW) for no in (1, 2)] == [False, True]
    assert task.free(1, NOW + 1)
    assert not task.after(1, GOOD, NOW).free(1, NOW + 1)


def test_an_attempt_recognises_its_own_ending_and_no_other() -> None:
    task = started(a_task((), ()), 1).after(1, GOOD, NOW)

    assert task.ended_by(1, GOOD)
    assert not task.ended_by(1, replace(GOOD, record="RUN#0001#SUB#01#ATT#2"))
    assert not task.ended_by(1, replace(GOOD, status=SubtaskStatus.FAILED))
    assert not task.after(2, BAD, NOW).ended_by(2, BAD), "without a record nobody knows whose it was"


def test_a_success_frees_what_needed_only_it() -> None:
    task = started(a_task((), (), (1,), (1, 2)), 1).after(1, GOOD, NOW)

    assert (task.status, task.outcome) == (TaskStatus.IN_PROGRESS, None)
    assert (task.pending, task.unsent) == (frozenset({2, 3, 4}), frozenset({2, 3}))


def test_a_failure_dooms_the_whole_chain_behind_it_and_nothing_beside_it() -> None:
    task = started(a_task((), (1,), (2,), (), (3, 4)), 1)

    assert task.doomed_by(1) == {2, 3, 5}
    assert task.doomed_by(4) == {5}
    assert task.after(1, BAD, NOW).pending == {4}


def test_what_is_skipped_names_the_subtask_at_fault() -> None:
    skipped = started(a_task((), (1,)), 1).after(1, BAD, NOW + 5).subtasks[1]

    assert skipped.failure == Failure("Skipped.PredecessorFailed", "subtask 1 (s1) failed")
    assert (skipped.status, skipped.ended_at) == (SubtaskStatus.FAILED, NOW + 5)


def test_the_failure_of_a_task_is_the_one_that_caused_the_others() -> None:
    task = started(a_task((2,), ()), 2).after(2, BAD, NOW)

    assert [s.failure.code for s in task.subtasks if s.failure] == [
        "Skipped.PredecessorFailed",
        "SourceFileError.NotMedia",
    ]
    assert task.first_failure == BAD.failure
    assert a_task(()).first_failure is None


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


def test_an_ended_task_has_nothing_left_to_do() -> None:
    task = a_task((), (1,)).ended(NOW + 5)

    assert (task.status, task.outcome, task.ended_at) == (TaskStatus.COMPLETED, Outcome.ENDED, NOW + 5)
    assert (task.pending, task.unsent, task.ready()) == (frozenset(), frozenset(), frozenset())
    assert {s.failure.code for s in task.subtasks if s.failure} == {"Cancelled.TaskEnded"}


def test_a_restarted_task_keeps_its_work_and_forgets_its_run() -> None:
    before = a_task((), (1,))
    done = started(before, 1).after(1, BAD, NOW + 5)

    again = done.restarted(NOW + 10)

    assert again == replace(before, run=2, restarted_at=NOW + 10)
    assert (before.run_at, again.run_at) == (NOW, NOW + 10)


def test_an_output_is_called_by_the_last_part_of_its_key() -> None:
    assert OutputFile("output", "a/b/c d.mp4", 1, "video/mp4").file_name == "c d.mp4"


def test_the_records_of_attempts_sort_by_run_and_subtask() -> None:
    holds = [Hold("t", run, no, attempt=1) for run in (1, 2, 10) for no in (1, 2, 10, 50)]

    assert sorted(hold.record for hold in holds) == [hold.record for hold in holds]
