"""The dead-letter queue: a message that every worker failed on ends its subtask, unless a worker has its lease."""

import pytest

from shared.domain.subtask import SubtaskRef, SubtaskStatus
from shared.domain.task import Outcome
from shared.errors import ServiceBusy
from shared.use_cases.sweeper import DAY_MS, fail_undeliverable
from shared.use_cases.tasks import read_task, restart_task
from shared.worker.run import run_subtask
from tests.support.attempts import codes, sent
from tests.support.deployment import ClockedServices
from tests.support.outages import meanwhile, outage
from tests.support.transitions import GOOD, LEASE, STORAGE, claimed, finished, queued, released


def test_a_subtask_whose_message_is_dead_is_failed_and_what_needs_it_is_skipped(services: ClockedServices) -> None:
    task = queued(services, subtasks=3, needs={2: (1,)})

    fail_undeliverable(services, SubtaskRef(task.id, 1, 1))

    half = read_task(services, "main", task.id)
    assert codes(half) == ["InternalError.Undeliverable", "Skipped.PredecessorFailed", None]
    assert half.subtasks[0].failure
    assert "find the cause in the log of RunSubtask" in half.subtasks[0].failure.message
    assert finished(services, task, 3).outcome is Outcome.PARTIALLY_FAILED
    assert run_subtask(services, SubtaskRef(task.id, 1, 1), 60) is None


def test_a_dead_message_whose_subtask_had_attempts_shows_how_the_last_one_ended(services: ClockedServices) -> None:
    task = queued(services, subtasks=1)
    released(services, claimed(services, task, 1)[1], uncounted=True)

    fail_undeliverable(services, SubtaskRef(task.id, 1, 1))

    done = read_task(services, "main", task.id)
    assert (done.outcome, done.subtasks[0].failure) == (Outcome.FAILED, STORAGE)


def test_a_subtask_that_is_being_worked_on_outlives_its_message(services: ClockedServices) -> None:
    task = queued(services, subtasks=1)
    seen, lease = claimed(services, task, 1)
    services.time += LEASE

    fail_undeliverable(services, SubtaskRef(task.id, 1, 1))

    assert read_task(services, "main", task.id) == seen
    assert services.tasks.finish(seen, lease, GOOD, services.now())


def test_a_subtask_whose_worker_is_dead_dies_with_its_message(services: ClockedServices) -> None:
    task = queued(services, subtasks=1)
    claimed(services, task, 1)
    services.time += LEASE + 1

    fail_undeliverable(services, SubtaskRef(task.id, 1, 1))

    assert codes(read_task(services, "main", task.id)) == ["InternalError.Undeliverable"]


def test_a_subtask_that_is_claimed_while_its_message_is_buried_lives(services: ClockedServices) -> None:
    task = queued(services, subtasks=1)

    with meanwhile("UpdateItem", lambda: claimed(services, task, 1)):
        fail_undeliverable(services, SubtaskRef(task.id, 1, 1))

    assert read_task(services, "main", task.id).subtasks[0].status is SubtaskStatus.IN_PROGRESS


def test_a_dead_message_of_what_has_ended_or_is_gone_changes_nothing(services: ClockedServices) -> None:
    task = queued(services)
    finished(services, task, 1)
    finished(services, task, 2)
    again = restart_task(services, "main", task.id)
    half = finished(services, again, 1)

    fail_undeliverable(services, SubtaskRef(task.id, 1, 2))  # of the run before
    fail_undeliverable(services, SubtaskRef(task.id, 2, 1))
    fail_undeliverable(services, SubtaskRef(task.id, 2, 3))
    fail_undeliverable(services, SubtaskRef("0" * 26, 1, 1))

    assert read_task(services, "main", task.id) == half


@pytest.mark.parametrize("run", [1, 2])
def test_a_dead_message_of_a_success_goes_round_again_for_its_files_may_not_be_kept_yet(
    services: ClockedServices, run: int
) -> None:
    task = queued(services)
    finished(services, task, 1)
    finished(services, task, 2)
    if run == 2:
        restart_task(services, "main", task.id)
        sent(services)

    fail_undeliverable(services, SubtaskRef(task.id, 1, 2))

    assert sent(services) == [SubtaskRef(task.id, 1, 2)]


def test_a_dead_message_of_a_success_stays_dead_after_a_day_so_that_its_alarm_rings(services: ClockedServices) -> None:
    task = queued(services, subtasks=1)
    finished(services, task, 1)
    services.time += DAY_MS + 1

    with pytest.raises(ServiceBusy, match="RunSubtask has failed for a day"):
        fail_undeliverable(services, SubtaskRef(task.id, 1, 1))

    assert sent(services) == []


def test_a_dead_message_that_cannot_be_buried_now_comes_again(services: ClockedServices) -> None:
    task = queued(services, subtasks=1)

    for call in ("GetItem", "UpdateItem"):
        with outage(call), pytest.raises(ServiceBusy):
            fail_undeliverable(services, SubtaskRef(task.id, 1, 1))

    fail_undeliverable(services, SubtaskRef(task.id, 1, 1))
    assert codes(read_task(services, "main", task.id)) == ["InternalError.Undeliverable"]
