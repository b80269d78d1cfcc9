"""The life of a stack on one machine: started, found, killed, started again; and who is let in."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from infra.local import stack as local
from infra.local.data_dir import DataDir
from infra.local.errors import PortTaken, RunsElsewhere, SavedStateBroken
from infra.local.stack import StackInfo
from infra.local.workers import SUBTASKS_AT_ONCE
from tests.support.stack import Api, Client, client_of, encodes, eventually

ITEM = {"pk": {"S": "kept"}, "sk": {"S": "NOTE"}, "text": {"S": "Ünïcödé ✓"}}
# Far longer than it takes to see who may begin; then it is canceled.
ENDLESS = {"name": "endless", "type": "TRANSCODE", "params": {"video": {"speed": "slowest"}}}
KEY = {name: ITEM[name] for name in ("pk", "sk")}


@pytest.fixture
def own_dir(tmp_path: Path) -> Iterator[Path]:
    """Lend a folder for a stack of the test's own, which ends with it."""
    yield tmp_path / "own"
    local.down(tmp_path / "own")


def reelmill(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@contextmanager
def in_foreground(data_dir: Path) -> "Iterator[subprocess.Popen[str]]":
    """Run `reelmill up`, and lend the command once it says how to end it."""
    up = [
        sys.executable,
        "-m",
        "cli.main",
        "--data-dir",
        str(data_dir),
        "up",
        "--port",
        "0",
        "--aws-port",
        "0",
    ]
    with subprocess.Popen(up, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as command:
        assert command.stderr is not None
        assert any("Ctrl-C stops it" in line for line in command.stderr)
        yield command


def status_of(url: str, *, method: str = "GET", headers: dict[str, str] | None = None) -> int:
    request = urllib.request.Request(url, method=method, headers=headers or {})  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def execute_api(stack: StackInfo) -> str:
    return f"{stack.aws_endpoint_url}/_aws/execute-api/{stack.outputs['ApiId']}/$default"


def keep_something(info: StackInfo) -> None:
    client_of(info, "s3").put_object(Bucket=info.input_bucket, Key="kept/ä b+%.txt", Body=b"kept")
    client_of(info, "dynamodb").put_item(TableName=info.outputs["CatalogTableName"], Item=ITEM)


def kept(info: StackInfo) -> bool:
    answer = client_of(info, "s3").get_object(Bucket=info.input_bucket, Key="kept/ä b+%.txt")
    dynamodb, table = client_of(info, "dynamodb"), info.outputs["CatalogTableName"]
    item = dynamodb.get_item(TableName=table, Key=KEY)["Item"]
    count = dynamodb.describe_table(TableName=table)["Table"]["ItemCount"]
    return bool(answer["Body"].read() == b"kept" and item == ITEM and count == 1)


def test_files_and_items_survive_kill_9_and_down_on_any_ports(own_dir: Path, stack: StackInfo) -> None:
    first = local.ensure_up(own_dir, port=0, aws_port=0)
    keep_something(first)

    os.kill(first.pid, signal.SIGKILL)
    local.wait(own_dir)
    assert local.find_running(own_dir) is None
    said: list[str] = []
    second = local.ensure_up(own_dir, port=0, aws_port=0, say=said.append)

    assert "deploying template.yaml" not in said  # the same code is not deployed twice
    assert second.pid != first.pid
    assert second.input_bucket == first.input_bucket
    assert kept(second)
    assert second.input_bucket != stack.input_bucket  # two stacks run side by side, and know nothing of each other
    assert [
        b["Name"] for b in client_of(stack, "s3").list_buckets()["Buckets"] if b["Name"] == first.input_bucket
    ] == []

    assert local.down(own_dir)
    assert gone(second.pid)
    assert local.find_running(own_dir) is None
    with in_foreground(own_dir) as command:
        third = local.find_running(own_dir)
        assert third is not None
        assert kept(third)
        assert status_of(f"{third.api_url}/tasks") == 200
        command.send_signal(signal.SIGINT)

        assert command.wait(timeout=20) == 0
    assert gone(third.pid)


def test_up_finds_a_stack_that_runs(stack: StackInfo, data_dir: Path) -> None:
    found = reelmill(
        "--data-dir",
        str(data_dir),
        "up",
        "--json",
        "--port",
        str(stack.port),
        "--aws-port",
        str(stack.aws_port),
    )

    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout) == stack.as_json()
    assert local.find_running(data_dir) == stack


def test_up_refuses_other_ports_while_a_stack_runs(stack: StackInfo, data_dir: Path) -> None:
    with pytest.raises(RunsElsewhere, match=f"--port {stack.port} --aws-port {stack.aws_port}"):
        local.ensure_up(data_dir, stack.port + 1, stack.aws_port)


def test_up_names_a_port_that_is_taken_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        refused = reelmill("--data-dir", str(tmp_path), "up", "--detach", "--port", "0", "--aws-port", str(taken))

    assert refused.returncode == 1
    assert f"cannot listen on port {taken}" in refused.stderr
    assert "--aws-port" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert local.find_running(tmp_path) is None
    assert not DataDir.at(tmp_path).is_locked()


def test_a_server_that_can_not_start_says_why_and_gives_the_ports_back(own_dir: Path) -> None:
    own_dir.mkdir()
    (own_dir / "secret").mkdir()

    refused = reelmill("--data-dir", str(own_dir), "up", "--detach", "--port", "0", "--aws-port", "0")

    assert refused.returncode == 1
    assert "secret" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not DataDir.at(own_dir).is_locked()


def test_a_broken_state_file_is_named_and_set_aside_and_the_next_up_starts_empty(tmp_path: Path) -> None:
    folder = DataDir.at(tmp_path)
    folder.prepare()
    snapshot = folder.state / "00000001"
    snapshot.mkdir()
    (snapshot / "dynamodb.json").write_text('{"tables": {')
    (folder.objects / "movie").write_bytes(b"frames")

    with pytest.raises(SavedStateBroken, match=r"dynamodb\.json is broken"):
        local.ensure_up(tmp_path, port=0, aws_port=0)

    [aside] = tmp_path.glob("aws.broken-*")
    assert (aside / "state" / "00000001" / "dynamodb.json").read_text() == '{"tables": {'
    assert (aside / "s3" / "movie").read_bytes() == b"frames"
    assert not list(folder.state.glob("*"))


def test_down_says_when_nothing_runs(tmp_path: Path) -> None:
    told = reelmill("--data-dir", str(tmp_path / "none"), "down")

    assert told.returncode == 0
    assert "no stack is running" in told.stderr
    assert not (tmp_path / "none").exists()


def test_status_and_env_exit_with_3_when_nothing_runs(tmp_path: Path) -> None:
    for command in ("status", "env"):
        told = reelmill("--data-dir", str(tmp_path / "none"), command)

        assert told.returncode == 3
        assert f"--data-dir {tmp_path / 'none'} up`" in told.stderr


def test_env_is_all_that_boto3_and_the_aws_cli_need(stack: StackInfo, data_dir: Path, client: Client) -> None:
    client("s3").put_object(Bucket=stack.input_bucket, Key="kept/env.txt", Body=b"hello")
    lines = reelmill("--data-dir", str(data_dir), "env")
    assert lines.returncode == 0, lines.stderr
    bucket = stack.input_bucket
    look = f"head_object(Bucket='{bucket}', Key='kept/env.txt')['ContentLength']"
    python = f"import boto3; print(boto3.client('s3').{look})"
    script = f'export AWS_SESSION_TOKEN=theirs\n{lines.stdout}\n"{sys.executable}" -c "{python}"\n'
    if shutil.which("aws"):
        script += f"aws s3 ls s3://{bucket}/kept/\n"

    said = subprocess.run(["/bin/sh", "-ec", script], capture_output=True, text=True, check=False, timeout=60)

    assert said.returncode == 0, said.stderr
    assert said.stdout.splitlines()[0] == "5"


def test_the_api_needs_no_sign_in_on_the_console_port_alone(stack: StackInfo) -> None:
    assert status_of(f"{stack.api_url}/tasks") == 200
    assert status_of(f"{execute_api(stack)}/health") == 200
    assert status_of(f"{execute_api(stack)}/tasks") == 403


@pytest.mark.parametrize("key", ["REELMILLLOCAL0000000", "test", "123456789012", ""])
def test_a_signature_that_is_not_ours_is_refused(stack: StackInfo, key: str) -> None:
    scope = f"{key}/20260101/{stack.region}/s3/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"}

    for forged in (
        headers,
        headers | {"x-amz-date": "20260101T000000Z"},
        {"Authorization": "Bearer anything"},
    ):
        assert status_of(f"{execute_api(stack)}/tasks", headers=forged) == 403
        assert status_of(f"{stack.aws_endpoint_url}/{stack.input_bucket}?versions", headers=forged) == 403


def test_the_emulator_cannot_be_read_or_reset_without_a_signature(stack: StackInfo) -> None:
    assert status_of(stack.aws_endpoint_url) == 403
    assert status_of(f"{stack.aws_endpoint_url}/{stack.input_bucket}/kept/env.txt", method="PUT") == 403
    assert status_of(f"{stack.aws_endpoint_url}/_ministack/reset", method="POST") == 404


def test_a_wrong_secret_is_refused(stack: StackInfo) -> None:
    with pytest.raises(ClientError, match="403"):
        client_of(stack_with(stack, secret_access_key="wrong"), "s3").list_buckets()


def stack_with(info: StackInfo, **changes: Any) -> StackInfo:  # noqa: ANN401 - any field
    return StackInfo(**{name: getattr(info, name) for name in StackInfo.__dataclass_fields__} | changes)


def test_another_sites_page_can_not_act_through_the_console(stack: StackInfo) -> None:
    tasks = f"{stack.api_url}/tasks"

    assert status_of(tasks, headers={"Origin": "https://example.org"}) == 403
    assert status_of(tasks, headers={"Origin": "null"}) == 403
    assert status_of(tasks, headers={"Host": "rebound.example.org"}) == 403
    assert status_of(tasks, headers={"Origin": stack.console_url}) == 200


def test_links_that_are_signed_work_without_anything_else(stack: StackInfo, client: Client) -> None:
    s3 = client("s3")
    target = {"Bucket": stack.input_bucket, "Key": "kept/by link.txt"}
    upload = s3.generate_presigned_url("put_object", Params=target)
    download = s3.generate_presigned_url("get_object", Params=target)

    assert status_of(upload, method="PUT") == 200
    assert status_of(download) == 200
    assert status_of(download.replace("X-Amz-Signature=", "X-Amz-Signature=0")) == 403


def test_every_secret_file_is_its_owners_alone(stack: StackInfo, data_dir: Path) -> None:
    folder = DataDir.at(data_dir)

    assert stack.secret_access_key == folder.secret()
    for path in (folder.info, folder.root / "secret", folder.lock):
        assert path.stat().st_mode & 0o077 == 0


def test_doctor_finds_this_machine_well_and_a_taken_port_not(stack: StackInfo, tmp_path: Path) -> None:
    ports = ("--port", str(stack.port), "--aws-port", str(stack.aws_port))

    well = reelmill("--data-dir", str(stack.data_dir), "doctor", *ports)
    unwell = reelmill("--data-dir", str(tmp_path), "doctor", "--json", *ports)

    assert well.returncode == 0, well.stdout
    assert "in use by this stack" in well.stdout
    assert unwell.returncode == 1
    failed = [finding for finding in json.loads(unwell.stdout) if finding["verdict"] == "failed"]
    assert [finding["subject"] for finding in failed] == [f"port {stack.port}", f"port {stack.aws_port}"]
    assert "--aws-port" in failed[1]["remedy"]


def test_the_error_names_an_invalid_port(tmp_path: Path) -> None:
    with pytest.raises(PortTaken, match="99999 is not a valid port"):
        local.ensure_up(tmp_path, port=99999, aws_port=0)


def test_an_urgent_subtask_starts_at_once_though_there_is_a_backlog(
    stack: StackInfo, client: Client, film: bytes
) -> None:
    client("s3").put_object(Bucket=stack.input_bucket, Key="elsewhere/backlog.mp4", Body=film)
    most = 0
    with httpx.Client(timeout=30, trust_env=False) as http:
        api = Api(stack, http)

        def post(priority: int) -> str:
            source = {"bucket": stack.input_bucket, "key": "elsewhere/backlog.mp4"}
            body = {"source": source, "subtasks": [ENDLESS], "priority": priority}
            task_id: str = api.call("POST", "/tasks", body, status=201)["taskId"]
            return task_id

        def started(task_id: str) -> bool | None:
            nonlocal most
            most = max(most, len(encodes(DataDir.at(stack.data_dir))))
            return bool(api.call("GET", f"/tasks/{task_id}")["startedAt"]) or None

        background = [post(-1) for _ in range(2)]
        eventually(lambda: started(background[0]))
        standard = [post(0) for _ in range(3)]
        eventually(lambda: started(standard[0]))

        urgent = post(1)
        eventually(lambda: started(urgent))
        tasks = {task_id: api.call("GET", f"/tasks/{task_id}") for task_id in (*background, *standard, urgent)}
        for task_id in tasks:
            api.call("POST", f"/tasks/{task_id}/cancel")

    assert [tasks[task_id]["status"] for task_id in (background[1], standard[2])] == ["WAITING", "WAITING"]
    assert most <= SUBTASKS_AT_ONCE


def memory_of(info: StackInfo) -> int:
    """Return the bytes of memory that the server of a stack uses."""
    lines = Path(f"/proc/{info.pid}/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux shows the memory of a process here")
def test_the_server_keeps_no_objects_in_memory_and_reads_every_version_from_the_disk(stack: StackInfo) -> None:
    s3, place = client_of(stack, "s3"), {"Bucket": stack.input_bucket, "Key": "kept/large.bin"}
    before, size, uploads = memory_of(stack), 32 * 1024**2, 5

    for number in range(uploads):
        s3.put_object(**place, Body=bytes([number]) * size)
    s3.put_object(Bucket=stack.input_bucket, Key="kept/small.bin", Body=b"1")  # the last body lasts to the next upload

    assert memory_of(stack) - before < 2 * size
    listed = s3.list_object_versions(Bucket=stack.input_bucket, Prefix=place["Key"])
    versions = [one["VersionId"] for one in listed["Versions"]]
    found = [s3.get_object(**place, VersionId=version)["Body"].read(1) for version in versions]
    assert sorted(found) == [bytes([number]) for number in range(uploads)]
    newest = s3.head_object(**place)["VersionId"]
    s3.delete_object(**place, VersionId=newest)
    restored = s3.get_object(**place)["Body"].read()
    assert restored == bytes([uploads - 2]) * size


def test_the_url_of_a_queue_is_an_address_of_the_stack(stack: StackInfo) -> None:
    sqs = client_of(stack, "sqs")
    named = stack.outputs["BackgroundQueueUrl"]

    listed = sqs.list_queues()["QueueUrls"]

    assert sqs.get_queue_url(QueueName=named.rpartition("/")[2])["QueueUrl"] == named
    assert named in listed
    assert all(url.startswith(f"{stack.aws_endpoint_url}/") for url in listed)


def test_a_stack_starts_with_the_ports_of_its_last_start(own_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        port, aws_port = one.getsockname()[1], other.getsockname()[1]
    first = local.ensure_up(own_dir, port, aws_port)
    assert local.ensure_up(own_dir).pid == first.pid, "without ports, the running stack is meant"
    local.down(own_dir)

    again = local.ensure_up(own_dir)

    assert (again.port, again.aws_port) == (port, aws_port)
