"""The API's tasks: exactly what each route takes and returns."""

from typing import Any

import pytest

from functions.task_api.task_views import TaskBody
from shared.domain.ids import sortable_id
from shared.domain.subtask import SubtaskRef
from shared.domain.timestamps import iso_timestamp
from shared.domain.upload import Upload
from shared.services import Services
from shared.stores.task_store import TokenClaim
from shared.use_cases.tasks import NewTask, request_hash
from shared.use_cases.uploads import accept_upload
from tests.functions.api_tasks import COVER, LATE, MOMENT, a_body, a_task, ids, unexplained, worked
from tests.support.deployment import client, put, received
from tests.support.functions import Api
from tests.support.outages import outage


def test_a_task_is_shown_with_every_field_even_the_empty_ones(api: Api) -> None:
    source = put("uploads/a.mp4", b"Dear diary")
    made = a_task(api, priority=5, sessionContext="mine")

    shown = api.get(f"/tasks/{made['taskId']}")

    assert (shown.status, shown.headers["content-type"]) == (200, "application/json")
    assert unexplained(shown.json) == unexplained(made)
    created = made.pop("createdAt")
    assert MOMENT.fullmatch(created)
    assert made.pop("runAt") == created
    assert made == {
        "taskId": made["taskId"],
        "status": "WAITING",
        "outcome": None,
        "run": 1,
        "newestRun": 1,
        "priority": 5,
        "queue": "URGENT",
        "source": {
            "bucket": "input",
            "key": "uploads/a.mp4",
            "versionId": made["source"]["versionId"],
            "eTag": source.e_tag,
            "size": 10,
        },
        "orchestration": None,
        "sessionContext": "mine",
        "startedAt": None,
        "endedAt": None,
        "progress": 0,
        "subtaskCounts": {"WAITING": 1, "IN_PROGRESS": 0, "SUCCESSFUL": 0, "FAILED": 0},
        "skippedCount": 0,
        "error": None,
        "subtasks": [
            {
                "no": 1,
                "name": "cover",
                "type": "SCREENSHOT",
                "template": None,
                "needs": [],
                "input": None,
                "when": None,
                "status": "WAITING",
                "startedAt": None,
                "endedAt": None,
                "progress": 0,
                "phase": None,
                "attempt": 0,
                "carriedFrom": None,
                "skipped": None,
                "retryAt": None,
                "waiting": {
                    "reason": "QUEUED",
                    "message": "queued in the urgent queue",
                    "needs": None,
                    "retryAt": None,
                    "ahead": None,
                    "queue": "URGENT",
                },
                "output": None,
                "error": None,
            }
        ],
    }


def test_a_failed_task_shows_its_error(api: Api, services: Services) -> None:
    shown = worked(api, services, a_task(api))

    assert (shown["status"], shown["outcome"], shown["progress"]) == ("COMPLETED", "FAILED", 100)
    assert shown["error"]["code"] == "SourceFileError.NotMedia"
    assert shown["subtasks"][0]["error"] == shown["error"]
    assert all(MOMENT.fullmatch(shown[name]) for name in ("createdAt", "startedAt", "endedAt"))


def test_a_task_of_an_upload_names_its_orchestration(api: Api, services: Services) -> None:
    (verdict,) = accept_upload(services, Upload("input", "uploads/a.mp4", 1, "etag", services.now()))

    shown = api.get(f"/tasks/{verdict.task_id}").json

    assert shown["orchestration"] == {"name": "web-video", "version": 1}
    assert shown["source"]["versionId"] is None
    assert [subtask["template"] for subtask in shown["subtasks"]] == [
        "h264-720p",
        "h264-360p",
        "screenshot-jpeg-middle",
    ]


def test_a_list_shows_tasks_without_their_subtasks_newest_first(api: Api) -> None:
    made = [a_task(api, key=f"uploads/{name}.mp4") for name in "abc"]

    page = api.get("/tasks").json

    assert page["nextToken"] is None
    assert sorted(page["tasks"], key=str) == sorted(
        [{name: value for name, value in task.items() if name not in {"subtasks", "newestRun"}} for task in made],
        key=str,
    )
    assert [task["taskId"] for task in page["tasks"]] == sorted((task["taskId"] for task in made), reverse=True)


def test_an_empty_list_is_a_list(api: Api) -> None:
    assert api.get("/tasks").json == {"tasks": [], "nextToken": None, "newerVersion": []}


@pytest.mark.parametrize("key", ["uploads/a.mp4", "uploads/a, b,c.mp4", "uploads/ü +%25😀.mp4", "uploads/x=1&y.mp4"])
def test_each_filter_matches_what_it_names(api: Api, key: str) -> None:
    one = a_task(api, key=key)["taskId"]
    other = a_task(api, key="uploads/other.mp4", orchestration="web-video")["taskId"]
    api.post(f"/tasks/{other}/end")

    assert ids(api, sourceKey=key) == [one]
    assert ids(api, status="WAITING") == ids(api, status="WAITING", sourceKey=key) == [one]
    assert ids(api, status="COMPLETED") == ids(api, outcome="ENDED") == [other]
    assert ids(api, orchestration="web-video") == [other]
    assert ids(api, taskId=one) == ids(api, taskId=one[:20].lower()) == [one]
    assert ids(api, outcome="FAILED") == ids(api, taskId="ZZ") == ids(api, sourceKey="é" * 1000) == []


def test_times_are_filtered_in_every_form_of_iso_8601(api: Api) -> None:
    made = a_task(api)
    at, identifier = made["createdAt"], made["taskId"]

    assert ids(api, createdAfter=at, createdBefore=at) == [identifier]
    assert ids(api, createdAfter=at.replace("Z", "+00:00")) == [identifier]
    assert ids(api, createdBefore="9999-12-31T23:59:59Z", createdAfter="1960-01-01") == [identifier]
    assert ids(api, createdBefore="1960-01-01T00:00:00Z") == ids(api, createdAfter="9999-12-31") == []


@pytest.mark.parametrize("by_token", [True, False])
def test_a_task_that_is_created_late_is_listed_by_its_created_at(
    api: Api, services: Services, *, by_token: bool
) -> None:
    then = services.now() - 5 * 3600 * 1000
    if by_token:  # the first request claimed the token, and its function died
        body = a_body(clientToken="import-7")
        wanted = NewTask("input", body["source"]["key"], subtasks=TaskBody.model_validate(body).subtasks or ())
        services.tasks.claim_token("main", "import-7", TokenClaim(sortable_id(then, b"x"), request_hash(wanted)))
        identifier = api.post("/tasks", body).json["taskId"]
    else:
        (decision,) = accept_upload(services, Upload("input", "uploads/a.mp4", 9, "etag", then, sequencer="0A"))
        identifier = decision.task_id

    (shown,) = api.get("/tasks").json["tasks"]

    assert (shown["taskId"], shown["createdAt"]) == (identifier, iso_timestamp(then))
    assert shown["createdAt"] < shown["runAt"]
    assert ids(api, createdAfter=shown["createdAt"], createdBefore=shown["createdAt"]) == [identifier]


def test_a_next_token_continues_the_list(api: Api) -> None:
    made = {a_task(api, key=f"uploads/{name}.mp4")["taskId"] for name in "abcde"}

    seen: list[str] = []
    page = api.get("/tasks", maxResults=2).json
    while True:
        seen += [task["taskId"] for task in page["tasks"]]
        if not page["nextToken"]:
            break
        page = api.get("/tasks", maxResults=2, nextToken=page["nextToken"]).json

    assert len(seen) == 5
    assert set(seen) == made


def test_a_token_of_another_list_is_rejected(api: Api) -> None:
    for name in "ab":
        a_task(api, key=f"uploads/{name}.mp4")
    token = api.get("/tasks", maxResults=1).json["nextToken"]

    assert api.get("/tasks", status="WAITING", nextToken=token).code == "400 InvalidNextToken"
    assert api.get("/tasks", nextToken="nonsense").code == "400 InvalidNextToken"
    assert api.get("/tasks", nextToken="").code == "400 InvalidNextToken"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("maxResults", 0),
        ("maxResults", 101),
        ("maxResults", "many"),
        ("status", "DONE"),
        ("status", "waiting"),
        ("outcome", "GOOD"),
        ("createdAfter", "yesterday"),
        ("taskId", "0" * 27),
        ("nextToken", "x" * 201),
        ("orchestration", "x" * 64),
    ],
)
def test_an_invalid_filter_is_rejected_by_name(api: Api, name: str, value: object) -> None:
    answer = api.get("/tasks", **{name: value})

    assert answer.code == "400 InvalidRequest"
    assert name in answer.json["message"]
    assert [field["where"] for field in answer.json["details"]["fields"]] == [f"query.{name}"]


def test_the_same_client_token_returns_the_first_task(api: Api) -> None:
    body = a_body(clientToken="abc")
    first = api.post("/tasks", body)

    again = api.post("/tasks", body)

    assert (first.status, again.status) == (201, 200)
    assert again.json == first.json


def test_a_client_token_of_another_request_is_refused(api: Api) -> None:
    body = a_body(clientToken="abc")
    first = api.post("/tasks", body)

    other = api.post("/tasks", {**body, "priority": 9})

    assert other.code == "409 TokenReused"
    assert other.json["details"] == {"taskId": first.json["taskId"]}


def test_a_task_has_the_priority_of_its_orchestration_unless_it_names_one(api: Api) -> None:
    api.put("/orchestrations/slow", {"priority": -3, "subtasks": [COVER]})

    taken = a_task(api, orchestration="slow")
    own = a_task(api, orchestration="slow", priority=0)
    none = a_task(api)

    assert [(task["priority"], task["queue"]) for task in (taken, own, none)] == [
        (-3, "BACKGROUND"),
        (0, "STANDARD"),
        (0, "STANDARD"),
    ]


def test_a_task_is_created_from_an_orchestration_or_with_its_own_output(api: Api, services: Services) -> None:
    made = a_task(api, orchestration="web-video")
    own = a_task(api, key="uploads/b.mp4", subtasks=[{**COVER, "fileName": "x.{format}"}], output={"prefix": "p/{run}"})

    assert made["orchestration"] == {"name": "web-video", "version": 1}
    task = services.tasks.get(own["taskId"])
    assert task
    assert (task.output_prefix, task.subtasks[0].file_name) == ("p/{run}", "x.{format}")


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (
            {"source": {"bucket": "input", "key": "nope.mp4"}},
            "404 SourceNotFound",
            "s3://input/nope.mp4 does not exist",
        ),
        ({"source": {"bucket": "no such", "key": "a"}}, "400 InvalidRequest", "body.source.bucket"),
        ({"subtasks": None, "orchestration": "nope"}, "404 OrchestrationNotFound", "no orchestration nope"),
        ({"subtasks": None, "orchestration": ""}, "400 InvalidRequest", "body.orchestration"),
        ({"orchestration": "web-video"}, "400 InvalidRequest", "give either orchestration or subtasks"),
        ({"subtasks": None}, "400 InvalidRequest", "give either orchestration or subtasks"),
        ({"subtasks": []}, "400 InvalidRequest", "body.subtasks"),
        ({"subtasks": [COVER, COVER]}, "400 InvalidRequest", "two subtasks are named cover"),
        (
            {"subtasks": [{**COVER, "needs": ["x"]}]},
            "400 InvalidRequest",
            "subtask cover needs x, which is not",
        ),
        ({"subtasks": [{**COVER, "template": "nope"}]}, "400 UnknownTemplate", "there is no template nope"),
        (
            {"subtasks": [{**COVER, "params": {"at": ["soon"]}}]},
            "400 InvalidParameters",
            "at.0: 'soon' is not a valid time",
        ),
        ({"source": {"bucket": "input"}}, "400 InvalidRequest", "body.source.key: is required"),
        ({"priority": 11}, "400 InvalidRequest", "body.priority"),
        (
            {"output": {"prefix": "../x"}},
            "400 InvalidRequest",
            "body.output.prefix: the path must not contain",
        ),
        ({"clientToken": ""}, "400 InvalidRequest", "body.clientToken"),
        ({"sessionContext": "x" * 1001}, "400 InvalidRequest", "body.sessionContext"),
        ({"sessionContext": "\ud800"}, "400 InvalidRequest", "body.sessionContext"),
        ({"color": "red"}, "400 InvalidRequest", "body.color: unknown field"),
    ],
)
def test_an_invalid_request_is_rejected_and_creates_nothing(
    api: Api, services: Services, change: dict[str, Any], code: str, message: str
) -> None:
    body = {name: value for name, value in {**a_body(), **change}.items() if value is not None}

    answer = api.post("/tasks", body)

    assert answer.code == code
    assert message in answer.json["message"]
    assert ids(api) == []
    assert received(services.settings) == []


def test_an_empty_source_is_rejected(api: Api) -> None:
    assert api.post("/tasks", a_body(content=b"")).code == "400 EmptySource"


def test_unknown_tasks_runs_and_subtasks_are_not_found(api: Api) -> None:
    path = f"/tasks/{a_task(api)['taskId']}"

    for identifier in ("0" * 26, "nope", "x" * 3000, "%F0%9F%98%80", "TOKEN"):
        assert api.get(f"/tasks/{identifier}").code == "404 TaskNotFound"
        for move in ("end", "restart", "cancel"):
            assert api.post(f"/tasks/{identifier}/{move}").code == "404 TaskNotFound"
        assert api.get(f"/tasks/{identifier}/source").code == "404 TaskNotFound"
        assert api.get(f"/tasks/{identifier}/subtasks/1").code == "404 TaskNotFound"
    assert api.get(path, run=2).code == "404 RunNotFound"
    for rest in ("", "/outputs", "/download"):
        assert api.get(f"{path}/subtasks/2{rest}").code == "404 SubtaskNotFound"
        assert api.get(f"{path}/subtasks/1{rest}", run=7).code == "404 RunNotFound"
        assert api.get(f"{path}/subtasks/one{rest}").code == "400 InvalidRequest"
        assert api.get(f"{path}/subtasks/1{rest}", run=0).code == "400 InvalidRequest"


def test_a_subtask_is_shown_in_full(api: Api, services: Services, blink: bytes) -> None:
    made = worked(api, services, a_task(api, content=blink, subtasks=[COVER, LATE]))
    assert made["outcome"] == "PARTIALLY_FAILED"

    good = api.get(f"/tasks/{made['taskId']}/subtasks/1").json
    bad = api.get(f"/tasks/{made['taskId']}/subtasks/2").json

    assert {name: good[name] for name in made["subtasks"][0]} == made["subtasks"][0]
    assert set(good) - set(made["subtasks"][0]) == {"params", "attempts", "outputs", "result", "warnings"}
    assert (good["params"], good["progress"], good["result"]) == ({"at": [0.0]}, 100, None)
    (attempt,) = good["attempts"]
    assert (attempt["attempt"], attempt["error"]) == (1, None)
    assert attempt["commands"][0].startswith("ffmpeg -nostdin")
    assert "/tmp" not in str(attempt)  # noqa: S108 - paths of the worker are private
    assert {"download", "operation", "upload"} == set(attempt["seconds"])
    (output,) = good["outputs"]
    assert (output["fileName"], output["contentType"], output["number"]) == (
        "a-cover.jpg",
        "image/jpeg",
        None,
    )
    assert (output["facts"]["width"], output["size"] > 0) == (160, True)
    assert bad["outputs"] == []
    assert bad["attempts"][0]["error"] == bad["error"] == made["error"]
    assert bad["error"]["code"] == "ParameterError.PastTheEnd"


def test_a_running_subtask_has_no_outputs_yet(api: Api, services: Services) -> None:
    made = a_task(api)
    services.tasks.claim(SubtaskRef(made["taskId"], 1, 1), services.now(), services.now() + 60_000, 3)

    assert api.get(f"/tasks/{made['taskId']}/subtasks/1").json["outputs"] == []
    for rest in ("outputs", "download"):
        answer = api.get(f"/tasks/{made['taskId']}/subtasks/1/{rest}")
        assert (answer.code, answer.json["details"]) == ("409 NoOutputs", {"status": "IN_PROGRESS"})


def test_an_outage_of_aws_is_a_503_and_a_bug_is_a_500(api: Api, services: Services) -> None:
    with outage("GetItem"):
        assert api.get("/tasks/" + "0" * 26).code == "503 ServiceBusy"
    made = a_task(api)
    key = {"pk": {"S": made["taskId"]}, "sk": {"S": "TASK"}}
    client("dynamodb").update_item(
        TableName=services.settings.tasks_table,
        Key=key,
        UpdateExpression="SET subtasks = :s",
        ExpressionAttributeValues={":s": {"S": "spoiled"}},
    )

    answer = api.get(f"/tasks/{made['taskId']}")

    assert answer.code == "500 InternalError"
    assert answer.json["message"].startswith("internal error; the function's log has the details")
    assert "details" not in answer.json
