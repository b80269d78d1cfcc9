"""The actions of people, the snapshots of runs, and due tasks: what each changes, and when it is refused."""

from shared.domain.subtask import Wait, WaitReason
from shared.domain.task import Outcome, TaskStatus
from tests.support.deployment import ClockedServices
from tests.support.factories import make_task
from tests.support.transitions import BAD, CANCELED, GOOD, LEASE, STORAGE, claimed, finished, refused, stored

AN_HOUR = 3_600_000


def test_a_restart_begins_afresh_and_shuts_the_old_run_out(services: ClockedServices) -> None:
    task = stored(services, make_task(1, at=services.now()))
    seen, old = claimed(services, task, 1)
    done = services.tasks.finish(seen, old, BAD, services.now())
    assert done

    new = services.tasks.restart(done, services.now())

    assert new
    assert new == task.restarted(services.now())
    assert (new.run, new.status, new.unsent, new.pending) == (2, TaskStatus.WAITING, frozenset({1}), frozenset({1}))
    assert new.subtasks[0].failure is None
    assert refused(services, task, 1)
    assert services.tasks.finish(seen, old, GOOD, services.now()) is None
    assert services.tasks.restart(done, services.now() + 1) is None


def test_a_restart_of_the_failed_carries_the_others_over(services: ClockedServices) -> None:
    task = stored(services, make_task(3, needs={3: (2,)}, at=services.now()))
    finished(services, task, 1)
    done = finished(services, task, 2, BAD)
    services.time += 1000

    new = services.tasks.restart(done, services.now(), only_failed=True)

    assert new
    assert new == done.restarted(services.now(), only_failed=True) == services.tasks.get(task.id)
    assert [s.carried_from for s in new.subtasks] == [1, None, None]
    assert (new.subtasks[0].record, new.subtasks[0].output) == (GOOD.record, GOOD.output)
    assert (new.pending, new.unsent) == (frozenset({2, 3}), frozenset({2}))
    assert refused(services, new, 1)


def test_a_task_with_subtasks_that_were_carried_over_ends_with_the_last_of_the_others(
    services: ClockedServices,
) -> None:
    task = stored(services, make_task(at=services.now()))
    finished(services, task, 1)
    new = services.tasks.restart(finished(services, task, 2, BAD), services.now(), only_failed=True)
    assert new

    done = finished(services, new, 2)

    assert (done.run, done.status, done.outcome) == (2, TaskStatus.COMPLETED, Outcome.SUCCEEDED)
    assert [s.carried_from for s in done.subtasks] == [1, None]


def test_only_a_completed_task_restarts(services: ClockedServices) -> None:
    task = stored(services, make_task(at=services.now()))

    assert services.tasks.restart(task, services.now()) is None
    claimed(services, task, 1)
    assert services.tasks.restart(task, services.now()) is None


def test_an_ended_task_never_starts(services: ClockedServices) -> None:
    task = stored(services, make_task(at=services.now()))

    ended = services.tasks.end(task, services.now())

    assert ended
    assert (ended.status, ended.outcome, ended.pending) == (TaskStatus.COMPLETED, Outcome.ENDED, frozenset())
    assert {s.failure.code for s in ended.subtasks if s.failure} == {"Canceled.TaskEnded"}
    assert services.tasks.get(task.id) == ended
    assert refused(services, task, 1)
    assert services.tasks.end(task, services.now() + 1) is None


def test_a_started_task_cannot_be_ended(services: ClockedServices) -> None:
    task = stored(services, make_task(at=services.now()))
    claimed(services, task, 1)

    assert services.tasks.end(task, services.now()) is None


def test_a_cancel_ends_what_had_not_ended_and_takes_the_leases_away(services: ClockedServices) -> None:
    task = stored(services, make_task(4, needs={4: (3,)}, at=services.now()))
    seen, lease = claimed(services, task, 1)
    before = finished(services, task, 2)

    canceled = services.tasks.cancel(before, services.now())

    assert canceled
    assert canceled == services.tasks.get(task.id)
    assert (canceled.status, canceled.outcome, canceled.ended_at) == (
        TaskStatus.COMPLETED,
        Outcome.ENDED,
        services.now(),
    )
    assert (canceled.pending, canceled.unsent) == (frozenset(), frozenset())
    assert [s.failure for s in canceled.subtasks] == [CANCELED, None, CANCELED, CANCELED]
    assert canceled.subtasks[1] == before.subtasks[1]
    assert services.tasks.renew(lease, services.now() + LEASE) is None
    assert services.tasks.release(lease, Wait(WaitReason.RETRY, services.now(), STORAGE), uncounted=True) is None
    assert services.tasks.finish(seen, lease, GOOD, services.now()) is None
    services.time += LEASE + 1
    assert refused(services, task, 1)
    assert refused(services, task, 3)
    assert services.tasks.give_up(before, 3, BAD, services.now()) is None
    assert services.tasks.get(task.id) == canceled


def test_a_task_that_waits_can_be_canceled_and_one_that_is_over_cannot(services: ClockedServices) -> None:
    task = stored(services, make_task(at=services.now()))

    canceled = services.tasks.cancel(task, services.now())

    assert canceled
    assert services.tasks.cancel(canceled, services.now()) is None
    assert services.tasks.cancel(task, services.now() + 1) is None
    assert services.tasks.get(task.id) == canceled


def test_a_cancel_made_from_what_is_no_longer_so_is_refused(services: ClockedServices) -> None:
    seen = stored(services, make_task(at=services.now()))
    now = finished(services, seen, 1)

    assert services.tasks.cancel(seen, services.now()) is None
    assert services.tasks.get(seen.id) == now
    assert services.tasks.cancel(now, services.now())


def test_a_claim_between_the_look_and_the_cancel_does_not_save_its_subtask(services: ClockedServices) -> None:
    seen = stored(services, make_task(at=services.now()))
    _, lease = claimed(services, seen, 1)

    canceled = services.tasks.cancel(seen, services.now())

    assert canceled
    assert [s.failure for s in canceled.subtasks] == [CANCELED] * 2
    assert not canceled.has_lease(lease)


def test_a_canceled_run_can_be_restarted_and_is_not_canceled_again_by_an_old_look(services: ClockedServices) -> None:
    task = stored(services, make_task(at=services.now()))
    canceled = services.tasks.cancel(finished(services, task, 1), services.now())
    assert canceled

    new = services.tasks.restart(canceled, services.now(), only_failed=True)

    assert new
    assert new.pending == {2}
    assert services.tasks.cancel(task, services.now()) is None
    assert services.tasks.end(task, services.now()) is None
    assert services.tasks.get(task.id) == new


def test_a_look_at_an_earlier_run_moves_nothing_in_a_later_one(services: ClockedServices) -> None:
    first = stored(services, make_task(at=services.now()))
    canceled = services.tasks.cancel(first, services.now())
    assert canceled
    second = services.tasks.restart(canceled, services.now())
    assert second
    assert second.pending == first.pending

    assert services.tasks.end(first, services.now()) is None
    assert services.tasks.cancel(first, services.now()) is None
    assert services.tasks.give_up(first, 1, BAD, services.now()) is None
    assert services.tasks.mark_sent(first, {1}) is None
    assert services.tasks.schedule_check(first, services.now() + AN_HOUR) is None
    assert services.tasks.get(first.id) == second

    third = services.tasks.cancel(second, services.now())
    assert services.tasks.restart(canceled, services.now() + 1) is None
    assert services.tasks.get(first.id) == third


def test_an_earlier_run_stays_readable(services: ClockedServices) -> None:
    done = finished(services, stored(services, make_task(1, at=services.now())), 1, BAD)
    services.tasks.put_run(done)

    new = services.tasks.restart(done, services.now())

    assert new
    assert services.tasks.get_run(new, 1) == done
    assert services.tasks.get_run(new, 7) is None


def test_the_sweeper_finds_unfinished_tasks_only(services: ClockedServices) -> None:
    waiting, done = (
        stored(services, make_task(name="a", at=services.now())),
        stored(services, make_task(1, name="b", at=services.now())),
    )
    finished(services, done, 1)

    assert list(services.task_queries.due_tasks(services.now() + AN_HOUR)) == [waiting.id]
    assert list(services.task_queries.due_tasks(services.now())) == []
    services.tasks.schedule_check(waiting, services.now() + 2 * AN_HOUR)
    assert list(services.task_queries.due_tasks(services.now() + AN_HOUR)) == []


def test_a_completed_task_is_never_due_again(services: ClockedServices) -> None:
    waiting = stored(services, make_task(name="a", at=services.now()))
    ended = services.tasks.end(stored(services, make_task(name="b", at=services.now())), services.now())
    canceled = services.tasks.cancel(stored(services, make_task(name="c", at=services.now())), services.now())
    assert ended
    assert canceled

    for task in (ended, canceled):
        assert services.tasks.schedule_check(task, services.now()) is None

    assert list(services.task_queries.due_tasks(services.now() + AN_HOUR)) == [waiting.id]
    services.tasks.restart(ended, services.now())
    assert set(services.task_queries.due_tasks(services.now() + AN_HOUR)) == {waiting.id, ended.id}
