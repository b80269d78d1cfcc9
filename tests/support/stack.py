"""The stack on this machine, started once for all tests that share it, and clients of its AWS and of its API."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import boto3
import httpx
import pytest
from botocore.config import Config

from infra.local import orphans
from infra.local import stack as local
from infra.local.data_dir import DataDir
from infra.local.stack import StackInfo
from shared.media.ffmpeg import binary
from tests.support.clips import Clips

Client = Callable[[str], Any]
SLOW = {"name": "slow", "type": "TRANSCODE", "params": {"video": {"speed": "slow", "height": 360}, "audio": "none"}}
PATIENCE = 90.0  # seconds for a task of small clips on a busy machine
Found = TypeVar("Found")


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack")


@pytest.fixture(scope="session")
def stack(data_dir: Path) -> Iterator[StackInfo]:
    """Lend a running stack, and end it by its process ID even when it doesn't end by itself."""
    info = local.ensure_up(data_dir, port=0, aws_port=0)
    yield info
    try:
        local.down(data_dir)
    finally:
        with suppress(ProcessLookupError):
            os.kill(info.pid, signal.SIGKILL)


def client_of(info: StackInfo, service: str) -> Any:  # noqa: ANN401 - any service's client
    """Return a stock boto3 client of a stack, signed in as its user."""
    make: Any = boto3.client
    return make(
        service,
        endpoint_url=info.aws_endpoint_url,
        aws_access_key_id=info.access_key_id,
        aws_secret_access_key=info.secret_access_key,
        region_name=info.region,
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture(scope="session")
def client(stack: StackInfo) -> Client:
    """Lend what makes a boto3 client of the shared stack: `client("s3")`."""
    return lambda service: client_of(stack, service)


@pytest.fixture(scope="session")
def film(clip: Clips, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Lend a video that takes a while to transcode."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    source = clip("bigbuckbunny.mp4")
    command = [binary(), "-v", "error", "-stream_loop", "1", "-i", str(source), "-c", "copy", "-an", str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path.read_bytes()


def encodes(folder: DataDir) -> list[int]:
    """Return the process IDs of the ffmpegs that work for a stack."""
    mark = f"{folder.scratch}{os.sep}"
    return [pid for pid, command in orphans.list_commands() if command.startswith(binary()) and mark in command]


class Api:
    """The API of the shared stack, as a program uses it."""

    def __init__(self, stack: StackInfo, http: httpx.Client) -> None:
        self._stack = stack
        self._http = http

    def call(self, method: str, path: str, body: object = None, *, status: int = 200, **params: str) -> Any:  # noqa: ANN401 - the API's JSON
        answer = self._http.request(method, self._stack.api_url + path, json=body, params=params)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content and answer.headers["content-type"] == "application/json" else answer

    def task_of(self, key: str) -> dict[str, Any]:
        """Return the task that an upload made, as soon as it is there."""
        return eventually(lambda: next(iter(self.call("GET", "/tasks", sourceKey=key)["tasks"]), None))

    def completed(self, task_id: str) -> dict[str, Any]:
        """Return a task once it is completed."""

        def look() -> dict[str, Any] | None:
            task: dict[str, Any] = self.call("GET", f"/tasks/{task_id}")
            return task if task["status"] == "COMPLETED" else None

        return eventually(look)

    def outputs(self, task_id: str, no: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", f"/tasks/{task_id}/subtasks/{no}/outputs")["outputs"]
        return found

    def fetch(self, url: str) -> httpx.Response:
        return self._http.get(url).raise_for_status()


def eventually(look: Callable[[], Found | None]) -> Found:
    deadline = time.monotonic() + PATIENCE
    while (found := look()) is None:
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.1)
    return found


@pytest.fixture
def paused(stack: StackInfo, client: Client) -> Iterator[Callable[[], None]]:
    """Keep messages in the queues until the test calls what this lends."""
    functions = client("lambda")
    name = stack.outputs["RunSubtaskFunctionName"]
    mappings = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]

    def switch(*, on: bool) -> None:
        for mapping in mappings:
            functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=on)

    switch(on=False)
    yield lambda: switch(on=True)
    switch(on=True)


def put(client: Client, stack: StackInfo, key: str, body: bytes) -> None:
    client("s3").put_object(Bucket=stack.input_bucket, Key=key, Body=body)


@pytest.fixture(scope="module")
def api(stack: StackInfo) -> Iterator[Api]:
    with httpx.Client(timeout=30, trust_env=False) as http:
        yield Api(stack, http)
