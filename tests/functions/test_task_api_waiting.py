"""What the API shows about a waiting subtask: the reason, and for how long."""

from typing import Any

import pytest

from shared.domain.subtask import Failure, Lease, SubtaskRef, Wait, WaitReason
from shared.services import Services
from shared.worker.run import run_subtask
from tests.functions.api_tasks import COVER, a_task
from tests.support.deployment import received
from tests.support.functions import Api
from tests.support.outages import calls, outage

AFTER = {**COVER, "name": "after", "needs": ["cover"]}
AN_HOUR = 3_600_000
ASKED = "GetQueueAttributes"


def waiting(api: Api, made: dict[str, Any], no: int = 1) -> dict[str, Any]:
    """Return why a subtask waits; the task and the subtask must show the same."""
    in_task = api.get(f"/tasks/{made['taskId']}").json["subtasks"][no - 1]["waiting"]
    shown: dict[str, Any] = api.get(f"/tasks/{made['taskId']}/subtasks/{no}").json["waiting"]
    assert shown == in_task
    return shown


def test_a_queued_subtask_says_how_many_are_before_it_in_its_own_queue(api: Api) -> None:
    alone = a_task(api, priority=1)
    first, *_ = [a_task(api, key=f"uploads/{name}.mp4", priority=-1) for name in "abc"]

    assert waiting(api, first) == {
        "reason": "QUEUED",
        "message": "queued behind about 2 other subtasks in the background queue",
        "needs": None,
        "retryAt": None,
        "ahead": 2,
        "queue": "BACKGROUND",
    }
    assert (waiting(api, alone)["ahead"], waiting(api, alone)["queue"]) == (0, "URGENT")


def test_a_subtask_that_needs_another_names_it(api: Api) -> None:
    made = a_task(api, subtasks=[COVER, AFTER], priority=1)

    assert waiting(api, made, 2) == {
        "reason": "PREDECESSOR",
        "message": "waiting for subtask 1 (cover) to succeed",
        "needs": [1],
        "retryAt": None,
        "ahead": None,
        "queue": "URGENT",
    }


def test_a_released_subtask_says_when_and_why_it_is_attempted_again(api: Api, services: Services) -> None:
    made = a_task(api)
    ref = SubtaskRef(made["taskId"], 1, 1)
    assert services.tasks.claim(ref, services.now(), services.now() + AN_HOUR, 3)
    failure = Failure("InternalError.Storage", "S3 did not answer as it should")
    assert services.tasks.release(
        Lease(ref.task_id, 1, 1, attempt=1), Wait(WaitReason.RETRY, services.now() + AN_HOUR, failure), uncounted=True
    )

    shown = waiting(api, made)

    at = shown["retryAt"]
    assert shown == {
        "reason": "RETRY",
        "message": f"retrying at {at[11:19]} UTC (attempt 2): S3 did not answer as it should",
        "needs": None,
        "retryAt": at,
        "ahead": None,
        "queue": "STANDARD",
    }
    assert api.get(f"/tasks/{made['taskId']}").json["subtasks"][0]["retryAt"] == at


def test_a_subtask_that_is_not_in_the_queue_yet_says_when_it_will_be(api: Api, services: Services) -> None:
    with outage("SendMessageBatch"):
        made = a_task(api)

    assert made["subtasks"][0]["waiting"] == waiting(api, made)
    assert waiting(api, made)["reason"] == "UNSENT"
    assert "it will be within minutes" in waiting(api, made)["message"]
    assert received(services.settings) == []


def test_running_and_ended_subtasks_wait_for_nothing(api: Api, services: Services) -> None:
    made = a_task(api)
    assert services.tasks.claim(SubtaskRef(made["taskId"], 1, 1), services.now(), services.now() + AN_HOUR, 3)

    assert waiting(api, made) is None
    api.post(f"/tasks/{made['taskId']}/cancel")
    assert waiting(api, made) is None


def test_the_queue_length_is_requested_once_for_a_task_with_queued_subtasks_and_never_otherwise(api: Api) -> None:
    with calls() as made_by_post:
        made = a_task(api, subtasks=[COVER, {**COVER, "name": "two"}, AFTER])
    path = f"/tasks/{made['taskId']}"

    asked = []
    for ask in (path, f"{path}/subtasks/1", f"{path}/subtasks/3", "/tasks"):
        with calls() as made_by_get:
            assert api.get(ask).status == 200
        asked.append(made_by_get.count(ASKED))
    api.post(f"{path}/end")
    with calls() as made_when_ended:
        api.get(path)
        api.get(path, run=1)

    assert asked == [1, 1, 0, 0]
    assert ASKED not in made_by_post + made_when_ended


def test_a_queue_that_does_not_respond_leaves_its_length_unknown(api: Api) -> None:
    made = a_task(api)

    with outage(ASKED):
        shown = api.get(f"/tasks/{made['taskId']}")

    assert shown.status == 200
    assert (wait := shown.json["subtasks"][0]["waiting"])["ahead"] is None
    assert (wait["reason"], wait["message"]) == ("QUEUED", "queued in the standard queue")


def test_an_interrupted_attempt_stays_visible(api: Api, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    made = a_task(api)
    ref = SubtaskRef(made["taskId"], 1, 1)
    with outage("HeadObject"):
        run_subtask(services, ref, 60)
    in_five_seconds = services.now() + 5000
    monkeypatch.setattr(services, "now", lambda: in_five_seconds)
    run_subtask(services, ref, 60)

    shown = api.get(f"/tasks/{made['taskId']}/subtasks/1").json

    assert [(a["attempt"], a["error"]["code"]) for a in shown["attempts"]] == [
        (1, "InternalError.Storage"),
        (2, "SourceFileError.NotMedia"),
    ]
