"""Attempts that are late, lose their lease, or crash after their finish: nothing is lost or left behind."""

import pytest
from botocore.exceptions import ReadTimeoutError

from shared.domain.subtask import Failure, Lease, SubtaskRef, Wait, WaitReason
from shared.domain.task import Outcome, TaskStatus
from shared.errors import ServiceBusy
from shared.use_cases.tasks import read_run, read_task, restart_task
from shared.worker.conclusion import handle_lost_lease
from shared.worker.results import Redelivery
from shared.worker.run import run_subtask
from tests.support.attempts import (
    COVER,
    LEASE_MS,
    NO_FILM,
    SECONDS,
    SMALL,
    TOO_LATE,
    a_made_task,
    codes,
    sent,
    swept,
    tags,
    worked,
)
from tests.support.deployment import ClockedServices, client, keys, put
from tests.support.outages import calls, meanwhile, outage


def test_a_message_of_a_subtask_that_is_being_worked_on_stays_away_for_five_minutes(services: ClockedServices) -> None:
    task = a_made_task(services, put("uploads/diary.mp4", NO_FILM), COVER)
    (ref,) = sent(services)
    services.tasks.claim(ref, services.now(), services.now() + LEASE_MS, 3)
    before = read_task(services, "main", task.id)
    services.time += 30_500

    assert run_subtask(services, ref, SECONDS) == Redelivery(300)
    assert read_task(services, "main", task.id) == before


def test_a_message_whose_subtask_is_given_back_at_that_very_moment_comes_again_soon(services: ClockedServices) -> None:
    task = a_made_task(services, put("uploads/diary.mp4", NO_FILM), COVER)
    (ref,) = sent(services)
    services.tasks.claim(ref, services.now(), services.now() + LEASE_MS, 3)
    lease = Lease(task.id, 1, 1, attempt=1)
    told = Failure("InternalError.Interrupted", "the worker received a signal to stop")

    with meanwhile(
        "GetItem",
        lambda: services.tasks.release(lease, Wait(WaitReason.RETRY, services.now(), told), uncounted=True),
        after=1,  # behind the claim
    ):
        assert run_subtask(services, ref, SECONDS) == Redelivery(5)

    assert run_subtask(services, ref, SECONDS) is None
    assert read_task(services, "main", task.id).status is TaskStatus.COMPLETED


def test_a_subtask_whose_worker_is_dead_is_taken_over(services: ClockedServices) -> None:
    task = a_made_task(services, put("uploads/diary.mp4", NO_FILM), COVER)
    (ref,) = sent(services)
    services.tasks.claim(ref, services.now(), services.now() + LEASE_MS, 3)
    services.time += LEASE_MS + 1

    assert run_subtask(services, ref, SECONDS) is None
    done = read_task(services, "main", task.id)
    assert (done.status, done.subtasks[0].attempt) == (TaskStatus.COMPLETED, 2)


@pytest.mark.parametrize(
    ("phase", "message"),
    [
        (
            "operation",
            (
                "the worker disappeared in the last of 3 attempts, most likely out of memory; "
                "deploy with a larger WorkerMemory and restart the task"
            ),
        ),
        (
            "upload",
            (
                "the worker disappeared during the upload in the last of 3 attempts, most likely because the time of "
                "its function was over; request smaller outputs or process a shorter file"
            ),
        ),
        (None, "the worker disappeared at the beginning of the last of 3 attempts; restart the task"),
    ],
)
def test_a_subtask_whose_workers_all_died_is_given_up(
    services: ClockedServices, phase: str | None, message: str
) -> None:
    task = a_made_task(services, put("uploads/diary.mp4", NO_FILM), COVER, {**SMALL, "needs": ["cover"]})
    (ref,) = sent(services)
    for attempt in (1, 2, 3):
        services.tasks.claim(ref, services.now(), services.now() + LEASE_MS, 3)
        if phase:
            lease = Lease(task.id, 1, 1, attempt=attempt)
            services.progress.put(lease, 5, phase)
        services.time += LEASE_MS + 1

    assert run_subtask(services, ref, SECONDS) is None
    done = read_task(services, "main", task.id)
    assert codes(done) == ["InternalError.AttemptsExhausted", "Skipped.PredecessorFailed"]
    assert (done.status, done.outcome) == (TaskStatus.COMPLETED, Outcome.FAILED)
    assert done.subtasks[0].failure
    assert done.subtasks[0].failure.message == message


def test_a_message_that_comes_again_after_the_end_changes_nothing(services: ClockedServices, blink: bytes) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", blink), COVER)
    (ref,) = sent(services)
    run_subtask(services, ref, SECONDS)
    done = read_task(services, "main", task.id)

    assert run_subtask(services, ref, SECONDS) is None
    assert read_task(services, "main", task.id) == done
    assert len(keys()) == 1


@pytest.mark.parametrize(("task_id", "run", "no"), [("0" * 26, 1, 1), (None, 1, 2), (None, 1, 0), (None, 2, 1)])
def test_a_message_that_names_nothing_is_dropped(
    services: ClockedServices, task_id: str | None, run: int, no: int
) -> None:
    task = a_made_task(services, put("uploads/diary.mp4", NO_FILM), COVER)

    assert run_subtask(services, SubtaskRef(task_id or task.id, run, no), SECONDS) is None
    assert read_task(services, "main", task.id) == task


def test_files_are_marked_as_an_attempts_until_it_has_won(services: ClockedServices, blink: bytes) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", blink), COVER)
    (ref,) = sent(services)
    seen: list[list[dict[str, str]]] = []

    with meanwhile("PutItem", lambda: seen.append(tags(keys()[0]))):  # the record, before the finish
        run_subtask(services, ref, SECONDS)

    assert seen == [[{"Key": "reelmill", "Value": "attempt"}]]
    assert tags(keys()[0]) == []
    assert read_task(services, "main", task.id).outcome is Outcome.SUCCEEDED


def test_an_attempt_that_lost_its_subtask_takes_its_files_with_it(services: ClockedServices, blink: bytes) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", blink), COVER)
    (ref,) = sent(services)

    def another_takes_over() -> None:
        services.time += LEASE_MS + 1
        run_subtask(services, ref, SECONDS)

    with meanwhile("PutItem", another_takes_over):
        assert run_subtask(services, ref, SECONDS) is None

    done = read_task(services, "main", task.id)
    assert (done.outcome, done.subtasks[0].attempt) == (Outcome.SUCCEEDED, 2)
    assert [f"s3://output/{key}" for key in keys()] == [done.subtasks[0].output]
    items = client("dynamodb").scan(TableName="TasksTable")["Items"]
    assert {i["sk"]["S"]: "expires_at" in i for i in items if "#ATT#" in i["sk"]["S"]} == {
        "RUN#0001#SUB#01#ATT#1": True,
        "RUN#0001#SUB#01#ATT#2": False,
    }


def test_an_attempt_that_won_without_an_answer_keeps_its_files(services: ClockedServices, blink: bytes) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", blink), COVER)
    (ref,) = sent(services)

    # The second update is the finish: DynamoDB made it, the line broke, and the client tries again.
    with outage("UpdateItem", after=1, done=True, error=ReadTimeoutError(endpoint_url="dynamodb")):
        assert run_subtask(services, ref, SECONDS) is None

    done = read_task(services, "main", task.id)
    assert done.outcome is Outcome.SUCCEEDED
    assert [f"s3://output/{key}" for key in keys()] == [done.subtasks[0].output]
    assert tags(keys()[0]) == []


@pytest.mark.parametrize("only_failed", [True, False])
def test_an_attempt_that_won_without_an_answer_keeps_its_files_after_a_restart(
    services: ClockedServices,
    blink: bytes,
    only_failed: bool,  # noqa: FBT001 - what is restarted
) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", blink), TOO_LATE, COVER)
    late, cover = sent(services)
    assert run_subtask(services, late, SECONDS) is None
    asked: list[int] = []

    def restart() -> None:
        newest = services.tasks.get(task.id)
        if newest and newest.status is TaskStatus.COMPLETED and not asked:
            asked.append(newest.run)
            restart_task(services, "main", task.id, only_failed=only_failed)
            raise ReadTimeoutError(endpoint_url="dynamodb")

    with meanwhile("UpdateItem", restart, done=True, times=100):
        assert run_subtask(services, cover, SECONDS) is None

    assert asked == [1]
    first = read_run(services, "main", task.id, 1).subtasks[1]
    assert [f"s3://output/{key}" for key in keys()] == [first.output]
    assert tags(keys()[0]) == []
    (row,) = [i for i in client("dynamodb").scan(TableName="TasksTable")["Items"] if i["sk"]["S"] == first.record]
    assert "expires_at" not in row


def test_an_attempt_never_removes_the_files_of_its_own_success(services: ClockedServices, blink: bytes) -> None:
    task = worked(services, a_made_task(services, put("uploads/clip.mp4", blink), COVER))
    lease = Lease(task.id, 1, 1, attempt=1)
    record = services.tasks.get_record(task.id, lease.record)
    assert record
    handle_lost_lease(services, lease, record, record.outputs)

    assert [f"s3://output/{key}" for key in keys()] == [task.subtasks[0].output]
    (row,) = [i for i in client("dynamodb").scan(TableName="TasksTable")["Items"] if i["sk"]["S"] == lease.record]
    assert "expires_at" not in row


def test_a_crash_after_the_finish_is_made_up_for(services: ClockedServices, blink: bytes) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", blink), SMALL, {**COVER, "needs": ["small"]})
    (ref,) = sent(services)
    with outage("DeleteObjectTagging"), pytest.raises(ServiceBusy):
        run_subtask(services, ref, SECONDS)

    assert run_subtask(services, ref, SECONDS) is None

    assert tags(keys()[0]) == []
    assert worked(services, task).outcome is Outcome.SUCCEEDED


def test_what_became_ready_and_could_not_be_sent_is_sent_by_the_message_that_freed_it(
    services: ClockedServices, blink: bytes
) -> None:
    task = a_made_task(services, put("uploads/clip.mp4", blink), COVER, {**COVER, "name": "other", "needs": ["cover"]})
    (ref,) = sent(services)
    services.time += 5 * 3600_000
    swept(services)  # the next look is hours away
    sent(services)

    with outage("SendMessageBatch", times=2):
        assert [run_subtask(services, ref, SECONDS) for _ in range(2)] == [Redelivery(60)] * 2
    assert run_subtask(services, ref, SECONDS) is None

    assert worked(services, task).outcome is Outcome.SUCCEEDED


def test_a_restart_writes_new_files_and_leaves_the_old_ones_readable(services: ClockedServices, blink: bytes) -> None:
    first = worked(services, a_made_task(services, put("uploads/clip.mp4", blink), COVER))
    services.time += 1000

    restart_task(services, "main", first.id)
    second = worked(services, first)

    assert (second.run, second.outcome) == (2, Outcome.SUCCEEDED)
    outputs = {str(task.subtasks[0].output) for task in (first, second)}
    assert {f"s3://output/{key}" for key in keys()} == outputs
    assert len(outputs) == 2
    assert read_run(services, "main", first.id, 1) == first


def test_a_task_costs_no_more_requests_than_its_moves(services: ClockedServices, blink: bytes) -> None:
    a_made_task(services, put("uploads/clip.mp4", blink), COVER)
    (ref,) = sent(services)

    with calls() as made:
        run_subtask(services, ref, SECONDS)

    assert [call for call in made if call in {"GetItem", "PutItem", "UpdateItem", "Query", "SendMessageBatch"}] == [
        "GetItem",  # whether this version can read it
        "UpdateItem",  # claim
        "PutItem",  # the record
        "UpdateItem",  # finish
    ]
