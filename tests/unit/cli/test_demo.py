"""`reelmill demo` against a service: the screen of a first-time user."""

from pathlib import Path

import pytest

from cli.demo import big_buck_bunny
from tests.support.command import BUCKET, FAILED_SUBTASK, TASK_ID, RemoteService, Reply, Run, subtask, task


@pytest.fixture
def film(service: RemoteService, tmp_path: Path) -> Path:
    """A file, and a service that creates one task with one output for it."""
    path = tmp_path / "film.mp4"
    path.write_bytes(b"0123456789")
    grant = {
        "bucket": BUCKET,
        "key": "uploads/film.mp4",
        "method": "PUT",
        "url": f"{service.store}/up",
        "headers": {},
    }
    service.answers("POST", "/api/uploads", Reply({**grant, "expiresAt": "2026-01-02T04:04:05.000Z"}, 201))
    service.answers("PUT", "/store/up", Reply(b"", headers={"x-amz-version-id": "v1"}))
    matched = {"orchestration": "web-video", "verdict": "MATCHED", "reason": "it fits"}
    service.answers("POST", "/api/orchestrations/match", {"matches": [matched]})
    service.answers("GET", "/api/tasks", {"tasks": [task()]})
    service.answers("GET", f"/api/tasks/{TASK_ID}", task())
    output = {
        "bucket": "reelmill-output",
        "key": "uploads/film/x/film-part.mp4",
        "fileName": "film-part.mp4",
        "size": 4,
        "facts": {"width": 1280, "height": 720, "duration": 5.28},
        "downloadUrl": f"{service.store}/down",
    }
    service.answers("GET", f"/api/tasks/{TASK_ID}/subtasks/1/outputs", {"outputs": [output]})
    service.answers("GET", "/store/down", Reply(b"film"))
    return path


def test_the_demo_downloads_files_and_describes_them(here: Run, film: Path) -> None:
    ended = here("demo", film)

    local = Path(".reelmill/demo") / TASK_ID / "film-part.mp4"
    assert ended.code == 0
    assert [line.split() for line in ended.out.splitlines()] == [
        [str(local), "4", "B", "1280x720", "5.3", "s"],
        ["s3://reelmill-output/uploads/film/x/film-part.mp4"],
    ]
    assert local.read_bytes() == b"film"


def test_the_demo_prints_each_step_and_the_next_steps(here: Run, service: RemoteService, film: Path) -> None:
    said = here("demo", film).err

    for part in (
        "uploaded film.mp4 (10 B)",
        TASK_ID,
        "web-video",
        "TRANSCODE",
        "tasks list",
        f"{service.url}/docs",
    ):
        assert part in said
    assert "\x1b" not in said
    assert "reelmill down" not in said  # the demo did not start the stack


def test_a_demo_whose_task_fails_prints_each_reason_and_exits_with_1(
    here: Run, service: RemoteService, film: Path
) -> None:
    service.answers(
        "GET", f"/api/tasks/{TASK_ID}", task(outcome="PARTIALLY_FAILED", subtasks=[subtask(), FAILED_SUBTASK])
    )

    ended = here("demo", film)

    assert ended.code == 1
    assert "SourceFileError.NotMedia: the file is a text, not a video" in ended.err
    assert "film-part.mp4" in ended.out


def test_the_demo_s_json_is_one_document_on_stdout(here: Run, film: Path) -> None:
    ended = here("demo", film, "--json", "--data-dir", "elsewhere")

    assert ended.document["tasks"] == [task()]
    assert [file["path"] for file in ended.document["files"]] == [f"elsewhere/demo/{TASK_ID}/film-part.mp4"]


def test_a_demo_that_starts_no_task_is_a_failure(here: Run, service: RemoteService, film: Path) -> None:
    service.answers("POST", "/api/orchestrations/match", {"matches": []})

    ended = here("demo", film)

    assert ended.code == 1
    assert "started no task" in ended.err


def test_without_the_clip_s_package_the_demo_asks_for_a_file(
    here: Run, service: RemoteService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.demo.CLIP_PACKAGE", "no-such-distribution")

    ended = here("demo")

    assert ended.code == 1
    assert "reelmill demo FILE" in ended.err
    assert service.heard == []


def test_the_clip_is_a_real_video() -> None:
    assert big_buck_bunny().read_bytes()[4:8] == b"ftyp"
