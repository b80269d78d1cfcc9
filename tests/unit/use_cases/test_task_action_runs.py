"""Actions that name the run that is meant: repeated, they act once; on another run, they are refused."""

from collections.abc import Callable

import pytest

from shared.domain.task import STOP_FAILURES, Outcome, Task, TaskStatus
from shared.errors import Conflict, NotFound
from shared.use_cases.tasks import cancel_task, end_task, read_task, restart_task
from tests.support.attempts import (
    sent,
)
from tests.support.deployment import ClockedServices
from tests.support.factories import make_task
from tests.support.outages import meanwhile, outage
from tests.support.transitions import BAD, finished, task_that

CANCELED = STOP_FAILURES["cancel"]
OF_SMALL = {"name": "of-small", "type": "SCREENSHOT", "input": "small", "params": {"at": [0]}}


@pytest.mark.parametrize("only_failed", [False, True])
def test_a_repeated_restart_of_a_run_returns_what_the_first_began(
    services: ClockedServices, *, only_failed: bool
) -> None:
    task = make_task(1, at=services.now())
    services.tasks.create(task)
    finished(services, task, 1, BAD)

    first = restart_task(services, "main", task.id, 1, only_failed=only_failed)
    running = restart_task(services, "main", task.id, 1, only_failed=only_failed)
    finished(services, first, 1)
    done = restart_task(services, "main", task.id, 1, only_failed=only_failed)

    assert (first.run, running) == (2, first)
    assert (done.run, done.outcome) == (2, Outcome.SUCCEEDED), "run 2 is over, and no run 3 begins"
    assert restart_task(services, "main", task.id, 2).run == 3


def test_a_repeated_restart_sends_what_a_crash_left_unsent(services: ClockedServices) -> None:
    task = task_that(services, ended=True)
    with outage("SendMessageBatch"):
        restart_task(services, "main", task.id, 1)
    assert sent(services) == []

    restart_task(services, "main", task.id, 1)

    assert {(ref.task_id, ref.run) for ref in sent(services)} == {(task.id, 2)}


def test_a_restart_of_a_run_that_another_person_restarted_in_another_way_is_refused(services: ClockedServices) -> None:
    task = make_task(at=services.now())
    services.tasks.create(task)
    finished(services, task, 1)
    finished(services, task, 2, BAD)
    restart_task(services, "main", task.id, 1, only_failed=True)

    with pytest.raises(Conflict, match=r"run 1 of task .* is over, and run 2 has begun") as refused:
        restart_task(services, "main", task.id, 1)

    assert (refused.value.code, refused.value.details) == ("RunIsOver", {"newestRun": 2})
    assert read_task(services, "main", task.id).run == 2


def test_two_restarts_of_the_same_run_at_once_begin_one_run(services: ClockedServices) -> None:
    task = task_that(services, ended=True)
    others: list[Task] = []

    def restart() -> None:
        if not others:
            others.append(task)
            others.append(restart_task(services, "main", task.id, 1))

    with meanwhile("UpdateItem", restart):
        late = restart_task(services, "main", task.id, 1)

    assert late.run == others[1].run == 2


@pytest.mark.parametrize("move", [end_task, cancel_task])
def test_a_repeated_stop_of_a_run_returns_what_the_first_stopped(
    services: ClockedServices, move: Callable[[ClockedServices, str, str, int], Task]
) -> None:
    task = task_that(services)

    first = move(services, "main", task.id, 1)
    services.time += 1000

    assert move(services, "main", task.id, 1) == first
    restart_task(services, "main", task.id)
    with pytest.raises(Conflict) as refused:
        move(services, "main", task.id, 1)
    assert refused.value.code == "RunIsOver"
    assert read_task(services, "main", task.id).status is TaskStatus.WAITING


@pytest.mark.parametrize("move", [restart_task, end_task, cancel_task])
def test_a_run_that_does_not_exist_yet_is_not_found(
    services: ClockedServices, move: Callable[[ClockedServices, str, str, int], Task]
) -> None:
    task = task_that(services)

    with pytest.raises(NotFound, match=r"has no run 2; its newest run is 1"):
        move(services, "main", task.id, 2)


@pytest.mark.parametrize(("move", "other"), [(end_task, cancel_task), (cancel_task, end_task)])
def test_a_stop_of_another_kind_is_no_repetition(
    services: ClockedServices,
    move: Callable[[ClockedServices, str, str, int], Task],
    other: Callable[[ClockedServices, str, str, int], Task],
) -> None:
    task = task_that(services)
    other(services, "main", task.id, 1)

    with pytest.raises(Conflict, match="is COMPLETED; only a WAITING"):
        move(services, "main", task.id, 1)
