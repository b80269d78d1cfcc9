"""The API's actions on a task: restart, end and cancel it."""

from typing import Any

import pytest

from shared.domain.subtask import Failure, Lease, SubtaskRef, Wait, WaitReason
from shared.services import Services
from tests.functions.api_tasks import COVER, LATE, a_task, unexplained, worked
from tests.support.deployment import made_once
from tests.support.functions import Api

AN_HOUR = 3_600_000


def started(services: Services, made: dict[str, Any], no: int = 1) -> Lease:
    """Begin an attempt at a subtask and report some progress."""
    ref = SubtaskRef(made["taskId"], made["run"], no)
    task = services.tasks.claim(ref, services.now(), services.now() + AN_HOUR, 3)
    assert task
    lease = Lease(ref.task_id, ref.run, no, attempt=task.subtasks[no - 1].attempt)
    services.progress.put(lease, 40, "encoding")
    return lease


@pytest.fixture
def half_done(api: Api, services: Services, blink: bytes) -> dict[str, Any]:
    """A task whose first subtask succeeded, whose second failed, and whose third was skipped because of that."""
    after = {**COVER, "name": "after", "needs": ["late"]}
    subtasks = [COVER, LATE, after]
    return made_once("half done", lambda: worked(api, services, a_task(api, content=blink, subtasks=subtasks)))


def test_end_and_restart_work_only_in_the_statuses_that_allow_them(api: Api) -> None:
    path = f"/tasks/{a_task(api)['taskId']}"

    too_soon = api.post(f"{path}/restart")
    ended = api.post(f"{path}/end")
    too_late = api.post(f"{path}/end")
    again = api.post(f"{path}/restart")

    assert (too_soon.code, too_soon.json["details"]) == ("409 InvalidTaskStatus", {"status": "WAITING"})
    assert "is WAITING; only a COMPLETED task can be restarted" in too_soon.json["message"]
    assert (ended.status, ended.json["status"], ended.json["outcome"]) == (200, "COMPLETED", "ENDED")
    assert ended.json["subtasks"][0]["error"]["code"] == "Canceled.TaskEnded"
    assert (too_late.code, too_late.json["details"]) == ("409 InvalidTaskStatus", {"status": "COMPLETED"})
    assert (again.status, again.json["run"], again.json["status"]) == (200, 2, "WAITING")
    assert unexplained(api.get(path).json) == unexplained(again.json)
    assert api.get(path, run=1).json == {**ended.json, "newestRun": 2}
    assert ended.json["runAt"] == ended.json["createdAt"] < again.json["runAt"]


def test_waiting_and_running_tasks_can_be_canceled_and_completed_ones_cannot(api: Api, services: Services) -> None:
    waiting, running = a_task(api), a_task(api, key="uploads/b.mp4", subtasks=[COVER, LATE])
    started(services, running)

    for made in (waiting, running):
        canceled = api.post(f"/tasks/{made['taskId']}/cancel")
        assert (canceled.status, canceled.json["status"], canceled.json["outcome"]) == (200, "COMPLETED", "ENDED")
        assert {one["error"]["code"] for one in canceled.json["subtasks"]} == {"Canceled.TaskCanceled"}
        assert canceled.json["endedAt"]
        assert api.get(f"/tasks/{made['taskId']}").json == canceled.json
    again = api.post(f"/tasks/{running['taskId']}/cancel")
    assert (again.code, again.json["details"]) == ("409 InvalidTaskStatus", {"status": "COMPLETED"})
    assert "only a WAITING or IN_PROGRESS task can be canceled" in again.json["message"]


def test_a_canceled_subtask_shows_neither_a_phase_nor_a_retry(api: Api, services: Services) -> None:
    made = a_task(api, subtasks=[COVER, LATE])
    path = f"/tasks/{made['taskId']}"
    started(services, made, 1)
    failure = Failure("InternalError.Storage", "S3 did not answer")
    assert services.tasks.release(
        started(services, made, 2), Wait(WaitReason.RETRY, services.now() + AN_HOUR, failure), uncounted=True
    )
    before = api.get(path).json["subtasks"]
    assert [one["phase"] for one in before] == ["encoding", None]
    assert [one["error"] for one in before] == [None, None]
    assert before[1]["retryAt"]

    after = api.post(f"{path}/cancel").json["subtasks"]

    assert [(one["phase"], one["retryAt"], one["waiting"]) for one in after] == [(None, None, None)] * 2
    assert [one["error"]["code"] for one in after] == ["Canceled.TaskCanceled"] * 2


def test_a_restart_of_failed_subtasks_carries_over_the_successful_ones(
    api: Api, services: Services, half_done: dict[str, Any]
) -> None:
    path = f"/tasks/{half_done['taskId']}"

    again = api.post(f"{path}/restart", {"only": "FAILED"})

    assert (again.status, again.json["run"], again.json["status"]) == (200, 2, "WAITING")
    first, *others = again.json["subtasks"]
    assert first == {**half_done["subtasks"][0], "carriedFrom": 1}
    assert [(one["status"], one["attempt"], one["carriedFrom"]) for one in others] == [("WAITING", 0, None)] * 2
    done = worked(api, services, half_done)
    assert [one["status"] for one in done["subtasks"]] == ["SUCCESSFUL", "FAILED", "FAILED"]
    assert [one["attempt"] for one in done["subtasks"]] == [1, 1, 0]
    assert api.get(path, run=1).json == {**half_done, "newestRun": 2}


def test_a_carried_over_subtask_keeps_its_attempts_outputs_and_download(
    api: Api, services: Services, half_done: dict[str, Any]
) -> None:
    path = f"/tasks/{half_done['taskId']}"
    earlier = api.get(f"{path}/subtasks/1").json
    (file,) = api.get(f"{path}/subtasks/1/outputs").json["outputs"]

    for run in (2, 3):
        assert api.post(f"{path}/restart", {"only": "FAILED"}).status == 200
        assert worked(api, services, half_done)["run"] == run

    for query in ({}, {"run": 3}, {"run": 2}):
        detail = api.get(f"{path}/subtasks/1", **query).json
        assert detail["carriedFrom"] == 1
        assert detail["attempts"] == earlier["attempts"] != []
        assert [one["key"] for one in detail["outputs"]] == [file["key"]]
        listed = api.get(f"{path}/subtasks/1/outputs", **query).json["outputs"]
        assert [one["key"] for one in listed] == [file["key"]]
        assert api.get(f"{path}/subtasks/1/download", **query).status == 302
    assert api.get(f"{path}/subtasks/1", run=1).json["carriedFrom"] is None
    assert [one["attempt"] for one in api.get(f"{path}/subtasks/2").json["attempts"]] == [1]


@pytest.mark.parametrize("body", ["", "null", "{}", '{"only": null}', None])
def test_a_restart_without_a_body_restarts_all_subtasks(api: Api, half_done: dict[str, Any], body: str | None) -> None:
    answer = api.ask("POST", f"/tasks/{half_done['taskId']}/restart", event_says={"body": body, "headers": {}})

    assert answer.status == 200
    assert [(one["status"], one["carriedFrom"]) for one in answer.json["subtasks"]] == [("WAITING", None)] * 3


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"only": "SUCCESSFUL"}, "body.only"),
        ({"only": "failed"}, "body.only"),
        ({"only": ["FAILED"]}, "body.only"),
        ({"color": "red"}, "body.color"),
        ("FAILED", "body"),
    ],
)
def test_a_restart_of_an_unknown_selection_is_rejected(
    api: Api, half_done: dict[str, Any], body: object, place: str
) -> None:
    answer = api.post(f"/tasks/{half_done['taskId']}/restart", body)

    assert answer.code == "400 InvalidRequest"
    assert answer.json["message"].startswith(f"{place}: ")
    assert api.get(f"/tasks/{half_done['taskId']}").json["run"] == 1


def test_a_restart_of_failed_subtasks_is_rejected_if_none_failed(api: Api, services: Services, blink: bytes) -> None:
    done = worked(api, services, a_task(api, content=blink))

    answer = api.post(f"/tasks/{done['taskId']}/restart", {"only": "FAILED"})

    assert answer.code == "409 NothingFailed"
    assert "no subtask" in answer.json["message"]
    assert api.post(f"/tasks/{done['taskId']}/restart").json["run"] == 2


def test_a_repeated_restart_of_the_same_run_begins_one_run(api: Api) -> None:
    made = a_task(api)
    path = f"/tasks/{made['taskId']}"
    api.post(f"{path}/end")

    first, second = api.post(f"{path}/restart", {"run": 1}), api.post(f"{path}/restart", {"run": 1})
    api.post(f"{path}/end")
    api.post(f"{path}/restart", {"run": 2})
    late = api.post(f"{path}/restart", {"run": 1})

    assert (first.status, first.json["run"]) == (200, 2)
    assert (second.status, second.json) == (200, first.json)
    assert (late.code, late.json["details"]) == ("409 RunIsOver", {"newestRun": 3})


@pytest.mark.parametrize("action", ["end", "cancel"])
def test_a_repeated_stop_of_a_run_leaves_the_next_one_alone(api: Api, action: str) -> None:
    path = f"/tasks/{a_task(api)['taskId']}"

    first, second = api.post(f"{path}/{action}", {"run": 1}), api.post(f"{path}/{action}", {"run": 1})
    api.post(f"{path}/restart", {"run": 1})
    late = api.post(f"{path}/{action}", {"run": 1})

    assert (first.status, second.status, second.json) == (200, 200, first.json)
    assert late.code == "409 RunIsOver"
    assert api.get(path).json["status"] == "WAITING"
    assert api.post(f"{path}/{action}", {"run": 3}).code == "404 RunNotFound"


@pytest.mark.parametrize("run", [0, "1", 1.5, True, 1_000_000])
@pytest.mark.parametrize("action", ["restart", "end", "cancel"])
def test_a_run_is_a_number_from_1(api: Api, action: str, run: object) -> None:
    answer = api.post(f"/tasks/{a_task(api)['taskId']}/{action}", {"run": run})

    assert answer.code == "400 InvalidRequest"
    assert answer.json["message"].startswith("body.run: ")
