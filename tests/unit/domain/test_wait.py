"""Why a waiting subtask waits: one reason at a time, in a sentence that helps."""

from dataclasses import replace
from typing import Any

import pytest

from shared.domain.subtask import Failure, FinalState, SubtaskStatus, Wait, WaitReason
from shared.domain.task import Lane, Task
from shared.domain.wait import WaitExplanation, explain_waits
from shared.errors import ServiceBusy
from tests.support.factories import make_subtask, make_task

NOW = 1_750_043_520_000  # 03:12:00 UTC
WAITING, SUCCESSFUL = SubtaskStatus.WAITING, SubtaskStatus.SUCCESSFUL
JOB = Failure("InternalError.JobRunning", "waiting for Rekognition to find labels")
SLOW = Failure("InternalError.Storage", "S3 did not answer as it should")


def waiting_task(*needs: tuple[int, ...], priority: int = 0) -> Task:
    """Return a task whose subtasks need those numbers, and whose messages have gone out."""
    named = zip(range(1, 9), ("clean", "hd", "sd", "cover"), needs, strict=False)
    subtasks = [make_subtask(no, name=name, needs=needed) for no, name, needed in named]
    return replace(make_task(subtasks, at=NOW, priority=priority), unsent=frozenset())


def changed(task: Task, no: int, **fields: Any) -> Task:  # noqa: ANN401
    """Return the task with a subtask changed."""
    subtasks = (replace(s, **fields) if s.no == no else s for s in task.subtasks)
    return replace(task, subtasks=tuple(subtasks))


def told(task: Task, no: int, messages: int = 1) -> WaitExplanation:
    """Return why a subtask waits, where so many messages are in its queue."""
    return explain_waits(task, task.subtasks, NOW, lambda _lane: messages)[no]


def test_a_subtask_that_is_over_the_budget_says_so_until_it_is_sent_again() -> None:
    spent = Failure("Budget.DailyTasks", "the maximum number of tasks has started today (DailyTasks: 9)")
    held = replace(
        changed(waiting_task(()), 1, wait=Wait(WaitReason.BUDGET, NOW + 3600_000, spent)), unsent=frozenset({1})
    )

    assert told(held, 1) == WaitExplanation(
        WaitReason.BUDGET,
        "the maximum number of tasks has started today (DailyTasks: 9); "
        "next check at 04:12:00 UTC; the new day begins at 00:00 UTC",
        Lane.STANDARD,
        until=NOW + 3600_000,
    )
    assert told(changed(held, 1, wait=Wait(WaitReason.BUDGET, NOW, spent)), 1).reason is WaitReason.UNSENT
    assert (
        told(replace(changed(held, 1, wait=Wait(WaitReason.BUDGET, NOW, spent)), unsent=frozenset()), 1).reason
        is WaitReason.QUEUED
    )


@pytest.mark.parametrize(
    ("needs", "done", "names", "numbers"),
    [
        ((1,), (), "subtask 1 (clean)", (1,)),
        ((1, 2), (), "subtasks 1 (clean) and 2 (hd)", (1, 2)),
        ((1, 2, 3), (), "subtasks 1 (clean), 2 (hd) and 3 (sd)", (1, 2, 3)),
        ((1, 2, 3), (2,), "subtasks 1 (clean) and 3 (sd)", (1, 3)),
    ],
)
def test_a_subtask_names_those_that_it_needs_and_that_have_not_succeeded(
    needs: tuple[int, ...], done: tuple[int, ...], names: str, numbers: tuple[int, ...]
) -> None:
    task = waiting_task((), (), (), needs)
    for no in done:
        task = task.after(no, FinalState(SUCCESSFUL), NOW)

    waiting = told(task, 4)

    assert waiting == WaitExplanation(
        WaitReason.PREDECESSOR, f"waiting for {names} to succeed", Lane.STANDARD, needs=numbers, until=None, ahead=None
    )


def test_a_subtask_whose_predecessors_succeeded_is_unsent_until_its_message_is_out() -> None:
    task = waiting_task((), (1,)).after(1, FinalState(SUCCESSFUL), NOW)

    waiting = told(task, 2)

    message = "not queued yet; it will be within minutes"
    assert waiting == WaitExplanation(WaitReason.UNSENT, message, Lane.STANDARD)
    assert told(replace(task, unsent=frozenset()), 2).reason is WaitReason.QUEUED


def test_a_subtask_that_was_given_back_says_when_it_is_tried_again_and_why() -> None:
    at = NOW + 5_000
    task = changed(waiting_task(()), 1, attempt=1, wait=Wait(WaitReason.RETRY, at, SLOW))

    waiting = told(task, 1)

    message = "retrying at 03:12:05 UTC (attempt 2): S3 did not answer as it should"
    assert waiting == WaitExplanation(WaitReason.RETRY, message, Lane.STANDARD, until=at)


def test_a_subtask_whose_time_to_retry_has_come_waits_in_the_queue_and_still_says_what_happened() -> None:
    task = changed(waiting_task(()), 1, attempt=1, wait=Wait(WaitReason.RETRY, NOW, SLOW))

    waiting = told(task, 1, messages=43)

    message = (
        "queued for attempt 2 behind about 42 other subtasks in the standard queue; "
        "attempt 1 ended: S3 did not answer as it should"
    )
    assert waiting == WaitExplanation(WaitReason.QUEUED, message, Lane.STANDARD, ahead=42)


def test_a_subtask_whose_work_a_service_does_says_which_and_when_it_looks_again() -> None:
    at = NOW + 20_000
    task = changed(waiting_task(()), 1, attempt=1, wait=Wait(WaitReason.JOB, at, JOB))

    waiting = told(task, 1)

    message = "waiting for Rekognition to find labels; next check at 03:12:20 UTC (check 2)"
    assert waiting == WaitExplanation(WaitReason.JOB, message, Lane.STANDARD, until=at)


def test_a_subtask_whose_time_to_look_has_come_waits_in_the_queue_and_still_says_for_what() -> None:
    task = changed(waiting_task(()), 1, attempt=1, wait=Wait(WaitReason.JOB, NOW, JOB))

    waiting = told(task, 1, messages=43)

    job = "waiting for Rekognition to find labels"
    message = f"{job}; queued for check 2 behind about 42 other subtasks in the standard queue"
    assert waiting == WaitExplanation(WaitReason.QUEUED, message, Lane.STANDARD, ahead=42)


@pytest.mark.parametrize(
    ("messages", "ahead", "place"),
    [
        (43, 42, "behind about 42 other subtasks in the standard queue"),
        (100_001, 100_000, "behind about 100,000 other subtasks in the standard queue"),
        (2, 1, "behind about 1 other subtask in the standard queue"),
        (1, 0, "next in the standard queue: the next free worker starts it"),
        (0, 0, "next in the standard queue: the next free worker starts it"),
    ],
)
def test_a_queued_subtask_says_how_many_messages_are_there_beside_its_own(
    messages: int, ahead: int, place: str
) -> None:
    assert told(waiting_task(()), 1, messages) == WaitExplanation(
        WaitReason.QUEUED, f"queued {place}", Lane.STANDARD, ahead=ahead
    )


@pytest.mark.parametrize(
    ("priority", "lane"), [(10, Lane.URGENT), (1, Lane.URGENT), (0, Lane.STANDARD), (-1, Lane.BACKGROUND)]
)
def test_only_the_lane_of_the_task_is_asked_and_only_once(priority: int, lane: Lane) -> None:
    asked: list[Lane] = []

    def count(one: Lane) -> int:
        asked.append(one)
        return 5

    task = waiting_task((), (), (1,), priority=priority)
    told_of = explain_waits(task, task.subtasks, NOW, count)

    assert asked == [lane]
    assert {waiting.lane for waiting in told_of.values()} == {lane}
    assert [told_of[no].ahead for no in (1, 2, 3)] == [4, 4, None]


def test_no_queue_is_asked_for_what_is_not_in_it() -> None:
    task = changed(waiting_task((), (1,)), 1, attempt=1, wait=Wait(WaitReason.RETRY, NOW + 1, SLOW))
    unsent = replace(waiting_task(()), unsent=frozenset({1}))

    def refuse(_lane: Lane) -> int:
        raise AssertionError

    assert [one.reason for one in explain_waits(task, task.subtasks, NOW, refuse).values()] == ["RETRY", "PREDECESSOR"]
    assert [one.reason for one in explain_waits(unsent, unsent.subtasks, NOW, refuse).values()] == ["UNSENT"]


def test_a_queue_that_does_not_answer_or_is_not_asked_leaves_the_number_open() -> None:
    task = waiting_task(())

    def fail(_lane: Lane) -> int:
        message = "SQS did not tell"
        raise ServiceBusy(message)

    for waiting in (explain_waits(task, task.subtasks, NOW, fail)[1], explain_waits(task, task.subtasks, NOW)[1]):
        assert waiting == WaitExplanation(WaitReason.QUEUED, "queued in the standard queue", Lane.STANDARD)


@pytest.mark.parametrize("status", [status for status in SubtaskStatus if status is not WAITING])
def test_what_does_not_wait_is_not_explained(status: SubtaskStatus) -> None:
    task = changed(waiting_task((), ()), 1, status=status)

    assert set(explain_waits(task, task.subtasks, NOW)) == {2}
    assert set(explain_waits(task, task.subtasks[:1], NOW)) == set()
