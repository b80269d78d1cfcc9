"""The sweeper: what a crash left behind is healed, or ended, and nothing holds up the rest."""

from dataclasses import replace
from itertools import count, cycle, pairwise

import pytest

from shared.domain.task import Failure, Lane, Outcome, SubtaskRef, SubtaskStatus, Task, TaskStatus
from shared.errors import ServiceBusy
from shared.stores.task_codec import shard
from shared.stores.task_queries import DUE_PER_PAGE
from shared.use_cases.sweeper import PUT_OFF_MS, Swept, next_look, sweep
from shared.use_cases.tasks import cancel_task, end_task, get_task, restart_task
from shared.worker.run import run_subtask
from tests.support.attempts import codes
from tests.support.deployment import World, client, put
from tests.support.outages import meanwhile, outage, refusal
from tests.support.transitions import BAD, GOOD, LEASE, PAUSE, STORAGE, claimed, finished, queued, released
from tests.unit.conftest import a_task, accepted, an_upload, sent, swept

A_MINUTE = 60_000
VANISHED = (
    "the worker vanished in the last of 3 attempts, most likely out of memory; "
    "deploy with a larger WorkerMemory and restart the task"
)


def stored(world: World, *, name: str = "a", subtasks: int = 2, priority: int = 0) -> Task:
    """Return a new task, none of whose messages was sent."""
    task = replace(a_task(world, subtasks, name=name), priority=priority)
    assert world.tasks.create(task)
    return task


def limited(world: World, counted_attempts: int) -> None:
    """Deploy with another limit of attempts."""
    world.settings = world.settings.model_copy(update={"max_attempts": counted_attempts})


def test_a_message_that_was_lost_is_sent_again_once_it_is_overdue(world: World) -> None:
    task = accepted(world)
    sent(world)
    world.time += world.settings.resend_after_seconds * 1000 - 1
    swept(world)
    assert sent(world) == []

    world.time += world.settings.resend_after_seconds * 1000
    swept(world)

    assert sent(world) == [SubtaskRef(task.id, 1, no) for no in (1, 2, 3)]


@pytest.mark.parametrize(("priority", "lane"), [(7, Lane.URGENT), (0, Lane.STANDARD), (-7, Lane.BACKGROUND)])
def test_what_is_sent_again_goes_to_the_queue_of_its_priority(world: World, priority: int, lane: Lane) -> None:
    task = stored(world, priority=priority)
    world.time += A_MINUTE

    swept(world)

    assert {each: world.queues.waiting(each) for each in Lane} == {each: 2 if each is lane else 0 for each in Lane}
    assert get_task(world, "main", task.id).unsent == frozenset()


def test_a_subtask_whose_predecessors_have_not_succeeded_is_not_sent(world: World) -> None:
    task = queued(world, subtasks=3, needs={3: (1, 2)})
    finished(world, task, 1)
    world.time += 10**9

    swept(world)

    assert sent(world) == [SubtaskRef(task.id, 1, 2)]


def test_a_subtask_whose_worker_is_gone_is_sent_again_when_its_lease_is_over(world: World) -> None:
    task = queued(world)
    world.tasks.claim(SubtaskRef(task.id, 1, 1), world.now(), world.now() + 90_000, 3)
    world.time += 90_000
    swept(world)
    assert sent(world) == []

    world.time += 1
    swept(world)

    assert sent(world) == [SubtaskRef(task.id, 1, 1)]


def test_a_subtask_that_waits_for_another_attempt_is_sent_again_only_when_its_message_is_overdue(world: World) -> None:
    task = queued(world, subtasks=1)
    _, lease = claimed(world, task, 1)
    world.tasks.release(lease, world.now() + 800_000, STORAGE, uncounted=True)
    overdue = world.now() + 800_000 + world.settings.resend_after_seconds * 1000

    world.time = overdue - 1
    swept(world)
    assert sent(world) == []
    world.tasks.look_again(task, overdue)
    world.time = overdue
    swept(world)

    assert sent(world) == [SubtaskRef(task.id, 1, 1)]


@pytest.mark.parametrize("number", [1, 2])
def test_a_subtask_that_has_used_up_its_attempts_is_given_up_by_the_sweeper(world: World, number: int) -> None:
    task = queued(world, subtasks=number)
    for no in range(1, number + 1):
        for _ in range(3):
            claimed(world, task, no)
            world.time += LEASE + 1
    world.time += A_MINUTE

    swept(world)

    given_up = get_task(world, "main", task.id)
    assert (given_up.status, given_up.outcome) == (TaskStatus.COMPLETED, Outcome.FAILED)
    assert [s.failure for s in given_up.subtasks] == [Failure("InternalError.AttemptsExhausted", VANISHED)] * number
    assert sent(world) == []
    assert swept(world) == 0


@pytest.mark.parametrize(("uncounted", "counted_attempts"), [(False, 2), (True, 0)])
def test_a_waiting_subtask_that_is_spent_since_the_limit_was_lowered_is_given_up_with_its_last_failure(
    world: World, *, uncounted: bool, counted_attempts: int
) -> None:
    task = queued(world, needs={2: (1,)})
    for _ in range(2 if not uncounted else 5):
        waiting = released(world, claimed(world, task, 1)[1], uncounted=uncounted)
        world.time += PAUSE
    limited(world, 2 if not uncounted else 1)
    world.time += A_MINUTE

    swept(world)

    assert waiting.subtasks[0].counted_attempts == counted_attempts
    given_up = get_task(world, "main", task.id)
    attempts = given_up.subtasks[0].attempt
    assert given_up.subtasks[0].failure == Failure(
        STORAGE.code, f"given up after {attempts} attempts; the last one ended so: {STORAGE.message}"
    )
    assert codes(given_up) == [STORAGE.code, "Skipped.PredecessorFailed"]
    assert sent(world) == []


def test_what_is_given_up_does_not_take_what_can_still_run_with_it(world: World) -> None:
    task = queued(world, subtasks=3, needs={3: (1,)})
    for _ in range(3):
        claimed(world, task, 1)
        world.time += LEASE + 1
    world.time += world.settings.resend_after_seconds * 1000

    swept(world)

    half = get_task(world, "main", task.id)
    assert (half.status, half.pending) == (TaskStatus.IN_PROGRESS, frozenset({2}))
    assert sent(world) == [SubtaskRef(task.id, 1, 2)]
    assert finished(world, task, 2).outcome is Outcome.PARTIALLY_FAILED


def test_what_ends_while_the_sweeper_looks_is_not_sent(world: World) -> None:
    task = stored(world)
    for _ in range(3):
        claimed(world, task, 2)
        world.time += LEASE + 1

    with meanwhile("UpdateItem", lambda: finished(world, task, 1)):
        swept(world)

    assert get_task(world, "main", task.id).outcome is Outcome.PARTIALLY_FAILED
    assert sent(world) == []


def test_a_subtask_that_is_held_is_not_given_up_even_in_its_last_attempt(world: World) -> None:
    task = queued(world, subtasks=1)
    for _ in range(2):
        claimed(world, task, 1)
        world.time += LEASE + 1
    seen, lease = claimed(world, task, 1)
    world.tasks.look_again(task, world.now())

    assert swept(world) == 1

    done = world.tasks.finish(seen, lease, GOOD, world.now())
    assert done
    assert done.outcome is Outcome.SUCCEEDED


def test_a_restarted_task_is_looked_after_like_a_new_one(world: World) -> None:
    task = end_task(world, "main", stored(world).id)
    world.time += 7 * 24 * 3600 * 1000
    restart_task(world, "main", task.id)
    sent(world)

    world.time += A_MINUTE
    swept(world)
    assert sent(world) == [], "its messages are a minute old: they may still be in the queue"
    world.time += world.settings.resend_after_seconds * 1000
    swept(world)

    assert sent(world) == [SubtaskRef(task.id, 2, 1), SubtaskRef(task.id, 2, 2)]


def test_of_a_restart_of_the_failed_only_these_are_sent_again(world: World) -> None:
    task = stored(world, subtasks=3)
    finished(world, task, 1)
    finished(world, task, 2, BAD)
    finished(world, task, 3)
    restart_task(world, "main", task.id, only_failed=True)
    sent(world)

    world.time += world.settings.resend_after_seconds * 1000
    swept(world)

    assert sent(world) == [SubtaskRef(task.id, 2, 2)]


def test_the_older_a_task_the_rarer_the_looks_at_it(world: World) -> None:
    stored(world)
    looks = []
    for _ in range(24 * 2):
        world.time += 1_800_000
        looks += [world.now()] * swept(world)

    gaps = [later - earlier for earlier, later in pairwise(looks)]
    assert 5 < len(looks) < 12
    assert gaps == sorted(gaps)


def test_a_task_is_looked_at_again_when_its_first_lease_is_over_or_a_message_may_be_lost(world: World) -> None:
    task = queued(world)
    first, _ = claimed(world, task, 1)
    world.time += 1000
    both, _ = claimed(world, task, 2)
    now, resend_after = world.now(), 900_000

    assert next_look(both, now, resend_after) == now - 1000 + LEASE + 1
    assert next_look(both, now + LEASE, resend_after) == now + LEASE + 1
    assert next_look(both, now + LEASE + 1, resend_after) == now + LEASE + 1 + resend_after
    assert next_look(first, now, 5000) == now + 5000


def test_the_sweeper_goes_on_until_nothing_is_due(world: World) -> None:
    names = (str(number) for number in count() if shard(a_task(world, 1, name=str(number)).id) == 0)
    for _ in range(DUE_PER_PAGE + 1):
        stored(world, name=next(names), subtasks=1)
    world.time += A_MINUTE

    assert swept(world) == DUE_PER_PAGE + 1
    assert swept(world) == 0


def test_the_sweeper_stops_when_its_time_is_over_and_has_looked_at_the_longest_due(world: World) -> None:
    tasks = []
    for number in range(4):
        tasks.append(stored(world, name=str(number), subtasks=1))
        world.time += 1000
    world.time += A_MINUTE
    left = iter([2.0, 1.0, 0.0])

    assert sweep(world, lambda: next(left)) == Swept(2, 0)

    assert sent(world) == [SubtaskRef(task.id, 1, 1) for task in tasks[:2]]
    assert sweep(world, lambda: 0.0) == Swept(0, 0)
    assert swept(world) == 2


def test_a_task_that_cannot_be_healed_now_holds_up_none_behind_it(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    tasks = []
    for number in range(3):
        tasks.append(stored(world, name=str(number), subtasks=1))
        world.time += 1000
    world.time += A_MINUTE

    with outage("SendMessageBatch"):
        assert sweep(world, lambda: 60) == Swept(3, 1)

    assert sent(world) == [SubtaskRef(task.id, 1, 1) for task in tasks[1:]]
    (told,) = [record for record in caplog.records if record.msg == "task not healed"]
    assert told.__dict__["task_id"] == tasks[0].id
    assert swept(world) == 0
    world.time += PUT_OFF_MS
    assert sweep(world, lambda: 60) == Swept(1, 0)
    assert sent(world) == [SubtaskRef(tasks[0].id, 1, 1)]


def test_tasks_that_can_never_be_healed_take_turns_with_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        stored(world, name=str(number), subtasks=1, priority=-1)
    world.time += 1000
    task = stored(world, subtasks=1)
    monkeypatch.setattr(world.queues, "_urls", {Lane.STANDARD: world.settings.standard_queue_url})
    left = cycle([2.0, 1.0, 0.0])

    for _ in range(2):  # sweeps that have time for two tasks each
        world.time += A_MINUTE
        sweep(world, lambda: next(left))

    assert sent(world) == [SubtaskRef(task.id, 1, 1)]


def test_a_task_that_cannot_even_be_read_holds_up_none_behind_it(world: World) -> None:
    broken = stored(world, name="broken", subtasks=1)
    world.time += 1000
    task = stored(world, subtasks=1)
    client("dynamodb").update_item(
        TableName="TasksTable",
        Key={"pk": {"S": broken.id}, "sk": {"S": "TASK"}},
        UpdateExpression="SET #run = :nonsense",
        ExpressionAttributeNames={"#run": "status"},
        ExpressionAttributeValues={":nonsense": {"S": "NONSENSE"}},
    )
    world.time += A_MINUTE

    assert sweep(world, lambda: 60) == Swept(2, 1)

    assert sent(world) == [SubtaskRef(task.id, 1, 1)]


def test_a_sweep_that_does_not_learn_what_is_due_fails(world: World) -> None:
    task = stored(world, subtasks=1)
    world.time += A_MINUTE

    with outage("Query", error=refusal("InternalServerError")), pytest.raises(ServiceBusy):
        sweep(world, lambda: 60)

    assert swept(world) == 1
    assert sent(world) == [SubtaskRef(task.id, 1, 1)]


def test_a_task_that_ends_before_its_look_is_left_alone(world: World) -> None:
    task = stored(world)
    world.time += A_MINUTE

    with meanwhile("GetItem", lambda: cancel_task(world, "main", task.id)):
        assert swept(world) == 1

    assert sent(world) == []
    assert swept(world) == 0


def test_a_message_sent_twice_is_run_once(world: World) -> None:
    with outage("UpdateItem"):  # the messages are sent, but the note of it is lost
        task = accepted(world, an_upload(world, version_id=put("uploads/clip.mp4", b"no film").version_id))
    world.time += 60_000
    swept(world)

    queued = sent(world)
    for ref in queued:
        run_subtask(world, ref, 60)

    done = get_task(world, "main", task.id)
    assert len(queued) == 6
    assert [(s.status, s.attempt) for s in done.subtasks] == [(SubtaskStatus.FAILED, 1)] * 3
