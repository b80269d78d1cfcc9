"""Every move of a task: what it changes, and when it is refused."""

import pytest

from shared.task import (
    AttemptRecord,
    Ending,
    Failure,
    Hold,
    Outcome,
    OutputFile,
    SubtaskRef,
    SubtaskStatus,
    Task,
    TaskStatus,
)
from tests.deployment import World
from tests.unit.conftest import a_task

LEASE = 60_000
GOOD = Ending(SubtaskStatus.SUCCESSFUL, output="s3://output/x.mp4", record="RUN#0001#SUB#01#ATT#1")
BAD = Ending(SubtaskStatus.FAILED, failure=Failure("SourceFileError.NotMedia", "it is not a media file"))


def stored(world: World, task: Task) -> Task:
    """Create the task and return it as the table holds it."""
    assert world.tasks.create(task)
    found = world.tasks.get(task.id)
    assert found
    return found


def claimed(world: World, task: Task, no: int) -> tuple[Task, Hold]:
    """Claim a subtask that must be free."""
    seen = world.tasks.claim(SubtaskRef(task.id, task.run, no), world.now(), world.now() + LEASE, 3)
    assert seen
    return seen, Hold(task.id, task.run, no, attempt=seen.subtasks[no - 1].attempt)


def finished(world: World, task: Task, no: int, ending: Ending = GOOD) -> Task:
    """Claim and finish a subtask."""
    seen, hold = claimed(world, task, no)
    done = world.tasks.finish(seen, hold, ending, world.now())
    assert done
    return done


def test_what_was_put_is_what_is_read(world: World) -> None:
    task = a_task(world, needs={2: (1,)})

    assert stored(world, task) == task


def test_a_task_is_made_once(world: World) -> None:
    task = a_task(world)

    assert world.tasks.create(task)
    assert not world.tasks.create(task)


def test_an_unknown_task_is_none(world: World) -> None:
    assert world.tasks.get("0" * 26) is None


def test_a_claim_takes_the_subtask_and_starts_the_task(world: World) -> None:
    task = stored(world, a_task(world))

    seen, hold = claimed(world, task, 1)

    assert seen.status is TaskStatus.IN_PROGRESS
    assert seen.started_at == world.now()
    assert seen.subtasks[0].status is SubtaskStatus.IN_PROGRESS
    assert seen.unsent == {2}
    assert seen.holds(hold)


def test_a_live_lease_keeps_others_off(world: World) -> None:
    task = stored(world, a_task(world))
    claimed(world, task, 1)

    assert world.tasks.claim(SubtaskRef(task.id, 1, 1), world.now() + LEASE, 0, 3) is None


def test_a_dead_lease_is_taken_over_and_its_late_worker_is_refused(world: World) -> None:
    task = stored(world, a_task(world))
    seen, late = claimed(world, task, 1)
    world.time += LEASE + 1

    _, current = claimed(world, task, 1)

    assert current.attempt == 2
    assert world.tasks.finish(seen, late, GOOD, world.now()) is None
    assert world.tasks.beat(late, 50, "encoding") is None
    assert world.tasks.release(late) is None


def test_no_attempt_is_made_past_the_limit(world: World) -> None:
    task = stored(world, a_task(world))
    for _ in range(3):
        claimed(world, task, 1)
        world.time += LEASE + 1

    assert world.tasks.claim(SubtaskRef(task.id, 1, 1), world.now(), world.now() + LEASE, 3) is None


def test_a_beat_shows_progress(world: World) -> None:
    _, hold = claimed(world, stored(world, a_task(world)), 1)

    seen = world.tasks.beat(hold, 42, "encoding")

    assert seen
    assert (seen.subtasks[0].progress, seen.subtasks[0].phase, seen.progress) == (42, "encoding", 21)


def test_a_released_subtask_waits_for_its_next_attempt(world: World) -> None:
    task = stored(world, a_task(world))
    _, hold = claimed(world, task, 1)

    released = world.tasks.release(hold)

    assert released
    assert released.subtasks[0].status is SubtaskStatus.WAITING
    assert released.status is TaskStatus.IN_PROGRESS
    assert claimed(world, task, 1)[1].attempt == 2


def test_the_last_finish_completes_the_task(world: World) -> None:
    task = stored(world, a_task(world))

    first = finished(world, task, 1)
    last = finished(world, task, 2)

    assert (first.status, first.outcome) == (TaskStatus.IN_PROGRESS, None)
    assert (last.status, last.outcome) == (TaskStatus.COMPLETED, Outcome.SUCCEEDED)
    assert last.ended_at == world.now()
    assert last.subtasks[0].output == GOOD.output
    assert last.pending == frozenset()


@pytest.mark.parametrize(
    ("endings", "outcome"),
    [
        ((GOOD, GOOD), Outcome.SUCCEEDED),
        ((GOOD, BAD), Outcome.PARTIALLY_FAILED),
        ((BAD, GOOD), Outcome.PARTIALLY_FAILED),
        ((BAD, BAD), Outcome.FAILED),
    ],
)
@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_the_outcome_tells_how_all_ended_whoever_ends_first(
    world: World, endings: tuple[Ending, Ending], outcome: Outcome, order: tuple[int, int]
) -> None:
    task = stored(world, a_task(world))
    holds = {no: claimed(world, task, no) for no in (1, 2)}

    for no in order:
        seen, hold = holds[no]  # as the claim left it: what the other did since is unknown to the worker
        done = world.tasks.finish(seen, hold, endings[no - 1], world.now())

    assert done
    assert (done.status, done.outcome) == (TaskStatus.COMPLETED, outcome)


def test_a_finished_subtask_never_moves_again(world: World) -> None:
    task = stored(world, a_task(world))
    seen, hold = claimed(world, task, 1)
    done = world.tasks.finish(seen, hold, GOOD, world.now())
    world.time += LEASE + 1

    assert world.tasks.finish(seen, hold, BAD, world.now()) is None
    assert world.tasks.beat(hold, 1, "again") is None
    assert world.tasks.claim(SubtaskRef(task.id, 1, 1), world.now(), world.now() + LEASE, 9) is None
    assert done
    assert world.tasks.give_up(done, 1, BAD, world.now()) is None
    assert world.tasks.get(task.id) == done


def test_successors_become_ready_when_all_they_need_has_succeeded(world: World) -> None:
    task = stored(world, a_task(world, 3, needs={3: (1, 2)}))
    seen, first = claimed(world, task, 1)
    _, second = claimed(world, task, 2)

    one = world.tasks.finish(seen, first, GOOD, world.now())
    two = world.tasks.finish(seen, second, GOOD, world.now())

    assert one
    assert two
    assert one.unsent == frozenset()
    assert two.unsent == {3}


def test_a_failure_skips_all_that_hang_on_it(world: World) -> None:
    task = stored(world, a_task(world, 4, needs={2: (1,), 3: (2,)}))

    done = finished(world, task, 1, BAD)

    assert [s.failure.code if s.failure else None for s in done.subtasks] == [
        "SourceFileError.NotMedia",
        "Skipped.PredecessorFailed",
        "Skipped.PredecessorFailed",
        None,
    ]
    assert done.pending == {4}
    assert finished(world, task, 4).outcome is Outcome.PARTIALLY_FAILED


def test_what_nobody_holds_can_be_given_up(world: World) -> None:
    task = stored(world, a_task(world, 1))
    seen, _ = claimed(world, task, 1)

    assert world.tasks.give_up(seen, 1, BAD, world.now()) is None
    world.time += LEASE + 1
    done = world.tasks.give_up(seen, 1, BAD, world.now())

    assert done
    assert done.outcome is Outcome.FAILED


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
    assert world.tasks.claim(SubtaskRef(task.id, 1, 1), world.now(), world.now() + LEASE, 3) is None
    assert world.tasks.finish(seen, old, GOOD, world.now()) is None
    assert world.tasks.restart(done, world.now()) is None


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
    assert world.tasks.claim(SubtaskRef(task.id, 1, 1), world.now(), world.now() + LEASE, 3) is None
    assert world.tasks.end(task, world.now()) is None


def test_a_started_task_cannot_be_ended(world: World) -> None:
    task = stored(world, a_task(world))
    claimed(world, task, 1)

    assert world.tasks.end(task, world.now()) is None


def test_the_record_of_an_attempt_comes_back_whole(world: World) -> None:
    hold = Hold("0" * 26, 1, 2, attempt=3)
    record = AttemptRecord(
        started_at=1,
        ended_at=2,
        outputs=(
            OutputFile("output", "ü/😀.mp4", 10, "video/mp4", number=1, facts={"width": 1280, "frameRate": 23.976}),
        ),
        result={"score": 0.5},
        warnings=("no audio",),
        failure=Failure("A.B", "c"),
        commands=("ffmpeg -i x",),
        log_tail="…",
        seconds={"download": 0.25},
    )

    world.tasks.put_record(hold, record)

    assert world.tasks.get_record(hold.task_id, hold.record) == record
    assert world.tasks.get_records(hold.task_id, 1, 2) == [(3, record)]
    assert world.tasks.get_records(hold.task_id, 1, 1) == []


def test_an_earlier_run_stays_readable(world: World) -> None:
    done = finished(world, stored(world, a_task(world, 1)), 1, BAD)
    world.tasks.put_run(done)

    new = world.tasks.restart(done, world.now())

    assert new
    assert world.tasks.get_run(new, 1) == done
    assert world.tasks.get_run(new, 7) is None


def test_a_client_token_stands_for_its_first_task(world: World) -> None:
    assert world.tasks.claim_token("main", "abc", "FIRST") == "FIRST"
    assert world.tasks.claim_token("main", "abc", "SECOND") == "FIRST"
    assert world.tasks.claim_token("other", "abc", "SECOND") == "SECOND"


def test_the_sweeper_finds_unfinished_tasks_only(world: World) -> None:
    waiting, done = stored(world, a_task(world, name="a")), stored(world, a_task(world, 1, name="b"))
    finished(world, done, 1)

    assert world.lists.due(world.now() + 3_600_000, 10) == [waiting.id]
    assert world.lists.due(world.now(), 10) == []
    world.tasks.look_again(waiting, world.now() + 7_200_000)
    assert world.lists.due(world.now() + 3_600_000, 10) == []
