"""One action on many tasks: each task has its result, and one failure does not delay the others."""

from typing import Any

import pytest

from shared.domain.page import Page
from shared.domain.subtask import SubtaskRef, SubtaskStatus
from shared.domain.task import Outcome, Task, TaskStatus
from shared.errors import Conflict, NotFound, RequestRejected, ServiceBusy
from shared.stores.task_queries import TaskFilter
from shared.use_cases import bulk
from shared.use_cases.bulk import USE_CASES, ActionResult, BulkAction
from shared.use_cases.tasks import end_task
from tests.support.attempts import sent
from tests.support.deployment import ClockedServices
from tests.support.factories import make_task
from tests.support.outages import meanwhile, outage
from tests.support.transitions import BAD, finished, spoiled

WAITING, ENDED = TaskStatus.WAITING, Outcome.ENDED


def several(services: ClockedServices, number: int = 3, **changes: Any) -> list[Task]:  # noqa: ANN401
    """Return so many waiting tasks, the newest first."""
    made = []
    for each in range(number):
        services.time += 1
        made.append(make_task(name=f"{each}", at=services.now(), **changes))
        assert services.tasks.create(made[-1])
    return made[::-1]


def act_on_tasks(
    services: ClockedServices, tenant: str, action: BulkAction, identifiers: list[str]
) -> tuple[ActionResult, ...]:
    """Act with time for all: it stands still in these tests."""
    return bulk.act_on_tasks(services, tenant, action, dict.fromkeys(identifiers), services.now() + 1)


def act_on_page(
    services: ClockedServices, action: BulkAction, wanted: TaskFilter, limit: int, token: str | None
) -> Page[ActionResult]:
    return bulk.act_on_page(services, action, wanted, limit, token, services.now() + 1)


def ended(services: ClockedServices, task: Task) -> str:
    return end_task(services, "main", task.id).id


def codes(results: tuple[ActionResult, ...]) -> list[str | None]:
    return [result.error.code if result.error else None for result in results]


def test_each_action_has_its_move() -> None:
    assert set(USE_CASES) == set(BulkAction)


@pytest.mark.parametrize("action", [BulkAction.END, BulkAction.CANCEL])
def test_every_task_that_was_named_is_stopped(services: ClockedServices, action: BulkAction) -> None:
    tasks = several(services)

    results = act_on_tasks(services, "main", action, [task.id for task in tasks])

    assert [result.task_id for result in results] == [task.id for task in tasks]
    assert [result.task for result in results] == [services.tasks.get(task.id) for task in tasks]
    assert {result.task.outcome for result in results if result.task} == {ENDED}


def test_every_task_that_was_named_is_restarted(services: ClockedServices) -> None:
    identifiers = [ended(services, task) for task in several(services)]

    results = act_on_tasks(services, "main", BulkAction.RESTART, identifiers)

    assert {(result.task.run, result.task.status) for result in results if result.task} == {(2, WAITING)}
    assert {(ref.task_id, ref.run) for ref in sent(services)} == {(identifier, 2) for identifier in identifiers}


def test_only_what_failed_is_restarted_if_that_is_asked_for(services: ClockedServices) -> None:
    (task,) = several(services, 1)
    finished(services, task, 1)
    finished(services, task, 2, BAD)

    (result,) = act_on_tasks(services, "main", BulkAction.RESTART_FAILED, [task.id])

    assert result.task
    assert [s.status for s in result.task.subtasks] == [SubtaskStatus.SUCCESSFUL, SubtaskStatus.WAITING]
    assert sent(services) == [SubtaskRef(task.id, 2, 2)]


def test_a_task_that_cannot_be_ended_gives_the_reason_and_the_others_are_ended(services: ClockedServices) -> None:
    first, gone, last = several(services)
    ended(services, gone)

    results = act_on_tasks(services, "main", BulkAction.END, [first.id, gone.id, "nope", "0" * 26, last.id])

    assert codes(results) == [None, "InvalidTaskStatus", "TaskNotFound", "TaskNotFound", None]
    assert isinstance(results[1].error, Conflict)
    assert isinstance(results[2].error, NotFound)
    assert [result.task is None for result in results] == [False, True, True, True, False]


def test_a_task_that_is_named_twice_is_moved_once(services: ClockedServices) -> None:
    (task,) = several(services, 1)

    results = act_on_tasks(services, "main", BulkAction.END, [task.id, task.id, "nope", "nope"])

    assert [(result.task_id, code) for result, code in zip(results, codes(results), strict=True)] == [
        (task.id, None),
        ("nope", "TaskNotFound"),
    ]


def test_a_table_that_does_not_answer_for_one_task_does_not_delay_the_others(services: ClockedServices) -> None:
    tasks = several(services)

    with outage("UpdateItem", after=1):
        results = act_on_tasks(services, "main", BulkAction.END, [task.id for task in tasks])

    assert codes(results) == [None, "ServiceBusy", None]
    assert isinstance(results[1].error, ServiceBusy)
    assert act_on_tasks(services, "main", BulkAction.END, [tasks[1].id])[0].error is None


def test_a_task_of_a_newer_version_does_not_delay_the_others(services: ClockedServices) -> None:
    tasks = several(services)
    spoiled(services, tasks[1])

    results = act_on_tasks(services, "main", BulkAction.END, [task.id for task in tasks])

    assert codes(results) == [None, "NewerVersion", None]


def test_a_task_of_a_newer_version_that_passes_a_filter_is_reported_and_left_as_it_is(
    services: ClockedServices,
) -> None:
    tasks = several(services)
    spoiled(services, tasks[1])
    wanted = TaskFilter(status=WAITING)

    first = act_on_page(services, BulkAction.END, wanted, 1, None)
    rest = act_on_page(services, BulkAction.END, wanted, 10, first.next_token)

    results = (*first.items, *rest.items)
    assert [result.task_id for result in results] == [task.id for task in tasks]
    assert codes(results) == [None, "NewerVersion", None]
    assert rest.next_token is None


def test_a_fault_of_ours_with_one_task_does_not_delay_the_others(
    services: ClockedServices, caplog: pytest.LogCaptureFixture
) -> None:
    tasks = several(services)

    with outage("UpdateItem", after=1, error=KeyError("a fault of ours")):
        results = act_on_tasks(services, "main", BulkAction.END, [task.id for task in tasks])

    assert codes(results) == [None, "InternalError", None]
    (told,) = [record for record in caplog.records if record.msg == "action on task failed"]
    assert told.__dict__["task_id"] == tasks[1].id


def test_tasks_whose_turn_comes_too_late_are_reported_and_left_as_they_are(services: ClockedServices) -> None:
    first, second, third = several(services)

    def take_long() -> None:
        services.time += 1000

    with meanwhile("UpdateItem", take_long, after=1):
        results = bulk.act_on_tasks(
            services, "main", BulkAction.END, dict.fromkeys((first.id, second.id, third.id)), services.now() + 1000
        )

    assert [result.task_id for result in results] == [first.id, second.id, third.id]
    assert codes(results) == [None, None, "ServiceBusy"]
    assert services.tasks.get(third.id) == third


def test_a_page_that_takes_too_long_ends_where_it_is_and_its_token_goes_on(services: ClockedServices) -> None:
    tasks = several(services)
    wanted = TaskFilter(status=WAITING)

    pages, token = [], None
    for _ in tasks:
        pages.append(bulk.act_on_page(services, BulkAction.END, wanted, 10, token, services.now()))
        token = pages[-1].next_token

    assert [[result.task_id for result in page.items] for page in pages] == [[task.id] for task in tasks]
    assert token is None
    assert services.task_queries.page(wanted, 10).items == ()


def test_a_task_of_another_tenant_is_not_found(services: ClockedServices) -> None:
    (task,) = several(services, 1)

    assert codes(act_on_tasks(services, "other", BulkAction.END, [task.id])) == ["TaskNotFound"]
    assert services.tasks.get(task.id) == task


def test_an_action_without_tasks_does_nothing(services: ClockedServices) -> None:
    assert act_on_tasks(services, "main", BulkAction.END, []) == ()
    page = act_on_page(services, BulkAction.END, TaskFilter(), 10, None)
    assert (page.items, page.next_token) == ((), None)


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_all_that_pass_a_filter_are_moved_page_after_page_though_that_takes_them_out_of_it(
    services: ClockedServices, limit: int
) -> None:
    waiting = several(services, 5)
    over = several(services, 2, subtasks=1)
    for task in over:
        ended(services, task)
    wanted = TaskFilter(status=WAITING)

    pages = [act_on_page(services, BulkAction.END, wanted, limit, None)]
    while pages[-1].next_token:
        pages.append(act_on_page(services, BulkAction.END, wanted, limit, pages[-1].next_token))

    assert [result.task_id for page in pages for result in page.items] == [task.id for task in waiting]
    assert all(len(page.items) <= limit for page in pages)
    assert services.task_queries.page(wanted, 10).items == ()
    assert len(services.task_queries.page(TaskFilter(outcome=ENDED), 10).items) == 7


def test_what_is_restarted_by_a_filter_is_not_restarted_again_by_the_next_page(services: ClockedServices) -> None:
    for task in several(services, 4):
        ended(services, task)
    wanted = TaskFilter(status=TaskStatus.COMPLETED)

    first = act_on_page(services, BulkAction.RESTART, wanted, 2, None)
    rest = act_on_page(services, BulkAction.RESTART, wanted, 2, first.next_token)

    assert codes((*first.items, *rest.items)) == [None] * 4
    assert {result.task.run for result in (*first.items, *rest.items) if result.task} == {2}
    assert rest.next_token is None


def test_a_task_that_changed_between_the_list_and_its_turn_is_reported(services: ClockedServices) -> None:
    first, second = several(services, 2)

    with meanwhile("UpdateItem", lambda: end_task(services, "main", second.id)):
        page = act_on_page(services, BulkAction.END, TaskFilter(status=WAITING), 10, None)

    assert [result.task_id for result in page.items] == [first.id, second.id]
    assert codes(page.items) == [None, "InvalidTaskStatus"]


def test_a_token_of_another_filter_is_refused_and_nothing_is_done(services: ClockedServices) -> None:
    several(services)
    token = services.task_queries.page(TaskFilter(), 1).next_token

    with pytest.raises(RequestRejected, match="nextToken"):
        act_on_page(services, BulkAction.END, TaskFilter(status=WAITING), 10, token)

    assert len(services.task_queries.page(TaskFilter(status=WAITING), 10).items) == 3
