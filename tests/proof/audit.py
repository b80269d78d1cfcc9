"""Check how a scenario ended: each task once, each file once, nothing left to do, and no change after that."""

from collections.abc import Iterator, Sequence
from itertools import product

from shared.domain.attempt_record import OutputFile
from shared.domain.subtask import SubtaskStatus
from shared.domain.task import Task, TaskStatus
from shared.domain.upload import Verdict
from shared.stores.decision_store import DecisionFilter
from shared.stores.task_queries import TaskFilter
from tests.proof.cloud import Cloud
from tests.proof.scenarios import Scenario, ends
from tests.support.attempts import tags
from tests.support.deployment import client, keys


def check(cloud: Cloud, scenario: Scenario, more_attempts: int = 0) -> None:
    """Check that a scenario has ended as it must, with nothing lost, nothing twice, and for good."""
    tasks = cloud.tasks()
    made = sorted((task.source.key, name_of(task), task.id) for task in tasks)
    assert [(key, name) for key, name, _ in made] == sorted(product(scenario.keys, scenario.orchestrations))
    for task in tasks:
        check_task(task, scenario, more_attempts)
    by_outcome = cloud.services.task_queries.page(TaskFilter(outcome=scenario.outcome), 100).items
    assert {task.id for task in by_outcome} == {task.id for task in tasks}
    if scenario.judged:
        decisions = cloud.services.decisions.page(DecisionFilter(verdict=Verdict.MATCHED), 100).items
        assert sorted((each.upload.key, each.orchestration, each.task_id) for each in decisions) == made
    check_files(cloud, tasks)
    files = keys()
    cloud.bring_again()
    cloud.sweep()
    assert cloud.tasks() == tasks
    assert keys() == files


def name_of(task: Task) -> str:
    """Return the name of a task's orchestration."""
    assert task.orchestration
    return task.orchestration.name


def check_task(task: Task, scenario: Scenario, more_attempts: int) -> None:
    """Check how a task stands."""
    assert (task.status, task.outcome, ends(task)) == (TaskStatus.COMPLETED, scenario.outcome, scenario.ends)
    assert (task.run, task.pending, task.unsent) == (scenario.run, frozenset(), frozenset())
    for subtask in task.subtasks:
        if subtask.status is SubtaskStatus.SUCCESSFUL:
            assert subtask.counted_attempts <= scenario.counted_attempts + more_attempts


def check_files(cloud: Cloud, tasks: Sequence[Task]) -> None:
    """Check that what a success of any run names is there for good, and that all other files are marked to go."""
    kept = [output.key for task in tasks for output in outputs(cloud, task)]
    assert len(kept) == len(set(kept))
    left = set(keys())
    assert left.issuperset(kept)
    marked = {key for key in left if tags(key)}
    assert marked == left - set(kept)


def outputs(cloud: Cloud, task: Task) -> Iterator[OutputFile]:
    """Yield the files of all runs of a task, by the records of the attempts that won."""
    runs = [cloud.services.tasks.get_run(task, number) for number in range(1, task.run)]
    made = (s for run in (*runs, task) if run for s in run.subtasks if s.status is SubtaskStatus.SUCCESSFUL)
    records = {subtask.record for subtask in made if not subtask.skipped}
    for key in sorted(filter(None, records)):
        item = client("dynamodb").get_item(TableName="TasksTable", Key={"pk": {"S": task.id}, "sk": {"S": key}})["Item"]
        assert "expires_at" not in item, f"{key} expires"
        record = cloud.services.tasks.get_record(task.id, key)
        assert record
        assert record.outputs
        assert all(output.size for output in record.outputs)
        yield from record.outputs
