"""Lists: every filter, newest first, page by page, with tokens that only fit their own list."""

import base64
from itertools import pairwise
from typing import Any

import pytest

from shared.domain.page import Page
from shared.domain.subtask import SubtaskRef
from shared.domain.task import Outcome, Task, TaskStatus
from shared.errors import RequestRejected
from shared.stores.task_queries import TaskFilter
from tests.support.deployment import BEGINNING, ClockedServices
from tests.support.factories import make_task
from tests.support.outages import calls, meanwhile
from tests.support.transitions import finished, spoiled


@pytest.fixture
def tasks(services: ClockedServices) -> list[Task]:
    """Seven tasks, a second apart, the newest first; every other one has started."""
    made = []
    for number in range(7):
        services.time += 1000
        task = make_task(1, name=f"clip{number}", at=services.now())
        services.tasks.create(task)
        if number % 2:
            services.tasks.claim(SubtaskRef(task.id, 1, 1), services.now(), services.now() + 1000, 3)
        made.append(task)
    return made[::-1]


def pages(services: ClockedServices, wanted: TaskFilter, limit: int) -> list[Page[Task]]:
    """Turn all pages of a list."""
    turned = [services.task_queries.page(wanted, limit)]
    while turned[-1].next_token:
        turned.append(services.task_queries.page(wanted, limit, turned[-1].next_token))
    return turned


def ids(turned: list[Page[Task]]) -> list[str]:
    """Return the IDs of all pages, as shown."""
    return [task.id for page in turned for task in page.items]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_show_every_task_once_newest_first(services: ClockedServices, tasks: list[Task], limit: int) -> None:
    turned = pages(services, TaskFilter(), limit)

    assert ids(turned) == [task.id for task in tasks]
    assert all(len(page.items) == limit for page in turned[:-1])


def test_each_filter_takes_what_it_names(services: ClockedServices, tasks: list[Task]) -> None:
    waiting = [task.id for task in tasks[::2]]

    assert ids(pages(services, TaskFilter(status=TaskStatus.WAITING), 2)) == waiting
    assert ids(pages(services, TaskFilter(source_key="uploads/clip3.mp4"), 2)) == [tasks[3].id]
    assert len(ids(pages(services, TaskFilter(orchestration="web-video"), 2))) == 7
    assert ids(pages(services, TaskFilter(orchestration="other"), 2)) == []
    assert ids(pages(services, TaskFilter(id_prefix=tasks[2].id), 2)) == [tasks[2].id]
    assert ids(pages(services, TaskFilter(id_prefix=tasks[2].id[:13]), 2)) == [tasks[2].id]
    assert len(ids(pages(services, TaskFilter(id_prefix=tasks[2].id[:5]), 2))) == 7
    assert ids(pages(services, TaskFilter(tenant="other"), 2)) == []


def test_filters_combine(services: ClockedServices, tasks: list[Task]) -> None:
    wanted = TaskFilter(status=TaskStatus.WAITING, orchestration="web-video", created_after=tasks[3].created_at)

    assert ids(pages(services, wanted, 1)) == [tasks[0].id, tasks[2].id]


def test_times_bound_the_list_on_both_sides(services: ClockedServices, tasks: list[Task]) -> None:
    wanted = TaskFilter(created_after=tasks[4].created_at, created_before=tasks[1].created_at)

    assert ids(pages(services, wanted, 2)) == [task.id for task in tasks[1:5]]


@pytest.mark.parametrize(
    "wanted",
    [
        TaskFilter(created_after=BEGINNING + 5000, created_before=BEGINNING + 4000),
        TaskFilter(created_after=BEGINNING + 10**9),
        TaskFilter(created_before=BEGINNING - 1),
        TaskFilter(created_before=-1),
        TaskFilter(id_prefix="ZZZ"),
        TaskFilter(source_key="x" * 2000),
    ],
)
def test_a_filter_that_nothing_passes_gives_an_empty_list(
    services: ClockedServices, tasks: list[Task], wanted: TaskFilter
) -> None:
    assert tasks

    assert services.task_queries.page(wanted, 2) == Page((), None)


@pytest.mark.parametrize("status", list(TaskStatus))
def test_a_restarted_or_canceled_task_is_listed_where_it_stands(
    services: ClockedServices, tasks: list[Task], status: TaskStatus
) -> None:
    canceled = services.tasks.cancel(tasks[1], services.now())
    assert canceled
    restarted = services.tasks.restart(canceled, services.now(), only_failed=True)
    assert restarted
    services.tasks.cancel(tasks[0], services.now())

    listed = ids(pages(services, TaskFilter(status=status), 3))

    assert (
        listed
        == {
            TaskStatus.WAITING: [tasks[1].id, tasks[2].id, tasks[4].id, tasks[6].id],
            TaskStatus.IN_PROGRESS: [tasks[3].id, tasks[5].id],
            TaskStatus.COMPLETED: [tasks[0].id],
        }[status]
    )


def test_a_page_stops_reading_when_a_second_filter_leaves_too_little_and_the_next_goes_on(
    services: ClockedServices, tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.stores.task_queries.READ_PER_PAGE", 2)
    for task in tasks[1::2]:
        services.tasks.cancel(task, services.now())
    wanted = TaskFilter(orchestration="web-video", status=TaskStatus.COMPLETED)

    turned = pages(services, wanted, 2)

    assert len(turned[0].items) == 1
    assert ids(turned) == [task.id for task in tasks[1::2]]


def test_what_a_second_filter_leaves_is_read_many_at_a_time(services: ClockedServices) -> None:
    for number in range(60):
        services.tasks.create(make_task(1, name=f"clip{number}", at=services.now()))

    with calls() as made:
        page = services.task_queries.page(TaskFilter(orchestration="web-video", status=TaskStatus.COMPLETED), 1)

    assert page == Page((), None)
    assert made.count("BatchGetItem") == 7  # of 1, 1, 2, 4, 8, 16 and the rest
    assert made.count("Query") == 4


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_of_what_was_read_beyond_the_limit_nothing_is_shown_twice_or_lost(
    services: ClockedServices, tasks: list[Task], limit: int
) -> None:
    for task in tasks[1:]:
        services.tasks.cancel(task, services.now())

    turned = pages(services, TaskFilter(orchestration="web-video", status=TaskStatus.COMPLETED), limit)

    assert ids(turned) == [task.id for task in tasks[1:]]
    assert all(len(page.items) == limit for page in turned[:-1])


def test_unfinished_tasks_of_an_orchestration_cost_the_same_for_any_length_of_its_history(
    services: ClockedServices, tasks: list[Task]
) -> None:
    wanted = TaskFilter(orchestration="web-video", status=TaskStatus.WAITING)

    def cost() -> list[str]:
        with calls() as made:
            assert ids([services.task_queries.page(wanted, 4)]) == [task.id for task in tasks[::2]]
        return made

    few = cost()
    for number in range(20):
        services.time += 1000
        task = make_task(1, name=f"old{number}", at=services.now())
        services.tasks.create(task)
        services.tasks.end(task, services.now())

    assert cost() == few == ["Query"] * 4 + ["BatchGetItem"]


def test_a_task_that_moves_from_one_list_to_another_meanwhile_is_shown_once(services: ClockedServices) -> None:
    task = make_task(1, at=services.now())
    services.tasks.create(task)
    succeeded = finished(services, task, 1)

    def stop_the_next_run() -> None:
        restarted = services.tasks.restart(succeeded, services.now())
        assert restarted
        assert services.tasks.end(restarted, services.now())

    with meanwhile("Query", stop_the_next_run, after=4):  # the lists of SUCCEEDED have been read, that of ENDED not
        page = services.task_queries.page(TaskFilter(status=TaskStatus.COMPLETED), 5)

    assert ids([page]) == [task.id]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_a_task_that_this_version_cannot_read_is_named_on_its_page_and_spoils_none(
    services: ClockedServices, tasks: list[Task], limit: int, caplog: pytest.LogCaptureFixture
) -> None:
    unreadable = [tasks[1], tasks[2], tasks[6]]
    for task in unreadable:
        spoiled(services, task)

    turned = pages(services, TaskFilter(), limit)

    assert ids(turned) == [task.id for task in tasks if task not in unreadable]
    assert [identifier for page in turned for identifier in page.unreadable] == [task.id for task in unreadable]
    for page, after in pairwise(turned):
        assert min([*ids([page]), *page.unreadable]) > max([*ids([after]), *after.unreadable])
    assert {record.what for record in caplog.records} == {f"task {task.id}" for task in unreadable}  # type: ignore[attr-defined]


def test_a_task_that_this_version_cannot_read_is_named_only_where_it_matches(
    services: ClockedServices, tasks: list[Task]
) -> None:
    waiting, running = tasks[2], tasks[3]
    for task in (waiting, running):
        spoiled(services, task)

    def named(**wanted: Any) -> list[str]:  # noqa: ANN401 - a filter
        page = services.task_queries.page(TaskFilter(**wanted), 100)
        return list(page.unreadable)

    assert named(orchestration="web-video") == [waiting.id, running.id]
    assert named(orchestration="web-video", status=TaskStatus.WAITING) == [waiting.id]
    assert named(status=TaskStatus.COMPLETED) == []
    assert named(orchestration="web-video", outcome=Outcome.FAILED) == []
    assert named(source_key=waiting.source.key) == [waiting.id]
    assert named(source_key=waiting.source.key, status=TaskStatus.IN_PROGRESS) == []
    assert named(source_key=waiting.source.key, orchestration="web") == []
    assert named(source_key=running.source.key, status=TaskStatus.IN_PROGRESS) == [running.id]
    assert named(id_prefix=running.id) == [running.id]
    assert named(tenant="other") == []


def test_due_tasks_come_in_the_order_of_their_times_and_only_as_they_are_asked_for(
    services: ClockedServices, tasks: list[Task]
) -> None:
    for number, task in enumerate(tasks):
        services.tasks.schedule_check(task, services.now() + number)

    with calls() as made:
        due = services.task_queries.due_tasks(services.now() + 4)
        assert made == []
        found = list(due)

    assert found == [task.id for task in tasks[:5]]
    assert set(made) == {"Query"}


def test_completed_tasks_are_found_by_outcome(services: ClockedServices, tasks: list[Task]) -> None:
    services.tasks.end(tasks[0], services.now())

    assert ids(pages(services, TaskFilter(outcome=Outcome.ENDED), 2)) == [tasks[0].id]
    assert ids(pages(services, TaskFilter(status=TaskStatus.COMPLETED), 2)) == [tasks[0].id]
    assert ids(pages(services, TaskFilter(outcome=Outcome.FAILED), 2)) == []


def test_no_task_is_skipped_when_others_leave_the_list_meanwhile(services: ClockedServices, tasks: list[Task]) -> None:
    first = services.task_queries.page(TaskFilter(status=TaskStatus.WAITING), 2)
    for task in first.items:
        services.tasks.end(task, services.now())

    second = services.task_queries.page(TaskFilter(status=TaskStatus.WAITING), 2, first.next_token)

    assert [task.id for task in second.items] == [tasks[4].id, tasks[6].id]


@pytest.mark.parametrize("spoil", ["", "x", "%%%", "bnVsbA", base64.b64encode(b'["0", 1]').decode(), "W10"])
def test_a_wrong_token_is_refused(services: ClockedServices, tasks: list[Task], spoil: str) -> None:
    assert tasks

    with pytest.raises(RequestRejected, match="nextToken"):
        services.task_queries.page(TaskFilter(), 2, spoil)


def test_a_token_fits_no_other_list(services: ClockedServices, tasks: list[Task]) -> None:
    assert tasks
    token = services.task_queries.page(TaskFilter(), 2).next_token

    with pytest.raises(RequestRejected, match="nextToken"):
        services.task_queries.page(TaskFilter(status=TaskStatus.WAITING), 2, token)
