"""What the stores other than that of tasks must refuse, one function for each: without any of its guards, it fails."""

import copy
from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.domain.orchestration import Orchestration
from shared.domain.upload import Verdict
from shared.errors import Conflict, NewerVersion
from shared.stores.decision_store import DecisionFilter
from shared.stores.task_codec import TASK
from tests.proof.uploads import Stage
from tests.support.factories import make_decision, make_stored_orchestration, make_task, make_upload

Drive = Callable[[Stage], None]


def lose_next_answer(stage: Stage) -> None:
    """Let the answer to the next update be lost, so that its client sends it again."""
    answers = iter([True])
    stage.in_memory_tables.loses = lambda operation: operation == "UpdateItem" and next(answers, False)


def let_the_next_version_write(stage: Stage, table: str) -> None:
    """Give all items of a table a schema version that this version does not read."""
    for item in stage.in_memory_tables.tables[table].items.values():
        item["schema_version"] = {"N": "2"}


def budget(stage: Stage) -> None:
    """A day's tasks are counted up to the limit, each once, and subtracted once."""
    day, counts = stage.now(), stage.budget
    lose_next_answer(stage)
    assert counts.take_task(day, 2, "a")
    assert counts.take_task(day, 2, "b")
    assert not counts.take_task(day, 2, "c")
    assert counts.read_cost(day).tasks == 2
    lose_next_answer(stage)
    counts.return_task(day, "a")
    assert counts.read_cost(day).tasks == 1
    same_shard = "a", "x"
    counts.add_compute(day, 1, same_shard[0])
    let_the_next_version_write(stage, "TasksTable")
    before = list(stage.in_memory_tables.tables["TasksTable"].items.values())
    with pytest.raises(NewerVersion):
        counts.take_task(day, 2, "d")
    counts.return_task(day, "b")
    counts.confirm_task(day, "b")
    counts.add_compute(day, 1, same_shard[1])
    assert list(stage.in_memory_tables.tables["TasksTable"].items.values()) == before


def decisions(stage: Stage) -> None:
    """An upload keeps the first decision that made a task; only a refusal gives way."""
    now, upload = stage.now(), make_upload()
    refusal = make_decision(upload)
    match = make_decision(upload, verdict=Verdict.MATCHED, orchestration="one", task_id="1" * 26)
    invalid = make_decision(upload, verdict=Verdict.INVALID_ORCHESTRATION, orchestration="two")
    assert stage.decisions.put_if_absent(refusal, now) == refusal
    assert stage.decisions.put_if_absent(match, now) == match
    assert stage.decisions.put_if_absent(replace(match, task_id="2" * 26), now) == match
    assert stage.decisions.put_if_absent(refusal, now) == match
    assert stage.decisions.put_if_absent(invalid, now) == invalid
    planned = replace(invalid, verdict=Verdict.MATCHED, task_id="3" * 26)
    assert stage.decisions.put_if_absent(planned, now) == planned
    assert stage.decisions.put_if_absent(match, now) == match
    third = make_upload("third.mp4")
    stage.decisions.put_if_absent(replace(invalid, upload=third), now)
    stage.decisions.put_if_absent(replace(match, upload=third), now)
    assert len(stage.decisions.page(DecisionFilter(key=third.key), 10).items) == 2
    assert stage.decisions.put_if_absent(replace(invalid, orchestration="one"), now) == match
    other = make_decision(make_upload("other.mp4"))
    for again in (other, replace(invalid, upload=third)):
        stage.decisions.put_if_absent(again, now)
        stored = copy.deepcopy(stage.in_memory_tables.tables["UploadsTable"].items)
        stage.decisions.put_if_absent(again, now + 3_600_000)
        assert stage.in_memory_tables.tables["UploadsTable"].items == stored
    let_the_next_version_write(stage, "UploadsTable")
    with pytest.raises(NewerVersion):
        stage.decisions.put_if_absent(replace(other, reason="another one"), now)


def histories(stage: Stage) -> None:
    """Of two writes that are reported at once, neither is forgotten."""
    now = stage.now()
    early, late = (make_upload(version_id=None, sequencer=text) for text in ("0A", "0B"))
    serve, tables = stage.in_memory_tables.answer, stage.in_memory_tables
    rivals = iter([late])

    def judge_late(operation: str, request: dict[str, object]) -> dict[str, object]:
        if operation == "UpdateItem" and (rival := next(rivals, None)):
            stage.decisions.identify(rival, now)
        return serve(operation, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "answer", judge_late)
        assert stage.decisions.identify(early, now)[1]
    with pytest.MonkeyPatch.context() as patch:
        rivals = iter([make_upload(version_id=None, sequencer="0D")])
        patch.setattr(tables, "answer", judge_late)
        assert stage.decisions.identify(make_upload(version_id=None, sequencer="0C"), now)[1]


def catalog(stage: Stage) -> None:
    """A version is stored once, the newest one stays the newest, and what is gone can't be deleted."""
    first, second = (make_stored_orchestration("mine", version=number) for number in (1, 2))
    stage.catalog.put("main", second)
    stage.catalog.put("main", first)
    assert stage.catalog.get(Orchestration, "main", "mine") == second
    with pytest.raises(Conflict):
        stage.catalog.put("main", second)
    assert stage.catalog.delete(Orchestration, "main", "mine")
    assert not stage.catalog.delete(Orchestration, "main", "mine")


def checks(stage: Stage) -> None:
    """A task that has completed is not checked again."""
    task = make_task(1)
    assert stage.tasks.create(task)
    assert not stage.tasks.create(task)
    stage.tasks.delay_check(task.id, 5)
    assert list(stage.task_queries.due_tasks(5)) == [task.id]
    del stage.in_memory_tables.tables["TasksTable"].items[task.id.encode(), TASK.encode()][
        "due_at"
    ]  # as when it completes
    stage.tasks.delay_check(task.id, 5)
    assert list(stage.task_queries.due_tasks(5)) == []


STORES: tuple[Drive, ...] = (budget, decisions, histories, catalog, checks)
