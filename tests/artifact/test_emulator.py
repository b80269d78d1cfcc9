"""OnUploadFunction's package, built for this machine, under the Lambda Runtime Interface Emulator."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import files
from pathlib import Path

import boto3
import httpx
import pytest

from shared.settings import PREFIX, Settings
from tests.artifact.conftest import CHECKOUT, HANDLERS
from tests.support.deployment import deploy, resources

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the emulator is a Linux program")

FUNCTION = "OnUploadFunction"
INVOCATIONS = "/2015-03-31/functions/function/invocations"
# On the path, as on Lambda: the standard library, the package and the runtime's client alone.
RUNTIME = """
import sys
sys.path += sys.argv[1:3]
from awslambdaric.__main__ import main
main(sys.argv[2:])
"""


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Settings]:
    """Start an empty AWS on loopback, make the tables, buckets and queue there, and return their names."""
    address = free_address()
    ministack = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": address.rpartition(":")[2],
        "SERVICES": "dynamodb,s3,sqs",
        "TMPDIR": str(tmp_path),
        "DOCKER_HOST": f"unix://{tmp_path}/no-docker",  # or it would look for containers to tidy up
        "IOT_MTLS_ENABLED": "0",
    }
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{address}",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }.items():
        monkeypatch.setenv(name, value)
    with running([sys.executable, "-m", "ministack"], environment=os.environ | ministack):
        with patient_client(address) as client:
            client.get("/_ministack/health").raise_for_status()
        yield deploy()


def test_a_dropped_file_becomes_a_stored_task_and_its_messages(
    settings: Settings,
    emulator: Path,
    for_this_machine: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in resources()[FUNCTION]["Properties"]["Environment"]["Variables"]:
        if name.startswith(PREFIX):
            monkeypatch.setenv(name, str(getattr(settings, name.removeprefix(PREFIX).lower())))
    event = json.loads((CHECKOUT / "tests" / "events" / "s3-put.json").read_text())

    with emulated(emulator, for_this_machine[FUNCTION], HANDLERS[FUNCTION], tmp_path) as function:
        answer = function.post(INVOCATIONS, json=event).json()

    assert isinstance(answer, list), answer
    (verdict,) = answer
    key = {"pk": {"S": verdict["taskId"]}, "sk": {"S": "TASK"}}
    item = boto3.client("dynamodb").get_item(TableName=settings.tasks_table, Key=key)["Item"]
    messages = boto3.client("sqs").receive_message(QueueUrl=settings.standard_queue_url, MaxNumberOfMessages=10)[
        "Messages"
    ]
    assert verdict["verdict"] == "MATCHED"
    assert "uploads/big buck bunny.mp4" in json.dumps(item)
    assert {json.loads(message["Body"])["taskId"] for message in messages} == {verdict["taskId"]}


@contextmanager
def emulated(emulator: Path, package: Path, handler: str, runtime: Path) -> Iterator[httpx.Client]:
    """Run a handler under the emulator, with Lambda's runtime client; yield a function that invokes it."""
    for name in ("awslambdaric", "simplejson", "snapshot-restore-py"):
        borrow(name, runtime)
    address, runtime_api = free_address(), free_address()
    rie = [
        str(emulator),
        "--runtime-interface-emulator-address",
        address,
        "--runtime-api-address",
        runtime_api,
    ]
    python = [sys.executable, "-I", "-S", "-c", RUNTIME, str(package), str(runtime), handler]
    with running([*rie, *python], folder=package), patient_client(address) as client:
        yield client


@contextmanager
def running(
    command: Sequence[str], *, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Keep a server running."""
    with subprocess.Popen(command, cwd=folder, env=environment) as process:
        try:
            yield
        finally:
            process.terminate()


def patient_client(address: str) -> httpx.Client:
    """Return a client that waits for the server: it tries again after 0.5, 1, 2, 4 … seconds."""
    return httpx.Client(base_url=f"http://{address}", transport=httpx.HTTPTransport(retries=6), timeout=60)


def borrow(distribution: str, folder: Path) -> None:
    """Link an installed distribution into a folder, where it can be imported without its neighbors."""
    for file in files(distribution) or ():
        if ".." not in file.parts:
            link = folder / file
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(str(file.locate()))


def free_address() -> str:
    """Return an unused address on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"
