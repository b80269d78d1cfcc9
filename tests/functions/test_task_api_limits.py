"""Limits of requests, headers that restrict browsers, and what links permit and for how long."""

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from botocore.exceptions import BotoCoreError, ClientError

from functions.task_api.requests import BODY_BYTES, MAX_DEPTH, MAX_INTEGER
from shared.services import Services
from shared.stores.presigned_links import SINGLE_UPLOAD_BYTES
from shared.use_cases.downloads import REDIRECT_SECONDS
from shared.use_cases.links import LINK_SECONDS
from tests.functions.api_tasks import COVER, SHOTS, a_body, a_task, worked
from tests.support.deployment import client, put
from tests.support.functions import ELSEWHERE, Answer, Api, logged
from tests.support.outages import outage


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def posted(api: Api, text: str, path: str = "/orchestrations/match", **says: Any) -> Answer:  # noqa: ANN401
    """Send a body unchanged."""
    return api.ask("POST", path, event_says={"body": text, **says})


def of_size(size: int) -> str:
    """Return a valid body of that many bytes."""
    return '{"key": "a.mp4"}'.ljust(size)


def test_a_body_has_at_most_64_kib_in_every_encoding(api: Api) -> None:
    for extra, code in ((0, None), (1, "413 BodyTooLarge")):
        text = of_size(BODY_BYTES + extra)
        coded = base64.b64encode(text.encode()).decode()
        unread = "/orchestrations/x/enable"  # has no body
        answers = [posted(api, text), posted(api, coded, isBase64Encoded=True), posted(api, text, unread)]
        if code:
            assert {answer.code for answer in answers} == {code}
        else:
            assert [answer.status for answer in answers] == [200, 200, 404]
    assert posted(api, "é" * (BODY_BYTES // 2 + 1)).code == "413 BodyTooLarge"


def test_json_that_nests_too_deep_is_rejected(api: Api) -> None:
    def nested(levels: int) -> str:
        return json.dumps({"key": "a.mp4", "bucket": json.loads("[" * (levels - 1) + "]" * (levels - 1))})

    assert posted(api, nested(MAX_DEPTH)).json["message"].startswith("body.bucket: ")  # not a string
    assert f"deeper than {MAX_DEPTH} levels" in posted(api, nested(MAX_DEPTH + 1)).json["message"]
    assert "deeper" in posted(api, "[" * 60_000).json["message"]


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", str(MAX_INTEGER), "-" + "9" * 5000]
)
def test_a_number_that_is_not_finite_or_out_of_range_is_rejected_everywhere(api: Api, number: str) -> None:
    for text in (f'{{"key": "a", "size": {number}}}', f'{{"key": "a", "size": [{{"x": {number}}}]}}'):
        answer = posted(api, text)

        assert answer.code == "400 InvalidRequest"
        assert "is not a number that the API accepts" in answer.json["message"]
        assert len(answer.text) < 300


def test_the_last_value_of_a_repeated_name_is_checked_and_used(api: Api) -> None:
    twice = '{"key": "a.mp4", "size": 5, "size": 0}'

    assert posted(api, twice).json["verdict"] == "EMPTY_OBJECT"
    assert posted(api, '{"size": 5, "key": "a.mp4", "size": -1}').code == "400 InvalidRequest"


@pytest.mark.parametrize("text", ["\x00", "a\x1b[2J", "\x7f", "\x9b2J", "\ud800", "x\udc00"])
def test_control_characters_and_lone_surrogates_are_rejected(api: Api, text: str) -> None:
    for body, where in (
        ({"key": text}, "body.key: "),
        ({"key": "a", text: 1}, "body: "),
        ({"key": [{"a": text}]}, "body.key.0.a: "),
    ):
        answer = api.post("/orchestrations/match", body)

        assert answer.code == "400 InvalidRequest"
        assert answer.json["message"].startswith(f"{where}contains ")
    asked = api.ask("GET", "/tasks", event_says={"queryStringParameters": {"sourceKey": text}})
    assert asked.json["message"].startswith("query.sourceKey: contains ")
    assert api.get(f"/tasks/{text}").json["message"].startswith("path: contains ")


def test_line_ends_and_tabs_are_accepted(api: Api) -> None:
    assert a_task(api, sessionContext="a\tb\r\nc 😀")["sessionContext"] == "a\tb\r\nc 😀"


@pytest.mark.parametrize("body", ["[]", '[{"key": "a.mp4"}]', "5", "true", '"x"'])
def test_a_body_must_be_one_object(api: Api, body: str) -> None:
    assert posted(api, body).json["message"] == "body: must be a JSON object"


def test_an_empty_form_is_not_a_document_without_fields(api: Api) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    put("uploads/a.mp4", b"1")

    assert posted(api, "", "/uploads/backfill", headers=form).code == "400 InvalidRequest"
    assert posted(api, "a=b", "/uploads/backfill", headers=form).code == "415 UnsupportedMediaType"
    assert api.get("/tasks").json["tasks"] == []
    made = a_task(api)["taskId"]
    assert posted(api, "", f"/tasks/{made}/end", headers=form).status == 200  # as `curl -d ''` sends it


def test_a_long_address_is_not_repeated(api: Api) -> None:
    answer = api.get("/" + "x" * 8000)

    assert answer.code == "404 NotFound"
    assert len(answer.text) < 400


@pytest.mark.parametrize("bucket", ["xn--a", "a..b", "192.168.0.1"])
def test_a_bucket_that_cannot_exist_is_not_found(api: Api, bucket: str) -> None:
    source = {"bucket": bucket, "key": "a"}

    assert api.post("/tasks", {"source": source, "subtasks": [COVER]}).code == "404 SourceNotFound"
    assert api.post("/uploads/backfill", {"bucket": bucket}).code == "404 BucketNotFound"


@pytest.mark.parametrize("bucket", [*ELSEWHERE, "in put", "../x", "Input", "a_b", "-ab", "ab.", "ééé", "abc\n"])
def test_a_bucket_name_that_would_send_a_signed_request_elsewhere_is_rejected(api: Api, bucket: str) -> None:
    for answer, where in (
        (api.post("/tasks", a_body(source={"bucket": bucket, "key": "a"})), "body.source.bucket"),
        (api.post("/uploads/backfill", {"bucket": bucket}), "body.bucket"),
        (api.post("/orchestrations/match", {"bucket": bucket, "key": "a"}), "body.bucket"),
        (
            api.put("/orchestrations/x", {"trigger": {"bucket": bucket}, "subtasks": [COVER]}),
            "body.trigger.bucket",
        ),
    ):
        assert answer.code == "400 InvalidRequest"
        assert answer.json["message"].startswith(f"{where}: a bucket name consists of ")
    assert api.get("/orchestrations/x").status == 404


class Unreachable(BotoCoreError):
    """A connection error of botocore."""

    fmt = 'Could not connect to the endpoint URL: "https://x-123456789012.s3-accesspoint.us-east-1.amazonaws.com/"'


DENIED = "User: arn:aws:sts::123456789012:assumed-role/TaskApiRole/f is not authorized to perform this action"


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (Unreachable(), "Unreachable", Unreachable.fmt),
        (ClientError({"Error": {"Code": "AccessDenied", "Message": DENIED}}, "Any"), "AccessDenied", DENIED),
    ],
)
@pytest.mark.parametrize(
    ("service", "call", "path", "body"),
    [
        ("S3", "CreateMultipartUpload", "/uploads", {"key": "a.mp4", "size": SINGLE_UPLOAD_BYTES + 1}),
        ("DynamoDB", "GetItem", f"/tasks/{'0' * 26}/end", None),
    ],
)
def test_a_failed_call_to_aws_shows_its_code_and_logs_the_rest(  # noqa: PLR0913, PLR0917 - pytest's way
    api: Api,
    caplog: pytest.LogCaptureFixture,
    service: str,
    call: str,
    path: str,
    body: object,
    error: Exception,
    code: str,
    text: str,
) -> None:
    with outage(call, error=error):
        answer = api.post(path, body)

    message = f"{service} did not answer as it should"
    assert (answer.code, answer.json["message"]) == ("503 ServiceBusy", f"{message}: {code}")
    assert text in logged(caplog, message)["reason"]


@pytest.mark.parametrize("path", ["/health", "/tasks", "/nope", "/tasks/x", "/docs", "/openapi.json"])
def test_no_response_is_sniffed_framed_or_cached(api: Api, path: str) -> None:
    for answer in (api.get(path), Api(None).get(path)):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "frame-ancestors 'none'" in policy
        assert "sandbox" in policy or answer.headers["content-type"] == "text/html"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert (answer.headers["referrer-policy"], answer.headers["cache-control"]) == ("no-referrer", "no-store")


EXTENSIONS = ("html", "htm", "svg", "xml", "xhtml", "js", "mpd", "pdf", "swf", "mhtml", "unknown", "")


@pytest.mark.parametrize(
    "key",
    [*(f"uploads/film.{extension}" for extension in EXTENSIONS), "data:image/svg+xml (,x", "data:image/jpeg,x.svg"],
)
def test_a_source_that_a_browser_might_run_is_saved_as_bytes(api: Api, key: str) -> None:
    client("s3").put_object(Bucket="input", Key=key, Body=b"<script>alert(1)</script>", ContentType="text/html")
    made = api.post("/tasks", {"source": {"bucket": "input", "key": key}, "subtasks": [COVER]}).json

    link = api.get(f"/tasks/{made['taskId']}/source").json
    answer = requests.get(link["url"], timeout=10)

    assert link["contentType"] == answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment; ")


def test_a_link_to_an_output_expires_when_it_is_not_needed_any_more(api: Api, services: Services, blink: bytes) -> None:
    made = worked(api, services, a_task(api, content=blink, subtasks=[COVER, SHOTS]))
    path = f"/tasks/{made['taskId']}/subtasks"

    (output,) = api.get(f"{path}/1/outputs").json["outputs"]
    redirects = [api.get(f"{path}/{no}/download").headers["location"] for no in (1, 2)]

    assert {query(output[name])["X-Amz-Expires"] for name in ("url", "downloadUrl")} == {str(LINK_SECONDS)}
    assert [query(url)["X-Amz-Expires"] for url in redirects] == [str(REDIRECT_SECONDS)] * 2
    for url in (output["url"], *redirects):
        other = url.replace(urlsplit(url).path, "/uploads/a.mp4")
        assert query(other)["X-Amz-SignedHeaders"] == "host"  # the signature covers the path, which is one object


def test_an_upload_link_accepts_only_the_requested_size_and_type(api: Api) -> None:
    grant = api.post("/uploads", {"key": "a.mp4", "size": 7, "contentType": "video/mp4"}).json

    assert query(grant["url"])["X-Amz-SignedHeaders"] == "content-length;content-type;host"
    assert grant["headers"] == {"Content-Type": "video/mp4"}


def test_the_link_of_a_part_accepts_only_the_size_of_that_part(api: Api) -> None:
    def parts(size: int) -> list[dict[str, str]]:
        return [query(part["url"]) for part in api.post("/uploads", {"key": "a.mp4", "size": size}).json["parts"]]

    grant = parts(SINGLE_UPLOAD_BYTES + 1)

    assert {part["X-Amz-SignedHeaders"] for part in grant} == {"content-length;host"}


def test_an_invalid_address_is_an_error_of_the_caller(api: Api) -> None:
    assert api.get("/tasks/x", run=10**400).code == "400 InvalidRequest"
    assert api.get(f"/tasks/x/subtasks/{'9' * 5000}").code == "400 InvalidRequest"
    assert api.post("/tasks", a_body(priority="5")).code == "400 InvalidRequest"
    assert api.get("/tasks", createdAfter="1750000000").code == "400 InvalidRequest"


@pytest.mark.parametrize(("path", "known"), [("/tasks", "use status, outcome, "), ("/health", "this route has none")])
def test_an_unknown_query_parameter_is_rejected(api: Api, path: str, known: str) -> None:
    refused = api.get(path, stauts="FAILED")

    assert refused.code == "400 InvalidRequest"
    assert refused.json["message"].startswith(f"query.stauts: unknown parameter; {known}")
