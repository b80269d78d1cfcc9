"""The API's links: they return the right file under the right name."""

import zlib
from dataclasses import replace
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, unquote
from zipfile import ZipFile

import pytest

from functions.task_api import files
from shared.domain import zip_layout as archive
from shared.domain.attempt_record import AttemptRecord
from shared.domain.page_token import write_token
from shared.domain.subtask import Lease
from shared.services import Services
from shared.use_cases import downloads
from shared.use_cases.downloads import ZipLocation
from tests.functions.api_tasks import COVER, MOMENT, ODD, SHOTS, a_task, fetched, query, worked
from tests.support.attempts import tags
from tests.support.deployment import client, keys, made_once, put
from tests.support.functions import Api
from tests.support.outages import Answer, calls, meanwhile

MIB = 1024**2


def queried(location: str) -> dict[str, str]:
    """Return the query of a relative address."""
    return {name: values[0] for name, values in parse_qs(location.removeprefix("?")).items()}


def record_of(services: Services, task: dict[str, Any]) -> tuple[Lease, AttemptRecord]:
    """Return the record of the task's second subtask."""
    lease = Lease(task["taskId"], 1, 2, attempt=1)
    record = services.tasks.get_record(lease.task_id, lease.record)
    assert record
    return lease, record


def large(services: Services, task: dict[str, Any]) -> list[bytes]:
    """Make the outputs of a task's second subtask large, so that they take several parts; return their new contents."""
    lease, record = record_of(services, task)
    contents = [bytes(range(256)) * (size // 256) for size in (11 * MIB, 6 * MIB)]
    outputs = []
    for output, content in zip(record.outputs, contents, strict=True):
        put(output.key, content, output.bucket)
        outputs.append(replace(output, size=len(content), crc32=zlib.crc32(content)))
    services.tasks.put_record(lease, replace(record, outputs=tuple(outputs)))
    return contents


def forget_checksums(services: Services, task: dict[str, Any]) -> None:
    lease, record = record_of(services, task)
    outputs = tuple(replace(output, crc32=None) for output in record.outputs)
    assert None not in {output.crc32 for output in record.outputs}
    services.tasks.put_record(lease, replace(record, outputs=outputs))


@pytest.fixture
def done(api: Api, services: Services, blink: bytes) -> dict[str, Any]:
    """A task with one file of its first subtask and two of its second."""
    return made_once(
        "pictures", lambda: worked(api, services, a_task(api, key=ODD, content=blink, subtasks=[COVER, SHOTS]))
    )


def test_the_source_link_plays_the_pinned_version(api: Api) -> None:
    made = a_task(api, key=ODD, content=b"first")
    put(ODD, b"second")

    link = api.get(f"/tasks/{made['taskId']}/source").json

    assert set(link) == {"url", "expiresAt", "contentType"}
    assert link["contentType"] == query(link["url"])["response-content-type"] == "video/mp4"
    assert MOMENT.fullmatch(link["expiresAt"])
    assert query(link["url"])["response-content-disposition"].startswith("inline")
    assert fetched(link["url"]) == b"first"


def test_outputs_can_be_played_and_saved(api: Api, done: dict[str, Any]) -> None:
    (output,) = api.get(f"/tasks/{done['taskId']}/subtasks/1/outputs").json["outputs"]

    assert f"s3://{output['bucket']}/{output['key']}" == done["subtasks"][0]["output"]
    assert output["fileName"] == "Ü +%25, é 予告編 😀-cover.jpg"
    assert fetched(output["url"]) == fetched(output["downloadUrl"])
    assert len(fetched(output["url"])) == output["size"]
    assert query(output["url"])["response-content-disposition"].startswith("inline")
    saved = query(output["downloadUrl"])["response-content-disposition"]
    assert saved.startswith("attachment")
    assert unquote(saved).endswith(output["fileName"])


def test_a_download_redirects_to_the_file(api: Api, done: dict[str, Any]) -> None:
    answer = api.get(f"/tasks/{done['taskId']}/subtasks/1/download")

    assert (answer.status, answer.text) == (302, "")
    assert fetched(answer.headers["location"])[:3] == b"\xff\xd8\xff"
    assert query(answer.headers["location"])["response-content-disposition"].startswith("attachment")


def send_ready(api: Api, path: str, **query: Any) -> str:  # noqa: ANN401
    """Follow redirects as a browser does; return the first URL outside the API."""
    for _ in range(20):
        answer = api.get(path, **query)
        assert (answer.status, answer.text) == (302, "")
        if not answer.headers["location"].startswith("?"):
            return answer.headers["location"]
        query = queried(answer.headers["location"])
    pytest.fail("a browser would stop following redirects")


def unpacked(content: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(content)) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


def test_one_of_several_files_can_be_downloaded_by_its_number(api: Api, done: dict[str, Any]) -> None:
    path = f"/tasks/{done['taskId']}/subtasks/2"
    outputs = api.get(f"{path}/outputs").json["outputs"]

    second = api.get(f"{path}/download", number=2)

    assert [output["number"] for output in outputs] == [1, 2]
    assert fetched(second.headers["location"]) == fetched(outputs[1]["url"])
    assert api.get(f"{path}/download", number=3).code == "404 OutputNotFound"
    assert api.get(f"{path}/download", number=0).code == "400 InvalidRequest"


def test_several_files_are_downloaded_as_one_zip_that_later_requests_reuse(api: Api, done: dict[str, Any]) -> None:
    path = f"/tasks/{done['taskId']}/subtasks/2"
    outputs = api.get(f"{path}/outputs").json["outputs"]

    url = send_ready(api, f"{path}/download")
    saved = query(url)
    with calls() as made:
        again = send_ready(api, f"{path}/download")

    assert "CreateMultipartUpload" not in made
    assert unpacked(fetched(url)) == {output["fileName"]: fetched(output["url"]) for output in outputs}
    assert fetched(again) == fetched(url)
    assert saved["response-content-type"] == "application/zip"
    assert unquote(saved["response-content-disposition"]).endswith("''Ü +%25, é 予告編 😀-shots.zip")


@pytest.mark.parametrize("accept", ["application/json", "text/html;q=0.5, Application/JSON;q=0.9"])
def test_a_request_that_accepts_json_gets_the_link_in_the_body(api: Api, done: dict[str, Any], accept: str) -> None:
    path = f"/tasks/{done['taskId']}/subtasks"
    asks: dict[str, object] = {"headers": {"accept": accept}}

    one, several = (api.ask("GET", f"{path}/{no}/download", event_says=asks) for no in (1, 2))

    for answer in (one, several):
        assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
        assert set(answer.json) == {"url", "expiresAt", "contentType"}
        assert MOMENT.fullmatch(answer.json["expiresAt"])
        assert "location" not in answer.headers
    assert one.json["contentType"] == "image/jpeg"
    assert fetched(one.json["url"])[:3] == b"\xff\xd8\xff"
    assert several.json["contentType"] == "application/zip"
    assert len(unpacked(fetched(several.json["url"]))) == 2


@pytest.mark.parametrize("accept", ["*/*", "text/html,application/xhtml+xml,*/*;q=0.8", "application/jsonp", ""])
def test_all_other_requests_are_redirected_to_the_file(api: Api, done: dict[str, Any], accept: str) -> None:
    path = f"/tasks/{done['taskId']}/subtasks/1/download"

    answer = api.ask("GET", path, event_says={"headers": {"accept": accept}})

    assert (answer.status, answer.text) == (302, "")


def test_a_slow_zip_redirects_requests_that_accept_json_to_this_path_again(
    api: Api, services: Services, done: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    large(services, done)
    monkeypatch.setattr(files, "ZIP_MILLISECONDS", 0)  # one part a request
    path = f"/tasks/{done['taskId']}/subtasks/2/download"
    asks: dict[str, object] = {"headers": {"accept": "application/json"}}

    first = api.ask("GET", path, event_says=asks)
    last = first
    while last.status == 302:
        last = api.ask("GET", path, query=queried(last.headers["location"]), event_says=asks)

    assert first.headers["location"].startswith("?resume=")
    assert (last.status, last.json["contentType"]) == (200, "application/zip")


def test_a_zip_is_not_an_output_and_expires(api: Api, done: dict[str, Any]) -> None:
    path = f"/tasks/{done['taskId']}/subtasks/2"
    before = api.get(f"{path}/outputs").json["outputs"]

    send_ready(api, f"{path}/download")

    (key,) = [key for key in keys() if key.endswith(".zip")]
    assert key == f"{before[0]['key'].rpartition('/')[0]}/{done['taskId']}-2.zip"
    assert tags(key) == [{"Key": "reelmill", "Value": "attempt"}]
    assert [one["key"] for one in api.get(f"{path}/outputs").json["outputs"]] == [one["key"] for one in before]


@pytest.mark.parametrize("run", [None, 1])
def test_a_zip_that_takes_longer_than_a_request_is_resumed(
    api: Api, services: Services, done: dict[str, Any], monkeypatch: pytest.MonkeyPatch, run: int | None
) -> None:
    rewritten = large(services, done)
    monkeypatch.setattr(files, "ZIP_MILLISECONDS", 0)  # one part a request
    path = f"/tasks/{done['taskId']}/subtasks/2/download"
    asked = {} if run is None else {"run": run}

    first = api.get(path, **asked)
    url = send_ready(api, path, **asked)

    assert first.headers["location"].startswith("?")
    assert list(unpacked(fetched(url)).values()) == rewritten


def test_parts_are_copied_within_s3_without_passing_through_the_function(
    api: Api, services: Services, done: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rewritten = large(services, done)
    monkeypatch.setattr(archive, "COPIED_PART", 5 * MIB)

    with calls() as made:
        url = send_ready(api, f"/tasks/{done['taskId']}/subtasks/2/download")

    assert list(unpacked(fetched(url)).values()) == rewritten
    assert (made.count("UploadPartCopy"), made.count("UploadPart")) == (1, 3)


def test_files_without_a_stored_checksum_are_read_for_it(
    api: Api, services: Services, done: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/tasks/{done['taskId']}/subtasks/2"
    outputs = api.get(f"{path}/outputs").json["outputs"]
    forget_checksums(services, done)

    with monkeypatch.context() as small:
        small.setattr(downloads, "UNCHECKED_BYTES", 1)
        refused = api.get(f"{path}/download")
    url = send_ready(api, f"{path}/download")

    assert (refused.code, refused.json["details"]) == ("409 SeveralOutputs", {"numbers": [1, 2]})
    assert list(unpacked(fetched(url)).values()) == [fetched(output["url"]) for output in outputs]


def test_every_request_resumes_the_zip_that_is_being_made(
    api: Api, services: Services, done: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rewritten = large(services, done)
    monkeypatch.setattr(files, "ZIP_MILLISECONDS", 0)  # one part a request
    path = f"/tasks/{done['taskId']}/subtasks/2/download"

    with calls() as made:
        *led, last = [api.get(path).headers["location"] for _ in range(4)]

    assert all(location.startswith("?resume=") for location in led)
    assert list(unpacked(fetched(last)).values()) == rewritten
    assert (made.count("CreateMultipartUpload"), made.count("UploadPart")) == (1, 3)


def test_simultaneous_requests_put_all_parts_into_one_zip(
    api: Api, services: Services, done: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rewritten = large(services, done)
    monkeypatch.setattr(files, "ZIP_MILLISECONDS", 0)
    path = f"/tasks/{done['taskId']}/subtasks/2/download"

    with calls() as made, meanwhile("CreateMultipartUpload", lambda: api.get(path)):
        url = send_ready(api, path)

    (left,) = client("s3").list_multipart_uploads(Bucket="output")["Uploads"]
    assert "Parts" not in client("s3").list_parts(Bucket="output", Key=left["Key"], UploadId=left["UploadId"])
    assert list(unpacked(fetched(url)).values()) == rewritten
    assert (made.count("CreateMultipartUpload"), made.count("UploadPart")) == (2, 3)


@pytest.mark.parametrize("call", ["ListParts", "UploadPart", "CompleteMultipartUpload"])
def test_a_request_redirects_to_the_zip_that_another_one_completed_meanwhile(
    api: Api, done: dict[str, Any], call: str
) -> None:
    path = f"/tasks/{done['taskId']}/subtasks/2/download"

    def completed() -> Answer:
        send_ready(api, path)
        return Answer("NoSuchUpload", 404)  # as S3 responds; moto fails for a part of such an upload

    with calls() as made, meanwhile(call, completed):
        url = send_ready(api, path)

    assert len(unpacked(fetched(url))) == 2
    assert made.count("CreateMultipartUpload") == 1


@pytest.mark.parametrize("token", ["x", "null", "WzEsMl0", write_token("upload", ZipLocation("output", "other.zip"))])
def test_a_zip_is_resumed_only_with_its_own_token(api: Api, done: dict[str, Any], token: str) -> None:
    answer = api.get(f"/tasks/{done['taskId']}/subtasks/2/download", resume=token)

    assert answer.code == "400 InvalidResume"


def test_an_aborted_zip_is_begun_again(api: Api, done: dict[str, Any]) -> None:
    path = f"/tasks/{done['taskId']}/subtasks/2"
    key = f"{api.get(f'{path}/outputs').json['outputs'][0]['key'].rpartition('/')[0]}/{done['taskId']}-2.zip"

    url = send_ready(api, f"{path}/download", resume=write_token("gone", ZipLocation("output", key)))

    assert len(unpacked(fetched(url))) == 2


def test_a_zip_of_a_deleted_file_is_rejected(api: Api, done: dict[str, Any]) -> None:
    path = f"/tasks/{done['taskId']}/subtasks/2"
    outputs = api.get(f"{path}/outputs").json["outputs"]
    client("s3").delete_object(Bucket="output", Key=outputs[1]["key"])

    assert api.get(f"{path}/download").code == "404 OutputNotFound"


def test_the_files_of_an_earlier_run_stay_available(api: Api, services: Services, done: dict[str, Any]) -> None:
    path = f"/tasks/{done['taskId']}"
    before = api.get(f"{path}/subtasks/1/outputs").json["outputs"][0]
    again = worked(api, services, api.post(f"{path}/restart").json)

    old = api.get(f"{path}/subtasks/1/outputs", run=1).json["outputs"][0]
    new = api.get(f"{path}/subtasks/1/outputs").json["outputs"][0]

    assert again["run"] == 2
    assert old["key"] == before["key"] != new["key"]
    assert fetched(old["url"]) == fetched(new["url"])
    assert api.get(f"{path}/subtasks/1/download", run=1).status == 302
    assert len(keys()) == 6
