"""Items that a newer version stored: this version reads what it can, and leaves the rest unchanged.

Two versions run at once in each deployment and each rollback.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from shared.domain.attempt_record import AttemptRecord, OutputFile
from shared.domain.orchestration import Orchestration, OrchestrationDocument, TemplateDocument, UnreadableDocument
from shared.domain.subtask import Lease, SubtaskRef
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
    switch_orchestration,
)
from shared.use_cases.sweeper import sweep
from shared.use_cases.tasks import cancel_task, read_task, restart_task
from shared.use_cases.uploads import accept_upload
from shared.worker.run import run_subtask
from tests.support.attempts import COVER, NO_FILM, SECONDS, a_made_task, accepted, codes, sent
from tests.support.deployment import ClockedServices, client, put
from tests.support.factories import make_decision, make_task, make_upload
from tests.support.next_version import NEW_FIELD, NEW_VALUE, newer, rows, stamped, written_by_the_next_version
from tests.support.transitions import BAD, finished, spoiled

MINE = {"name": "mine", "trigger": {"prefix": "mine/"}, "subtasks": [{**COVER, "needs": []}]}
SAME_SHARD = ("a", "x")  # tokens whose compute time is counted in the same item
TABLES = ("TasksTable", "CatalogTable", "UploadsTable")


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
    services.budget.add_compute(services.now(), 1, SAME_SHARD[0])
    task = services.tasks.get(lease.task_id)
    assert task
    return {
        "task": lambda: services.tasks.get(lease.task_id),
        "list of tasks": lambda: services.task_queries.page(TaskFilter(), 10).items,
        "earlier run": lambda: services.tasks.get_run(task, 1),
        "record": lambda: services.tasks.get_record(lease.task_id, lease.record),
        "records": lambda: services.tasks.get_records(lease.task_id, 1, 1),
        "orchestration": lambda: get_document(services, ORCHESTRATION, "main", "mine"),
        "orchestrations": lambda: list_documents(services, ORCHESTRATION, "main").items,
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
    listed = list_documents(services, ORCHESTRATION, "main")
    assert "mine" not in [one.name for one in listed.items]
    assert listed.unreadable == ("mine",)
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
    assert "web-video" not in [one.name for one in list_documents(services, ORCHESTRATION, "main").items]


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


def test_a_verdict_that_cannot_be_read_is_named_by_its_key(services: ClockedServices) -> None:
    accepted(services)
    accepted(services, make_upload("uploads/other.mp4", at=services.now()))
    (row, _) = [row for row in rows("UploadsTable") if "verdict" in row]
    client("dynamodb").put_item(TableName="UploadsTable", Item={**row, "verdict": {"S": "DREAMED"}})

    page = services.decisions.page(DecisionFilter(), 10)

    (left,) = page.items
    assert left.upload.key != row["key"]["S"]
    assert page.unreadable == (row["key"]["S"],)
    assert services.decisions.page(DecisionFilter(verdict=Verdict.MATCHED), 10).unreadable == ()


def test_every_item_has_a_schema_version_and_one_that_is_too_high_is_not_read(services: ClockedServices) -> None:
    reads = kinds(services)
    assert {row["schema_version"]["N"] for table in TABLES for row in rows(table)} == {"1"}

    for table in TABLES:
        stamped(table, 2)

    lists = {"list of tasks", "orchestrations", "versions", "verdicts"}
    for kind in reads.keys() - lists:
        with pytest.raises(NewerVersion, match="a newer version of Reelmill stored"):
            reads[kind]()
    assert not reads["list of tasks"]()
    assert not reads["verdicts"]()
    templates = list_documents(services, TEMPLATE, "main")
    assert templates.unreadable == ("small",)
    assert [type(one) for one in services.catalog.list_versions(Orchestration, "main", "mine", 9, 9)] == [
        UnreadableDocument
    ]
    assert "mine" not in [one.name for one in list_documents(services, ORCHESTRATION, "main").items]


def test_what_has_a_higher_schema_version_is_left_unchanged(services: ClockedServices) -> None:
    kinds(services)
    task = accepted(services)
    refused = make_upload("elsewhere/notes.txt", at=services.now())
    accept_upload(services, refused)
    for table in TABLES:
        stamped(table, 2)
    before = {table: rows(table) for table in TABLES}

    attempts: list[Callable[[], object]] = [
        lambda: run_subtask(services, SubtaskRef(task.id, 1, 1), SECONDS),
        lambda: services.budget.take_task(services.now(), 10, "b"),
        lambda: cancel_task(services, "main", task.id),
        lambda: restart_task(services, "main", task.id),
        lambda: switch_orchestration(services, "main", "mine", enabled=False),
        lambda: services.decisions.put_if_absent(make_decision(refused), services.now()),
        lambda: services.decisions.identify(
            make_upload("plain.mp4", version_id=None, sequencer="0B", at=services.now()), services.now()
        ),
    ]
    for attempt in attempts:
        with pytest.raises(NewerVersion):
            attempt()
    services.budget.return_task(services.now(), "a")
    services.budget.add_compute(services.now(), 5, SAME_SHARD[1])

    assert {table: rows(table) for table in TABLES} == before


@pytest.mark.parametrize("only_failed", [True, False])
def test_a_restart_keeps_what_the_next_version_stored_with_a_task(
    services: ClockedServices, *, only_failed: bool
) -> None:
    task = accepted(services)
    written_by_the_next_version("TasksTable")
    task = finished(services, task, 1)
    for no in range(2, len(task.subtasks) + 1):
        task = finished(services, task, no, BAD)

    restart_task(services, "main", task.id, only_failed=only_failed)

    (row,) = [row for row in rows("TasksTable") if row["sk"]["S"] == "TASK"]
    kept = [row, row["source"]["M"], row["orchestration"]["M"], *(one["M"] for one in row["subtasks"]["M"].values())]
    assert [one[NEW_FIELD] for one in kept] == [{"S": NEW_VALUE}] * len(kept)


def test_an_orchestration_keeps_what_the_next_version_stored_with_it(services: ClockedServices) -> None:
    store_orchestration(services, "main", OrchestrationDocument.model_validate(MINE))
    written_by_the_next_version("CatalogTable")

    switch_orchestration(services, "main", "mine", enabled=False)

    written = [json.loads(row["document"]["S"]) for row in rows("CatalogTable")]
    latest = [document for document in written if document["version"] == 2]
    assert len(latest) == 2
    for document in latest:
        assert document["enabled"] is False
        assert document == newer({name: value for name, value in document.items() if name != NEW_FIELD})


def test_the_history_of_a_key_keeps_what_the_next_version_stored_with_it(services: ClockedServices) -> None:
    def write(sequencer: str, e_tag: str) -> None:
        upload = make_upload(
            "a.mp4", version_id=None, sequencer=sequencer, e_tag=e_tag, at=services.now() - (sequencer == "")
        )
        services.decisions.identify(upload, services.now())

    write("", "listed")
    write("0A", "notified")
    written_by_the_next_version("UploadsTable")

    write("", "listed later")

    (row,) = [row for row in rows("UploadsTable") if "history" in row]
    history = json.loads(row["history"]["S"])
    assert (row[NEW_FIELD], history[NEW_FIELD]) == ({"S": NEW_VALUE}, NEW_VALUE)
    assert history["notified"][NEW_FIELD] == NEW_VALUE
    assert [one.get(NEW_FIELD) for one in history["listed"]] == [NEW_VALUE, None]


@pytest.mark.parametrize("verdict", [Verdict.NO_MATCH, Verdict.SUPERSEDED])
def test_a_repeated_decision_keeps_what_the_next_version_stored_with_it(
    services: ClockedServices, verdict: Verdict
) -> None:
    accepted_by = "mine" if verdict is Verdict.SUPERSEDED else None
    decision = make_decision(make_upload(at=services.now()), verdict=verdict, orchestration=accepted_by)
    services.decisions.put_if_absent(decision, services.now())
    written_by_the_next_version("UploadsTable")

    again = services.decisions.put_if_absent(decision, services.now())

    (row,) = rows("UploadsTable")
    assert (again, row[NEW_FIELD]) == (decision, {"S": NEW_VALUE})


def test_an_upload_whose_task_only_a_newer_version_can_read_is_a_duplicate(services: ClockedServices) -> None:
    upload = make_upload(at=services.now())
    task = accepted(services, upload)
    spoiled(services, task)

    (decision,) = accept_upload(services, upload)

    assert (decision.verdict, decision.task_id) == (Verdict.DUPLICATE, task.id)


def test_an_attempt_that_cannot_read_what_it_depends_on_is_not_counted(services: ClockedServices) -> None:
    inspection = {"name": "look", "type": "INSPECT"}
    follower = {**COVER, "when": "look.score > 0"}
    task = a_made_task(services, put("uploads/diary.mp4", NO_FILM), inspection, follower)
    lease = Lease(task.id, 1, 1, attempt=1)
    services.tasks.put_record(lease, AttemptRecord(started_at=1, ended_at=2))
    finished(services, task, 1)
    records = services.tasks._attempts  # noqa: SLF001 - another version's record
    records(task.id, lease.record).update(actions=[records.schema_version.set(2)])

    again = run_subtask(services, SubtaskRef(task.id, 1, 2), SECONDS)

    (_, waiting) = read_task(services, "main", task.id).subtasks
    assert again
    assert (waiting.counted_attempts, waiting.wait and waiting.wait.detail.code) == (0, "InternalError.NewerVersion")
