"""What a user sees: files go in, tasks come out, and nothing that goes wrong is lost or unexplained."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.local import stack as local
from infra.local.stack import StackInfo
from tests.support.clips import Clips
from tests.support.stack import Api, Client, client_of, eventually, put

SMALL = {"container": "mp4", "video": {"codec": "h264", "height": 90, "speed": "fastest"}, "audio": "none"}


@pytest.fixture(scope="module")
def quick(api: Api) -> None:
    """Store an orchestration that makes one small image of each upload under quick/."""
    cover = {"name": "cover", "type": "SCREENSHOT", "params": {"at": [0], "width": 64}}
    api.call("PUT", "/orchestrations/quick", {"trigger": {"prefix": "quick/"}, "subtasks": [cover]})


@pytest.fixture
def budget(stack: StackInfo, client: Client) -> Iterator[Callable[..., None]]:
    """Deploy other limits of a day; the old ones are back afterwards."""
    functions, name = client("lambda"), stack.outputs["RunSubtaskFunctionName"]
    before: dict[str, str] = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]

    def deploy(**limits: int) -> None:
        variables = before | {name: str(limit) for name, limit in limits.items()}
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})

    yield deploy
    deploy()


def test_a_dropped_clip_comes_out_transcoded_and_with_a_video(
    api: Api, stack: StackInfo, client: Client, clip: Clips
) -> None:
    put(client, stack, "uploads/movie.mp4", clip("plain.mp4").read_bytes())

    task = api.completed(api.task_of("uploads/movie.mp4")["taskId"])

    assert (task["outcome"], task["progress"], task["error"]) == ("SUCCEEDED", 100, None)
    assert task["orchestration"]["name"] == "web-video"
    assert [s["status"] for s in task["subtasks"]] == ["SUCCESSFUL"] * 3
    [hd], [sd], [cover] = (api.outputs(task["taskId"], no) for no in (1, 2, 3))
    assert (hd["facts"]["width"], hd["facts"]["height"]) == (320, 180)  # never upscaled
    assert (sd["contentType"], cover["contentType"]) == ("video/mp4", "image/jpeg")
    for output in (hd, sd, cover):
        answer = api.fetch(output["url"])
        assert len(answer.content) == output["size"]
        assert answer.headers["content-type"] == output["contentType"]


def test_a_subtask_shows_how_its_output_was_made(api: Api, stack: StackInfo, client: Client, clip: Clips) -> None:
    put(client, stack, "uploads/told.mp4", clip("plain.mp4").read_bytes())
    task = api.completed(api.task_of("uploads/told.mp4")["taskId"])

    detail = api.call("GET", f"/tasks/{task['taskId']}/subtasks/1")

    [attempt] = detail["attempts"]
    assert detail["params"]["video"]["codec"] == "h264"
    assert attempt["commands"][0].startswith("ffmpeg ")
    assert set(attempt["seconds"]) == {"download", "operation", "upload"}
    assert detail["startedAt"] < detail["endedAt"]


@pytest.mark.usefixtures("quick")
def test_the_source_can_be_played(api: Api, stack: StackInfo, client: Client, clip: Clips) -> None:
    body = clip("plain.mp4").read_bytes()
    put(client, stack, "quick/play.mp4", body)

    link = api.call("GET", f"/tasks/{api.task_of('quick/play.mp4')['taskId']}/source")

    answer = api.fetch(link["url"])
    assert (link["contentType"], answer.headers["content-type"], answer.content) == (
        "video/mp4",
        "video/mp4",
        body,
    )


def test_a_file_that_is_not_media_fails_with_a_sentence(api: Api, stack: StackInfo, client: Client) -> None:
    put(client, stack, "uploads/letter.mp4", b"Dear Sir or Madam, this is a letter. " * 50)

    task = api.completed(api.task_of("uploads/letter.mp4")["taskId"])

    assert task["outcome"] == "FAILED"
    assert task["subtaskCounts"]["FAILED"] == 3
    for subtask in task["subtasks"]:
        assert subtask["error"]["code"].startswith("SourceFileError.")
        assert "letter.mp4" in subtask["error"]["message"]


def test_one_bad_subtask_leaves_the_good_one_its_output(
    api: Api, stack: StackInfo, client: Client, clip: Clips
) -> None:
    put(client, stack, "elsewhere/half.mp4", clip("plain.mp4").read_bytes())
    late = {"name": "late", "type": "SCREENSHOT", "params": {"at": ["01:00:00"]}}
    small = {"name": "small", "type": "TRANSCODE", "params": SMALL}
    body = {"source": {"bucket": stack.input_bucket, "key": "elsewhere/half.mp4"}, "subtasks": [small, late]}

    task = api.completed(api.call("POST", "/tasks", body, status=201)["taskId"])

    assert task["outcome"] == "PARTIALLY_FAILED"
    assert task["error"]["code"].startswith("ParameterError.")
    assert api.fetch(api.outputs(task["taskId"], 1)[0]["url"]).content


def test_a_subtask_reads_what_its_predecessor_made_or_is_skipped(
    api: Api, stack: StackInfo, client: Client, clip: Clips
) -> None:
    put(client, stack, "elsewhere/chain.mp4", clip("plain.mp4").read_bytes())
    small = {"name": "small", "type": "TRANSCODE", "params": SMALL}
    video = {"name": "video", "type": "SCREENSHOT", "input": "small", "params": {"at": [0]}}
    late = {"name": "late", "type": "SCREENSHOT", "params": {"at": ["01:00:00"]}}
    never = {"name": "never", "type": "SCREENSHOT", "needs": ["late"], "params": {"at": [0]}}
    body = {
        "source": {"bucket": stack.input_bucket, "key": "elsewhere/chain.mp4"},
        "subtasks": [video, small, late, never],
    }

    task = api.completed(api.call("POST", "/tasks", body, status=201)["taskId"])

    assert [s["status"] for s in task["subtasks"]] == ["SUCCESSFUL", "SUCCESSFUL", "FAILED", "FAILED"]
    assert task["subtasks"][3]["error"]["code"] == "Skipped.PredecessorFailed"
    assert api.outputs(task["taskId"], 1)[0]["facts"]["height"] == 90


@pytest.mark.usefixtures("quick")
def test_an_ended_task_never_starts_though_its_messages_are_queued(
    api: Api, stack: StackInfo, client: Client, clip: Clips, paused: Callable[[], None]
) -> None:
    put(client, stack, "quick/ended.mp4", clip("plain.mp4").read_bytes())
    waiting = api.task_of("quick/ended.mp4")
    path = f"/tasks/{waiting['taskId']}"

    assert api.call("POST", f"{path}/restart", status=409)["code"] == "InvalidTaskStatus"
    assert api.call("GET", path)["status"] == "WAITING"
    ended = api.call("POST", f"{path}/end")
    refused = api.call("POST", f"{path}/end", status=409)
    paused()
    put(client, stack, "quick/after.mp4", clip("plain.mp4").read_bytes())
    api.completed(api.task_of("quick/after.mp4")["taskId"])  # the queue was worked off past the ended task

    assert (ended["status"], ended["outcome"]) == ("COMPLETED", "ENDED")
    assert refused["code"] == "InvalidTaskStatus"
    assert "COMPLETED" in refused["message"]
    assert api.call("GET", path) == ended
    assert api.call("GET", f"{path}/subtasks/1")["attempts"] == []


@pytest.mark.usefixtures("quick")
def test_a_task_over_the_days_budget_waits_says_so_and_can_be_ended(
    api: Api, stack: StackInfo, client: Client, budget: Callable[..., None], blink: bytes
) -> None:
    budget(REELMILL_DAILY_TASKS=1)
    put(client, stack, "quick/counted.mp4", blink)
    assert api.completed(api.task_of("quick/counted.mp4")["taskId"])["outcome"] == "SUCCEEDED"
    put(client, stack, "quick/too-many.mp4", blink)
    path = f"/tasks/{api.task_of('quick/too-many.mp4')['taskId']}"

    def held() -> dict[str, Any] | None:
        task: dict[str, Any] = api.call("GET", path)
        return task if task["subtasks"][0]["waiting"]["reason"] == "BUDGET" else None

    task = eventually(held)
    assert task["status"] == "WAITING"
    assert "the maximum number of tasks has started today (DailyTasks: 1)" in task["subtasks"][0]["waiting"]["message"]
    assert api.call("POST", f"{path}/end")["outcome"] == "ENDED"


@pytest.mark.usefixtures("quick")
def test_a_restart_makes_a_new_run_and_leaves_the_old_one_readable(
    api: Api, stack: StackInfo, client: Client, clip: Clips
) -> None:
    put(client, stack, "quick/again.mp4", clip("plain.mp4").read_bytes())
    first = api.completed(api.task_of("quick/again.mp4")["taskId"])
    path = f"/tasks/{first['taskId']}"

    restarted = api.call("POST", f"{path}/restart")
    second = api.completed(first["taskId"])

    assert (restarted["run"], second["run"], second["outcome"]) == (2, 2, "SUCCEEDED")
    assert api.call("GET", path, run="1") == {**first, "newestRun": 2}
    old, new = (api.call("GET", f"{path}/subtasks/1/outputs", run=run)["outputs"][0] for run in ("1", "2"))
    assert old["key"] != new["key"]
    assert api.fetch(old["url"]).content == api.fetch(new["url"]).content


@pytest.mark.parametrize(
    "name",
    ["two words.mp4", "1+1=2.mp4", "100% sure.mp4", "%41.mp4", "Größe déjà vu.mp4", "電影.mp4", "🎬 cut.mp4"],
)
@pytest.mark.usefixtures("quick")
def test_names_go_through_from_upload_to_download(
    api: Api, data_dir: Path, tmp_path: Path, clip: Clips, name: str
) -> None:
    file = tmp_path / name
    file.write_bytes(clip("plain.mp4").read_bytes())
    command = [sys.executable, "-m", "cli.main", "--data-dir", str(data_dir)]

    upload = [*command, "upload", str(file), "--key", "quick/", "--wait", "--json"]
    said = subprocess.run(upload, capture_output=True, text=True, check=False, timeout=120)
    assert said.returncode == 0, said.stderr
    [task] = json.loads(said.stdout)["uploads"][0]["tasks"]
    download = [*command, "tasks", "download", task["taskId"], "--to", str(tmp_path / "got")]
    said = subprocess.run(download, capture_output=True, text=True, check=False, timeout=60)

    assert said.returncode == 0, said.stderr
    assert task["source"]["key"] == f"quick/{name}"
    [got] = [path for path in (tmp_path / "got").rglob("*") if path.is_file()]
    assert got.name == f"{Path(name).stem}-cover.jpg"
    assert got.stat().st_size == api.outputs(task["taskId"], 1)[0]["size"]


@pytest.mark.usefixtures("quick")
def test_an_upload_that_no_orchestration_takes_makes_no_task(api: Api, stack: StackInfo, client: Client) -> None:
    put(client, stack, "quick/notes.txt", b"not for Reelmill")
    put(client, stack, "quick/empty.mp4", b"")

    told = api.call("POST", "/orchestrations/match", {"key": "quick/notes.txt"})["matches"]

    assert {one["orchestration"]: one["verdict"] for one in told}["quick"] == "WRONG_FORMAT"
    for key in ("quick/notes.txt", "quick/empty.mp4"):
        assert api.call("GET", "/tasks", sourceKey=key)["tasks"] == []


def test_an_earlier_version_is_read_in_parts_and_under_the_name_that_a_link_gives_it(
    stack: StackInfo, client: Client
) -> None:
    s3, target = client("s3"), {"Bucket": stack.input_bucket, "Key": "elsewhere/versions.bin"}
    first = s3.put_object(**target, Body=b"0123456789")["VersionId"]
    s3.put_object(**target, Body=b"abc")

    answer = s3.get_object(**target, VersionId=first, Range="bytes=2-5", ResponseContentType="video/mp4")

    assert (answer["Body"].read(), answer["ContentRange"], answer["ContentType"]) == (
        b"2345",
        "bytes 2-5/10",
        "video/mp4",
    )


def test_work_that_down_interrupts_is_given_back_and_finished_after_up(tmp_path: Path, clip: Clips) -> None:
    slow = {"name": "slow", "type": "TRANSCODE", "params": {"video": {"speed": "slow"}, "audio": "none"}}
    info = local.ensure_up(tmp_path, port=0, aws_port=0)
    try:
        with httpx.Client(timeout=30, trust_env=False) as http:
            api = Api(info, http)
            s3 = client_of(info, "s3")
            s3.put_object(Bucket=info.input_bucket, Key="a/long.mp4", Body=clip("bigbuckbunny.mp4").read_bytes())
            body = {"source": {"bucket": info.input_bucket, "key": "a/long.mp4"}, "subtasks": [slow]}
            path = f"/tasks/{api.call('POST', '/tasks', body, status=201)['taskId']}"
            eventually(lambda: api.call("GET", path)["subtasks"][0]["phase"])
        assert local.down(tmp_path)
        info = local.ensure_up(tmp_path, port=0, aws_port=0)
        with httpx.Client(timeout=30, trust_env=False) as http:
            api = Api(info, http)

            task = api.completed(path.rsplit("/", 1)[-1])

            assert (task["outcome"], task["subtasks"][0]["attempt"]) == ("SUCCEEDED", 2)
            first, second = api.call("GET", f"{path}/subtasks/1")["attempts"]
            assert first["error"]["code"] == "InternalError.Interrupted"
            assert second["error"] is None
    finally:
        local.down(tmp_path)
