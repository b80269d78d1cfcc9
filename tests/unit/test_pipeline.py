"""The use cases: uploads and requests become tasks once, people restart and end them, the sweeper heals."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.catalog import delete_template, put_orchestration, put_template, switch_orchestration
from shared.errors import Conflict, NotFound, RequestRejected, ServiceBusy
from shared.orchestration import OrchestrationDocument, SubtaskRule, TemplateDocument, Verdict
from shared.pipeline import (
    SWEEP_BATCH,
    NewTask,
    Upload,
    accept_upload,
    create_task,
    end_task,
    get_run,
    get_subtask,
    get_task,
    restart_task,
    run_subtask,
    sweep,
)
from shared.task import OrchestrationRef, Outcome, Source, SubtaskRef, SubtaskStatus, Task, TaskStatus
from tests.deployment import World, client, put, received
from tests.outages import calls, outage
from tests.unit.conftest import a_task

SHOT = SubtaskRule.model_validate({"name": "cover", "type": "SCREENSHOT"})
ANOTHER = SubtaskRule.model_validate({"name": "other", "type": "SCREENSHOT"})


def an_upload(world: World, key: str = "uploads/clip.mp4", **changes: Any) -> Upload:  # noqa: ANN401
    """Return an upload as its event tells, of an object that need not be there."""
    usual = Upload("input", key, 1000, "etag", world.now(), version_id="v1", sequencer="0A")
    return replace(usual, **changes)


def accepted(world: World, upload: Upload | None = None) -> Task:
    """Make a task by an upload that exactly one orchestration takes."""
    (verdict,) = accept_upload(world, "main", upload or an_upload(world))
    task = world.tasks.get(verdict.task_id or "")
    assert task
    return task


def sent(world: World) -> list[tuple[str, int, int]]:
    """Receive what is in the queue: task, run and number of each subtask."""
    bodies = [json.loads(message["Body"]) for message in received(world.settings)]
    assert all(body["tenant"] == "main" for body in bodies)
    return [(body["taskId"], body["run"], body["subtask"]) for body in bodies]


def swept(world: World) -> int:
    """Sweep with plenty of time."""
    return sweep(world, lambda: 60)


def asked(world: World, wanted: NewTask) -> tuple[Task, bool]:
    return create_task(world, "main", wanted, os.urandom)


def wanted(source: Source, **fields: Any) -> NewTask:  # noqa: ANN401
    return NewTask(source.bucket, source.key, subtasks=fields.pop("subtasks", (SHOT,)), **fields)


def an_orchestration(name: str, **fields: Any) -> OrchestrationDocument:  # noqa: ANN401
    usual = {"name": name, "trigger": {"prefix": "uploads/"}, "subtasks": [SHOT]}
    return OrchestrationDocument.model_validate({**usual, **fields})


# Uploads.


def test_an_upload_becomes_a_task_of_the_orchestration_that_takes_it(world: World) -> None:
    (verdict,) = accept_upload(world, "main", an_upload(world))

    task = world.tasks.get(verdict.task_id or "")
    assert task
    assert (verdict.verdict, verdict.orchestration) == (Verdict.MATCHED, "web-video")
    assert task.orchestration == OrchestrationRef("web-video", 1)
    assert task.source == Source("input", "uploads/clip.mp4", 1000, "etag", "v1")
    assert (task.status, task.created_at, task.unsent) == (TaskStatus.WAITING, world.now(), frozenset())
    assert sent(world) == [(task.id, 1, 1), (task.id, 1, 2), (task.id, 1, 3)]


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
    assert [no for _, _, no in sent(world)] == [1, 2, 3]
    assert get_task(world, "main", task.id).unsent == frozenset()


def test_a_task_whose_messages_were_not_taken_is_sent_by_the_sweeper(world: World) -> None:
    with outage("SendMessageBatch"):
        task = accepted(world)
    assert swept(world) == 0
    world.time += 60_000

    assert swept(world) == 1

    assert sent(world) == [(task.id, 1, no) for no in (1, 2, 3)]
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


# Requests.


def test_a_request_makes_the_task_that_it_describes(world: World) -> None:
    source = put("films/clip.mp4", b"x" * 7)

    task, made = asked(world, wanted(source, priority=-3, session_context="{…}", client_token="abc"))

    assert made
    assert world.tasks.get(task.id) == task
    assert (task.source, task.orchestration) == (source, None)
    assert (task.priority, task.session_context, task.client_token) == (-3, "{…}", "abc")
    assert sent(world) == [(task.id, 1, 1)]


def test_a_request_may_name_an_orchestration_also_a_disabled_one(world: World) -> None:
    put_orchestration(world, "main", an_orchestration("covers", enabled=False, output={"prefix": "c/"}))

    task, _ = asked(world, wanted(put("films/clip.mp4", b"x"), subtasks=(), orchestration="covers"))

    assert (task.orchestration, task.output_prefix) == (OrchestrationRef("covers", 1), "c/")
    assert [s.name for s in task.subtasks] == ["cover"]


def test_two_requests_make_two_tasks_and_two_with_one_token_make_one(world: World) -> None:
    source = put("films/clip.mp4", b"x")

    free = {asked(world, wanted(source))[0].id for _ in range(2)}
    first, _ = asked(world, wanted(source, client_token="abc"))
    again, made = asked(world, wanted(source, client_token="abc", subtasks=(ANOTHER,)))

    assert len(free) == 2
    assert (again, made) == (first, False)


def test_a_token_gives_its_task_also_when_its_orchestration_and_source_are_gone(world: World) -> None:
    source = put("films/clip.mp4", b"x")
    first, _ = asked(world, wanted(source, client_token="abc"))
    client("s3").delete_object(Bucket="input", Key=source.key, VersionId=source.version_id)

    again, made = asked(world, wanted(source, client_token="abc", subtasks=(), orchestration="nope"))

    assert (again.id, made) == (first.id, False)


def test_a_request_that_failed_leaves_its_token_free_to_try_again(world: World) -> None:
    request = NewTask("input", "films/late.mp4", subtasks=(SHOT,), client_token="abc")
    with pytest.raises(NotFound):
        asked(world, request)
    put("films/late.mp4", b"x")

    task, made = asked(world, request)

    assert made
    assert asked(world, request) == (task, False)


def test_a_request_whose_messages_were_not_taken_is_sent_when_it_comes_again(world: World) -> None:
    request = wanted(put("films/clip.mp4", b"x"), client_token="abc")
    with outage("SendMessageBatch"):
        task, _ = asked(world, request)
    assert task.unsent == {1}

    assert asked(world, request)[0].unsent == frozenset()
    assert sent(world) == [(task.id, 1, 1)]


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
    world: World, bucket: str, key: str, version: str | None
) -> None:
    put("films/clip.mp4", b"x")

    with pytest.raises(NotFound, match="is not there") as missing:
        asked(world, NewTask(bucket, key, version, subtasks=(SHOT,)))

    assert missing.value.code == "SourceNotFound"
    assert sent(world) == []


def test_a_source_without_bytes_is_refused(world: World) -> None:
    with pytest.raises(RequestRejected, match="films/empty.mp4 is empty") as refused:
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


# Restart and end.


def stored(world: World, *, started: bool = False, ended: bool = False) -> Task:
    """Return a task that waits, has started, or was ended."""
    task = a_task(world)
    world.tasks.create(task)
    if started:
        world.tasks.claim(SubtaskRef(task.id, 1, 1), world.now(), world.now() + 1000, 3)
    if ended:
        end_task(world, "main", task.id)
    return get_task(world, "main", task.id)


@pytest.mark.parametrize(
    ("move", "state", "sentence"),
    [
        (restart_task, {}, "is WAITING; only a COMPLETED task can be restarted"),
        (restart_task, {"started": True}, "is IN_PROGRESS; only a COMPLETED task can be restarted"),
        (end_task, {"started": True}, "is IN_PROGRESS; only a WAITING task can be ended"),
        (end_task, {"ended": True}, "is COMPLETED; only a WAITING task can be ended"),
    ],
)
def test_a_move_that_the_status_forbids_is_refused_and_changes_nothing(
    world: World, move: Callable[[World, str, str], Task], state: dict[str, bool], sentence: str
) -> None:
    before = stored(world, **state)

    with pytest.raises(Conflict, match=sentence) as refused, calls() as made:
        move(world, "main", before.id)

    assert (refused.value.code, refused.value.details) == ("InvalidTaskStatus", {"status": before.status})
    assert set(made) == {"GetItem"}
    assert world.tasks.get(before.id) == before
    assert sent(world) == []


def test_the_messages_of_an_ended_task_do_nothing(world: World) -> None:
    task = accepted(world)
    ended = end_task(world, "main", task.id)
    queued = sent(world)

    answers = [run_subtask(world, SubtaskRef(*ref), 60) for ref in queued]

    assert len(queued) == 3
    assert answers == [None] * 3
    assert (ended.status, ended.outcome) == (TaskStatus.COMPLETED, Outcome.ENDED)
    assert world.tasks.get(task.id) == ended
    world.time += 10**9
    assert swept(world) == 0


def test_a_restart_sends_the_next_run_and_keeps_the_one_before(world: World) -> None:
    ended = stored(world, ended=True)
    world.time += 1000

    again = restart_task(world, "main", ended.id)

    assert (again.run, again.status, again.unsent) == (2, TaskStatus.WAITING, frozenset())
    assert sent(world) == [(ended.id, 2, 1), (ended.id, 2, 2)]
    assert get_run(world, "main", ended.id, None) == get_run(world, "main", ended.id, 2) == again
    assert get_run(world, "main", ended.id, 1).subtasks == ended.subtasks


def test_a_message_of_an_earlier_run_does_nothing(world: World) -> None:
    task = stored(world, ended=True)
    again = restart_task(world, "main", task.id)

    assert run_subtask(world, SubtaskRef(task.id, 1, 1), 60) is None
    assert world.tasks.get(task.id) == again


@pytest.mark.parametrize("identifier", ["0" * 26, "", "nope", "x" * 5000, "😀", "TOKEN#main#abc"])
def test_a_task_that_is_not_there_is_not_found(world: World, identifier: str) -> None:
    for act in (get_task, restart_task, end_task):
        with pytest.raises(NotFound, match="there is no task") as missing:
            act(world, "main", identifier)
        assert missing.value.code == "TaskNotFound"


def test_a_task_of_another_tenant_is_not_found(world: World) -> None:
    task = stored(world)

    with pytest.raises(NotFound):
        end_task(world, "other", task.id)
    assert world.tasks.get(task.id) == task


def test_a_run_or_a_subtask_that_is_not_there_is_not_found(world: World) -> None:
    task = stored(world)

    with pytest.raises(NotFound, match="has no run 2; its newest is 1"):
        get_run(world, "main", task.id, 2)
    for no in (0, 3):
        with pytest.raises(NotFound, match=f"has no subtask {no}; they are numbered 1 to 2"):
            get_subtask(world, "main", task.id, None, no)


# The sweeper.


def test_a_message_that_was_lost_is_sent_again_once_it_is_overdue(world: World) -> None:
    task = accepted(world)
    sent(world)
    world.time += world.settings.resend_after_seconds * 1000 - 1
    swept(world)
    assert sent(world) == []

    world.time += world.settings.resend_after_seconds * 1000
    swept(world)

    assert sent(world) == [(task.id, 1, no) for no in (1, 2, 3)]


def test_a_subtask_whose_worker_is_gone_is_sent_again_when_its_lease_is_over(world: World) -> None:
    task = stored(world)
    world.tasks.sent(task, {1, 2})
    world.tasks.claim(SubtaskRef(task.id, 1, 1), world.now(), world.now() + 90_000, 3)
    world.time += 90_000
    swept(world)
    assert sent(world) == []

    world.time += 1
    swept(world)

    assert sent(world) == [(task.id, 1, 1)]


def test_a_subtask_that_has_used_up_its_attempts_is_given_up_by_the_sweeper(world: World) -> None:
    task = stored(world)
    world.tasks.sent(task, {1, 2})
    for no in (1, 2):
        for _ in range(3):
            world.tasks.claim(SubtaskRef(task.id, 1, no), world.now(), world.now() + 1000, 3)
            world.time += 1001
    world.time += 60_000

    swept(world)

    given_up = get_task(world, "main", task.id)
    assert (given_up.status, given_up.outcome) == (TaskStatus.COMPLETED, Outcome.FAILED)
    assert {s.failure.code for s in given_up.subtasks if s.failure} == {"InternalError.AttemptsExhausted"}
    assert sent(world) == []
    assert swept(world) == 0


def test_a_restarted_task_is_looked_after_like_a_new_one(world: World) -> None:
    task = stored(world, ended=True)
    world.time += 7 * 24 * 3600 * 1000
    restart_task(world, "main", task.id)
    sent(world)

    world.time += 60_000
    swept(world)
    assert sent(world) == [], "its messages are a minute old: they may still be in the queue"
    world.time += world.settings.resend_after_seconds * 1000
    swept(world)

    assert sent(world) == [(task.id, 2, 1), (task.id, 2, 2)]


def test_the_older_a_task_the_rarer_the_looks_at_it(world: World) -> None:
    stored(world)
    looks = []
    for _ in range(24 * 60):
        world.time += 60_000
        looks += [world.now()] * swept(world)

    gaps = [later - earlier for earlier, later in zip(looks, looks[1:], strict=False)]
    assert 5 < len(looks) < 12
    assert gaps == sorted(gaps)


def test_the_sweeper_goes_on_until_nothing_is_due_or_its_time_is_over(world: World) -> None:
    for number in range(SWEEP_BATCH + 1):
        world.tasks.create(a_task(world, 1, name=str(number)))
    world.time += 60_000

    assert sweep(world, lambda: 0) == 0
    assert swept(world) == SWEEP_BATCH + 1
    assert swept(world) == 0


def test_a_sweep_that_breaks_off_is_made_up_for_by_the_next(world: World) -> None:
    task = stored(world)
    world.time += 60_000
    with outage("SendMessageBatch"), pytest.raises(ServiceBusy):
        swept(world)

    assert swept(world) == 1
    assert sent(world) == [(task.id, 1, 1), (task.id, 1, 2)]


def test_a_message_sent_twice_is_run_once(world: World) -> None:
    with outage("UpdateItem"):  # the messages are sent, but the note of it is lost
        task = accepted(world, an_upload(world, version_id=put("uploads/clip.mp4", b"no film").version_id))
    world.time += 60_000
    swept(world)

    queued = sent(world)
    for ref in queued:
        run_subtask(world, SubtaskRef(*ref), 60)

    done = get_task(world, "main", task.id)
    assert len(queued) == 6
    assert [(s.status, s.attempt) for s in done.subtasks] == [(SubtaskStatus.FAILED, 1)] * 3
