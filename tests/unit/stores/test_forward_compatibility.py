"""Items that a newer version stored: this version reads what it can, and leaves the rest unchanged.

Two versions run at once in each deployment and each rollback.
"""

import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from shared.domain.attempt_record import AttemptRecord, OutputFile
from shared.domain.orchestration import Orchestration, OrchestrationDocument, TemplateDocument
from shared.domain.subtask import Lease
from shared.domain.upload import Verdict
from shared.errors import NewerVersion, ServiceBusy
from shared.stores.decision_store import DecisionFilter
from shared.stores.task_queries import TaskFilter
from shared.use_cases.catalog import (
    ORCHESTRATION,
    TEMPLATE,
    get_document,
    list_documents,
    store_orchestration,
    store_template,
)
from shared.use_cases.sweeper import sweep
from shared.use_cases.tasks import read_task
from shared.use_cases.uploads import accept_upload
from shared.worker.run import run_subtask
from tests.support.attempts import COVER, NO_FILM, SECONDS, a_made_task, accepted, codes, sent
from tests.support.deployment import ClockedServices, client, put
from tests.support.factories import make_task, make_upload
from tests.support.transitions import BAD, finished, spoiled

MINE = {"name": "mine", "trigger": {"prefix": "mine/"}, "subtasks": [{**COVER, "needs": []}]}
FREE = frozenset({"params", "facts", "result", "seconds"})  # whose fields an operation or a person names
TABLES = ("TasksTable", "CatalogTable", "UploadsTable")


def rows(table: str) -> list[dict[str, Any]]:
    """Return the items of a table, as DynamoDB has them."""
    found: list[dict[str, Any]] = client("dynamodb").scan(TableName=table)["Items"]
    return found


def newer(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a document with one more field wherever it has fields, but for what people name themselves."""
    if isinstance(value, dict):
        own = {name: each if name in FREE else newer(each) for name, each in value.items()}
        return {**own, "newField": "of the next version"}
    return [newer(each) for each in value] if isinstance(value, list) else value


def newer_attribute(name: str, value: dict[str, Any]) -> dict[str, Any]:
    """Return an attribute of DynamoDB with one more field wherever it has fields."""
    field = {"S": "of the next version"}
    if name == "subtasks":
        return {"M": {no: {"M": {**newer_fields(one["M"]), "newField": field}} for no, one in value["M"].items()}}
    if "M" in value:
        return {"M": {**newer_fields(value["M"]), "newField": field}}
    if name == "record" and "B" in value:
        return {"B": zlib.compress(json.dumps(newer(json.loads(zlib.decompress(value["B"])))).encode())}
    if name in {"document", "history"}:
        return {"S": json.dumps(newer(json.loads(value["S"])))}
    return value


def newer_fields(item: dict[str, Any]) -> dict[str, Any]:
    return {name: newer_attribute(name, value) for name, value in item.items()}


def written_by_the_next_version(table: str) -> None:
    """Let the next version have written each item of a table: with one more field, at every level."""
    for item in rows(table):
        client("dynamodb").put_item(
            TableName=table, Item={**newer_fields(item), "newField": {"S": "of the next version"}}
        )


def a_failed_run(services: ClockedServices) -> Lease:
    """Make a task of an upload that has failed, and was restarted; return what its attempt held."""
    task = accepted(services)
    lease = Lease(task.id, 1, 1, attempt=1)
    output = OutputFile("output", "a/b.mp4", 7, "video/mp4", facts={"width": 64})
    record = AttemptRecord(started_at=1, ended_at=2, outputs=(output,), failure=BAD.failure, warnings=("w",))
    services.tasks.put_record(lease, record)
    for no in range(1, len(task.subtasks) + 1):
        task = finished(services, task, no, BAD)
    services.tasks.put_run(task)
    assert services.tasks.restart(task, services.now())
    return lease


def kinds(services: ClockedServices) -> dict[str, Callable[[], object]]:
    """Store one of each kind; return how each is read."""
    lease = a_failed_run(services)
    store_orchestration(services, "main", OrchestrationDocument.model_validate(MINE))
    store_template(services, "main", TemplateDocument(name="small", operation="SCREENSHOT", params={"width": 64}))
    told = make_upload("plain.mp4", version_id=None, at=services.now())
    services.decisions.identify(told, services.now())
    services.decisions.identify(
        make_upload("seen.mp4", version_id=None, sequencer="", at=services.now()), services.now()
    )
    services.budget.take_task(services.now(), 10, "a")
    task = services.tasks.get(lease.task_id)
    assert task
    return {
        "task": lambda: services.tasks.get(lease.task_id),
        "list of tasks": lambda: services.task_queries.page(TaskFilter(), 10).items,
        "earlier run": lambda: services.tasks.get_run(task, 1),
        "record": lambda: services.tasks.get_record(lease.task_id, lease.record),
        "records": lambda: services.tasks.get_records(lease.task_id, 1, 1),
        "orchestration": lambda: get_document(services, ORCHESTRATION, "main", "mine"),
        "orchestrations": lambda: list_documents(services, ORCHESTRATION, "main"),
        "version": lambda: services.catalog.get_version(Orchestration, "main", "mine", 1),
        "versions": lambda: services.catalog.list_versions(Orchestration, "main", "mine", 9, 9),
        "template": lambda: get_document(services, TEMPLATE, "main", "small"),
        "verdicts": lambda: services.decisions.page(DecisionFilter(), 10).items,
        "told of": lambda: services.decisions.identify(told, services.now()),
        "budget": lambda: services.budget.read_cost(services.now()),
    }


def test_what_the_next_version_writes_is_read_but_for_what_it_adds(services: ClockedServices) -> None:
    reads = kinds(services)
    before = {kind: read() for kind, read in reads.items()}
    assert all(before.values())

    for table in TABLES:
        written_by_the_next_version(table)

    assert {kind: read() for kind, read in reads.items()} == before
    known, _ = services.decisions.identify(make_upload("seen.mp4", version_id=None, at=services.now()), services.now())
    assert known.alias, "the event of what a listing showed is known by the same name"


def test_a_task_of_the_next_version_is_worked_on(services: ClockedServices) -> None:
    task = a_made_task(services, put("uploads/diary.mp4", NO_FILM), COVER)
    (ref,) = sent(services)
    written_by_the_next_version("TasksTable")

    assert run_subtask(services, ref, SECONDS) is None

    assert codes(read_task(services, "main", task.id)) == ["SourceFileError.NotMedia"]


def unreadable(services: ClockedServices, document: dict[str, Any], **change: object) -> None:
    """Store an orchestration, and let the next version have changed it so that this one can't read it."""
    store_orchestration(services, "main", OrchestrationDocument.model_validate(document))
    (item,) = [row for row in rows("CatalogTable") if row["pk"]["S"] == "main#CATALOG"]
    body = json.loads(item["document"]["S"])
    body["subtasks"][0]["type"] = "DREAM"
    body |= change
    client("dynamodb").put_item(TableName="CatalogTable", Item={**item, "document": {"S": json.dumps(body)}})


def test_an_orchestration_that_cannot_be_read_stops_no_upload_of_others(services: ClockedServices) -> None:
    unreadable(services, MINE)

    (decision,) = accept_upload(services, make_upload(at=services.now()))

    assert (decision.verdict, decision.orchestration) == (Verdict.MATCHED, "web-video")
    assert "mine" not in [one.name for one in list_documents(services, ORCHESTRATION, "main")]
    with pytest.raises(NewerVersion, match="a newer version of Reelmill stored version 1 of the orchestration mine"):
        get_document(services, ORCHESTRATION, "main", "mine")


def test_an_upload_for_an_unreadable_orchestration_is_reported_and_gets_its_task_once_it_can_be_read(
    services: ClockedServices,
) -> None:
    upload = make_upload(at=services.now())
    unreadable(services, {**MINE, "trigger": {"prefix": "uploads/"}})

    for _ in range(2):
        with pytest.raises(ServiceBusy, match="a newer version of Reelmill stored"):
            accept_upload(services, upload)
    told = services.decisions.page(DecisionFilter(), 10).items
    store_orchestration(
        services, "main", OrchestrationDocument.model_validate({**MINE, "trigger": {"prefix": "uploads/"}})
    )
    later = accept_upload(services, upload)

    assert {one.orchestration: one.verdict for one in told} == {
        "mine": Verdict.INVALID_ORCHESTRATION,
        "web-video": Verdict.MATCHED,
    }
    assert {one.orchestration: one.verdict for one in later} == {
        "mine": Verdict.MATCHED,
        "web-video": Verdict.DUPLICATE,
    }
    assert len(services.task_queries.page(TaskFilter(), 10).items) == 2


def test_the_preset_below_an_unreadable_orchestration_does_not_take_its_place(services: ClockedServices) -> None:
    unreadable(services, {**MINE, "name": "web-video"}, enabled=False)

    (decision,) = accept_upload(services, make_upload(at=services.now()))

    assert decision.verdict is Verdict.NO_MATCH
    assert "web-video" not in [one.name for one in list_documents(services, ORCHESTRATION, "main")]


def test_an_orchestration_whose_trigger_cannot_be_read_might_take_anything(services: ClockedServices) -> None:
    unreadable(services, MINE, trigger="at full moon")

    with pytest.raises(ServiceBusy):
        accept_upload(services, make_upload("elsewhere/a.mp4", at=services.now()))


def test_the_sweeper_goes_on_past_tasks_that_it_cannot_read(services: ClockedServices) -> None:
    bad = [make_task(1, name=f"bad{number}", at=services.now()) for number in range(30)]
    for task in bad:
        assert services.tasks.create(task)
        spoiled(services, task)
    services.time += 1000
    good = make_task(1, name="good", at=services.now())
    assert services.tasks.create(good)
    services.time += 10_000_000
    sent_at = []

    for minute in range(3):
        looks = iter(range(20, 0, -1))  # as many as there is time for
        sweep(services, lambda looks=looks: next(looks, 0))  # type: ignore[misc]
        sent_at += [minute for ref in sent(services) if ref.task_id == good.id]
        services.time += 60_000

    assert sent_at[:1] == [1]
    assert [services.task_queries.due_tasks(services.now() + 10**9)] != []


def test_the_error_names_a_task_that_cannot_be_read(services: ClockedServices) -> None:
    task = accepted(services)
    spoiled(services, task)

    with pytest.raises(NewerVersion, match=f"a newer version of Reelmill stored task {task.id}"):
        read_task(services, "main", task.id)


def test_a_verdict_that_cannot_be_read_is_left_out(services: ClockedServices) -> None:
    accepted(services)
    accepted(services, make_upload("uploads/other.mp4", at=services.now()))
    (row, _) = [row for row in rows("UploadsTable") if "verdict" in row]
    client("dynamodb").put_item(TableName="UploadsTable", Item={**row, "verdict": {"S": "DREAMED"}})

    (left,) = services.decisions.page(DecisionFilter(), 10).items

    assert left.upload.key != row["key"]["S"]
