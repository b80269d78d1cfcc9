"""The size of a task: two DynamoDB items hold it, its plan, and its state with everything that its runs add."""

from dataclasses import replace
from typing import Any

import pytest

from shared.domain.orchestration import OrchestrationDocument, TemplateDocument
from shared.domain.output_names import MAX_KEY_BYTES
from shared.domain.subtask import Failure, Lease, Subtask, SubtaskStatus
from shared.domain.task import MAX_SUBTASKS, OrchestrationRef, Outcome, Source, Task
from shared.domain.upload import Verdict
from shared.errors import RequestRejected
from shared.stores.task_codec import MAX_PLAN_BYTES, plan_size
from shared.stores.task_queries import TaskFilter
from shared.use_cases.catalog import store_orchestration, store_template, switch_orchestration
from shared.use_cases.tasks import NewTask, create_task
from shared.use_cases.uploads import accept_upload, predict_decision
from shared.worker.results import MAX_MESSAGE_CHARACTERS
from tests.support.deployment import ClockedServices, client, put
from tests.support.factories import make_task, make_upload
from tests.unit.use_cases.test_catalog import plan_rules

MANY = {"name": "many", "trigger": {"prefix": "uploads/"}}
RECOGNIZE = {"name": "long", "operation": "RECOGNIZE"}
ITEM_BYTES = 400 * 1024  # DynamoDB: the size of an item


def a_template(services: ClockedServices, *, words: int, character: str = "w") -> None:
    """Store a template that takes a hundred bytes and some for each word."""
    params = {"words": [f"{number:03}{character * 97}" for number in range(words)]}
    store_template(services, "main", TemplateDocument.model_validate({**RECOGNIZE, "params": params}))


def orchestration(subtasks: int = MAX_SUBTASKS) -> OrchestrationDocument:
    """Return one whose subtasks all name the template."""
    rules = [{"name": f"s{no}", "type": "RECOGNIZE", "template": "long"} for no in range(1, subtasks + 1)]
    return OrchestrationDocument.model_validate({**MANY, "subtasks": rules})


def test_an_orchestration_whose_task_is_too_large_for_one_item_is_not_stored(services: ClockedServices) -> None:
    a_template(services, words=200)

    with pytest.raises(RequestRejected) as refused:
        store_orchestration(services, "main", orchestration())

    assert refused.value.code == "TaskTooLarge"
    assert refused.value.message == (
        "the subtasks up to s8 take 161 KB with their templates, and the limit of a task is 160 KB: "
        "shorten the parameters, or divide the subtasks among several orchestrations or tasks"
    )
    assert store_orchestration(services, "main", orchestration(7)).version == 1


def test_its_size_is_measured_in_bytes_not_characters(services: ClockedServices) -> None:
    a_template(services, words=200, character="é")

    with pytest.raises(RequestRejected, match="the subtasks up to s5 take 195 KB"):
        store_orchestration(services, "main", orchestration())


def test_a_task_too_large_for_one_item_is_not_created(services: ClockedServices) -> None:
    source = put("uploads/clip.mp4", b"film")
    a_template(services, words=200)
    wanted = NewTask(source.bucket, source.key, subtasks=orchestration().subtasks)

    with pytest.raises(RequestRejected, match="take 161 KB"):
        create_task(services, "main", wanted, bytes)

    assert services.task_queries.page(TaskFilter(), 10).items == ()


def test_an_orchestration_that_a_template_made_too_large_takes_uploads_but_makes_no_task(
    services: ClockedServices,
) -> None:
    a_template(services, words=1)
    store_orchestration(services, "main", orchestration())
    a_template(services, words=200)
    switch_orchestration(services, "main", "web-video", enabled=False)

    (decision,) = accept_upload(services, make_upload(at=services.now()))

    assert (decision.verdict, decision.task_id) == (Verdict.INVALID_ORCHESTRATION, None)
    assert "take 161 KB" in decision.reason
    assert predict_decision(services, make_upload(at=services.now()))[1].verdict is Verdict.INVALID_ORCHESTRATION


def the_largest(services: ClockedServices) -> Task:
    """Return a task of as many and as long subtasks as there may be, with all that it and they may have by its end."""
    a_template(services, words=29)
    planned = plan_rules(services, orchestration().subtasks)
    left = MAX_PLAN_BYTES - sum(map(plan_size, planned))
    filled = replace(planned[0], params={**planned[0].params, "language": "x" * (left - 20)})
    assert MAX_PLAN_BYTES - 20 < sum(map(plan_size, (filled, *planned[1:]))) <= MAX_PLAN_BYTES
    return replace(
        make_task(at=services.now()),
        source=Source("i" * 63, "é" * (MAX_KEY_BYTES // 2), 2**50, "e" * 40, "v" * 1024),
        subtasks=tuple(ended(services, subtask) for subtask in (filled, *planned[1:])),
        output_prefix="😀" * 512,
        client_token="😀" * 64,
        session_context="😀" * 1000,
        orchestration=OrchestrationRef("o" * 63, 999_999),
        tenant="t" * 63,
        restarted_at=services.now(),
        started_at=services.now(),
        ended_at=services.now(),
        pending=frozenset(range(1, MAX_SUBTASKS + 1)),
        unsent=frozenset(range(1, MAX_SUBTASKS + 1)),
    )


def ended(services: ClockedServices, subtask: Subtask) -> Subtask:
    """Return a subtask that failed as expansively as one can."""
    lease = Lease("", 9999, subtask.no, attempt=99)
    return replace(
        subtask,
        status=SubtaskStatus.FAILED,
        attempt=99,
        counted_attempts=99,
        lease_until=services.now(),
        progress=100,
        phase="waiting for Amazon Rekognition",
        started_at=services.now(),
        ended_at=services.now(),
        failure=Failure("OperationError.ServiceFailed", "😀" * MAX_MESSAGE_CHARACTERS),
        record=lease.record,
        carried_from=9999,
    )


def weight(value: dict[str, Any]) -> int:
    """Return how many bytes DynamoDB counts of a value, at most: its developer guide, "item sizes and formats"."""
    ((kind, held),) = value.items()
    match kind:
        case "M":
            return 3 + sum(1 + len(name.encode()) + weight(inner) for name, inner in held.items())
        case "L":
            return 3 + sum(1 + weight(inner) for inner in held)
        case "NS":
            return sum(map(len, held))
        case "B":
            return len(held)
        case _:
            return len(held.encode())


def test_the_largest_task_has_room_for_all_that_its_runs_add(services: ClockedServices) -> None:
    task = the_largest(services)

    assert services.tasks.create(task)

    plan, state = client("dynamodb").scan(TableName=services.settings.tasks_table)["Items"]
    assert plan["sk"]["S"].startswith("PLAN#")
    assert 210 * 1024 < weight({"M": state}) < 240 * 1024 < ITEM_BYTES
    assert MAX_PLAN_BYTES < weight({"M": {**plan, "subtasks": {"B": bytes(MAX_PLAN_BYTES)}}}) < ITEM_BYTES
    services.tasks.put_run(replace(task, outcome=Outcome.FAILED))
