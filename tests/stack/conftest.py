"""One real stack for all tests here: the project's own template and code, on ports that were free."""

import os
import signal
import subprocess
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from infra.local import orphans
from infra.local import stack as local
from infra.local.data_dir import DataDir
from infra.local.stack import StackInfo
from shared.media.ffmpeg import binary
from tests.support.clips import Clips

Client = Callable[[str], Any]

SLOW = {"name": "slow", "type": "TRANSCODE", "params": {"video": {"speed": "slow", "height": 360}, "audio": "none"}}


TOLD_LINES = 40  # of each log, when a test has failed


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the end of the logs of a failed test's stack into its report."""
    report = yield
    if report.when == "call" and report.failed:
        info = getattr(item.funcargs.get("victim"), "info", item.funcargs.get("stack"))
        if isinstance(info, StackInfo):
            report.sections += logs_of(info)
    return report


def logs_of(info: StackInfo) -> Iterator[tuple[str, str]]:
    """Yield the end of the server's log, and of each function's, under their names."""
    server = DataDir.at(info.data_dir).log.read_text(errors="replace").splitlines()
    yield "server.log", "\n".join(server[-TOLD_LINES:])
    logs = client_of(info, "logs")
    try:
        for group in logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]:
            events = logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
            yield group["logGroupName"], "\n".join(event["message"].rstrip() for event in events[-TOLD_LINES:])
    except BotoCoreError as error:  # the stack is no more
        yield "functions' logs", str(error)


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
