"""One request that acts on many tasks: each has its own result, and no task affects another."""

from typing import Any

import pytest

from shared.services import Services
from shared.stores.subtask_queue import parse_message_body
from shared.worker.run import run_subtask
from tests.functions.api_tasks import COVER, LATE, a_task, ids
from tests.support.deployment import received
from tests.support.functions import Answer, Api
from tests.support.outages import outage

UNKNOWN = "0" * 26


def bulk(api: Api, action: str, **body: Any) -> Answer:  # noqa: ANN401
    return api.post("/tasks/bulk", {"action": action, **body})


def outcomes(answer: Answer) -> dict[str, str]:
    """Return the result for each task: its status, or the code of its error."""
    assert answer.status == 200
    results = answer.json["results"]
    for one in results:
        assert set(one) == {"taskId", "task", "error"}
        assert (one["task"] is None) != (one["error"] is None)
    return {one["taskId"]: one["task"]["status"] if one["task"] else one["error"]["code"] for one in results}


def some_tasks(api: Api, names: str = "abc") -> list[str]:
    """Create a task for each character; return their IDs, newest first."""
    return sorted((a_task(api, key=f"uploads/{name}.mp4")["taskId"] for name in names), reverse=True)


def test_each_named_task_has_its_own_result(api: Api) -> None:
    waiting, completed, _ = some_tasks(api)
    api.post(f"/tasks/{completed}/end")

    answer = bulk(api, "END", taskIds=[UNKNOWN, waiting, completed, "nope"])

    assert list(outcomes(answer).items()) == [
        (UNKNOWN, "TaskNotFound"),
        (waiting, "COMPLETED"),
        (completed, "InvalidTaskStatus"),
        ("nope", "TaskNotFound"),
    ]
    assert answer.json["nextToken"] is None
    done = answer.json["results"][1]
    assert done == {"taskId": waiting, "task": api.get("/tasks", taskId=waiting).json["tasks"][0], "error": None}
    refused = answer.json["results"][2]
    assert refused["error"]["message"] == f"task {completed} is COMPLETED; only a WAITING task can be ended"
    assert len(ids(api, status="WAITING")) == 1


def test_a_task_that_is_named_twice_is_acted_on_once(api: Api) -> None:
    (identifier,) = some_tasks(api, "a")
    api.post(f"/tasks/{identifier}/end")

    answer = bulk(api, "RESTART", taskIds=[identifier, identifier])

    assert outcomes(answer) == {identifier: "WAITING"}
    assert len(answer.json["results"]) == 1
    assert api.get(f"/tasks/{identifier}").json["run"] == 2


def test_every_action_does_what_the_request_of_its_name_does(api: Api, services: Services, blink: bytes) -> None:
    made = a_task(api, content=blink, subtasks=[COVER, LATE])["taskId"]
    for message in received(services.settings):
        run_subtask(services, parse_message_body(message["Body"]), 60)

    def shown(action: str) -> list[tuple[str, int | None]]:
        assert outcomes(bulk(api, action, taskIds=[made])).keys() == {made}
        subtasks = api.get(f"/tasks/{made}").json["subtasks"]
        return [((one["error"] or {}).get("code", one["status"]), one["carriedFrom"]) for one in subtasks]

    assert shown("RESTART_FAILED") == [("SUCCESSFUL", 1), ("WAITING", None)]
    assert shown("CANCEL") == [("SUCCESSFUL", 1), ("Canceled.TaskCanceled", None)]
    assert shown("RESTART") == [("WAITING", None), ("WAITING", None)]
    assert shown("END") == [("Canceled.TaskEnded", None), ("Canceled.TaskEnded", None)]


def test_a_filter_acts_on_its_tasks_page_by_page_and_no_others(api: Api) -> None:
    wanted = some_tasks(api, "abcde")
    other = a_task(api, key="uploads/other.mp4", orchestration="web-video")["taskId"]
    api.post(f"/tasks/{wanted[0]}/end")
    before = ids(api, sourceKey="uploads/other.mp4")

    body: dict[str, Any] = {"filter": {"status": "WAITING", "taskId": wanted[0][:3].lower()}, "maxResults": 3}
    first = bulk(api, "END", **body)
    second = bulk(api, "END", **body, nextToken=first.json["nextToken"])

    assert (len(first.json["results"]), second.json["nextToken"]) == (3, None)
    done = outcomes(first) | outcomes(second)
    assert done == dict.fromkeys({*wanted[1:], other}, "COMPLETED")
    assert list(done) == sorted(done, reverse=True)
    assert ids(api, status="WAITING") == []
    assert before == [other]


@pytest.mark.parametrize(
    ("narrow", "taken"),
    [
        ({"sourceKey": "uploads/a.mp4"}, ["a"]),
        ({"orchestration": "web-video"}, ["a"]),
        ({"outcome": "ENDED"}, ["a", "b"]),
        ({"status": "COMPLETED", "createdAfter": "2020-01-01", "createdBefore": "9999-12-31T00:00:00Z"}, ["a", "b"]),
        ({"createdBefore": "2020-01-01"}, []),
    ],
)
def test_a_filter_matches_what_it_names(api: Api, narrow: dict[str, Any], taken: list[str]) -> None:
    made = {
        "a": a_task(api, key="uploads/a.mp4", orchestration="web-video")["taskId"],
        "b": a_task(api, key="uploads/b.mp4")["taskId"],
    }
    for identifier in made.values():
        api.post(f"/tasks/{identifier}/end")

    answer = bulk(api, "RESTART", filter=narrow)

    assert outcomes(answer) == {made[name]: "WAITING" for name in taken}
    assert sorted(ids(api, status="WAITING")) == sorted(made[name] for name in taken)


def test_a_filter_that_matches_nothing_does_nothing(api: Api) -> None:
    some_tasks(api, "a")

    answer = bulk(api, "CANCEL", filter={"createdAfter": "9999-01-01"})

    assert answer.json == {"results": [], "nextToken": None}
    assert len(ids(api, status="WAITING")) == 1


def test_an_outage_at_one_task_does_not_affect_the_others(api: Api) -> None:
    named = some_tasks(api)

    with outage("UpdateItem", after=1):
        answer = bulk(api, "END", taskIds=named)

    assert outcomes(answer) == dict(zip(named, ["COMPLETED", "ServiceBusy", "COMPLETED"], strict=True))
    assert outcomes(bulk(api, "END", taskIds=[named[1]])) == {named[1]: "COMPLETED"}


def test_tasks_that_are_not_reached_in_time_take_another_request(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    named = some_tasks(api)
    monkeypatch.setattr("functions.task_api.tasks.BULK_MILLISECONDS", 0)

    answer = bulk(api, "END", taskIds=named)
    by_filter = bulk(api, "END", filter={"status": "WAITING"})

    assert list(outcomes(answer).values()) == ["COMPLETED", "ServiceBusy", "ServiceBusy"]
    assert outcomes(by_filter) == {named[1]: "COMPLETED"}
    last = bulk(api, "END", filter={"status": "WAITING"}, nextToken=by_filter.json["nextToken"])
    assert outcomes(last) == {named[2]: "COMPLETED"}
    assert last.json["nextToken"] is None


def test_a_token_of_another_filter_changes_nothing(api: Api) -> None:
    some_tasks(api)
    token = bulk(api, "RESTART", filter={}, maxResults=1).json["nextToken"]
    assert token

    for wrong in (token, "nonsense", ""):
        answer = bulk(api, "END", filter={"status": "WAITING"}, nextToken=wrong)
        assert answer.code == "400 InvalidNextToken"
    assert len(ids(api, status="WAITING")) == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"action": "DELETE"}, "body.action"),
        ({"action": None}, "body.action"),
        ({"taskIds": None}, "give either taskIds or filter"),
        ({"filter": {}}, "give either taskIds or filter"),
        ({"taskIds": []}, "body.taskIds"),
        ({"taskIds": [UNKNOWN] * 101}, "body.taskIds"),
        ({"taskIds": ["x" * 27]}, "body.taskIds.0"),
        ({"taskIds": [""]}, "body.taskIds.0"),
        ({"taskIds": [7]}, "body.taskIds.0"),
        ({"taskIds": UNKNOWN}, "body.taskIds"),
        ({"nextToken": "x"}, "nextToken can't be used with taskIds"),
        ({"taskIds": None, "filter": {"status": "DONE"}}, "body.filter.status"),
        ({"taskIds": None, "filter": {"color": "red"}}, "body.filter.color: unknown field"),
        ({"taskIds": None, "filter": {"createdAfter": "yesterday"}}, "body.filter.createdAfter"),
        ({"taskIds": None, "filter": []}, "body.filter"),
        ({"taskIds": None, "filter": {}, "maxResults": 0}, "body.maxResults"),
        ({"taskIds": None, "filter": {}, "maxResults": 101}, "body.maxResults"),
        ({"taskIds": None, "filter": {}, "nextToken": "x" * 201}, "body.nextToken"),
        ({"color": "red"}, "body.color: unknown field"),
    ],
)
def test_an_invalid_request_changes_nothing(api: Api, change: dict[str, Any], message: str) -> None:
    named = some_tasks(api, "a")

    answer = api.post("/tasks/bulk", {"action": "END", "taskIds": named, **change})

    assert answer.code == "400 InvalidRequest"
    assert message in answer.json["message"]
    assert ids(api, status="WAITING") == named


def test_a_repeated_restart_of_named_runs_begins_one_run_for_each(api: Api) -> None:
    first, second = some_tasks(api, "ab")
    bulk(api, "END", taskIds=[first, second])
    api.post(f"/tasks/{second}/restart")
    api.post(f"/tasks/{second}/end")
    wanted = {"taskIds": [first, second], "runs": {first: 1, second: 2}}

    assert outcomes(bulk(api, "RESTART", **wanted)) == {first: "WAITING", second: "WAITING"}
    bulk(api, "END", taskIds=[first, second])
    assert outcomes(bulk(api, "RESTART", **wanted)) == {first: "COMPLETED", second: "COMPLETED"}
    assert [api.get(f"/tasks/{one}").json["run"] for one in (first, second)] == [2, 3]
    assert outcomes(bulk(api, "CANCEL", taskIds=[second], runs={second: 2})) == {second: "RunIsOver"}


@pytest.mark.parametrize("choice", [{"taskIds": ["a"]}, {"filter": {}}])
def test_a_run_of_a_task_that_is_not_named_is_rejected(api: Api, choice: dict[str, object]) -> None:
    answer = bulk(api, "RESTART", **choice, runs={UNKNOWN: 1})

    assert answer.code == "400 InvalidRequest"
    assert f"runs names {UNKNOWN}, which taskIds doesn't" in answer.json["message"]
