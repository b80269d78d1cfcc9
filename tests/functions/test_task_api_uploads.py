"""The API's uploads: their calls, the verdicts on them, and backfills."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from shared.domain.upload import Upload
from shared.services import Services
from shared.stores.presigned_links import MAX_UPLOAD_BYTES, SINGLE_UPLOAD_BYTES
from shared.use_cases.uploads import accept_upload
from tests.functions.api_tasks import MOMENT
from tests.support.deployment import client, keys, put, received
from tests.support.functions import Api
from tests.support.outages import outage

ODD = "uploads/Ü +%25, é 予告編 😀.mp4"
AT = 1_750_000_000_000


def uploaded(services: Services, key: str = "uploads/a.mp4", at: int = AT, **fields: Any) -> None:  # noqa: ANN401
    """Accept an upload, as its event does."""
    accept_upload(services, Upload(**{"bucket": "input", "key": key, "size": 7, "e_tag": "etag", "at": at, **fields}))


def verdicts(api: Api, **query: Any) -> list[tuple[str, str]]:  # noqa: ANN401
    """Return the verdicts of a list, each with its key."""
    answer = api.get("/uploads/verdicts", **query)
    assert answer.status == 200
    return [(one["key"], one["verdict"]) for one in answer.json["verdicts"]]


def backfilled(api: Api, **body: Any) -> list[tuple[str, str]]:  # noqa: ANN401
    """Backfill page by page; return all verdicts, each with its key."""
    found, token = [], None
    while True:
        answer = api.post("/uploads/backfill", {**body, **({"nextToken": token} if token else {})})
        assert answer.status == 200
        found += [(one["key"], one["verdict"]) for one in answer.json["verdicts"]]
        token = answer.json["nextToken"]
        if token is None:
            return found


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_a_small_upload_is_one_put(api: Api) -> None:
    answer = api.post("/uploads", {"key": ODD, "size": 4, "contentType": "video/mp4"})

    assert answer.status == 201
    plan = answer.json
    assert (plan["bucket"], plan["key"], plan["method"]) == ("input", ODD, "PUT")
    assert plan["headers"] == {"Content-Type": "video/mp4"}
    assert [plan[name] for name in ("uploadId", "partSize", "parts", "complete", "abort")] == [None] * 5
    assert MOMENT.fullmatch(plan["expiresAt"])
    requests.put(plan["url"], data=b"film", headers=plan["headers"], timeout=10).raise_for_status()
    assert keys("input") == [ODD]


def test_an_upload_over_100_mb_is_in_parts(api: Api) -> None:
    assert api.post("/uploads", {"key": "uploads/a.mp4", "size": SINGLE_UPLOAD_BYTES}).json["parts"] is None

    plan = api.post("/uploads", {"key": "uploads/a.mp4", "size": SINGLE_UPLOAD_BYTES + 1}).json

    assert (plan["method"], plan["url"], plan["headers"]) == (None, None, None)
    assert plan["partSize"] * len(plan["parts"]) > SINGLE_UPLOAD_BYTES
    assert [part["number"] for part in plan["parts"]] == list(range(1, len(plan["parts"]) + 1))
    assert {query(part["url"])["uploadId"] for part in plan["parts"]} == {plan["uploadId"]}
    assert (plan["complete"]["method"], plan["abort"]["method"]) == ("POST", "DELETE")
    etag = requests.put(plan["parts"][0]["url"], data=b"film", timeout=10).headers["ETag"]
    document = (
        f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
    )
    requests.post(plan["complete"]["url"], data=document, timeout=10).raise_for_status()
    assert keys("input") == ["uploads/a.mp4"]


def test_new_links_of_an_upload_keep_the_parts_that_it_has(api: Api) -> None:
    asked = {"key": ODD, "size": SINGLE_UPLOAD_BYTES + 1}
    first = api.post("/uploads", asked).json
    etag = requests.put(first["parts"][0]["url"], data=b"film", timeout=10).headers["ETag"]

    renewed = api.post("/uploads/renewals", {**asked, "uploadId": first["uploadId"]})

    assert renewed.status == 200
    second = renewed.json
    for name in ("bucket", "key", "uploadId", "partSize"):
        assert second[name] == first[name]
    assert [part["number"] for part in second["parts"]] == [part["number"] for part in first["parts"]]
    document = (
        f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
    )
    requests.post(second["complete"]["url"], data=document, timeout=10).raise_for_status()
    assert keys("input") == [ODD]


def test_an_upload_in_one_request_has_nothing_to_renew(api: Api) -> None:
    asked = {"key": "uploads/a.mp4", "size": SINGLE_UPLOAD_BYTES, "uploadId": "u"}

    assert api.post("/uploads/renewals", asked).code == "400 NotInParts"


@pytest.mark.parametrize("upload", ["", "a b", "a\n", "é", "u" * 1025])
def test_an_upload_id_has_only_visible_characters(api: Api, upload: str) -> None:
    asked = {"key": "uploads/a.mp4", "size": SINGLE_UPLOAD_BYTES + 1, "uploadId": upload}

    answer = api.post("/uploads/renewals", asked)

    assert answer.code == "400 InvalidRequest"
    assert answer.json["message"].startswith("body.uploadId: ")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"key": ""}, "body.key"),
        ({"key": "/a.mp4"}, "body.key"),
        ({"key": "uploads/"}, "body.key"),
        ({"key": "uploads/../a.mp4"}, "body.key"),
        ({"key": "a\nb.mp4"}, "body.key"),
        ({"key": "é" * 513}, "body.key"),
        ({"size": 0}, "body.size"),
        ({"size": MAX_UPLOAD_BYTES + 1}, "body.size"),
        ({"size": "big"}, "body.size"),
        ({"contentType": "video"}, "body.contentType"),
        ({"contentType": "video/mp4\r\nx: y"}, "body.contentType"),
        ({"bucket": "mine"}, "body.bucket"),
    ],
)
def test_an_invalid_upload_is_rejected_with_its_field(api: Api, change: dict[str, object], place: str) -> None:
    answer = api.post("/uploads", {"key": "uploads/a.mp4", "size": 1, **change})

    assert answer.code == "400 InvalidRequest"
    assert answer.json["message"].startswith(f"{place}: ")


def test_the_verdict_on_an_upload_shows_all_that_is_known_about_it(api: Api, services: Services) -> None:
    uploaded(services, ODD, version_id="v1", sequencer="0A")

    (shown,) = api.get("/uploads/verdicts").json["verdicts"]

    (task,) = api.get("/tasks").json["tasks"]
    assert shown == {
        "id": task["taskId"],
        "bucket": "input",
        "key": ODD,
        "versionId": "v1",
        "eTag": "etag",
        "size": 7,
        "uploadedAt": "2025-06-15T15:06:40.000Z",
        "verdict": "MATCHED",
        "reason": "task created",
        "orchestration": "web-video",
        "taskId": task["taskId"],
    }


def test_an_upload_without_a_task_shows_the_reason(api: Api, services: Services) -> None:
    uploaded(services, "uploads/a.txt")

    (shown,) = api.get("/uploads/verdicts").json["verdicts"]

    assert (shown["verdict"], shown["orchestration"], shown["taskId"]) == ("WRONG_FORMAT", "web-video", None)
    assert shown["reason"].startswith("unsupported format 'txt'")
    assert (shown["versionId"], api.get("/tasks").json["tasks"]) == (None, [])


def test_verdicts_are_found_by_key_by_verdict_and_by_time(api: Api, services: Services) -> None:
    uploaded(services, "elsewhere/a.mp4", AT)
    uploaded(services, ODD, AT + 1000)
    uploaded(services, "uploads/empty.mp4", AT + 2000, size=0)
    none, odd, empty = ("elsewhere/a.mp4", "NO_MATCH"), (ODD, "MATCHED"), ("uploads/empty.mp4", "EMPTY_OBJECT")
    second = "2025-06-15T15:06:41Z"

    assert verdicts(api) == [empty, odd, none]
    assert verdicts(api, key=ODD) == verdicts(api, verdict="MATCHED") == [odd]
    assert verdicts(api, key=ODD, verdict="NO_MATCH") == verdicts(api, key="nope") == []
    assert verdicts(api, uploadedAfter=second) == [empty, odd]
    assert verdicts(api, uploadedBefore=second) == [odd, none]
    assert verdicts(api, uploadedAfter=second, uploadedBefore="2025-06-15T17:06:41+02:00") == [odd]
    assert verdicts(api, uploadedAfter="2025-06-16") == []


def test_a_next_token_continues_its_own_list_of_verdicts_only(api: Api, services: Services) -> None:
    for number in range(5):
        uploaded(services, f"uploads/{number}.mp4", AT + number)

    first = api.get("/uploads/verdicts", maxResults=2).json
    second = api.get("/uploads/verdicts", maxResults=2, nextToken=first["nextToken"]).json
    third = api.get("/uploads/verdicts", maxResults=2, nextToken=second["nextToken"]).json

    seen = [one["key"] for page in (first, second, third) for one in page["verdicts"]]
    assert seen == [f"uploads/{number}.mp4" for number in (4, 3, 2, 1, 0)]
    assert third["nextToken"] is None
    other = api.get("/uploads/verdicts", verdict="MATCHED", nextToken=first["nextToken"])
    assert other.code == "400 InvalidNextToken"
    assert api.get("/uploads/verdicts", nextToken="nonsense").code == "400 InvalidNextToken"
    assert api.get("/uploads/verdicts", nextToken="").code == "400 InvalidNextToken"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("maxResults", 0),
        ("maxResults", 101),
        ("verdict", "GOOD"),
        ("verdict", "matched"),
        ("uploadedAfter", "yesterday"),
        ("uploadedBefore", "tomorrow"),
        ("key", "x" * 1025),
        ("nextToken", "x" * 201),
    ],
)
def test_an_invalid_filter_of_verdicts_is_rejected_by_name(api: Api, name: str, value: object) -> None:
    answer = api.get("/uploads/verdicts", **{name: value})

    assert answer.code == "400 InvalidRequest"
    assert [field["where"] for field in answer.json["details"]["fields"]] == [f"query.{name}"]


def test_a_backfill_creates_the_tasks_of_existing_objects_once(api: Api, services: Services) -> None:
    for key in ("uploads/a.mp4", ODD, "uploads/b.txt", "elsewhere/c.mp4"):
        put(key, b"film")
    put("uploads/d.mp4", b"")
    matched = {"uploads/a.mp4", ODD}

    foretold = backfilled(api, dryRun=True)
    assert api.get("/tasks").json["tasks"] == api.get("/uploads/verdicts").json["verdicts"] == []
    made = backfilled(api, maxResults=2)
    again = backfilled(api, maxResults=100)

    assert foretold == made
    assert [key for key, _ in made] == sorted(key for key, _ in made)
    assert {key for key, verdict in made if verdict == "MATCHED"} == matched
    assert {key for key, verdict in again if verdict == "DUPLICATE"} == matched
    assert dict(made) == {**dict(again), **dict.fromkeys(matched, "MATCHED")}
    assert {task["source"]["key"] for task in api.get("/tasks").json["tasks"]} == matched
    assert sorted(verdicts(api)) == sorted(made)
    assert len(received(services.settings)) == 2 * 3


def test_a_backfill_returns_each_verdict_as_the_list_does(api: Api) -> None:
    put("uploads/a.mp4", b"film")

    page = api.post("/uploads/backfill", {}).json

    assert page == {**api.get("/uploads/verdicts").json, "nextToken": None}
    (shown,) = page["verdicts"]
    assert shown["taskId"] == api.get("/tasks").json["tasks"][0]["taskId"]
    assert MOMENT.fullmatch(shown["uploadedAt"])
    assert shown["size"] == 4


def test_a_backfill_includes_only_what_it_names(api: Api) -> None:
    for key in ("uploads/a.mp4", "uploads/deep/b.mp4"):
        put(key, b"film")
    client("s3").create_bucket(Bucket="another")
    put("uploads/c.mp4", b"film", bucket="another")

    assert backfilled(api, dryRun=True, prefix="uploads/deep/") == [("uploads/deep/b.mp4", "MATCHED")]
    assert backfilled(api, dryRun=True, bucket="another") == [("uploads/c.mp4", "MATCHED")]
    assert backfilled(api, dryRun=True, modifiedAfter="2020-01-01T00:00:00Z", bucket="another") != []
    assert backfilled(api, dryRun=True, modifiedAfter="9999-01-01T00:00:00Z") == []
    assert backfilled(api, dryRun=True, prefix="nope/") == []


def test_the_tasks_of_a_backfill_can_wait_behind_all_others(api: Api) -> None:
    put("uploads/a.mp4", b"film")

    api.post("/uploads/backfill", {"priority": -5})

    (task,) = api.get("/tasks").json["tasks"]
    assert (task["priority"], task["queue"]) == (-5, "BACKGROUND")


def test_a_backfill_resumes_with_its_token_after_an_outage(api: Api) -> None:
    names = [f"uploads/{name}.mp4" for name in "abcd"]
    for name in names:
        put(name, b"film")
    first = api.post("/uploads/backfill", {"maxResults": 2}).json

    with outage("PutItem", after=3):  # after the first one's verdict, plan and task
        failed = api.post("/uploads/backfill", {"maxResults": 2, "nextToken": first["nextToken"]})
    second = api.post("/uploads/backfill", {"maxResults": 2, "nextToken": first["nextToken"]}).json

    assert failed.code == "503 ServiceBusy"
    assert [one["verdict"] for one in second["verdicts"]] == ["DUPLICATE", "MATCHED"]
    assert sorted(task["source"]["key"] for task in api.get("/tasks").json["tasks"]) == names


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"bucket": "nowhere"}, "404 BucketNotFound", "there is no bucket nowhere"),
        ({"bucket": "no such"}, "400 InvalidRequest", "body.bucket"),
        ({"bucket": "ab"}, "400 InvalidRequest", "body.bucket"),
        ({"prefix": "x" * 1025}, "400 InvalidRequest", "body.prefix"),
        ({"modifiedAfter": "yesterday"}, "400 InvalidRequest", "body.modifiedAfter"),
        ({"priority": 11}, "400 InvalidRequest", "body.priority"),
        ({"dryRun": "perhaps"}, "400 InvalidRequest", "body.dryRun"),
        ({"maxResults": 0}, "400 InvalidRequest", "body.maxResults"),
        ({"maxResults": 101}, "400 InvalidRequest", "body.maxResults"),
        ({"nextToken": "nonsense"}, "400 InvalidNextToken", "nextToken is not from this list"),
        ({"nextToken": ""}, "400 InvalidNextToken", "nextToken is not from this list"),
        ({"nextToken": "x" * 10_001}, "400 InvalidRequest", "body.nextToken"),
        ({"color": "red"}, "400 InvalidRequest", "body.color: unknown field"),
    ],
)
def test_an_invalid_backfill_is_rejected_and_creates_nothing(
    api: Api, change: dict[str, object], code: str, message: str
) -> None:
    put("uploads/a.mp4", b"film")

    answer = api.post("/uploads/backfill", change)

    assert answer.code == code
    assert message in answer.json["message"]
    assert api.get("/tasks").json["tasks"] == api.get("/uploads/verdicts").json["verdicts"] == []
