"""Uploads: every byte arrives once, in one request or in parts, and the right tasks are found."""

import os
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from cli import transfer
from tests.support.command import BUCKET, TASK_ID, RemoteService, Reply, Run, task

KEY = "uploads/film.mp4"
MATCHED = {"orchestration": "web-video", "verdict": "MATCHED", "reason": "it fits"}
NO_PARTS = {"uploadId": None, "partSize": None, "parts": None, "complete": None, "abort": None}


def takes_whole_files(service: RemoteService, key: str = KEY, *, version: str | None = "v1") -> None:
    """Let the service accept an upload in one request, which one orchestration matches."""
    service.answers("POST", "/api/uploads", Reply(whole_grant(service, key), 201))
    headers = {"ETag": '"e1"', **({"x-amz-version-id": version} if version else {})}
    service.answers("PUT", "/store/film", Reply(b"", headers=headers))
    service.answers("POST", "/api/orchestrations/match", {"matches": [MATCHED]})


def whole_grant(service: RemoteService, key: str) -> dict[str, Any]:
    """Return the permission to upload in one request."""
    return {
        "bucket": BUCKET,
        "key": key,
        "method": "PUT",
        "url": f"{service.store}/film?X-Amz-Signature=s",
        "headers": {"Content-Type": "video/mp4", "x-amz-meta-odd": "1"},
        "expiresAt": "2026-01-02T04:04:05.000Z",
        **NO_PARTS,
    }


def parts_grant(service: RemoteService, parts: int, size: int, *, version: str = "") -> dict[str, Any]:
    """Return the permission to upload in parts; newer links have a version."""
    return {
        "bucket": BUCKET,
        "key": KEY,
        "uploadId": "u",
        "partSize": size,
        "parts": [{"number": n, "url": f"{service.store}/part{n}{version}"} for n in range(1, parts + 1)],
        "complete": {"method": "POST", "url": f"{service.store}/complete{version}"},
        "abort": {"method": "DELETE", "url": f"{service.store}/abort"},
    }


def takes_parts(service: RemoteService, parts: int, size: int) -> None:
    """Let the service accept an upload in parts."""
    service.answers("POST", "/api/uploads", parts_grant(service, parts, size))
    for number in range(1, parts + 1):
        service.answers("PUT", f"/store/part{number}", Reply(b"", headers={"ETag": f'"tag{number}"'}))
    service.answers("DELETE", "/store/abort", Reply(b"", 204))
    joined = b'<CompleteMultipartUploadResult xmlns="x"><ETag>"whole-2"</ETag></CompleteMultipartUploadResult>'
    service.answers("POST", "/store/complete", Reply(joined, headers={"x-amz-version-id": "v1"}))
    service.answers("POST", "/api/orchestrations/match", {"matches": [MATCHED]})
    service.answers("GET", "/api/tasks", {"tasks": [task()]})


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Return a file of ten bytes."""
    path = tmp_path / "film.mp4"
    path.write_bytes(b"0123456789")
    return path


def test_a_file_arrives_with_the_signed_headers_and_without_credentials(
    here: Run, service: RemoteService, film: Path
) -> None:
    takes_whole_files(service)
    service.answers("GET", "/api/tasks", {"tasks": [task()]})

    ended = here("upload", film)

    asked = service.asked("POST", "/api/uploads")[0]
    assert asked.document == {"key": KEY, "size": 10, "contentType": "video/mp4"}
    put = service.asked("PUT", "/store/film")[0]
    assert put.body == b"0123456789"
    assert (put.headers["Content-Type"], put.headers["x-amz-meta-odd"]) == ("video/mp4", "1")
    assert put.headers["Content-Length"] == "10"
    assert "Transfer-Encoding" not in put.headers
    assert TASK_ID in ended.out
    assert f"s3://{BUCKET}/{KEY}" in ended.err
    assert ended.code == 0


def test_the_task_found_is_that_of_exactly_this_version(here: Run, service: RemoteService, film: Path) -> None:
    takes_whole_files(service)
    older = task(taskId="0" * 26, source={**task()["source"], "versionId": "v0"})
    service.answers("GET", "/api/tasks", {"tasks": [older]}, {"tasks": [task(), older]})

    ended = here("upload", film, "--json")

    assert ended.document == {
        "uploads": [{"bucket": BUCKET, "key": KEY, "versionId": "v1", "eTag": "e1", "tasks": [task()]}]
    }
    asked = service.asked("GET", "/api/tasks")[0].query
    assert asked["sourceKey"] == KEY
    assert asked["createdAfter"].endswith(".000Z")


def test_without_versions_the_etag_identifies_the_task(here: Run, service: RemoteService, film: Path) -> None:
    takes_whole_files(service, version=None)
    other = task(taskId="0" * 26, source={**task()["source"], "versionId": None, "eTag": "e0"})
    mine = task(source={**task()["source"], "versionId": None, "eTag": '"e1"'})
    service.answers("GET", "/api/tasks", {"tasks": [other, mine]})

    ended = here("upload", film, "--json")

    assert ended.document["uploads"][0]["tasks"] == [mine]


def test_wait_watches_the_task_and_fails_with_it(here: Run, service: RemoteService, film: Path) -> None:
    takes_whole_files(service)
    service.answers("GET", "/api/tasks", {"tasks": [task(status="WAITING", outcome=None)]})
    service.answers("GET", f"/api/tasks/{TASK_ID}", task(outcome="FAILED"))

    ended = here("upload", film, "--wait", "--json")

    assert ended.code == 1
    assert ended.document["uploads"][0]["tasks"] == [task(outcome="FAILED")]


def test_a_task_that_does_not_appear_points_to_the_verdicts(
    here: Run, service: RemoteService, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.upload.PATIENCE", 0)
    takes_whole_files(service)
    service.answers("GET", "/api/tasks", {"tasks": []})

    ended = here("upload", film)

    assert "`reelmill verdicts --key uploads/film.mp4` shows the verdict on the upload" in ended.err


@pytest.mark.parametrize("arguments", [(), ("--wait",), ("--quiet",)])
def test_an_upload_that_starts_nothing_says_why_and_exits_with_1(
    here: Run, service: RemoteService, film: Path, arguments: tuple[str, ...]
) -> None:
    takes_whole_files(service)
    verdict = {
        "orchestration": "web-video",
        "verdict": "WRONG_FORMAT",
        "reason": "unsupported format 'txt' …",
    }
    service.answers("POST", "/api/orchestrations/match", {"matches": [verdict]})

    ended = here("upload", film, *arguments)

    assert (ended.code, ended.out) == (1, f"no task  s3://{BUCKET}/{KEY}\n")
    assert "no orchestration matches it" in ended.err
    assert "web-video: unsupported format 'txt'" in ended.err
    assert service.asked("GET", "/api/tasks") == []


@pytest.mark.parametrize("name", ["a b+c%20.mp4", "süß 東京 🎬.mp4", "100%.mp4"])
def test_names_are_uploaded_unchanged(here: Run, service: RemoteService, tmp_path: Path, name: str) -> None:
    takes_whole_files(service, f"films/{name}")
    service.answers("GET", "/api/tasks", {"tasks": []})
    service.answers("POST", "/api/orchestrations/match", {"matches": []})
    (tmp_path / name).write_bytes(b"x")

    ended = here("upload", name, "--key", "films/", "--json")

    assert service.heard[0].document["key"] == f"films/{name}"
    assert ended.document["uploads"][0]["key"] == f"films/{name}"


def test_a_large_file_is_sent_in_parts_and_joined_in_order(here: Run, service: RemoteService, film: Path) -> None:
    takes_parts(service, parts=3, size=4)

    ended = here("upload", film, "--json")

    parts = [service.asked("PUT", f"/store/part{n}")[0].body for n in (1, 2, 3)]
    assert parts == [b"0123", b"4567", b"89"]
    joined = ET.fromstring(service.asked("POST", "/store/complete")[0].body)  # noqa: S314 - our own
    said = [(p.findtext("{*}PartNumber"), p.findtext("{*}ETag")) for p in joined]
    assert said == [("1", '"tag1"'), ("2", '"tag2"'), ("3", '"tag3"')]
    assert ended.document["uploads"][0]["eTag"] == "whole-2"
    assert service.asked("DELETE", "/store/abort") == []


def test_a_part_is_sent_again_after_a_transient_error(
    here: Run, service: RemoteService, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "PAUSES", (0.0,))
    takes_parts(service, parts=3, size=4)
    service.answers("PUT", "/store/part2", Reply(b"", 503), Reply(b"", headers={"ETag": '"tag2"'}))

    ended = here("upload", film)

    assert [heard.body for heard in service.asked("PUT", "/store/part2")] == [b"4567", b"4567"]
    assert ended.code == 0


@pytest.mark.parametrize(
    "said",
    [
        b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
        b"<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>",
    ],
)
def test_links_that_expire_during_an_upload_are_renewed_once_for_all_parts(
    here: Run, service: RemoteService, film: Path, said: bytes
) -> None:
    takes_parts(service, parts=3, size=4)
    service.answers("POST", "/api/uploads/renewals", parts_grant(service, 3, 4, version="-new"))
    for number in (2, 3):
        service.answers("PUT", f"/store/part{number}", Reply(said, 403))
        service.answers("PUT", f"/store/part{number}-new", Reply(b"", headers={"ETag": f'"tag{number}"'}))
    service.answers("POST", "/store/complete", Reply(said, 403))
    joined = b'<CompleteMultipartUploadResult xmlns="x"><ETag>"whole-2"</ETag></CompleteMultipartUploadResult>'
    service.answers("POST", "/store/complete-new", Reply(joined, headers={"x-amz-version-id": "v1"}))

    ended = here("upload", film, "--json")

    assert ended.code == 0
    assert ended.document["uploads"][0]["eTag"] == "whole-2"
    (renewal,) = service.asked("POST", "/api/uploads/renewals")
    assert renewal.document == {"key": KEY, "size": 10, "uploadId": "u"}
    assert [service.asked("PUT", f"/store/part{n}-new")[0].body for n in (2, 3)] == [b"4567", b"89"]
    assert service.asked("DELETE", "/store/abort") == []


def test_a_refused_part_aborts_the_upload(here: Run, service: RemoteService, film: Path) -> None:
    takes_parts(service, parts=3, size=4)
    said = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
    service.answers("POST", "/api/uploads/renewals", parts_grant(service, 3, 4))
    service.answers("PUT", "/store/part2", Reply(said, 403))

    ended = here("upload", film)

    assert ended.code == 1
    assert "Request has expired" in ended.err
    assert "AccessDenied" in ended.err
    assert len(service.asked("DELETE", "/store/abort")) == 1
    assert service.asked("POST", "/store/complete") == []


def test_a_join_that_fails_after_a_200_is_a_failure(here: Run, service: RemoteService, film: Path) -> None:
    takes_parts(service, parts=3, size=4)
    said = b"<?xml version='1.0'?>\n<Error><Code>InternalError</Code><Message>try again</Message></Error>"
    service.answers("POST", "/store/complete", Reply(said))

    ended = here("upload", film)

    assert ended.code == 1
    assert "InternalError" in ended.err
    assert len(service.asked("DELETE", "/store/abort")) == 1


def test_a_name_that_is_not_utf_8_needs_a_key(here: Run, service: RemoteService, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"caf\xe9.mp4")
    odd.write_bytes(b"x")
    takes_whole_files(service)
    service.answers("GET", "/api/tasks", {"tasks": [task()]})

    refused, taken = here("upload", odd), here("upload", odd, "--key", "uploads/cafe.mp4")

    assert (refused.code, taken.code) == (1, 0)
    assert "--key" in refused.err


def test_an_empty_file_is_refused_before_any_request(here: Run, service: RemoteService, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()

    ended = here("upload", "empty.mp4")

    assert ended.code == 1
    assert "empty.mp4 is empty" in ended.err
    assert service.heard == []


@pytest.mark.parametrize("arguments", [("absent.mp4",), (".",), (), ("film.mp4", "film.mp4", "--key", "one.mp4")])
def test_a_wrong_upload_is_a_usage_error(
    here: Run, service: RemoteService, film: Path, arguments: tuple[str, ...]
) -> None:
    assert film.exists()

    ended = here("upload", *arguments)

    assert (ended.code, ended.out) == (2, "")
    assert service.heard == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.mkv", "video/x-matroska"),
        ("a.MP4", "video/mp4"),
        ("a.ts", "video/mp2t"),
        ("a.no-such-format", "application/octet-stream"),
    ],
)
def test_a_file_s_extension_determines_its_content_type(name: str, kind: str) -> None:
    assert transfer.media_type(Path(name)) == kind


@pytest.mark.parametrize(("key", "place"), [(None, KEY), ("x/", "x/film.mp4"), ("x/y.mp4", "x/y.mp4")])
def test_a_key_that_ends_in_a_slash_is_a_folder(key: str | None, place: str) -> None:
    assert transfer.key_for(Path("somewhere/film.mp4"), key) == place


def test_a_refused_file_does_not_stop_the_others_and_the_exit_code_is_1(
    here: Run, service: RemoteService, film: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "refused.mp4").write_bytes(b"x")
    takes_whole_files(service)
    refusal = {"code": "InvalidKey", "message": "the key is too long", "requestId": "r"}
    service.answers("POST", "/api/uploads", Reply(refusal, 400), Reply(whole_grant(service, KEY), 201))
    service.answers("GET", "/api/tasks", {"tasks": [task()]})

    ended = here("upload", tmp_path / "empty.mp4", tmp_path / "refused.mp4", film, "--json")

    assert ended.code == 1
    assert [one["key"] for one in ended.document["uploads"]] == [KEY]
    assert [(Path(one["file"]).name, one["code"]) for one in ended.document["refused"]] == [
        ("empty.mp4", "CommandFailed"),
        ("refused.mp4", "InvalidKey"),
    ]
    assert "the key is too long" in ended.err
    assert "uploaded 1 file, 2 refused" in ended.err


def test_without_an_api_the_next_file_is_not_tried(here: Run, service: RemoteService, film: Path) -> None:
    service.answers("POST", "/api/uploads", Reply(b"{", headers={"Content-Length": "100"}))

    ended = here("upload", film, film)

    assert ended.code == 3
    assert len(service.heard) == 1
