"""The moves of people, what stays of a run, and which tasks want a look: what each changes, when it is refused."""

from shared.domain.task import Outcome, TaskStatus
from tests.support.deployment import World
from tests.support.transitions import BAD, CANCELLED, GOOD, LEASE, STORAGE, claimed, finished, refused, stored
from tests.unit.conftest import a_task

AN_HOUR = 3_600_000


def test_a_restart_begins_afresh_and_shuts_the_old_run_out(world: World) -> None:
    task = stored(world, a_task(world, 1))
    seen, old = claimed(world, task, 1)
    done = world.tasks.finish(seen, old, BAD, world.now())
    assert done

    new = world.tasks.restart(done, world.now())

    assert new
    assert new == task.restarted(world.now())
    assert (new.run, new.status, new.unsent, new.pending) == (2, TaskStatus.WAITING, frozenset({1}), frozenset({1}))
    assert new.subtasks[0].failure is None
    assert refused(world, task, 1)
    assert world.tasks.finish(seen, old, GOOD, world.now()) is None
    assert world.tasks.restart(done, world.now() + 1) is None


def test_a_restart_of_the_failed_carries_the_others_over(world: World) -> None:
    task = stored(world, a_task(world, 3, needs={3: (2,)}))
    finished(world, task, 1)
    done = finished(world, task, 2, BAD)
    world.time += 1000

    new = world.tasks.restart(done, world.now(), only_failed=True)

    assert new
    assert new == done.restarted(world.now(), only_failed=True) == world.tasks.get(task.id)
    assert [s.carried_from for s in new.subtasks] == [1, None, None]
    assert (new.subtasks[0].record, new.subtasks[0].output) == (GOOD.record, GOOD.output)
    assert (new.pending, new.unsent) == (frozenset({2, 3}), frozenset({2}))
    assert refused(world, new, 1)


def test_a_task_with_subtasks_that_were_carried_over_ends_with_the_last_of_the_others(world: World) -> None:
    task = stored(world, a_task(world))
    finished(world, task, 1)
    new = world.tasks.restart(finished(world, task, 2, BAD), world.now(), only_failed=True)
    assert new

    done = finished(world, new, 2)

    assert (done.run, done.status, done.outcome) == (2, TaskStatus.COMPLETED, Outcome.SUCCEEDED)
    assert [s.carried_from for s in done.subtasks] == [1, None]


def test_only_a_completed_task_restarts(world: World) -> None:
    task = stored(world, a_task(world))

    assert world.tasks.restart(task, world.now()) is None
    claimed(world, task, 1)
    assert world.tasks.restart(task, world.now()) is None


def test_an_ended_task_never_starts(world: World) -> None:
    task = stored(world, a_task(world))

    ended = world.tasks.end(task, world.now())

    assert ended
    assert (ended.status, ended.outcome, ended.pending) == (TaskStatus.COMPLETED, Outcome.ENDED, frozenset())
    assert {s.failure.code for s in ended.subtasks if s.failure} == {"Cancelled.TaskEnded"}
    assert world.tasks.get(task.id) == ended
    assert refused(world, task, 1)
    assert world.tasks.end(task, world.now() + 1) is None


def test_a_started_task_cannot_be_ended(world: World) -> None:
    task = stored(world, a_task(world))
    claimed(world, task, 1)

    assert world.tasks.end(task, world.now()) is None


def test_a_cancel_ends_what_had_not_ended_and_takes_the_leases_away(world: World) -> None:
    task = stored(world, a_task(world, 4, needs={4: (3,)}))
    seen, lease = claimed(world, task, 1)
    before = finished(world, task, 2)

    cancelled = world.tasks.cancel(before, world.now())

    assert cancelled
    assert cancelled == world.tasks.get(task.id)
    assert (cancelled.status, cancelled.outcome, cancelled.ended_at) == (
        TaskStatus.COMPLETED,
        Outcome.ENDED,
        world.now(),
    )
    assert (cancelled.pending, cancelled.unsent) == (frozenset(), frozenset())
    assert [s.failure for s in cancelled.subtasks] == [CANCELLED, None, CANCELLED, CANCELLED]
    assert cancelled.subtasks[1] == before.subtasks[1]
    assert world.tasks.beat(lease, world.now() + LEASE, 50, "encoding") is None
    assert world.tasks.release(lease, world.now(), STORAGE, uncounted=True) is None
    assert world.tasks.finish(seen, lease, GOOD, world.now()) is None
    world.time += LEASE + 1
    assert refused(world, task, 1)
    assert refused(world, task, 3)
    assert world.tasks.give_up(before, 3, BAD, world.now()) is None
    assert world.tasks.get(task.id) == cancelled


def test_a_task_that_waits_can_be_cancelled_and_one_that_is_over_cannot(world: World) -> None:
    task = stored(world, a_task(world))

    cancelled = world.tasks.cancel(task, world.now())

    assert cancelled
    assert world.tasks.cancel(cancelled, world.now()) is None
    assert world.tasks.cancel(task, world.now() + 1) is None
    assert world.tasks.get(task.id) == cancelled


def test_a_cancel_made_from_what_is_no_longer_so_is_refused(world: World) -> None:
    seen = stored(world, a_task(world))
    now = finished(world, seen, 1)

    assert world.tasks.cancel(seen, world.now()) is None
    assert world.tasks.get(seen.id) == now
    assert world.tasks.cancel(now, world.now())


def test_a_claim_between_the_look_and_the_cancel_does_not_save_its_subtask(world: World) -> None:
    seen = stored(world, a_task(world))
    _, lease = claimed(world, seen, 1)

    cancelled = world.tasks.cancel(seen, world.now())

    assert cancelled
    assert [s.failure for s in cancelled.subtasks] == [CANCELLED] * 2
    assert not cancelled.holds(lease)


def test_a_cancelled_run_can_be_restarted_and_is_not_cancelled_again_by_an_old_look(world: World) -> None:
    task = stored(world, a_task(world))
    cancelled = world.tasks.cancel(finished(world, task, 1), world.now())
    assert cancelled

    new = world.tasks.restart(cancelled, world.now(), only_failed=True)

    assert new
    assert new.pending == {2}
    assert world.tasks.cancel(task, world.now()) is None
    assert world.tasks.end(task, world.now()) is None
    assert world.tasks.get(task.id) == new


def test_a_look_at_an_earlier_run_moves_nothing_in_a_later_one(world: World) -> None:
    first = stored(world, a_task(world))
    cancelled = world.tasks.cancel(first, world.now())
    assert cancelled
    second = world.tasks.restart(cancelled, world.now())
    assert second
    assert second.pending == first.pending

    assert world.tasks.end(first, world.now()) is None
    assert world.tasks.cancel(first, world.now()) is None
    assert world.tasks.give_up(first, 1, BAD, world.now()) is None
    assert world.tasks.sent(first, {1}) is None
    assert world.tasks.look_again(first, world.now() + AN_HOUR) is None
    assert world.tasks.get(first.id) == second

    third = world.tasks.cancel(second, world.now())
    assert world.tasks.restart(cancelled, world.now() + 1) is None
    assert world.tasks.get(first.id) == third


def test_an_earlier_run_stays_readable(world: World) -> None:
    done = finished(world, stored(world, a_task(world, 1)), 1, BAD)
    world.tasks.put_run(done)

    new = world.tasks.restart(done, world.now())

    assert new
    assert world.tasks.get_run(new, 1) == done
    assert world.tasks.get_run(new, 7) is None


def test_the_sweeper_finds_unfinished_tasks_only(world: World) -> None:
    waiting, done = stored(world, a_task(world, name="a")), stored(world, a_task(world, 1, name="b"))
    finished(world, done, 1)

    assert list(world.lists.due(world.now() + AN_HOUR)) == [waiting.id]
    assert list(world.lists.due(world.now())) == []
    world.tasks.look_again(waiting, world.now() + 2 * AN_HOUR)
    assert list(world.lists.due(world.now() + AN_HOUR)) == []


def test_a_completed_task_is_never_due_again(world: World) -> None:
    waiting = stored(world, a_task(world, name="a"))
    ended = world.tasks.end(stored(world, a_task(world, name="b")), world.now())
    cancelled = world.tasks.cancel(stored(world, a_task(world, name="c")), world.now())
    assert ended
    assert cancelled

    for task in (ended, cancelled):
        assert world.tasks.look_again(task, world.now()) is None

    assert list(world.lists.due(world.now() + AN_HOUR)) == [waiting.id]
    world.tasks.restart(ended, world.now())
    assert set(world.lists.due(world.now() + AN_HOUR)) == {waiting.id, ended.id}
