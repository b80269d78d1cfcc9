"""Uploads and requests become tasks: each once, whatever breaks in between."""

import os
from dataclasses import replace
from typing import Any

import pytest

from shared.catalog import delete_template, put_orchestration, put_template, switch_orchestration
from shared.errors import NotFound, RequestRejected, ServiceBusy
from shared.orchestration import OrchestrationDocument, SubtaskRule, TemplateDocument, Verdict
from shared.pipeline import NewTask, accept_upload, create_task, get_task
from shared.task import OrchestrationRef, Source, SubtaskRef, Task, TaskStatus
from tests.deployment import World, client, put
from tests.outages import outage
from tests.unit.conftest import accepted, an_upload, sent, swept

SAME = "abc"
SHOT = SubtaskRule.model_validate({"name": "cover", "type": "SCREENSHOT"})
ANOTHER = SubtaskRule.model_validate({"name": "other", "type": "SCREENSHOT"})


def asked(world: World, wanted: NewTask) -> tuple[Task, bool]:
    return create_task(world, "main", wanted, os.urandom)


def wanted(source: Source, **fields: Any) -> NewTask:  # noqa: ANN401
    return NewTask(source.bucket, source.key, subtasks=fields.pop("subtasks", (SHOT,)), **fields)


def an_orchestration(name: str, **fields: Any) -> OrchestrationDocument:  # noqa: ANN401
    usual = {"name": name, "trigger": {"prefix": "uploads/"}, "subtasks": [SHOT]}
    return OrchestrationDocument.model_validate({**usual, **fields})


def test_an_upload_becomes_a_task_of_the_orchestration_that_takes_it(world: World) -> None:
    (verdict,) = accept_upload(world, "main", an_upload(world))

    task = world.tasks.get(verdict.task_id or "")
    assert task
    assert (verdict.verdict, verdict.orchestration) == (Verdict.MATCHED, "web-video")
    assert task.orchestration == OrchestrationRef("web-video", 1)
    assert task.source == Source("input", "uploads/clip.mp4", 1000, "etag", "v1")
    assert (task.status, task.created_at, task.unsent) == (TaskStatus.WAITING, world.now(), frozenset())
    assert sent(world) == [SubtaskRef(task.id, 1, 1), SubtaskRef(task.id, 1, 2), SubtaskRef(task.id, 1, 3)]


@pytest.mark.parametrize(
    ("changes", "verdict", "reason"),
    [
        ({"key": "elsewhere/clip.mp4"}, Verdict.NO_MATCH, "no enabled orchestration"),
        ({"key": "uploads/notes.txt"}, Verdict.WRONG_FORMAT, "the format 'txt' is not among"),
        ({"size": 0}, Verdict.EMPTY_OBJECT, "empty"),
        ({"key": "uploads/new folder/"}, Verdict.EMPTY_OBJECT, "folder"),
        ({"bucket": "output"}, Verdict.OWN_OUTPUT, "outputs start no tasks"),
    ],
)
def test_an_upload_that_nobody_takes_is_judged_and_makes_nothing(
    world: World, changes: dict[str, Any], verdict: Verdict, reason: str
) -> None:
    (found,) = accept_upload(world, "main", an_upload(world, **changes))

    assert (found.verdict, found.task_id) == (verdict, None)
    assert reason in found.reason
    assert sent(world) == []


def test_the_same_event_again_makes_no_second_task(world: World) -> None:
    task = accepted(world)
    world.time += 5000

    (again,) = accept_upload(world, "main", an_upload(world, at=task.created_at))

    assert (again.verdict, again.task_id) == (Verdict.DUPLICATE, task.id)
    assert world.tasks.get(task.id) == task
    assert len(sent(world)) == 3


@pytest.mark.parametrize(
    "changes", [{"version_id": "v2"}, {"version_id": None, "sequencer": "0B"}, {"key": "uploads/b.mp4"}]
)
def test_another_object_at_the_same_moment_makes_another_task(world: World, changes: dict[str, Any]) -> None:
    first = accepted(world)

    assert accepted(world, an_upload(world, **changes)).id != first.id


def test_every_orchestration_that_takes_an_upload_makes_its_own_task(world: World) -> None:
    put_orchestration(world, "main", an_orchestration("covers"))
    put_orchestration(world, "main", an_orchestration("texts", trigger={"formats": ["txt"]}))

    verdicts = accept_upload(world, "main", an_upload(world))

    assert [(v.orchestration, v.verdict) for v in verdicts] == [
        ("covers", Verdict.MATCHED),
        ("web-video", Verdict.MATCHED),
    ]
    assert len({v.task_id for v in verdicts}) == 2


def test_an_orchestration_that_has_lost_its_template_does_not_stop_the_others(world: World) -> None:
    template = {"name": "mine", "operation": "SCREENSHOT", "params": {}}
    put_template(world, "main", TemplateDocument.model_validate(template))
    broken = SHOT.model_copy(update={"template": "mine"})
    put_orchestration(world, "main", an_orchestration("broken", subtasks=[broken]))
    delete_template(world, "main", "mine")

    verdicts = accept_upload(world, "main", an_upload(world))

    assert [(v.orchestration, v.verdict) for v in verdicts] == [
        ("broken", Verdict.INVALID_ORCHESTRATION),
        ("web-video", Verdict.MATCHED),
    ]
    assert verdicts[0].reason == "subtask cover: there is no template mine"


def test_a_disabled_orchestration_takes_nothing(world: World) -> None:
    switch_orchestration(world, "main", "web-video", enabled=False)

    (found,) = accept_upload(world, "main", an_upload(world))

    assert found.verdict is Verdict.NO_MATCH


def test_a_task_whose_messages_were_not_taken_is_sent_by_the_next_delivery(world: World) -> None:
    with outage("SendMessageBatch"):
        task = accepted(world)
    assert task.unsent == {1, 2, 3}

    (again,) = accept_upload(world, "main", an_upload(world))

    assert again.verdict is Verdict.DUPLICATE
    assert [ref.no for ref in sent(world)] == [1, 2, 3]
    assert get_task(world, "main", task.id).unsent == frozenset()


def test_a_task_whose_messages_were_not_taken_is_sent_by_the_sweeper(world: World) -> None:
    with outage("SendMessageBatch"):
        task = accepted(world)
    assert swept(world) == 0
    world.time += 60_000

    assert swept(world) == 1

    assert sent(world) == [SubtaskRef(task.id, 1, no) for no in (1, 2, 3)]
    assert get_task(world, "main", task.id).unsent == frozenset()
    assert swept(world) == 0


def test_an_upload_that_dynamodb_did_not_take_raises_so_that_its_event_comes_again(world: World) -> None:
    with outage("PutItem"), pytest.raises(ServiceBusy):
        accept_upload(world, "main", an_upload(world))
    assert sent(world) == []

    assert accept_upload(world, "main", an_upload(world))[0].verdict is Verdict.MATCHED


def test_an_upload_that_dynamodb_took_without_saying_so_loses_nothing(world: World) -> None:
    with outage("PutItem", done=True), pytest.raises(ServiceBusy):
        accept_upload(world, "main", an_upload(world))

    assert accept_upload(world, "main", an_upload(world))[0].verdict is Verdict.DUPLICATE
    assert len(sent(world)) == 3


def test_a_request_makes_the_task_that_it_describes(world: World) -> None:
    source = put("films/clip.mp4", b"x" * 7)

    task, made = asked(world, wanted(source, priority=-3, session_context="{…}", client_token=SAME))

    assert made
    assert world.tasks.get(task.id) == task
    assert (task.source, task.orchestration) == (source, None)
    assert (task.priority, task.session_context, task.client_token) == (-3, "{…}", "abc")
    assert sent(world) == [SubtaskRef(task.id, 1, 1)]


def test_a_request_may_name_an_orchestration_also_a_disabled_one(world: World) -> None:
    put_orchestration(world, "main", an_orchestration("covers", enabled=False, output={"prefix": "c/"}))

    task, _ = asked(world, wanted(put("films/clip.mp4", b"x"), subtasks=(), orchestration="covers"))

    assert (task.orchestration, task.output_prefix) == (OrchestrationRef("covers", 1), "c/")
    assert [s.name for s in task.subtasks] == ["cover"]


def test_two_requests_make_two_tasks_and_two_with_one_token_make_one(world: World) -> None:
    source = put("films/clip.mp4", b"x")

    free = {asked(world, wanted(source))[0].id for _ in range(2)}
    first, _ = asked(world, wanted(source, client_token=SAME))
    again, made = asked(world, wanted(source, client_token=SAME, subtasks=(ANOTHER,)))

    assert len(free) == 2
    assert (again, made) == (first, False)


def test_a_token_gives_its_task_also_when_its_orchestration_and_source_are_gone(world: World) -> None:
    source = put("films/clip.mp4", b"x")
    first, _ = asked(world, wanted(source, client_token=SAME))
    client("s3").delete_object(Bucket="input", Key=source.key, VersionId=source.version_id)

    again, made = asked(world, wanted(source, client_token=SAME, subtasks=(), orchestration="nope"))

    assert (again.id, made) == (first.id, False)


def test_a_request_that_failed_leaves_its_token_free_to_try_again(world: World) -> None:
    request = NewTask("input", "films/late.mp4", subtasks=(SHOT,), client_token=SAME)
    with pytest.raises(NotFound):
        asked(world, request)
    put("films/late.mp4", b"x")

    task, made = asked(world, request)

    assert made
    assert asked(world, request) == (task, False)


def test_a_request_whose_messages_were_not_taken_is_sent_when_it_comes_again(world: World) -> None:
    request = wanted(put("films/clip.mp4", b"x"), client_token=SAME)
    with outage("SendMessageBatch"):
        task, _ = asked(world, request)
    assert task.unsent == {1}

    assert asked(world, request)[0].unsent == frozenset()
    assert sent(world) == [SubtaskRef(task.id, 1, 1)]


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
def test_a_source_that_is_not_there_is_not_found(world: World, bucket: str, key: str, version: str | None) -> None:
    put("films/clip.mp4", b"x")

    with pytest.raises(NotFound, match="is not there") as missing:
        asked(world, NewTask(bucket, key, version, subtasks=(SHOT,)))

    assert missing.value.code == "SourceNotFound"
    assert sent(world) == []


def test_a_source_without_bytes_is_refused(world: World) -> None:
    with pytest.raises(RequestRejected, match="is empty") as refused:
        asked(world, wanted(put("films/empty.mp4", b"")))

    assert refused.value.code == "EmptySource"


def test_an_older_version_can_be_asked_for(world: World) -> None:
    old = put("films/clip.mp4", b"old one")
    put("films/clip.mp4", b"new")

    task, _ = asked(world, replace(wanted(old), version_id=old.version_id))

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
    world: World, request_of: dict[str, Any], error: type[Exception], code: str
) -> None:
    source = put("films/clip.mp4", b"x")

    with pytest.raises(error) as refused:
        asked(world, wanted(source, **request_of))

    assert getattr(refused.value, "code", None) == code
    assert world.lists.due(world.now() + 10**9, 1) == []
