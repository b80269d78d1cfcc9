"""A stack of the benchmark's own: empty, on free ports, and gone afterwards."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from benchmarks import workload
from cli.api_client import Api, at
from infra.local import stack as local
from infra.local.info import StackInfo

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PAUSE = 1.0  # seconds before each look at a task: a look takes CPU that the measured work could use
PATIENCE = 900.0


@dataclass(frozen=True)
class Put:
    """One upload: when put_object was called and returned, in epoch seconds, and the task it became."""

    called_at: float
    returned_at: float
    task: dict[str, Any]

    def seconds_until(self, moment: str) -> float:
        """Return how long after the call of put_object the task had `runAt`, `startedAt` or `endedAt`."""
        return epoch(self.task[moment]) - self.called_at


@dataclass(frozen=True)
class Stack:
    """A running stack, its API, and its S3 as any user's boto3 sees it."""

    info: StackInfo
    api: Api
    s3: "S3Client"

    def put(self, file: Path, key: str) -> Put:
        """Upload a file and wait for the end of the task that it starts; raise RuntimeError if it failed."""
        body = file.read_bytes()
        called_at = time.time()
        self.s3.put_object(Bucket=self.info.input_bucket, Key=key, Body=body)
        returned_at = time.time()
        return Put(called_at, returned_at, self._completed(key))

    def subtask(self, task: dict[str, Any], number: int) -> dict[str, Any]:
        """Return all there is to know of a subtask."""
        found: dict[str, Any] = self.api.get(at("tasks", task["taskId"], "subtasks", number))
        return found

    def _completed(self, key: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            time.sleep(PAUSE)
            [*found] = self.api.get("/tasks", sourceKey=key, maxResults=1)["tasks"]
            if found and found[0]["status"] == "COMPLETED":
                return self._succeeded(found[0]["taskId"])
        message = f"{key} was not done after {PATIENCE:.0f} s; the stack's log is {self.info.log}"
        raise RuntimeError(message)

    def _succeeded(self, identifier: str) -> dict[str, Any]:
        task: dict[str, Any] = self.api.get(at("tasks", identifier))
        if task["outcome"] != "SUCCEEDED":
            message = f"task {identifier} ended as {task['outcome']}: {task['error']}"
            raise RuntimeError(message)
        return task


@contextmanager
def running_stack() -> Iterator[Stack]:
    """Lend a stack that knows the benchmarks' orchestrations."""
    with tempfile.TemporaryDirectory(prefix="reelmill-bench-") as folder:
        info = local.ensure_up(Path(folder), port=0, aws_port=0)
        try:
            with Api(info.api_url, local=True) as api:
                for size in workload.TEMPLATES:
                    path = at("orchestrations", workload.name_of(size))
                    api.send("PUT", path, workload.orchestration(size))
                yield Stack(info, api, client(info, "s3"))
        finally:
            local.down(Path(folder))


def client(info: StackInfo, service: str) -> Any:  # noqa: ANN401 - as boto3 types it for a name known at run time
    """Return a stock boto3 client of a stack, signed in as its user."""
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=info.aws_endpoint_url,
        aws_access_key_id=info.access_key_id,
        aws_secret_access_key=info.secret_access_key,
        region_name=info.region,
    )


def epoch(moment: str) -> float:
    """Return a moment of the API in epoch seconds."""
    return datetime.fromisoformat(moment).timestamp()
