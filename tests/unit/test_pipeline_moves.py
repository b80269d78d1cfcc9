"""Restart, end and the sweeper: what is refused changes nothing, and what a crash left behind is healed."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from shared.errors import Conflict, NotFound, ServiceBusy
from shared.pipeline import end_task, get_run, get_subtask, get_task, restart_task
from shared.sweeper import SWEEP_BATCH, sweep
from shared.task import Outcome, SubtaskRef, SubtaskStatus, Task, TaskStatus
from shared.worker import run_subtask
from tests.deployment import World, put
from tests.outages import calls, outage
from tests.unit.conftest import a_task, accepted, an_upload, sent, swept


def stored(world: World, *, started: bool = False, ended: bool = False) -> Task:
    """Return a task that waits, has started, or was ended."""
    task = a_task(world)
    world.tasks.create(task)
    if started:
        world.tasks.claim(SubtaskRef(task.id, 1, 1), world.now(), world.now() + 1000, 3)
    if ended:
        end_task(world, "main", task.id)
    return get_task(world, "main", task.id)


@pytest.mark.parametrize(
    ("move", "state", "sentence"),
    [
        (restart_task, {}, "is WAITING; only a COMPLETED task can be restarted"),
        (restart_task, {"started": True}, "is IN_PROGRESS; only a COMPLETED task can be restarted"),
        (end_task, {"started": True}, "is IN_PROGRESS; only a WAITING task can be ended"),
        (end_task, {"ended": True}, "is COMPLETED; only a WAITING task can be ended"),
    ],
)
def test_a_move_that_the_status_forbids_is_refused_and_changes_nothing(
    world: World, move: Callable[[World, str, str], Task], state: dict[str, bool], sentence: str
) -> None:
    before = stored(world, **state)

    with pytest.raises(Conflict, match=sentence) as refused, calls() as made:
        move(world, "main", before.id)

    assert (refused.value.code, refused.value.details) == ("InvalidTaskStatus", {"status": before.status})
    assert set(made) == {"GetItem"}
    assert world.tasks.get(before.id) == before
    assert sent(world) == []


def test_the_messages_of_an_ended_task_do_nothing(world: World) -> None:
    task = accepted(world)
    ended = end_task(world, "main", task.id)
    queued = sent(world)

    answers = [run_subtask(world, ref, 60) for ref in queued]

    assert len(queued) == 3
    assert answers == [None] * 3
    assert (ended.status, ended.outcome) == (TaskStatus.COMPLETED, Outcome.ENDED)
    assert world.tasks.get(task.id) == ended
    world.time += 10**9
    assert swept(world) == 0


def test_a_restart_sends_the_next_run_and_keeps_the_one_before(world: World) -> None:
    ended = stored(world, ended=True)
    world.time += 1000

    again = restart_task(world, "main", ended.id)

    assert (again.run, again.status, again.unsent) == (2, TaskStatus.WAITING, frozenset())
    assert sent(world) == [SubtaskRef(ended.id, 2, 1), SubtaskRef(ended.id, 2, 2)]
    assert get_run(world, "main", ended.id, None) == get_run(world, "main", ended.id, 2) == again
    assert get_run(world, "main", ended.id, 1).subtasks == ended.subtasks


def test_a_message_of_an_earlier_run_does_nothing(world: World) -> None:
    task = stored(world, ended=True)
    again = restart_task(world, "main", task.id)

    assert run_subtask(world, SubtaskRef(task.id, 1, 1), 60) is None
    assert world.tasks.get(task.id) == again


@pytest.mark.parametrize("identifier", ["0" * 26, "", "nope", "x" * 5000, "😀", "TOKEN#main#abc"])
def test_a_task_that_is_not_there_is_not_found(world: World, identifier: str) -> None:
    for act in (get_task, restart_task, end_task):
        with pytest.raises(NotFound, match="there is no task") as missing:
            act(world, "main", identifier)
        assert missing.value.code == "TaskNotFound"


def test_a_task_of_another_tenant_is_not_found(world: World) -> None:
    task = stored(world)

    with pytest.raises(NotFound):
        end_task(world, "other", task.id)
    assert world.tasks.get(task.id) == task


def test_a_run_or_a_subtask_that_is_not_there_is_not_found(world: World) -> None:
    task = stored(world)

    with pytest.raises(NotFound, match="has no run 2; its newest is 1"):
        get_run(world, "main", task.id, 2)
    for no in (0, 3):
        with pytest.raises(NotFound, match=f"has no subtask {no}; they are numbered 1 to 2"):
            get_subtask(world, "main", task.id, None, no)


def test_a_message_that_was_lost_is_sent_again_once_it_is_overdue(world: World) -> None:
    task = accepted(world)
    sent(world)
    world.time += world.settings.resend_after_seconds * 1000 - 1
    swept(world)
    assert sent(world) == []

    world.time += world.settings.resend_after_seconds * 1000
    swept(world)

    assert sent(world) == [SubtaskRef(task.id, 1, no) for no in (1, 2, 3)]


def test_a_subtask_whose_worker_is_gone_is_sent_again_when_its_lease_is_over(world: World) -> None:
    task = stored(world)
    world.tasks.sent(task, {1, 2})
    world.tasks.claim(SubtaskRef(task.id, 1, 1), world.now(), world.now() + 90_000, 3)
    world.time += 90_000
    swept(world)
    assert sent(world) == []

    world.time += 1
    swept(world)

    assert sent(world) == [SubtaskRef(task.id, 1, 1)]


def test_a_subtask_that_has_used_up_its_attempts_is_given_up_by_the_sweeper(world: World) -> None:
    task = stored(world)
    world.tasks.sent(task, {1, 2})
    for no in (1, 2):
        for _ in range(3):
            world.tasks.claim(SubtaskRef(task.id, 1, no), world.now(), world.now() + 1000, 3)
            world.time += 1001
    world.time += 60_000

    swept(world)

    given_up = get_task(world, "main", task.id)
    assert (given_up.status, given_up.outcome) == (TaskStatus.COMPLETED, Outcome.FAILED)
    assert {s.failure.code for s in given_up.subtasks if s.failure} == {"InternalError.AttemptsExhausted"}
    assert sent(world) == []
    assert swept(world) == 0


def test_a_restarted_task_is_looked_after_like_a_new_one(world: World) -> None:
    task = stored(world, ended=True)
    world.time += 7 * 24 * 3600 * 1000
    restart_task(world, "main", task.id)
    sent(world)

    world.time += 60_000
    swept(world)
    assert sent(world) == [], "its messages are a minute old: they may still be in the queue"
    world.time += world.settings.resend_after_seconds * 1000
    swept(world)

    assert sent(world) == [SubtaskRef(task.id, 2, 1), SubtaskRef(task.id, 2, 2)]


def test_the_older_a_task_the_rarer_the_looks_at_it(world: World) -> None:
    stored(world)
    looks = []
    for _ in range(24 * 2):
        world.time += 1_800_000
        looks += [world.now()] * swept(world)

    gaps = [later - earlier for earlier, later in pairwise(looks)]
    assert 5 < len(looks) < 12
    assert gaps == sorted(gaps)


def test_the_sweeper_goes_on_until_nothing_is_due_or_its_time_is_over(world: World) -> None:
    for number in range(SWEEP_BATCH + 1):
        world.tasks.create(a_task(world, 1, name=str(number)))
    world.time += 60_000

    assert sweep(world, lambda: 0) == 0
    assert swept(world) == SWEEP_BATCH + 1
    assert swept(world) == 0


def test_a_sweep_that_breaks_off_is_made_up_for_by_the_next(world: World) -> None:
    task = stored(world)
    world.time += 60_000
    with outage("SendMessageBatch"), pytest.raises(ServiceBusy):
        swept(world)

    assert swept(world) == 1
    assert sent(world) == [SubtaskRef(task.id, 1, 1), SubtaskRef(task.id, 1, 2)]


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
