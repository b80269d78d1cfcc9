"""The sweeper repairs or ends what a crash left behind, and one failure does not delay the rest."""

from dataclasses import replace
from itertools import count, cycle, pairwise

import pytest

from shared.domain.subtask import Failure, SubtaskRef, SubtaskStatus, Wait, WaitReason
from shared.domain.task import Lane, Outcome, Task, TaskStatus
from shared.errors import ServiceBusy
from shared.stores.task_codec import shard
from shared.stores.task_queries import DUE_PER_PAGE
from shared.use_cases.sweeper import RETRY_CHECK_MS, SweepResult, next_check_at, sweep
from shared.use_cases.tasks import cancel_task, end_task, read_task, restart_task
from shared.worker.run import run_subtask
from tests.support.attempts import accepted, codes, sent, swept
from tests.support.deployment import ClockedServices, client, put
from tests.support.factories import make_task, make_upload
from tests.support.outages import meanwhile, outage, refusal
from tests.support.transitions import BAD, GOOD, LEASE, PAUSE, STORAGE, claimed, finished, queued, released

A_MINUTE = 60_000
VANISHED = "the worker disappeared at the beginning of the last of 3 attempts; restart the task"


def stored(services: ClockedServices, *, name: str = "a", subtasks: int = 2, priority: int = 0) -> Task:
    """Return a new task whose messages were not sent."""
    task = replace(make_task(subtasks, name=name, at=services.now()), priority=priority)
    assert services.tasks.create(task)
    return task


def limited(services: ClockedServices, counted_attempts: int) -> None:
    """Deploy with another limit of attempts."""
    services.settings = services.settings.model_copy(update={"max_attempts": counted_attempts})


def test_a_message_that_was_lost_is_sent_again_once_it_is_overdue(services: ClockedServices) -> None:
    task = accepted(services)
    sent(services)
    services.time += services.settings.resend_after_seconds * 1000 - 1
    swept(services)
    assert sent(services) == []

    services.time += services.settings.resend_after_seconds * 1000
    swept(services)

    assert sent(services) == [SubtaskRef(task.id, 1, no) for no in (1, 2, 3)]


@pytest.mark.parametrize(("priority", "lane"), [(7, Lane.URGENT), (0, Lane.STANDARD), (-7, Lane.BACKGROUND)])
def test_what_is_sent_again_goes_to_the_queue_of_its_priority(
    services: ClockedServices, priority: int, lane: Lane
) -> None:
    task = stored(services, priority=priority)
    services.time += A_MINUTE

    swept(services)

    assert {each: services.queues.count_messages(each) for each in Lane} == {
        each: 2 if each is lane else 0 for each in Lane
    }
    assert read_task(services, "main", task.id).unsent == frozenset()


def test_a_subtask_whose_predecessors_have_not_succeeded_is_not_sent(services: ClockedServices) -> None:
    task = queued(services, subtasks=3, needs={3: (1, 2)})
    finished(services, task, 1)
    services.time += 10**9

    swept(services)

    assert sent(services) == [SubtaskRef(task.id, 1, 2)]


def test_a_subtask_whose_worker_is_gone_is_sent_again_when_its_lease_is_over(services: ClockedServices) -> None:
    task = queued(services)
    services.tasks.claim(SubtaskRef(task.id, 1, 1), services.now(), services.now() + 90_000, 3)
    services.time += 90_000
    swept(services)
    assert sent(services) == []

    services.time += 1
    swept(services)

    assert sent(services) == [SubtaskRef(task.id, 1, 1)]


def test_a_subtask_that_waits_for_another_attempt_is_sent_again_only_when_its_message_is_overdue(
    services: ClockedServices,
) -> None:
    task = queued(services, subtasks=1)
    _, lease = claimed(services, task, 1)
    services.tasks.release(lease, Wait(WaitReason.RETRY, services.now() + 800_000, STORAGE), uncounted=True)
    overdue = services.now() + 800_000 + services.settings.resend_after_seconds * 1000

    services.time = overdue - 1
    swept(services)
    assert sent(services) == []
    services.tasks.schedule_check(task, overdue)
    services.time = overdue
    swept(services)

    assert sent(services) == [SubtaskRef(task.id, 1, 1)]


@pytest.mark.parametrize("number", [1, 2])
def test_a_subtask_that_has_used_up_its_attempts_is_given_up_by_the_sweeper(
    services: ClockedServices, number: int
) -> None:
    task = queued(services, subtasks=number)
    for no in range(1, number + 1):
        for _ in range(3):
            claimed(services, task, no)
            services.time += LEASE + 1
    services.time += A_MINUTE

    swept(services)

    given_up = read_task(services, "main", task.id)
    assert (given_up.status, given_up.outcome) == (TaskStatus.COMPLETED, Outcome.FAILED)
    assert [s.failure for s in given_up.subtasks] == [Failure("InternalError.AttemptsExhausted", VANISHED)] * number
    assert sent(services) == []
    assert swept(services) == 0


@pytest.mark.parametrize(("uncounted", "counted_attempts"), [(False, 2), (True, 0)])
def test_a_waiting_subtask_that_is_spent_since_the_limit_was_lowered_is_given_up_with_its_last_failure(
    services: ClockedServices, *, uncounted: bool, counted_attempts: int
) -> None:
    task = queued(services, needs={2: (1,)})
    for _ in range(2 if not uncounted else 5):
        waiting = released(services, claimed(services, task, 1)[1], uncounted=uncounted)
        services.time += PAUSE
    limited(services, 2 if not uncounted else 1)
    services.time += A_MINUTE

    swept(services)

    assert waiting.subtasks[0].counted_attempts == counted_attempts
    given_up = read_task(services, "main", task.id)
    attempts = given_up.subtasks[0].attempt
    assert given_up.subtasks[0].failure == Failure(
        STORAGE.code, f"given up after {attempts} attempts; the last error: {STORAGE.message}"
    )
    assert codes(given_up) == [STORAGE.code, "Skipped.PredecessorFailed"]
    assert sent(services) == []


def test_what_is_given_up_does_not_take_what_can_still_run_with_it(services: ClockedServices) -> None:
    task = queued(services, subtasks=3, needs={3: (1,)})
    for _ in range(3):
        claimed(services, task, 1)
        services.time += LEASE + 1
    services.time += services.settings.resend_after_seconds * 1000

    swept(services)

    half = read_task(services, "main", task.id)
    assert (half.status, half.pending) == (TaskStatus.IN_PROGRESS, frozenset({2}))
    assert sent(services) == [SubtaskRef(task.id, 1, 2)]
    assert finished(services, task, 2).outcome is Outcome.PARTIALLY_FAILED


def test_what_ends_while_the_sweeper_looks_is_not_sent(services: ClockedServices) -> None:
    task = stored(services)
    for _ in range(3):
        claimed(services, task, 2)
        services.time += LEASE + 1

    with meanwhile("UpdateItem", lambda: finished(services, task, 1)):
        swept(services)

    assert read_task(services, "main", task.id).outcome is Outcome.PARTIALLY_FAILED
    assert sent(services) == []


def test_a_leased_subtask_is_not_given_up_even_in_its_last_attempt(services: ClockedServices) -> None:
    task = queued(services, subtasks=1)
    for _ in range(2):
        claimed(services, task, 1)
        services.time += LEASE + 1
    seen, lease = claimed(services, task, 1)
    services.tasks.schedule_check(task, services.now())

    assert swept(services) == 1

    done = services.tasks.finish(seen, lease, GOOD, services.now())
    assert done
    assert done.outcome is Outcome.SUCCEEDED


def test_a_restarted_task_is_looked_after_like_a_new_one(services: ClockedServices) -> None:
    task = end_task(services, "main", stored(services).id)
    services.time += 7 * 24 * 3600 * 1000
    restart_task(services, "main", task.id)
    sent(services)

    services.time += A_MINUTE
    swept(services)
    assert sent(services) == [], "its messages are a minute old: they may still be in the queue"
    services.time += services.settings.resend_after_seconds * 1000
    swept(services)

    assert sent(services) == [SubtaskRef(task.id, 2, 1), SubtaskRef(task.id, 2, 2)]


def test_of_a_restart_of_the_failed_only_these_are_sent_again(services: ClockedServices) -> None:
    task = stored(services, subtasks=3)
    finished(services, task, 1)
    finished(services, task, 2, BAD)
    finished(services, task, 3)
    restart_task(services, "main", task.id, only_failed=True)
    sent(services)

    services.time += services.settings.resend_after_seconds * 1000
    swept(services)

    assert sent(services) == [SubtaskRef(task.id, 2, 2)]


def test_the_older_a_task_the_rarer_the_looks_at_it(services: ClockedServices) -> None:
    stored(services)
    looks = []
    for _ in range(24 * 2):
        services.time += 1_800_000
        looks += [services.now()] * swept(services)

    gaps = [later - earlier for earlier, later in pairwise(looks)]
    assert 5 < len(looks) < 12
    assert gaps == sorted(gaps)


def test_a_task_is_looked_at_again_when_its_first_lease_is_over_or_a_message_may_be_lost(
    services: ClockedServices,
) -> None:
    task = queued(services)
    first, _ = claimed(services, task, 1)
    services.time += 1000
    both, _ = claimed(services, task, 2)
    now, resend_after = services.now(), 900_000

    assert next_check_at(both, now, resend_after) == now - 1000 + LEASE + 1
    assert next_check_at(both, now + LEASE, resend_after) == now + LEASE + 1
    assert next_check_at(both, now + LEASE + 1, resend_after) == now + LEASE + 1 + resend_after
    assert next_check_at(first, now, 5000) == now + 5000


def test_the_sweeper_goes_on_until_nothing_is_due(services: ClockedServices) -> None:
    names = (str(number) for number in count() if shard(make_task(1, name=str(number), at=services.now()).id) == 0)
    for _ in range(DUE_PER_PAGE + 1):
        stored(services, name=next(names), subtasks=1)
    services.time += A_MINUTE

    assert swept(services) == DUE_PER_PAGE + 1
    assert swept(services) == 0


def test_the_sweeper_stops_when_its_time_is_over_and_has_looked_at_the_longest_due(services: ClockedServices) -> None:
    tasks = []
    for number in range(4):
        tasks.append(stored(services, name=str(number), subtasks=1))
        services.time += 1000
    services.time += A_MINUTE
    left = iter([2.0, 1.0, 0.0])

    assert sweep(services, lambda: next(left)) == SweepResult(2, 0)

    assert sent(services) == [SubtaskRef(task.id, 1, 1) for task in tasks[:2]]
    assert sweep(services, lambda: 0.0) == SweepResult(0, 0)
    assert swept(services) == 2


def test_a_task_that_cannot_be_repaired_now_does_not_delay_those_behind_it(
    services: ClockedServices, caplog: pytest.LogCaptureFixture
) -> None:
    tasks = []
    for number in range(3):
        tasks.append(stored(services, name=str(number), subtasks=1))
        services.time += 1000
    services.time += A_MINUTE

    with outage("SendMessageBatch"):
        assert sweep(services, lambda: 60) == SweepResult(3, 1)

    assert sent(services) == [SubtaskRef(task.id, 1, 1) for task in tasks[1:]]
    (told,) = [record for record in caplog.records if record.msg == "task not healed"]
    assert told.__dict__["task_id"] == tasks[0].id
    assert swept(services) == 0
    services.time += RETRY_CHECK_MS
    assert sweep(services, lambda: 60) == SweepResult(1, 0)
    assert sent(services) == [SubtaskRef(tasks[0].id, 1, 1)]


def test_tasks_that_can_never_be_healed_take_turns_with_the_others(
    services: ClockedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        stored(services, name=str(number), subtasks=1, priority=-1)
    services.time += 1000
    task = stored(services, subtasks=1)
    monkeypatch.setattr(services.queues, "_urls", {Lane.STANDARD: services.settings.standard_queue_url})
    left = cycle([2.0, 1.0, 0.0])

    for _ in range(2):  # sweeps that have time for two tasks each
        services.time += A_MINUTE
        sweep(services, lambda: next(left))

    assert sent(services) == [SubtaskRef(task.id, 1, 1)]


def test_a_task_that_cannot_even_be_read_does_not_delay_those_behind_it(services: ClockedServices) -> None:
    broken = stored(services, name="broken", subtasks=1)
    services.time += 1000
    task = stored(services, subtasks=1)
    client("dynamodb").update_item(
        TableName="TasksTable",
        Key={"pk": {"S": broken.id}, "sk": {"S": "TASK"}},
        UpdateExpression="SET #run = :nonsense",
        ExpressionAttributeNames={"#run": "status"},
        ExpressionAttributeValues={":nonsense": {"S": "NONSENSE"}},
    )
    services.time += A_MINUTE

    assert sweep(services, lambda: 60) == SweepResult(2, 1)

    assert sent(services) == [SubtaskRef(task.id, 1, 1)]


def test_a_sweep_that_does_not_learn_what_is_due_fails(services: ClockedServices) -> None:
    task = stored(services, subtasks=1)
    services.time += A_MINUTE

    with outage("Query", error=refusal("InternalServerError")), pytest.raises(ServiceBusy):
        sweep(services, lambda: 60)

    assert swept(services) == 1
    assert sent(services) == [SubtaskRef(task.id, 1, 1)]


def test_a_task_that_ends_before_its_look_is_left_alone(services: ClockedServices) -> None:
    task = stored(services)
    services.time += A_MINUTE

    with meanwhile("GetItem", lambda: cancel_task(services, "main", task.id)):
        assert swept(services) == 1

    assert sent(services) == []
    assert swept(services) == 0


def test_a_message_sent_twice_is_run_once(services: ClockedServices) -> None:
    with outage("UpdateItem"):  # the messages are sent, but the note of it is lost
        task = accepted(
            services, make_upload(version_id=put("uploads/clip.mp4", b"no film").version_id, at=services.now())
        )
    services.time += 60_000
    swept(services)

    queued = sent(services)
    for ref in queued:
        run_subtask(services, ref, 60)

    done = read_task(services, "main", task.id)
    assert len(queued) == 6
    assert [(s.status, s.attempt) for s in done.subtasks] == [(SubtaskStatus.FAILED, 1)] * 3
