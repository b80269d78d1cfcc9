"""A stack for the benchmarks: empty, on free ports, and deleted afterwards."""

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

PAUSE = 1.0  # seconds between checks of a task, because a check takes CPU from the measured work
PATIENCE = 900.0


@dataclass(frozen=True)
class Put:
    """One upload: the times before and after put_object, in epoch seconds, and its task."""

    called_at: float
    returned_at: float
    task: dict[str, Any]

    def seconds_until(self, moment: str) -> float:
        """Return the seconds from the call of put_object to the task's `runAt`, `startedAt` or `endedAt`."""
        return epoch(self.task[moment]) - self.called_at


@dataclass(frozen=True)
class Stack:
    """A running stack, its API, and a standard boto3 client of its S3."""

    info: StackInfo
    api: Api
    s3: "S3Client"

    def put(self, file: Path, key: str) -> Put:
        """Upload a file and wait until its task ends; raise RuntimeError if it failed."""
        body = file.read_bytes()
        called_at = time.time()
        self.s3.put_object(Bucket=self.info.input_bucket, Key=key, Body=body)
        returned_at = time.time()
        return Put(called_at, returned_at, self._completed(key))

    def subtask(self, task: dict[str, Any], number: int) -> dict[str, Any]:
        """Return the details of a subtask."""
        found: dict[str, Any] = self.api.get(at("tasks", task["taskId"], "subtasks", number))
        return found

    def _completed(self, key: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            time.sleep(PAUSE)
            [*found] = self.api.get("/tasks", sourceKey=key, maxResults=1)["tasks"]
            if found and found[0]["status"] == "COMPLETED":
                return self._succeeded(found[0]["taskId"])
        message = f"{key} did not finish within {PATIENCE:.0f} s; see the stack's log {self.info.log}"
        raise RuntimeError(message)

    def _succeeded(self, identifier: str) -> dict[str, Any]:
        task: dict[str, Any] = self.api.get(at("tasks", identifier))
        if task["outcome"] != "SUCCEEDED":
            message = f"task {identifier} ended as {task['outcome']}: {task['error']}"
            raise RuntimeError(message)
        return task


@contextmanager
def running_stack() -> Iterator[Stack]:
    """Yield a running stack with the orchestrations of the benchmarks."""
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


def client(info: StackInfo, service: str) -> Any:  # noqa: ANN401 - boto3's type for a name known at run time
    """Return a standard boto3 client of a stack, with its credentials."""
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=info.aws_endpoint_url,
        aws_access_key_id=info.access_key_id,
        aws_secret_access_key=info.secret_access_key,
        region_name=info.region,
    )


def epoch(moment: str) -> float:
    """Return a time of the API in epoch seconds."""
    return datetime.fromisoformat(moment).timestamp()
