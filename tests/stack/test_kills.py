"""kill -9 in mid-encode, of a worker and of the whole stack: what was answered is kept, and finishes by itself."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.local import orphans
from infra.local import stack as local
from infra.local.data_dir import DataDir
from tests.support.stack import SLOW, Api, client_of, encodes, eventually

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("stacks that end badly"),
    pytest.mark.skipif(not Path("/proc/self").exists(), reason="the tests find a worker by its child, in /proc"),
]

COVER = {"name": "cover", "type": "SCREENSHOT", "params": {"at": [0], "width": 64}}
# Long enough that a kill meets it in the midst, however long it took to find.
LONG = {"name": "long", "type": "TRANSCODE", "params": {"video": {"speed": "slowest", "height": 360}, "audio": "none"}}
GONE_WITHIN = 5.0  # seconds for ffmpeg to see that its worker is no more


class Victim:
    """A stack of these tests' own, which is killed and started again."""

    def __init__(self, home: Path) -> None:
        self.folder = DataDir.at(home)
        self.up()

    def up(self) -> None:
        self.info = local.ensure_up(self.folder.root, port=0, aws_port=0)
        self.http = httpx.Client(timeout=30, trust_env=False)
        self.api = Api(self.info, self.http)

    def kill(self) -> None:
        """End the server and all its workers as a crash would: not one of them can do anything any more."""
        self.http.close()
        os.kill(self.info.pid, signal.SIGKILL)
        for pid in orphans.find_processes(self.folder.scratch):
            os.kill(pid, signal.SIGKILL)
        local.wait(self.folder.root)

    def put(self, key: str, body: bytes) -> None:
        client_of(self.info, "s3").put_object(Bucket=self.info.input_bucket, Key=key, Body=body)

    def post(self, key: str, subtask: dict[str, Any]) -> str:
        """Make a task of an object, and return its ID."""
        body = {"source": {"bucket": self.info.input_bucket, "key": key}, "subtasks": [subtask]}
        task_id: str = self.api.call("POST", "/tasks", body, status=201)["taskId"]
        return task_id

    def orchestrate(self, name: str, subtask: dict[str, Any]) -> None:
        self.api.call("PUT", f"/orchestrations/{name}", {"trigger": {"prefix": f"{name}/"}, "subtasks": [subtask]})

    def tasks(self, name: str) -> list[dict[str, Any]]:
        """Return the tasks that an orchestration has made."""
        found: list[dict[str, Any]] = self.api.call("GET", "/tasks", orchestration=name)["tasks"]
        return found

    def encodes(self) -> list[int]:
        return encodes(self.folder)

    def sweep(self) -> None:
        client_of(self.info, "lambda").invoke(FunctionName=self.info.outputs["SweepFunctionName"])


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    home = tmp_path_factory.mktemp("victim")
    try:
        yield Victim(home)
    finally:
        local.down(home)


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def first(found: list[Any]) -> Any:  # noqa: ANN401 - items of any type
    return next(iter(found), None)


def test_a_killed_workers_subtask_is_taken_over(victim: Victim, film: bytes) -> None:
    victim.put("elsewhere/worker.mp4", film)
    task_id = victim.post("elsewhere/worker.mp4", LONG)
    ffmpeg = eventually(lambda: first(victim.encodes()))

    def subtask() -> dict[str, Any]:
        found: dict[str, Any] = victim.api.call("GET", f"/tasks/{task_id}")["subtasks"][0]
        return found

    os.kill(parent(parent(ffmpeg)), signal.SIGKILL)  # between them is ffmpeg's supervisor
    killed = time.monotonic()
    eventually(lambda: ffmpeg not in victim.encodes() or None)
    assert subtask()["status"] == "IN_PROGRESS"
    assert time.monotonic() - killed < GONE_WITHIN

    def taken_over() -> bool | None:
        victim.sweep()
        return subtask()["attempt"] > 1 or None

    eventually(taken_over)
    task = victim.api.completed(task_id)

    assert (task["outcome"], task["subtasks"][0]["attempt"]) == ("SUCCEEDED", 2)
    [output] = victim.api.outputs(task_id, 1)
    s3 = client_of(victim.info, "s3")
    found = s3.list_objects_v2(Bucket=victim.info.output_bucket, Prefix="elsewhere/worker/")["Contents"]
    assert [one["Key"] for one in found] == [output["key"]]


def test_a_killed_stack_comes_back_and_finishes_every_task(victim: Victim, film: bytes) -> None:
    victim.orchestrate("film", SLOW)
    uploads = [f"film/{number}.mp4" for number in range(5)]  # enough that one waits for long
    for key in uploads:
        victim.put(key, film)

    def in_mid_encode() -> set[str] | None:
        """Return the tasks while ffmpeg works on one of them and another waits."""
        tasks = victim.tasks("film")
        ripe = len(tasks) == len(uploads) and {"IN_PROGRESS", "WAITING"} <= {task["status"] for task in tasks}
        return {task["taskId"] for task in tasks} if ripe and victim.encodes() else None

    before = eventually(in_mid_encode)
    asked = victim.post(uploads[0], COVER)
    victim.put("film/last.mp4", film)
    victim.kill()
    victim.up()

    assert victim.api.completed(asked)["outcome"] == "SUCCEEDED"
    for key in [*uploads, "film/last.mp4"]:
        task = victim.api.task_of(key)
        assert victim.api.completed(task["taskId"])["outcome"] == "SUCCEEDED"
    tasks = victim.tasks("film")
    assert sorted(task["source"]["key"] for task in tasks) == sorted([*uploads, "film/last.mp4"])
    assert before <= {task["taskId"] for task in tasks}


def test_no_moment_is_a_bad_one_to_be_killed_in(victim: Victim, blink: bytes) -> None:
    def of(key: str) -> list[dict[str, Any]]:
        return [task for task in victim.tasks("quick") if task["source"]["key"] == key]

    victim.orchestrate("quick", COVER)
    moments: dict[str, Callable[[], object]] = {
        "quick/answered.mp4": lambda: True,
        "quick/made.mp4": lambda: first(of("quick/made.mp4")),
        "quick/begun.mp4": lambda: first([task for task in of("quick/begun.mp4") if task["startedAt"]]),
    }
    for key, moment in moments.items():
        victim.put(key, blink)
        eventually(moment)
        victim.kill()
        victim.up()

    for key in moments:
        task = victim.api.task_of(key)
        assert victim.api.completed(task["taskId"])["outcome"] == "SUCCEEDED"
    tasks = victim.tasks("quick")
    assert sorted(task["source"]["key"] for task in tasks) == sorted(moments)
