"""The plans of tasks: written once, before the task, and read once per process."""

import json

import pytest

from shared.domain.task import Task
from shared.errors import NewerVersion, ServiceBusy
from shared.stores.task_codec import plan_json, state_map
from shared.stores.task_queries import TaskFilter
from shared.stores.task_store import TaskStore
from tests.support.deployment import ClockedServices, client
from tests.support.factories import make_subtask, make_task
from tests.support.next_version import rows
from tests.support.outages import calls, meanwhile, outage
from tests.support.transitions import finished, stored


def another_process(services: ClockedServices) -> TaskStore:
    """Return the store of a process that has read no plan yet."""
    return TaskStore(services.settings.tasks_table)


def with_plan_inside(services: ClockedServices, task: Task) -> None:
    """Store a task as the first version of Reelmill did: one item with both the plan and the state."""
    items = services.tasks.items
    subtasks = {
        str(subtask.no): {**plan_json(subtask), **state_map(subtask), "params": json.dumps(dict(subtask.params))}
        for subtask in task.subtasks
    }
    items(task.id).update(actions=[items.subtasks.set(subtasks), items.plan.remove()])


def test_a_process_reads_a_plan_once_however_often_the_task_changes(services: ClockedServices) -> None:
    task = stored(services, make_task(at=services.now()))
    other = another_process(services)

    with calls() as made:
        seen = [other.get(task.id) for _ in range(3)]

    assert seen == [task] * 3
    assert made == ["GetItem"] * 4


def test_a_transition_writes_no_plan_again(services: ClockedServices) -> None:
    large = make_subtask(1, params={"words": ["w" * 1000] * 50})
    task = stored(services, make_task([large], at=services.now()))

    finished(services, task, 1)

    items = {item["sk"]["S"]: item for item in client("dynamodb").scan(TableName="TasksTable")["Items"]}
    assert len(str(items["TASK"])) < 3000


def test_the_same_task_planned_in_another_way_keeps_its_first_plan(services: ClockedServices) -> None:
    """As when an event comes again after its template has changed."""
    task = stored(services, make_task(1, at=services.now()))

    assert not services.tasks.create(make_task([make_subtask(1, name="other"), make_subtask(2)], at=services.now()))

    assert another_process(services).get(task.id) == task


def test_a_task_is_only_created_after_its_plan(services: ClockedServices) -> None:
    task = make_task(at=services.now())

    with outage("PutItem"), pytest.raises(ServiceBusy):
        services.tasks.create(task)

    assert services.tasks.get(task.id) is None
    assert services.tasks.create(task)


def test_a_page_reads_the_plans_of_its_tasks_together(services: ClockedServices) -> None:
    tasks = [stored(services, make_task(name=f"clip{no}", at=services.now() + no)) for no in range(5)]
    other = ClockedServices(services.settings)

    with calls() as made:
        page = other.task_queries.page(TaskFilter(), 10)

    assert page.items == tuple(reversed(tasks))
    assert made.count("BatchGetItem") == 2


def test_a_page_shows_a_task_whose_new_plan_is_not_in_the_batch_yet(services: ClockedServices) -> None:
    """Batches are read eventually consistently, and a task and its plan need not appear together."""
    task = stored(services, make_task(at=services.now()))
    (plan,) = [item for item in rows("TasksTable") if item["sk"]["S"].startswith("PLAN#")]
    key = {name: plan[name] for name in ("pk", "sk")}
    dynamodb, other = client("dynamodb"), ClockedServices(services.settings)

    with (
        meanwhile("BatchGetItem", lambda: dynamodb.delete_item(TableName="TasksTable", Key=key), after=1),
        meanwhile("GetItem", lambda: dynamodb.put_item(TableName="TasksTable", Item=plan)),
    ):
        page = other.task_queries.page(TaskFilter(), 10)

    assert (page.items, page.unreadable) == ((task,), ())


def test_a_plan_of_a_newer_version_makes_its_task_unreadable(services: ClockedServices) -> None:
    task = stored(services, make_task(at=services.now()))
    (plan,) = [item for item in rows("TasksTable") if item["sk"]["S"].startswith("PLAN#")]
    client("dynamodb").put_item(TableName="TasksTable", Item={**plan, "schema_version": {"N": "2"}})

    with pytest.raises(NewerVersion, match=f"stored the plan of task {task.id}"):
        another_process(services).get(task.id)


def test_a_task_of_the_first_version_has_its_plan_in_its_own_item(services: ClockedServices) -> None:
    task = stored(services, make_task([make_subtask(1, template="hd"), make_subtask(2, needs=(1,))], at=services.now()))
    with_plan_inside(services, task)

    seen = another_process(services).get(task.id)
    done = finished(services, finished(services, task, 1), 2)
    services.tasks.put_run(done)
    again = services.tasks.restart(done, services.now())

    assert seen == task
    assert again
    assert again.subtasks == task.subtasks
    assert services.tasks.get_run(again, 1) == done
