"""Requests become tasks, each once, also when a step fails."""

import os
from dataclasses import replace
from typing import Any

import pytest

from shared.domain.ids import id_time
from shared.domain.orchestration import SubtaskDocument
from shared.domain.subtask import SubtaskRef
from shared.domain.task import Lane, OrchestrationRef, Source, Task
from shared.errors import Conflict, NotFound, RequestRejected, ServiceBusy
from shared.stores.task_queries import TaskFilter
from shared.use_cases.catalog import ORCHESTRATION, delete_document, store_orchestration
from shared.use_cases.tasks import NewTask, create_task, request_hash
from tests.support.attempts import sent
from tests.support.deployment import ClockedServices, client, put
from tests.support.factories import make_triggered_orchestration
from tests.support.outages import outage

SAME = "abc"
SHOT = SubtaskDocument.model_validate({"name": "cover", "type": "SCREENSHOT"})
ANOTHER = SubtaskDocument.model_validate({"name": "other", "type": "SCREENSHOT"})


def asked(services: ClockedServices, wanted: NewTask) -> tuple[Task, bool]:
    return create_task(services, "main", wanted, os.urandom)


def wanted(source: Source, **fields: Any) -> NewTask:  # noqa: ANN401
    return NewTask(source.bucket, source.key, subtasks=fields.pop("subtasks", (SHOT,)), **fields)


def test_a_request_makes_the_task_that_it_describes(services: ClockedServices) -> None:
    source = put("films/clip.mp4", b"x" * 7)

    task, made = asked(services, wanted(source, priority=-3, session_context="{…}", client_token=SAME))

    assert made
    assert services.tasks.get(task.id) == task
    assert (task.source, task.orchestration) == (source, None)
    assert (task.priority, task.session_context, task.client_token) == (-3, "{…}", "abc")
    assert sent(services) == [SubtaskRef(task.id, 1, 1)]


def test_a_request_may_name_an_orchestration_also_a_disabled_one(services: ClockedServices) -> None:
    store_orchestration(
        services, "main", make_triggered_orchestration("covers", enabled=False, output={"prefix": "c/"})
    )

    task, _ = asked(services, wanted(put("films/clip.mp4", b"x"), subtasks=(), orchestration="covers"))

    assert (task.orchestration, task.output_prefix) == (OrchestrationRef("covers", 1), "c/")
    assert [s.name for s in task.subtasks] == ["cover"]


@pytest.mark.parametrize(
    ("asked_for", "given", "lane"),
    [
        (None, -4, Lane.BACKGROUND),
        (0, 0, Lane.STANDARD),
        (9, 9, Lane.URGENT),
    ],
)
def test_a_request_may_overrule_the_priority_of_its_orchestration(
    services: ClockedServices, asked_for: int | None, given: int, lane: Lane
) -> None:
    store_orchestration(services, "main", make_triggered_orchestration("covers", priority=-4))
    source = put("films/clip.mp4", b"x")

    task, _ = asked(services, wanted(source, subtasks=(), orchestration="covers", priority=asked_for))

    assert task.priority == given
    assert {each: services.queues.count_messages(each) for each in Lane} == {each: int(each is lane) for each in Lane}


def test_a_request_without_an_orchestration_or_a_priority_is_a_standard_one(services: ClockedServices) -> None:
    task, _ = asked(services, wanted(put("films/clip.mp4", b"x")))

    assert (task.priority, services.queues.count_messages(Lane.STANDARD)) == (0, 1)


def test_two_requests_make_two_tasks_and_two_with_one_token_make_one(services: ClockedServices) -> None:
    source = put("films/clip.mp4", b"x")

    free = {asked(services, wanted(source))[0].id for _ in range(2)}
    first, _ = asked(services, wanted(source, client_token=SAME))
    again, made = asked(services, wanted(source, client_token=SAME))

    assert len(free) == 2
    assert (again, made) == (first, False)


def test_a_token_gives_its_task_also_when_its_orchestration_and_source_are_gone(services: ClockedServices) -> None:
    source = put("films/clip.mp4", b"x")
    store_orchestration(services, "main", make_triggered_orchestration("covers"))
    request = wanted(source, client_token=SAME, subtasks=(), orchestration="covers")
    first, _ = asked(services, request)
    client("s3").delete_object(Bucket="input", Key=source.key, VersionId=source.version_id)
    delete_document(services, ORCHESTRATION, "main", "covers")

    again, made = asked(services, request)

    assert (again.id, made) == (first.id, False)


@pytest.mark.parametrize(
    "change", [{"key": "films/other.mp4"}, {"subtasks": (ANOTHER,)}, {"priority": 0}, {"session_context": "{}"}]
)
def test_a_token_of_another_request_is_refused(services: ClockedServices, change: dict[str, Any]) -> None:
    request = wanted(put("films/clip.mp4", b"x"), client_token=SAME)
    put("films/other.mp4", b"y")
    first, _ = asked(services, request)

    with pytest.raises(Conflict, match=f"the client token abc was used for another request.*{first.id}") as refused:
        asked(services, replace(request, **change))

    assert refused.value.code == "TokenReused"
    assert services.task_queries.page(TaskFilter(), 10).items == (first,)


def test_a_rejected_request_leaves_its_token_unused_for_a_corrected_one(services: ClockedServices) -> None:
    request = NewTask("input", "films/late.mp4", subtasks=(SHOT,), client_token=SAME)
    with pytest.raises(NotFound):
        asked(services, request)
    services.time += 40 * 24 * 3600 * 1000
    put("films/other.mp4", b"x")
    corrected = replace(request, key="films/other.mp4")

    task, made = asked(services, corrected)

    assert made
    assert id_time(task.id) == task.created_at
    assert asked(services, corrected) == (task, False)


def test_the_hash_of_a_request_depends_on_the_order_of_no_parameter() -> None:
    params = {"width": 64, "at": [0]}
    one, other = (
        NewTask("input", "k", subtasks=(SHOT.model_copy(update={"params": each}),))
        for each in (params, dict(reversed(params.items())))
    )

    assert request_hash(one) == request_hash(other)


def test_a_request_whose_messages_were_not_taken_is_sent_when_it_comes_again(services: ClockedServices) -> None:
    request = wanted(put("films/clip.mp4", b"x"), client_token=SAME)
    with outage("SendMessageBatch"):
        task, _ = asked(services, request)
    assert task.unsent == {1}

    assert asked(services, request)[0].unsent == frozenset()
    assert sent(services) == [SubtaskRef(task.id, 1, 1)]


def test_a_request_that_dynamodb_did_not_take_makes_one_task_when_it_comes_again(services: ClockedServices) -> None:
    request = wanted(put("films/clip.mp4", b"x"), client_token=SAME)
    with outage("PutItem", after=2, done=True), pytest.raises(ServiceBusy):  # after the token and the plan
        asked(services, request)

    task, made = asked(services, request)

    assert not made
    assert list(services.task_queries.due_tasks(services.now() + 10**9)) == [task.id]
    assert sent(services) == [SubtaskRef(task.id, 1, 1)]


@pytest.mark.parametrize(
    ("bucket", "key", "version"),
    [
        ("input", "films/nope.mp4", None),
        ("input", "films/clip.mp4", "nope"),
        ("nope", "films/clip.mp4", None),
        ("not a bucket", "films/clip.mp4", None),
        ("input", "films/" + "é" * 1000, None),
    ],
)
def test_a_source_that_is_not_there_is_not_found(
    services: ClockedServices, bucket: str, key: str, version: str | None
) -> None:
    put("films/clip.mp4", b"x")

    with pytest.raises(NotFound, match="does not exist") as missing:
        asked(services, NewTask(bucket, key, version, subtasks=(SHOT,)))

    assert missing.value.code == "SourceNotFound"
    assert sent(services) == []


def test_a_source_without_bytes_is_refused(services: ClockedServices) -> None:
    with pytest.raises(RequestRejected, match="is empty") as refused:
        asked(services, wanted(put("films/empty.mp4", b"")))

    assert refused.value.code == "EmptySource"


def test_an_older_version_can_be_asked_for(services: ClockedServices) -> None:
    old = put("films/clip.mp4", b"old one")
    put("films/clip.mp4", b"new")

    task, _ = asked(services, replace(wanted(old), version_id=old.version_id))

    assert task.source == old


@pytest.mark.parametrize(
    ("request_of", "error", "code"),
    [
        ({"orchestration": "nope", "subtasks": ()}, NotFound, "OrchestrationNotFound"),
        ({"subtasks": (SHOT.model_copy(update={"template": "nope"}),)}, RequestRejected, "UnknownTemplate"),
        (
            {"subtasks": (SHOT.model_copy(update={"params": {"at": []}}),)},
            RequestRejected,
            "InvalidParameters",
        ),
    ],
)
def test_a_request_that_cannot_be_planned_makes_nothing(
    services: ClockedServices, request_of: dict[str, Any], error: type[Exception], code: str
) -> None:
    source = put("films/clip.mp4", b"x")

    with pytest.raises(error) as refused:
        asked(services, wanted(source, **request_of))

    assert getattr(refused.value, "code", None) == code
    assert list(services.task_queries.due_tasks(services.now() + 10**9)) == []
