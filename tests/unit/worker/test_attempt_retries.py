"""Attempts that fail and are retried: which ones count, how often, when, and with which messages."""

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from heapq import heappop, heappush
from signal import SIGKILL

import pytest

from shared.domain.subtask import Failure, Lease, Subtask, SubtaskRef, SubtaskStatus, Wait, WaitReason
from shared.domain.task import Outcome, Task, TaskStatus
from shared.use_cases.tasks import read_task
from shared.worker.conclusion import LOST_RECORD_SECONDS
from shared.worker.results import Redelivery
from shared.worker.run import run_subtask
from tests.support.attempts import (
    COVER,
    LEASE_MS,
    LONG,
    NO_FILM,
    SECONDS,
    SMALL,
    WORKSPACE,
    a_made_task,
    codes,
    sent,
    statuses,
)
from tests.support.clips import Clips
from tests.support.deployment import ClockedServices, client, keys, put
from tests.support.outages import meanwhile, outage
from tests.support.processes import encoders, until
from tests.support.transitions import LOST

PAUSES = [Redelivery(5), Redelivery(15), Redelivery(45), Redelivery(135), Redelivery(405), *[Redelivery(900)] * 9]


def subtask_of(services: ClockedServices, task: Task, no: int = 1) -> Subtask:
    """Return a subtask as it stands."""
    return read_task(services, "main", task.id).subtasks[no - 1]


def attempted(services: ClockedServices, ref: SubtaskRef) -> Redelivery | None:
    """Deliver a message that comes again when it is due."""
    answer = run_subtask(services, ref, SECONDS)
    services.time += answer.seconds * 1000 if answer else 0
    return answer


def a_spoiled_task(services: ClockedServices, body: bytes) -> Task:
    """Make a task whose stored parameters break our own code, after the source was checked."""
    task = a_made_task(services, put("uploads/clip.mp4", body), COVER)
    spoiled = replace(task.subtasks[0], params={"format": "exe"})
    task = replace(task, id="1" * 26, subtasks=(spoiled,))
    assert services.tasks.create(task)
    return task


@pytest.mark.parametrize("times", [1, 3])
def test_a_claim_whose_response_is_lost_uses_up_no_attempt(services: ClockedServices, blink: bytes, times: int) -> None:
    services.settings = services.settings.model_copy(update={"max_attempts": 1})
    task = a_made_task(services, put("uploads/clip.mp4", blink), COVER)
    (ref,) = sent(services)

    with outage("UpdateItem", times=times, done=True, error=LOST):
        assert run_subtask(services, ref, SECONDS) is None

    done = subtask_of(services, task)
    assert (done.status, done.attempt, done.failure) == (SubtaskStatus.SUCCESSFUL, 1, None)


def test_an_error_of_s3_is_not_counted_but_reported_after_five_times_as_many_attempts(
    services: ClockedServices,
) -> None:
    task = a_made_task(services, put("uploads/diary.mp4", NO_FILM), COVER)
    (ref,) = sent(services)

    with outage("HeadObject", times=14):
        answers = [attempted(services, ref) for _ in range(14)]
    waiting = subtask_of(services, task)
    with outage("HeadObject"):
        last = run_subtask(services, ref, SECONDS)

    assert answers == PAUSES
    assert (waiting.status, waiting.attempt, waiting.counted_attempts) == (SubtaskStatus.WAITING, 14, 0)
    assert last is None
    done = read_task(services, "main", task.id)
    assert (done.status, codes(done)) == (TaskStatus.COMPLETED, ["InternalError.Storage"])
    records = services.tasks.get_records(task.id, 1, 1)
    assert [(number, record.failure and record.failure.code) for number, record in records] == [
        (number, "InternalError.Storage") for number in range(1, 16)
    ]


def test_a_fault_of_our_own_counts_and_is_reported_after_three_attempts(
    services: ClockedServices, blink: bytes
) -> None:
    task = a_spoiled_task(services, blink)
    ref = SubtaskRef(task.id, 1, 1)

    answers = [attempted(services, ref) for _ in range(3)]

    assert answers == [*PAUSES[:2], None]
    done = read_task(services, "main", task.id)
    assert (done.outcome, codes(done)) == (Outcome.FAILED, ["InternalError.Unexpected"])
    assert (done.subtasks[0].attempt, done.subtasks[0].counted_attempts) == (3, 3)


@pytest.mark.parametrize("duplicates", [1, 2, 6])
def test_duplicate_deliveries_do_not_exhaust_a_subtask_sooner(services: ClockedServices, duplicates: int) -> None:
    task = a_made_task(services, put("uploads/diary.mp4", NO_FILM), COVER)
    (ref,) = sent(services)
    begun, due = services.now(), [(services.now() + number, number) for number in range(duplicates)]
    receipts: Counter[int] = Counter()

    with outage("HeadObject", times=1000):
        while due:
            at, number = heappop(due)
            services.time = max(services.now(), at)
            receipts[number] += 1
            if again := run_subtask(services, ref, SECONDS):
                heappush(due, (services.now() + again.seconds * 1000, number))

    assert subtask_of(services, task).attempt == 15
    assert (services.now() - begun) // 1000 >= sum(pause.seconds for pause in PAUSES)
    assert max(receipts.values()) <= 30, "then it comes to the dead-letter queue"


def test_a_fault_of_our_own_reveals_nothing_to_users(services: ClockedServices, blink: bytes) -> None:
    task = a_spoiled_task(services, blink)

    run_subtask(services, SubtaskRef(task.id, 1, 1), SECONDS)

    ((_, record),) = services.tasks.get_records(task.id, 1, 1)
    waiting = subtask_of(services, task).wait
    assert waiting
    assert record.failure == waiting.detail
    assert record.failure
    assert record.failure.code == "InternalError.Unexpected"
    assert "validation" not in record.failure.message


def test_interruptions_between_faults_neither_count_nor_make_good(services: ClockedServices, blink: bytes) -> None:
    task = a_spoiled_task(services, blink)
    ref = SubtaskRef(task.id, 1, 1)

    counted_attempts = []
    for _ in range(3):
        with outage("HeadObject"):
            assert attempted(services, ref)
        counted_attempts.append(subtask_of(services, task).counted_attempts)
        last = attempted(services, ref)
        counted_attempts.append(subtask_of(services, task).counted_attempts)

    assert last is None
    assert counted_attempts == [0, 1, 1, 2, 2, 3]
    assert statuses(read_task(services, "main", task.id)) == [SubtaskStatus.FAILED]


def test_an_interruption_of_the_last_attempt_that_may_count_leaves_another(
    services: ClockedServices, blink: bytes
) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", blink), COVER)
    (ref,) = sent(services)
    for _ in range(2):  # two workers die
        services.tasks.claim(ref, services.now(), services.now() + LEASE_MS, 3)
        services.time += LEASE_MS + 1

    with outage("HeadObject"):
        assert attempted(services, ref) == Redelivery(45)

    assert run_subtask(services, ref, SECONDS) is None
    assert read_task(services, "main", task.id).outcome is Outcome.SUCCEEDED


def test_a_dynamodb_that_does_not_answer_an_attempt_is_not_the_files_fault(
    services: ClockedServices, blink: bytes
) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", blink), SMALL, {**COVER, "input": "small"})
    (first,) = sent(services)
    run_subtask(services, first, SECONDS)
    (second,) = sent(services)

    with outage("GetItem", after=1):  # behind the task: the record that names what it reads
        assert run_subtask(services, second, SECONDS) == Redelivery(5)

    waiting = subtask_of(services, task, 2)
    assert waiting.wait
    assert (waiting.wait.detail.code, waiting.counted_attempts) == ("InternalError.ServiceBusy", 0)


def test_an_ffmpeg_that_was_killed_counts_for_memory_may_have_run_out(services: ClockedServices, clip: Clips) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", clip("bigbuckbunny.mp4").read_bytes()), LONG)
    (ref,) = sent(services)

    def kill() -> None:
        until(lambda: encoders(WORKSPACE))
        for process in encoders(WORKSPACE):
            os.kill(process, SIGKILL)

    with ThreadPoolExecutor(1) as killer:
        killed = killer.submit(kill)
        answer = run_subtask(services, ref, SECONDS)
        killed.result()

    assert answer == Redelivery(5)
    waiting = subtask_of(services, task)
    assert waiting.wait
    assert (waiting.wait.detail.code, waiting.counted_attempts, waiting.attempt) == ("InternalError.Killed", 1, 1)
    assert keys() == []


def test_a_subtask_that_waits_for_another_attempt_says_why_and_until_when(
    services: ClockedServices, blink: bytes
) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", blink), COVER)
    (ref,) = sent(services)
    with outage("PutObject"):
        attempted(services, ref)

    waiting = subtask_of(services, task)
    seen: list[Subtask] = []
    with meanwhile("HeadObject", lambda: seen.append(subtask_of(services, task))):
        assert run_subtask(services, ref, SECONDS) is None

    ((_, record), _) = services.tasks.get_records(task.id, 1, 1)
    assert record.failure
    assert waiting.wait == Wait(WaitReason.RETRY, services.now(), record.failure)
    assert record.failure.code == "InternalError.Storage"
    assert [(s.status, s.failure, s.wait) for s in seen] == [(SubtaskStatus.IN_PROGRESS, None, None)]
    assert subtask_of(services, task).failure is None


def test_an_attempt_that_follows_an_interrupted_one_can_succeed(services: ClockedServices, blink: bytes) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", blink), COVER)
    (ref,) = sent(services)
    with outage("PutObject"):
        assert attempted(services, ref) == Redelivery(5)
    assert statuses(read_task(services, "main", task.id)) == [SubtaskStatus.WAITING]

    assert run_subtask(services, ref, SECONDS) is None

    done = read_task(services, "main", task.id)
    assert (done.outcome, done.subtasks[0].attempt) == (Outcome.SUCCEEDED, 2)
    assert done.subtasks[0].output == f"s3://output/{keys()[0]}"


def test_files_that_an_interrupted_attempt_had_stored_are_gone(services: ClockedServices, blink: bytes) -> None:
    task = a_made_task(
        services, put("uploads/clip.mp4", blink), {**COVER, "params": {"at": ["0%", "50%"], "width": 32}}
    )
    (ref,) = sent(services)

    with outage("PutObject", after=1):
        assert run_subtask(services, ref, SECONDS) == Redelivery(5)

    assert keys() == []
    ((_, record),) = services.tasks.get_records(task.id, 1, 1)
    assert record.outputs == ()


def test_an_attempt_whose_release_came_too_late_leaves_the_subtask_to_its_new_owner(services: ClockedServices) -> None:
    task = a_made_task(services, put("uploads/diary.mp4", NO_FILM), COVER)
    (ref,) = sent(services)

    def another_takes_over() -> None:
        services.time += LEASE_MS + 1
        services.tasks.claim(ref, services.now(), services.now() + LEASE_MS, 3)

    with outage("HeadObject"), meanwhile("PutItem", another_takes_over):  # the record, before the release
        assert run_subtask(services, ref, SECONDS) is None

    held = subtask_of(services, task)
    assert (held.status, held.attempt, held.counted_attempts, held.failure) == (SubtaskStatus.IN_PROGRESS, 2, 2, None)
    (item,) = [i for i in client("dynamodb").scan(TableName="TasksTable")["Items"] if "#ATT#" in i["sk"]["S"]]
    assert item["expires_at"]["N"] == str(services.now() // 1000 + LOST_RECORD_SECONDS)


@pytest.mark.parametrize("failed_before", [True, False])
def test_a_message_of_a_subtask_that_is_spent_gives_it_up_with_its_last_failure(
    services: ClockedServices, *, failed_before: bool
) -> None:
    task = a_made_task(services, put("uploads/diary.mp4", NO_FILM), COVER)
    (ref,) = sent(services)
    told = Failure("InternalError.Killed", "ffmpeg was killed")
    for attempt in (1, 2):
        services.tasks.claim(ref, services.now(), services.now() + LEASE_MS, 3)
        if failed_before:
            services.tasks.release(
                Lease(task.id, 1, 1, attempt=attempt), Wait(WaitReason.RETRY, services.now(), told), uncounted=False
            )
        services.time += LEASE_MS + 1
    services.settings = services.settings.model_copy(update={"max_attempts": 2})

    assert run_subtask(services, ref, SECONDS) is None

    done = read_task(services, "main", task.id)
    assert (done.status, done.outcome) == (TaskStatus.COMPLETED, Outcome.FAILED)
    given_up = "given up after 2 attempts; the last error: ffmpeg was killed"
    assert done.subtasks[0].failure
    if failed_before:
        assert done.subtasks[0].failure == Failure("InternalError.Killed", given_up)
    else:
        assert done.subtasks[0].failure.code == "InternalError.AttemptsExhausted"
