"""Every command against the stack on this machine, while the environment names a proxy that is dead."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer

from cli.main import app
from infra.local import stack as local
from infra.local.stack import StackInfo
from tests.support.clips import Clips
from tests.support.command import Run, run_command
from tests.support.stack import Api, Client

pytestmark = pytest.mark.timeout(240)

DEAD, SOCKS = "http://127.0.0.1:9", "socks5://127.0.0.1:9"
NAMES = ("http_proxy", "https_proxy", "all_proxy")
PROXIES = {
    "HTTP": dict.fromkeys(map(str.upper, NAMES), DEAD),
    "http": dict.fromkeys(NAMES[:2], DEAD),
    "SOCKS": dict.fromkeys(map(str.upper, NAMES), SOCKS),
    "socks": dict.fromkeys(NAMES[2:], SOCKS),
}
COVER = {"name": "cover", "type": "SCREENSHOT", "params": {"at": [0], "width": 64}}
ORCHESTRATION = {"name": "proxied", "trigger": {"prefix": "proxied/"}, "subtasks": [COVER]}
TEMPLATE = {"name": "proxied", "operation": "SCREENSHOT", "params": {"at": [0]}}
NO_TASKS = "--orchestration unused --all --yes"
# What each command is given. A new command needs a line here.
ARGUMENTS = {
    "up": "--detach --port {port} --aws-port {aws_port}",
    "down": "--data-dir {empty}",  # test_a_stack_lives ends one that runs
    "status": "",
    "env": "",
    "doctor": "--port {port} --aws-port {aws_port}",
    "demo": "{clip}",
    "upload": "{clip} --key proxied/ --wait",
    "verdicts": "",
    "backfill": "proxied/ --dry-run",
    "tasks list": "",
    "tasks get": "{task}",
    "tasks create": "s3://{bucket}/proxied/clip.mp4 --subtasks {subtasks}",
    "tasks watch": "{task}",
    "tasks download": "{task} --to {folder}",
    "tasks logs": "{task}",
    "tasks restart": NO_TASKS,
    "tasks end": NO_TASKS,
    "tasks cancel": NO_TASKS,
    "subtasks get": "{task} 1",
    "orchestrations list": "",
    "orchestrations get": "proxied",
    "orchestrations versions": "proxied",
    "orchestrations put": "{orchestration}",
    "orchestrations enable": "proxied",
    "orchestrations disable": "podcast --yes",  # which ships disabled: no other test of this stack may miss it
    "orchestrations match": "proxied/a.mp4",
    "orchestrations delete": "given-up --yes",
    "templates list": "",
    "templates get": "proxied",
    "templates versions": "proxied",
    "templates put": "{template}",
    "templates delete": "given-up --yes",
    "operations list": "",
    "operations get": "transcode",
}

# What asks AWS, which is beyond the proxy.
BEYOND = ("preflight",)


def commands(group: Any, *path: str) -> Iterator[str]:  # noqa: ANN401 - Typer exports no type of it
    """Yield every command that there is, as it is typed."""
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, *path, name)
    if not hasattr(group, "commands"):
        yield " ".join(path)


def without_bypass(monkeypatch: pytest.MonkeyPatch, proxies: dict[str, str]) -> None:
    """Have the environment name these proxies, and no host that goes past them."""
    for name in ("no_proxy", *NAMES):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in proxies.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def api(stack: StackInfo) -> Iterator[Api]:
    with httpx.Client(timeout=30, trust_env=False) as http:
        yield Api(stack, http)


@pytest.fixture(scope="module")
def given(
    stack: StackInfo, api: Api, client: Client, clip: Clips, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Store what the commands ask for, and lend their arguments."""
    folder = tmp_path_factory.mktemp("proxied")
    documents = {"orchestration": ORCHESTRATION, "template": TEMPLATE, "subtasks": [COVER]}
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document))
    api.call("PUT", "/orchestrations/proxied", ORCHESTRATION)
    api.call("PUT", "/templates/proxied", TEMPLATE)
    small = clip("bikes.mp4")
    client("s3").upload_file(str(small), stack.input_bucket, "proxied/clip.mp4")
    task = api.completed(api.task_of("proxied/clip.mp4")["taskId"])
    (folder / "empty").mkdir()
    return {
        "port": str(stack.port),
        "aws_port": str(stack.aws_port),
        "bucket": stack.input_bucket,
        "clip": str(small),
        "task": task["taskId"],
        "empty": str(folder / "empty"),
        "folder": str(folder / "outputs"),
        **{name: str(folder / f"{name}.json") for name in documents},
    }


@pytest.fixture
def reelmill(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, data_dir: Path
) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REELMILL_DATA_DIR", str(data_dir))
    return partial(run_command, monkeypatch, capsys)


@pytest.fixture(autouse=True)
def given_up(api: Api) -> None:
    """Store what the commands that delete something delete."""
    api.call("PUT", "/orchestrations/given-up", {**ORCHESTRATION, "name": "given-up"})
    api.call("PUT", "/templates/given-up", {**TEMPLATE, "name": "given-up"})


def test_every_command_is_tried() -> None:
    assert sorted(commands(typer.main.get_command(app))) == sorted([*ARGUMENTS, *BEYOND])


@pytest.mark.parametrize("proxy", ["HTTP", "socks"])
@pytest.mark.parametrize("command", ARGUMENTS)
def test_a_command_reaches_this_machine_past_the_proxy(
    command: str, proxy: str, given: dict[str, str], reelmill: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_bypass(monkeypatch, PROXIES[proxy])

    ended = reelmill(*command.split(), *(word.format(**given) for word in ARGUMENTS[command].split()))

    assert ended.code == 0, ended.err


def test_a_stack_lives_and_its_functions_work_past_the_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clip: Clips
) -> None:
    without_bypass(monkeypatch, PROXIES["HTTP"] | PROXIES["socks"])
    home = tmp_path / "own"
    reelmill = [sys.executable, "-m", "cli.main", "--data-dir", str(home)]
    demo = [*reelmill, "demo", str(clip("bikes.mp4")), "--port", "0", "--aws-port", "0"]
    try:
        ran = subprocess.run(demo, capture_output=True, text=True, check=False, timeout=200)
        ended = subprocess.run([*reelmill, "down"], capture_output=True, text=True, check=False, timeout=60)
    finally:
        local.down(home)

    assert (ran.returncode, ended.returncode) == (0, 0), ran.stderr
    assert "Outputs" in ran.stderr


def test_the_stock_tools_go_past_the_proxy(
    stack: StackInfo, reelmill: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without_bypass(monkeypatch, PROXIES["SOCKS"] | PROXIES["http"])
    monkeypatch.setenv("NO_PROXY", "example.com")
    exports = reelmill("env").out
    program = "import boto3; print(boto3.client('s3').list_buckets()['Buckets'])"
    script = f"{exports}\n'{sys.executable}' -c \"{program}\"\necho $NO_PROXY $no_proxy"

    ran = subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, text=True, check=False, env=dict(os.environ), cwd=tmp_path
    )

    assert stack.input_bucket in ran.stdout, ran.stderr
    assert ran.stdout.count("example.com,127.0.0.1,localhost") == 2


def test_a_remote_api_is_asked_through_the_proxy_and_a_missing_library_is_said(
    reelmill: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REELMILL_TOKEN", "t")
    remote = ("--api-url", "https://api.reelmill.example/", "tasks", "list")
    without_bypass(monkeypatch, PROXIES["http"])
    through_http = reelmill(*remote)
    without_bypass(monkeypatch, PROXIES["SOCKS"])
    through_socks = reelmill(*remote)
    without_bypass(monkeypatch, {"https_proxy": "nonsense://127.0.0.1:9"})
    through_nonsense = reelmill(*remote)

    assert through_http.code == 3  # nothing answers there
    assert "refused" in through_http.err
    assert (through_socks.code, through_nonsense.code) == (1, 1)
    assert "socksio" in through_socks.err
    for ended in (through_socks, through_nonsense):
        assert "ProxyUnusable" in ended.err
